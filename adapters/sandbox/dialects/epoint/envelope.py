"""epoint's envelope: base64 of JSON beside a signature over that very text.

Source: the vendor's document, v1.0.3; form-encoded as most clients send it, JSON as some do.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from urllib.parse import parse_qs

import falcon

from adapters.sandbox.dialects.branch import is_same
from adapters.sandbox.documents import read_object
from adapters.sandbox.intake import body_of
from adapters.sandbox.refusals import Invalid, Stranger


def sign(private_key: str, data: str) -> str:
    """Signs the text as it is sent: SHA-1, raw, in base64, the key on both sides."""
    digest = hashlib.sha1(f"{private_key}{data}{private_key}".encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode("ascii")


def is_signed(private_key: str, data: str, signature: str) -> bool:
    """Checks a signature over the text as received, never over its JSON written anew."""
    return is_same(signature, sign(private_key, data))


def open_envelope(req: falcon.Request, public_key: str, private_key: str) -> dict[str, object]:
    """Reads what a merchant has signed; null counts as absent. Raises: Stranger, Invalid."""
    fields = _fields(req)
    data, signature = fields.get("data"), fields.get("signature")
    if not isinstance(data, str) or not isinstance(signature, str):
        raise Invalid("missing_field", "data and signature are required.")
    if not is_signed(private_key, data, signature):
        raise Stranger("bad_signature", "Signature did not match.")
    document = _decoded(data)
    if not is_same(str(document.get("public_key", "")), public_key):
        raise Stranger("unknown_merchant", "There is no such merchant.")
    return {name: value for name, value in document.items() if value is not None}


def _fields(req: falcon.Request) -> Mapping[str, object]:
    if (req.content_type or "").partition(";")[0].strip().lower() == falcon.MEDIA_JSON:
        return read_object(body_of(req))
    parsed = parse_qs(body_of(req).decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in parsed.items()}


def _decoded(data: str) -> dict[str, object]:
    try:
        document = json.loads(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError, RecursionError) as problem:
        raise Invalid("invalid_data", "data is not base64 of JSON.") from problem
    if not isinstance(document, dict):
        raise Invalid("invalid_data", "data must be an object.")
    return document
