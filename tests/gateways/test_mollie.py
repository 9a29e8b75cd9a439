"""Backend `mollie` on the wire: what it sends, and what it makes of every strange answer."""

import json
from collections.abc import Mapping
from typing import Any

import attrs
import pytest
from hypothesis import given, settings

from adapters.gateways.mollie import SCHEMA, Mollie, MollieGateway
from adapters.gateways.settings import ensure_valid
from adapters.gateways.transport import Answer
from application.gateways import Claim, Received
from application.trouble import GatewayRefused, GatewayTrouble, Malformed
from domain.errors import Invalid
from domain.money import Currency, Money
from tests.gateways.strange import (
    BASE,
    NOW,
    OPENING,
    REF,
    STATUSES,
    Canned,
    canned,
    heard,
    instruction,
    outcome,
    spoilt,
)

GOOD = {"base_url": BASE, "api_key": "test_of_the_shop"}


def money(value: str, currency: str = "AZN") -> Mapping[str, str]:
    """As it writes it."""
    return {"currency": currency, "value": value}


PAID: dict[str, Any] = {
    "resource": "payment",
    "id": "tr_1",
    "status": "paid",
    "amount": money("40.00"),
    "amountRefunded": money("0.00"),
    "amountCaptured": money("40.00"),
    "metadata": {"bill_id": REF},
}
CREATED = {**PAID, "status": "open", "_links": {"checkout": {"href": "https://mollie.test/tr_1"}}}
REFUND = {"id": "re_1", "status": "queued", "amount": money("40.00")}


def connected(calls: Canned, **more: Any) -> MollieGateway:
    """The adapter over these answers."""
    return Mollie(calls).connect({**GOOD, **more})


def posted(body: bytes, method: str = "POST") -> Received:
    """A notification with that body."""
    return Received(method=method, path="/v1/callbacks/card/x", query="", headers={}, body=body)


class TestWhatIsSent:
    def test_to_open_a_payment(self) -> None:
        """The amount in major units; its page for the customer is among the links."""
        calls = canned((201, CREATED))
        opened = connected(calls).initiate(OPENING)
        method, url, headers, body = calls.asked[0]

        assert (method, url) == ("POST", f"{BASE}v2/payments")
        assert headers["Idempotency-Key"] == OPENING.idempotency_key
        assert headers["Authorization"] == "Bearer test_of_the_shop"
        assert json.loads(body or b"") == {
            "amount": money("40.00"),
            "description": f"Payment {REF}",
            "redirectUrl": OPENING.callback_url,
            "webhookUrl": OPENING.callback_url,
            "metadata": {"bill_id": REF},
        }
        assert opened.next_step == "https://mollie.test/tr_1"
        assert json.loads(opened.response)["amount"] == money("40.00")

    def test_to_hold(self) -> None:
        """One field more."""
        calls = canned((201, CREATED))
        connected(calls, capture="manual").initiate(OPENING)

        assert json.loads(calls.asked[0][3] or b"")["captureMode"] == "manual"

    def test_to_move_money(self) -> None:
        """Captures and refunds alike, each with its key."""
        for what in ("capture", "refund"):
            calls = canned((201, REFUND))
            getattr(connected(calls), what)(instruction(1500))
            _, url, headers, body = calls.asked[0]
            assert url == f"{BASE}v2/payments/te1/{what}s"
            assert headers["Idempotency-Key"] == instruction(1500).idempotency_key
            assert json.loads(body or b"")["amount"] == money("15.00")

    @pytest.mark.parametrize(
        ("code", "exponent", "minor", "value"), [("JPY", 0, 40, "40"), ("BHD", 3, 1, "0.001")]
    )
    def test_with_a_currency_s_own_decimals(self, code: str, exponent: int, minor: int, value: str) -> None:
        """And read back alike."""
        due = Money(minor, Currency(code, exponent))
        calls = canned((201, {**CREATED, "amount": money(value, code)}))
        connected(calls).initiate(attrs.evolve(OPENING, amount=due))
        told = {**PAID, "amount": money(value, code), "amountCaptured": None, "amountRefunded": None}

        assert json.loads(calls.asked[0][3] or b"")["amount"] == money(value, code)
        assert connected(canned(told)).verify(REF, "tr_1").mismatch(due) is None


class TestCallbacks:
    def test_name_a_payment_and_no_more(self) -> None:
        """Unsigned by design; whose it is tells the address."""
        claim = connected(canned({})).parse_callback(posted(b"id=tr_1"), NOW)

        assert claim == Claim(reference=None, transaction_id="tr_1", claimed=None, is_signed=False)

    @pytest.mark.parametrize("body", [b"", b"{}", b"id=", b"\xff", b"a=b&" * 60, b"id=a b"])
    def test_may_name_none(self, body: bytes) -> None:
        """Then there is nothing to go by."""
        with pytest.raises(Malformed):
            connected(canned({})).parse_callback(posted(body), NOW)

    def test_by_get_say_only_that_somebody_is_back(self) -> None:
        """Nothing is looked at."""
        claim = connected(canned({})).parse_callback(posted(b"id=tr_1", "GET"), NOW)

        assert claim == Claim(reference=None, transaction_id=None, claimed=None)


