"""Backend `epoint` on the wire: the vectors, what it sends, and what it makes of every strange answer."""

import base64
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.gateways.epoint import SCHEMA, Epoint, EpointGateway
from adapters.gateways.settings import ensure_valid
from adapters.gateways.signing import sealed_sha1
from adapters.gateways.transport import Answer
from application.gateways import Claim, Received
from application.trouble import BadSignature, GatewayRefused, GatewayTrouble, Malformed
from domain.errors import Invalid
from domain.money import Currency, Money
from domain.verdict import VerdictStatus
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

KEY = "sandbox_private_key_0000000001"
GOOD = {"base_url": BASE, "public_key": "i000000001", "private_key": KEY}

V1 = (
    "d3hjsl38sd8kdfhbcea0be04eafde9e8e2bad2fb092d",
    "eyJwdWJsaWNfa2V5IjoiaTAwMDAwMDAwMSIsImFtb3VudCI6IjMwLjc1IiwiY3VycmVuY3kiOiJBWk4iLCJkZXNjcmlwdGlvbiI6"
    "InRlc3QgcGF5bWVudCIsIm9yZGVyX2lkIjoiMSJ9",
    "a76GNudqblZtV8qF199hctA+cG0=",
)
V2 = (
    KEY,
    "eyJvcmRlcl9pZCI6Im9yZC0xIiwic3RhdHVzIjoic3VjY2VzcyIsImNvZGUiOiIwMDAiLCJtZXNzYWdlIjoiQXBwcm92ZWQiLCJ0"
    "cmFuc2FjdGlvbiI6InRlMDAwMDAwMDAwMSIsImJhbmtfdHJhbnNhY3Rpb24iOiJCVDAwMDAwMDAxIiwiYmFua19yZXNwb25zZSI6"
    "IjAwMCIsIm9wZXJhdGlvbl9jb2RlIjoiMTAwIiwicnJuIjoiMTIzNDU2Nzg5MDEyIiwiY2FyZF9uYW1lIjoiVEVTVCBVU0VSIiwi"
    "Y2FyZF9tYXNrIjoiNDExMTExKioqKioqMTExMSIsImFtb3VudCI6MzAuNzUsIm90aGVyX2F0dHIiOm51bGx9",
    "Q4FvjDMCu2512PCFCpQxqBzUMNQ=",
)
V3 = (
    KEY,
    "eyJvcmRlcl9pZCI6Im9yZC0yIiwic3RhdHVzIjoiZmFpbGVkIiwiY29kZSI6IjExNiIsIm1lc3NhZ2UiOiJLaWZhecmZdCBxyZlk"
    "yZlyIHbJmXNhaXQgeW94ZHVyIiwidHJhbnNhY3Rpb24iOiJ0ZTAwMDAwMDAwMDIiLCJhbW91bnQiOiIzMC43NSJ9",
    "t43FAaevy5bmobafdUrJZFH/Y6U=",
)
V4 = (
    KEY,
    "eyJvcmRlcl9pZCI6InA0Iiwic3RhdHVzIjoic3VjY2VzcyIsInRyYW5zYWN0aW9uIjoidGUwMDAwMDAwMDA0IiwiYW1vdW50Ijoi"
    "MS4wMCJ9",
    "9XrHksLM9PtJ2/WK14+jLnbfHVU=",
)
V5 = (
    KEY,
    "eyJvcmRlcl9pZCI6Im9yZC01Iiwic3RhdHVzIjoic3VjY2VzcyIsInRyYW5zYWN0aW9uIjoidGUwMDAwMDAwMDA1IiwiYW1vdW50"
    "IjoxMCwic3VjY2Vzc19yZWRpcmVjdF91cmwiOiJodHRwczpcL1wvc2hvcC50ZXN0XC9vayJ9",
    "HtBAnCCkUohzZS76IvbfV3cUyas=",
)
V6 = (KEY, "eyJvcmRlcl9pZCI6Im9yZC0xIn0=", "cmN762wBPcpIkz88uxfpJrOZQ/c=")
V6_OF_HEX = "NzI2MzdiZWI2YzAxM2RjYTQ4OTMzZjNjYmIxN2U5MjZiMzk5NDNmNw=="

PAID: dict[str, Any] = {
    "status": "success",
    "code": "000",
    "message": "Approved",
    "transaction": "te0000000001",
    "bank_transaction": "BT1",
    "operation_code": "100",
    "rrn": "123456789012",
    "card_mask": "411111******1111",
    "amount": "40.00",
    "other_attr": None,
}
CREATED = {"status": "success", "transaction": "te0000000001", "redirect_url": "https://epoint.test/pay/1"}
CARD = {"status": "success", "card_id": "ce0000000001", "redirect_url": "https://epoint.test/card/1"}


