"""A gateway that is guarded against: who is turned away, and what is done nevertheless."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from application.breaker import BreakerState
from application.guarding import Lane
from application.landing import Outcome
from domain.bill import BillState, PaymentStatus
from domain.errors import EmptyCart, GatewayUnavailable
from domain.ids import JANITOR, MethodCode
from domain.order_status import OrderStatus
from domain.payment import Payment
from tests.world import STAFF, World

CARD = MethodCode("card")


@pytest.fixture
def world() -> World:
    return World()


def break_the_gateway(world: World, payment: Payment) -> None:
    """Staff ask twenty times in vain; afterwards it would answer, if anybody asked."""
    world.bank.trouble(20, operation="verify")
    for _ in range(20):
        with pytest.raises(GatewayUnavailable):
            world.app.verify_bill(payment_id=payment.id, by=STAFF)
    world.bank.recover()
    assert world.app.guards.states() == {CARD: BreakerState.OPEN}


@contextmanager
def waiting(world: World, lane: Lane = Lane.SERVING) -> Iterator[None]:
    """All of the gateway's share of the threads waits for it meanwhile."""
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(world.app.guards.turn(world.bank, CARD, lane))
        yield


class TestCheckingOut:
    def test_writes_nothing_while_the_breaker_is_open(self, world: World) -> None:
        """No order, no payment, no reservation, no call: 503 with the time to come back."""
        first = world.buy(1)
        break_the_gateway(world, first.payment)
        world.fill(2)
        orders, calls = len(world.store.tables.orders), len(world.bank.calls)

        with pytest.raises(GatewayUnavailable) as caught:
            world.check_out()

        assert (caught.value.order_keys, caught.value.retry_after_seconds) == ((), 5)
        assert (len(world.store.tables.orders), len(world.bank.calls)) == (orders, calls)
        assert world.stock() == (5, 1)

    def test_writes_nothing_while_the_share_is_in_use(self, world: World) -> None:
        """And is told to come back in a second."""
        world.fill(2)
        with waiting(world), pytest.raises(GatewayUnavailable) as caught:
            world.check_out()

        assert (caught.value.order_keys, caught.value.retry_after_seconds) == ((), 1)
        assert world.store.tables.orders == {}
        assert world.check_out().payment.bill.state is BillState.WAITING

    def test_goes_on_by_other_methods(self, world: World) -> None:
        """They have nothing to do with that gateway."""
        with waiting(world):
            assert world.buy(2, "cash").payment.status is PaymentStatus.SUCCESS

    def test_tries_the_gateway_out_after_a_pause(self, world: World) -> None:
        """The first who comes then is let through; when it works, everybody is."""
        first = world.buy(1)
        break_the_gateway(world, first.payment)
        world.clock.turn(seconds=5)

        with pytest.raises(EmptyCart):
            empty = world.customer_called("murad")
            world.check_out(customer=empty)
        murad = world.customer_called("leyla")
        world.fill(1, customer=murad)
        world.check_out(customer=murad)

        assert world.app.guards.states() == {CARD: BreakerState.CLOSED}


class TestHearing:
    def test_keeps_and_acknowledges_callbacks_all_the_same(self, world: World) -> None:
        """What it says is looked into as soon as the gateway may be asked again."""
        out = world.buy(2)
        break_the_gateway(world, out.payment)
        world.bank.confirm(out.payment.order_id)

        world.hear(out.payment)
        at_once = world.payment(out.payment).status
        world.clock.turn(seconds=5)
        world.app.look_after_payments()

        (entry,) = world.store.tables.inbox.values()
        assert (entry.verdict, at_once) == ("unconfirmed", PaymentStatus.PENDING)
        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING

    def test_sends_returning_customers_on(self, world: World) -> None:
        """Undecided, without waiting for a place."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id)
        back = world.bank.callback(out.payment.order_id, method="GET", now=world.clock.now().timestamp())
        with waiting(world):
            landing = world.app.hear_callback.land(code=CARD, order_id=None, received=back)

        assert landing.outcome is Outcome.PENDING


class TestTheJanitor:
    def test_waits_out_the_breaker(self, world: World) -> None:
        """It asks nobody meanwhile, and the hold stays, deadline or not."""
        out = world.buy(2)
        world.clock.turn(minutes=31)
        break_the_gateway(world, out.payment)
        asked = len(world.bank.called("verify"))

        assert world.app.look_after_payments() == 1
        assert (len(world.bank.called("verify")), world.order(out.orders[0]).status) == (asked, "HOLD")

        world.clock.turn(minutes=1)
        world.app.look_after_payments()
        assert world.order(out.orders[0]).status is OrderStatus.FAILED

    def test_has_a_share_of_its_own(self, world: World) -> None:
        """Those who serve do not take its places, and its own are limited too."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id)
        world.clock.turn(minutes=31)
        with waiting(world, Lane.JANITOR):
            world.app.look_after_payments()
            before = world.payment(out.payment).status
        world.clock.turn(minutes=1)
        with waiting(world):
            world.app.look_after_payments()

        assert (before, world.payment(out.payment).status) == (PaymentStatus.PENDING, PaymentStatus.SUCCESS)


class TestHeldMoney:
    def test_is_let_go_at_the_deadline(self, world: World) -> None:
        """Held and never taken: the hold ends there before it ends here."""
        out = world.buy(2)
        world.bank.authorise(out.payment.order_id)
        world.hear(out.payment)
        assert world.payment(out.payment).bill.state is BillState.AUTHORISED
        world.clock.turn(minutes=31)

        world.app.look_after_payments()

        assert world.bank.status(out.payment.order_id) == "canceled"
        assert world.order(out.orders[0]).status is OrderStatus.FAILED
        assert world.order(out.orders[0]).history[-1].by == JANITOR
