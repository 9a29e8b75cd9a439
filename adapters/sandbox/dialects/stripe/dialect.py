"""How Stripe words sessions, intents, refunds, refusals and events."""

from collections.abc import Mapping, Sequence

import attrs

from adapters.sandbox.deliveries import Delivery, Outgoing
from adapters.sandbox.dialects.branch import Core, setting
from adapters.sandbox.distortion import Lens, Spelling
from adapters.sandbox.faults import Strike, has
from adapters.sandbox.mischief import Draft, about, spoil
from adapters.sandbox.payments import HOLDS_MONEY, TAKES_A_CARD, Payment, Refund, RefundStatus, Status
from adapters.sandbox.refusals import Broken, KeyReused, Refusal, Stranger, TooMany, Unknown
from adapters.sandbox.replies import Reply
from adapters.sandbox.signing import signature_header

NAME = "stripe"

_INTENTS = dict.fromkeys(HOLDS_MONEY, "succeeded") | {
    Status.CREATED: "requires_payment_method",
    Status.REQUIRES_ACTION: "requires_action",
    Status.PENDING: "processing",
    Status.AUTHORIZED: "requires_capture",
}
_RELIED_ON = (("data", "object", "id"), ("type",), ("id",))
_STATUSES: Mapping[type[Refusal], tuple[int, str]] = {
    Stranger: (401, "invalid_request_error"),
    Unknown: (404, "invalid_request_error"),
    KeyReused: (400, "idempotency_error"),
    TooMany: (429, "invalid_request_error"),
    Broken: (500, "api_error"),
}
_CODES = {"wrong_state": "payment_intent_unexpected_state", "rate_limited": "rate_limit"}


@attrs.frozen
class Account:
    """A merchant's account at Stripe."""

    secret_key: str = setting("the merchant's secret key at Stripe")
    webhook_secret: str = setting("what Stripe's events are signed with")
    webhook_url: str = setting("where Stripe sends its events")


class Stripe:
    """Speaks to merchants of Stripe."""

    spelling = Spelling(frozenset({"status", "payment_status"}), r"amount(?:_\w+)?")

    def __init__(self, account: Account, core: Core) -> None:
        self._account = account
        self._core = core

    def refused(self, refusal: Refusal) -> Reply:
        status, kind = _STATUSES.get(type(refusal), (400, "invalid_request_error"))
        status = 409 if refusal.code == "idempotency_key_in_flight" else status
        code = "resource_missing" if isinstance(refusal, Unknown) else refusal.code
        error = {"type": kind, "code": _CODES.get(code, code), "message": refusal.message}
        if refusal.param is not None:
            error["param"] = refusal.param
        return Reply(status, lambda lens: {"error": error})

    def events(self, payment: Payment, refund: Refund | None) -> Sequence[str]:
        if refund is not None:
            failed = refund.status is RefundStatus.FAILED
            return ("refund.failed",) if failed else ("refund.created", "charge.refunded")
        return _events(payment)

    def compose(self, delivery: Delivery) -> Outgoing:
        event, strikes = delivery.event, delivery.mischief
        if delivery.method == "GET":
            return Outgoing("GET", self.way_back(event.payment, ()))
        lens = Lens(strikes)
        other = self._core.gateway.another(event.payment.id)
        payment = lens.payment(about(event.payment, other, strikes))
        refund = None if event.refund is None else lens.refund(event.refund)
        document = {
            "id": event.id,
            "object": "event",
            "api_version": "2026-01-28.clover",
            "created": event.created,
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": event.type,
            "data": {"object": _subject(event.type, payment, refund)},
        }
        draft = Draft(document, self._account.webhook_secret, int(self._core.clock.real()))
        spoil(draft, strikes, _RELIED_ON)
        body = draft.json(lens, self.spelling)
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Stripe/1.0"}
        if draft.is_signed:
            start, _, digits = signature_header(draft.key, draft.sent_at, body).partition("v1=")
            headers["Stripe-Signature"] = f"{start}v1={draft.signature(digits)}"
        return Outgoing("POST", delivery.url, headers, body)

    def way_back(self, payment: Payment, strikes: Sequence[Strike]) -> str:
        """The success address once the session is complete, whatever becomes of the money then."""
        is_complete = session_status(payment) == "complete" or has(strikes, "success_url_on_failure")
        url = payment.terms.return_url if is_complete else payment.terms.cancel_url
        return url.replace("{CHECKOUT_SESSION_ID}", payment.id)


