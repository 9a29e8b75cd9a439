"""Card numbers: recognised so that none is ever kept. Source: ISO/IEC 7812-1 (length, check digit)."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

UNQUOTE_DEPTH_MAX = 3

_SEPARATED = r"(?:(?:[ \u00a0.+\-]|%20|%2[dD]){0,3}\d)"

# What a card number looks like to whoever types one; other digits beside it make it something else.
_NUMBER = re.compile(rf"(?<!\d)\d{_SEPARATED}{{12,18}}(?![ \-.]?\d)")

# What might be one, mistyped or glued to something: enough to be hidden, not enough to be refused.
_RUN = re.compile(rf"\d{_SEPARATED}{{12,}}")
_MASK = re.compile(r"(\d{4})\d{0,4}[*xX•…]{2,}(\d{4})")
_MASK_ALONE = re.compile(r"(?:(\d{4})\d{0,4})?[*xX•.…\-]+(\d{4})")

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
    return any(_has_number(decoded) for decoded in _decodings(text))


def masked(text: str) -> str:
    """The text with all but the first four and last four digits of what may be a card number starred.

    Any thirteen digits in a row count, whether their check digit is right or not: a mistyped
    card is a card too. Shorter masks than ours are left, longer ones are cut to `4111******1111`.
    """
    if not _has_number(text):
        # A number that only shows once decoded is masked there; then the decoded text is kept.
        text = next((decoded for decoded in _decodings(text) if _has_number(decoded)), text)
    starred = _RUN.sub(lambda run: mask(_digits(run[0])), text)
    return _MASK.sub(lambda found: f"{found[1]}******{found[2]}", starred)


def mask(digits: str) -> str:
    """The most of a card number that anybody may see: `4111******1111`."""
    return f"{digits[:4]}******{digits[-4:]}"


def card_mask(text: str) -> str | None:
    """A gateway's own mask of a card number in our form; None for anything else."""
    found = _MASK_ALONE.fullmatch(masked(re.sub(r"[ \u00a0]", "", text)))
    return f"{found[1] or ''}******{found[2]}" if found else None


def is_card_number(text: str) -> bool:
    """Whether all of the text is one card number with a right check digit."""
    return _NUMBER.fullmatch(text) is not None and _is_number(text)


def _decodings(text: str) -> Iterator[str]:
    for _ in range(UNQUOTE_DEPTH_MAX):
        yield text
        text, encoded = unquote(text), text
        if text == encoded:
            return


def _has_number(text: str) -> bool:
    return any(_is_number(found[0]) for found in _NUMBER.finditer(text))


def _is_number(run: str) -> bool:
    digits = _digits(run)
    return digits.startswith(_PREFIXES[len(digits)]) and _luhn(digits) % 10 == 0


def _digits(text: str) -> str:
    decoded = re.sub(r"%2.", "", text)
    return "".join(str(int(char)) for char in decoded if char.isdecimal())


def _luhn(digits: str) -> int:
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return sum(int(digit) for digit in digits[-1::-2]) + sum(n - 9 if n > 9 else n for n in doubled)
