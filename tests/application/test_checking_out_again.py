"""Checking out while earlier attempts are in every state that they can be in."""

import pytest

from application import paying
from application.policy import ORDERS_PER_PAYMENT_MAX
from domain.bill import BillState, PaymentStatus
from domain.errors import GatewayUnavailable, Invalid, PaymentUnderWay, StoreUnavailable
from domain.ids import KEY_HOLDER
from domain.order import Order
from domain.order_status import OrderStatus
from tests.world import STAFF, World, azn


@pytest.fixture
def world() -> World:
    return World()


def order_in_doubt(world: World) -> Order:
    """An order of one kettle, whose opening the gateway never answered; the cart is empty again."""
    world.fill(1)
    world.bank.trouble(operation="initiate", done=True)
    with pytest.raises(GatewayUnavailable) as raised:
        world.check_out()
    world.app.fill_cart.empty(customer_id=world.customer)
    order = world.app.queries.order(raised.value.order_keys[0])
    assert order is not None
    return order


class TestAnEarlierAttempt:
    def test_under_review_waits_for_a_person(self, world: World) -> None:
        """Money has come that does not fit: nobody pays once more meanwhile."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id, amount=1)
        world.hear(out.payment)

        with pytest.raises(PaymentUnderWay, match="under review"):
            world.pay(out.orders[0])

    def test_without_a_gateway_is_not_begun_twice_by_the_same_method(self, world: World) -> None:
        """One bank transfer is enough."""
        out = world.buy(2, "transfer")

        with pytest.raises(PaymentUnderWay, match="waiting for the money"):
            world.pay(out.orders[0], method="transfer")

    @pytest.mark.parametrize("method", ["card", "cash"])
    def test_whose_money_the_gateway_holds_is_neither_resumed_nor_replaced(
        self, world: World, method: str
    ) -> None:
        """Nobody has seen its page, and yet the bank holds the money."""
        order = order_in_doubt(world)
        (payment_id,) = order.payment_ids
        world.bank.authorise(world.payment(payment_id).order_id)

        with pytest.raises(PaymentUnderWay, match="holds the money"):
            world.pay(order, method=method)

        assert world.payment(payment_id).bill.state is BillState.AUTHORISED

    def test_given_up_in_part_is_checked_out_anew(self, world: World) -> None:
        """Of two failed orders one was cancelled by hand; the cart makes two new ones."""
        world.offer("lamp", 10_00, 5, seller="Lights")
        world.fill(1, "lamp")
        out = world.buy(1)
        world.bank.decline(out.payment.order_id)
        world.hear(out.payment)
        world.app.cancel_order(order_key=out.orders[0].key, by=KEY_HOLDER)

        again = world.check_out()

        assert [world.order(order).status for order in out.orders] == [OrderStatus.CANCELLED] * 2
        assert len(world.order(out.orders[0]).history) == 3
        assert len(again.orders) == 2


class TestPayingManyOrders:
    def test_takes_some_and_each_once(self, world: World) -> None:
        """None, too many, and the same one twice are mistakes."""
        order = world.buy(1).orders[0]

        for orders in ([], [order, order], [order] * (ORDERS_PER_PAYMENT_MAX + 1)):
            with pytest.raises(Invalid):
                world.pay(*orders)

    def test_asks_about_each_unanswered_attempt_before_it_takes_them_on(self, world: World) -> None:
        """However many orders there are, each attempt is asked about and then replaced."""
        world.offer("kettle", 40_00, 14)
        orders = [order_in_doubt(world) for _ in range(14)]

        out = world.pay(*orders, customer=world.customer)

        assert out.payment.amount == azn(14 * 40_00)
        assert {order.payment_id for order in out.orders} == {out.payment.id}

    def test_gives_up_when_ever_new_attempts_have_to_be_asked_about(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A bound on the rounds, for whatever keeps starting attempts meanwhile."""
        monkeypatch.setattr(paying, "CHECKOUT_ROUNDS_MAX", 1)
        order = order_in_doubt(world)

        with pytest.raises(StoreUnavailable):
            world.pay(order)


