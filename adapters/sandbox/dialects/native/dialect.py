"""How the native dialect words refusals, callbacks and the way back to the shop."""

from collections.abc import Mapping, Sequence

import attrs

from adapters.sandbox.clock import Clock
from adapters.sandbox.deliveries import Delivery, Outgoing
from adapters.sandbox.distortion import Lens, Spelling
from adapters.sandbox.documents import payment_document
from adapters.sandbox.faults import Strike, has
from adapters.sandbox.gateway import Gateway
from adapters.sandbox.mischief import Draft, about, spoil
from adapters.sandbox.payments import HOLDS_MONEY, Payment, Refund, Status
from adapters.sandbox.refusals import (
    Broken,
    Conflict,
    Invalid,
    KeyReused,
    Refusal,
    Stranger,
    TooMany,
    Unknown,
)
from adapters.sandbox.replies import Reply
from adapters.sandbox.signing import signature_header, signed_url, tampered

NAME = "native"

_RELIED_ON = (("payment", "id"), ("payment", "merchant_ref"), ("event_id",))
_STATUSES: Mapping[type[Refusal], int] = {
    Invalid: 400,
    Stranger: 401,
    Unknown: 404,
    Conflict: 409,
    KeyReused: 422,
    TooMany: 429,
    Broken: 500,
}


class Native:
    """Speaks to merchants of the native dialect."""

    spelling = Spelling(frozenset({"status"}), r"amount\w*")

    def __init__(self, gateway: Gateway, clock: Clock, signing_secret: str) -> None:
        self._gateway = gateway
        self._clock = clock
        self._signing_secret = signing_secret

    def refused(self, refusal: Refusal) -> Reply:
        error = {"code": refusal.code, "message": refusal.message}
        if refusal.param is not None:
            error["param"] = refusal.param
        headers = {"WWW-Authenticate": "Bearer"} if isinstance(refusal, Stranger) else {}
        return Reply(_STATUSES.get(type(refusal), 400), lambda lens: {"error": error}, headers)

    def events(self, payment: Payment, refund: Refund | None) -> Sequence[str]:
        return (f"payment.{payment.status}",)

    def compose(self, delivery: Delivery) -> Outgoing:
        event, strikes = delivery.event, delivery.mischief
        sent_at = int(self._clock.real())
        if delivery.method == "GET":
            params = _return_params(event.payment, sent_at)
            return Outgoing("GET", signed_url(self._signing_secret, delivery.url, params))
        lens = Lens(strikes)
        subject = about(event.payment, self._gateway.another(event.payment.id), strikes)
        document = {
            "event_id": event.id,
            "type": event.type,
            "created": event.created,
            "payment": payment_document(lens.payment(subject)),
        }
        draft = Draft(document, self._signing_secret, sent_at)
        spoil(draft, strikes, _RELIED_ON)
        body = draft.json(lens, self.spelling)
        headers = {"Content-Type": "application/json", "User-Agent": "Sandbox-Gateway/1"}
        if draft.is_signed:
            start, _, digits = signature_header(draft.key, draft.sent_at, body).partition("v1=")
            headers["X-Sandbox-Signature"] = f"{start}v1={draft.signature(digits)}"
        return Outgoing("POST", delivery.url, headers, body)

    def way_back(self, payment: Payment, strikes: Sequence[Strike]) -> str:
        """The shop's address, with what happened in a signed query."""
        terms = payment.terms
        base = terms.cancel_url if payment.status is Status.CANCELED else terms.return_url
        if has(strikes, "success_url_on_failure") and payment.status not in HOLDS_MONEY:
            base, payment = terms.return_url, attrs.evolve(payment, status=Status.CAPTURED)
        url = signed_url(self._signing_secret, base, _return_params(payment, int(self._clock.real())))
        return tampered(url) if has(strikes, "tampered_query") else url


def _return_params(payment: Payment, sent_at: int) -> list[tuple[str, str]]:
    """What a return tells the shop; a hint, since the buyer carries it. Units: `sent_at` in real seconds."""
    return [
        ("payment_id", payment.id),
        ("merchant_ref", payment.terms.merchant_ref),
        ("status", str(payment.status)),
        ("ts", str(sent_at)),
    ]