def connected(calls: Canned, **more: Any) -> EpointGateway:
    """The adapter over these answers."""
    return Epoint(calls).connect({**GOOD, **more})


def posted(body: bytes) -> Received:
    """A callback with that body."""
    return Received(method="POST", path="/v1/callbacks/card", query="", headers={}, body=body)


def signed(told: object, key: str = KEY) -> Received:
    """A callback that says this."""
    data = base64.b64encode(told if isinstance(told, bytes) else json.dumps(told).encode()).decode()
    return posted(urlencode({"data": data, "signature": sealed_sha1(key, data)}).encode())


def sent(calls: Canned) -> tuple[str, Mapping[str, Any]]:
    """Where the latest call went, and what it said; its signature has been looked at."""
    _, url, _, body = calls.asked[-1]
    form = {name: values[0] for name, values in parse_qs((body or b"").decode()).items()}
    assert form.keys() == {"data", "signature"}
    assert form["signature"] == sealed_sha1(KEY, form["data"])
    return url.removeprefix(BASE), json.loads(base64.b64decode(form["data"]))


class TestVectors:
    @pytest.mark.parametrize("vector", [V1, V2, V3, V4, V5, V6])
    def test_are_signed_alike(self, vector: tuple[str, str, str]) -> None:
        """By three independent clients, and by us."""
        key, data, signature = vector

        assert sealed_sha1(key, data) == signature

    @pytest.mark.parametrize(
        ("vector", "reference", "claimed"),
        [
            (V2, "ord-1", "succeeded"),
            (V3, "ord-2", "failed"),
            (V4, "p4", "succeeded"),
            (V5, "ord-5", "succeeded"),
        ],
    )
    @pytest.mark.parametrize("encodes_plus", [True, False])
    def test_are_read(
        self, vector: tuple[str, str, str], reference: str, claimed: str, encodes_plus: bool
    ) -> None:
        """Over the text as received; a sender that leaves its plus signs bare is understood too."""
        _, data, signature = vector
        whole = urlencode({"data": data, "signature": signature})
        body = whole if encodes_plus else whole.replace("%2B", "+")

        claim = connected(canned({})).parse_callback(posted(body.encode()), NOW)

        assert (claim.reference, claim.claimed) == (reference, claimed)

    @pytest.mark.parametrize("signature", [V6_OF_HEX, "", V2[2], V6[2].lower(), V6[2][:-1], V6[2] + "="])
    def test_of_other_makings_are_refused(self, signature: str) -> None:
        """Base64 of the hex digest, another's, none, or one that was touched."""
        body = urlencode({"data": V6[1], "signature": signature}).encode()

        with pytest.raises(BadSignature):
            connected(canned({})).parse_callback(posted(body), NOW)

    def test_without_status_or_transaction_is_no_callback(self) -> None:
        """The sixth is rightly signed, and says nothing."""
        body = urlencode({"data": V6[1], "signature": V6[2]}).encode()

        with pytest.raises(Malformed):
            connected(canned({})).parse_callback(posted(body), NOW)


class TestCallbacks:
    def test_are_no_requests_of_ours(self) -> None:
        """Those are signed by the same key and pass through the buyer's browser."""
        with pytest.raises(BadSignature):
            connected(canned({})).parse_callback(signed({**PAID, "public_key": "i000000001"}), NOW)

    @pytest.mark.parametrize(
        "body",
        [
            *(b"", b"{}", b"data=", b"\xff\xfe", b"data=e30%3D", b"data=a&data=b&signature=c", b"a=b&" * 60),
            urlencode({"data": V2[1], "signature": [V2[2], V2[2]]}, doseq=True).encode(),
        ],
    )
    def test_are_two_fields(self, body: bytes) -> None:
        """Each once; anything else is signed by nobody."""
        with pytest.raises(BadSignature):
            connected(canned({})).parse_callback(posted(body), NOW)

    @pytest.mark.parametrize("told", [b"nonsense", b"[]", b"\xff", b'{"a": 1, "a": 2}', b'{"amount": NaN}'])
    def test_may_be_signed_and_unreadable(self, told: bytes) -> None:
        """Then the gateway is told so."""
        with pytest.raises(Malformed):
            connected(canned({})).parse_callback(signed(told), NOW)

    def test_about_a_saved_card_are_about_no_payment(self) -> None:
        """They have neither order nor transaction, and are acknowledged."""
        told = {"status": "success", "operation_code": "001", "card_id": "ce1"}

        claim = connected(canned({})).parse_callback(signed(told), NOW)

        assert claim == Claim(reference=None, transaction_id=None, claimed=VerdictStatus.SUCCEEDED)

    def test_by_get_say_only_that_somebody_is_back(self) -> None:
        """Nothing is signed there, and which address was hit proves nothing."""
        received = Received(
            method="GET", path="/v1/callbacks/card/x", query="status=success", headers={}, body=b""
        )

        claim = connected(canned({})).parse_callback(received, NOW)

        assert claim == Claim(reference=None, transaction_id=None, claimed=None)

    def test_are_never_checked_against_an_empty_key(self) -> None:
        """A method without its secret takes no news."""
        gateway = attrs.evolve(connected(canned({})), private_key="")

        with pytest.raises(BadSignature):
            gateway.parse_callback(signed(PAID, key=""), NOW)


