"""What every gateway adapter has to keep to, whatever stands behind it."""

import json
import time
from collections.abc import Iterator
from typing import Protocol

import attrs
import pytest

from adapters.gateways.sandbox import Sandbox
from adapters.gateways.transport import Transport
from application.gateways import (
    BadSignature,
    ClosesBills,
    Gateway,
    GatewayRefused,
    GatewayTrouble,
    Opening,
)
from domain.ids import GatewayOrderId
from domain.money import Currency, Money
from domain.verdict import VerdictStatus
from tests.fakes import Bank, FakeGateway
from tests.gateways.stub import API_KEY, serving

AZN = Currency("AZN", 2)
REF = GatewayOrderId("kassa-7Q9xT2mK")
NOW = 1_800_000_000.0


class Closing(Gateway, ClosesBills, Protocol):
    """A gateway where bills can be closed, as both under test are."""


@attrs.frozen
class Subject:
    """An adapter and the bank behind it."""

    gateway: Closing
    bank: Bank


@pytest.fixture(params=["fake", "sandbox"])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """Each adapter in front of a bank of its own."""
    if request.param == "fake":
        fake = FakeGateway()
        yield Subject(fake, fake)
        return
    bank, transport = Bank(), Transport(timeout_seconds=5)
    with serving(bank) as server:
        settings = {"base_url": server.base_url, "api_key": API_KEY, "signing_secret": bank.secret}
        yield Subject(Sandbox(transport).connect(settings), bank)
        transport.close()


@pytest.fixture
def gateway(subject: Subject) -> Closing:
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
        buyer=None,
    )


class TestInitiate:
    def test_opens_a_payment_and_says_where_to_pay(self, gateway: Closing, bank: Bank) -> None:
        """The answer names the gateway's own id and an address for the customer."""
        opened = gateway.initiate(opening())

        assert bank.knows(REF)
        assert opened.transaction_id and opened.next_step == f"{bank.address}/pay/{opened.transaction_id}"
        assert json.loads(opened.request)["amount"] == 4000
        assert json.loads(opened.response)["id"] == opened.transaction_id

    def test_opens_nothing_twice_for_one_key(self, gateway: Closing) -> None:
        """The same request sent again, as after a crash, gives the same payment."""
        assert gateway.initiate(opening()) == gateway.initiate(opening())

    def test_does_not_know_what_a_taken_reference_means(self, gateway: Closing) -> None:
        """Another key for a known reference: somebody opened it, and only asking tells what it is."""
        gateway.initiate(opening(key="one"))

        with pytest.raises(GatewayTrouble) as caught:
            gateway.initiate(opening(key="two"))
        assert caught.value.sent

    def test_tells_a_refusal_from_trouble(self, gateway: Closing, bank: Bank) -> None:
        """A refusal is for good and carries what was said, as JSON."""
        bank.refuse()

        with pytest.raises(GatewayRefused) as caught:
            gateway.initiate(opening())
        assert isinstance(json.loads(caught.value.request), dict)
        assert isinstance(json.loads(caught.value.response), dict)
        assert not bank.knows(REF)

    @pytest.mark.parametrize("sent", [True, False])
    def test_says_whether_it_may_have_been_heard(self, gateway: Closing, bank: Bank, sent: bool) -> None:
        """Only what surely had no effect counts as not sent."""
        bank.trouble(sent=sent, retry_after_seconds=7)

        with pytest.raises(GatewayTrouble) as caught:
            gateway.initiate(opening())
        assert (caught.value.sent, caught.value.retry_after_seconds) == (sent, 7)

    def test_can_be_repeated_after_an_answer_was_lost(self, gateway: Closing, bank: Bank) -> None:
        """The payment was opened all the same; the same key finds it again."""
        bank.trouble(done=True)
        with pytest.raises(GatewayTrouble):
            gateway.initiate(opening())
        assert bank.knows(REF)

        assert gateway.initiate(opening()).transaction_id == gateway.verify(REF, None).transaction_id

    def test_may_be_overtaken_by_its_own_callback(self, gateway: Closing, bank: Bank) -> None:
        """The bank decides before it answers the opening; the status query knows already."""
        bank.meanwhile("initiate", lambda: bank.confirm(REF))

        opened = gateway.initiate(opening())

        assert gateway.verify(REF, opened.transaction_id).status is VerdictStatus.SUCCEEDED


