"""What every gateway adapter has to keep to before a bank that remembers, and the fake in all of it.

What can be told from a single answer, fault or callback is the conformance kit's, for each adapter alike.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import attrs
import pytest

from adapters.gateways.registry import backends
from adapters.gateways.transport import Transport
from application.backends import OnlineBackend
from application.gateways import (
    ClosesBills,
    CollectsApproved,
    ConfirmsCallbacks,
    Gateway,
    HoldsMoney,
    Instruction,
    MoveStatus,
    Opening,
    Received,
    Refunds,
    TracksRefunds,
)
from application.trouble import BadSignature, GatewayRefused, GatewayTrouble, TroubleKind
from domain.ids import GatewayOrderId
from domain.money import Currency, Money
from domain.people import Contact
from domain.verdict import VerdictStatus
from tests.fakes import Bank, FakeGateway
from tests.gateways.dialects.epoint import Epoint
from tests.gateways.dialects.mollie import Mollie
from tests.gateways.dialects.paynow import Paynow
from tests.gateways.dialects.paypal import Paypal
from tests.gateways.dialects.payu import Payu
from tests.gateways.dialects.stripe import Stripe
from tests.gateways.stub import Dialect, Native, serving

AZN = Currency("AZN", 2)
REF = GatewayOrderId("kassa-7Q9xT2mK")
NOW = 1_800_000_000.0

DIALECTS: Mapping[str, Dialect] = {
    dialect.backend: dialect
    for dialect in (Native(), Epoint(), Stripe(), Payu(), Paynow(), Paypal(), Mollie())
}
GATEWAYS: Mapping[str, type] = {
    "fake": FakeGateway,
    **{
        name: backend.gateway_type
        for name, backend in backends(Transport()).items()
        if isinstance(backend, OnlineBackend)
    },
}
ALL = list(GATEWAYS)
NATIVE = ["fake", "sandbox"]

# Mollie signs nothing, by design: its callbacks name a payment, and that is all. What PayPal signs only
# PayPal can check.
SIGNING = [name for name in ALL if name not in {"mollie", "paypal"}]

# The others do not show with a payment what was given back.
SHOWING_REFUNDS = [name for name in ALL if name not in {"stripe", "payu", "paynow"}]


def those_who(power: type) -> list[str]:
    """The backends whose gateways have that power."""
    found = [name for name, gateway in GATEWAYS.items() if issubclass(gateway, power)]
    assert found
    return found


# Those where an idempotency key keeps a payment from being opened twice.
BY_KEY = [name for name in ALL if name not in {"epoint", "payu"}]

BY_REFERENCE = [name for name, gateway in GATEWAYS.items() if gateway.capabilities.asks_by_reference]


CLOSING_BY_NUMBER = [name for name in those_who(ClosesBills) if name not in BY_REFERENCE]


# What the kit tries with each adapter on the wire has to be shown of the fake, which has none, here.
of_the_fake = pytest.mark.parametrize("subject", ["fake"], indirect=True)


class Able(
    Gateway, ClosesBills, CollectsApproved, ConfirmsCallbacks, HoldsMoney, Refunds, TracksRefunds, Protocol
):
    """A gateway with every power; each test is run only with those that have what it needs."""


@attrs.define
class Counted:
    """A way out to gateways that counts the deadlines it gave."""

    transport: Transport
    deadlines: int = 0

    def deadline(self, within_seconds: float | None = None) -> float:
        """When something that begins now has to be over."""
        self.deadlines += 1
        return self.transport.deadline(within_seconds)

    def call(self, *asked: Any) -> Any:
        """As the transport does."""
        return self.transport.call(*asked)


@attrs.frozen
class Punctual:
    """An adapter whose every use is held to one deadline, however many calls it takes: leases count on it."""

    gateway: Any
    calls: Counted

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.gateway, name)
        return self._held(found) if callable(found) else found

    def _held(self, use: Callable[..., Any]) -> Callable[..., Any]:
        def held(*args: Any, **more: Any) -> Any:
            before = self.calls.deadlines
            try:
                return use(*args, **more)
            finally:
                assert self.calls.deadlines - before <= 1

        return held


@attrs.frozen
class Subject:
    """An adapter and the bank behind it; `dialect` None where nothing is in between."""

    gateway: Able
    bank: Bank
    dialect: Dialect | None

    def callback(self, event: str | None = None, *, forged: bool = False, now: float = NOW) -> Received:
        """The gateway's POST about the payment of these tests."""
        if self.dialect is None:
            return self.bank.callback(REF, event, forged=forged, now=now)
        return self.dialect.callback(self.bank, REF, event, forged=forged, now=now)


