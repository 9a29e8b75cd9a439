"""How PayPal words orders, captures, refunds and refusals, and which webhooks it sends."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import attrs

from adapters.sandbox.clock import iso
from adapters.sandbox.deliveries import Delivery, Outgoing
from adapters.sandbox.dialects.branch import Core, setting
from adapters.sandbox.dialects.paypal.transmissions import Transmissions
from adapters.sandbox.distortion import Lens, Spelling
from adapters.sandbox.faults import Strike, has
from adapters.sandbox.mischief import Draft, about, spoil
from adapters.sandbox.money import major_text
from adapters.sandbox.payments import HOLDS_MONEY, TAKES_A_CARD, Payment, Refund, RefundStatus, Status
from adapters.sandbox.refusals import Broken, Conflict, Refusal, Stranger, TooMany, Unknown
from adapters.sandbox.replies import Reply

NAME = "paypal"

Document = dict[str, object]

_CAPTURES = {
    Status.CAPTURED: "COMPLETED",
    Status.PARTIALLY_REFUNDED: "PARTIALLY_REFUNDED",
    Status.REFUNDED: "REFUNDED",
    Status.CHARGED_BACK: "REFUNDED",
    Status.PENDING: "PENDING",
    Status.EXPIRED: "DECLINED",
    Status.FAILED: "DECLINED",
}
_REFUNDS = {RefundStatus.PENDING: "PENDING", RefundStatus.SUCCEEDED: "COMPLETED"}
_EVENTS = {
    Status.AUTHORIZED: "PAYMENT.AUTHORIZATION.CREATED",
    Status.CAPTURED: "PAYMENT.CAPTURE.COMPLETED",
    Status.CHARGED_BACK: "PAYMENT.CAPTURE.REVERSED",
    Status.PARTIALLY_REFUNDED: "PAYMENT.CAPTURE.REFUNDED",
    Status.REFUNDED: "PAYMENT.CAPTURE.REFUNDED",
}
_RELIED_ON = (("resource", "id"), ("event_type",), ("id",))
_REFUSALS: Mapping[type[Refusal], tuple[int, str]] = {
    Stranger: (401, "AUTHENTICATION_FAILURE"),
    Unknown: (404, "RESOURCE_NOT_FOUND"),
    Conflict: (422, "UNPROCESSABLE_ENTITY"),
    TooMany: (429, "RATE_LIMIT_REACHED"),
    Broken: (500, "INTERNAL_SERVER_ERROR"),
}


@attrs.frozen
class Account:
    """A merchant's application at PayPal."""

    client_id: str = setting("the merchant's OAuth name at PayPal")
    client_secret: str = setting("the merchant's OAuth secret at PayPal")
    webhook_id: str = setting("the name of the merchant's webhook at PayPal")
    webhook_url: str = setting("where PayPal sends its webhooks")


class PayPal:
    """Speaks to merchants of PayPal."""

    spelling = Spelling(frozenset({"status"}), "value")

    def __init__(self, account: Account, core: Core, transmissions: Transmissions) -> None:
        self._account = account
        self._core = core
        self._transmissions = transmissions

    def refused(self, refusal: Refusal) -> Reply:
        status, name = _REFUSALS.get(type(refusal), (400, "INVALID_REQUEST"))
        detail = {"issue": refusal.code.upper(), "description": refusal.message}
        if refusal.param is not None:
            detail["field"] = f"/{refusal.param}"
        said = {"name": name, "message": refusal.message, "debug_id": "sandbox", "details": [detail]}
        return Reply(status, lambda lens: said)

    def events(self, payment: Payment, refund: Refund | None) -> Sequence[str]:
        if refund is not None and refund.status is RefundStatus.FAILED:
            return ("PAYMENT.REFUND.FAILED",)
        if payment.awaits_merchant:
            return ("CHECKOUT.ORDER.APPROVED",)
        if payment.status is Status.CANCELED and payment.amount_authorized:
            return ("PAYMENT.AUTHORIZATION.VOIDED",)
        usual = "CHECKOUT.ORDER.SAVED" if payment.card is None else "PAYMENT.CAPTURE.DECLINED"
        return (_EVENTS.get(payment.status, usual),)

    def compose(self, delivery: Delivery) -> Outgoing:
        event, strikes = delivery.event, delivery.mischief
        if delivery.method == "GET":
            return Outgoing("GET", self.way_back(event.payment, ()))
        lens = Lens(strikes)
        other = self._core.gateway.another(event.payment.id)
        payment = lens.payment(about(event.payment, other, strikes))
        refund = None if event.refund is None else lens.refund(event.refund)
        document: Document = {
            "id": event.id.replace("evt_", "WH-"),
            "event_version": "1.0",
            "create_time": iso(event.created),
            "event_type": event.type,
            "resource_version": "2.0",
            "resource": _resource(event.type, payment, refund),
        }
        draft = Draft(document, self._account.webhook_id, int(self._core.clock.real()))
        spoil(draft, strikes, _RELIED_ON)
        body = draft.json(lens, self.spelling)
        headers = {"Content-Type": "application/json"}
        if draft.is_signed:
            headers |= self._transmissions.sign(draft, body)
        return Outgoing("POST", delivery.url, headers, body)

    def way_back(self, payment: Payment, strikes: Sequence[Strike]) -> str:
        """The return address after approval, with the order's name as token; else the cancel address."""
        is_approved = payment.status not in TAKES_A_CARD | {Status.CANCELED, Status.EXPIRED}
        query = {"token": payment.id}
        if is_approved or has(strikes, "success_url_on_failure"):
            base, query["PayerID"] = payment.terms.return_url, "SANDBOXPAYER"
        else:
            base = payment.terms.cancel_url
        return f"{base}{'&' if '?' in base else '?'}{urlencode(query)}"


