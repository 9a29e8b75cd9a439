"""Asking a gateway and settling a payment by its answer: what callbacks, returns, staff and janitor share."""

from collections.abc import Callable
from datetime import datetime

import attrs

from application.connecting import Gateways, can_ask, can_end, may_be_taken
from application.gateways import (
    ClosesBills,
    CollectsApproved,
    Gateway,
    HoldsMoney,
)
from application.guarding import Lane
from application.locking import can_be_had, lock_payment, payment_subjects
from application.phases import in_one_transaction
from application.policy import (
    ABSENT_LOOKS_MIN,
    HEARING_SHARE_PATIENCE_SECONDS,
    SHARE_PATIENCE_SECONDS,
    Policy,
)
from application.ports import Clock
from application.questions import Answer, Question
from application.storage import Begin, UnitOfWork
from domain.bill import BillState
from domain.errors import NotFound
from domain.ids import JANITOR, Actor, PaymentId, gateway
from domain.methods import PaymentMethod
from domain.payment import Payment, Settlement
from domain.verdict import Verdict, VerdictStatus

MAY_BE_TAKEN = "it is over, and its gateway does not tell whether it only holds the money or has taken it"


@attrs.frozen(kw_only=True)
class AskGateway:
    """Asks how a payment stands and makes the one transition that the answer calls for."""

    begin: Begin
    gateways: Gateways
    clock: Clock
    policy: Policy

    def __call__(self, payment: Payment, method: PaymentMethod, question: Question) -> Answer | None:
        """Settle a payment by its gateway's own word; None where nobody is asked.

        Raises: GatewayTrouble, when nothing has changed.
        """
        connected = self.gateways.of(method)
        if connected is None:
            return None
        verdict = self._ask(connected, payment, question)
        return in_one_transaction(
            self.begin, lambda uow: self._settle(uow, payment, verdict, question, connected)
        )

    def look_up(self, payment_id: PaymentId) -> tuple[Payment, PaymentMethod]:
        """A payment and its method. Raises: NotFound."""
        with self.begin() as uow:
            payment = uow.payments.get(payment_id)
            method = uow.methods.get(payment.method_id) if payment else None
        if payment is None or method is None:
            raise NotFound("there is no such payment")
        return payment, method

    def look_soon(self, payment_id: PaymentId, inbox_id: int, number: str | None) -> None:
        """There was news that could not be confirmed: the janitor asks shortly, about that number first."""

        def phase(uow: UnitOfWork) -> None:
            uow.inbox.conclude(inbox_id, "unconfirmed", None)
            (payment,) = uow.payments.lock([payment_id])
            before = payment.look_at, payment.looks, payment.bill.named_number
            payment.look_soon(self.clock.now(), self.policy.first_look, number)
            # Whoever keeps sending news must not keep changing what somebody else has asked about.
            if (payment.look_at, payment.looks, payment.bill.named_number) != before:
                uow.payments.save(payment)

        in_one_transaction(self.begin, phase)

    def _ask(self, connected: Gateway, payment: Payment, question: Question) -> Verdict:
        if question.number is None and not can_ask(connected, payment):
            return Verdict(status=VerdictStatus.ABSENT)
        guards, code = self.gateways.guards, payment.method_code
        lane = Lane.JANITOR if question.by == JANITOR else Lane.SERVING
        within_seconds, since = question.within_seconds, guards.monotonic()
        patience = SHARE_PATIENCE_SECONDS if within_seconds is None else HEARING_SHARE_PATIENCE_SECONDS
        with guards.turn(connected, code, lane, patience) as turn:

            def left() -> float | None:
                # What was spent waiting for the turn, or for an answer before, is not there any more.
                return None if within_seconds is None else within_seconds - (guards.monotonic() - since)

            return turn.use(lambda: self._asked(connected, payment, question, left))

    def _asked(
        self, connected: Gateway, payment: Payment, question: Question, left: Callable[[], float | None]
    ) -> Verdict:
        order_id, known = payment.order_id, payment.bill.transaction_id
        if question.number is not None:
            return connected.verify(order_id, question.number, left())
        verdict = connected.verify(order_id, known, left())
        transaction_id = known or verdict.transaction_id
        if not question.closing:
            wanted = transaction_id if _may_collect(payment, verdict) else None
            if wanted is not None and isinstance(connected, CollectsApproved):
                return connected.collect(order_id, wanted, left())
            return verdict
        if verdict.status is VerdictStatus.PENDING and isinstance(connected, ClosesBills):
            return connected.close(order_id, transaction_id)
        is_held = verdict.status is VerdictStatus.AUTHORISED and connected.capabilities.tells_holds
        if is_held and transaction_id is not None and isinstance(connected, HoldsMoney):
            return connected.void(order_id, transaction_id)
        return verdict

    def _settle(
        self, uow: UnitOfWork, asked: Payment, verdict: Verdict, question: Question, connected: Gateway
    ) -> Answer:
        now = self.clock.now()
        payment, orders = lock_payment(uow, asked.id)
        by = question.by or gateway(payment.method_code)
        if question.number is not None:
            payment.has_heard_of(question.number)
        if question.number is not None and question.number != payment.bill.transaction_id:
            owner = uow.payments.by_number(payment.method_id, question.number)
            if owner or payment.bill.transaction_id or not verdict.names(payment.order_id, question.number):
                return self._settle_other(uow, payment, verdict, question, by, is_anothers=owner is not None)
        deliverable = _may_settle(payment, verdict, question) and can_be_had(uow, payment, orders, by, now)
        settlement = payment.settle(
            verdict,
            deliverable=deliverable,
            by=by,
            now=now,
            by_person=question.by_person,
            closing=question.closing,
        )
        if settlement is Settlement.UNCHANGED and payment.version == asked.version:
            self._go_on(payment, verdict.status, question, connected, by, now)
        elif settlement is Settlement.UNCHANGED and by == JANITOR:
            # What changed after we asked may be why there was nothing to hear: then it decides nothing.
            payment.give_claim_back(asked.look_at, now, self.policy.first_look)
        has_ended = payment.bill.state is BillState.FAILED
        is_done = has_ended and question.then is not None and question.then(uow, orders)
        if settlement is Settlement.APPLIED and has_ended and verdict.decline:
            uow.failures.add(payment_subjects(payment.customer_id, payment.order_ids), now)
        _conclude(uow, question, settlement)
        uow.payments.save(payment)
        return Answer(verdict.status, is_done)

    def _settle_other(
        self,
        uow: UnitOfWork,
        payment: Payment,
        verdict: Verdict,
        question: Question,
        by: Actor,
        *,
        is_anothers: bool,
    ) -> Answer:
        """What was found under the number that news named is not surely this payment."""
        assert question.number is not None  # noqa: S101 -- it is what was asked about
        settlement = payment.settle_other(
            verdict, question.number, is_anothers=is_anothers, by=by, now=self.clock.now()
        )
        if settlement is not Settlement.REVIEW and question.by == JANITOR:
            payment.look_soon(self.clock.now(), self.policy.first_look)
        _conclude(uow, question, settlement)
        uow.payments.save(payment)
        return Answer(verdict.status, is_done=False)

    def _go_on(
        self,
        payment: Payment,
        status: VerdictStatus,
        question: Question,
        connected: Gateway,
        by: Actor,
        now: datetime,
    ) -> None:
        """Nothing is decided yet: end it if it was to be closed and that is sure, else look again.

        What could be paid there all the same is watched for a while: what cannot be ended there, and
        what the gateway once opened, though it says that it knows nothing of it. Its key may lead to
        another account meanwhile. What may be taken already is for a person, once its time is over.
        """
        if question.closing and may_be_taken(connected, status):
            if by == JANITOR:
                payment.review(MAY_BE_TAKEN, by, now)
            return
        is_absent = status is VerdictStatus.ABSENT
        sure = not question.patient or payment.looks >= ABSENT_LOOKS_MIN
        looks_again = by == JANITOR and payment.look_at is not None
        if question.closing and (sure if is_absent else not can_end(connected, status)):
            if payment.is_open:
                payment.fail(question.closing, by, now)
            payment.stop_looking()
            looks_again = not is_absent or payment.bill.was_opened
        if looks_again:
            payment.look_later(now, self.policy.first_look, self.policy.watched_until(payment.created_at))


def _conclude(uow: UnitOfWork, question: Question, settlement: Settlement) -> None:
    if question.inbox_id is not None:
        uow.inbox.conclude(question.inbox_id, "settled", str(settlement))


def _may_collect(payment: Payment, verdict: Verdict) -> bool:
    """Whether the customer agreed to pay exactly this bill, and somebody still waits for the money."""
    is_ours = verdict.is_about(payment.order_id, payment.bill.transaction_id)
    return verdict.is_approved and payment.is_under_way and is_ours and not verdict.mismatch(payment.amount)


def _may_settle(payment: Payment, verdict: Verdict, question: Question) -> bool:
    """Whether this answer is money for exactly this bill, and nobody but a person stands in its way."""
    if verdict.status is not VerdictStatus.SUCCEEDED or payment.bill.state is BillState.PAID:
        return False
    if payment.bill.state is BillState.REVIEW and not question.by_person:
        return False
    is_ours = verdict.is_about(payment.order_id, payment.bill.transaction_id)
    return is_ours and verdict.mismatch(payment.amount) is None
