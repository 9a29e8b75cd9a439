"""Giving orders up, and moving paid ones on."""

import pytest

from application.opening import CheckedOut
from application.trouble import GatewayTrouble, TroubleKind
from domain.bill import BillState, PaymentStatus
from domain.errors import (
    Conflict,
    GatewayUnavailable,
    IllegalTransition,
    NotFound,
    NotYetPaid,
    OrderAlreadyPaid,
)
from domain.ids import OrderKey, PaymentId
from domain.order_status import OrderStatus
from domain.verdict import Verdict
from tests.world import STAFF, World


@pytest.fixture
def world() -> World:
    return World()


class TestCancellingAnOrder:
    def test_closes_its_payment_at_the_gateway_first(self, world: World) -> None:
        """From HOLD to CANCELLED in one move, with the goods free again."""
        out = world.buy(2)

        world.app.cancel_order(order_key=out.orders[0].key, by=STAFF, reason="changed my mind")

        order = world.order(out.orders[0])
        assert [str(move.to) for move in order.history] == ["HOLD", "CANCELLED"]
        assert world.payment(out.payment).status is PaymentStatus.FAILED
        assert world.bank.status(out.payment.order_id) == "canceled"
        assert world.stock() == (5, 0)

    def test_fails_the_other_orders_of_its_payment(self, world: World) -> None:
        """They can be paid again by their keys."""
        world.offer("lamp", 15_00, 3, seller="Lights")
        world.fill(1, "lamp")
        out = world.buy(1)

        world.app.cancel_order(order_key=out.orders[0].key, by=STAFF)

        assert world.order(out.orders[0]).status is OrderStatus.CANCELLED
        assert world.order(out.orders[1]).status is OrderStatus.FAILED
        assert world.stock("lamp") == (3, 0)

    def test_is_refused_when_it_turns_out_to_be_paid(self, world: World) -> None:
        """The gateway is asked before anything is given up."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id)

        with pytest.raises(OrderAlreadyPaid):
            world.app.cancel_order(order_key=out.orders[0].key, by=STAFF)

        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING

    def test_waits_for_a_silent_gateway(self, world: World) -> None:
        """Nothing is given up while the customer may have paid."""
        out = world.buy(2)
        world.bank.trouble()

        with pytest.raises(GatewayUnavailable):
            world.app.cancel_order(order_key=out.orders[0].key, by=STAFF)

        assert world.order(out.orders[0]).status is OrderStatus.HOLD

    def test_ends_an_unpaid_offline_payment(self, world: World) -> None:
        """There is nobody to ask."""
        out = world.buy(2, "transfer")

        world.app.cancel_order(order_key=out.orders[0].key, by=STAFF)

        assert world.payment(out.payment).status is PaymentStatus.FAILED
        assert world.stock() == (5, 0)

    def test_gives_up_an_order_awaiting_approval_and_owes_its_share(self, world: World) -> None:
        """The money is there, so a person has to see it back."""
        world.method("careful", auto_approve=False)
        out = world.buy(2, "careful")
        world.bank.confirm(out.payment.order_id)
        world.hear(out.payment)

        world.app.cancel_order(order_key=out.orders[0].key, by=STAFF)

        payment = world.payment(out.payment)
        assert world.order(out.orders[0]).status is OrderStatus.CANCELLED
        assert payment.bill.state is BillState.PAID
        assert payment.bill.review is not None
        assert world.stock() == (5, 0)
        assert "payment.review" in world.events()
        with pytest.raises(Conflict):
            world.app.approve_payment(payment_id=out.payment.id, by=STAFF)

    def test_leaves_the_others_awaiting_approval(self, world: World) -> None:
        """Approval then moves only those."""
        world.method("careful", auto_approve=False)
        world.offer("lamp", 15_00, 3, seller="Lights")
        world.fill(1, "lamp")
        out = world.buy(1, "careful")
        world.bank.confirm(out.payment.order_id)
        world.hear(out.payment)

        world.app.cancel_order(order_key=out.orders[0].key, by=STAFF)
        world.app.approve_payment(payment_id=out.payment.id, by=STAFF)

        assert world.order(out.orders[0]).status is OrderStatus.CANCELLED
        assert world.order(out.orders[1]).status is OrderStatus.PROCESSING

    def test_is_refused_under_review_and_twice(self, world: World) -> None:
        """A review comes first; what is cancelled stays so."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id, amount=1)
        world.hear(out.payment)

        with pytest.raises(Conflict):
            world.app.cancel_order(order_key=out.orders[0].key, by=STAFF)

        again = world.customer_called("murad")
        world.fill(1, customer=again)
        order = world.check_out("transfer", customer=again).orders[0]
        world.app.cancel_order(order_key=order.key, by=STAFF)
        with pytest.raises(IllegalTransition):
            world.app.cancel_order(order_key=order.key, by=STAFF)

    def test_gives_up_when_the_payment_cannot_be_closed(self, world: World) -> None:
        """A gateway in the middle of taking the money is not hurried."""
        out = world.buy(2)
        world.bank.say(out.payment.order_id, status="pending")

        with pytest.raises(Conflict):
            world.app.cancel_order(order_key=out.orders[0].key, by=STAFF)

        assert world.order(out.orders[0]).status is OrderStatus.HOLD

    def test_ends_a_payment_that_the_gateway_never_knew(self, world: World) -> None:
        """Nobody can have paid it."""
        out = world.buy(2)
        world.bank.forget(out.payment.order_id)

        world.app.cancel_order(order_key=out.orders[0].key, by=STAFF)

        assert world.order(out.orders[0]).status is OrderStatus.CANCELLED

    def test_closes_what_was_opened_just_after_it_was_asked_about(self, world: World) -> None:
        """The gateway knew of nothing that could be closed, and a moment later the customer could pay it."""
        world.fill(2)
        world.bank.trouble(operation="initiate")
        with pytest.raises(GatewayUnavailable) as raised:
            world.check_out()
        world.clock.turn(minutes=1)
        looking_asking_and_ending = 3
        world.meanwhile(looking_asking_and_ending, world.check_out)

        world.app.cancel_order(order_key=raised.value.order_keys[0], by=STAFF)

        payment = world.payment(PaymentId(1))
        assert payment.status is PaymentStatus.FAILED
        assert world.bank.status(payment.order_id) == "canceled"

    def test_closes_a_newer_attempt_that_began_meanwhile_too(self, world: World) -> None:
        """The attempt that was asked about failed, and the customer had started another."""
        out = world.buy(2)

        def decline_and_try_again() -> None:
            world.bank.decline(out.payment.order_id)
            world.hear(out.payment)
            world.pay(out.orders[0])

        world.bank.meanwhile("verify", decline_and_try_again)
        world.app.cancel_order(order_key=out.orders[0].key, by=STAFF)

        order = world.order(out.orders[0])
        newer = world.payment(order.payment_ids[-1])
        assert order.status is OrderStatus.CANCELLED
        assert newer.id != out.payment.id
        assert world.bank.status(newer.order_id) == "canceled"
        assert world.stock() == (5, 0)

    def test_is_not_claimed_after_a_lost_race(self, world: World) -> None:
        """Paid between our asking and our writing it down: the order is not said to be cancelled."""
        out = world.buy(2)

        def pay() -> None:
            world.bank.confirm(out.payment.order_id)
            world.hear(out.payment)

        world.bank.meanwhile("close", pay)
        with pytest.raises(OrderAlreadyPaid):
            world.app.cancel_order(order_key=out.orders[0].key, by=STAFF)

        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING

    def test_knows_only_orders_that_exist(self, world: World) -> None:
        """Another key is nobody's order."""
        for act in (
            lambda key: world.app.cancel_order(order_key=key, by=STAFF),
            lambda key: world.app.move_order(order_key=key, to=OrderStatus.SHIPPED, by=STAFF),
            lambda key: world.app.move_order(order_key=key, to=OrderStatus.FAILED, by=STAFF),
        ):
            with pytest.raises(NotFound):
                act(OrderKey("no such key"))


