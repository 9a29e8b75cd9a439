"""Which method takes a purchase: by the country of the addresses, and while a gateway is left alone."""

from contextlib import ExitStack

import pytest

from application.breaker import BreakerState
from application.guarding import Lane
from domain.bill import BillState, PaymentStatus
from domain.errors import GatewayUnavailable, Invalid, MethodRefused, PaymentUnderWay
from domain.ids import MethodCode
from domain.payment import Payment
from tests.fakes import FakeBackend, FakeGateway
from tests.world import AZN, STAFF, World, azn

CARD, OTHER = MethodCode("card"), MethodCode("other")


@pytest.fixture
def world() -> World:
    """A shop with a second gateway, which takes over for the first."""
    there = FakeBackend(FakeGateway(address="https://elsewhere.test"), name="elsewhere")
    world = World(elsewhere=there)
    world.method("other", backend="elsewhere")
    world.method("card", fallback=OTHER)
    return world


def break_the_gateway(world: World, payment: Payment) -> None:
    """Staff ask twenty times in vain; afterwards it would answer, if anybody asked."""
    world.bank.trouble(20, operation="verify")
    for _ in range(20):
        with pytest.raises(GatewayUnavailable):
            world.app.verify_bill(payment_id=payment.id, by=STAFF)
    world.bank.recover()
    assert world.app.guards.states()[CARD] is BreakerState.OPEN


class TestFallback:
    def test_takes_over_while_the_gateway_is_left_alone(self, world: World) -> None:
        """The payment shows who took it; the broken one hears nothing."""
        murad = world.customer_called("murad")
        break_the_gateway(world, world.buy(1).payment)
        opened = len(world.bank.called("initiate"))
        world.fill(1, customer=murad)

        out = world.check_out(customer=murad)

        assert (out.payment.method_code, out.payment.bill.backend) == ("other", "elsewhere")
        assert out.next_step and out.next_step.startswith("https://elsewhere.test/")
        assert len(world.bank.called("initiate")) == opened

    def test_goes_on_where_it_took_over(self, world: World) -> None:
        """Checking out again resumes what it opened, or points to it: never a second one."""
        murad = world.customer_called("murad")
        break_the_gateway(world, world.buy(1).payment)
        world.fill(1, customer=murad)
        world.check_out(customer=murad)

        with pytest.raises(PaymentUnderWay) as caught:
            world.check_out(customer=murad)
        assert caught.value.next_step and caught.value.next_step.startswith("https://elsewhere.test/")

    def test_hands_back_when_the_gateway_answers_again(self, world: World) -> None:
        """After the pause the chosen one is tried."""
        murad = world.customer_called("murad")
        break_the_gateway(world, world.buy(1).payment)
        world.clock.turn(seconds=5)
        world.fill(1, customer=murad)

        assert world.check_out(customer=murad).payment.method_code == CARD

    @pytest.mark.parametrize("is_seen", [True, False])
    def test_never_takes_over_a_bill_that_may_be_open_there(self, world: World, is_seen: bool) -> None:
        """Whether its customer has seen where to pay or not: what became of it only that gateway knows."""
        world.fill(1)
        if is_seen:
            payment = world.check_out().payment
        else:
            world.bank.trouble(operation="initiate", done=True)
            with pytest.raises(GatewayUnavailable) as lost:
                world.check_out()
            order = world.app.queries.order(lost.value.order_keys[0])
            assert order is not None
            payment = world.payment(order.payment_ids[0])
        break_the_gateway(world, payment)

        with pytest.raises(GatewayUnavailable) as caught:
            world.check_out()
        assert caught.value.order_keys == ()
        assert len(world.store.tables.payments) == 1

        world.fill(2)
        with pytest.raises(GatewayUnavailable):
            world.check_out()

    def test_takes_orders_over_whose_attempt_has_failed(self, world: World) -> None:
        """Nothing is open there any more."""
        out = world.buy(1)
        world.bank.decline(out.payment.order_id)
        world.hear(out.payment)
        murad = world.customer_called("murad")
        world.fill(1, customer=murad)
        break_the_gateway(world, world.check_out(customer=murad).payment)

        assert world.pay(*out.orders).payment.method_code == OTHER

    def test_has_to_accept_the_purchase_too(self, world: World) -> None:
        """Else the gateway's silence is all there is to tell; what the chosen one refuses stays refused."""
        murad = world.customer_called("murad")
        world.method("other", backend="elsewhere", max_amount=azn(1))
        break_the_gateway(world, world.buy(1).payment)
        world.fill(1, customer=murad)
        with pytest.raises(GatewayUnavailable):
            world.check_out(customer=murad)
        world.method("other", backend="elsewhere")
        world.method("card", fallback=OTHER, max_amount=azn(1))

        with pytest.raises(MethodRefused):
            world.check_out(customer=murad)

    def test_may_be_gone(self, world: World) -> None:
        """Deleted, it takes over nothing."""
        murad = world.customer_called("murad")
        break_the_gateway(world, world.buy(1).payment)
        world.app.manage_methods.delete(code=OTHER)
        world.fill(1, customer=murad)

        with pytest.raises(GatewayUnavailable):
            world.check_out(customer=murad)

    def test_makes_no_chains(self, world: World) -> None:
        """Its own fallback is not looked at, and its own guard holds."""
        murad = world.customer_called("murad")
        world.method("other", backend="elsewhere", fallback=MethodCode("cash"))
        break_the_gateway(world, world.buy(1).payment)
        world.fill(1, customer=murad)
        elsewhere = world.backends["elsewhere"].gateway  # type: ignore[attr-defined]
        with ExitStack() as stack:
            for _ in range(2):
                stack.enter_context(world.app.guards.turn(elsewhere, OTHER, Lane.SERVING))

            with pytest.raises(GatewayUnavailable) as caught:
                world.check_out(customer=murad)
        assert caught.value.retry_after_seconds == 1

    def test_is_not_for_a_share_in_use(self, world: World) -> None:
        """That is over in a moment."""
        world.fill(1)
        with ExitStack() as stack:
            for _ in range(2):
                stack.enter_context(world.app.guards.turn(world.bank, CARD, Lane.SERVING))

            with pytest.raises(GatewayUnavailable):
                world.check_out()

    @pytest.mark.parametrize("code", ["card", "nothing"])
    def test_is_another_method_that_there_is(self, world: World, code: str) -> None:
        """Told when it is set up."""
        with pytest.raises(Invalid) as caught:
            world.method("card", fallback=MethodCode(code))
        assert caught.value.mistakes[0].pointer == "#/rules/fallback"


