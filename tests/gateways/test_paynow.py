"""Backend `paynow` on the wire: the vectors, what it sends, and what it makes of every strange answer."""

import json
from collections.abc import Mapping
from typing import Any

import attrs
import pytest
from hypothesis import given, settings

from adapters.gateways.paynow import SCHEMA, Paynow, PaynowGateway, signature_of
from adapters.gateways.settings import ensure_valid
from adapters.gateways.signing import hmac_sha256_base64
from adapters.gateways.transport import Answer
from application.gateways import Received
from application.trouble import BadSignature, GatewayRefused, GatewayTrouble, Malformed
from domain.errors import Invalid
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

KEY = "paynow-signature-key-for-tests"
BODY = b'{"paymentId":"P1","externalId":"bill-1","status":"CONFIRMED","modifiedAt":"2026-01-01T00:00:00Z"}'
SIGNATURE = "nGNSgy/Tw14F0aKKQU6z429WWb29o1rziwZ6pYWpUzk="
GOOD = {"base_url": BASE, "api_key": "paynow-api-key-for-tests", "signature_key": KEY}
CREATED = {"paymentId": "P1", "status": "NEW", "redirectUrl": "https://paynow.test/P1"}
SHOWN = {"paymentId": "P1", "status": "CONFIRMED"}
REFUND = {"refundId": "R1", "status": "SUCCESSFUL"}


def connected(calls: Canned) -> PaynowGateway:
    """The adapter over these answers."""
    return Paynow(calls).connect(GOOD)


def posted(body: bytes, signature: str | None = None) -> Received:
    """A notification with that body."""
    headers = {} if signature is None else {"signature": signature}
    return Received(method="POST", path="/v1/callbacks/card", query="", headers=headers, body=body)


class TestVectors:
    def test_of_a_request(self) -> None:
        """Over its two headers, no parameters and its body, as compact JSON."""
        headers = {"Api-Key": "paynow-api-key-for-tests", "Idempotency-Key": "idem-1"}

        assert signature_of(KEY, headers, '{"amount":3075}') == "t67KWHMJWP9MKtVVF9baOFefpzAg0Wga79+dkxOU4O0="

    def test_of_a_notification(self) -> None:
        """Over its bytes as they came."""
        claim = connected(canned({})).parse_callback(posted(BODY, SIGNATURE), NOW)

        assert (claim.reference, claim.transaction_id, claim.claimed) == ("bill-1", "P1", "succeeded")

    @pytest.mark.parametrize(
        ("body", "signature"),
        [
            (BODY + b" ", SIGNATURE),
            (BODY, None),
            (BODY, ""),
            (BODY, SIGNATURE.lower()),
            (BODY, SIGNATURE + "="),
        ],
    )
    def test_of_other_makings_are_refused(self, body: bytes, signature: str | None) -> None:
        """Another body, another signature, none."""
        with pytest.raises(BadSignature):
            connected(canned({})).parse_callback(posted(body, signature), NOW)

    def test_are_never_checked_against_an_empty_key(self) -> None:
        """A method without its secret takes no news."""
        gateway = attrs.evolve(connected(canned({})), signature_key="")
        with pytest.raises(BadSignature):
            gateway.parse_callback(posted(BODY, hmac_sha256_base64("", BODY)), NOW)

    def test_may_stand_on_what_cannot_be_read(self) -> None:
        """Then the gateway is told so."""
        with pytest.raises(Malformed):
            connected(canned({})).parse_callback(posted(b"[", hmac_sha256_base64(KEY, b"[")), NOW)

    def test_by_get_there_are_none(self) -> None:
        """A return tells a status that proves nothing."""
        received = Received(
            method="GET", path="/v1/callbacks/card/x", query="paymentStatus=CONFIRMED", headers={}, body=b""
        )
        assert connected(canned({})).parse_callback(received, NOW).claimed is None


class TestWhatIsSent:
    def test_to_open_a_payment(self) -> None:
        """Every call is signed over what is sent, byte for byte."""
        calls = canned((201, CREATED))
        opened = connected(calls).initiate(OPENING)
        method, url, headers, body = calls.asked[0]
        assert body is not None

        assert (method, url) == ("POST", f"{BASE}v3/payments")
        assert json.loads(body) == {
            "amount": 4000,
            "currency": "AZN",
            "externalId": REF,
            "description": f"Payment {REF}",
            "continueUrl": OPENING.callback_url,
            "buyer": {"email": "aysel@example.com"},
        }
        told = {name: headers[name] for name in ("Api-Key", "Idempotency-Key")}
        assert headers["Signature"] == signature_of(KEY, told, body.decode())
        assert told["Idempotency-Key"] == OPENING.idempotency_key
        assert "aysel" not in opened.request and KEY not in opened.request

    def test_to_ask(self) -> None:
        """Questions carry a key too, short enough and another each time, and are signed over nothing."""
        calls = canned(SHOWN)
        for _ in range(2):
            connected(calls).verify(REF, "P1")
        keys = [headers["Idempotency-Key"] for _, _, headers, _ in calls.asked]
        _, url, headers, body = calls.asked[0]

        assert (url, body) == (f"{BASE}v3/payments/P1/status", None)
        assert len(set(keys)) == 2 and max(map(len, keys)) <= 45
        told = {name: headers[name] for name in ("Api-Key", "Idempotency-Key")}
        assert headers["Signature"] == signature_of(KEY, told, "")

    def test_nothing_without_an_address(self) -> None:
        """It wants to write to the customer."""
        with pytest.raises(GatewayRefused):
            connected(canned(CREATED)).initiate(attrs.evolve(OPENING, buyer=None))

    def test_to_give_back(self) -> None:
        """The amount, even when it is all."""
        calls = canned((201, REFUND))
        connected(calls).refund(instruction())

        assert json.loads(calls.asked[0][3] or b"") == {"amount": 4000}
        assert calls.asked[0][1] == f"{BASE}v3/payments/te1/refunds"


