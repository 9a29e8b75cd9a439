"""Leases outlive what they cover, at the longest deadline that a gateway may be given."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from application.policy import GATEWAY_SECONDS_MAX, IDEMPOTENCY_LEASE, STORE_MARGIN
from domain.errors import Conflict, GatewayUnavailable
from domain.order import Order
from domain.order_status import OrderStatus
from tests.fakes import FakeBackend, FakeGateway, Fault
from tests.world import STAFF, World


class Slow(FakeGateway):
    """A gateway each use of which takes all of its deadline, and at which nothing can be closed just now."""

    def __init__(self) -> None:
        super().__init__()
        self.wait: Callable[[], None] = lambda: None

    def take_fault(self, operation: str) -> Fault | None:
        """Time passes first."""
        self.wait()
        return super().take_fault(operation)

    def end(self, transaction_id: str) -> bool | None:
        """Not now."""
        return False


class SlowWorld(World):
    """A shop whose gateway becomes slow when it is told to."""

    def __init__(self, gateway_seconds: float) -> None:
        self.gateway: Slow = Slow()
        self.seconds = gateway_seconds
        super().__init__(backend=FakeBackend(self.gateway), gateway_seconds=gateway_seconds)

    def take_as_long_as_it_may(self) -> None:
        """From now on."""
        self.began = self.clock.now()
        self.gateway.wait = lambda: self.clock.turn(seconds=self.seconds)

    @property
    def took(self) -> timedelta:
        """How long that has been, with what storing may take on top."""
        return self.clock.now() - self.began + STORE_MARGIN

    def order_in_doubt(self, name: str) -> Order:
        """An order of somebody's, whose payment was not opened as far as anybody knows."""
        buyer = self.customer_called(name)
        self.fill(1, customer=buyer)
        self.bank.trouble(operation="initiate", done=True)
        self.clock.turn(seconds=2)
        with pytest.raises(GatewayUnavailable) as raised:
            self.check_out(customer=buyer)
        order = self.app.queries.order(raised.value.order_keys[0])
        assert order is not None
        return order


@pytest.fixture(params=[1.0, 10.0, float(GATEWAY_SECONDS_MAX)])
def slow(request: pytest.FixtureRequest) -> SlowWorld:
    return SlowWorld(request.param)


class TestTheLeaseOfAnIdempotencyKey:
    def test_outlives_a_cancelling(self, slow: SlowWorld) -> None:
        """However often the payment has to be closed anew."""
        out = slow.buy(1)
        slow.take_as_long_as_it_may()
        with pytest.raises(Conflict):
            slow.app.cancel_order(order_key=out.orders[0].key, by=STAFF)

        assert slow.bank.called("close")
        assert slow.took <= IDEMPOTENCY_LEASE

    def test_outlives_a_checkout(self, slow: SlowWorld) -> None:
        """However many payments of the orders have to be asked about before."""
        slow.offer("kettle", 40_00, 50)
        orders = [slow.order_in_doubt(f"buyer-{number}") for number in range(20)]
        slow.take_as_long_as_it_may()

        out = slow.pay(*orders)

        assert slow.bank.called("verify")
        assert slow.took <= IDEMPOTENCY_LEASE
        assert {slow.order(order).payment_id for order in orders} == {out.payment.id}
        assert slow.order(orders[0]).status is OrderStatus.HOLD

    def test_ends_soon_after_a_crash(self) -> None:
        """A key that was left behind is free within ninety seconds."""
        assert timedelta(seconds=90) > IDEMPOTENCY_LEASE


class TestTheClaimOfALook:
    def test_outlives_asking_and_closing(self, slow: SlowWorld) -> None:
        """Nobody else looks at a payment while somebody does."""
        slow.buy(1)
        slow.clock.turn(minutes=31)
        slow.take_as_long_as_it_may()

        slow.app.look_after_payments()

        assert slow.bank.called("close")
        assert slow.took <= slow.guards.policy.look_patience
