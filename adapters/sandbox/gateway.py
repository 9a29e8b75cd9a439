"""The gateway's deeds: what merchants, buyers and the control side do to payments."""

import copy
import threading
from functools import partial

from adapters.sandbox.agenda import Agenda
from adapters.sandbox.bank import Bank, Deed
from adapters.sandbox.cards import CHALLENGE_DENIED, Card, Outcome
from adapters.sandbox.clock import Clock, Names
from adapters.sandbox.faults import FaultBook
from adapters.sandbox.journal import Journal, Kind
from adapters.sandbox.payments import (
    HOLDS_MONEY,
    TAKES_A_CARD,
    UNDECIDED,
    Payment,
    Refund,
    Status,
    Terms,
)
from adapters.sandbox.refusals import Conflict, Unknown

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

    def create(self, terms: Terms, payment_id: str | None = None) -> Deed:
        """Opens a payment, under the name its dialect gives it."""
        with self._lock:
            if terms.is_ref_unique and (terms.dialect, terms.merchant_ref) in self._ids_by_ref:
                raise Conflict(
                    "merchant_ref_taken", "There is a payment for this merchant_ref.", "merchant_ref"
                )
            now = self._clock.now()
            name = payment_id or self._names.fresh("pay")
            payment = Payment(name, terms, now, now + terms.life_seconds, now)
            self._payments[payment.id] = payment
            self._ids_by_ref[terms.dialect, terms.merchant_ref] = payment.id
            self._journal.write(Kind.CREATED, payment, terms.amount)
            self._agenda.at(payment.expires_at, partial(self._bank.expire, payment))
            created = copy.copy(payment)
            early = self._bank.early_status(payment)
            return Deed(created, () if early is None else self.force(payment.id, early).notices)

    def payment(self, payment_id: str) -> Payment:
        with self._lock:
            return copy.copy(self._find(payment_id))

    def look_up(self, payment_id: str) -> Payment:
        """Answers a merchant's question, who may be told that there is nothing yet."""
        payment = self.payment(payment_id)
        if payment.hidden_until is not None and self._clock.now() < payment.hidden_until:
            raise Unknown("unknown_payment", "There is no such payment.")
        return payment

    def payment_by_ref(self, merchant_ref: str, dialect: str) -> Payment:
        """Finds the newest payment under a merchant's reference."""
        with self._lock:
            return self.payment(self._ids_by_ref.get((dialect, merchant_ref), ""))

    def look_up_by_ref(self, merchant_ref: str, dialect: str) -> Payment:
        with self._lock:
            return self.look_up(self._ids_by_ref.get((dialect, merchant_ref), ""))

    def phantom(self, *, is_blank: bool) -> "Gateway":
        """Makes a gateway that answers as this one would, and of whose deeds nothing remains.

        A blank one has never heard of anything; the other knows all that this one does.
        """
        with self._lock:
            lock = threading.Condition()
            agenda, journal = Agenda(self._clock, lock), Journal(self._clock, lock)
            bank = Bank(self._clock, agenda, journal, FaultBook(lock))
            phantom = Gateway(self._clock, self._names, lock, agenda, journal, bank)
            if not is_blank:
                phantom._payments = {name: copy.copy(payment) for name, payment in self._payments.items()}
                phantom._ids_by_ref = dict(self._ids_by_ref)
                phantom._refunds = {name: copy.copy(refund) for name, refund in self._refunds.items()}
            return phantom

    def payments(self) -> list[Payment]:
        with self._lock:
            self._agenda.run_due()
            return [copy.copy(payment) for payment in self._payments.values()]

    def another(self, payment_id: str) -> Payment | None:
        """Finds the newest payment that is not this one."""
        with self._lock:
            return next((p for p in reversed(self._payments.values()) if p.id != payment_id), None)

    def refunds(self, payment_id: str) -> list[Refund]:
        """Lists a payment's refunds, oldest first."""
        with self._lock:
            self._agenda.run_due()
            return [copy.copy(refund) for refund in self._refunds.values() if refund.payment_id == payment_id]

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
            is_open = payment.status in UNDECIDED and not payment.terms.stays_open
            return self.void(payment_id) if is_open else Deed(copy.copy(payment))

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

    def reprice(self, payment_id: str, amount: int) -> Payment:
        """The merchant changes the amount of a payment that nobody has begun to pay."""
        with self._lock:
            payment = self._find(payment_id)
            payment.reprice(amount, self._clock.now())
            return copy.copy(payment)

    def present_to_bank(self, payment_id: str) -> Deed:
        """The merchant asks for the money that the buyer has approved."""
        with self._lock:
            payment = self._find(payment_id)
            payment.present_to_bank()
            return self._bank.decide(payment)

    def ask_refund(
        self, payment_id: str, amount: int | None, reason: str | None, refund_id: str | None = None
    ) -> Refund:
        with self._lock:
            payment = self._find(payment_id)
            now, terms = self._clock.now(), payment.terms
            promised = payment.promise_refund(amount, now)
            name = refund_id or self._names.fresh("rf")
            refund = Refund(name, payment.id, terms.merchant_ref, promised, terms.currency, reason, now, now)
            self._refunds[refund.id] = refund
            self._bank.pay_back(payment, refund)
            return copy.copy(refund)

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
