"""Signatures of the native dialect.

Source: the callback's header has the construction of Stripe-Signature, so that independent code can check it.
"""

import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit


def mac(secret: str, message: bytes) -> str:
    """HMAC-SHA256 in hex, the one primitive behind both signatures."""
    return hmac.new(secret.encode("utf-8"), message, hashlib.sha256).hexdigest()


def signature_header(secret: str, sent_at: int, body: bytes) -> str:
    """Signs the raw bytes of a callback together with the second it was sent."""
    return f"t={sent_at},v1={mac(secret, f'{sent_at}.'.encode('ascii') + body)}"


def signed_url(secret: str, url: str, params: Iterable[tuple[str, str]]) -> str:
    """Adds parameters to a URL and signs its whole query, the merchant's own parameters included."""
    parts = urlsplit(url)
    own = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != "sig"]
    pairs = sorted([*own, *params])
    query = urlencode(pairs)
    signature = mac(secret, query.encode("ascii"))
    return urlunsplit(parts._replace(query=f"{query}&sig={signature}"))


def tampered(url: str) -> str:
    """Changes a signed URL's status as a dishonest buyer would, without being able to sign it anew."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    lies = [(name, _other_status(value) if name == "status" else value) for name, value in pairs]
    return urlunsplit(parts._replace(query=urlencode(lies)))


def _other_status(status: str) -> str:
    return "failed" if status == "captured" else "captured"
