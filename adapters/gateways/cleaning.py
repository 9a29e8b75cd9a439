"""What is kept of talks with gateways: known harmless fields only, and never a card number."""

import json
import re
from collections.abc import Collection
from decimal import Decimal

# Long enough for a redirect address, short enough that nobody parks documents in our database.
TEXT_LENGTH_MAX = 1000
ITEMS_MAX = 50

# Thirteen digits or more, with at most two separators between any two of them.
_RUN = re.compile(r"[0-9](?:(?:[ \u00a0+-]|%20|%2[dD]){0,2}[0-9]){12,}", re.ASCII)
_MASKED = re.compile(r"([0-9]{4,6})[*xX•.\u2026-]+([0-9]{4})|[*xX•.]+([0-9]{4})", re.ASCII)
# What could come out garbled, or not at all, of one of the databases.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def masked(text: str) -> str:
    """The text with all but the first six and last four digits of each card number starred.

    Whatever holds 13 digits or more in a row counts as one, spaces and dashes between them
    included; whether its check digit is right does not matter, a mistyped card is a card too.
    """
    return _RUN.sub(_mask, text)


def _mask(run: "re.Match[str]") -> str:
    digits = re.sub(r"%2.|[^0-9]", "", run[0])
    return f"{digits[:6]}{'*' * (len(digits) - 10)}{digits[-4:]}"


def card_mask(text: str) -> str | None:
    """A gateway's masked card number in our form, `411111******1111` at most; None for anything else."""
    matched = _MASKED.fullmatch(masked(re.sub(r"[ \u00a0]", "", text)))
    if matched is None:
        return None
    return f"{matched[1]}******{matched[2]}" if matched[1] else f"******{matched[3]}"


def is_card_number(text: str) -> bool:
    """Whether all of it is one card number with a right check digit. Source: ISO/IEC 7812-1."""
    digits = re.sub(r"[ \u00a0+-]", "", text)
    if not re.fullmatch(r"[2-6][0-9]{12,18}", digits, re.ASCII):
        return False
    doubled = (divmod(int(digit) * (1 + index % 2), 10) for index, digit in enumerate(reversed(digits)))
    return sum(tens + ones for tens, ones in doubled) % 10 == 0


def cleaned(
    value: object, fields: Collection[str], identifiers: Collection[str], ours: Collection[str] = ()
) -> str:
    """JSON text of a request or an answer, for people to read later.

    Only the named fields are kept, at any depth: what a gateway adds some day is not known to be
    harmless. Texts are masked, save `identifiers` (fields whose long digits belong to them, unless
    they are a card number through and through) and `ours`, values that we made ourselves.
    """
    return json.dumps(_kept(value, frozenset(fields), frozenset(identifiers), frozenset(ours), ""))


def _kept(
    value: object, fields: frozenset[str], identifiers: frozenset[str], ours: frozenset[str], name: str
) -> object:
    if isinstance(value, dict):
        known = {key: item for key, item in value.items() if key in fields or key in identifiers}
        return {key: _kept(item, fields, identifiers, ours, key) for key, item in known.items()}
    if isinstance(value, list):
        return [_kept(item, fields, identifiers, ours, name) for item in value[:ITEMS_MAX]]
    if isinstance(value, str):
        return value if value in ours else _text(value, is_identifier=name in identifiers)
    if value is None or isinstance(value, bool):
        return value
    return _number(value, is_amount=name.startswith("amount"))


def _text(value: str, *, is_identifier: bool) -> str:
    plain = _UNPRINTABLE.sub("\ufffd", value)[:TEXT_LENGTH_MAX]
    return plain if is_identifier and not is_card_number(plain) else masked(plain)


def _number(value: object, *, is_amount: bool) -> object:
    # No field but an amount has a reason for thirteen digits: Unix seconds have ten.
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    if not is_amount and masked(text) != text:
        return masked(text)
    return value if isinstance(value, int) else text