class TestAnswers:
    @pytest.mark.parametrize(
        ("word", "status"),
        [
            *(("NEW", "pending"), ("PENDING", "pending"), ("CONFIRMED", "succeeded"), ("REJECTED", "failed")),
            *(("EXPIRED", "failed"), ("ABANDONED", "failed"), ("ERROR", "failed")),
        ],
    )
    def test_have_seven_words(self, word: str, status: str) -> None:
        """The status map; of amounts they say nothing."""
        verdict = connected(canned({**SHOWN, "status": word})).verify(REF, "P1")

        assert (verdict.status, verdict.amount_minor, verdict.currency) == (status, None, None)

    @pytest.mark.parametrize(
        ("word", "status"),
        [
            *(("NEW", "pending"), ("PENDING", "pending"), ("SUCCESSFUL", "done")),
            *(("FAILED", "declined"), ("CANCELLED", "declined")),
        ],
    )
    def test_about_refunds_have_five(self, word: str, status: str) -> None:
        """At once, and when asked afterwards."""
        refund = {**REFUND, "status": word}
        assert connected(canned(refund)).refund(instruction()).status == status
        assert connected(canned(refund)).refund_status("P1", "R1").status == status

    @pytest.mark.parametrize("status", [400, 404, 422])
    def test_may_refuse_for_good(self, status: int) -> None:
        """To open, and to give back."""
        no = canned({"errors": [{"errorType": "VALIDATION_ERROR"}]}, status=status)
        with pytest.raises(GatewayRefused):
            connected(no).initiate(OPENING)
        assert connected(no).refund(instruction()).status == "declined"

    @pytest.mark.parametrize(
        "reply",
        [
            {},
            {**CREATED, "paymentId": None},
            {**CREATED, "redirectUrl": "x"},
            {**CREATED, "externalId": "other"},
        ],
    )
    def test_leave_an_opening_in_doubt_without_what_was_promised(self, reply: Mapping[str, Any]) -> None:
        """It may have been opened all the same."""
        with pytest.raises(GatewayTrouble) as caught:
            connected(canned(reply)).initiate(OPENING)
        assert caught.value.sent

    @pytest.mark.parametrize("reply", [{}, {**SHOWN, "paymentId": None}, {**SHOWN, "status": "PAID"}])
    def test_are_trouble_without_what_was_promised(self, reply: Mapping[str, Any]) -> None:
        """No name, no word."""
        with pytest.raises(GatewayTrouble):
            connected(canned(reply)).verify(REF, "P1")
        with pytest.raises(GatewayTrouble):
            connected(canned(reply)).refund_status("P1", "R1")

    def test_know_an_unknown_number_by_the_gateway_s_own_word(self) -> None:
        """Anybody else's 404 tells of a wrong address, and of no payment."""
        unknown = {"statusCode": 404, "errors": [{"errorType": "NOT_FOUND"}]}
        known, elsewhere = (connected(canned((404, says))) for says in (unknown, {"message": "no"}))

        assert known.verify(REF, "P1").status == "absent"
        with pytest.raises(GatewayTrouble):
            elsewhere.verify(REF, "P1")


class TestSettings:
    def test_are_two_keys(self) -> None:
        """The gateway is then the vendor's."""
        few = {"api_key": "a", "signature_key": "b"}
        ensure_valid(SCHEMA, few, https_only=True)

        assert Paynow(canned({})).connect(few).base_url == "https://api.paynow.pl"
        with pytest.raises(Invalid):
            ensure_valid(SCHEMA, {**few, "capture": "manual"})

    def test_stay_out_of_what_is_printed(self) -> None:
        """The keys do."""
        assert "for-tests" not in repr(connected(canned({})))


class TestAnything:
    @settings(max_examples=1000, deadline=None)
    @given(STATUSES, spoilt(SHOWN, CREATED, REFUND))
    def test_that_is_answered_leads_to_a_declared_outcome(self, status: int, body: bytes) -> None:
        """Whatever a gateway says, the port answers with its own types and errors."""
        gateway = connected(Canned([Answer(status, {}, body)]))

        for use in (
            lambda: gateway.initiate(OPENING),
            lambda: gateway.verify(REF, "P1"),
            lambda: gateway.refund(instruction()),
            lambda: gateway.refund_status("P1", "R1"),
        ):
            outcome(use)

    @settings(max_examples=1000, deadline=None)
    @given(spoilt({**SHOWN, "externalId": REF}))
    def test_that_is_called_back_leads_to_a_declared_outcome(self, body: bytes) -> None:
        """Signed or not."""
        gateway = connected(canned({}))

        assert not isinstance(heard(gateway, posted(body, hmac_sha256_base64(KEY, body))), BadSignature)
        assert isinstance(heard(gateway, posted(body, body.decode("latin-1"))), BadSignature)