def test_every_backend_has_a_dialect_to_be_tried_in() -> None:
    """None is left out of this suite."""
    assert {*DIALECTS, "fake"} == set(ALL)


@pytest.fixture(params=ALL)
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """Each adapter in front of a bank of its own."""
    yield from _subject(request.param, {})


@pytest.fixture(params=those_who(HoldsMoney))
def holding(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """Each adapter that can hold money, told to."""
    yield from _subject(request.param, {"capture": "manual"})


def _subject(name: str, more: Mapping[str, Any]) -> Iterator[Subject]:
    if name == "fake":
        fake: Any = FakeGateway()
        yield Subject(fake, fake, None)
        return
    bank, dialect, transport = Bank(), DIALECTS[name], Transport(timeout_seconds=5)
    with serving(bank, dialect) as server:
        calls = Counted(transport)
        backend: Any = backends(calls)[name]
        punctual: Any = Punctual(backend.connect({**dialect.settings(server.base_url), **more}), calls)
        yield Subject(punctual, bank, dialect)
        transport.close()


@pytest.fixture
def gateway(subject: Subject) -> Able:
    """The adapter."""
    return subject.gateway


@pytest.fixture
def bank(subject: Subject) -> Bank:
    """The bank behind it."""
    return subject.bank


def opening(reference: str = REF, key: str | None = None) -> Opening:
    """What is asked for in these tests: 40.00 AZN."""
    return Opening(
        order_id=GatewayOrderId(reference),
        amount=Money(4000, AZN),
        callback_url=f"http://shop.test/v1/callbacks/card/{reference}",
        idempotency_key=key or f"{reference}:create:1",
        buyer=Contact("aysel@example.com", "Aysel", "Quliyeva"),
    )


def instructed(opened_id: str | None, minor: int, key: str = f"{REF}:move:1") -> Instruction:
    """An instruction about the payment of these tests, which is of 40.00 AZN."""
    assert opened_id
    money, whole = Money(minor, AZN), Money(4000, AZN)
    return Instruction(order_id=REF, transaction_id=opened_id, amount=money, of=whole, idempotency_key=key)


class TestInitiate:
    def test_opens_a_payment_and_says_where_to_pay(self, gateway: Able, bank: Bank) -> None:
        """The answer names the gateway's own id and an address for the customer."""
        opened = gateway.initiate(opening())

        assert bank.knows(REF)
        assert opened.transaction_id and opened.next_step == f"{bank.address}/pay/{opened.transaction_id}"

    @of_the_fake
    def test_keeps_what_was_said(self, gateway: Able) -> None:
        """As JSON, for people to read: the reference is in it, no secret is."""
        opened = gateway.initiate(opening())

        assert REF in opened.request and "aysel@example.com" not in opened.request
        assert isinstance(json.loads(opened.request), dict)
        assert opened.transaction_id in json.dumps(json.loads(opened.response))

    @pytest.mark.parametrize("subject", BY_KEY, indirect=True)
    def test_opens_nothing_twice_for_one_key(self, gateway: Able) -> None:
        """The same request sent again, as after a crash, gives the same payment."""
        assert gateway.initiate(opening()) == gateway.initiate(opening())

    @pytest.mark.parametrize("subject", NATIVE, indirect=True)
    def test_does_not_know_what_a_taken_reference_means(self, gateway: Able) -> None:
        """Another key for a known reference: somebody opened it, and only asking tells what it is."""
        gateway.initiate(opening(key="one"))

        with pytest.raises(GatewayTrouble) as caught:
            gateway.initiate(opening(key="two"))
        assert caught.value.sent

    @of_the_fake
    def test_tells_a_refusal_from_trouble(self, gateway: Able, bank: Bank) -> None:
        """A refusal is for good and carries what was said, as JSON."""
        bank.refuse()

        with pytest.raises(GatewayRefused) as caught:
            gateway.initiate(opening())
        assert isinstance(json.loads(caught.value.request), dict)
        assert isinstance(json.loads(caught.value.response), dict)
        assert not bank.knows(REF)

    @pytest.mark.parametrize("sent", [True, False])
    @of_the_fake
    def test_says_whether_it_may_have_been_heard(self, gateway: Able, bank: Bank, sent: bool) -> None:
        """Only what surely had no effect counts as not sent."""
        bank.trouble(sent=sent, retry_after_seconds=7)

        with pytest.raises(GatewayTrouble) as caught:
            gateway.initiate(opening())
        assert (caught.value.sent, caught.value.retry_after_seconds) == (sent, 7)

    @of_the_fake
    def test_does_not_take_a_lost_answer_for_a_refusal(self, gateway: Able, bank: Bank) -> None:
        """The payment was opened all the same."""
        bank.trouble(done=True)

        with pytest.raises(GatewayTrouble) as caught:
            gateway.initiate(opening())
        assert caught.value.sent and bank.knows(REF)

    @pytest.mark.parametrize("subject", BY_REFERENCE, indirect=True)
    def test_can_be_repeated_after_an_answer_was_lost(self, gateway: Able, bank: Bank) -> None:
        """The same key finds again what was opened."""
        bank.trouble(done=True)
        with pytest.raises(GatewayTrouble):
            gateway.initiate(opening())

        assert gateway.initiate(opening()).transaction_id == gateway.verify(REF, None).transaction_id

    def test_may_be_overtaken_by_its_own_callback(self, gateway: Able, bank: Bank) -> None:
        """The bank decides before it answers the opening; the status query knows already."""
        bank.meanwhile("initiate", lambda: bank.confirm(REF))

        opened = gateway.initiate(opening())

        assert gateway.verify(REF, opened.transaction_id).status is VerdictStatus.SUCCEEDED


class TestVerify:
    def test_tells_of_money_taken(self, gateway: Able, bank: Bank) -> None:
        """That it is this payment, of just this much."""
        opened = gateway.initiate(opening())
        bank.confirm(REF)

        verdict = gateway.verify(REF, opened.transaction_id)

        assert verdict.status is VerdictStatus.SUCCEEDED
        assert verdict.is_about(REF, opened.transaction_id)
        assert verdict.mismatch(Money(4000, AZN)) is None

    @of_the_fake
    def test_tells_how_much_it_was(self, gateway: Able, bank: Bank) -> None:
        """In smallest units, whatever the gateway counts in."""
        opened = gateway.initiate(opening())
        bank.confirm(REF)

        verdict = gateway.verify(REF, opened.transaction_id)

        assert (verdict.amount_minor, verdict.currency) == (4000, "AZN")

    @pytest.mark.parametrize("subject", BY_REFERENCE, indirect=True)
    def test_finds_it_by_our_reference_alone(self, gateway: Able, bank: Bank) -> None:
        """For when the answer to the opening was lost."""
        opened = gateway.initiate(opening())
        bank.confirm(REF)

        verdict = gateway.verify(REF, None)

        assert (verdict.status, verdict.transaction_id) == (VerdictStatus.SUCCEEDED, opened.transaction_id)

    def test_tells_how_things_stand(self, gateway: Able, bank: Bank) -> None:
        """Each of the bank's deeds shows in the port's own words."""
        opened = gateway.initiate(opening())
        seen = [gateway.verify(REF, opened.transaction_id).status]
        for deed in (bank.hesitate, bank.confirm):
            deed(REF)
            seen.append(gateway.verify(REF, opened.transaction_id).status)

        assert seen == ["pending", "pending", "succeeded"]

    @pytest.mark.parametrize("subject", SHOWING_REFUNDS, indirect=True)
    def test_tells_of_money_given_back(self, gateway: Able, bank: Bank) -> None:
        """Where that shows with the payment itself."""
        opened = gateway.initiate(opening())
        bank.confirm(REF)
        bank.pay_back(REF)

        assert gateway.verify(REF, opened.transaction_id).status is VerdictStatus.REFUNDED

    @pytest.mark.parametrize("subject", NATIVE, indirect=True)
    def test_tells_of_a_dispute(self, gateway: Able, bank: Bank) -> None:
        """Where the gateway has a word for it."""
        opened = gateway.initiate(opening())
        bank.confirm(REF)
        bank.dispute(REF)

        assert gateway.verify(REF, opened.transaction_id).status is VerdictStatus.DISPUTED

    def test_tells_that_it_failed(self, gateway: Able, bank: Bank) -> None:
        """By the gateway's own word, whatever the reason."""
        opened = gateway.initiate(opening())
        bank.decline(REF, "116")

        verdict = gateway.verify(REF, opened.transaction_id)

        assert verdict.status is VerdictStatus.FAILED and verdict.word

    @pytest.mark.parametrize("subject", [*NATIVE, "epoint"], indirect=True)
    def test_tells_why_it_was_declined(self, gateway: Able, bank: Bank) -> None:
        """Where the gateway tells the bank's code."""
        opened = gateway.initiate(opening())
        bank.decline(REF, "116")

        assert gateway.verify(REF, opened.transaction_id).decline == "116"

    @of_the_fake
    def test_shows_another_amount(self, gateway: Able, bank: Bank) -> None:
        """It is told as it is, for the core to refuse."""
        opened = gateway.initiate(opening())
        bank.confirm(REF, amount=4001)

        assert "4001" in str(gateway.verify(REF, opened.transaction_id).mismatch(Money(4000, AZN)))

    @of_the_fake
    def test_shows_another_currency(self, gateway: Able, bank: Bank) -> None:
        """Where the gateway names it at all."""
        opened = gateway.initiate(opening())
        bank.confirm(REF, amount=4000, currency="USD")

        assert "USD" in str(gateway.verify(REF, opened.transaction_id).mismatch(Money(4000, AZN)))

    @pytest.mark.parametrize("word", ["sparkling", "", "SUCCESSFULLY", "captured "])
    @of_the_fake
    def test_never_guesses_a_status(self, gateway: Able, bank: Bank, word: str) -> None:
        """An unknown word is trouble, neither success nor failure."""
        opened = gateway.initiate(opening())
        bank.say(REF, status=word)

        with pytest.raises(GatewayTrouble):
            gateway.verify(REF, opened.transaction_id)

    @of_the_fake
    def test_is_trouble_when_the_bank_does_not_answer(self, gateway: Able, bank: Bank) -> None:
        """Silence is no verdict; afterwards everything is as before."""
        opened = gateway.initiate(opening())
        bank.trouble(operation="verify")

        with pytest.raises(GatewayTrouble):
            gateway.verify(REF, opened.transaction_id)
        assert gateway.verify(REF, opened.transaction_id).status is VerdictStatus.PENDING

    @of_the_fake
    def test_is_trouble_when_there_is_no_time(self, gateway: Able) -> None:
        """Without any time left nothing is sent."""
        with pytest.raises(GatewayTrouble) as caught:
            gateway.verify(REF, "pay_1", within_seconds=0)
        assert caught.value.kind is TroubleKind.NOT_SENT

    @pytest.mark.parametrize("subject", [n for n in ALL if n not in BY_REFERENCE], indirect=True)
    def test_cannot_find_it_without_its_number(self, gateway: Able) -> None:
        """Such a gateway is not even asked."""
        with pytest.raises(GatewayTrouble) as caught:
            gateway.verify(REF, None)
        assert caught.value.kind is TroubleKind.NOT_SENT

    def test_does_not_take_an_unknown_number_for_a_failure(self, gateway: Able) -> None:
        """It knows no such payment, or will not say: the hold must not end on that."""
        try:
            verdict = gateway.verify(REF, "pay/../404?x=1")
        except GatewayTrouble:
            return
        assert verdict.status is VerdictStatus.ABSENT

    @pytest.mark.parametrize("subject", [name for name in ALL if name != "epoint"], indirect=True)
    def test_says_absent_of_what_the_gateway_has_forgotten(self, gateway: Able, bank: Bank) -> None:
        """It gave us the number itself; epoint's answer is the one it has for any question it refuses."""
        opened = gateway.initiate(opening())
        bank.forget(REF)

        assert gateway.verify(REF, opened.transaction_id).status is VerdictStatus.ABSENT


@pytest.mark.parametrize("subject", NATIVE, indirect=True)
class TestVerifyInDetail:
    @pytest.mark.parametrize("by_id", [True, False])
    def test_tells_of_money_taken(self, gateway: Able, bank: Bank, by_id: bool) -> None:
        """By its id or by our reference alone: amount, currency, reference, masked card."""
        opened = gateway.initiate(opening())
        bank.confirm(REF)

        verdict = gateway.verify(REF, opened.transaction_id if by_id else None)

        assert verdict.status is VerdictStatus.SUCCEEDED
        assert verdict.is_about(REF, opened.transaction_id)
        assert verdict.mismatch(Money(4000, AZN)) is None
        assert (verdict.amount_minor, verdict.captured_minor, verdict.currency) == (4000, 4000, "AZN")
        assert verdict.card_mask == "4111******1111"

    def test_tells_how_things_stand(self, gateway: Able, bank: Bank) -> None:
        """Each of the bank's deeds shows in the port's own words."""
        gateway.initiate(opening())
        seen = [gateway.verify(REF, None).status]
        for deed in (bank.hesitate, bank.authorise, bank.confirm, bank.pay_back, bank.dispute):
            deed(REF)
            seen.append(gateway.verify(REF, None).status)

        assert seen == ["pending", "pending", "authorised", "succeeded", "refunded", "disputed"]

    def test_tells_why_it_failed(self, gateway: Able, bank: Bank) -> None:
        """A decline carries the bank's code, a cancellation only its word."""
        gateway.initiate(opening())
        bank.decline(REF, "116")
        declined = gateway.verify(REF, None)
        bank.cancel(GatewayOrderId(REF))
        bank.say(REF, decline_code=None)
        cancelled = gateway.verify(REF, None)

        assert (declined.status, declined.decline) == (VerdictStatus.FAILED, "116")
        assert (cancelled.decline, cancelled.word) == (None, "canceled")

    def test_shows_money_that_does_not_fit(self, gateway: Able, bank: Bank) -> None:
        """Another amount, currency or part is told as it is, for the core to refuse."""
        due = Money(4000, AZN)
        gateway.initiate(opening())
        bank.confirm_part(REF, 3999)
        in_part = gateway.verify(REF, None)
        bank.confirm(REF, amount=4001)
        too_much = gateway.verify(REF, None)
        bank.confirm(REF, amount=4000, currency="USD")
        foreign = gateway.verify(REF, None)

        assert "3999" in str(in_part.mismatch(due))
        assert "4001" in str(too_much.mismatch(due))
        assert "USD" in str(foreign.mismatch(due))

    def test_shows_another_payment_as_another(self, gateway: Able, bank: Bank) -> None:
        """A reference or an id that is not ours is told as it is."""
        opened = gateway.initiate(opening())
        bank.say(REF, merchant_ref="somebody-else")

        assert not gateway.verify(REF, opened.transaction_id).is_about(REF, opened.transaction_id)

    def test_takes_a_held_amount_for_no_capture(self, gateway: Able, bank: Bank) -> None:
        """Held in full fits the bill, although nothing is captured; held in part does not."""
        gateway.initiate(opening())
        bank.authorise(REF)
        in_full = gateway.verify(REF, None)
        bank.say(REF, amount_authorized=1)
        in_part = gateway.verify(REF, None)

        assert in_full.mismatch(Money(4000, AZN)) is None
        assert in_part.mismatch(Money(4000, AZN))

    @pytest.mark.parametrize("transaction_id", [None, "pay_404", "pay/../../x?y=1"])
    def test_says_absent_only_when_the_reference_is_unknown(
        self, gateway: Able, transaction_id: str | None
    ) -> None:
        """No such id is not enough: the reference is asked for too."""
        absent = gateway.verify(REF, transaction_id)
        gateway.initiate(opening())
        found = gateway.verify(REF, transaction_id)

        assert absent.status is VerdictStatus.ABSENT
        assert (found.status, found.reference) == (VerdictStatus.PENDING, REF)

    def test_forgets_with_the_bank(self, gateway: Able, bank: Bank) -> None:
        """What the bank has forgotten is absent, although it answered an id once."""
        opened = gateway.initiate(opening())
        bank.forget(REF)

        assert gateway.verify(REF, opened.transaction_id).status is VerdictStatus.ABSENT

    @pytest.mark.parametrize("amount", ["4000", 4000.0, 4000.5, -1, None, True, 10**18, [4000]])
    def test_never_guesses_an_amount(self, gateway: Able, bank: Bank, amount: object) -> None:
        """What is no whole number is trouble, however clear it looks."""
        gateway.initiate(opening())
        bank.confirm(REF)
        bank.say(REF, amount=amount)

        with pytest.raises(GatewayTrouble):
            gateway.verify(REF, None)

    @pytest.mark.parametrize("word", ["paid", "", None, 2, "CAPTURED", "captured "])
    def test_never_guesses_a_status(self, gateway: Able, bank: Bank, word: object) -> None:
        """An unknown word is trouble, neither success nor failure."""
        gateway.initiate(opening())
        bank.say(REF, status=word)

        with pytest.raises(GatewayTrouble):
            gateway.verify(REF, None)

    def test_does_not_take_a_contradiction_for_a_failure(self, gateway: Able, bank: Bank) -> None:
        """Failed, yet money is captured: the hold must not end on that."""
        gateway.initiate(opening())
        bank.confirm(REF)
        bank.say(REF, status="failed")

        with pytest.raises(GatewayTrouble):
            gateway.verify(REF, None)


@pytest.mark.parametrize("subject", those_who(ClosesBills), indirect=True)
class TestClose:
    def test_ends_an_unpaid_payment(self, gateway: Able, bank: Bank) -> None:
        """It takes no money any more, and the answer says so."""
        opened = gateway.initiate(opening())

        verdict = gateway.close(REF, opened.transaction_id)

        assert verdict.status is VerdictStatus.FAILED
        assert bank.status(REF) == "canceled"

    def test_tells_of_money_that_came_first(self, gateway: Able, bank: Bank) -> None:
        """Too late to close: the answer is how it stands, paid."""
        opened = gateway.initiate(opening())
        bank.confirm(REF)

        assert gateway.close(REF, opened.transaction_id).status is VerdictStatus.SUCCEEDED

    def test_closes_again_what_is_closed(self, gateway: Able) -> None:
        """The second closing finds the same."""
        number = gateway.initiate(opening()).transaction_id
        ends = [gateway.close(REF, number).status for _ in range(2)]

        assert ends == [VerdictStatus.FAILED, VerdictStatus.FAILED]

    def test_is_trouble_when_the_bank_does_not_answer(self, gateway: Able, bank: Bank) -> None:
        """Whether it was closed is not known then."""
        opened = gateway.initiate(opening())
        bank.trouble(operation="close")

        with pytest.raises(GatewayTrouble):
            gateway.close(REF, opened.transaction_id)


class TestClosingWithoutANumber:
    @pytest.mark.parametrize("subject", BY_REFERENCE, indirect=True)
    def test_finds_what_to_close_by_our_reference_alone(self, gateway: Able, bank: Bank) -> None:
        """What the bank does not know is absent."""
        absent = [gateway.close(REF, number).status for number in (None, "pay_404")]
        gateway.initiate(opening())

        assert absent == [VerdictStatus.ABSENT, VerdictStatus.ABSENT]
        assert gateway.close(REF, None).status is VerdictStatus.FAILED

    @pytest.mark.parametrize("subject", CLOSING_BY_NUMBER, indirect=True)
    def test_cannot_close_it_without_its_number(self, gateway: Able) -> None:
        """Such a gateway is not even asked."""
        with pytest.raises(GatewayTrouble) as caught:
            gateway.close(REF, None)
        assert caught.value.kind is TroubleKind.NOT_SENT


@pytest.mark.parametrize("subject", those_who(CollectsApproved), indirect=True)
class TestCollecting:
    def test_takes_what_the_customer_approved(self, gateway: Able, bank: Bank) -> None:
        """In a call of its own: approved is not paid."""
        opened = gateway.initiate(opening())
        assert opened.transaction_id
        bank.approve(REF)
        before = gateway.verify(REF, opened.transaction_id)

        after = gateway.collect(REF, opened.transaction_id)

        assert (before.status, before.is_approved) == (VerdictStatus.PENDING, True)
        assert (after.status, after.is_approved) == (VerdictStatus.SUCCEEDED, False)
        assert after.mismatch(Money(4000, AZN)) is None

    def test_takes_nothing_twice_and_nothing_unapproved(self, gateway: Able, bank: Bank) -> None:
        """Refused there, what counts is how it stands."""
        number = gateway.initiate(opening()).transaction_id
        assert number
        too_early = gateway.collect(REF, number)
        bank.approve(REF)
        ends = [gateway.collect(REF, number).status for _ in range(2)]

        assert too_early.status is VerdictStatus.PENDING
        assert ends == [VerdictStatus.SUCCEEDED, VerdictStatus.SUCCEEDED]

    def test_is_in_doubt_when_the_answer_is_lost(self, gateway: Able, bank: Bank) -> None:
        """Asking tells, and the same call again."""
        number = gateway.initiate(opening()).transaction_id
        assert number
        bank.approve(REF)
        bank.trouble(operation="collect", done=True)

        with pytest.raises(GatewayTrouble):
            gateway.collect(REF, number)
        assert gateway.verify(REF, number).status is VerdictStatus.SUCCEEDED


@pytest.mark.parametrize("subject", those_who(ConfirmsCallbacks), indirect=True)
class TestConfirming:
    def test_tells_its_own_callbacks_from_others(self, subject: Subject) -> None:
        """By the gateway's own word."""
        subject.gateway.initiate(opening())

        assert subject.gateway.confirms(subject.callback(), 5)
        assert not subject.gateway.confirms(subject.callback(forged=True), 5)

    def test_is_trouble_when_the_gateway_is_silent(self, subject: Subject) -> None:
        """Then nobody can tell."""
        subject.gateway.initiate(opening())
        subject.bank.trouble(operation="confirm")

        with pytest.raises(GatewayTrouble):
            subject.gateway.confirms(subject.callback(), 5)


class TestHeldMoney:
    def test_shows_as_held(self, holding: Subject) -> None:
        """Nothing is taken, and all of it is there."""
        opened = holding.gateway.initiate(opening())
        holding.bank.authorise(REF)

        verdict = holding.gateway.verify(REF, opened.transaction_id)

        assert verdict.status is VerdictStatus.AUTHORISED
        assert verdict.mismatch(Money(4000, AZN)) is None

    def test_is_taken(self, holding: Subject) -> None:
        """When somebody says so."""
        opened = holding.gateway.initiate(opening())
        holding.bank.authorise(REF)

        move = holding.gateway.capture(instructed(opened.transaction_id, 4000))

        assert move.status is MoveStatus.DONE
        assert holding.bank.status(REF) == "captured"

    def test_is_not_taken_when_it_is_not_there(self, holding: Subject) -> None:
        """Nobody holds anything: a plain no, or nothing to go by."""
        opened = holding.gateway.initiate(opening())

        try:
            move = holding.gateway.capture(instructed(opened.transaction_id, 4000))
        except GatewayTrouble:
            return
        assert move.status is MoveStatus.DECLINED

    def test_is_let_go(self, holding: Subject) -> None:
        """And is told as failed then: no money came."""
        opened = holding.gateway.initiate(opening())
        assert opened.transaction_id
        holding.bank.authorise(REF)

        verdict = holding.gateway.void(REF, opened.transaction_id)

        assert verdict.status is VerdictStatus.FAILED
        assert holding.bank.status(REF) == "canceled"

    def test_is_in_doubt_when_the_answer_is_lost(self, holding: Subject) -> None:
        """Taken or not: nobody knows."""
        opened = holding.gateway.initiate(opening())
        holding.bank.authorise(REF)
        holding.bank.trouble(operation="capture", done=True)

        with pytest.raises(GatewayTrouble) as caught:
            holding.gateway.capture(instructed(opened.transaction_id, 4000))
        assert caught.value.sent


@pytest.mark.parametrize("subject", those_who(Refunds), indirect=True)
class TestRefunds:
    @pytest.mark.parametrize("minor", [4000, 1500])
    def test_give_money_back(self, gateway: Able, bank: Bank, minor: int) -> None:
        """All of it, or a part."""
        opened = gateway.initiate(opening())
        bank.confirm(REF)

        move = gateway.refund(instructed(opened.transaction_id, minor))

        assert move.status in {MoveStatus.DONE, MoveStatus.PENDING}
        assert isinstance(json.loads(move.response), dict)
        assert bank.refunded(REF) == minor

    def test_are_declined_for_more_than_there_is(self, gateway: Able, bank: Bank) -> None:
        """Nothing goes back then."""
        opened = gateway.initiate(opening())
        bank.confirm(REF)
        bank.say(REF, amount_captured=1)

        move = gateway.refund(instructed(opened.transaction_id, 4001))

        assert move.status is MoveStatus.DECLINED
        assert bank.refunded(REF) == 0

    def test_are_in_doubt_when_the_answer_is_lost(self, gateway: Able, bank: Bank) -> None:
        """Given back or not: nobody knows, and nobody says that it was declined."""
        opened = gateway.initiate(opening())
        bank.confirm(REF)
        bank.trouble(operation="refund", done=True)

        with pytest.raises(GatewayTrouble) as caught:
            gateway.refund(instructed(opened.transaction_id, 4000))
        assert caught.value.sent


@pytest.mark.parametrize("subject", those_who(TracksRefunds), indirect=True)
class TestTrackingRefunds:
    def test_tells_how_a_refund_stands(self, gateway: Able, bank: Bank) -> None:
        """By its own name there."""
        opened = gateway.initiate(opening())
        bank.confirm(REF)
        move = gateway.refund(instructed(opened.transaction_id, 1500))
        assert move.move_id and opened.transaction_id

        seen = [gateway.refund_status(opened.transaction_id, move.move_id).status]
        for word in ("pending", "failed"):
            bank.move_becomes(move.move_id, word)
            seen.append(gateway.refund_status(opened.transaction_id, move.move_id).status)

        assert seen == [MoveStatus.DONE, MoveStatus.PENDING, MoveStatus.DECLINED]

    def test_does_not_take_an_unknown_refund_for_a_failed_one(self, gateway: Able, bank: Bank) -> None:
        """It may only be too early to ask."""
        opened = gateway.initiate(opening())
        bank.confirm(REF)
        assert opened.transaction_id

        with pytest.raises(GatewayTrouble):
            gateway.refund_status(opened.transaction_id, "re_404")


class TestRefundingAgain:
    @pytest.mark.parametrize(
        "subject", [name for name in those_who(Refunds) if name in BY_KEY], indirect=True
    )
    def test_is_refunded_once_for_one_key(self, gateway: Able, bank: Bank) -> None:
        """The same instruction sent again, as after a crash, gives nothing back twice."""
        opened = gateway.initiate(opening())
        bank.confirm(REF)
        moves = [gateway.refund(instructed(opened.transaction_id, 1500)) for _ in range(2)]

        assert moves[0].move_id == moves[1].move_id
        assert bank.refunded(REF) == 1500


class TestAnyCallback:
    def test_names_the_payment(self, subject: Subject) -> None:
        """By our reference where it tells it, and the address it came to does where not."""
        subject.gateway.initiate(opening())
        subject.bank.confirm(REF)

        claim = subject.gateway.parse_callback(subject.callback(), NOW)

        assert claim.reference in {REF, None}
        assert claim.claimed in {VerdictStatus.SUCCEEDED, None}

    @of_the_fake
    def test_is_refused_when_another_key_signed(self, subject: Subject) -> None:
        """Another merchant's signature is none."""
        subject.gateway.initiate(opening())

        with pytest.raises(BadSignature):
            subject.gateway.parse_callback(subject.callback(forged=True), NOW)

    @of_the_fake
    def test_is_refused_when_it_is_not_signed(self, subject: Subject) -> None:
        """No signature at all, whatever it says; nothing at all included."""
        subject.gateway.initiate(opening())
        received = subject.callback()
        for body in (b"", b"{}", b"data=e30%3D", received.body.partition(b"&signature=")[0]):
            with pytest.raises(BadSignature):
                bare = attrs.evolve(received, headers={}, body=body)
                subject.gateway.parse_callback(bare, NOW)

    @of_the_fake
    def test_is_refused_when_a_byte_changes(self, subject: Subject) -> None:
        """Any byte of its body."""
        subject.gateway.initiate(opening())
        received = subject.callback()
        for at in range(len(received.body)):
            body = bytearray(received.body)
            body[at] ^= 1
            with pytest.raises(BadSignature):
                subject.gateway.parse_callback(attrs.evolve(received, body=bytes(body)), NOW)


@pytest.mark.parametrize("subject", NATIVE, indirect=True)
class TestCallbacks:
    @pytest.mark.parametrize("method", ["POST", "GET"])
    def test_reads_what_is_signed(self, gateway: Able, bank: Bank, method: str) -> None:
        """The claim names the payment twice and what is said to have happened."""
        opened = gateway.initiate(opening())
        received = bank.callback(REF, "captured", method=method, now=NOW)

        claim = gateway.parse_callback(received, NOW)

        assert (claim.reference, claim.transaction_id) == (REF, opened.transaction_id)
        assert claim.claimed is VerdictStatus.SUCCEEDED

    def test_names_each_event_once(self, gateway: Able, bank: Bank) -> None:
        """Two events have two ids; one sent again keeps its own."""
        gateway.initiate(opening())
        first, second = (bank.callback(REF, now=NOW) for _ in range(2))

        ids = [gateway.parse_callback(received, NOW).event_id for received in (first, second, first)]

        assert ids[0] == ids[2] != ids[1]

    @pytest.mark.parametrize("method", ["POST", "GET"])
    def test_refuses_what_another_key_signed(self, gateway: Able, bank: Bank, method: str) -> None:
        """Another merchant's signature is none."""
        with pytest.raises(BadSignature):
            gateway.parse_callback(bank.callback(REF, method=method, forged=True, now=NOW), NOW)

    @pytest.mark.parametrize("off", [-301, 301, 86400])
    def test_refuses_a_post_from_another_time(self, gateway: Able, bank: Bank, off: int) -> None:
        """Old ones are replays; future ones could be replayed for long."""
        with pytest.raises(BadSignature):
            gateway.parse_callback(bank.callback(REF, now=NOW + off), NOW)

    def test_reads_a_return_of_any_age(self, gateway: Able, bank: Bank) -> None:
        """Customers keep pages open for days; a return is only a hint anyway."""
        received = bank.callback(REF, "failed", method="GET", now=NOW - 10 * 86400)

        assert gateway.parse_callback(received, NOW).claimed is VerdictStatus.FAILED

    @pytest.mark.parametrize("method", ["POST", "GET"])
    def test_refuses_what_is_not_signed(self, gateway: Able, bank: Bank, method: str) -> None:
        """No signature at all, whatever it says."""
        received = bank.callback(REF, "captured", method=method, now=NOW)
        bare = attrs.evolve(received, headers={}, query=received.query.partition("&sig=")[0])

        with pytest.raises(BadSignature):
            gateway.parse_callback(bare, NOW)

    @pytest.mark.parametrize("method", ["POST", "GET"])
    def test_does_not_understand_every_word(self, gateway: Able, bank: Bank, method: str) -> None:
        """An unknown event is still a reason to ask; it claims nothing."""
        claim = gateway.parse_callback(bank.callback(REF, "sparkling", method=method, now=NOW), NOW)

        assert (claim.reference, claim.claimed) == (REF, None)

    @pytest.mark.parametrize("method", ["POST", "GET"])
    @pytest.mark.parametrize("reference", ["", "two words", "x" * 256])
    def test_takes_no_reference_that_cannot_be_ours(
        self, gateway: Able, bank: Bank, method: str, reference: str
    ) -> None:
        """Signed, but about nothing we know: still only a hint, and acknowledged."""
        received = bank.callback(REF, method=method, now=NOW, merchant_ref=reference)

        assert gateway.parse_callback(received, NOW).reference is None

    def test_needs_no_clock_but_the_given(self, gateway: Able, bank: Bank) -> None:
        """What is signed now holds now: the units are Unix seconds."""
        assert gateway.parse_callback(bank.callback(REF), time.time()).reference == REF
