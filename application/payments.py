"""What happens to payments after checkout: news from gateways, staff's word, giving up."""

from collections.abc import Sequence

import attrs

from application.asking import AskGateway
from application.locking import lock_goods, lock_orders, lock_payment
from application.phases import in_one_transaction
from application.ports import Clock
from application.questions import Question
from application.storage import Begin, UnitOfWork
from application.trouble import GatewayTrouble, TroubleKind
from application.wallets import give_back
from domain.bill import BillState
from domain.errors import (
    Conflict,
    GatewayUnavailable,
    IllegalTransition,
    NotFound,
    OrderAlreadyPaid,
    PaymentUnderWay,
)
from domain.ids import Actor, OrderKey, PaymentId
from domain.order import Order
from domain.order_status import OrderStatus
from domain.payment import Payment
from domain.verdict import VerdictStatus

CANCEL_ROUNDS_MAX = 3

NOT_COMING = "staff say that the money will not come"
HELD_THERE = "the gateway holds the money of this order, and has to let go of it there first"
ONLY_GATEWAY = "only its gateway can say that this order's payment failed"


@attrs.frozen(kw_only=True)
class VerifyBill:
    """Staff have the gateway asked how a bill stands; their asking may also end a review."""

    ask: AskGateway

    def __call__(self, *, payment_id: PaymentId, by: Actor) -> None:
        """Raises: NotFound, GatewayUnavailable when the gateway does not answer sensibly."""
        payment, method = self.ask.look_up(payment_id)
        try:
            self.ask(payment, method, Question(by=by, by_person=True))
        except GatewayTrouble as trouble:
            raise GatewayUnavailable(
                trouble.detail, retry_after_seconds=trouble.retry_after_seconds or 5
            ) from trouble


@attrs.frozen(kw_only=True)
class ApprovePayment:
    """Staff approve: for `manual` that the money is there, else that paid orders may go on."""

    begin: Begin
    clock: Clock

    def __call__(self, *, payment_id: PaymentId, by: Actor) -> None:
        """Approving again changes nothing. Raises: NotFound, NotYetPaid, Conflict."""

        def phase(uow: UnitOfWork) -> None:
            payment, orders = lock_payment(uow, payment_id)
            if all(order.status is OrderStatus.CANCELLED for order in orders):
                raise Conflict("every order of the payment was cancelled")
            payment.approve(by, self.clock.now())
            uow.payments.save(payment)

        in_one_transaction(self.begin, phase)


@attrs.frozen(kw_only=True)
class CancelOrder:
    """Gives an order up, which ends the payment under way; its other orders have then failed."""

    begin: Begin
    clock: Clock
    ask: AskGateway

    def __call__(self, *, order_key: OrderKey, by: Actor, reason: str | None = None) -> None:
        """Cancel, after the gateway has closed the open payment there.

        Raises: NotFound, OrderAlreadyPaid, IllegalTransition, Conflict under review, PaymentUnderWay
        while the gateway holds its money and will not or may not be told to let it go,
        GatewayUnavailable when the gateway does not say whether the customer has paid.
        """
        monotonic = self.ask.gateways.guards.monotonic
        since, asking_and_closing = monotonic(), 2
        for _ in range(CANCEL_ROUNDS_MAX):
            open_there = in_one_transaction(
                self.begin, lambda uow: self._cancel_here(uow, order_key, by, reason)
            )
            if open_there is None:
                return
            if not self.ask.policy.has_time_for(asking_and_closing, monotonic() - since):
                break
            if self._close_there(open_there, order_key, by, reason):
                return
        raise Conflict("the payment of this order cannot be closed just now")

    def _cancel_here(
        self, uow: UnitOfWork, order_key: OrderKey, by: Actor, reason: str | None
    ) -> PaymentId | None:
        """Cancel, unless a gateway has to close the payment first: then that payment's id."""
        seen = uow.orders.by_keys([order_key])
        if not seen:
            raise NotFound("there is no such order")
        payments, orders = lock_orders(uow, seen)
        order, now = orders[0], self.clock.now()
        ensure_cancellable(order)
        waiting = [payment for payment in payments if payment.is_open]
        if any(payment.bill.state is BillState.REVIEW for payment in waiting):
            raise Conflict("the payment of this order is under review")
        if any(not payment.is_offline for payment in waiting):
            return waiting[0].id
        lock_goods(uow, [o for p in payments for o in uow.orders.lock(p.order_ids)] or orders)
        for payment in payments if order.is_awaiting_approval else ():
            if payment.drew_on_wallet:
                give_back(uow, payment, order.total, f"order {order.number} was cancelled", by, now)
            else:
                payment.owe(order, by, now)
                uow.payments.save(payment)
        order.cancel(by, now, reason)
        uow.orders.save(order)
        for payment in waiting:
            payment.fail("an order was cancelled", by, now)
            uow.payments.save(payment)
        return None

    def _close_there(self, payment_id: PaymentId, order_key: OrderKey, by: Actor, reason: str | None) -> bool:
        """Whether the payment has ended without money, and the order with it."""

        def then(uow: UnitOfWork, orders: Sequence[Order]) -> bool:
            order = next(order for order in orders if order.key == order_key)
            if order.payment_id != payment_id:
                return False  # A newer attempt has taken it on meanwhile, and has to be closed as well.
            order.cancel(by, self.clock.now(), reason)
            uow.orders.save(order)
            return True

        payment, method = self.ask.look_up(payment_id)
        question = Question(by=by, closing="an order was cancelled", patient=False, then=then)
        try:
            answer = self.ask(payment, method, question)
        except GatewayTrouble as trouble:
            raise GatewayUnavailable(trouble.detail, [order_key]) from trouble
        if answer is not None and answer.status is VerdictStatus.AUTHORISED:
            raise PaymentUnderWay(order_key, payment.bill.next_step, HELD_THERE)
        return answer is not None and answer.is_done


