"""What both ways of checking out share: decide in one transaction, ask where needed, then open."""

from collections.abc import Callable, Sequence

import attrs

from application.asking import AskGateway
from application.deciding import Answers, AskFirst, Course, Decide
from application.guarding import Lane, TurnedAway
from application.locking import ensure_few_failures, lock_goods
from application.opening import Attempt, CheckedOut, OpenPayment
from application.phases import in_one_transaction
from application.policy import CHECKOUT_ROUNDS_MAX
from application.purchasing import (
    Wish,
    customer_of,
    ensure_expected,
    ensure_payable,
    purchase_of,
    usable_method,
)
from application.questions import Answer, Question
from application.storage import UnitOfWork
from application.trouble import GatewayTrouble
from application.views import Queries
from domain.errors import GatewayUnavailable, StoreUnavailable
from domain.ids import Actor, PaymentId
from domain.methods import PaymentMethod
from domain.money import Money
from domain.order import Order
from domain.payment import Payment
from domain.people import Customer

# What one transaction decides, by the answers that there are so far.
Phase = Callable[[UnitOfWork, Wish, Answers], Attempt]


@attrs.frozen(kw_only=True)
class Checkout:
    """What both ways of checking out share: decide in one transaction, ask where needed, then open."""

    decide: Decide
    ask: AskGateway
    open: OpenPayment
    queries: Queries

    def run(self, wish: Wish, phase: Phase) -> CheckedOut:
        """Decide until nothing has to be asked first, then open the payment.

        Raises: GatewayUnavailable before anything is written while the gateway's breaker or its share
        of threads turns us away, and no other method takes over; StoreUnavailable.
        """
        answers, since = dict[PaymentId, Answer | None](), self.open.gateways.guards.monotonic()
        for _ in range(CHECKOUT_ROUNDS_MAX):
            try:
                return self._by_some_method(wish, phase, answers)
            except AskFirst as first:
                # Asked outside of our own turn, so that nobody holds two of them.
                answers[first.payment_id] = self._asked(first.payment_id, since)
        raise StoreUnavailable("too many payments of these orders are under way")

    def _by_some_method(self, wish: Wish, phase: Phase, answers: Answers) -> CheckedOut:
        chosen = self.queries.method(wish.method)
        try:
            return self._in_turn(chosen, wish, phase, answers)
        except TurnedAway as away:
            # A full share is over in a moment; only a gateway that is left alone has somebody take over.
            instead = chosen.rules.fallback if chosen and away.is_broken else None
            if instead is None:
                raise _unavailable(away) from away
        try:
            return self._in_turn(
                self.queries.method(instead), attrs.evolve(wish, instead=instead), phase, answers
            )
        except TurnedAway as away:
            raise _unavailable(away) from away

    def _in_turn(
        self, method: PaymentMethod | None, wish: Wish, phase: Phase, answers: Answers
    ) -> CheckedOut:
        gateways, code = self.open.gateways, wish.instead or wish.method
        connected = gateways.of(method) if method else None
        with gateways.guards.turn(connected, code, Lane.SERVING) as turn:
            attempt = in_one_transaction(self.open.begin, lambda uow: phase(uow, wish, answers))
            return self.open(attempt, turn)

    def pay_for(
        self,
        uow: UnitOfWork,
        orders: Sequence[Order],
        payments: Sequence[Payment],
        wish: Wish,
        answers: Answers,
        by: Actor,
    ) -> Attempt:
        """Begin, resume or replace the payment of existing orders. Raises: whatever forbids it."""
        ensure_payable(orders)
        method = usable_method(uow, wish, purchase_of(orders))
        self.ensure_few_failures(uow, orders)
        ensure_expected(wish.expected_total, Money.sum(order.total for order in orders))
        lock_goods(uow, uow.orders.lock({id_ for p in payments for id_ in p.order_ids}))
        open_now = [payment for payment in payments if payment.is_open]
        user = customer_of(uow, orders[0].customer_id)
        for payment in open_now:
            course = self.decide.course(uow, payment, method, orders, wish, answers)
            if course is Course.RESUME and len(open_now) == 1:
                return self.resume(uow, payment, method, wish, user)
        attempt = self.open.attempt(
            uow,
            orders,
            method,
            payment_id=uow.numbers(orders=0).payment,
            return_url=wish.return_url,
            by=by,
            user=user,
        )
        self.replace(uow, open_now, by)
        return attempt

    def resume(
        self, uow: UnitOfWork, payment: Payment, method: PaymentMethod, wish: Wish, user: Customer | None
    ) -> Attempt:
        """Open the same payment once more, under the same reference."""
        payment.return_url = wish.return_url or payment.return_url
        payment.call_gateway(self.open.clock.now(), self.open.policy.call_patience)
        uow.payments.save(payment)
        orders = tuple(uow.orders.lock(payment.order_ids))
        return Attempt(payment=payment, method=method, orders=orders, user=user)

    def replace(self, uow: UnitOfWork, payments: Sequence[Payment], by: Actor) -> None:
        """End attempts that nobody can have paid; those of their orders not taken on have failed."""
        for payment in payments:
            now, online = self.open.clock.now(), not payment.is_offline
            payment.fail("replaced by another attempt", by, now, still_open_there=online)
            uow.payments.save(payment)

    def ensure_few_failures(self, uow: UnitOfWork, orders: Sequence[Order]) -> None:
        """Raises: TooManyFailures for the account or one of the orders."""
        ids = [order.id for order in orders]
        ensure_few_failures(uow, orders[0].customer_id, ids, self.open.clock.now())

    def _asked(self, payment_id: PaymentId, since: float) -> Answer | None:
        spent_seconds, asking_and_opening = self.open.gateways.guards.monotonic() - since, 2
        if not self.open.policy.has_time_for(asking_and_opening, spent_seconds):
            return None
        payment, method = self.ask.look_up(payment_id)
        try:
            return self.ask(payment, method, Question())
        except GatewayTrouble:
            return None


def _unavailable(away: TurnedAway) -> GatewayUnavailable:
    # Nothing was written, so there is no order key to tell.
    return GatewayUnavailable(away.detail, (), away.retry_after_seconds or 1)
