"""Gateways with a way of their own: that collect only when told, or alone can check their signatures."""

from typing import Any

import attrs
import pytest

from application.backends import capabilities_of
from application.breaker import BreakerState
from application.gateways import Received
from application.policy import HEARSAY_CONFIRMATIONS_MAX, HEARSAY_WINDOW_SECONDS
from application.trouble import GatewayTrouble, TroubleKind
from domain.bill import BillState, PaymentStatus
from domain.errors import ForgedCallback
from domain.ids import GatewayOrderId, MethodCode
from domain.order_status import OrderStatus
from domain.verdict import Verdict, VerdictStatus
from tests.fakes import FakeBackend, FakeGateway
from tests.world import STAFF, World


class Collecting(FakeGateway):
    """A gateway that takes what the customer approved when it is told to."""

    approved: frozenset[str] = frozenset()

    def verify(
        self, order_id: GatewayOrderId, transaction_id: str | None, within_seconds: float | None = None
    ) -> Verdict:
        """Approved is still pending."""
        verdict = super().verify(order_id, transaction_id, within_seconds)
        is_approved = order_id in self.approved and verdict.status is VerdictStatus.PENDING
        return attrs.evolve(verdict, is_approved=is_approved)

    def collect(
        self, order_id: GatewayOrderId, transaction_id: str, within_seconds: float | None = None
    ) -> Verdict:
        """Take it."""
        self.collected = [*getattr(self, "collected", []), (order_id, within_seconds)]
        self._finish("collect", self._stumble("collect"))
        self.confirm(order_id)
        return super().verify(order_id, transaction_id)


class Confirming(FakeGateway):
    """A gateway that says itself whether it sent something."""

    answer: bool | GatewayTrouble = True

    def confirms(self, received: Received, within_seconds: float) -> bool:
        """As the test has it."""
        if isinstance(self.answer, GatewayTrouble):
            raise self.answer
        return self.answer


@pytest.fixture
def collecting() -> World:
    return World(backend=FakeBackend(Collecting()))


@pytest.fixture
def confirming() -> World:
    return World(backend=FakeBackend(Confirming()))


def called(world: World, reference: GatewayOrderId) -> Received:
    """The gateway's callback about a payment."""
    return world.bank.callback(reference, now=world.clock.now().timestamp())


def approve(world: World, reference: str) -> None:
    """The customer agrees at the gateway."""
    world.bank.approved = frozenset({reference})  # type: ignore[attr-defined]


def collected(world: World) -> list[Any]:
    """What was collected so far."""
    return list(getattr(world.bank, "collected", []))


class TestCollecting:
    def test_follows_the_news_that_the_customer_agreed(self, collecting: World) -> None:
        """Within the time that a callback has."""
        out = collecting.buy(2)
        approve(collecting, out.payment.order_id)

        collecting.hear(out.payment, "pending")

        ((reference, within_seconds),) = collected(collecting)
        assert reference == out.payment.order_id and 0 < within_seconds <= 3.5
        assert collecting.order(out.orders[0]).status is OrderStatus.PROCESSING

    def test_is_made_up_for_by_the_janitor(self, collecting: World) -> None:
        """When the answer was lost."""
        out = collecting.buy(2)
        approve(collecting, out.payment.order_id)
        collecting.bank.trouble(operation="collect")
        collecting.hear(out.payment, "pending")
        before = collecting.payment(out.payment).status
        collecting.clock.turn(seconds=6)
        collecting.app.look_after_payments()

        assert (before, collecting.payment(out.payment).status) == (
            PaymentStatus.PENDING,
            PaymentStatus.SUCCESS,
        )

    def test_is_not_done_for_a_bill_that_ended(self, collecting: World) -> None:
        """Nobody waits for that money any more: at the deadline it is left where it is, and afterwards."""
        out = collecting.buy(2)
        approve(collecting, out.payment.order_id)
        collecting.clock.turn(minutes=31)
        collecting.app.look_after_payments()
        collecting.app.verify_bill(payment_id=out.payment.id, by=STAFF)

        assert collected(collecting) == []

    @pytest.mark.parametrize("said", [{"amount": 1}, {"currency": "USD"}, {"merchant_ref": "other"}])
    def test_is_not_done_for_another_bill(self, collecting: World, said: dict[str, Any]) -> None:
        """What was approved is not what is due."""
        out = collecting.buy(2)
        approve(collecting, out.payment.order_id)
        collecting.bank.say(out.payment.order_id, **said)

        collecting.hear(out.payment, "pending")

        assert collected(collecting) == []
        assert collecting.payment(out.payment).bill.state is BillState.WAITING


