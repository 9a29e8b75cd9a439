"""Signatures on what gateways tell us: checked over the bytes as received, in constant time."""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, urlencode

from application.trouble import BadSignature

TOLERANCE_SECONDS = 300
QUERY_FIELDS_MAX = 50


def hmac_sha256_hex(secret: str, message: bytes) -> str:
    """HMAC-SHA256 under the UTF-8 text of the secret, in lower-case hex."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def hmac_sha256_base64(secret: str, message: bytes) -> str:
    """The same in base64."""
    return base64.b64encode(hmac.new(secret.encode(), message, hashlib.sha256).digest()).decode()


def timed_header(secret: str, body: bytes, at: int) -> str:
    """Sign a body as Stripe does: `t=…,v1=…` over "{t}.{body}". Units: `at` in Unix seconds."""
    return f"t={at},v1={hmac_sha256_hex(secret, f'{at}.'.encode() + body)}"


def ensure_timed_header(header: str | None, secret: str, body: bytes, now: float) -> None:
    """Check such a header. Any of several v1 may hold: while keys rotate a gateway signs with both.

    Raises: BadSignature, also for a time more than 300 s away, in the future too: the vendor's
    own library would take a header from next year, and so a replay of it at any time until then.
    """
    parts = [part.partition("=") for part in (header or "").split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1 or not re.fullmatch(r"[0-9]{1,12}", times[0], re.ASCII):
        raise BadSignature("the signature has no time")
    expected = hmac_sha256_hex(secret, f"{times[0]}.".encode() + body)
    if not secret or not any(_same(expected, value) for name, _, value in parts if name == "v1"):
        raise BadSignature("the signature does not hold")
    if abs(now - int(times[0])) > TOLERANCE_SECONDS:
        raise BadSignature("the signature is not of this moment")


def query_signature(secret: str, fields: Sequence[tuple[str, str]]) -> str:
    """Sign a query: over all its fields but `sig`, sorted and urlencoded."""
    others = sorted(field for field in fields if field[0] != "sig")
    return hmac_sha256_hex(secret, urlencode(others).encode())


def signed_query(query: str, secret: str) -> Mapping[str, str]:
    """The fields of a query whose `sig` holds; how old it is does not matter. Raises: BadSignature."""
    try:
        fields = parse_qsl(
            query,
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=QUERY_FIELDS_MAX,
        )
    except ValueError:
        raise BadSignature("the query cannot be read") from None
    found = dict(fields)
    if len(found) != len(fields):
        raise BadSignature("a field stands twice")
    if not secret or not _same(query_signature(secret, fields), found.pop("sig", "")):
        raise BadSignature("the signature does not hold")
    return found


def sealed_sha1(private_key: str, text: str) -> str:
    """Base64 of SHA-1 (its twenty bytes) over a text between two copies of the key.

    Source: epoint.az, section 1.2: the text is signed as it is sent, and SHA-1 is what the vendor wants.
    """
    digest = hashlib.sha1(f"{private_key}{text}{private_key}".encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def ensure_same(expected: str, given: str) -> None:
    """Compare two signatures in constant time; none is none. Raises: BadSignature."""
    if not given or not _same(expected, given):
        raise BadSignature("the signature does not hold")


def _same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode(errors="surrogatepass"))
