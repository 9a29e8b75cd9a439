"""JSON bodies of the stand-ins, read as strictly as their vendors do."""

import re
from collections.abc import Mapping

import falcon

from adapters.sandbox.documents import ensure_only, is_web_address, read_object, text_from
from adapters.sandbox.intake import body_of
from adapters.sandbox.refusals import Invalid

Document = Mapping[str, object]


def read_json(req: falcon.Request, known: str, *, may_be_empty: bool = False) -> Document:
    """Reads a JSON object of known fields. Raises: Invalid, naming the first that is not known."""
    body = body_of(req)
    if not body and may_be_empty:
        return {}
    if (req.content_type or "").partition(";")[0].strip().lower() != falcon.MEDIA_JSON:
        raise Invalid("invalid_content_type", "Send application/json.")
    document = read_object(body)
    ensure_only(document, frozenset(known.split()))
    return document


def inner(document: Document, name: str, known: str) -> Document:
    """Reads an object within an object; absent or null is empty. Raises: Invalid."""
    value = document.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Invalid("invalid_object", f"{name} must be an object.", name)
    ensure_only(value, frozenset(known.split()))
    return value


def text(document: Document, name: str, length_max: int = 255) -> str:
    """Reads a line of text that must be there. Raises: Invalid."""
    value = text_from(document, name, length_max)
    if value is None:
        raise Invalid("missing_field", f"{name} is required.", name)
    return value


def url(document: Document, name: str) -> str:
    """Reads an address that must be there. Raises: Invalid."""
    value = text(document, name, 2000)
    if not is_web_address(value):
        raise Invalid("invalid_url", f"{name} must be a URL.", name)
    return value


def currency(document: Document, name: str) -> str:
    """Reads a currency code. Raises: Invalid."""
    value = text(document, name, 3)
    if not re.fullmatch("[A-Z]{3}", value):
        raise Invalid("invalid_currency", f"{name} must be three capital letters.", name)
    return value


def digits(document: Document, name: str) -> int:
    """Reads an amount in the smallest unit, written as text. Raises: Invalid."""
    value = document.get(name)
    if not isinstance(value, str) or not re.fullmatch("[1-9][0-9]{0,11}", value):
        raise Invalid("invalid_amount", f"{name} must be digits in a text.", name)
    return int(value)