class TestVerify:
    @pytest.mark.parametrize("by_id", [True, False])
    def test_tells_of_money_taken(self, gateway: Closing, bank: Bank, by_id: bool) -> None:
        """By its id or by our reference alone: amount, currency, reference, masked card."""
        opened = gateway.initiate(opening())
        bank.confirm(REF)

        verdict = gateway.verify(REF, opened.transaction_id if by_id else None)

        assert verdict.status is VerdictStatus.SUCCEEDED
        assert verdict.is_about(REF, opened.transaction_id)
        assert verdict.mismatch(Money(4000, AZN)) is None
        assert (verdict.amount_minor, verdict.captured_minor, verdict.currency) == (4000, 4000, "AZN")
        assert verdict.card_mask == "4111******1111"

    def test_tells_how_things_stand(self, gateway: Closing, bank: Bank) -> None:
        """Each of the bank's deeds shows in the port's own words."""
        gateway.initiate(opening())
        seen = [gateway.verify(REF, None).status]
        for deed in (bank.hesitate, bank.authorise, bank.confirm, bank.refund, bank.dispute):
            deed(REF)
            seen.append(gateway.verify(REF, None).status)

        assert seen == ["pending", "pending", "authorised", "succeeded", "refunded", "disputed"]

    def test_tells_why_it_failed(self, gateway: Closing, bank: Bank) -> None:
        """A decline carries the bank's code, a cancellation only its word."""
        gateway.initiate(opening())
        bank.decline(REF, "116")
        declined = gateway.verify(REF, None)
        bank.cancel(GatewayOrderId(REF))
        bank.say(REF, decline_code=None)
        cancelled = gateway.verify(REF, None)

        assert (declined.status, declined.decline) == (VerdictStatus.FAILED, "116")
        assert (cancelled.decline, cancelled.word) == (None, "canceled")

    def test_shows_money_that_does_not_fit(self, gateway: Closing, bank: Bank) -> None:
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

    def test_shows_another_payment_as_another(self, gateway: Closing, bank: Bank) -> None:
        """A reference or an id that is not ours is told as it is."""
        opened = gateway.initiate(opening())
        bank.say(REF, merchant_ref="somebody-else")

        assert not gateway.verify(REF, opened.transaction_id).is_about(REF, opened.transaction_id)

    def test_takes_a_held_amount_for_no_capture(self, gateway: Closing, bank: Bank) -> None:
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
        self, gateway: Closing, transaction_id: str | None
    ) -> None:
        """No such id is not enough: the reference is asked for too."""
        absent = gateway.verify(REF, transaction_id)
        gateway.initiate(opening())
        found = gateway.verify(REF, transaction_id)

        assert absent.status is VerdictStatus.ABSENT
        assert (found.status, found.reference) == (VerdictStatus.PENDING, REF)

    def test_forgets_with_the_bank(self, gateway: Closing, bank: Bank) -> None:
        """What the bank has forgotten is absent, although it answered an id once."""
        opened = gateway.initiate(opening())
        bank.forget(REF)

        assert gateway.verify(REF, opened.transaction_id).status is VerdictStatus.ABSENT

    @pytest.mark.parametrize("amount", ["4000", 4000.0, 4000.5, -1, None, True, 10**18, [4000]])
    def test_never_guesses_an_amount(self, gateway: Closing, bank: Bank, amount: object) -> None:
        """What is no whole number is trouble, however clear it looks."""
        gateway.initiate(opening())
        bank.confirm(REF)
        bank.say(REF, amount=amount)

        with pytest.raises(GatewayTrouble):
            gateway.verify(REF, None)

    @pytest.mark.parametrize("word", ["paid", "", None, 2, "CAPTURED", "captured "])
    def test_never_guesses_a_status(self, gateway: Closing, bank: Bank, word: object) -> None:
        """An unknown word is trouble, neither success nor failure."""
        gateway.initiate(opening())
        bank.say(REF, status=word)

        with pytest.raises(GatewayTrouble):
            gateway.verify(REF, None)

    def test_does_not_take_a_contradiction_for_a_failure(self, gateway: Closing, bank: Bank) -> None:
        """Failed, yet money is captured: the hold must not end on that."""
        gateway.initiate(opening())
        bank.confirm(REF)
        bank.say(REF, status="failed")

        with pytest.raises(GatewayTrouble):
            gateway.verify(REF, None)

    def test_is_trouble_when_the_bank_does_not_answer(self, gateway: Closing, bank: Bank) -> None:
        """Silence is no verdict; afterwards everything is as before."""
        gateway.initiate(opening())
        bank.trouble(operation="verify")

        with pytest.raises(GatewayTrouble):
            gateway.verify(REF, None)
        assert gateway.verify(REF, None).status is VerdictStatus.PENDING

    def test_is_trouble_when_there_is_no_time(self, gateway: Closing) -> None:
        """Without any time left nothing is sent."""
        with pytest.raises(GatewayTrouble) as caught:
            gateway.verify(REF, None, within_seconds=0)
        assert not caught.value.sent


