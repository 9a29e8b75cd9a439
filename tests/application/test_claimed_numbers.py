"""News that names a number which the bill has not: the answer to an opening was lost, or there are two."""

import attrs
import pytest

from application.gateways import Capabilities, Claim, Received
from domain.bill import BillState
from domain.errors import GatewayUnavailable
from domain.ids import GatewayOrderId
from domain.order_status import OrderStatus
from domain.payment import Payment
from domain.verdict import Verdict
from tests.fakes import Entry, FakeBackend, FakeGateway
from tests.world import World

BY_NUMBER = Capabilities(asks_by_reference=False, tells_holds=True)


class Nameless(FakeGateway):
    """A gateway that tells how a payment stands, but neither whose it is nor how much."""

    def verify(
        self, order_id: GatewayOrderId, transaction_id: str | None, within_seconds: float | None = None
    ) -> Verdict:
        """Ask the bank. Raises: GatewayTrouble."""
        told = super().verify(order_id, transaction_id, within_seconds)
        return attrs.evolve(told, reference=None, amount_minor=None, captured_minor=None, currency=None)


def world_of(gateway: FakeGateway) -> World:
    """A shop whose gateway knows payments by its own numbers alone."""
    gateway.capabilities = BY_NUMBER
    return World(backend=FakeBackend(gateway))


@pytest.fixture
def world() -> World:
    return world_of(FakeGateway())


@pytest.fixture
def nameless() -> World:
    return world_of(Nameless())


def lost(world: World) -> Payment:
    """A payment that the gateway opened for somebody, though its answer never came."""
    somebody = world.customer_called("murad")
    world.fill(customer=somebody)
    world.bank.trouble(operation="initiate", done=True)
    with pytest.raises(GatewayUnavailable):
        world.check_out(customer=somebody)
    payment = world.payment(max(world.store.tables.payments))
    assert payment.bill.transaction_id is None
    return payment


def opened_twice(world: World) -> tuple[Payment, Entry]:
    """A payment that the gateway forgot, opened anew, and remembers now; answers the older one, too."""
    first = world.buy(2)
    older = world.bank.hide(first.payment.order_id)
    again = world.check_out()
    assert again.payment.id == first.payment.id
    world.bank.show(older, "older")
    assert world.payment(again.payment).bill.transaction_id != older.id
    return again.payment, older


def orders_of(world: World, payment: Payment) -> list[OrderStatus]:
    """How they stand."""
    return [world.store.tables.orders[order_id].status for order_id in payment.order_ids]


class TestLostAnswers:
    def test_are_made_up_for_by_the_gateways_news(self, world: World) -> None:
        """It names a number, and what is found under that names the bill and its money."""
        payment = lost(world)
        world.bank.confirm(payment.order_id)

        world.hear(payment)

        assert world.payment(payment).bill.state is BillState.PAID
        assert world.payment(payment).bill.transaction_id == "pay_000001"
        assert orders_of(world, payment) == [OrderStatus.PROCESSING]

    def test_may_have_led_to_a_refusal(self, world: World) -> None:
        """Which is the gateway's own word, about this bill."""
        payment = lost(world)
        world.bank.decline(payment.order_id)

        world.hear(payment)

        assert world.payment(payment).bill.state is BillState.FAILED

    def test_tell_the_number_while_nothing_is_decided(self, world: World) -> None:
        """From then on the gateway can be asked, and it can be closed there."""
        payment = lost(world)

        world.hear(payment)

        assert world.payment(payment).bill.transaction_id == "pay_000001"
        assert world.payment(payment).bill.state is BillState.WAITING

    def test_come_after_the_news(self, world: World) -> None:
        """The gateway calls before it answers: its money counts at once, and the answer changes nothing."""

        def pay_and_call() -> None:
            payment = world.payment(max(world.store.tables.payments))
            world.bank.confirm(payment.order_id)
            world.hear(payment)

        world.bank.meanwhile("initiate", pay_and_call)

        out = world.buy(2)

        assert world.payment(out.payment).bill.state is BillState.PAID
        assert orders_of(world, out.payment) == [OrderStatus.PROCESSING]

    def test_are_learned_once_of_two_callbacks(self, world: World) -> None:
        """Whoever is second finds the number known, and the bill paid."""
        payment = lost(world)
        world.bank.confirm(payment.order_id)
        world.bank.meanwhile("verify", lambda: world.hear(payment))

        world.hear(payment)

        assert world.payment(payment).bill.state is BillState.PAID
        assert world.events().count("payment.succeeded") == 1

    def test_lead_to_a_person_where_the_money_differs(self, world: World) -> None:
        """It is this bill's, and not what is due."""
        payment = lost(world)
        world.bank.confirm(payment.order_id, amount=1)

        world.hear(payment)

        assert world.payment(payment).bill.review == "the gateway says 1, the bill 8000 (smallest units)"