class TestWhatIsSent:
    def test_to_open_a_payment(self) -> None:
        """The amount as text in major units; both ways back are one address of ours."""
        calls = canned(CREATED)
        opened = connected(calls).initiate(OPENING)

        assert sent(calls) == (
            "api/1/request",
            {
                "public_key": "i000000001",
                "amount": "40.00",
                "currency": "AZN",
                "language": "az",
                "order_id": REF,
                "description": f"Payment {REF}",
                "success_redirect_url": OPENING.callback_url,
                "error_redirect_url": OPENING.callback_url,
            },
        )
        assert calls.asked[0][2]["Content-Type"] == "application/x-www-form-urlencoded"
        assert KEY not in opened.request + opened.response

    def test_to_hold_and_to_take(self) -> None:
        """Pre-authorisation, and its completion."""
        calls = canned(CREATED, {"status": "success"})
        gateway = connected(calls, capture="manual")
        gateway.initiate(OPENING)
        opening_path = sent(calls)[0]
        gateway.capture(instruction())

        path, told = sent(calls)
        assert (opening_path, path) == ("api/1/pre-auth-request", "api/1/pre-auth-complete")
        assert told == {"public_key": "i000000001", "transaction": "te1", "amount": "40.00"}

    def test_to_split(self) -> None:
        """The other merchant's part, rounded so that nothing is lost."""
        calls = canned(CREATED)
        connected(calls, split_user="i000000002", split_percent=33).initiate(OPENING)

        path, told = sent(calls)
        assert path == "api/1/split-request"
        assert (told["split_user"], told["split_amount"]) == ("i000000002", "13.20")

    @pytest.mark.parametrize(("minor", "more"), [(4000, {}), (1, {"amount": "0.01"})])
    def test_to_give_back(self, minor: int, more: Mapping[str, str]) -> None:
        """All of it is not said, a part is."""
        calls = canned({"status": "success"})
        connected(calls).refund(instruction(minor))

        base = {"public_key": "i000000001", "transaction": "te1", "currency": "AZN", "language": "az"}
        assert sent(calls) == ("api/1/reverse", {**base, **more})

    def test_to_save_a_card_and_to_charge_it(self) -> None:
        """The customer enters it at the gateway; charging needs nobody."""
        calls = canned(CARD, PAID)
        gateway = connected(calls)
        registration = gateway.register_card("https://shop.test/cards")
        first = sent(calls)
        verdict = gateway.charge_card(OPENING, registration.card_id)

        assert first[0] == "api/1/card-registration"
        assert first[1]["success_redirect_url"] == "https://shop.test/cards"
        assert (registration.card_id, registration.next_step) == ("ce0000000001", CARD["redirect_url"])
        assert sent(calls)[0] == "api/1/execute-pay"
        assert sent(calls)[1]["card_id"] == "ce0000000001"
        assert verdict.status is VerdictStatus.SUCCEEDED

    def test_nothing_in_another_currency(self) -> None:
        """An account collects one; whoever pays otherwise is told before anything is sent."""
        calls = canned(CREATED)
        euros = attrs.evolve(OPENING, amount=Money(4000, Currency("EUR", 2)))

        with pytest.raises(GatewayRefused):
            connected(calls).initiate(euros)
        assert calls.asked == []