class TestCountries:
    def test_of_the_addresses_decide(self, world: World) -> None:
        """The billing address, else the shipping address; without either nobody knows."""
        world.method("card", countries=("AZ",))
        world.fill(1)
        for addresses in (
            {"billing_address": {"country": "DE"}, "shipping_address": {"country": "AZ"}},
            {"shipping_address": {"country": "DE"}},
            {},
        ):
            with pytest.raises(MethodRefused):
                world.check_out(**addresses)

        out = world.check_out(billing_address={"country": "az"}, shipping_address={"country": "DE"})

        assert out.payment.status is PaymentStatus.PENDING
        assert out.payment.bill.state is BillState.WAITING
        assert out.payment.amount.currency == AZN

    def test_are_looked_at_again_when_orders_are_paid(self, world: World) -> None:
        """By the addresses that they were placed with."""
        out = world.buy(1, billing_address={"country": "DE"})
        world.bank.decline(out.payment.order_id)
        world.hear(out.payment)
        world.method("card", countries=("AZ",))

        with pytest.raises(MethodRefused):
            world.pay(*out.orders)
        offers = world.app.offer_methods.for_order(out.orders[0].key)
        assert {offer.method.code: offer.is_usable for offer in offers}["card"] is False

    def test_are_not_known_before_checkout(self, world: World) -> None:
        """A cart has no addresses, so nothing speaks against the method yet."""
        world.method("card", countries=("AZ",))
        world.fill(1)
        offers = world.app.offer_methods.for_cart(world.customer)

        assert {offer.method.code: offer.is_usable for offer in offers}["card"] is True