def _events(payment: Payment) -> Sequence[str]:
    status = payment.status
    if status is Status.CREATED:
        return ("payment_intent.payment_failed" if payment.decline_code else "payment_intent.created",)
    if status is Status.AUTHORIZED:
        return "payment_intent.amount_capturable_updated", "checkout.session.completed"
    if status is Status.CAPTURED:
        if payment.terms.is_manual:
            return ("payment_intent.succeeded",)
        late = "async_payment_succeeded" if payment.outcome.is_late else "completed"
        return "payment_intent.succeeded", f"checkout.session.{late}"
    if status is Status.CHARGED_BACK:
        return ("charge.dispute.created",)
    if status in HOLDS_MONEY:
        return ("charge.refunded",)
    if session_status(payment) == "complete":
        return ("payment_intent.canceled" if status is Status.CANCELED else "payment_intent.processing",)
    return ("checkout.session.expired",)


def session_status(payment: Payment) -> str:
    """Says where the session stands: what a buyer has completed stays complete."""
    if payment.status in TAKES_A_CARD:
        return "open"
    is_complete = payment.status in HOLDS_MONEY | {Status.AUTHORIZED, Status.PENDING}
    return "complete" if is_complete or payment.amount_authorized else "expired"


def session_document(payment: Payment) -> dict[str, object]:
    """Shows a payment as a Checkout Session."""
    terms, status = payment.terms, session_status(payment)
    return {
        "id": payment.id,
        "object": "checkout.session",
        "amount_subtotal": terms.amount,
        "amount_total": terms.amount,
        "cancel_url": terms.cancel_url,
        "client_reference_id": terms.merchant_ref or None,
        "created": int(payment.created_at),
        "currency": terms.currency.lower(),
        "expires_at": int(payment.expires_at),
        "livemode": False,
        "metadata": _metadata(payment),
        "mode": "payment",
        "payment_intent": intent_id(payment) if payment.card else None,
        "payment_method_types": ["card"],
        "payment_status": "paid" if payment.status in HOLDS_MONEY else "unpaid",
        "status": status,
        "success_url": terms.return_url,
        "url": f"{terms.page}/{payment.id}" if status == "open" else None,
    }


def intent_document(payment: Payment) -> dict[str, object]:
    """Shows a payment as a PaymentIntent."""
    terms = payment.terms
    held = payment.amount_authorized if payment.status is Status.AUTHORIZED else 0
    error = {"type": "card_error", "code": "card_declined", "decline_code": "generic_decline"}
    return {
        "id": intent_id(payment),
        "object": "payment_intent",
        "amount": terms.amount,
        "amount_capturable": held,
        "amount_received": payment.amount_captured,
        "capture_method": "manual" if terms.is_manual else "automatic",
        "created": int(payment.created_at),
        "currency": terms.currency.lower(),
        "last_payment_error": error if payment.decline_code else None,
        "latest_charge": _charge_id(payment) if payment.amount_authorized else None,
        "livemode": False,
        "metadata": terms.metadata.get("intent", {}),
        "status": _INTENTS.get(payment.status, "canceled"),
    }


def refund_document(refund: Refund) -> dict[str, object]:
    """Shows a refund."""
    name = refund.payment_id.removeprefix("cs_test_")
    return {
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "charge": f"ch_{name}",
        "created": int(refund.created_at),
        "currency": refund.currency.lower(),
        "metadata": {},
        "payment_intent": f"pi_{name}",
        "reason": refund.reason,
        "status": str(refund.status),
    }


def _charge_document(payment: Payment) -> dict[str, object]:
    return {
        "id": _charge_id(payment),
        "object": "charge",
        "amount": payment.terms.amount,
        "amount_captured": payment.amount_captured,
        "amount_refunded": payment.amount_refunded,
        "currency": payment.terms.currency.lower(),
        "metadata": payment.terms.metadata.get("intent", {}),
        "payment_intent": intent_id(payment),
        "refunded": payment.amount_refunded == payment.amount_captured,
        "status": "succeeded",
    }


def _subject(kind: str, payment: Payment, refund: Refund | None) -> dict[str, object]:
    if kind.startswith("checkout.session."):
        return session_document(payment)
    if kind.startswith("refund.") and refund is not None:
        return refund_document(refund)
    return _charge_document(payment) if kind.startswith("charge.") else intent_document(payment)


def intent_id(payment: Payment) -> str:
    """Names a session's intent; the two share all but the beginning."""
    return f"pi_{payment.id.removeprefix('cs_test_')}"


def _charge_id(payment: Payment) -> str:
    return f"ch_{payment.id.removeprefix('cs_test_')}"


def _metadata(payment: Payment) -> dict[str, object]:
    return {name: value for name, value in payment.terms.metadata.items() if name != "intent"}
