"""Card numbers: recognised so that none is ever kept. Source: ISO/IEC 7812-1 (length, Luhn digit)."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from urllib.parse import unquote

_UNQUOTE_DEPTH_MAX = 3

# Thirteen digits or more, with at most three separators between any two of them.
_RUN = re.compile(r"\d(?:[\s._+·\-\u2010-\u2015\u2212\u00ad\u200b-\u200d\u2060\ufeff]{0,3}\d){12,}")
_GROUP = re.compile(r"\d+")
_IBAN = re.compile(r"(?<![0-9A-Za-z])[A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]){11,30}")

# What each length may begin with, so that timestamps and references are left alone.
_PREFIXES = {
    13: ("4",),
    14: ("30", "36", "38", "39"),
    15: ("34", "37"),
    16: ("22", "23", "24", "25", "26", "27", "3", "4", "5", "6", "8", "9792", "9860"),
    17: ("5", "6"),
    18: ("5", "6"),
    19: ("4", "5", "6"),
}

# How cards are embossed: such groups are a number of their own, whatever digits stand around them.
_EMBOSSED = frozenset({(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (6, 13), (8, 8)})

_Span = tuple[int, int]


def holds_card_number(text: str) -> bool:
    """Whether a card number stands in the text, percent-encoded ones too."""
    return any(_spans(layer) for layer in _layers(text))


def masked(text: str) -> str:
    """The text with its card numbers as `4111******1111`, decoded only as far as they are hidden."""
    text = _starred(text)
    while holds_card_number(text):
        text = _starred(unquote(text))
    return text


def mask(number: str) -> str:
    """A card number's digits as `4111******1111`."""
    digits = _digits(number)
    return f"{digits[:4]}******{digits[-4:]}"


def narrowed(shown: str) -> str:
    """A gateway's own masking, narrowed to the first four and last four digits: `4111******1111`."""
    signs = "".join(char if char.isdecimal() else "*" for char in re.sub(r"[\s\-]", "", shown))
    first, *rest = re.split(r"\*+", signs)
    last = rest[-1] if rest else first
    # Few digits and nothing hidden: then these are the last ones, which gateways show alone.
    head = first[:4] if rest or len(first) > 8 else ""
    return f"{head}******{last[-4:]}"


def _layers(text: str) -> Iterator[str]:
    yield text
    depth = 0
    while depth < _UNQUOTE_DEPTH_MAX and unquote(text) != text:
        text, depth = unquote(text), depth + 1
        yield text


def _starred(text: str) -> str:
    for start, end in reversed(_spans(text)):
        text = text[:start] + mask(text[start:end]) + text[end:]
    return text


def _spans(text: str) -> list[_Span]:
    """Where the card numbers stand, from left to right, none overlapping."""
    found: list[_Span] = []
    for run in _RUN.finditer(text):
        groups = [group.span() for group in _GROUP.finditer(text, *run.span())]
        for start, end in _candidates(text, groups):
            apart = not found or found[-1][1] <= start
            if apart and _is_card_number(text, start, end):
                found.append((start, end))
    if found:
        accounts = list(_accounts(text))
        found = [span for span in found if not any(a <= span[0] and span[1] <= b for a, b in accounts)]
    return found


def _candidates(text: str, groups: Sequence[_Span]) -> Iterator[_Span]:
    whole = groups[0][0], groups[-1][1]
    between = "".join(text[left[1] : right[0]] for left, right in pairwise(groups))
    # Points together with other separators make a list of amounts, not one number.
    if set(between) <= {"."} or "." not in between:
        yield whole
    for first, (start, end) in enumerate(groups):
        yield start, end
        for length in (5, 4, 3, 2):
            window = groups[first : first + length]
            if tuple(b - a for a, b in window) in _EMBOSSED:
                yield start, window[-1][1]


def _accounts(text: str) -> Iterator[_Span]:
    """Where bank account numbers stand. Source: ISO 13616-1 (check digits)."""
    for account in _IBAN.finditer(text):
        ends = [match.end() for match in re.finditer(r"[0-9A-Z](?![0-9A-Z])", account[0])]
        for end in ends:
            plain = account[0][:end].replace(" ", "")
            moved = plain[4:] + plain[:4]
            if len(plain) >= 15 and int("".join(str(int(char, 36)) for char in moved)) % 97 == 1:
                yield account.start(), account.start() + end


def _digits(text: str) -> str:
    return "".join(str(int(char)) for char in text if char.isdecimal())


def _is_card_number(text: str, start: int, end: int) -> bool:
    digits = _digits(text[start:end])
    if not digits.startswith(_PREFIXES.get(len(digits), ())) or _luhn(digits) % 10:
        return False
    # No card has thirteen digits any more, but telephone and article numbers have.
    is_telephone, is_article = text[:start].endswith(("+", "%2B", "%2b")), _gtin(digits) % 10 == 0
    return len(digits) > 13 or not (is_telephone or is_article)


def _luhn(digits: str) -> int:
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return sum(int(digit) for digit in digits[-1::-2]) + sum(n - 9 if n > 9 else n for n in doubled)


def _gtin(digits: str) -> int:
    return sum(int(digit) for digit in digits[-1::-2]) + 3 * sum(int(digit) for digit in digits[-2::-2])
