"""epoint's saved cards: registered at the hosted page, then charged or paid out to without a buyer."""

import itertools
from collections.abc import Mapping

import attrs
import falcon

from adapters.sandbox.desk import Call, Desk
from adapters.sandbox.dialects.epoint.api import Transactions
from adapters.sandbox.dialects.epoint.dialect import (
    NAME,
    REGISTRATION,
    Account,
    major,
    result,
    trace_id,
)
from adapters.sandbox.dialects.epoint.envelope import open_envelope
from adapters.sandbox.dialects.epoint.reading import required_text, terms_from
from adapters.sandbox.gateway import Gateway
from adapters.sandbox.payments import HOLDS_MONEY, Payment, Status, Terms
from adapters.sandbox.refusals import Invalid, Unknown
from adapters.sandbox.replies import Reply

_WORDS = dict.fromkeys(HOLDS_MONEY, "active") | {
    Status.CREATED: "new",
    Status.PENDING: "pending",
    Status.REQUIRES_ACTION: "pending",
    Status.EXPIRED: "session_expired",
}
_QUIET = {"operation_code": "100", "is_quiet": True}


class SavedCards:
    """Cards by their names; what a card is good for is read off the payment that registered it."""

    def __init__(self, account: Account, desk: Desk, transactions: Transactions) -> None:
        self._account = account
        self._desk = desk
        self._transactions = transactions
        self._numbers = itertools.count(1)

    def clear(self) -> None:
        self._numbers = itertools.count(1)

    def fresh_memory(self) -> Mapping[str, object]:
        """What a payment must remember that registers its card by the way."""
        return {"operation_code": "200", "card_id": self._fresh()}

    def on_post_registration(self, req: falcon.Request, resp: falcon.Response) -> None:
        """`card-registration`: a page to fill in, and nothing to pay."""
        document = self._open(req)
        card_id = self._fresh()
        # Read as a payment under a name of its own, because its page and addresses are a payment's.
        read = {**document, "order_id": card_id, "amount": 1, "currency": "AZN"}
        memory = {"operation_code": REGISTRATION, "card_id": card_id}
        terms = attrs.evolve(terms_from(read, self._account, req.prefix, memory=memory), amount=0)

        def work(gateway: Gateway) -> Reply:
            payment = gateway.create(terms, self._transactions.fresh()).payment
            said = {"status": "success", "card_id": card_id, "trace_id": trace_id()}
            return Reply(200, lambda lens: {**said, "redirect_url": f"{terms.page}/{payment.id}"})

        self._desk.serve(req, resp, Call("create", work, card_id))

    def on_post_status(self, req: falcon.Request, resp: falcon.Response) -> None:
        """`get-status-card`."""
        card_id = required_text(self._open(req), "card_id")

        def work(gateway: Gateway) -> Reply:
            payment = _registered(gateway, card_id)
            said = {
                "id": card_id,
                "name": "TEST USER" if payment.card else None,
                "mask": payment.card.mask if payment.card else None,
                "status": _WORDS.get(payment.status, "rejected"),
                "expired_date": None,
                "trace_id": trace_id(),
            }
            return Reply(200, lambda lens: said)

        self._desk.serve(req, resp, Call("status", work))

    def on_post_charge(self, req: falcon.Request, resp: falcon.Response) -> None:
        """`execute-pay`: the bank answers at once, and the shop is not called back."""
        document = self._open(req)
        card_id = required_text(document, "card_id")
        terms = terms_from(document, self._account, req.prefix, memory={**_QUIET, "card_id": card_id})

        def work(gateway: Gateway) -> Reply:
            payment = self._charge(gateway, terms, _usable(gateway, card_id))
            return Reply(200, lambda lens: _outcome(lens.payment(payment)))

        self._desk.serve(req, resp, Call("create", work, terms.merchant_ref))

    def on_post_payout(self, req: falcon.Request, resp: falcon.Response) -> None:
        """`refund-request`: money of the merchant's own to a card; no payment of a buyer's is touched."""
        document = self._open(req)
        card_id = required_text(document, "card_id")
        terms = terms_from(document, self._account, req.prefix, needs_azn=True)

        def work(gateway: Gateway) -> Reply:
            card = _usable(gateway, card_id).card
            said = {
                "status": "success",
                "message": "Approved",
                "transaction": self._transactions.fresh(),
                "card_mask": card.mask if card else None,
                "amount": major(terms.amount),
                "trace_id": trace_id(),
            }
            return Reply(200, lambda lens: said)

        self._desk.serve(req, resp, Call("refund", work, terms.merchant_ref))

    def _charge(self, gateway: Gateway, terms: Terms, registration: Payment) -> Payment:
        card, outcome = registration.card, registration.outcome
        if card is None:
            raise Unknown("unknown_card", "Card was not found.")
        payment = gateway.create(terms, self._transactions.fresh()).payment
        # Nobody is there to pass the bank's own page; whoever registered the card has passed it.
        return gateway.pay(payment.id, card, attrs.evolve(outcome, is_challenged=False)).payment

    def _open(self, req: falcon.Request) -> dict[str, object]:
        return open_envelope(req, self._account.public_key, self._account.private_key)

    def _fresh(self) -> str:
        return f"ce{next(self._numbers):010}"


def _registered(gateway: Gateway, card_id: str) -> Payment:
    """Finds the payment by which a card was registered."""
    for payment in gateway.payments():
        memory = payment.terms.metadata
        if payment.terms.dialect == NAME and memory.get("card_id") == card_id and "is_quiet" not in memory:
            return payment
    raise Unknown("unknown_card", "Card was not found.")


def _usable(gateway: Gateway, card_id: str) -> Payment:
    payment = _registered(gateway, card_id)
    if _WORDS.get(payment.status) != "active":
        raise Invalid("card_not_active", "Card is not active.")
    return payment


def _outcome(payment: Payment) -> dict[str, object]:
    """Words the final result; while the bank is silent nobody can say, and that is a server_error."""
    said = result(payment)
    word = {"success": "success", "new": "server_error"}.get(str(said["status"]), "failed")
    return {**said, "status": word}
