"""Card numbers: recognised so that none is ever kept. Source: ISO/IEC 7812-1 (length, check digit)."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from urllib.parse import unquote

UNQUOTE_DEPTH_MAX = 3

# Thirteen digits or more, with at most three separators between any two of them: enough to be
# hidden, mistyped or glued to something as it may be, but not enough to be refused.
_SEPARATOR = r"(?:[\s._+·\-\u2010-\u2015\u2212\u00ad\u200b-\u200d\u2060\ufeff]|%20|%2[dD])"
_RUN = re.compile(rf"\d(?:{_SEPARATOR}{{0,3}}\d){{12,}}")
_GROUP = re.compile(r"\d+")
_IBAN = re.compile(r"(?<![0-9A-Za-z])[A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]){11,30}")
_MASK = re.compile(r"(\d{4})\d{0,4}[*xX•…]{2,}(\d{4})")
_MASK_ALONE = re.compile(r"(?:(\d{4})\d{0,4})?[*xX•.…\-]+(\d{4})")

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
    return any(_spans(decoded) for decoded in _decodings(text))


def masked(text: str) -> str:
    """The text with all but the first four and last four digits of what may be a card number starred.

    Any thirteen digits in a row count, whether their check digit is right or not: a mistyped
    card is a card too. Shorter masks than ours are left, longer ones are cut to `4111******1111`.
    A number that only shows once decoded is masked there; then the decoded text is kept.
    """
    text = _starred(text)
    while holds_card_number(text):
        text = _starred(unquote(text))
    return text


def mask(digits: str) -> str:
    """The most of a card number that anybody may see: `4111******1111`."""
    return f"{digits[:4]}******{digits[-4:]}"


def card_mask(text: str) -> str | None:
    """A gateway's own mask of a card number in our form; None for anything else."""
    found = _MASK_ALONE.fullmatch(masked(re.sub(r"[ \u00a0]", "", text)))
    return f"{found[1] or ''}******{found[2]}" if found else None


def is_card_number(text: str) -> bool:
    """Whether all of the text is one card number with a right check digit."""
    return _spans(text) == [(0, len(text))]


def _decodings(text: str) -> Iterator[str]:
    yield text
    depth = 0
    while depth < UNQUOTE_DEPTH_MAX and unquote(text) != text:
        text, depth = unquote(text), depth + 1
        yield text


def _starred(text: str) -> str:
    # Sure numbers go first, so that a date beside one does not pass for its last digits.
    for start, end in reversed(_spans(text)):
        text = text[:start] + mask(_digits(text[start:end])) + text[end:]
    starred = _RUN.sub(lambda run: mask(_digits(run[0])), text)
    return _MASK.sub(lambda found: f"{found[1]}******{found[2]}", starred)


def _spans(text: str) -> list[_Span]:
    """Where the card numbers stand, from left to right, none overlapping."""
    found: list[_Span] = []
    for run in _RUN.finditer(text):
        for start, end in _candidates(text, _groups(run)):
            apart = not found or found[-1][1] <= start
            if apart and _is_number(text, start, end):
                found.append((start, end))
    accounts = list(_accounts(text)) if found else []
    return [span for span in found if not any(a <= span[0] and span[1] <= b for a, b in accounts)]


def _groups(run: "re.Match[str]") -> list[_Span]:
    # An encoded separator has a digit of its own, which belongs to no group.
    parts = _GROUP.finditer(re.sub(r"%2.", "   ", run[0]))
    return [(run.start() + part.start(), run.start() + part.end()) for part in parts]


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
        for last in re.finditer(r"[0-9A-Z](?![0-9A-Z])", account[0]):
            plain = account[0][: last.end()].replace(" ", "")
            number = int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4]))
            if len(plain) >= 15 and number % 97 == 1:
                yield account.start(), account.start() + last.end()


def _is_number(text: str, start: int, end: int) -> bool:
    digits = _digits(text[start:end])
    if not digits.startswith(_PREFIXES.get(len(digits), ())) or _luhn(digits) % 10:
        return False
    # No card has thirteen digits any more, but telephone and article numbers have.
    is_telephone, is_article = text[:start].endswith(("+", "%2B", "%2b")), _gtin(digits) % 10 == 0
    return len(digits) > 13 or not (is_telephone or is_article)


def _digits(text: str) -> str:
    return "".join(str(int(char)) for char in re.sub(r"%2.", "", text) if char.isdecimal())


def _luhn(digits: str) -> int:
    doubled = [int(digit) * 2 for digit in digits[-2::-2]]
    return sum(int(digit) for digit in digits[-1::-2]) + sum(n - 9 if n > 9 else n for n in doubled)


def _gtin(digits: str) -> int:
    return sum(int(digit) for digit in digits[-1::-2]) + 3 * sum(int(digit) for digit in digits[-2::-2])
