"""Amounts as gateways write them that count in major units: decimal text, or a JSON number."""

import re
from decimal import Decimal

import iso4217

from adapters.gateways.reading import Json, Unreadable
from domain.money import MINOR_MAX

_DIGITS = re.compile(r"[0-9]{1,18}", re.ASCII)
_MAJOR = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,4}))?", re.ASCII)


def exponent_of(code: str) -> int:
    """How many decimals a currency's amounts have. Raises: Unreadable for a currency that there is not."""
    try:
        exponent = iso4217.Currency(code).exponent
    except ValueError:
        exponent = None
    if exponent is None:
        raise Unreadable("the currency is none that is known")
    return int(exponent)


def minor_from_text(fields: Json, name: str) -> int:
    """An amount in smallest units written as text: "4000", and nothing else. Raises: Unreadable."""
    value = fields.get(name)
    if not isinstance(value, str) or not _DIGITS.fullmatch(value) or int(value) > MINOR_MAX:
        raise Unreadable(f"{name} is missing or no whole amount")
    return int(value)


def minor_from_major(fields: Json, name: str, exponent: int) -> int:
    """An amount in smallest units, told as "7.50", 7.5 or 20. Raises: Unreadable.

    Refused: more decimals than the currency has, a sign, an exponent in a text, and what is too large.
    """
    value = fields.get(name)
    if isinstance(value, Decimal):
        text = f"{value:f}"
    else:
        text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    found = _MAJOR.fullmatch(text)
    decimals = (found[2] or "") if found else ""
    if not found or len(decimals) > exponent:
        raise Unreadable(f"{name} is missing or no amount")
    minor = int(found[1] + decimals.ljust(exponent, "0"))
    if minor > MINOR_MAX:
        raise Unreadable(f"{name} is too large")
    return minor


def minor_from_major_or_none(fields: Json, name: str, exponent: int) -> int | None:
    """The same where the field may be missing or null. Raises: Unreadable."""
    return None if fields.get(name) is None else minor_from_major(fields, name, exponent)