class TestOpening:
    @pytest.mark.parametrize(
        "reply", [{"status": "error"}, {"status": "error", "message": "no"}, {**CREATED, "status": "error"}]
    )
    def test_is_refused_by_the_body(self, reply: Mapping[str, Any]) -> None:
        """Failures come with 200."""
        with pytest.raises(GatewayRefused):
            connected(canned(reply)).initiate(OPENING)

    @pytest.mark.parametrize("status", [400, 404, 422])
    def test_is_refused_by_the_status(self, status: int) -> None:
        """Whatever the body."""
        with pytest.raises(GatewayRefused):
            connected(canned(CREATED, status=status)).initiate(OPENING)

    @pytest.mark.parametrize(
        "reply",
        [
            *({}, {"status": "server_error"}, {"status": None}, {**CREATED, "transaction": None}),
            *({**CREATED, "redirect_url": "javascript:1"}, {**CREATED, "redirect_url": None}),
        ],
    )
    def test_is_in_doubt_without_what_was_promised(self, reply: Mapping[str, Any]) -> None:
        """It may have been opened all the same."""
        with pytest.raises(GatewayTrouble) as caught:
            connected(canned(reply)).initiate(OPENING)
        assert caught.value.sent


class TestAsking:
    @pytest.mark.parametrize(
        ("word", "status", "held"),
        [
            *(("new", "pending", "pending"), ("success", "succeeded", "authorised")),
            *(("returned", "refunded", "failed"), ("failed", "failed", "failed")),
            ("error", "failed", "failed"),
        ],
    )
    def test_knows_every_word(self, word: str, status: str, held: str) -> None:
        """Of a payment, and of a hold: the gateway has no words of its own for that."""
        calls = canned({**PAID, "status": word})

        assert connected(calls).verify(REF, "te1").status == status
        assert connected(calls, capture="manual").verify(REF, "te1").status == held

    @pytest.mark.parametrize("word", ["server_error", "error", "success", "new", "paid", None, 5])
    def test_is_trouble_without_a_transaction(self, word: object) -> None:
        """An error without one is about the question; the others break their promise."""
        for absent in ({}, {"transaction": None}):
            reply = {name: value for name, value in PAID.items() if name != "transaction"}
            with pytest.raises(GatewayTrouble) as told:
                connected(canned({**reply, **absent, "status": word})).verify(REF, "te1")
            assert told.value.is_answer is (word == "error")

    def test_is_trouble_when_the_check_failed(self) -> None:
        """`server_error` is no word about the payment."""
        with pytest.raises(GatewayTrouble):
            connected(canned({**PAID, "status": "server_error"})).verify(REF, "te1")

    @pytest.mark.parametrize(
        ("amount", "minor"),
        [
            *(
                (b"40", 4000),
                (b"40.0", 4000),
                (b'"7.50"', 750),
                (b'"40.00"', 4000),
                (b"30.75", 3075),
                (b"4e1", 4000),
            )
        ],
    )
    def test_reads_amounts_as_they_come(self, amount: bytes, minor: int) -> None:
        """Texts and numbers, exactly."""
        body = json.dumps(PAID).encode().replace(b'"40.00"', amount)

        assert connected(Canned([Answer(200, {}, body)])).verify(REF, "te1").amount_minor == minor

    @pytest.mark.parametrize(
        "amount",
        [b"40.001", b'"40.000"', b"-40", b'"-40.00"', b"NaN", b'"4e1"', b"null", b"true", b'""', b"[40]"],
    )
    def test_never_guesses_an_amount(self, amount: bytes) -> None:
        """More decimals than there are, signs, nothing at all."""
        body = json.dumps(PAID).encode().replace(b'"40.00"', amount)

        with pytest.raises(GatewayTrouble):
            connected(Canned([Answer(200, {}, body)])).verify(REF, "te1")

    def test_tells_another_payment_as_another(self) -> None:
        """By its number, and by our reference where it says one."""
        assert not connected(canned(PAID)).verify(REF, "te1").is_about(REF, "te1")
        named = connected(canned({**PAID, "order_id": "other"})).verify(REF, "te0000000001")
        assert not named.is_about(REF, "te0000000001")

    def test_tells_why_it_was_declined(self) -> None:
        """The bank's code; a mask of the card in any case."""
        verdict = connected(canned({**PAID, "status": "error", "code": "116"})).verify(REF, "te1")

        assert (verdict.status, verdict.decline, verdict.card_mask) == ("failed", "116", "4111******1111")


