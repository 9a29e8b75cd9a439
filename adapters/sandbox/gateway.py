"""The gateway's deeds: what merchants, buyers and the control side do to payments."""

import copy
import threading
from functools import partial

from adapters.sandbox.agenda import Agenda
from adapters.sandbox.bank import Bank, Deed
from adapters.sandbox.cards import CHALLENGE_DENIED, Card, Outcome
from adapters.sandbox.clock import Clock, Names
from adapters.sandbox.journal import Journal, Kind
from adapters.sandbox.payments import (
    HOLDS_MONEY,
    TAKES_A_CARD,
    UNDECIDED,
    Conflict,
    Payment,
    Refund,
    Status,
    Terms,
    Unknown,
)

PAYMENT_LIFE_SECONDS = 30 * 60

_FORCED_KINDS = {
    Status.AUTHORIZED: Kind.AUTHORIZED,
    Status.CAPTURED: Kind.CAPTURED,
    Status.FAILED: Kind.FAILED,
    Status.CANCELED: Kind.VOIDED,
    Status.EXPIRED: Kind.EXPIRED,
    Status.CHARGED_BACK: Kind.CHARGED_BACK,
}


class Gateway:
    """All payments and refunds, and the only way to change them.

    Everything happens under the sandbox's one lock; callers get snapshots, never the records themselves.

    Raises: Unknown for what is not here, Conflict for what the payment's state forbids.
    """

    def __init__(
        self,
        clock: Clock,
        names: Names,
        lock: threading.Condition,
        agenda: Agenda,
        journal: Journal,
        bank: Bank,
    ) -> None:
        self._clock = clock
        self._names = names
        self._lock = lock
        self._agenda = agenda
        self._journal = journal
        self._bank = bank
        self._payments: dict[str, Payment] = {}
        self._ids_by_ref: dict[tuple[str, str], str] = {}
        self._refunds: dict[str, Refund] = {}

    def draft(self, terms: Terms) -> Payment:
        """Makes a payment without keeping it: the answer of a gateway that forgets is made of this."""
        now = self._clock.now()
        return Payment(self._names.fresh("pay"), terms, now, now + PAYMENT_LIFE_SECONDS, now)

    def create(self, terms: Terms) -> Payment:
        with self._lock:
            self.ensure_new(terms)
            payment = self.draft(terms)
            self._payments[payment.id] = payment
            self._ids_by_ref[terms.dialect, terms.merchant_ref] = payment.id
            self._journal.write(Kind.CREATED, payment, terms.amount)
            self._agenda.at(payment.expires_at, partial(self._bank.expire, payment))
            return copy.copy(payment)

    def ensure_new(self, terms: Terms) -> None:
        with self._lock:
            if (terms.dialect, terms.merchant_ref) in self._ids_by_ref:
                raise Conflict(
                    "merchant_ref_taken", "There is a payment for this merchant_ref.", "merchant_ref"
                )

    def payment(self, payment_id: str) -> Payment:
        with self._lock:
            return copy.copy(self._find(payment_id))

    def payment_by_ref(self, merchant_ref: str, dialect: str) -> Payment | None:
        with self._lock:
            payment_id = self._ids_by_ref.get((dialect, merchant_ref))
            return None if payment_id is None else self.payment(payment_id)

    def payments(self) -> list[Payment]:
        with self._lock:
            self._agenda.run_due()
            return [copy.copy(payment) for payment in self._payments.values()]

    def another(self, payment_id: str) -> Payment | None:
        """Finds the newest payment that is not this one."""
        with self._lock:
            return next((p for p in reversed(self._payments.values()) if p.id != payment_id), None)

    def refund(self, refund_id: str) -> Refund:
        with self._lock:
            self._agenda.run_due()
            if refund_id not in self._refunds:
                raise Unknown("unknown_refund", "There is no such refund.")
            return copy.copy(self._refunds[refund_id])

    def hide(self, merchant_ref: str, dialect: str, seconds: float) -> None:
        """Lets status questions miss a payment for a while, once, as where a read replica lags behind."""
        with self._lock:
            payment = self._payments.get(self._ids_by_ref.get((dialect, merchant_ref), ""))
            if payment is not None and payment.hidden_until is None:
                payment.hidden_until = self._clock.now() + seconds

    def pay(self, payment_id: str, card: Card, outcome: Outcome) -> Deed:
        """The buyer submits a card. A payment that is no longer open stays as it is."""
        with self._lock:
            payment = self._find(payment_id)
            if payment.status not in TAKES_A_CARD:
                return Deed(copy.copy(payment))
            payment.present(card, outcome)
            if not outcome.is_challenged:
                return self._bank.decide(payment)
            payment.challenge(self._clock.now())
            return Deed(copy.copy(payment))

    def answer_challenge(self, payment_id: str, *, is_approved: bool) -> Deed:
        """The buyer answers the bank's own page."""
        with self._lock:
            payment = self._find(payment_id)
            if payment.status is not Status.REQUIRES_ACTION:
                return Deed(copy.copy(payment))
            return (
                self._bank.decide(payment) if is_approved else self._bank.decline(payment, CHALLENGE_DENIED)
            )

    def cancel(self, payment_id: str) -> Deed:
        """The buyer gives up; of no effect once the bank has decided."""
        with self._lock:
            payment = self._find(payment_id)
            return self.void(payment_id) if payment.status in UNDECIDED else Deed(copy.copy(payment))

    def void(self, payment_id: str) -> Deed:
        with self._lock:
            payment = self._find(payment_id)
            payment.cancel(self._clock.now())
            self._journal.write(Kind.VOIDED, payment, payment.terms.amount)
            return self._bank.tell(payment)

    def capture(self, payment_id: str, amount: int | None) -> Deed:
        with self._lock:
            payment = self._find(payment_id)
            self._bank.take(payment, amount)
            return self._bank.tell(payment)

    def ask_refund(self, payment_id: str, amount: int | None, reason: str | None) -> Refund:
        with self._lock:
            payment = self._find(payment_id)
            refund = self.draft_refund(payment, amount, reason)
            self._refunds[refund.id] = refund
            self._bank.pay_back(payment, refund)
            return copy.copy(refund)

    def draft_refund(self, payment: Payment, amount: int | None, reason: str | None) -> Refund:
        """Promises the money back on this payment record, which may be a copy that nobody keeps."""
        now = self._clock.now()
        promised = payment.promise_refund(amount, now)
        name = self._names.fresh("rf")
        terms = payment.terms
        return Refund(name, payment.id, terms.merchant_ref, promised, terms.currency, reason, now, now)

    def force(self, payment_id: str, status: Status) -> Deed:
        """The control side plays an actor who has no button: a late approval, a charge-back."""
        with self._lock:
            payment = self._find(payment_id)
            had_captured, had_refunded = payment.amount_captured, payment.amount_refunded
            payment.force(status, self._clock.now())
            if payment.amount_captured > had_captured and status is not Status.CAPTURED:
                self._journal.write(Kind.CAPTURED, payment, payment.amount_captured)
            if payment.amount_refunded > had_refunded:
                self._journal.write(Kind.REFUNDED, payment, payment.amount_refunded - had_refunded)
            if status in _FORCED_KINDS:
                amount = payment.amount_captured if status in HOLDS_MONEY else payment.terms.amount
                self._journal.write(_FORCED_KINDS[status], payment, amount)
            return self._bank.tell(payment)

    def clear(self) -> None:
        with self._lock:
            self._payments.clear()
            self._ids_by_ref.clear()
            self._refunds.clear()

    def _find(self, payment_id: str) -> Payment:
        # What is due comes first: no money may be taken on a payment whose time ran out a moment ago.
        self._agenda.run_due()
        if payment_id not in self._payments:
            raise Unknown("unknown_payment", "There is no such payment.")
        return self._payments[payment_id]
