"""Callbacks and returning customers: what is kept of them, and where they land."""

import attrs
import pytest

from application.gateways import Claim, Received
from application.hearsay import PAYMENTS_MAX, Hearsay
from application.landing import Landing, Outcome
from application.policy import HEARSAY_ASKS_MAX, HEARSAY_WINDOW_SECONDS
from domain.bill import BillState
from domain.errors import ForgedCallback, Invalid, NotFound
from domain.ids import GatewayOrderId, MethodCode, PaymentId
from domain.order_status import OrderStatus
from tests.fakes import FakeBackend, FakeGateway
from tests.world import World


@pytest.fixture
def world() -> World:
    return World()


def verdicts(world: World) -> list[str]:
    """What became of each callback so far."""
    return [entry.verdict for _, entry in sorted(world.store.tables.inbox.items())]


def land(world: World, received: Received, order_id: str | None) -> Landing:
    """A customer comes back."""
    return world.app.hear_callback.land(
        code=MethodCode("card"),
        order_id=GatewayOrderId(order_id) if order_id else None,
        received=received,
    )


class TestTheAuditOfCallbacks:
    def test_keeps_every_callback_with_what_became_of_it(self, world: World) -> None:
        """Settled, repeated, unknown, forged, malformed: each is there to be looked at."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id)
        now = world.clock.now().timestamp()

        world.hear(out.payment)
        world.hear(out.payment)
        world.app.hear_callback(
            code=MethodCode("card"), order_id=None, received=world.bank.callback("REF-unknown", now=now)
        )
        with pytest.raises(ForgedCallback):
            world.hear(out.payment, forged=True)
        signed_nonsense = world.bank.unreadable_callback(out.payment.order_id, now)
        with pytest.raises(Invalid):
            world.app.hear_callback(code=MethodCode("card"), order_id=None, received=signed_nonsense)

        assert verdicts(world) == ["settled", "repeated", "unknown", "forged", "malformed"]

    def test_masks_card_numbers_before_anything_is_kept(self, world: World) -> None:
        """Not even a gateway may make us keep one."""
        out = world.buy(2)

        world.hear(out.payment, metadata={"note": "paid with 4111 1111 1111 1111"})

        (entry,) = world.store.tables.inbox.values()
        assert "4111******1111" in entry.body
        assert "4111 1111" not in entry.body

    def test_does_not_act_on_another_methods_payment(self, world: World) -> None:
        """A valid signature of one account says nothing about another's bills."""
        world.method("other-card")
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id)
        received = world.bank.callback(out.payment.order_id, now=world.clock.now().timestamp())

        world.app.hear_callback(code=MethodCode("other-card"), order_id=None, received=received)

        assert world.order(out.orders[0]).status is OrderStatus.HOLD
        assert verdicts(world) == ["unknown"]

    def test_asks_again_soon_when_the_gateway_is_silent(self, world: World) -> None:
        """The news is acknowledged, and the janitor follows it up."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id)
        world.bank.trouble()

        world.hear(out.payment)

        assert world.order(out.orders[0]).status is OrderStatus.HOLD
        assert verdicts(world) == ["unconfirmed"]
        world.clock.turn(seconds=6)
        world.app.look_after_payments()
        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING

    def test_a_dispute_that_could_not_be_confirmed_is_followed_up(self, world: World) -> None:
        """Paid money is looked at once more when its gateway was silent about bad news."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id)
        world.hear(out.payment)
        world.bank.trouble()

        world.hear(out.payment, "charged_back")
        world.bank.dispute(out.payment.order_id)
        world.clock.turn(seconds=6)
        world.app.look_after_payments()

        assert world.payment(out.payment).bill.review == "the payment is disputed"
        assert world.payment(out.payment).look_at is None

    def test_a_dispute_of_paid_money_is_put_before_a_person(self, world: World) -> None:
        """The payment stays paid; somebody has to look."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id)
        world.hear(out.payment)
        world.bank.dispute(out.payment.order_id)

        world.hear(out.payment)

        payment = world.payment(out.payment)
        assert payment.bill.state is BillState.PAID
        assert payment.bill.review == "the payment is disputed"

    def test_deleted_and_unknown_methods(self, world: World) -> None:
        """Money may still come through a method that is offered no more; others hear nothing."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id)
        world.app.manage_methods.delete(code=MethodCode("card"))

        world.hear(out.payment)

        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING
        with pytest.raises(NotFound):
            world.app.hear_callback(
                code=MethodCode("nothing"), order_id=None, received=world.bank.callback("x")
            )

    def test_what_names_no_payment_is_about_the_address_it_came_to(self, world: World) -> None:
        """Signed news without a reference is still a reason to ask."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id)

        world.hear(out.payment, merchant_ref=None)

        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING


class TestLateNews:
    def test_is_followed_up_though_the_payment_had_failed(self, world: World) -> None:
        """Late money whose gateway is silent just then is not lost."""
        out = world.buy(2)
        world.bank.decline(out.payment.order_id)
        world.hear(out.payment)
        world.bank.confirm(out.payment.order_id)
        world.bank.trouble()
        world.hear(out.payment)
        world.clock.turn(seconds=6)

        world.app.look_after_payments()

        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING
        assert world.payment(out.payment).look_at is None


class TestReturningCustomers:
    def test_land_on_success_once_the_gateway_confirms(self, world: World) -> None:
        """The return alone completes the payment."""
        out = world.buy(2, return_url="https://shop.example/thanks")
        world.bank.confirm(out.payment.order_id)

        landing = land(world, world.bank.callback(out.payment.order_id, method="GET"), None)

        assert landing.outcome is Outcome.SUCCESS
        assert landing.return_url == "https://shop.example/thanks"
        assert landing.order_key == out.orders[0].key

    def test_land_on_failure_or_wait(self, world: World) -> None:
        """Whatever the query says, the gateway's word counts."""
        out = world.buy(2)
        reference = out.payment.order_id

        pending = land(world, world.bank.callback(reference, "captured", method="GET"), reference)
        world.bank.decline(reference)
        failed = land(world, world.bank.callback(reference, "captured", method="GET"), reference)

        assert (pending.outcome, failed.outcome) == (Outcome.PENDING, Outcome.FAILED)

    def test_forged_returns_land_by_what_is_known_and_make_nobody_ask(self, world: World) -> None:
        """A tampered address bar proves nothing."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id)
        forged = world.bank.callback(out.payment.order_id, method="GET", forged=True)

        landing = land(world, forged, out.payment.order_id)

        assert landing.outcome is Outcome.PENDING
        assert landing.order_key == out.orders[0].key
        assert world.bank.called("verify") == []
        assert land(world, forged, None) == Landing(outcome=Outcome.PENDING)

    def test_a_repeated_return_does_not_ask_again(self, world: World) -> None:
        """A reload is no news."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id)
        received = world.bank.callback(out.payment.order_id, method="GET")

        for _ in range(3):
            assert land(world, received, None).outcome is Outcome.SUCCESS

        assert len(world.bank.called("verify")) == 1


