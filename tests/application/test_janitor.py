"""The janitor: what callbacks missed is settled, what nobody paid in time is let go."""

import pytest

from application.gateways import Capabilities
from domain.bill import BillState, PaymentStatus
from domain.errors import GatewayUnavailable
from domain.order import OrderStatus
from tests.world import World


@pytest.fixture
def world() -> World:
    return World()


class TestSettlingWhatCallbacksMissed:
    def test_finds_a_payment_that_nobody_told_of(self, world: World) -> None:
        """The gateway took the money and its callback got lost."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id)
        world.clock.turn(seconds=6)

        assert world.app.look_after_payments() == 1

        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING
        assert world.payment(out.payment).look_at is None

    def test_looks_at_growing_intervals_without_news(self, world: World) -> None:
        """5, 10, 20, 40 and then every 60 seconds."""
        out = world.buy(2)
        pauses = []
        for _ in range(6):
            due = world.payment(out.payment).look_at
            assert due is not None
            pauses.append((due - world.clock.now()).total_seconds())
            world.clock.time = due
            world.app.look_after_payments()

        assert pauses == [5, 10, 20, 40, 60, 60]

    def test_settles_a_payment_whose_opening_was_never_answered(self, world: World) -> None:
        """Killed between the gateway's reply and our writing it down, we still find the money."""
        world.fill(2)
        world.bank.trouble(operation="initiate", done=True)
        with pytest.raises(GatewayUnavailable) as raised:
            world.check_out()
        order = world.app.queries.order(raised.value.order_keys[0])
        assert order is not None and order.payment_id is not None
        world.bank.confirm(world.payment(order.payment_id).order_id)
        world.clock.turn(seconds=6)

        world.app.look_after_payments()

        assert world.order(order).status is OrderStatus.PROCESSING

    def test_looks_again_when_the_gateway_is_silent(self, world: World) -> None:
        """Unknown is not failed, and one silent payment stops no other."""
        out = world.buy(2)
        world.bank.trouble(retry_after_seconds=30)
        world.clock.turn(seconds=6)

        world.app.look_after_payments()

        payment = world.payment(out.payment)
        assert payment.status is PaymentStatus.PENDING
        assert payment.look_at is not None
        assert (payment.look_at - world.clock.now()).total_seconds() >= 30

    def test_goes_on_with_the_others_when_one_payment_breaks_it(self, world: World) -> None:
        """Whatever goes wrong with one is the log's business."""
        first, other = world.buy(1), world.customer_called("murad")
        world.fill(1, customer=other)
        second = world.check_out(customer=other)
        world.bank.confirm(second.payment.order_id)
        world.clock.turn(seconds=6)

        def break_down() -> None:
            raise ZeroDivisionError

        world.bank.meanwhile("verify", break_down)
        assert [world.app.look_after_payments() for _ in range(3)] == [1, 1, 0]

        assert world.order(first.orders[0]).status is OrderStatus.HOLD
        assert world.order(second.orders[0]).status is OrderStatus.PROCESSING