class TestSilence:
    """The gateway cannot be asked just now about what its own callback named."""

    def look(self, world: World, times: int = 1) -> None:
        """Let the janitor look after a while."""
        for _ in range(times):
            world.clock.turn(seconds=60)
            world.app.look_after_payments()

    def test_is_no_reason_to_forget_the_number(self, world: World) -> None:
        """The janitor asks about it later."""
        payment = lost(world)
        world.bank.confirm(payment.order_id)
        world.bank.trouble()

        world.hear(payment)
        before = world.payment(payment).bill.state
        self.look(world)

        bill = world.payment(payment).bill
        assert (before, bill.state, bill.named_number) == (BillState.IN_DOUBT, BillState.PAID, None)

    def test_may_last(self, world: World) -> None:
        """And nothing is given up meanwhile, though the hold is over."""
        payment = lost(world)
        world.bank.confirm(payment.order_id)
        world.bank.trouble(None)
        world.hear(payment)

        self.look(world, 60)
        before = orders_of(world, payment)
        world.bank.recover()
        self.look(world, 60)

        assert before == [OrderStatus.HOLD]
        assert orders_of(world, payment) == [OrderStatus.PROCESSING]

    def test_hides_an_older_payment_for_a_while_only(self, world: World) -> None:
        """Its money is found, for a person to look at; then the newer one is asked about as ever."""
        payment, older = opened_twice(world)
        world.bank.confirm("older")
        world.bank.trouble()
        world.hear(payment, "captured", id=older.id)

        self.look(world)

        assert world.payment(payment).bill.state is BillState.REVIEW

    def test_ends_where_the_number_means_nothing(self, world: World) -> None:
        """It is asked about once, and then the bill has its turn."""
        payment, older = opened_twice(world)
        world.bank.trouble()
        world.hear(payment, "pending", id=older.id)
        world.bank.confirm(payment.order_id)

        self.look(world, 2)

        bill = world.payment(payment).bill
        assert (bill.state, bill.named_number) == (BillState.PAID, None)

    def test_is_over_when_the_news_comes_again(self, world: World) -> None:
        """Then it is asked about at once, and nobody has to remember it."""
        payment, older = opened_twice(world)
        world.bank.trouble()
        world.hear(payment, "pending", id=older.id)
        before = world.payment(payment).bill.named_number

        world.hear(payment, "pending", id=older.id)

        assert (before, world.payment(payment).bill.named_number) == (older.id, None)

    def test_is_nothing_to_remember_of_what_anybody_could_have_sent(self) -> None:
        """Or they could keep the gateway from being asked about what counts."""

        class Unsigning(FakeGateway):
            def parse_callback(self, received: Received, now: float) -> Claim:
                return attrs.evolve(super().parse_callback(received, now), is_signed=False)

        world = world_of(Unsigning())
        payment = lost(world)
        world.bank.trouble()

        world.hear(payment)

        assert world.payment(payment).bill.named_number is None


class TestNumbersOfOthers:
    @pytest.mark.parametrize("is_nameless", [False, True], ids=["named", "nameless"])
    def test_pay_nothing(self, is_nameless: bool) -> None:
        """A payment of ours is paid, and news about it names another bill: that one waits."""
        world = world_of(Nameless() if is_nameless else FakeGateway())
        paid = world.buy(1)
        world.bank.confirm(paid.payment.order_id)
        world.hear(paid.payment)
        number = world.payment(paid.payment).bill.transaction_id
        payment = lost(world)

        world.hear(payment, "captured", id=number)

        assert world.payment(payment).bill.state is BillState.IN_DOUBT
        assert world.payment(payment).bill.transaction_id is None

    def test_are_strangers(self, world: World) -> None:
        """The gateway says whose it is."""
        payment = lost(world)
        stranger = world.bank.create("somebody-elses", "key", 80_00, "AZN")
        assert stranger is not None
        world.bank.confirm("somebody-elses")

        world.hear(payment, "captured", id=stranger.id)

        assert world.payment(payment).bill.state is BillState.IN_DOUBT

    def test_that_claim_to_be_ours_are_for_a_person(self, world: World) -> None:
        """The gateway contradicts what it said before: no number is ever taken from another bill."""
        other = world.buy(1)
        number = world.payment(other.payment).bill.transaction_id
        payment = lost(world)
        world.bank.confirm(other.payment.order_id)
        world.bank.say(other.payment.order_id, merchant_ref=payment.order_id)

        world.hear(payment, "captured", id=number)

        assert world.payment(payment).bill.state is BillState.REVIEW
        assert world.payment(payment).bill.transaction_id is None

    def test_unknown_ones_decide_nothing(self, world: World) -> None:
        """What the gateway does not know is no money, and no failure either."""
        payment = lost(world)

        world.hear(payment, "captured", id="pay_unknown")

        assert world.payment(payment).bill.state is BillState.IN_DOUBT


