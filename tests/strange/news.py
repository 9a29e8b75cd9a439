"""What each gateway calls back with, to be twisted, and then signed as it signs: nothing else gets far."""

import base64
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

from adapters.gateways.paypal_dialect import SIGNED
from adapters.gateways.signing import hmac_sha256_base64, sealed_sha1, timed_header

Json = Mapping[str, object]
Keys = Mapping[str, str]
Headers = Mapping[str, str]

# By the payment's number there and our reference.
DOCUMENTS: Mapping[str, Callable[[str, str], Json]] = {
    "sandbox": lambda number, reference: {
        "event_id": "evt_1",
        "type": "payment.captured",
        "payment": {"id": number, "merchant_ref": reference, "status": "captured", "amount": 1500},
    },
    "epoint": lambda number, reference: {
        "order_id": reference,
        "status": "success",
        "transaction": number,
        "amount": 15.0,
        "card_mask": "411111******1111",
    },
    "stripe": lambda number, reference: {
        "id": "evt_1",
        "object": "event",
        "type": "checkout.session.completed",
        "data": {"object": {"id": number, "object": "checkout.session", "client_reference_id": reference}},
    },
    "payu": lambda number, reference: {
        "order": {"orderId": number, "extOrderId": reference, "status": "COMPLETED", "totalAmount": "1500"}
    },
    "paynow": lambda number, reference: {
        "paymentId": number,
        "externalId": reference,
        "status": "CONFIRMED",
    },
    "paypal": lambda number, reference: {
        "event_type": "CHECKOUT.ORDER.APPROVED",
        "resource": {"id": number, "purchase_units": [{"custom_id": reference}]},
    },
    "mollie": lambda number, reference: {"id": number},
}


def signed(gateway: str, keys: Keys, body: bytes) -> tuple[bytes, Headers]:
    """The body as it is sent, and what is sent with it."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    if gateway == "epoint":
        text = base64.b64encode(body).decode()
        sealed = sealed_sha1(keys["epoint-private-key"], text)
        return urlencode({"data": text, "signature": sealed}).encode(), form
    if gateway == "mollie":
        return urlencode(_fields(body)).encode(), form
    return body, {"Content-Type": "application/json", **_SIGNATURES[gateway](keys, body)}


def _fields(body: bytes) -> Mapping[str, object]:
    try:
        told = json.loads(body)
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {"id": body}


def _paypal(keys: Keys, body: bytes) -> Headers:
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    told = dict.fromkeys(SIGNED, "x") | {"auth-algo": "SHA256withRSA", "transmission-time": moment}
    told["cert-url"] = "https://api.paypal.com/v1/notifications/certs/x"
    return {f"PayPal-{name}": value for name, value in told.items()}


_SIGNATURES: Mapping[str, Callable[[Keys, bytes], Headers]] = {
    "sandbox": lambda keys, body: {
        "X-Sandbox-Signature": timed_header(keys["signing-secret"], body, int(time.time()))
    },
    "stripe": lambda keys, body: {
        "Stripe-Signature": timed_header(keys["stripe-webhook-secret"], body, int(time.time()))
    },
    "payu": lambda keys, body: {
        "OpenPayU-Signature": "algorithm=SHA-256;signature="
        + hashlib.sha256(body + keys["payu-second-key"].encode()).hexdigest()
    },
    "paynow": lambda keys, body: {"Signature": hmac_sha256_base64(keys["paynow-signature-key"], body)},
    "paypal": _paypal,
}
