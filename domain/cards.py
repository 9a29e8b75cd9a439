"""Card numbers: recognised so that none is ever kept. Source: ISO/IEC 7812-1 (length, Luhn digit)."""

import re
from urllib.parse import unquote

_RUN = re.compile(r"(?<!\d)\d(?:[ \-.]?\d){12,18}(?![ \-.]?\d)")
_UNQUOTE_DEPTH_MAX = 3

# What each length may begin with, so that article numbers and timestamps are left alone.
_PREFIXES = {
    13: ("4",),
    14: ("30", "36", "38", "39"),
    15: ("34", "37"),
    16: ("2", "3", "4", "5", "6", "8"),
    17: ("5", "6"),
    18: ("5", "6"),
    19: ("4", "5", "6"),
}


def holds_card_number(text: str) -> bool:
    """Whether a card number stands in the text, percent-encoded ones too."""
    for _ in range(_UNQUOTE_DEPTH_MAX):
        if any(_is_card_number(match[0]) for match in _RUN.finditer(text)):
            return True
        text, encoded = unquote(text), text
        if text == encoded:
            break
    return False


def masked(text: str) -> str:
    """The text with all but the first six and last four digits of card numbers starred out."""
    if holds_card_number(text) and not any(_is_card_number(match[0]) for match in _RUN.finditer(text)):
        text = unquote(text)
    return _RUN.sub(lambda match: mask(match[0]) if _is_card_number(match[0]) else match[0], text)


def mask(number: str) -> str:
    """A card number's digits as `411111******1111`."""
    digits = _digits(number)
    return f"{digits[:6]}{'*' * (len(digits) - 10)}{digits[-4:]}"


def _digits(text: str) -> str:
    return "".join(str(int(char)) for char in text if char.isdigit())


def _is_card_number(run: str) -> bool:
    digits = _digits(run)
    return digits.startswith(_PREFIXES[len(digits)]) and _luhn(digits) % 10 == 0


def _luhn(digits: str) -> int:
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return sum(int(digit) for digit in digits[-1::-2]) + sum(n - 9 if n > 9 else n for n in doubled)
