"""How epoint words payments, refusals, callbacks and the way back to the shop."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import attrs

from adapters.sandbox.cards import BANK_CODES
from adapters.sandbox.deliveries import Delivery, Outgoing
from adapters.sandbox.dialects.branch import Core, setting
from adapters.sandbox.dialects.epoint.envelope import sign
from adapters.sandbox.distortion import Lens, Spelling
from adapters.sandbox.faults import Strike, has
from adapters.sandbox.mischief import Draft, about, spoil
from adapters.sandbox.payments import HOLDS_MONEY, Payment, Refund, Status
from adapters.sandbox.refusals import Broken, Refusal, TooMany
from adapters.sandbox.replies import Reply

NAME = "epoint"

_RELIED_ON = (("transaction",), ("order_id",), ("status",))
_SYSTEM_FAULT = "909"
_WORDS = dict.fromkeys(HOLDS_MONEY | {Status.AUTHORIZED}, "success") | {
    Status.REFUNDED: "returned",
    Status.CHARGED_BACK: "returned",
    Status.CREATED: "new",
    Status.PENDING: "new",
    Status.REQUIRES_ACTION: "new",
}
REGISTRATION = "001"
_NOT_OF_CARDS = frozenset({"order_id", "transaction", "amount", "other_attr"})
_QUIET = frozenset({Status.REFUNDED, Status.PARTIALLY_REFUNDED, Status.CHARGED_BACK})


@attrs.frozen
class Account:
    """A merchant's account at epoint."""

    public_key: str = setting("the merchant's public key at epoint")
    private_key: str = setting("what the merchant signs with at epoint")
    result_url: str = setting("where epoint calls the shop back")


class Epoint:
    """Speaks to merchants of epoint."""

    spelling = Spelling(frozenset({"status"}), "(?:split_)?amount")

    def __init__(self, account: Account, core: Core) -> None:
        self._account = account
        self._core = core

    def refused(self, refusal: Refusal) -> Reply:
        """Says no with HTTP 200, as the vendor does; only what is broken or overrun says so by its status."""
        status = {TooMany: 429, Broken: 500}.get(type(refusal), 200)
        document = {"status": "error", "message": refusal.message, "trace_id": trace_id()}
        return Reply(status, lambda lens: document)

    def events(self, payment: Payment, refund: Refund | None) -> Sequence[str]:
        """Tells the shop of what a buyer did at the page, and of nothing that the merchant did himself."""
        is_quiet = payment.terms.metadata.get("is_quiet") is True
        is_captured_hold = payment.terms.is_manual and payment.status is Status.CAPTURED
        if refund or is_quiet or is_captured_hold or payment.status in _QUIET:
            return ()
        return (word_of(payment),)

    def compose(self, delivery: Delivery) -> Outgoing:
        payment, strikes = delivery.event.payment, delivery.mischief
        if delivery.method == "GET":
            return Outgoing("GET", self.way_back(payment, ()))
        lens = Lens(strikes)
        other = self._core.gateway.another(payment.id)
        document = result(lens.payment(about(payment, other, strikes)))
        if payment.terms.metadata.get("operation_code") == REGISTRATION:
            document = {name: said for name, said in document.items() if name not in _NOT_OF_CARDS}
            document["code"] = "000" if document["status"] == "success" else "500"
        if document["status"] == "error":
            document["status"] = "failed"
        draft = Draft(document, self._account.private_key, int(self._core.clock.real()))
        spoil(draft, strikes, _RELIED_ON)
        fields = {"data": base64.b64encode(draft.json(lens, self.spelling)).decode("ascii")}
        if draft.is_signed:
            fields["signature"] = draft.signature(sign(draft.key, fields["data"]))
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return Outgoing("POST", delivery.url, headers, urlencode(fields).encode("ascii"))

    def way_back(self, payment: Payment, strikes: Sequence[Strike]) -> str:
        """One of the two addresses that the merchant gave, with nothing added."""
        is_success = word_of(payment) in {"success", "new"} or has(strikes, "success_url_on_failure")
        return payment.terms.return_url if is_success else payment.terms.cancel_url


def word_of(payment: Payment) -> str:
    """The status word of the look-up; what has failed is an error with a transaction."""
    return _WORDS.get(payment.status, "error")


def result(payment: Payment) -> dict[str, object]:
    """Shows what came of a payment; every field but the amount is text or null."""
    memory, word = payment.terms.metadata, word_of(payment)
    code = payment.decline_code or ("000" if word in {"success", "returned"} else None)
    code = code if code is None or code in BANK_CODES else "100"
    code = _SYSTEM_FAULT if code is None and word == "error" else code
    return {
        "order_id": payment.terms.merchant_ref,
        "status": word,
        "code": code,
        "message": BANK_CODES[code] if code else None,
        "transaction": payment.id,
        "bank_transaction": f"BT{payment.id[2:]}" if payment.card else None,
        "bank_response": code,
        "operation_code": str(memory.get("operation_code", "100")),
        "rrn": payment.id[2:].zfill(12) if word == "success" else None,
        "card_name": "TEST USER" if payment.card else None,
        "card_mask": payment.card.mask if payment.card else None,
        "amount": major(payment.amount_captured or payment.terms.amount),
        "other_attr": memory.get("other_attr"),
        "trace_id": trace_id(),
        **_further(memory),
    }


def _further(memory: Mapping[str, object]) -> dict[str, object]:
    """What only some kinds of payment have to tell."""
    return {name: memory[name] for name in ("card_id", "split_amount") if name in memory}


def major(minor: int) -> int | float:
    """Writes an amount in major units as a JSON number. Units: `minor` in the smallest unit, of two decimals.

    A float shows every such amount exactly as it is written, up to what a document may hold.
    """
    return minor // 100 if minor % 100 == 0 else minor / 100


def trace_id() -> str:
    """Names an exchange, for those who ask the vendor about it; letters only, like all names here."""
    return secrets.token_hex(8).translate(str.maketrans("0123456789", "ghijklmnop"))
