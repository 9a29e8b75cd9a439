"""How Mollie words payments, captures, refunds and refusals; its callbacks say an id and nothing else."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote_from_bytes, urlencode

import attrs
import falcon

from adapters.sandbox.clock import iso
from adapters.sandbox.deliveries import Delivery, Outgoing
from adapters.sandbox.dialects.branch import Core, setting
from adapters.sandbox.distortion import Spelling
from adapters.sandbox.faults import Strike, has
from adapters.sandbox.mischief import Draft, about, spoil
from adapters.sandbox.money import major_text
from adapters.sandbox.payments import HOLDS_MONEY, TAKES_A_CARD, Payment, Refund, RefundStatus, Status
from adapters.sandbox.refusals import Broken, Conflict, KeyReused, Refusal, Stranger, TooMany, Unknown
from adapters.sandbox.replies import Reply

NAME = "mollie"

_WORDS = dict.fromkeys(HOLDS_MONEY, "paid") | {
    Status.CREATED: "open",
    Status.REQUIRES_ACTION: "open",
    Status.PENDING: "pending",
    Status.AUTHORIZED: "authorized",
    Status.FAILED: "failed",
    Status.CANCELED: "canceled",
    Status.EXPIRED: "expired",
}
_REFUNDS = {RefundStatus.PENDING: "pending", RefundStatus.SUCCEEDED: "refunded"}
_REFUSALS: Mapping[type[Refusal], tuple[int, str]] = {
    Stranger: (401, "Unauthorized Request"),
    Unknown: (404, "Not Found"),
    Conflict: (422, "Unprocessable Entity"),
    KeyReused: (422, "Unprocessable Entity"),
    TooMany: (429, "Too Many Requests"),
    Broken: (500, "Internal Server Error"),
}


@attrs.frozen
class Account:
    """A merchant's account at Mollie; each payment says where it is called back."""

    api_key: str = setting("the merchant's key at Mollie")


class Mollie:
    """Speaks to merchants of Mollie."""

    spelling = Spelling(frozenset({"status"}), "value")

    def __init__(self, core: Core) -> None:
        self._core = core

    def refused(self, refusal: Refusal) -> Reply:
        status, title = _REFUSALS.get(type(refusal), (422, "Unprocessable Entity"))
        if refusal.code in {"invalid_json", "invalid_content_type"}:
            status, title = 400, "Bad Request"
        error: dict[str, object] = {"status": status, "title": title, "detail": refusal.message}
        if refusal.param is not None:
            error["field"] = refusal.param
        return Reply(status, lambda lens: error)

    def events(self, payment: Payment, refund: Refund | None) -> Sequence[str]:
        return (f"payment.{word_of(payment)}",)

    def compose(self, delivery: Delivery) -> Outgoing:
        payment, strikes = delivery.event.payment, delivery.mischief
        if delivery.method == "GET":
            return Outgoing("GET", self.way_back(payment, ()))
        subject = about(payment, self._core.gateway.another(payment.id), strikes)
        draft = Draft({"id": subject.id}, "", 0)
        spoil(draft, strikes, (("id",),))
        padding = [f"{name}={quote_from_bytes(value)}".encode("ascii") for name, value in draft.padding]
        body = b"&".join([urlencode(draft.document).encode("ascii"), *padding])
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Outgoing("POST", delivery.url, headers, body)

    def way_back(self, payment: Payment, strikes: Sequence[Strike]) -> str:
        """The merchant's own address, with nothing added; another one for giving up, where there is one."""
        is_canceled = payment.status is Status.CANCELED and not has(strikes, "success_url_on_failure")
        return payment.terms.cancel_url if is_canceled else payment.terms.return_url


def word_of(payment: Payment) -> str:
    """The status word of a payment; what is refunded or charged back stays paid."""
    return _WORDS[payment.status]


def money(minor: int, currency: str) -> dict[str, object]:
    """Writes an amount."""
    return {"currency": currency, "value": major_text(minor, currency)}


def payment_document(payment: Payment) -> dict[str, object]:
    """Shows a payment."""
    terms = payment.terms
    here = f"{terms.origin}/v2/payments/{payment.id}"
    links: dict[str, object] = {"self": _link(here)}
    if payment.status in TAKES_A_CARD:
        links["checkout"] = {"href": f"{terms.page}/{payment.id}", "type": "text/html"}
    document: dict[str, object] = {
        "resource": "payment",
        "id": payment.id,
        "mode": "test",
        "createdAt": iso(payment.created_at),
        "status": word_of(payment),
        "isCancelable": payment.status in TAKES_A_CARD,
        "amount": money(terms.amount, terms.currency),
        "method": "creditcard" if payment.card else None,
        "expiresAt": iso(payment.expires_at),
        "profileId": "pfl_sandbox",
        "sequenceType": "oneoff",
        "redirectUrl": terms.return_url,
        "webhookUrl": terms.notify_url,
        "captureMode": "manual" if terms.is_manual else "automatic",
        **terms.metadata,
        "_links": links,
    }
    return document | _moments(payment) | _amounts(payment)


def _moments(payment: Payment) -> dict[str, object]:
    """When it came to stand where it stands, once that is more than waiting."""
    word = word_of(payment)
    return {} if word in {"open", "pending"} else {f"{word}At": iso(payment.updated_at)}


def _amounts(payment: Payment) -> dict[str, object]:
    """What was captured, given back and charged back, once there is something to tell."""
    if not payment.amount_captured:
        return {}
    code, left = payment.terms.currency, payment.amount_captured - payment.amount_refunded
    amounts: dict[str, object] = {
        "amountCaptured": money(payment.amount_captured, code),
        "amountRefunded": money(payment.amount_refunded, code),
        "amountRemaining": money(left, code),
    }
    if payment.status is Status.CHARGED_BACK:
        amounts["amountChargedBack"] = money(left, code)
    return amounts


def refund_document(refund: Refund, origin: str) -> dict[str, object]:
    """Shows a refund."""
    here = f"{origin}/v2/payments/{refund.payment_id}"
    return {
        "resource": "refund",
        "id": refund.id,
        "mode": "test",
        "amount": money(refund.amount, refund.currency),
        "status": _REFUNDS.get(refund.status, "failed"),
        "createdAt": iso(refund.created_at),
        "description": refund.reason or "",
        "metadata": None,
        "paymentId": refund.payment_id,
        "_links": {"self": _link(f"{here}/refunds/{refund.id}"), "payment": _link(here)},
    }


def capture_document(payment: Payment, capture_id: str) -> dict[str, object]:
    """Shows the capture of a payment, of which there is one at most."""
    here = f"{payment.terms.origin}/v2/payments/{payment.id}"
    return {
        "resource": "capture",
        "id": capture_id,
        "mode": "test",
        "amount": money(payment.amount_captured, payment.terms.currency),
        "status": "succeeded",
        "createdAt": iso(payment.updated_at),
        "paymentId": payment.id,
        "_links": {"self": _link(f"{here}/captures/{capture_id}"), "payment": _link(here)},
    }


def _link(href: str) -> dict[str, object]:
    return {"href": href, "type": falcon.MEDIA_JSON}