class TestGatewaysThatNameNobody:
    def test_have_money_for_a_person(self, nameless: World) -> None:
        """It is somebody's, and signed news says whose: that is not enough to sell by, nor to drop it."""
        payment = lost(nameless)
        nameless.bank.confirm(payment.order_id)

        nameless.hear(payment)

        bill = nameless.payment(payment).bill
        assert bill.state is BillState.REVIEW
        assert "pay_000001" in (bill.review or "")
        assert bill.transaction_id is None

    def test_are_waited_for_while_they_open_it(self, nameless: World) -> None:
        """The bill's own number is on its way."""

        def pay_and_call() -> None:
            payment = nameless.payment(max(nameless.store.tables.payments))
            nameless.bank.confirm(payment.order_id)
            nameless.hear(payment)

        nameless.bank.meanwhile("initiate", pay_and_call)
        out = nameless.buy(2)

        before = nameless.payment(out.payment).bill.state
        nameless.hear(out.payment)

        assert (before, nameless.payment(out.payment).bill.state) == (BillState.WAITING, BillState.PAID)


class TestTwoPaymentsOfOneBill:
    def test_the_older_one_is_for_a_person(self, world: World) -> None:
        """It was paid, though the gateway had said that it did not know it."""
        payment, older = opened_twice(world)
        number = world.payment(payment).bill.transaction_id
        world.bank.confirm("older")

        world.hear(payment, "captured", id=older.id)

        bill = world.payment(payment).bill
        assert bill.state is BillState.REVIEW
        assert older.id in (bill.review or "")
        assert bill.transaction_id == number

    def test_held_money_is_for_a_person_too(self, world: World) -> None:
        """Nobody else would let it go."""
        payment, older = opened_twice(world)
        world.bank.authorise("older")

        world.hear(payment, "authorized", id=older.id)

        assert world.payment(payment).bill.state is BillState.REVIEW

    def test_an_unpaid_one_changes_nothing(self, world: World) -> None:
        """The bill is what was opened last."""
        payment, older = opened_twice(world)

        world.hear(payment, "pending", id=older.id)

        assert world.payment(payment).bill.state is BillState.WAITING

    def test_the_newer_one_counts_whatever_the_older_one_says(self, world: World) -> None:
        """News of either is a reason to ask about both."""
        payment, older = opened_twice(world)
        world.bank.confirm(payment.order_id)

        world.hear(payment, "pending", id=older.id)

        assert world.payment(payment).bill.state is BillState.PAID

    def test_both_paid_are_for_a_person_once(self, world: World) -> None:
        """The customer has paid twice: what was sold stays sold, and somebody has to look."""
        payment, older = opened_twice(world)
        world.bank.confirm(payment.order_id)
        world.hear(payment)
        world.bank.confirm("older")

        for _ in range(3):
            world.hear(payment, "captured", id=older.id)

        bill = world.payment(payment).bill
        assert bill.state is BillState.PAID
        assert older.id in (bill.review or "")
        assert world.events().count("payment.review") == 1
        assert orders_of(world, payment) == [OrderStatus.PROCESSING]

    def test_one_that_comes_after_the_end_is_for_a_person(self, world: World) -> None:
        """The bill has failed, and money came under another number than its own."""
        payment, older = opened_twice(world)
        world.bank.cancel(payment.order_id)
        world.hear(payment)
        world.bank.confirm("older")

        world.hear(payment, "captured", id=older.id)

        assert world.payment(payment).bill.state is BillState.REVIEW