def ensure_cancellable(order: Order) -> None:
    """Raises: OrderAlreadyPaid, IllegalTransition."""
    if order.is_paid and not order.is_awaiting_approval:
        raise OrderAlreadyPaid(order.key)
    if OrderStatus.CANCELLED not in order.next_statuses:
        raise IllegalTransition(f"an order in {order.status} cannot be cancelled")


@attrs.frozen(kw_only=True)
class MoveOrder:
    """Staff move an order on: shipped, delivered, completed; cancelled; or failed where only they know."""

    begin: Begin
    clock: Clock
    cancel: CancelOrder

    def __call__(self, *, order_key: OrderKey, to: OrderStatus, by: Actor, reason: str | None = None) -> None:
        """Raises: NotFound, IllegalTransition, and what CancelOrder raises."""
        if to is OrderStatus.CANCELLED:
            self.cancel(order_key=order_key, by=by, reason=reason)
        elif to is OrderStatus.FAILED:
            self._fail(order_key, by, reason or NOT_COMING)
        else:
            in_one_transaction(self.begin, lambda uow: self._fulfil(uow, order_key, to, by, reason))

    def _fulfil(self, uow: UnitOfWork, key: OrderKey, to: OrderStatus, by: Actor, reason: str | None) -> None:
        order = self._seen(uow, key)
        (order,) = uow.orders.lock([order.id])
        order.fulfil(to, by, self.clock.now(), reason)
        uow.orders.save(order)

    def _fail(self, key: OrderKey, by: Actor, reason: str) -> None:
        """Fail what no gateway can tell: where there is none, or the hold is over and it will not say.

        Silence is not enough, nor that our key is refused, since its gateway may tell later; and what
        is told decides by itself.
        """
        untold = in_one_transaction(self.begin, lambda uow: self._fail_here(uow, key, by, reason, None))
        if untold is None:
            return
        payment, method = self.cancel.ask.look_up(untold)
        question = Question(by=by, closing=reason, patient=False, then=lambda uow, orders: True)
        try:
            answer = self.cancel.ask(payment, method, question)
        except GatewayTrouble as trouble:
            if not trouble.is_answer or trouble.kind is TroubleKind.CONFIG:
                raise GatewayUnavailable(trouble.detail, [key]) from trouble
            in_one_transaction(self.begin, lambda uow: self._fail_here(uow, key, by, reason, untold))
        else:
            if answer is None or not answer.is_done:
                raise IllegalTransition(ONLY_GATEWAY)

    def _fail_here(
        self, uow: UnitOfWork, key: OrderKey, by: Actor, reason: str, untold: PaymentId | None
    ) -> PaymentId | None:
        """Fail the payment, unless its gateway has to be asked first: then that payment's id."""
        payments, orders = lock_orders(uow, [self._seen(uow, key)])
        now = self.clock.now()
        doubtful = [each for each in payments if each.is_open and (each.is_offline or each.is_overdue(now))]
        if not doubtful or orders[0].status is not OrderStatus.HOLD:
            raise IllegalTransition(ONLY_GATEWAY)
        payment: Payment = doubtful[0]
        if not payment.is_offline and payment.id != untold:
            return payment.id
        lock_goods(uow, uow.orders.lock(payment.order_ids))
        # It is looked at as before, for money that comes late.
        payment.fail(reason, by, now, still_open_there=not payment.is_offline)
        uow.payments.save(payment)
        return None

    def _seen(self, uow: UnitOfWork, key: OrderKey) -> Order:
        seen = uow.orders.by_keys([key])
        if not seen:
            raise NotFound("there is no such order")
        return seen[0]
