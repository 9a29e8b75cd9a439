"""Paying from a wallet: within the checkout, never more than there is, and back again."""

from datetime import timedelta

import pytest

from application.policy import REPLIES_KEPT
from application.storage import Page
from domain.bill import BillState, PaymentStatus
from domain.errors import Conflict, Invalid, MethodRefused, NotFound
from domain.ids import KEY_HOLDER, CustomerId
from domain.money import Currency, Money
from domain.order_status import OrderStatus
from domain.wallet import Account
from tests.world import STAFF, World, azn


@pytest.fixture
def world() -> World:
    world = World()
    world.method("wallet", backend="wallet")
    return world


def credit(world: World, minor: int, customer: CustomerId | None = None, mark: str | None = None) -> None:
    """Staff put money in."""
    world.app.credit_wallet(
        customer_id=customer or world.customer, amount=azn(minor), reason="sorry", by=STAFF, mark=mark
    )


def balance(world: World, customer: CustomerId | None = None) -> int:
    """What the wallet holds, which its postings add up to."""
    wallet = world.app.queries.wallet(customer or world.customer, Page(100))
    held = sum(money.minor for money in wallet.balances)
    assert held == sum(posting.amount.minor for posting in wallet.postings.items)
    assert world.app.prove().is_clean
    return held


class TestCredit:
    def test_is_kept_with_its_reason(self, world: World) -> None:
        """Newest first, in each currency apart."""
        credit(world, 50_00)
        usd = Money(7_00, Currency("USD", 2))
        world.app.credit_wallet(customer_id=world.customer, amount=usd, reason="hello", by=STAFF)

        wallet = world.app.queries.wallet(world.customer, Page(1))

        assert wallet.balances == (azn(50_00), usd)
        (posting,) = wallet.postings.items
        assert (posting.amount, posting.against, posting.reason, posting.by) == (
            usd,
            Account.ISSUED,
            "hello",
            STAFF,
        )
        rest = world.app.queries.wallet(world.customer, Page(1, wallet.postings.next)).postings
        assert [posting.amount for posting in rest.items] == [azn(50_00)]
        assert rest.next is None

    def test_is_above_zero_and_somebodys(self, world: World) -> None:
        """Nothing else is kept."""
        with pytest.raises(Invalid):
            credit(world, 0)
        with pytest.raises(NotFound):
            credit(world, 1, CustomerId(99))

        assert balance(world) == 0

    def test_is_posted_once_for_each_request(self, world: World) -> None:
        """However often it is repeated, for as long as replies are kept."""
        for _ in range(2):
            credit(world, 50_00, mark="a mark")
        credit(world, 50_00, mark="another")
        assert balance(world) == 100_00

        world.clock.turn(seconds=(REPLIES_KEPT + timedelta(seconds=1)).total_seconds())
        credit(world, 50_00, mark="a mark")
        assert balance(world) == 150_00

    def test_of_two_at_once_loses_neither(self, world: World) -> None:
        """Whoever comes second begins again."""
        world.meanwhile(1, lambda: credit(world, 1_00))

        credit(world, 2_00)

        assert balance(world) == 3_00


class TestACheckout:
    def test_is_paid_within_itself(self, world: World) -> None:
        """The money, the goods and the cart, all in one transaction; nobody is sent anywhere."""
        credit(world, 100_00)

        out = world.buy(2, "wallet")

        assert out.next_step is None
        assert (out.payment.status, out.payment.bill.verified) == (PaymentStatus.SUCCESS, True)
        order = world.order(out.orders[0])
        assert (order.status, order.reference, order.instructions) == (OrderStatus.PROCESSING, None, None)
        assert (balance(world), world.stock(), world.cart()) == (20_00, (3, 0), {})
        posting = world.app.queries.wallet(world.customer, Page(1)).postings.items[0]
        assert (posting.amount, posting.against, posting.payment_id) == (
            azn(-80_00),
            Account.SPENT,
            out.payment.id,
        )

    def test_waits_for_staff_where_the_method_wants_it(self, world: World) -> None:
        """The money is there, the orders wait on hold as after any gateway."""
        world.method("wallet", backend="wallet", auto_approve=False)
        credit(world, 80_00)

        out = world.buy(2, "wallet")

        order = world.order(out.orders[0])
        assert (world.payment(out.payment).status, order.status) == (PaymentStatus.SUCCESS, OrderStatus.HOLD)
        assert (order.is_awaiting_approval, world.payment(out.payment).expires_at) == (True, None)
        assert (balance(world), world.stock(), world.cart()) == (0, (5, 2), {})
        world.app.approve_payment(payment_id=out.payment.id, by=STAFF)
        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING
        assert balance(world) == 0

    @pytest.mark.parametrize("minor", [0, 79_99])
    def test_of_more_than_there_is_keeps_nothing(self, world: World, minor: int) -> None:
        """Not an order, not a unit; the cart is as it was."""
        if minor:
            credit(world, minor)

        with pytest.raises(MethodRefused) as caught:
            world.buy(2, "wallet")

        assert [mistake.pointer for mistake in caught.value.mistakes] == ["#/payment_method"]
        assert not world.store.tables.orders
        assert (balance(world), world.stock(), world.cart()) == (minor, (5, 0), {"kettle": 2})

    def test_of_nothing_needs_no_wallet(self, world: World) -> None:
        """A gift is paid for."""
        world.offer("leaflet", 0, 5)
        world.fill(1, "leaflet")

        assert world.check_out("wallet").payment.status is PaymentStatus.SUCCESS
        assert balance(world) == 0

    def test_in_another_currency_is_another_wallets(self, world: World) -> None:
        """Money is not changed."""
        credit(world, 100_00)
        world.offer("book", 5_00, 5, code="USD")
        world.fill(1, "book")

        with pytest.raises(MethodRefused):
            world.check_out("wallet")

    def test_of_two_at_once_is_paid_once(self, world: World) -> None:
        """The second finds what the first has left."""
        credit(world, 80_00)
        waiting = world.buy(2, "transfer")
        world.fill(2)
        world.meanwhile(1, lambda: world.check_out("wallet"))

        with pytest.raises(MethodRefused):
            world.pay(*waiting.orders, method="wallet", customer=world.customer)

        assert balance(world) == 0
        assert world.payment(waiting.payment).bill.state is BillState.WAITING