class TestLettingUnpaidOrdersGo:
    def test_closes_the_bill_at_the_gateway_and_frees_the_goods(self, world: World) -> None:
        """The customer cannot pay what the shop no longer holds."""
        out = world.buy(2)
        world.clock.turn(minutes=31)

        world.app.look_after_payments()

        order, payment = world.order(out.orders[0]), world.payment(out.payment)
        assert (order.status, payment.status) == (OrderStatus.FAILED, PaymentStatus.FAILED)
        assert payment.failure == "nobody paid in time"
        assert world.bank.status(out.payment.order_id) == "canceled"
        assert world.stock() == (5, 0)
        assert world.cart() == {"kettle": 2}
        assert payment.look_at is None

    def test_keeps_the_hold_while_the_gateway_is_silent(self, world: World) -> None:
        """Without an answer nothing ends."""
        out = world.buy(2)
        world.clock.turn(minutes=31)
        world.bank.trouble(None)

        for _ in range(3):
            world.app.look_after_payments()
            world.clock.turn(minutes=2)

        assert world.order(out.orders[0]).status is OrderStatus.HOLD
        world.bank.recover()
        world.app.look_after_payments()
        assert world.order(out.orders[0]).status is OrderStatus.FAILED

    def test_takes_the_money_that_came_in_the_last_moment(self, world: World) -> None:
        """Paid between our question and our closing it: the order goes on."""
        out = world.buy(2)
        world.clock.turn(minutes=31)
        world.bank.meanwhile("verify", lambda: None)
        world.bank.confirm(out.payment.order_id)

        world.app.look_after_payments()

        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING

    def test_believes_no_such_payment_only_the_second_time(self, world: World) -> None:
        """A gateway may be slow to know what it has just opened."""
        out = world.buy(2)
        world.bank.forget(out.payment.order_id)
        world.clock.turn(minutes=31)
        world.payment(out.payment)

        world.app.look_after_payments()
        world.clock.turn(minutes=2)
        world.app.look_after_payments()

        assert world.order(out.orders[0]).status is OrderStatus.FAILED
        assert len(world.bank.called("verify")) >= 2

    def test_leaves_a_payment_under_review_alone(self, world: World) -> None:
        """A person decides, however long it takes."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id, amount=1)
        world.hear(out.payment)
        world.clock.turn(days=3)

        assert world.app.look_after_payments() == 0
        assert world.payment(out.payment).bill.state is BillState.REVIEW
        assert world.order(out.orders[0]).status is OrderStatus.HOLD

    def test_holds_without_end_what_waits_for_approval(self, world: World) -> None:
        """The money is there: no deadline."""
        world.method("careful", auto_approve=False)
        out = world.buy(2, "careful")
        world.bank.confirm(out.payment.order_id)
        world.hear(out.payment)
        world.clock.turn(days=3)

        assert world.app.look_after_payments() == 0
        assert world.order(out.orders[0]).is_awaiting_approval


class TestClosingWhatEndedHere:
    def test_closes_a_replaced_bill_at_its_gateway(self, world: World) -> None:
        """Nobody may pay what has been replaced."""
        world.fill(2)
        world.bank.trouble(operation="initiate", done=True)
        with pytest.raises(GatewayUnavailable):
            world.check_out()
        out = world.check_out("cash")
        replaced = world.payment(world.order(out.orders[0]).payment_ids[0])

        world.clock.turn(seconds=1)
        world.app.look_after_payments()

        assert world.bank.status(replaced.order_id) == "canceled"
        assert world.payment(replaced).look_at is None

    def test_ends_at_its_deadline_a_bill_that_cannot_be_asked_about(self, world: World) -> None:
        """Nobody has seen it and nobody can tell of it: the goods are freed all the same."""
        world.bank.capabilities = Capabilities(asks_by_reference=False)
        world.fill(2)
        world.bank.trouble(operation="initiate")
        with pytest.raises(GatewayUnavailable) as raised:
            world.check_out()

        for _ in range(4):
            world.clock.turn(minutes=31)
            world.app.look_after_payments()

        order = world.app.queries.order(raised.value.order_keys[0])
        assert order is not None and order.status is OrderStatus.FAILED
        assert world.bank.called("verify") == []
        assert world.app.look_after_payments() == 0

    def test_stops_asking_for_what_the_gateway_never_knew(self, world: World) -> None:
        """Twice is enough."""
        world.fill(2)
        world.bank.trouble(operation="initiate")
        with pytest.raises(GatewayUnavailable):
            world.check_out()
        out = world.check_out("cash")
        replaced = world.order(out.orders[0]).payment_ids[0]

        for _ in range(3):
            world.clock.turn(minutes=2)
            world.app.look_after_payments()

        assert world.payment(replaced).look_at is None

    def test_a_bill_that_cannot_be_asked_about_is_replaced(self, world: World) -> None:
        """Where the gateway knows no references, an unanswered bill is abandoned at once."""
        world.bank.capabilities = Capabilities(asks_by_reference=False)
        world.fill(2)
        world.bank.trouble(operation="initiate")
        with pytest.raises(GatewayUnavailable):
            world.check_out()

        out = world.check_out()

        assert len(world.order(out.orders[0]).payment_ids) == 2
        assert world.bank.called("verify") == []
