"""Deciding what another checkout means for payments that are already under way (contract 3.6)."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import attrs

from application.connecting import Gateways, can_ask
from application.ports import Clock
from application.purchasing import Wish
from application.questions import Answer
from application.storage import UnitOfWork
from domain.bill import BillState
from domain.errors import GatewayUnavailable, PaymentUnderWay
from domain.ids import PaymentId
from domain.methods import PaymentMethod
from domain.order import Order
from domain.payment import Payment
from domain.verdict import VerdictStatus

# What the gateway said about each payment asked about; None where it was silent.
Answers = Mapping[PaymentId, Answer | None]


class Course(StrEnum):
    """What to do about a payment that is under way."""

    RESUME = "resume"
    REPLACE = "replace"


class AskFirst(Exception):
    """The gateway has to be asked about this payment before anything can be decided."""

    def __init__(self, payment_id: PaymentId) -> None:
        super().__init__(payment_id)
        self.payment_id = payment_id


@attrs.frozen(kw_only=True)
class Decide:
    """Decides, under lock, what becomes of a payment under way when somebody checks out again."""

    gateways: Gateways
    clock: Clock

    def course(
        self,
        uow: UnitOfWork,
        payment: Payment,
        method: PaymentMethod,
        orders: Sequence[Order],
        wish: Wish,
        answers: Answers,
    ) -> Course:
        """Resume the payment, replace it, or refuse.

        Raises: AskFirst; PaymentUnderWay when the customer may be paying it already or staff
        have to decide; GatewayUnavailable when only its silent gateway could tell.
        """
        same_method = method.id == payment.method_id
        if wish.instead and payment.method_code == wish.method:
            # Something may have been created at the gateway that is left alone: no second one then.
            raise GatewayUnavailable("the gateway failed too often just now, and may know of this payment")
        if payment.bill.state is BillState.REVIEW:
            raise self._under_way(payment, orders, "the payment is under review")
        if payment.is_being_opened(self.clock.now()):
            raise self._under_way(payment, orders, "the payment is just being opened")
        if payment.is_offline:
            if same_method:
                raise self._under_way(payment, orders, "the shop is waiting for the money")
            return Course.REPLACE
        if payment.id in answers:
            return self._after_asking(payment, same_method, orders, answers[payment.id])
        if self._can_ask(uow, payment):
            raise AskFirst(payment.id)
        # The gateway opened nothing that anybody has seen, and cannot be asked: it is abandoned.
        return Course.REPLACE

    def _after_asking(
        self, payment: Payment, same_method: bool, orders: Sequence[Order], answer: Answer | None
    ) -> Course:
        absent = answer is not None and answer.status is VerdictStatus.ABSENT
        if payment.bill.is_seen and not (absent and same_method):
            raise self._under_way(payment, orders, "the customer may be paying already")
        if payment.bill.state is BillState.AUTHORISED:
            raise self._under_way(payment, orders, "the gateway holds the money")
        covers = {order.id for order in orders} <= set(payment.order_ids)
        if not same_method or not covers:
            return Course.REPLACE
        if answer is None:
            keys = [order.key for order in orders]
            raise GatewayUnavailable("the gateway does not say how the payment stands", keys)
        return Course.RESUME

    def _can_ask(self, uow: UnitOfWork, payment: Payment) -> bool:
        method = uow.methods.get(payment.method_id)
        connected = self.gateways.of(method) if method else None
        return connected is not None and can_ask(connected, payment)

    def _under_way(self, payment: Payment, orders: Sequence[Order], why: str) -> PaymentUnderWay:
        keys = [order.key for order in orders if order.payment_id == payment.id] or [orders[0].key]
        return PaymentUnderWay(keys[0], payment.bill.next_step, why)