class TestClose:
    @pytest.mark.parametrize("by_id", [True, False])
    def test_ends_an_unpaid_payment(self, gateway: Closing, bank: Bank, by_id: bool) -> None:
        """It takes no money any more, and the answer says so."""
        opened = gateway.initiate(opening())

        verdict = gateway.close(REF, opened.transaction_id if by_id else None)

        assert verdict.status is VerdictStatus.FAILED
        assert bank.status(REF) == "canceled"

    def test_tells_of_money_that_came_first(self, gateway: Closing, bank: Bank) -> None:
        """Too late to close: the answer is how it stands, paid."""
        opened = gateway.initiate(opening())
        bank.confirm(REF)

        assert gateway.close(REF, opened.transaction_id).status is VerdictStatus.SUCCEEDED

    @pytest.mark.parametrize("transaction_id", [None, "pay_404"])
    def test_has_nothing_to_close(self, gateway: Closing, transaction_id: str | None) -> None:
        """What the bank does not know is absent."""
        assert gateway.close(REF, transaction_id).status is VerdictStatus.ABSENT

    def test_closes_again_what_is_closed(self, gateway: Closing) -> None:
        """The second closing finds the same."""
        gateway.initiate(opening())

        assert gateway.close(REF, None).status is gateway.close(REF, None).status is VerdictStatus.FAILED

    def test_is_trouble_when_the_bank_does_not_answer(self, gateway: Closing, bank: Bank) -> None:
        """Whether it was closed is not known then."""
        opened = gateway.initiate(opening())
        bank.trouble(operation="close")

        with pytest.raises(GatewayTrouble):
            gateway.close(REF, opened.transaction_id)


class TestCallbacks:
    @pytest.mark.parametrize("method", ["POST", "GET"])
    def test_reads_what_is_signed(self, gateway: Closing, bank: Bank, method: str) -> None:
        """The claim names the payment twice and what is said to have happened."""
        opened = gateway.initiate(opening())
        received = bank.callback(REF, "captured", method=method, now=NOW)

        claim = gateway.parse_callback(received, NOW)

        assert (claim.reference, claim.transaction_id) == (REF, opened.transaction_id)
        assert claim.claimed is VerdictStatus.SUCCEEDED

    def test_names_each_event_once(self, gateway: Closing, bank: Bank) -> None:
        """Two events have two ids; one sent again keeps its own."""
        gateway.initiate(opening())
        first, second = (bank.callback(REF, now=NOW) for _ in range(2))

        ids = [gateway.parse_callback(received, NOW).event_id for received in (first, second, first)]

        assert ids[0] == ids[2] != ids[1]

    @pytest.mark.parametrize("method", ["POST", "GET"])
    def test_refuses_what_another_key_signed(self, gateway: Closing, bank: Bank, method: str) -> None:
        """Another merchant's signature is none."""
        with pytest.raises(BadSignature):
            gateway.parse_callback(bank.callback(REF, method=method, forged=True, now=NOW), NOW)

    @pytest.mark.parametrize("off", [-301, 301, 86400])
    def test_refuses_a_post_from_another_time(self, gateway: Closing, bank: Bank, off: int) -> None:
        """Old ones are replays; future ones could be replayed for long."""
        with pytest.raises(BadSignature):
            gateway.parse_callback(bank.callback(REF, now=NOW + off), NOW)

    def test_reads_a_return_of_any_age(self, gateway: Closing, bank: Bank) -> None:
        """Customers keep pages open for days; a return is only a hint anyway."""
        received = bank.callback(REF, "failed", method="GET", now=NOW - 10 * 86400)

        assert gateway.parse_callback(received, NOW).claimed is VerdictStatus.FAILED

    @pytest.mark.parametrize("method", ["POST", "GET"])
    def test_refuses_what_is_not_signed(self, gateway: Closing, bank: Bank, method: str) -> None:
        """No signature at all, whatever it says."""
        received = bank.callback(REF, "captured", method=method, now=NOW)
        bare = attrs.evolve(received, headers={}, query=received.query.partition("&sig=")[0])

        with pytest.raises(BadSignature):
            gateway.parse_callback(bare, NOW)

    @pytest.mark.parametrize("method", ["POST", "GET"])
    def test_does_not_understand_every_word(self, gateway: Closing, bank: Bank, method: str) -> None:
        """An unknown event is still a reason to ask; it claims nothing."""
        claim = gateway.parse_callback(bank.callback(REF, "sparkling", method=method, now=NOW), NOW)

        assert (claim.reference, claim.claimed) == (REF, None)

    @pytest.mark.parametrize("method", ["POST", "GET"])
    @pytest.mark.parametrize("reference", ["", "two words", "x" * 256])
    def test_takes_no_reference_that_cannot_be_ours(
        self, gateway: Closing, bank: Bank, method: str, reference: str
    ) -> None:
        """Signed, but about nothing we know: still only a hint, and acknowledged."""
        received = bank.callback(REF, method=method, now=NOW, merchant_ref=reference)

        assert gateway.parse_callback(received, NOW).reference is None

    def test_needs_no_clock_but_the_given(self, gateway: Closing, bank: Bank) -> None:
        """What is signed now holds now: the units are Unix seconds."""
        assert gateway.parse_callback(bank.callback(REF), time.time()).reference == REF
