"""Reading what strangers send: JSON taken strictly, and fields that are what they claim or refused."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import NoReturn
from urllib.parse import urlsplit

from domain.money import MINOR_MAX

DEPTH_MAX = 16
DIGITS_MAX = 30

_WORD = re.compile(r"[!-~]{1,255}", re.ASCII)
_ADDRESS = re.compile(r"https?://[!-~]{1,2000}", re.ASCII | re.IGNORECASE)


class Unreadable(Exception):
    """It does not say what it promised to say; the text names the field, never its value."""


Json = Mapping[str, object]


def read_object(body: bytes) -> Json:
    """Read a JSON object. Raises: Unreadable for anything else.

    Refused as well: a name twice, NaN and Infinity, numbers of more than 30 digits, more than
    16 levels. Fractions become Decimal, so that no float ever comes near an amount.
    """
    try:
        value = json.loads(
            body.decode(),
            object_pairs_hook=_once,
            parse_constant=_refuse_constant,
            parse_int=_whole_number,
            parse_float=_fraction,
        )
    except (ValueError, RecursionError):
        raise Unreadable("no JSON that can be read") from None
    if not isinstance(value, dict):
        raise Unreadable("no JSON object")
    _ensure_flat(value, DEPTH_MAX)
    return value


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # Two readers may take different ones of two fields by the same name.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _whole_number(text: str) -> int:
    if len(text) > DIGITS_MAX:
        raise ValueError("the number is too long")
    return int(text)


def _fraction(text: str) -> Decimal:
    value = Decimal(text)
    # Six characters, 1e9999, would else become ten thousand digits wherever it is written out.
    if len(text) > DIGITS_MAX or abs(value.adjusted()) > DIGITS_MAX:
        raise ValueError("the number is too long")
    return value


def _ensure_flat(value: object, depth: int) -> None:
    if not isinstance(value, dict | list):
        return
    if depth == 0:
        raise Unreadable("the JSON is nested too deeply")
    for item in value.values() if isinstance(value, dict) else value:
        _ensure_flat(item, depth - 1)


def word(fields: Json, name: str) -> str:
    """A text of 1 to 255 visible ASCII characters, as identifiers and codes are. Raises: Unreadable."""
    value = fields.get(name)
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise Unreadable(f"{name} is missing or no plain text")
    return value


def word_or_none(fields: Json, name: str) -> str | None:
    """The same where the field may be missing or null. Raises: Unreadable."""
    return None if fields.get(name) is None else word(fields, name)


def hint(fields: Json, name: str) -> str | None:
    """The same where it proves nothing anyway: what is no plain text is left out."""
    try:
        return word_or_none(fields, name)
    except Unreadable:
        return None


def minor(fields: Json, name: str) -> int:
    """An amount in whole smallest units: "4000", 4000.0 and 4e3 are refused. Raises: Unreadable."""
    value = fields.get(name)
    if type(value) is not int or not 0 <= value <= MINOR_MAX:
        raise Unreadable(f"{name} is missing or no whole amount")
    return value


def minor_or_none(fields: Json, name: str) -> int | None:
    """The same where the field may be missing or null. Raises: Unreadable."""
    return None if fields.get(name) is None else minor(fields, name)


def inner(fields: Json, name: str) -> Json:
    """An object within the object. Raises: Unreadable."""
    value = fields.get(name)
    if not isinstance(value, dict):
        raise Unreadable(f"{name} is missing or no object")
    return value


def inner_or_empty(fields: Json, name: str) -> Json:
    """An object within the object, empty where there is none: of what is only a hint."""
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def web_address(fields: Json, name: str) -> str:
    """An absolute http(s) address. Raises: Unreadable."""
    value = fields.get(name)
    if not isinstance(value, str) or not is_web_address(value):
        raise Unreadable(f"{name} is missing or no web address")
    return value


def is_web_address(text: str) -> bool:
    """Whether it is an absolute http(s) URL with a host, without credentials in it."""
    if not _ADDRESS.fullmatch(text) or "\\" in text:
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    return bool(parts.hostname) and "@" not in parts.netloc and port != 0
