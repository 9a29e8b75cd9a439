"""The janitor: settles what callbacks missed, and frees what nobody paid in time."""

import logging
from datetime import timedelta

import attrs

from application.asking import AskGateway
from application.locking import lock_payment
from application.phases import in_one_transaction
from application.questions import Question
from application.storage import UnitOfWork
from application.trouble import GatewayTrouble
from domain.bill import BillState
from domain.ids import JANITOR, PaymentId
from domain.payment import Payment

log = logging.getLogger("kassa.janitor")

EXPIRED = "nobody paid in time"
ENDED = "the attempt had ended"


@attrs.frozen(kw_only=True)
class LookAfterPayments:
    """Looks at each payment that is due, asks its gateway, and ends those whose hold has run out."""

    ask: AskGateway

    def __call__(self) -> int:
        """Look at the payment that is due longest, if any; answers how many that were.

        One at a time, so that what a crash leaves behind is soon free again.
        """
        now = self.ask.clock.now()
        until = now + self.ask.policy.look_patience
        due = in_one_transaction(self.ask.begin, lambda uow: uow.payments.claim_due(now, until, 1))
        for payment_id in due:
            self._look_safely(payment_id)
        return len(due)

    def _look_safely(self, payment_id: PaymentId) -> None:
        try:
            self._look(payment_id)
        except Exception:
            # Whatever it was, the next payment must not wait for it, and this one comes again.
            log.exception("looking at a payment failed", extra={"payment_id": payment_id})

    def _look(self, payment_id: PaymentId) -> None:
        payment, method = self.ask.look_up(payment_id)
        if payment.is_offline:
            in_one_transaction(self.ask.begin, lambda uow: self._expire(uow, payment_id))
            return
        try:
            self.ask(payment, method, self._question(payment))
        except GatewayTrouble as trouble:
            log.warning("the gateway was silent: %s", trouble.detail, extra={"payment_id": payment_id})
            pause = timedelta(seconds=trouble.retry_after_seconds or 0)
            in_one_transaction(self.ask.begin, lambda uow: self._look_later(uow, payment, pause))

    def _question(self, payment: Payment) -> Question:
        """What news named comes first, for it may be the money; the bill's own number has its turn soon."""
        if payment.bill.named_number is not None:
            return Question(by=JANITOR, number=payment.bill.named_number)
        return Question(by=JANITOR, closing=self._closing(payment))

    def _closing(self, payment: Payment) -> str | None:
        if payment.bill.state is BillState.FAILED:
            return ENDED
        return EXPIRED if payment.is_overdue(self.ask.clock.now()) else None

    def _expire(self, uow: UnitOfWork, payment_id: PaymentId) -> None:
        payment, _ = lock_payment(uow, payment_id)
        if payment.is_open and self._closing(payment):
            payment.fail(EXPIRED, JANITOR, self.ask.clock.now())
            uow.payments.save(payment)

    def _look_later(self, uow: UnitOfWork, asked: Payment, pause: timedelta) -> None:
        (payment,) = uow.payments.lock([asked.id])
        policy, now = self.ask.policy, self.ask.clock.now()
        if payment.version == asked.version:
            watched_until = policy.watched_until(payment.created_at)
            payment.look_later(now, max(policy.first_look, pause), watched_until, is_answered=False)
        else:
            payment.give_claim_back(asked.look_at, now, policy.first_look)
        uow.payments.save(payment)
