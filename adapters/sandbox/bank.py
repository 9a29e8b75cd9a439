"""The bank behind the gateway: it decides, takes money and gives it back, at once or when the time comes."""

import copy
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import attrs

from adapters.sandbox.agenda import Agenda
from adapters.sandbox.clock import Clock
from adapters.sandbox.faults import FaultBook, has
from adapters.sandbox.journal import Journal, Kind
from adapters.sandbox.payments import REFUNDABLE, UNDECIDED, Payment, Refund, RefundStatus, Status
from adapters.sandbox.rules import BEFORE_CREATE_REPLY, CAPTURING, CREATING

LATE_APPROVAL_SECONDS = 2
REFUND_FAILURE_SECONDS = 2
CHARGE_BACK_SECONDS = 60


class Notice(Protocol):
    """A callback on its way; the hosted page waits for its first try."""

    def await_first_try(self, timeout_seconds: float) -> None: ...


Announce = Callable[[Payment, Refund | None], Sequence[Notice]]


@attrs.frozen
class Deed:
    """What came of something done to a payment: the payment as it then stood, and the callbacks about it."""

    payment: Payment
    notices: Sequence[Notice] = ()

    def await_notices(self, timeout_seconds: float) -> None:
        """Waits until the shop has been told, as far as that can be done in the time."""
        deadline = time.monotonic() + timeout_seconds
        for notice in self.notices:
            notice.await_first_try(max(0.0, deadline - time.monotonic()))


class Bank:
    """Works on the gateway's own records, under its lock; whatever it does is journaled and announced.

    Attributes:
        announce: sends the callbacks about a payment; whoever wires the sandbox puts the courier here.
    """

    def __init__(self, clock: Clock, agenda: Agenda, journal: Journal, faults: FaultBook) -> None:
        self._clock = clock
        self._agenda = agenda
        self._journal = journal
        self._faults = faults
        self.announce: Announce = lambda payment, refund: ()

    def decide(self, payment: Payment) -> Deed:
        """Makes up the bank's mind about the card that was presented."""
        outcome, now = payment.outcome, self._clock.now()
        if payment.terms.is_asked_late and payment.status is not Status.PENDING:
            payment.approve(now)
            return self.tell(payment)
        if outcome.decline is not None:
            return self.decline(payment, outcome.decline)
        if outcome.is_silent or outcome.is_late:
            payment.wait(now)
            if outcome.is_late:
                self._agenda.at(now + LATE_APPROVAL_SECONDS, partial(self._approve_late, payment))
            return Deed(copy.copy(payment))
        return self._approve(payment)

    def early_status(self, payment: Payment) -> Status | None:
        """Says what a payment has become before its merchant hears that it was created; None for nothing."""
        strikes = self._faults.strike(CREATING, payment.terms.merchant_ref, payment.id)
        early = has(strikes, BEFORE_CREATE_REPLY)
        if early is None:
            return None
        word = early.word("status", "")
        return Status(word) if word in set(Status) else Status.CREATED

    def decline(self, payment: Payment, code: str) -> Deed:
        if payment.terms.stays_open:
            payment.turn_down(code, self._clock.now())
            return self.tell(payment)
        payment.decline(code, self._clock.now())
        self._journal.write(Kind.FAILED, payment, payment.terms.amount)
        return self.tell(payment)

    def take(self, payment: Payment, amount: int | None) -> None:
        """Captures what is held, or as much of it as the faults of the moment allow."""
        wanted = payment.amount_authorized if amount is None else amount
        strikes = self._faults.strike(CAPTURING, payment.terms.merchant_ref, payment.id)
        if strikes:
            wanted = max(1, min(strikes[0].whole("amount", wanted // 2), wanted))
        taken = payment.capture(wanted, self._clock.now())
        self._journal.write(Kind.CAPTURED, payment, taken)
        if payment.outcome.is_charged_back:
            self._agenda.at(self._clock.now() + CHARGE_BACK_SECONDS, partial(self._charge_back, payment))

    def expire(self, payment: Payment) -> None:
        """Closes a payment whose time has run out undecided."""
        if payment.status in UNDECIDED:
            payment.expire(self._clock.now())
            self._journal.write(Kind.EXPIRED, payment, payment.terms.amount)
            self.tell(payment)

    def pay_back(self, payment: Payment, refund: Refund) -> None:
        """Carries out a promised refund, or lets it fail a little later where the card says so."""
        if payment.outcome.refund_fails:
            due = self._clock.now() + REFUND_FAILURE_SECONDS
            self._agenda.at(due, partial(self._fail_refund, payment, refund))
            return
        now = self._clock.now()
        payment.give_back(refund.amount, now)
        refund.end(RefundStatus.SUCCEEDED, now)
        self._journal.write(Kind.REFUNDED, payment, refund.amount)
        self.tell(payment, refund)

    def tell(self, payment: Payment, refund: Refund | None = None) -> Deed:
        """Lets the shop know, and answers who can be waited for."""
        snapshot = copy.copy(payment)
        return Deed(snapshot, self.announce(snapshot, copy.copy(refund)))

    def _approve(self, payment: Payment) -> Deed:
        payment.authorize(self._clock.now())
        if payment.terms.is_manual:
            self._journal.write(Kind.AUTHORIZED, payment, payment.amount_authorized)
        else:
            self.take(payment, None)
        return self.tell(payment)

    def _approve_late(self, payment: Payment) -> None:
        if payment.status is Status.PENDING:
            self._approve(payment)

    def _charge_back(self, payment: Payment) -> None:
        if payment.status in REFUNDABLE:
            payment.charge_back(self._clock.now())
            self._journal.write(Kind.CHARGED_BACK, payment, payment.amount_captured - payment.amount_refunded)
            self.tell(payment)

    def _fail_refund(self, payment: Payment, refund: Refund) -> None:
        now = self._clock.now()
        payment.keep_after_all(refund.amount, now)
        refund.end(RefundStatus.FAILED, now)
        self.tell(payment, refund)
