"""What others do between two steps of a use case: whoever is later goes by what is so by then."""

import pytest

from application.locking import lock_orders, lock_payment
from application.reactions import BUS
from application.storage import StaleVersion
from domain.bill import BillState, PaymentStatus
from domain.errors import Conflict, GatewayUnavailable, PaymentRefused
from domain.ids import KEY_HOLDER, OrderKey, PaymentId
from domain.order_status import OrderStatus
from tests.world import STAFF, World


@pytest.fixture
def world() -> World:
    return World()


def only_order_key(world: World) -> OrderKey:
    """The key of the one order that there is, which its checkout has not told yet."""
    (view,) = (order for order in world.store.tables.orders.values())
    return view.key


def give_up(world: World) -> None:
    """The order is cancelled by its key."""
    world.app.cancel_order(order_key=only_order_key(world), by=KEY_HOLDER)


class TestAnOrderGivenUpWhileItsPaymentIsBeingOpened:
    @pytest.fixture(autouse=True)
    def quick_customer(self, world: World) -> None:
        """The customer gives up in another window before the gateway has answered."""
        world.fill(2)
        world.bank.meanwhile("initiate", lambda: give_up(world))

    def test_is_not_paid_when_the_gateway_opened_it(self, world: World) -> None:
        """The customer is not sent to pay for what was given up, and the bank takes no money."""
        with pytest.raises(Conflict):
            world.check_out()

        payment = world.payment(PaymentId(1))
        assert payment.status is PaymentStatus.FAILED
        assert world.bank.status(payment.order_id) == "canceled"
        assert world.stock() == (5, 0)

    def test_stays_given_up_when_the_gateway_refused(self, world: World) -> None:
        """A refusal finds the payment over already."""
        world.bank.refuse()

        with pytest.raises(PaymentRefused):
            world.check_out()

        assert world.payment(PaymentId(1)).failure == "an order was cancelled"
        order = world.app.queries.order(only_order_key(world))
        assert order is not None and order.status is OrderStatus.CANCELLED

    def test_stays_given_up_when_the_gateway_broke_off(self, world: World) -> None:
        """Trouble puts nothing in doubt that is over."""
        world.bank.trouble(operation="initiate", done=True)

        with pytest.raises(GatewayUnavailable):
            world.check_out()

        assert world.payment(PaymentId(1)).bill.state is BillState.FAILED


class TestTheJanitorWhoComesTooLate:
    def test_does_not_expire_what_staff_have_just_approved(self, world: World) -> None:
        """Between seeing that it is due and ending it, the money was found."""
        world.method("slow", backend="manual", auto_approve=False, settings={"hold_minutes": 5})
        out = world.buy(2, "slow")
        world.clock.turn(minutes=6)
        claiming_looking_and_ending = 3
        world.meanwhile(
            claiming_looking_and_ending,
            lambda: world.app.approve_payment(payment_id=out.payment.id, by=STAFF),
        )

        world.app.look_after_payments()

        assert world.payment(out.payment).status is PaymentStatus.SUCCESS
        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING

    def test_makes_nothing_of_what_it_heard_before_the_payment_was_opened(self, world: World) -> None:
        """That there was no such payment is no reason to believe it less the next time."""
        world.fill(2)
        world.bank.trouble(operation="initiate")
        with pytest.raises(GatewayUnavailable):
            world.check_out()
        world.clock.turn(minutes=31)
        claiming_looking_and_ending = 3
        world.meanwhile(claiming_looking_and_ending, world.check_out)

        world.app.look_after_payments()

        payment = world.payment(PaymentId(1))
        assert (payment.bill.state, payment.looks) == (BillState.WAITING, 1)

    def test_does_not_put_off_the_look_that_somebody_else_has_planned(self, world: World) -> None:
        """The gateway was silent for so long that another janitor has looked meanwhile."""
        out = world.buy(2)
        world.clock.turn(minutes=2)

        def another_looks() -> None:
            world.clock.turn(minutes=1)
            assert world.app.look_after_payments() == 1

        world.bank.trouble(operation="verify", done=True, retry_after_seconds=600)
        world.bank.meanwhile("verify", another_looks)
        world.app.look_after_payments()

        payment = world.payment(out.payment)
        assert payment.look_at is not None
        assert (payment.look_at - world.clock.now()).total_seconds() == 10
        assert payment.looks == 2

    def test_plans_no_look_at_what_a_callback_has_just_settled(self, world: World) -> None:
        """The gateway broke off, but not before it had told us."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id)
        world.bank.trouble(operation="verify", done=True)
        world.bank.meanwhile("verify", lambda: world.hear(out.payment))
        world.clock.turn(minutes=2)

        world.app.look_after_payments()

        assert world.payment(out.payment).status is PaymentStatus.SUCCESS
        assert world.payment(out.payment).look_at is None


class TestOrdersThatChangeHandsWhileWeWait:
    """Only a database with several writers lets that happen, so here a lock is made to show it."""

    def test_of_a_failed_payment_make_us_begin_again(self, world: World) -> None:
        """The attempt that took on the order was not locked before it, as the order of locks wants."""
        out = world.buy(2)
        world.bank.decline(out.payment.order_id)
        world.hear(out.payment)

        with world.store.begin(BUS) as uow:
            (order,) = uow.orders.lock(out.payment.order_ids)
            looked_at, order.payment_id = world.order(out.orders[0]), PaymentId(2)
            uow.orders.find = lambda ids: [looked_at]  # type: ignore[method-assign]

            with pytest.raises(StaleVersion):
                lock_payment(uow, out.payment.id)

    def test_make_us_begin_again_when_they_are_to_be_paid(self, world: World) -> None:
        """The payment they waited for when they were looked at is not the one they wait for now."""
        out = world.buy(2)
        looked_at = world.order(out.orders[0])
        world.bank.decline(out.payment.order_id)
        world.hear(out.payment)
        world.pay(looked_at)

        with world.store.begin(BUS) as uow, pytest.raises(StaleVersion):
            lock_orders(uow, [looked_at])