class TestMovingMoney:
    @pytest.mark.parametrize(
        ("reply", "status", "reason"),
        [
            *(
                ({"status": "success"}, "done", None),
                ({"status": "failed", "code": "909"}, "declined", "909"),
            ),
            ({"status": "error", "message": "unknown"}, "declined", "error"),
        ],
    )
    def test_is_told_by_the_body(self, reply: Mapping[str, Any], status: str, reason: str | None) -> None:
        """Done, or a plain no."""
        for move in (
            connected(canned(reply)).refund(instruction()),
            connected(canned(reply), capture="manual").capture(instruction()),
        ):
            assert (move.status, move.reason) == (status, reason)

    @pytest.mark.parametrize(
        "reply", [{}, {"status": "server_error"}, {"status": "returned"}, {"status": None}]
    )
    def test_is_in_doubt_after_all_else(self, reply: Mapping[str, Any]) -> None:
        """No word that is known."""
        with pytest.raises(GatewayTrouble):
            connected(canned(reply)).refund(instruction())

    def test_lets_a_hold_go_and_asks(self) -> None:
        """Refused or not, what counts is how it stands afterwards."""
        calls = canned({"status": "failed"}, {**PAID, "status": "success"})

        verdict = connected(calls, capture="manual").void(REF, "te0000000001")

        assert verdict.status is VerdictStatus.AUTHORISED

    @pytest.mark.parametrize(
        ("reply", "status"),
        [({**PAID, "status": "failed", "code": "116"}, "failed"), ({**PAID, "status": "error"}, "failed")],
    )
    def test_charging_a_card_may_fail(self, reply: Mapping[str, Any], status: str) -> None:
        """With a transaction of its own: that payment failed."""
        assert connected(canned(reply)).charge_card(OPENING, "ce1").status == status

    def test_charging_a_card_may_be_refused(self) -> None:
        """Without one nothing was tried."""
        with pytest.raises(GatewayRefused):
            connected(canned({"status": "error"})).charge_card(OPENING, "ce1")

    def test_saving_a_card_is_in_doubt_without_its_name(self) -> None:
        """There is nothing to go on with."""
        for reply in ({**CARD, "card_id": None}, {**CARD, "status": "new"}):
            with pytest.raises(GatewayTrouble):
                connected(canned(reply)).register_card("https://shop.test/cards")


class TestSettings:
    def test_have_defaults(self) -> None:
        """Two keys are enough; the gateway is then the vendor's."""
        keys = {"public_key": "i1", "private_key": "k"}
        ensure_valid(SCHEMA, keys, https_only=True)

        assert Epoint(canned({})).connect(keys).base_url == "https://epoint.az"

    @pytest.mark.parametrize(
        "more",
        [
            *({"currency": "JPY"}, {"language": "fr"}, {"capture": "later"}, {"split_user": "i2"}),
            *({"split_percent": 5}, {"split_user": "i2", "split_percent": 0}, {"private_key": ""}),
            {"split_user": "i2", "split_percent": 5, "capture": "manual"},
        ],
    )
    def test_are_checked(self, more: Mapping[str, Any]) -> None:
        """And no value is ever repeated in the complaint."""
        with pytest.raises(Invalid) as caught:
            ensure_valid(SCHEMA, {**GOOD, **more})
        assert KEY not in str(caught.value.mistakes)

    def test_stay_out_of_what_is_printed(self) -> None:
        """The private key does."""
        assert KEY not in repr(connected(canned({})))


class TestAnything:
    @settings(max_examples=1000, deadline=None)
    @given(STATUSES, spoilt(PAID, CREATED, CARD, {"status": "error"}))
    def test_that_is_answered_leads_to_a_declared_outcome(self, status: int, body: bytes) -> None:
        """Whatever a gateway says, the port answers with its own types and errors."""
        gateway = connected(Canned([Answer(status, {}, body)]), capture="manual")

        for use in (
            lambda: gateway.initiate(OPENING),
            lambda: gateway.verify(REF, "te1"),
            lambda: gateway.void(REF, "te1"),
            lambda: gateway.refund(instruction()),
            lambda: gateway.capture(instruction()),
            lambda: gateway.charge_card(OPENING, "ce1"),
        ):
            outcome(use)

    @settings(max_examples=1000, deadline=None)
    @given(spoilt(PAID, {**PAID, "order_id": REF}), st.text())
    def test_that_is_called_back_leads_to_a_declared_outcome(self, body: bytes, text: str) -> None:
        """Signed or not."""
        gateway = connected(canned({}))

        assert not isinstance(heard(gateway, signed(body)), BadSignature) or b"public_key" in body
        for received in (posted(body), posted(urlencode({"data": text, "signature": text}).encode())):
            assert isinstance(heard(gateway, received), BadSignature)
