"""The native dialect's callbacks: signed JSON, and all the ways in which it can be wrong."""

from collections.abc import Callable, Mapping

import attrs

from adapters.sandbox.clock import Clock
from adapters.sandbox.deliveries import Delivery, Outgoing
from adapters.sandbox.distortion import distort, encode
from adapters.sandbox.documents import payment_document
from adapters.sandbox.faults import Strike
from adapters.sandbox.gateway import Gateway
from adapters.sandbox.hosted import return_params
from adapters.sandbox.signing import signature_header, signed_url

_SKEW_SECONDS = 3600
_HUGE_BYTES_USUALLY = 2 * 1024 * 1024
_RELIED_ON = ("id", "merchant_ref", "event_id")


@attrs.define
class _Draft:
    """A callback while it is being written."""

    document: dict[str, object]
    payment: dict[str, object]
    secret: str
    sent_at: int
    other: tuple[str, str]
    is_signed: bool = True
    tail: bytes = b""


class NativeCallbacks:
    """Writes callbacks for merchants of the native dialect."""

    def __init__(self, gateway: Gateway, clock: Clock, signing_secret: str) -> None:
        self._gateway = gateway
        self._clock = clock
        self._signing_secret = signing_secret

    def compose(self, delivery: Delivery) -> Outgoing:
        sent_at = int(self._clock.real())
        if delivery.method == "GET":
            params = return_params(delivery.event.payment, sent_at)
            return Outgoing("GET", signed_url(self._signing_secret, delivery.url, params))
        draft = self._draft(delivery, sent_at)
        distort(draft.payment, delivery.mischief)
        for strike in delivery.mischief:
            _MISCHIEF.get(strike.action, _harmless)(draft, strike)
        body = encode(draft.document, delivery.mischief)
        body = body[:-1] + draft.tail + b"}"
        headers = {"Content-Type": "application/json", "User-Agent": "Sandbox-Gateway/1"}
        if draft.is_signed:
            headers["X-Sandbox-Signature"] = signature_header(draft.secret, draft.sent_at, body)
        return Outgoing("POST", delivery.url, _spoilt_signature(headers, delivery), body)

    def _draft(self, delivery: Delivery, sent_at: int) -> _Draft:
        event = delivery.event
        payment = payment_document(event.payment)
        document: dict[str, object] = {
            "event_id": event.id,
            "type": f"payment.{event.payment.status}",
            "created": event.created,
            "payment": payment,
        }
        other = self._gateway.another(event.payment.id)
        names = ("pay_of_nobody", "ref-of-nobody") if other is None else (other.id, other.terms.merchant_ref)
        return _Draft(document, payment, self._signing_secret, sent_at, names)


def _harmless(draft: _Draft, strike: Strike) -> None:
    """Most mischief is not about content."""


def _with_other_key(draft: _Draft, strike: Strike) -> None:
    draft.secret = f"not-{draft.secret}"


def _stale(draft: _Draft, strike: Strike) -> None:
    draft.sent_at -= _SKEW_SECONDS


def _from_future(draft: _Draft, strike: Strike) -> None:
    draft.sent_at += _SKEW_SECONDS


def _unsigned(draft: _Draft, strike: Strike) -> None:
    draft.is_signed = False


def _about_another(draft: _Draft, strike: Strike) -> None:
    draft.payment["id"], draft.payment["merchant_ref"] = draft.other


def _missing_field(draft: _Draft, strike: Strike) -> None:
    """Leaves out, strike by strike, each of the fields that receivers rely on."""
    name = _RELIED_ON[(strike.count - 1) % len(_RELIED_ON)]
    (draft.document if name == "event_id" else draft.payment).pop(name, None)


def _extra_field(draft: _Draft, strike: Strike) -> None:
    draft.document["unheard_of"] = {"nested": [1, None, "two"]}
    draft.payment["also_new"] = True


def _not_utf8(draft: _Draft, strike: Strike) -> None:
    draft.tail += b', "note": "\xff\xfe\xe9"'


def _huge(draft: _Draft, strike: Strike) -> None:
    draft.tail += b', "padding": "' + b"x" * strike.whole("n", _HUGE_BYTES_USUALLY) + b'"'


_MISCHIEF: Mapping[str, Callable[[_Draft, Strike], None]] = {
    "other_merchant_key": _with_other_key,
    "stale_ts": _stale,
    "future_ts": _from_future,
    "no_signature": _unsigned,
    "wrong_ref": _about_another,
    "missing_field": _missing_field,
    "extra_field": _extra_field,
    "non_utf8": _not_utf8,
    "huge_body": _huge,
}


def _spoilt_signature(headers: dict[str, str], delivery: Delivery) -> dict[str, str]:
    """Exchanges the signature's first digit where the faults ask for a bad one."""
    signature = headers.get("X-Sandbox-Signature")
    if signature and any(strike.action == "bad_signature" for strike in delivery.mischief):
        start, _, digits = signature.partition("v1=")
        other = "0" if digits[0] != "0" else "1"
        headers["X-Sandbox-Signature"] = f"{start}v1={other}{digits[1:]}"
    return headers