class Unsigning(FakeGateway):
    """A gateway that signs none of its callbacks, by design."""

    def parse_callback(self, received: Received, now: float) -> Claim:
        """Anybody could have sent it, and it says only which payment it is about."""
        return attrs.evolve(super().parse_callback(received, now), claimed=None, is_signed=False)


class TestHearsay:
    """What anybody could have sent makes us ask only so often; no news is lost for that."""

    @pytest.fixture
    def unsigned(self) -> World:
        return World(backend=FakeBackend(Unsigning()))

    @pytest.mark.parametrize("how", ["callbacks", "returns"])
    def test_makes_us_ask_a_few_times_at_most(self, unsigned: World, how: str) -> None:
        """However many come, in whatever way; what came last is looked at soon all the same."""
        out = unsigned.buy(2)
        reference = out.payment.order_id

        def come() -> None:
            if how == "callbacks":
                unsigned.hear(out.payment)
            else:
                land(unsigned, unsigned.bank.callback(reference, method="GET"), reference)

        for _ in range(50):
            come()
        unsigned.bank.confirm(reference)
        come()
        asked = len(unsigned.bank.called("verify"))
        before = unsigned.order(out.orders[0]).status
        unsigned.clock.turn(seconds=6)
        unsigned.app.look_after_payments()

        assert asked == HEARSAY_ASKS_MAX
        assert verdicts(unsigned).count("unconfirmed") == 51 - HEARSAY_ASKS_MAX
        assert (before, unsigned.order(out.orders[0]).status) == (OrderStatus.HOLD, OrderStatus.PROCESSING)

    def test_makes_us_ask_again_after_a_while(self, unsigned: World) -> None:
        """A customer who comes back later, or a bank that took its time."""
        out = unsigned.buy(2)
        for _ in range(10):
            unsigned.hear(out.payment)
        unsigned.clock.turn(seconds=HEARSAY_WINDOW_SECONDS)
        unsigned.bank.confirm(out.payment.order_id)

        unsigned.hear(out.payment)

        assert unsigned.order(out.orders[0]).status is OrderStatus.PROCESSING

    def test_is_counted_for_each_payment_by_itself(self, unsigned: World) -> None:
        """Noise about one is no reason not to hear of another, and only so many are remembered."""
        first, other = unsigned.buy(1), unsigned.customer_called("murad")
        unsigned.fill(1, customer=other)
        second = unsigned.check_out(customer=other)
        for _ in range(10):
            unsigned.hear(first.payment)
        unsigned.bank.confirm(second.payment.order_id)

        unsigned.hear(second.payment)

        assert unsigned.order(second.orders[0]).status is OrderStatus.PROCESSING

    def test_remembers_only_so_many(self) -> None:
        """The one that was asked about longest ago is forgotten first."""
        hearsay = Hearsay(lambda: 0.0)
        for _ in range(HEARSAY_ASKS_MAX):
            assert not hearsay.is_enough(PaymentId(1))
        assert hearsay.is_enough(PaymentId(1))

        for number in range(2, PAYMENTS_MAX + 2):
            hearsay.is_enough(PaymentId(number))

        assert not hearsay.is_enough(PaymentId(1))

    def test_does_not_put_off_what_is_signed(self, world: World) -> None:
        """Its gateway alone can have sent it, so that it is always followed."""
        out = world.buy(2)
        reference = out.payment.order_id
        for _ in range(10):
            land(world, world.bank.callback(reference, method="GET"), reference)
        world.bank.confirm(reference)

        world.hear(out.payment)

        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING

    def test_does_not_keep_changing_the_payment(self, unsigned: World) -> None:
        """Or nobody who asks meanwhile could ever decide anything."""
        out = unsigned.buy(2)
        for _ in range(10):
            unsigned.hear(out.payment)
        version = unsigned.payment(out.payment).version

        for _ in range(10):
            unsigned.hear(out.payment)

        assert unsigned.payment(out.payment).version == version


class TestConnectingMethods:
    def test_each_method_speaks_through_its_own_settings(self, world: World) -> None:
        """Two accounts at one kind of gateway are never mixed up."""
        world.method("second", settings={"account": "2"})
        world.buy(1, "second")

        backend = world.backend
        assert isinstance(backend, FakeBackend)
        assert backend.connected[-1] == {"account": "2"}
