"""The janitor: what callbacks missed is settled, what nobody paid in time is let go."""

from datetime import timedelta

import pytest

from application.gateways import Capabilities
from domain.bill import BillState, PaymentStatus
from domain.errors import GatewayUnavailable
from domain.ids import KEY_HOLDER
from domain.order_status import OrderStatus
from tests.fakes import FakeBackend, Unclosing
from tests.world import STAFF, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def unclosing() -> World:
    return World(backend=FakeBackend(Unclosing()))


def look_for(world: World, seconds: float) -> None:
    """The janitor looks whenever it has planned to, for so long."""
    until = world.clock.time + timedelta(seconds=seconds)
    while planned := min(
        (p.look_at for p in world.store.tables.payments.values() if p.look_at), default=None
    ):
        if planned > until:
            break
        world.clock.time = max(planned, world.clock.time)
        world.app.look_after_payments()
    world.clock.time = until


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

    @pytest.mark.parametrize("is_silent", [False, True])
    def test_looks_again_soon_when_somebody_asked_meanwhile(self, world: World, is_silent: bool) -> None:
        """Its claim on the look that decided nothing keeps nobody waiting."""
        out = world.buy(2)
        world.clock.turn(seconds=6)
        if is_silent:
            world.bank.trouble(operation="verify", done=True)
        world.bank.meanwhile("verify", lambda: world.app.verify_bill(payment_id=out.payment.id, by=STAFF))

        world.app.look_after_payments()

        planned = world.payment(out.payment).look_at
        assert planned is not None
        assert (planned - world.clock.now()).total_seconds() == 5

    def test_plans_nothing_for_what_was_settled_meanwhile(self, world: World) -> None:
        """Nothing is left to learn."""
        out = world.buy(2)
        world.clock.turn(seconds=6)
        world.bank.confirm(out.payment.order_id)
        world.bank.trouble(operation="verify", done=True)
        world.bank.meanwhile("verify", lambda: world.app.verify_bill(payment_id=out.payment.id, by=STAFF))

        world.app.look_after_payments()

        assert world.payment(out.payment).look_at is None

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

    def test_watches_what_the_gateway_knew_before(self, world: World) -> None:
        """A key that led to another account for a while is no proof: money that comes is still found."""
        out = world.buy(2)
        hidden = world.bank.hide(out.payment.order_id)
        world.clock.turn(minutes=31)
        for _ in range(3):
            world.app.look_after_payments()
            world.clock.turn(minutes=2)
        assert world.order(out.orders[0]).status is OrderStatus.FAILED

        world.bank.show(hidden)
        world.bank.confirm(out.payment.order_id)
        world.clock.turn(days=1)
        world.app.look_after_payments()

        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING

    @pytest.mark.parametrize("how", ["silent", "turned away"])
    def test_believes_nothing_the_sooner_for_silence(self, world: World, how: str) -> None:
        """Only answers count: the first one after an outage may be that of a gateway still half asleep."""
        out = world.buy(2)
        if how == "turned away":
            for _ in range(20):
                world.bank.trouble(operation="verify")
                with pytest.raises(GatewayUnavailable):
                    world.app.verify_bill(payment_id=out.payment.id, by=STAFF)
        world.bank.trouble(None)
        look_for(world, 31 * 60)
        world.bank.recover()
        entry = world.bank.hide(out.payment.order_id)

        look_for(world, 60)
        held = world.order(out.orders[0]).status
        world.bank.show(entry)
        world.bank.confirm(out.payment.order_id)
        look_for(world, 60)

        assert (held, world.order(out.orders[0]).status) == (OrderStatus.HOLD, OrderStatus.PROCESSING)

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


class TestWatchingForLateMoney:
    """Where a gateway cannot close a payment, its customer may pay after all, and no word of it arrive."""

    @pytest.mark.parametrize("seconds", [60, 3600, 86_400, 6 * 86_400])
    def test_finds_what_comes_after_the_hold(self, unclosing: World, seconds: int) -> None:
        """A minute later or days later; the goods are still there, so they are sold."""
        out = unclosing.buy(2)
        look_for(unclosing, 31 * 60)
        expired = unclosing.order(out.orders[0]).status
        look_for(unclosing, seconds)
        unclosing.bank.confirm(out.payment.order_id)
        look_for(unclosing, min(2 * seconds + 60, 86_400))

        assert (expired, unclosing.order(out.orders[0]).status) == (
            OrderStatus.FAILED,
            OrderStatus.PROCESSING,
        )
        assert unclosing.payment(out.payment).status is PaymentStatus.SUCCESS

    def test_finds_what_comes_for_a_cancelled_order(self, unclosing: World) -> None:
        """It buys nothing any more, so a person has to see to it."""
        out = unclosing.buy(2)
        unclosing.app.cancel_order(order_key=out.orders[0].key, by=KEY_HOLDER)
        look_for(unclosing, 600)
        unclosing.bank.confirm(out.payment.order_id)
        look_for(unclosing, 1200)

        assert unclosing.payment(out.payment).bill.state is BillState.REVIEW
        assert unclosing.order(out.orders[0]).status is OrderStatus.CANCELLED

    def test_ends_after_a_week_and_was_no_burden(self, unclosing: World) -> None:
        """Some two dozen questions in all, and fewer where nobody answers them."""
        out = unclosing.buy(2)
        look_for(unclosing, 31 * 60)
        before = len(unclosing.bank.called("verify"))
        look_for(unclosing, 6.9 * 86_400)
        watched = unclosing.payment(out.payment).look_at
        look_for(unclosing, 86_400)

        assert watched is not None
        assert unclosing.payment(out.payment).look_at is None
        assert 10 < len(unclosing.bank.called("verify")) - before < 30

    def test_ends_where_the_gateway_is_silent_for_ever(self, unclosing: World) -> None:
        """A method whose keys were withdrawn leaves no work behind."""
        out = unclosing.buy(2)
        look_for(unclosing, 31 * 60)
        unclosing.bank.trouble(None)
        look_for(unclosing, 8 * 86_400)

        assert unclosing.payment(out.payment).look_at is None


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