class TestAnswers:
    @pytest.mark.parametrize(
        ("word", "status"),
        [
            *(
                ("open", "pending"),
                ("pending", "pending"),
                ("authorized", "authorised"),
                ("paid", "succeeded"),
            ),
            *(("failed", "failed"), ("canceled", "failed"), ("expired", "failed")),
        ],
    )
    def test_have_seven_words(self, word: str, status: str) -> None:
        """The status map."""
        assert connected(canned({**PAID, "status": word})).verify(REF, "tr_1").status == status

    def test_show_what_was_given_back(self) -> None:
        """It stays paid there."""
        told = {**PAID, "amountRefunded": money("0.01")}

        assert connected(canned(told)).verify(REF, "tr_1").status == "refunded"

    def test_show_a_part_as_a_part(self) -> None:
        """Captured for less than was asked."""
        told = {**PAID, "amountCaptured": money("39.99")}

        assert connected(canned(told)).verify(REF, "tr_1").mismatch(OPENING.amount)

    @pytest.mark.parametrize(
        "changes",
        [
            *(
                {"status": "settled"},
                {"amount": None},
                {"amount": money("40.0x")},
                {"amount": money("40.000")},
            ),
            *(
                {"amount": money("40.00", "XXQ")},
                {"id": None},
                {"amountRefunded": 5},
                {"amount": money("-40.00")},
            ),
        ],
    )
    def test_are_trouble_without_what_was_promised(self, changes: Mapping[str, Any]) -> None:
        """No word, no amount."""
        with pytest.raises(GatewayTrouble):
            connected(canned({**PAID, **changes})).verify(REF, "tr_1")

    @pytest.mark.parametrize(
        "changes", [{"_links": {}}, {"_links": None}, {"id": None}, {"metadata": {"bill_id": "other"}}]
    )
    def test_leave_an_opening_in_doubt(self, changes: Mapping[str, Any]) -> None:
        """Another payment, or no page to send anybody to."""
        with pytest.raises(GatewayTrouble) as caught:
            connected(canned({**CREATED, **changes}, status=201)).initiate(OPENING)
        assert caught.value.sent

    @pytest.mark.parametrize("status", [400, 404, 422])
    def test_may_refuse_for_good(self, status: int) -> None:
        """To open, and to move money."""
        no = canned({"status": status, "title": "Unprocessable Entity"}, status=status)
        with pytest.raises(GatewayRefused):
            connected(no).initiate(OPENING)
        assert connected(no).refund(instruction()).status == "declined"

    @pytest.mark.parametrize(
        ("word", "status"),
        [
            *(("queued", "pending"), ("pending", "pending"), ("processing", "pending"), ("refunded", "done")),
            *(("succeeded", "done"), ("failed", "declined"), ("canceled", "declined")),
        ],
    )
    def test_about_moves_have_words_of_their_own(self, word: str, status: str) -> None:
        """Refunds take days, captures do not."""
        assert connected(canned({**REFUND, "status": word})).refund_status("tr_1", "re_1").status == status
        with pytest.raises(GatewayTrouble):
            connected(canned({**REFUND, "status": "odd"})).refund_status("tr_1", "re_1")

    def test_know_an_unknown_number_by_the_gateway_s_own_word(self) -> None:
        """Anybody else's 404 tells of a wrong address, and of no payment."""
        known, elsewhere = (
            connected(canned((404, says)))
            for says in ({"status": 404, "title": "Not Found"}, {"message": "no"})
        )

        assert known.verify(REF, "tr_1").status == "absent"
        with pytest.raises(GatewayTrouble):
            elsewhere.verify(REF, "tr_1")


class TestSettings:
    def test_are_one_key(self) -> None:
        """The gateway is then the vendor's."""
        ensure_valid(SCHEMA, {"api_key": "a"}, https_only=True)

        assert Mollie(canned({})).connect({"api_key": "a"}).base_url == "https://api.mollie.com"
        with pytest.raises(Invalid):
            ensure_valid(SCHEMA, {"api_key": "a", "webhook_secret": "x"})

    def test_stay_out_of_what_is_printed(self) -> None:
        """The key does."""
        assert "test_of_the_shop" not in repr(connected(canned({})))


class TestAnything:
    @settings(max_examples=1000, deadline=None)
    @given(STATUSES, spoilt(PAID, CREATED, REFUND))
    def test_that_is_answered_leads_to_a_declared_outcome(self, status: int, body: bytes) -> None:
        """Whatever a gateway says, the port answers with its own types and errors."""
        gateway = connected(Canned([Answer(status, {}, body)]))

        for use in (
            lambda: gateway.initiate(OPENING),
            lambda: gateway.verify(REF, "tr_1"),
            lambda: gateway.close(REF, "tr_1"),
            lambda: gateway.refund(instruction()),
            lambda: gateway.capture(instruction()),
            lambda: gateway.refund_status("tr_1", "re_1"),
        ):
            outcome(use)

    @settings(max_examples=1000, deadline=None)
    @given(spoilt({"id": "tr_1"}))
    def test_that_is_called_back_leads_to_a_declared_outcome(self, body: bytes) -> None:
        """A form, or anything else."""
        for told in (body, b"id=" + body):
            heard(connected(canned({})), posted(told))
