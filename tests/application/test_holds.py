"""Money that a gateway holds: we let it go where that is sure, else a person does."""

import pytest

from application.opening import CheckedOut
from domain.bill import BillState, PaymentStatus
from domain.errors import GatewayUnavailable, IllegalTransition, PaymentUnderWay
from domain.ids import KEY_HOLDER, Actor
from domain.order_status import OrderStatus
from domain.payment import Payment
from tests.fakes import FakeBackend, OneWord
from tests.world import STAFF, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def one_word() -> World:
    return World(backend=FakeBackend(OneWord()))


def hold_money(world: World) -> CheckedOut:
    """An order whose money the bank holds, as the shop has heard."""
    out = world.buy(2)
    world.bank.authorise(out.payment.order_id)
    world.hear(out.payment)
    return out


def let_time_pass(world: World) -> None:
    """Until the goods are held no longer, and the janitor has looked twice."""
    for _ in range(2):
        world.clock.turn(minutes=31)
        world.app.look_after_payments()


def taken(world: World, payment: Payment) -> int:
    """What the bank has taken for it, less what it gave back."""
    told = world.bank.find(payment.order_id, None)
    assert told is not None
    return int(told["amount_captured"]) - int(told["amount_refunded"])


class TestHeldMoney:
    def test_is_let_go_when_the_hold_is_over(self, world: World) -> None:
        """Nobody took it in time."""
        out = hold_money(world)
        let_time_pass(world)

        assert world.bank.status(out.payment.order_id) == "canceled"
        assert world.order(out.orders[0]).status is OrderStatus.FAILED
        assert world.stock() == (5, 0)

    def test_is_let_go_when_its_order_is_cancelled(self, world: World) -> None:
        """At once."""
        out = hold_money(world)
        world.app.cancel_order(order_key=out.orders[0].key, by=KEY_HOLDER)

        assert world.bank.status(out.payment.order_id) == "canceled"
        assert world.order(out.orders[0]).status is OrderStatus.CANCELLED

    def test_that_the_gateway_will_not_let_go_is_still_held(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It was told to, and says that it holds the money as before: the order is not cancelled."""
        out = hold_money(world)
        monkeypatch.setattr(world.bank, "void", world.bank.verify)

        with pytest.raises(PaymentUnderWay, match="holds the money"):
            world.app.cancel_order(order_key=out.orders[0].key, by=KEY_HOLDER)

        assert world.order(out.orders[0]).status is OrderStatus.HOLD


class TestMoneyThatMayBeTaken:
    """Its gateway says the same of money that it holds and of money that the shop has taken there."""

    @pytest.mark.parametrize("is_taken", [False, True])
    def test_is_for_a_person_when_the_hold_is_over(self, one_word: World, *, is_taken: bool) -> None:
        """The gateway is told nothing, the goods stay held, and staff can read why."""
        out = hold_money(one_word)
        if is_taken:
            one_word.bank.confirm(out.payment.order_id)
        let_time_pass(one_word)

        payment = one_word.payment(out.payment)
        assert (payment.bill.state, payment.status) == (BillState.REVIEW, PaymentStatus.PENDING)
        assert payment.bill.review == (
            "it is over, and its gateway does not tell whether it only holds the money or has taken it"
        )
        assert taken(one_word, payment) == (payment.amount.minor if is_taken else 0)
        assert one_word.bank.called("close") == []
        assert one_word.order(out.orders[0]).status is OrderStatus.HOLD
        assert (one_word.stock(), payment.look_at) == ((5, 2), None)
        assert "payment.review" in one_word.events()

    def test_is_for_a_person_when_another_method_has_replaced_it(self, one_word: World) -> None:
        """What pays the order instead stays as it is."""
        one_word.fill(2)
        one_word.bank.trouble(operation="initiate", done=True)
        with pytest.raises(GatewayUnavailable):
            one_word.check_out()
        paid = one_word.check_out("cash")
        replaced = one_word.payment(one_word.order(paid.orders[0]).payment_ids[0])
        one_word.bank.confirm(replaced.order_id)
        let_time_pass(one_word)

        payment = one_word.payment(replaced)
        assert (payment.bill.state, taken(one_word, payment)) == (BillState.REVIEW, payment.amount.minor)
        assert one_word.order(paid.orders[0]).status is OrderStatus.PROCESSING

    @pytest.mark.parametrize("by", [KEY_HOLDER, STAFF])
    @pytest.mark.parametrize("is_taken", [False, True])
    def test_keeps_its_order_from_being_cancelled(
        self, one_word: World, by: Actor, *, is_taken: bool
    ) -> None:
        """Refused, whoever asks; nothing has changed by it, and the hold ends as it would have."""
        out = hold_money(one_word)
        if is_taken:
            one_word.bank.confirm(out.payment.order_id)
        before = one_word.payment(out.payment)

        with pytest.raises(PaymentUnderWay, match="let go of it there first") as refused:
            one_word.app.cancel_order(order_key=out.orders[0].key, by=by)

        after = one_word.payment(out.payment)
        assert (refused.value.order_key, refused.value.next_step) == (
            out.orders[0].key,
            before.bill.next_step,
        )
        assert (after.bill.state, after.look_at) == (BillState.AUTHORISED, before.look_at)
        assert taken(one_word, after) == (after.amount.minor if is_taken else 0)
        assert one_word.order(out.orders[0]).status is OrderStatus.HOLD
        let_time_pass(one_word)
        assert one_word.payment(out.payment).bill.state is BillState.REVIEW

    def test_is_not_failed_by_staff_either(self, one_word: World) -> None:
        """Although the hold is over."""
        out = hold_money(one_word)
        one_word.clock.turn(minutes=31)

        with pytest.raises(IllegalTransition):
            one_word.app.move_order(order_key=out.orders[0].key, to=OrderStatus.FAILED, by=STAFF)

        assert one_word.payment(out.payment).bill.state is BillState.AUTHORISED
        assert one_word.bank.called("close") == []

    def test_no_longer_keeps_its_order_once_it_was_let_go_there(self, one_word: World) -> None:
        """By hand, in its back office: then its gateway tells."""
        out = hold_money(one_word)
        one_word.bank.cancel(out.payment.order_id)

        one_word.app.cancel_order(order_key=out.orders[0].key, by=KEY_HOLDER)

        assert one_word.order(out.orders[0]).status is OrderStatus.CANCELLED
        assert one_word.stock() == (5, 0)

    def test_ends_its_review_when_it_was_let_go_there(self, one_word: World) -> None:
        """Staff ask again: the goods are free."""
        out = hold_money(one_word)
        let_time_pass(one_word)
        one_word.bank.cancel(out.payment.order_id)

        one_word.app.verify_bill(payment_id=out.payment.id, by=STAFF)

        assert one_word.payment(out.payment).status is PaymentStatus.FAILED
        assert one_word.order(out.orders[0]).status is OrderStatus.FAILED
        assert one_word.stock() == (5, 0)
