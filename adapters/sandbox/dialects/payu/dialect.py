"""How PayU words orders, refunds, refusals and notifications."""

import hashlib
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import attrs

from adapters.sandbox.clock import iso
from adapters.sandbox.deliveries import Delivery, Outgoing
from adapters.sandbox.dialects.branch import Core, setting
from adapters.sandbox.distortion import Lens, Spelling
from adapters.sandbox.faults import Strike, has
from adapters.sandbox.mischief import Draft, about, spoil
from adapters.sandbox.payments import HOLDS_MONEY, Payment, Refund, RefundStatus, Status
from adapters.sandbox.refusals import Broken, Conflict, Refusal, Stranger, TooMany, Unknown
from adapters.sandbox.replies import Reply

NAME = "payu"
SUCCESS = {"statusCode": "SUCCESS"}

_ORDERS = dict.fromkeys(HOLDS_MONEY, "COMPLETED") | {
    Status.CREATED: "NEW",
    Status.PENDING: "PENDING",
    Status.REQUIRES_ACTION: "PENDING",
    Status.AUTHORIZED: "WAITING_FOR_CONFIRMATION",
}
_REFUNDS = {RefundStatus.PENDING: "PENDING", RefundStatus.FAILED: "CANCELED"}
_RELIED_ON = (("order", "orderId"), ("order", "extOrderId"), ("order", "status"))
_REFUSALS: Mapping[type[Refusal], tuple[int, str]] = {
    Stranger: (401, "UNAUTHORIZED"),
    Unknown: (404, "DATA_NOT_FOUND"),
    # Deeds that do not fit an order's state are refused with a 200: whoever looks at HTTP alone is misled.
    Conflict: (200, "ERROR_INCONSISTENT_STATE"),
    TooMany: (429, "ERROR_TOO_MANY_REQUESTS"),
    Broken: (500, "ERROR_INTERNAL"),
}


@attrs.frozen
class Account:
    """A merchant's points of sale at PayU; they share their keys."""

    pos_id: str = setting("the point of sale at PayU")
    client_id: str = setting("the merchant's OAuth name at PayU")
    client_secret: str = setting("the merchant's OAuth secret at PayU")
    second_key: str = setting("what PayU's notifications are signed with")
    holding_pos_id: str = setting("a point of sale that holds money until it is captured", "none")


class PayU:
    """Speaks to merchants of PayU."""

    spelling = Spelling(frozenset({"status"}), "(?:totalAmount|amount)")

    def __init__(self, account: Account, core: Core) -> None:
        self._account = account
        self._core = core

    def refused(self, refusal: Refusal) -> Reply:
        status, code = _REFUSALS.get(type(refusal), (400, "ERROR_VALUE_INVALID"))
        if refusal.code == "merchant_ref_taken":
            status, code = 400, "ERROR_ORDER_NOT_UNIQUE"
        said = {"statusCode": code, "codeLiteral": refusal.code.upper(), "statusDesc": refusal.message}
        return Reply(status, lambda lens: {"status": said})

    def events(self, payment: Payment, refund: Refund | None) -> Sequence[str]:
        return (f"order.{order_status(payment)}" if refund is None else "refund",)

    def compose(self, delivery: Delivery) -> Outgoing:
        event, strikes = delivery.event, delivery.mischief
        if delivery.method == "GET":
            return Outgoing("GET", self.way_back(event.payment, ()))
        lens = Lens(strikes)
        other = self._core.gateway.another(event.payment.id)
        payment = lens.payment(about(event.payment, other, strikes))
        document: dict[str, object] = {"order": order_document(payment)}
        if event.refund is not None:
            document["refund"] = refund_document(lens.refund(event.refund))
        draft = Draft(document, self._account.second_key, int(self._core.clock.real()))
        spoil(draft, strikes, _RELIED_ON)
        body = draft.json(lens, self.spelling)
        headers = {"Content-Type": "application/json;charset=UTF-8"}
        if draft.is_signed:
            headers["OpenPayU-Signature"] = header(draft.signature(digest(draft.key, body)))
        return Outgoing("POST", delivery.url, headers, body)

    def way_back(self, payment: Payment, strikes: Sequence[Strike]) -> str:
        """One address for every outcome; a failed one is told by an error in the query."""
        url = payment.terms.return_url
        if order_status(payment) != "CANCELED" or has(strikes, "success_url_on_failure"):
            return url
        return f"{url}{'&' if '?' in url else '?'}{urlencode({'error': '501'})}"


def digest(second_key: str, body: bytes) -> str:
    """Signs a notification: SHA-256 of the raw body with the second key behind it."""
    return hashlib.sha256(body + second_key.encode("utf-8")).hexdigest()


def header(signature: str) -> str:
    """Writes the header that carries a signature."""
    return f"sender=checkout;signature={signature};algorithm=SHA-256;content=DOCUMENT"


def order_status(payment: Payment) -> str:
    """The status word of an order."""
    return _ORDERS.get(payment.status, "CANCELED")


def order_document(payment: Payment) -> dict[str, object]:
    """Shows a payment as an order; its total is what was captured, once something was."""
    terms = payment.terms
    return {
        "orderId": payment.id,
        "extOrderId": terms.merchant_ref,
        "orderCreateDate": iso(payment.created_at),
        "notifyUrl": terms.notify_url,
        "currencyCode": terms.currency,
        "totalAmount": str(payment.amount_captured or terms.amount),
        "status": order_status(payment),
        **terms.metadata,
    }


def refund_document(refund: Refund) -> dict[str, object]:
    """Shows a refund."""
    return {
        "refundId": refund.id,
        "amount": str(refund.amount),
        "currencyCode": refund.currency,
        "description": refund.reason,
        "creationDateTime": iso(refund.created_at),
        "status": _REFUNDS.get(refund.status, "FINALIZED"),
        "statusDateTime": iso(refund.updated_at),
    }
