"""How Paynow words payments, refusals and notifications, and what it signs."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import attrs

from adapters.sandbox.clock import iso
from adapters.sandbox.deliveries import Delivery, Outgoing
from adapters.sandbox.dialects.branch import Core, setting
from adapters.sandbox.distortion import Lens, Spelling
from adapters.sandbox.faults import Strike, has
from adapters.sandbox.mischief import Draft, about, spoil
from adapters.sandbox.payments import HOLDS_MONEY, Payment, Refund, Status
from adapters.sandbox.refusals import Broken, Conflict, KeyReused, Refusal, Stranger, TooMany, Unknown
from adapters.sandbox.replies import Reply

NAME = "paynow"

_WORDS = dict.fromkeys(HOLDS_MONEY | {Status.AUTHORIZED}, "CONFIRMED") | {
    Status.CREATED: "NEW",
    Status.PENDING: "PENDING",
    Status.REQUIRES_ACTION: "PENDING",
    Status.FAILED: "REJECTED",
    Status.CANCELED: "ABANDONED",
    Status.EXPIRED: "EXPIRED",
}
_RELIED_ON = (("paymentId",), ("externalId",), ("status",))
_REFUSALS: Mapping[type[Refusal], tuple[int, str]] = {
    Stranger: (401, "UNAUTHORIZED"),
    Unknown: (404, "NOT_FOUND"),
    Conflict: (409, "CONFLICT"),
    KeyReused: (409, "IDEMPOTENCY_KEY_ALREADY_USED"),
    TooMany: (429, "RATE_LIMIT_REACHED"),
    Broken: (500, "SYSTEM_ERROR"),
}


@attrs.frozen
class Account:
    """A merchant's account at Paynow."""

    api_key: str = setting("the merchant's key at Paynow")
    signature_key: str = setting("what requests to and notifications from Paynow are signed with")
    notification_url: str = setting("where Paynow sends its notifications")


class Paynow:
    """Speaks to merchants of Paynow."""

    spelling = Spelling(frozenset({"status"}), "amount")

    def __init__(self, account: Account, core: Core) -> None:
        self._account = account
        self._core = core

    def refused(self, refusal: Refusal) -> Reply:
        status, kind = _REFUSALS.get(type(refusal), (400, "VALIDATION_ERROR"))
        error = {"errorType": kind, "message": refusal.message}
        return Reply(status, lambda lens: {"statusCode": status, "errors": [error]})

    def events(self, payment: Payment, refund: Refund | None) -> Sequence[str]:
        """Tells of a payment's own moves; a refund must be asked about."""
        is_about_refunds = refund is not None or payment.status in HOLDS_MONEY - {Status.CAPTURED}
        return () if is_about_refunds else (word_of(payment),)

    def compose(self, delivery: Delivery) -> Outgoing:
        event, strikes = delivery.event, delivery.mischief
        if delivery.method == "GET":
            return Outgoing("GET", self.way_back(event.payment, ()))
        lens = Lens(strikes)
        other = self._core.gateway.another(event.payment.id)
        payment = lens.payment(about(event.payment, other, strikes))
        document: dict[str, object] = {
            "paymentId": payment.id,
            "externalId": payment.terms.merchant_ref,
            "status": word_of(payment),
            "modifiedAt": iso(payment.updated_at),
        }
        draft = Draft(document, self._account.signature_key, int(self._core.clock.real()))
        spoil(draft, strikes, _RELIED_ON)
        body = draft.json(lens, self.spelling)
        headers = {"Content-Type": "application/json"}
        if draft.is_signed:
            headers["Signature"] = draft.signature(sign(draft.key, body))
        return Outgoing("POST", delivery.url, headers, body)

    def way_back(self, payment: Payment, strikes: Sequence[Strike]) -> str:
        """The one address, with the id and a status that prove nothing."""
        word = word_of(payment)
        if has(strikes, "success_url_on_failure") and payment.status not in HOLDS_MONEY:
            word = "CONFIRMED"
        if has(strikes, "tampered_query"):
            word = "REJECTED" if word == "CONFIRMED" else "CONFIRMED"
        url = payment.terms.return_url
        query = urlencode({"paymentId": payment.id, "paymentStatus": word})
        return f"{url}{'&' if '?' in url else '?'}{query}"


def sign(key: str, message: bytes) -> str:
    """HMAC-SHA256 in base64."""
    return base64.b64encode(hmac.new(key.encode(), message, hashlib.sha256).digest()).decode("ascii")


def sign_request(account: Account, idempotency_key: str, body: str) -> str:
    """Signs a request: its two headers, its parameters, of which we know none, and its body as text."""
    headers = {"Api-Key": account.api_key, "Idempotency-Key": idempotency_key}
    signed = {"headers": headers, "parameters": {}, "body": body}
    text = json.dumps(signed, separators=(",", ":"), ensure_ascii=False)
    return sign(account.signature_key, text.encode("utf-8"))


def word_of(payment: Payment) -> str:
    """The status word of a payment."""
    return _WORDS[payment.status]