class TestConfirming:
    def test_lets_the_gateway_s_own_callbacks_in(self, confirming: World) -> None:
        """As any other."""
        out = confirming.buy(2)
        confirming.bank.confirm(out.payment.order_id)
        confirming.hear(out.payment)

        assert confirming.payment(out.payment).status is PaymentStatus.SUCCESS

    def test_keeps_out_what_the_gateway_did_not_send(self, confirming: World) -> None:
        """403, kept, and nothing happens."""
        out = confirming.buy(2)
        confirming.bank.confirm(out.payment.order_id)
        confirming.bank.answer = False  # type: ignore[attr-defined]

        with pytest.raises(ForgedCallback):
            confirming.hear(out.payment)
        assert confirming.payment(out.payment).status is PaymentStatus.PENDING
        assert [entry.verdict for entry in confirming.store.tables.inbox.values()] == ["forged"]

    def test_is_done_without_when_the_gateway_is_silent(self, confirming: World) -> None:
        """It is a reason to ask all the same."""
        out = confirming.buy(2)
        confirming.bank.confirm(out.payment.order_id)
        confirming.bank.answer = GatewayTrouble("silence")  # type: ignore[attr-defined]
        confirming.hear(out.payment)

        assert confirming.payment(out.payment).status is PaymentStatus.SUCCESS

    @pytest.mark.parametrize("about", ["nobody", "another method", "what is settled"])
    def test_is_asked_for_apart_for_what_could_lead_to_nothing(
        self, confirming: World, monkeypatch: pytest.MonkeyPatch, about: str
    ) -> None:
        """A forged one is refused there, too; but so many of them as come are kept, and acknowledged."""
        code, order_id = MethodCode("card"), confirming.buy(1).payment.order_id
        if about == "another method":
            confirming.method("other", backend="sandbox")
            code = MethodCode("other")
        elif about == "what is settled":
            confirming.bank.confirm(order_id)
            confirming.app.hear_callback(code=code, order_id=order_id, received=called(confirming, order_id))
        received = called(confirming, order_id)
        if about == "nobody":
            confirming.store.tables.payments.clear()
        monkeypatch.setattr(confirming.bank, "answer", False)

        for _ in range(HEARSAY_CONFIRMATIONS_MAX):
            with pytest.raises(ForgedCallback):
                confirming.app.hear_callback(code=code, order_id=order_id, received=received)
        confirming.app.hear_callback(code=code, order_id=order_id, received=received)

        *_, entry = confirming.store.tables.inbox.values()
        assert entry.verdict == ("repeated" if about == "what is settled" else "unknown")

    def test_is_asked_for_only_so_often(self, confirming: World) -> None:
        """Whoever sends rubbish about a payment does not keep the gateway busy, nor others' news out."""
        out, confirming.customer = confirming.buy(2), confirming.customer_called("leyla")
        another = confirming.buy(1)
        confirms = confirming.bank.confirms  # type: ignore[attr-defined]
        asked = []

        def counted(received: Received, within_seconds: float) -> bool:
            asked.append(received)
            return bool(confirms(received, within_seconds))

        confirming.bank.confirms = counted  # type: ignore[attr-defined]
        for _ in range(HEARSAY_CONFIRMATIONS_MAX + 5):
            confirming.hear(another.payment)
        assert len(asked) == HEARSAY_CONFIRMATIONS_MAX

        confirming.bank.confirm(out.payment.order_id)
        confirming.hear(out.payment)

        assert len(asked) == HEARSAY_CONFIRMATIONS_MAX + 1
        assert confirming.payment(out.payment).status is PaymentStatus.SUCCESS

    def test_opens_no_breaker_by_rubbish(self, confirming: World) -> None:
        """However long somebody goes on with it, and whatever trouble the gateway has with it."""
        out = confirming.buy(1)
        confirming.bank.answer = GatewayTrouble("later", TroubleKind.RETRYABLE)  # type: ignore[attr-defined]
        for _ in range(90):
            confirming.hear(out.payment, "pending")
            confirming.clock.turn(seconds=0.5)

        assert confirming.guards.states()[MethodCode("card")] is BreakerState.CLOSED

    def test_is_done_again_after_a_while(self, confirming: World) -> None:
        """A forged one is found out then, too."""
        out = confirming.buy(1)
        confirming.bank.answer = GatewayTrouble("silence")  # type: ignore[attr-defined]
        for _ in range(HEARSAY_CONFIRMATIONS_MAX + 1):
            confirming.hear(out.payment, "pending")
        confirming.bank.answer = False  # type: ignore[attr-defined]
        confirming.hear(out.payment, "pending")
        confirming.clock.turn(seconds=HEARSAY_WINDOW_SECONDS)

        with pytest.raises(ForgedCallback):
            confirming.hear(out.payment, "pending")

    @pytest.mark.parametrize(("took_seconds", "asked"), [(3, [0.5]), (4, [])])
    def test_takes_its_time_from_the_answer_s(
        self, confirming: World, took_seconds: int, asked: list[float]
    ) -> None:
        """A gateway waits 5 s for all of it; where nothing is left of them the janitor asks soon."""
        out, bank = confirming.buy(2), confirming.bank

        def slowly(received: Received, within_seconds: float) -> bool:
            confirming.clock.turn(seconds=took_seconds)
            return True

        def noted(
            order_id: GatewayOrderId, number: str | None, within_seconds: float | None = None
        ) -> Verdict:
            seconds.append(within_seconds)
            return verify(order_id, number, within_seconds)

        seconds, verify = list[float | None](), bank.verify
        bank.confirms, bank.verify = slowly, noted  # type: ignore[attr-defined,method-assign]
        confirming.hear(out.payment)

        assert seconds == pytest.approx(asked)
        (entry,) = confirming.store.tables.inbox.values()
        assert entry.verdict == ("settled" if asked else "unconfirmed")


class TestCapabilities:
    def test_are_read_off_what_the_adapter_keeps_to(self, collecting: World) -> None:
        """Nobody has to say them twice."""
        told = {name: capabilities_of(backend) for name, backend in collecting.backends.items()}

        assert set(told["manual"].values()) == {False}
        assert told["sandbox"]["refunds"] and not told["sandbox"]["saves_cards"]