class TestMovingAnOrderOn:
    def test_ships_delivers_and_completes_a_paid_order(self, world: World) -> None:
        """Each step says who and why."""
        order = world.buy(2, "cash").orders[0]

        for to in (OrderStatus.SHIPPED, OrderStatus.DELIVERED, OrderStatus.COMPLETED):
            world.app.move_order(order_key=order.key, to=to, by=STAFF, reason="as planned")

        moves = world.order(order).history[-3:]
        assert [str(move.to) for move in moves] == ["SHIPPED", "DELIVERED", "COMPLETED"]
        assert {(move.by, move.reason) for move in moves} == {(STAFF, "as planned")}
        assert world.events()[-3:] == ["order.shipped", "order.delivered", "order.completed"]

    def test_refuses_what_follows_from_payments(self, world: World) -> None:
        """Nobody sets an order paid by hand, nor fails what a gateway decides."""
        held, paid = world.buy(1), None
        for to in (OrderStatus.PROCESSING, OrderStatus.FAILED, OrderStatus.SHIPPED):
            with pytest.raises(IllegalTransition):
                world.app.move_order(order_key=held.orders[0].key, to=to, by=STAFF)
        other = world.customer_called("murad")
        world.fill(1, customer=other)
        paid = world.check_out("cash", customer=other)
        with pytest.raises(IllegalTransition):
            world.app.move_order(order_key=paid.orders[0].key, to=OrderStatus.FAILED, by=STAFF)

    def test_cancels_by_the_same_rules(self, world: World) -> None:
        """`CANCELLED` is cancelling."""
        out = world.buy(2)

        world.app.move_order(order_key=out.orders[0].key, to=OrderStatus.CANCELLED, by=STAFF)

        assert world.bank.status(out.payment.order_id) == "canceled"