def _resource(kind: str, payment: Payment, refund: Refund | None) -> Document:
    if kind.startswith("CHECKOUT."):
        return order_document(payment)
    if refund is not None and "REFUND" in kind:
        return refund_document(refund)
    return authorization_document(payment) if "AUTHORIZATION" in kind else capture_document(payment)


def order_status(payment: Payment) -> str:
    """The status word of an order: completed means only that the bank was asked."""
    if payment.awaits_merchant:
        return "APPROVED"
    if payment.status in TAKES_A_CARD:
        return "PAYER_ACTION_REQUIRED"
    return "COMPLETED" if payment.status in HOLDS_MONEY | {Status.PENDING, Status.AUTHORIZED} else "VOIDED"


def order_document(payment: Payment) -> Document:
    """Shows a payment as an order."""
    terms = payment.terms
    unit: Document = {"amount": money(terms.amount, terms.currency), **_names(payment)}
    payments = _payments(payment)
    if payments:
        unit["payments"] = payments
    return {
        "id": payment.id,
        "intent": "AUTHORIZE" if terms.is_manual else "CAPTURE",
        "status": order_status(payment),
        "create_time": iso(payment.created_at),
        "update_time": iso(payment.updated_at),
        "purchase_units": [unit],
        "links": links(payment),
    }


def links(payment: Payment) -> list[Document]:
    """Where to go from an order: the buyer's page first of all."""
    here = f"{payment.terms.origin}/v2/checkout/orders/{payment.id}"
    page = f"{payment.terms.page}/{payment.id}"
    deed = "authorize" if payment.terms.is_manual else "capture"
    return [
        {"href": here, "rel": "self", "method": "GET"},
        {"href": page, "rel": "payer-action", "method": "GET"},
        {"href": f"{here}/{deed}", "rel": deed, "method": "POST"},
    ]


def _payments(payment: Payment) -> Document:
    """What became of the money, as far as the bank was asked."""
    was_asked = payment.card is not None or payment.amount_authorized
    if not was_asked or payment.awaits_merchant or payment.status in TAKES_A_CARD:
        return {}
    shown: Document = {}
    if payment.terms.is_manual and payment.amount_authorized:
        shown["authorizations"] = [authorization_document(payment)]
    if payment.status in _CAPTURES:
        shown["captures"] = [capture_document(payment)]
    return shown


def authorization_document(payment: Payment) -> Document:
    """Shows the money that is held, or was."""
    words = {Status.AUTHORIZED: "CREATED", Status.CANCELED: "VOIDED"}
    return {
        "id": f"{payment.id}A",
        "status": words.get(payment.status, "CAPTURED"),
        "amount": money(payment.amount_authorized, payment.terms.currency),
        **_names(payment),
        **_related(payment.id),
    }


def capture_document(payment: Payment) -> Document:
    """Shows the money that was taken, or was to be."""
    amount = payment.amount_captured or payment.terms.amount
    return {
        "id": f"{payment.id}C",
        "status": _CAPTURES.get(payment.status, "DECLINED"),
        "amount": money(amount, payment.terms.currency),
        "final_capture": True,
        **_names(payment),
        **_related(payment.id),
    }


def refund_document(refund: Refund) -> Document:
    """Shows a refund."""
    return {
        "id": refund.id,
        "status": _REFUNDS.get(refund.status, "FAILED"),
        "amount": money(refund.amount, refund.currency),
        "note_to_payer": refund.reason,
        **_related(refund.payment_id),
    }


def money(minor: int, currency: str) -> Document:
    """Writes an amount."""
    return {"currency_code": currency, "value": major_text(minor, currency)}


def _names(payment: Payment) -> Document:
    """What the merchant calls it."""
    return {name: value for name, value in payment.terms.metadata.items() if value is not None}


def _related(order_id: str) -> Document:
    return {"supplementary_data": {"related_ids": {"order_id": order_id, "capture_id": f"{order_id}C"}}}
