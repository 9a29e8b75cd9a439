"""epoint's merchant API for payments under `/api/1`: open, ask, capture, reverse."""

import itertools
from collections.abc import Callable, Mapping

import falcon

from adapters.sandbox.courier import CALL_TIMEOUT_SECONDS
from adapters.sandbox.desk import Call, Desk, Work
from adapters.sandbox.dialects.epoint.dialect import (
    NAME,
    Account,
    result,
    trace_id,
)
from adapters.sandbox.dialects.epoint.envelope import open_envelope
from adapters.sandbox.dialects.epoint.reading import (
    amount_from,
    currency_from,
    required_text,
    terms_from,
)
from adapters.sandbox.gateway import Gateway
from adapters.sandbox.payments import Payment, RefundStatus, Status, Terms
from adapters.sandbox.refusals import Conflict, Invalid, Unknown
from adapters.sandbox.replies import Reply

Document = Mapping[str, object]


class Transactions:
    """Numbers transactions from 1: unique within this account, and found again in any other."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def fresh(self) -> str:
        return f"te{next(self._numbers):010}"

    def clear(self) -> None:
        self._numbers = itertools.count(1)


class Opening:
    """A call that opens a payment for a buyer to pay at the hosted page.

    One object for each path: the paths differ in little more than what is remembered.
    """

    def __init__(
        self,
        account: Account,
        desk: Desk,
        transactions: Transactions,
        *,
        needs_azn: bool = False,
        is_manual: bool = False,
        is_form: bool = False,
        required: tuple[str, ...] = (),
        usually: Document | None = None,
        memory: Callable[[], Document] = dict,
        shown_as: str = "redirect_url",
    ) -> None:
        self._account = account
        self._desk = desk
        self._transactions = transactions
        self._needs_azn = needs_azn
        self._is_manual = is_manual
        self._is_form = is_form
        self._required = required
        self._usually = usually or {}
        self._memory = memory
        self._shown_as = shown_as

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        sent = open_envelope(req, self._account.public_key, self._account.private_key)
        document = {**self._usually, **sent}
        for name in self._required:
            if not document.get(name):
                raise Invalid("missing_field", f"{name} is required.", name)
        terms = terms_from(
            document,
            self._account,
            req.prefix,
            needs_azn=self._needs_azn,
            is_manual=self._is_manual,
            memory=self._memory(),
        )
        call = Call("create", lambda gateway: self._open(gateway, terms), terms.merchant_ref)
        self._desk.serve(req, resp, call)

    def _open(self, gateway: Gateway, terms: Terms) -> Reply:
        deed = gateway.create(terms, self._transactions.fresh())
        deed.await_notices(CALL_TIMEOUT_SECONDS)
        page = f"{terms.page}/{deed.payment.id}"
        if self._is_form:
            return Reply(303, None, {"Location": page})
        document = {"status": "success", "transaction": deed.payment.id, self._shown_as: page}
        document |= {"trace_id": trace_id()}
        document |= {"card_id": str(terms.metadata["card_id"])} if "card_id" in terms.metadata else {}
        return Reply(200, lambda lens: document)


class Questions:
    """`get-status`, the call that settles what a callback only hinted at."""

    def __init__(self, account: Account, desk: Desk) -> None:
        self._account = account
        self._desk = desk

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        document = open_envelope(req, self._account.public_key, self._account.private_key)
        transaction = required_text(document, "transaction")

        def work(gateway: Gateway) -> Reply:
            payment = _ours(gateway.look_up(transaction))
            return Reply(200, lambda lens: result(lens.payment(payment)))

        self._desk.serve(req, resp, Call("status", work, payment_id=transaction))


class Deeds:
    """`pre-auth-complete` and `reverse`: what a merchant does with a payment that was made."""

    def __init__(self, account: Account, desk: Desk) -> None:
        self._account = account
        self._desk = desk

    def on_post_complete(self, req: falcon.Request, resp: falcon.Response) -> None:
        document = open_envelope(req, self._account.public_key, self._account.private_key)
        transaction = required_text(document, "transaction")
        amount = amount_from(document, "amount")

        def work(gateway: Gateway) -> Reply:
            _ours(gateway.payment(transaction))
            payment = gateway.capture(transaction, amount).payment
            return Reply(200, lambda lens: {**result(lens.payment(payment)), "message": "Completed"})

        self._desk.serve(req, resp, Call("capture", work, payment_id=transaction))

    def on_post_reprice(self, req: falcon.Request, resp: falcon.Response) -> None:
        """`payment-change-sum`: names the payment by its order_id, and no transaction in the answer."""
        document = open_envelope(req, self._account.public_key, self._account.private_key)
        order_id = required_text(document, "order_id")
        amount = amount_from(document, "amount")

        def work(gateway: Gateway) -> Reply:
            payment = gateway.reprice(gateway.payment_by_ref(order_id, NAME).id, amount)
            said = {"status": "success", "redirect_url": f"{payment.terms.page}/{payment.id}"}
            return Reply(200, lambda lens: {**said, "trace_id": trace_id()})

        # To faults it is a creation, since what it asks for is a payment of another amount.
        self._desk.serve(req, resp, Call("create", work, order_id))

    def on_post_reverse(self, req: falcon.Request, resp: falcon.Response) -> None:
        document = open_envelope(req, self._account.public_key, self._account.private_key)
        transaction = required_text(document, "transaction")
        currency_from(document, needs_azn=True)
        amount = amount_from(document, "amount") if "amount" in document else None
        self._desk.serve(req, resp, Call("refund", _reversing(transaction, amount), payment_id=transaction))


def _reversing(transaction: str, amount: int | None) -> Work:
    def work(gateway: Gateway) -> Reply:
        payment = _ours(gateway.payment(transaction))
        try:
            _reverse(gateway, payment, amount)
        except Conflict as conflict:
            # As for every call about a payment that is known, a no is `failed`; `error` is for the unknown.
            said = {"status": "failed", "message": conflict.message, "trace_id": trace_id()}
            return Reply(200, lambda lens: said)
        done = {"status": "success", "message": "Reversal accepted", "trace_id": trace_id()}
        return Reply(200, lambda lens: done)

    return work


def _reverse(gateway: Gateway, payment: Payment, amount: int | None) -> None:
    """Gives money back, or lets go of what is only held."""
    if payment.status is Status.AUTHORIZED and amount in (None, payment.amount_authorized):
        gateway.void(payment.id)
        return
    refund = gateway.ask_refund(payment.id, amount, None)
    if refund.status is RefundStatus.FAILED:
        raise Conflict("refused", "The bank refused the reversal.")


def _ours(payment: Payment) -> Payment:
    """Other dialects' payments are none of this account's transactions."""
    if payment.terms.dialect != NAME:
        raise Unknown("unknown_transaction", "Transaction was not found.")
    return payment
