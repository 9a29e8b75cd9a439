"""The native dialect's JSON: what merchants send, what they are shown."""

import json
import math
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from adapters.sandbox.clock import iso
from adapters.sandbox.payments import Payment, Refund, Terms
from adapters.sandbox.refusals import Invalid

_AMOUNT_MAX = 10**12
_REF_LENGTH_MAX = 255
_URL_LENGTH_MAX = 2000
_METADATA_KEYS_MAX = 50
_TERMS_FIELDS = frozenset(
    ("merchant_ref", "amount", "currency", "capture", "return_url", "cancel_url", "notify_url", "metadata")
)
_URL_TEXT = re.compile(r"[!-~]+")


def read_object(raw: bytes) -> dict[str, object]:
    """Reads a JSON object, strictly. Raises: Invalid."""
    try:
        document = json.loads(raw.decode("utf-8"), parse_constant=_refuse, parse_float=_finite)
    except (ValueError, RecursionError) as problem:
        raise Invalid("invalid_json", "The body is not JSON.") from problem
    if not isinstance(document, dict):
        raise Invalid("invalid_json", "The body must be a JSON object.")
    return document


def _refuse(name: str) -> object:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def ensure_only(document: Mapping[str, object], known: frozenset[str]) -> None:
    """A field nobody reads is a mistake the merchant should hear of."""
    for name in sorted(set(document) - known):
        raise Invalid("unknown_field", "There is no such field.", name)


def terms_from(document: Mapping[str, object], origin: str) -> Terms:
    """Reads what a merchant wants to be paid. Raises: Invalid, naming the field."""
    ensure_only(document, _TERMS_FIELDS)
    amount = amount_from(document, "amount")
    if amount is None:
        raise Invalid("missing_field", "amount is required.", "amount")
    return_url = _url(document, "return_url")
    if return_url is None:
        raise Invalid("missing_field", "return_url is required.", "return_url")
    return Terms(
        merchant_ref=_merchant_ref(document),
        amount=amount,
        currency=_currency(document),
        is_manual=_capture(document) == "manual",
        return_url=return_url,
        cancel_url=_url(document, "cancel_url") or return_url,
        notify_url=_url(document, "notify_url"),
        metadata=_metadata(document),
        origin=origin,
    )


def amount_from(document: Mapping[str, object], name: str) -> int | None:
    """Reads an amount in the smallest unit; absent or null is None. Raises: Invalid."""
    value = document.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _AMOUNT_MAX:
        raise Invalid("invalid_amount", f"{name} must be a whole number from 1 to {_AMOUNT_MAX}.", name)
    return value


def text_from(document: Mapping[str, object], name: str, length_max: int) -> str | None:
    """Reads a line of text; absent or null is None. Raises: Invalid."""
    value = document.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= length_max or not value.isprintable():
        raise Invalid("invalid_text", f"{name} must be text of 1 to {length_max} characters.", name)
    return value


def _merchant_ref(document: Mapping[str, object]) -> str:
    value = text_from(document, "merchant_ref", _REF_LENGTH_MAX)
    if value is None:
        raise Invalid("missing_field", "merchant_ref is required.", "merchant_ref")
    return value


def _currency(document: Mapping[str, object]) -> str:
    value = document.get("currency")
    if not isinstance(value, str) or not re.fullmatch("[A-Z]{3}", value):
        raise Invalid("invalid_currency", "currency must be three capital letters.", "currency")
    return value


def _capture(document: Mapping[str, object]) -> str:
    value = document.get("capture", "auto")
    if not isinstance(value, str) or value not in {"auto", "manual"}:
        raise Invalid("invalid_capture", "capture must be auto or manual.", "capture")
    return value


def _url(document: Mapping[str, object], name: str) -> str | None:
    value = document.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not is_web_address(value):
        raise Invalid("invalid_url", f"{name} must be an http or https URL.", name)
    return value


def is_web_address(text: str) -> bool:
    """Says whether a text is a plain http or https URL."""
    if len(text) > _URL_LENGTH_MAX or not _URL_TEXT.fullmatch(text):
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _metadata(document: Mapping[str, object]) -> Mapping[str, object]:
    value = document.get("metadata")
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > _METADATA_KEYS_MAX:
        raise Invalid(
            "invalid_metadata",
            f"metadata must be an object of at most {_METADATA_KEYS_MAX} keys.",
            "metadata",
        )
    return value


def payment_document(payment: Payment) -> dict[str, object]:
    """Shows a payment as its merchant sees it."""
    terms, card = payment.terms, payment.card
    return {
        "id": payment.id,
        "merchant_ref": terms.merchant_ref,
        "status": str(payment.status),
        "amount": terms.amount,
        "amount_authorized": payment.amount_authorized,
        "amount_captured": payment.amount_captured,
        "amount_refunded": payment.amount_refunded,
        "currency": terms.currency,
        "capture": "manual" if terms.is_manual else "auto",
        "decline_code": payment.decline_code,
        "card": None if card is None else {"brand": card.brand, "mask": card.mask},
        "next_step": f"{terms.page}/{payment.id}",
        "metadata": dict(terms.metadata),
        "created": iso(payment.created_at),
        "updated": iso(payment.updated_at),
        "expires_at": iso(payment.expires_at),
    }


def refund_document(refund: Refund) -> dict[str, object]:
    """Shows a refund as its merchant sees it."""
    return {
        "id": refund.id,
        "payment_id": refund.payment_id,
        "merchant_ref": refund.merchant_ref,
        "status": str(refund.status),
        "amount": refund.amount,
        "currency": refund.currency,
        "reason": refund.reason,
        "created": iso(refund.created_at),
        "updated": iso(refund.updated_at),
    }