class TestOrders:
    def test_are_paid_by_the_customer_who_has_signed_in(self, world: World) -> None:
        """Several at once, in place of a transfer that never came."""
        credit(world, 100_00)
        first, second = world.buy(1, "transfer"), world.buy(1, "transfer")
        orders = (*first.orders, *second.orders)

        out = world.pay(*orders, method="wallet", customer=world.customer)

        assert out.payment.amount == azn(80_00)
        assert {world.order(order).status for order in orders} == {OrderStatus.PROCESSING}
        assert {world.payment(old.payment).status for old in (first, second)} == {PaymentStatus.FAILED}
        assert balance(world) == 20_00

    def test_are_not_paid_by_their_keys(self, world: World) -> None:
        """A friend may pay, but not with the customer's money."""
        credit(world, 100_00)
        out = world.buy(2, "transfer")

        with pytest.raises(MethodRefused) as caught:
            world.pay(*out.orders, method="wallet")

        assert "signed in" in caught.value.detail
        assert balance(world) == 100_00

    def test_given_up_before_approval_are_paid_back(self, world: World) -> None:
        """Each its own share; what is approved stays paid."""
        world.method("wallet", backend="wallet", auto_approve=False)
        world.offer("lamp", 5_00, 5, seller="Another")
        credit(world, 90_00)
        world.fill(1, "lamp")
        out = world.buy(2, "wallet")
        lamp, kettle = sorted(out.orders, key=lambda order: order.total.minor)
        assert balance(world) == 5_00

        world.app.cancel_order(order_key=lamp.key, by=KEY_HOLDER)

        posting = world.app.queries.wallet(world.customer, Page(1)).postings.items[0]
        assert (posting.amount, posting.payment_id) == (azn(5_00), out.payment.id)
        assert lamp.number in posting.reason
        assert balance(world) == 10_00
        assert world.payment(out.payment).bill.review is None
        assert world.order(lamp).status is OrderStatus.CANCELLED
        world.app.approve_payment(payment_id=out.payment.id, by=STAFF)
        assert world.order(kettle).status is OrderStatus.PROCESSING
        with pytest.raises(Conflict):
            world.app.cancel_order(order_key=kettle.key, by=KEY_HOLDER)
        assert balance(world) == 10_00

    def test_that_cost_nothing_give_nothing_back(self, world: World) -> None:
        """And are cancelled all the same."""
        world.method("wallet", backend="wallet", auto_approve=False)
        world.offer("leaflet", 0, 5)
        world.fill(1, "leaflet")
        out = world.check_out("wallet")

        world.app.cancel_order(order_key=out.orders[0].key, by=KEY_HOLDER)

        assert world.order(out.orders[0]).status is OrderStatus.CANCELLED
        assert balance(world) == 0


class TestTheOffer:
    def offered(self, world: World, *, key: bool = False) -> tuple[str, ...]:
        """The reasons against the wallet."""
        if key:
            offers = world.app.offer_methods.for_order(world.buy(1, "transfer").orders[0].key)
        else:
            offers = world.app.offer_methods.for_cart(world.customer)
        return next(offer.reasons for offer in offers if offer.method.code == "wallet")

    def test_tells_whether_the_wallet_is_enough(self, world: World) -> None:
        """And what it holds where it is not."""
        world.fill(2)
        assert self.offered(world) == ("the wallet holds 0.00 AZN",)
        credit(world, 80_00)
        assert self.offered(world) == ()

    def test_tells_key_holders_to_sign_in(self, world: World) -> None:
        """Not what somebody's wallet holds."""
        credit(world, 80_00)

        (reason,) = self.offered(world, key=True)

        assert "signed in" in reason

    def test_tells_of_an_empty_cart(self, world: World) -> None:
        """Nothing to pay, nothing to compare."""
        assert self.offered(world) == ("the cart is empty",)


class TestCallbacks:
    def test_are_not_heard(self, world: World) -> None:
        """There is nobody who could call."""
        credit(world, 80_00)

        with pytest.raises(NotFound):
            world.hear(world.buy(2, "wallet").payment)