class TestMoneyThatComesLate:
    def test_of_another_amount_frees_nothing_from_a_newer_attempt(self, world: World) -> None:
        """It goes under review, and the newer attempt goes on."""
        out = world.buy(2)
        world.bank.decline(out.payment.order_id)
        world.hear(out.payment)
        newer = world.pay(out.orders[0])
        world.bank.confirm(out.payment.order_id, amount=1)

        world.hear(out.payment)

        assert world.payment(out.payment).bill.state is BillState.REVIEW
        assert world.payment(newer.payment).bill.state is BillState.WAITING

    def test_does_not_end_a_newer_attempt_under_review(self, world: World) -> None:
        """Money has come twice: a person decides about both."""
        out = world.buy(2)
        world.bank.decline(out.payment.order_id)
        world.hear(out.payment)
        newer = world.pay(out.orders[0])
        world.bank.confirm(newer.payment.order_id, amount=1)
        world.hear(newer.payment)
        world.bank.confirm(out.payment.order_id, amount=80_00)

        world.hear(out.payment)

        states = {world.payment(payment).bill.state for payment in (out.payment, newer.payment)}
        assert states == {BillState.REVIEW}
        assert world.order(out.orders[0]).status is OrderStatus.HOLD

    def test_finds_no_cart_to_take_from(self, world: World) -> None:
        """The customer has deleted it meanwhile."""
        out = world.buy(2)
        world.app.fill_cart.empty(customer_id=world.customer)
        world.bank.confirm(out.payment.order_id)

        world.hear(out.payment)

        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING
        assert world.cart() == {}


class TestAskingAboutWhatIsOver:
    def test_plans_no_other_look(self, world: World) -> None:
        """The gateway knows nothing of it any more, and staff ask all the same."""
        out = world.buy(2)
        world.bank.decline(out.payment.order_id)
        world.hear(out.payment)
        world.bank.forget(out.payment.order_id)

        world.app.verify_bill(payment_id=out.payment.id, by=STAFF)

        payment = world.payment(out.payment)
        assert (payment.status, payment.look_at) == (PaymentStatus.FAILED, None)


class TestOrdersOfACartPaidApart:
    @pytest.fixture
    def orders(self, world: World) -> list[Order]:
        """Two orders of one cart, a kettle and a lamp, whose common payment was refused."""
        world.offer("lamp", 10_00, 5, seller="Lights")
        world.fill(1, "lamp")
        out = world.buy(1)
        world.bank.decline(out.payment.order_id)
        world.hear(out.payment)
        return sorted(out.orders, key=lambda order: order.seller)

    def pay_the_kettle(self, world: World, orders: list[Order]) -> None:
        """A friend pays one of them by its key."""
        out = world.pay(orders[0])
        world.bank.confirm(out.payment.order_id)
        world.hear(out.payment)

    def test_leave_the_payment_under_way_in_the_way(self, world: World, orders: list[Order]) -> None:
        """What is left in the cart is being paid by its key: checking it out again would charge twice."""
        self.pay_the_kettle(world, orders)
        world.pay(orders[1])

        with pytest.raises(PaymentUnderWay):
            world.check_out()

        assert [world.order(order).status for order in orders] == [OrderStatus.PROCESSING, OrderStatus.HOLD]

    def test_have_the_failed_rest_given_up_when_it_is_checked_out_again(
        self, world: World, orders: list[Order]
    ) -> None:
        """The cart makes a new order of the lamp, so nobody can pay for the old one, too."""
        self.pay_the_kettle(world, orders)

        again = world.check_out()

        statuses = [world.order(order).status for order in orders]
        assert statuses == [OrderStatus.PROCESSING, OrderStatus.CANCELLED]
        assert [order.seller for order in again.orders] == ["Lights"]

    def test_take_their_lines_out_once(self, world: World, orders: list[Order]) -> None:
        """The kettle left with a transfer that never came; the one chosen since is another."""
        out = world.pay(orders[0], method="transfer")
        world.app.move_order(order_key=orders[0].key, to=OrderStatus.FAILED, by=STAFF)
        world.fill(1)

        self.pay_the_kettle(world, list(out.orders))

        assert world.cart() == {"lamp": 1, "kettle": 1}

    def test_do_not_end_an_offline_order_that_has_left_the_cart(
        self, world: World, orders: list[Order]
    ) -> None:
        """The shop waits for the kettle's transfer while the lamp is checked out anew."""
        world.pay(orders[0], method="transfer")

        world.check_out("transfer")

        statuses = [world.order(order).status for order in orders]
        assert statuses == [OrderStatus.HOLD, OrderStatus.CANCELLED]