class TestFailingWhatItsGatewayWillNotTell:
    """A gateway that is well, and does not say how a payment stands, would hold its goods for ever."""

    @pytest.fixture
    def untold(self, world: World, monkeypatch: pytest.MonkeyPatch) -> CheckedOut:
        out = world.buy(2)
        self.answer(world, monkeypatch, GatewayTrouble("it does not tell", is_answer=True))
        return out

    @staticmethod
    def answer(world: World, monkeypatch: pytest.MonkeyPatch, trouble: GatewayTrouble) -> None:
        def troubled(*_: object) -> Verdict:
            raise trouble

        monkeypatch.setattr(world.bank, "verify", troubled)

    @staticmethod
    def fail(world: World, out: CheckedOut) -> None:
        key = out.orders[0].key
        world.app.move_order(order_key=key, to=OrderStatus.FAILED, by=STAFF, reason="nobody paid")

    def test_is_for_staff_once_the_hold_is_over(self, world: World, untold: CheckedOut) -> None:
        """Not before; then the goods are free, and the reason is kept."""
        with pytest.raises(IllegalTransition):
            self.fail(world, untold)
        world.clock.turn(minutes=31)
        world.app.look_after_payments()
        assert world.stock() == (5, 2)

        self.fail(world, untold)

        payment = world.payment(untold.payment)
        assert (payment.status, payment.failure) == (PaymentStatus.FAILED, "nobody paid")
        assert world.order(untold.orders[0]).status is OrderStatus.FAILED
        assert world.stock() == (5, 0)
        with pytest.raises(IllegalTransition):
            self.fail(world, untold)

    def test_still_finds_money_that_comes_late(
        self, world: World, untold: CheckedOut, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It is looked for as after any hold."""
        world.clock.turn(minutes=31)
        self.fail(world, untold)
        world.clock.turn(minutes=1)
        world.app.look_after_payments()
        monkeypatch.undo()
        world.bank.confirm(untold.payment.order_id)

        world.clock.turn(minutes=10)
        world.app.look_after_payments()

        assert world.payment(untold.payment).status is PaymentStatus.SUCCESS
        assert world.order(untold.orders[0]).status is OrderStatus.PROCESSING

    @pytest.mark.parametrize(
        "trouble", [GatewayTrouble("silence"), GatewayTrouble("our key is refused", TroubleKind.CONFIG)]
    )
    def test_waits_while_it_may_tell_later(
        self, world: World, untold: CheckedOut, monkeypatch: pytest.MonkeyPatch, trouble: GatewayTrouble
    ) -> None:
        """Unknown is not failed: not while it is silent, nor while it does not listen to us."""
        world.clock.turn(minutes=31)
        self.answer(world, monkeypatch, trouble)

        with pytest.raises(GatewayUnavailable):
            self.fail(world, untold)

        assert world.payment(untold.payment).status is PaymentStatus.PENDING
        assert world.stock() == (5, 2)

    def test_is_not_needed_when_it_tells(
        self, world: World, untold: CheckedOut, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nothing came: it closes the payment itself."""
        monkeypatch.undo()
        world.clock.turn(minutes=31)

        self.fail(world, untold)

        assert world.bank.status(untold.payment.order_id) == "canceled"
        assert world.payment(untold.payment).look_at is None

    def test_is_refused_when_it_tells_of_money(
        self, world: World, untold: CheckedOut, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What it says decides, not staff."""
        monkeypatch.undo()
        world.clock.turn(minutes=31)
        world.bank.confirm(untold.payment.order_id)

        with pytest.raises(IllegalTransition):
            self.fail(world, untold)

        assert world.order(untold.orders[0]).status is OrderStatus.PROCESSING


class TestApprovingAndVerifying:
    def test_refuses_before_the_gateway_has_confirmed(self, world: World) -> None:
        """Staff's word is no money where a gateway can be asked."""
        out = world.buy(2)

        with pytest.raises(NotYetPaid):
            world.app.approve_payment(payment_id=out.payment.id, by=STAFF)

    def test_knows_only_payments_that_exist(self, world: World) -> None:
        """Another number is nobody's payment."""
        with pytest.raises(NotFound):
            world.app.approve_payment(payment_id=PaymentId(99), by=STAFF)
        with pytest.raises(NotFound):
            world.app.verify_bill(payment_id=PaymentId(99), by=STAFF)

    def test_verifying_asks_the_gateway_or_says_that_it_is_silent(self, world: World) -> None:
        """Staff get the gateway's word, or none."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id)
        world.bank.trouble(retry_after_seconds=7)

        with pytest.raises(GatewayUnavailable) as raised:
            world.app.verify_bill(payment_id=out.payment.id, by=STAFF)
        assert raised.value.retry_after_seconds == 7

        world.app.verify_bill(payment_id=out.payment.id, by=STAFF)
        assert world.payment(out.payment).bill.verified

    def test_verifying_an_offline_bill_changes_nothing(self, world: World) -> None:
        """There is nobody to ask."""
        out = world.buy(2, "transfer")

        world.app.verify_bill(payment_id=out.payment.id, by=STAFF)

        assert not world.payment(out.payment).bill.verified
