"""Backend `stripe` on the wire: the vectors, what it sends, and what it makes of every strange answer."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import attrs
import pytest
import stripe
from hypothesis import given, settings

from adapters.gateways.settings import ensure_valid
from adapters.gateways.signing import timed_header
from adapters.gateways.stripe import SCHEMA, Stripe, StripeGateway
from adapters.gateways.transport import Answer
from application.gateways import MoveStatus, Received
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

SECRET = "whsec_test_secret"
GOOD = {"base_url": BASE, "secret_key": "sk_test_1", "webhook_secret": SECRET}
AT = 1700000000

S1 = (
    b'{"id":"evt_1","object":"event","type":"checkout.session.completed","data":{"object":{"id":"cs_1",'
    b'"object":"checkout.session","payment_status":"paid","amount_total":3075,"currency":"azn"}}}'
)
S1_SIGNED = "t=1700000000,v1=b7d81a71867af0bb37d72c4a899f41d29f6a9f656554777f66222fb000969605"
S2 = '{"id":"evt_ü","object":"event"}'.encode()
S2_SIGNED = "t=1700000000,v1=094ceb7c57633a45ad71c5e1adcdaffa12687f23adf8df4ec70ad9bfb161d674"
ZERO = "v1=" + "0" * 64

SESSION: dict[str, Any] = {
    "id": "cs_1",
    "object": "checkout.session",
    "status": "complete",
    "payment_status": "paid",
    "payment_intent": "pi_1",
    "amount_total": 4000,
    "currency": "azn",
    "client_reference_id": REF,
}
CREATED = {**SESSION, "status": "open", "payment_status": "unpaid", "url": "https://checkout.test/c/cs_1"}
UNPAID = {**SESSION, "payment_status": "unpaid"}
INTENT: dict[str, Any] = {
    "id": "pi_1",
    "object": "payment_intent",
    "status": "requires_capture",
    "amount": 4000,
    "amount_capturable": 4000,
    "amount_received": 0,
    "currency": "azn",
}
REFUND = {"id": "re_1", "object": "refund", "status": "succeeded", "amount": 4000, "currency": "azn"}


def connected(calls: Canned, **more: Any) -> StripeGateway:
    """The adapter over these answers."""
    return Stripe(calls).connect({**GOOD, **more})


def posted(body: bytes, header: str | None = None) -> Received:
    """An event with that body."""
    headers = {} if header is None else {"stripe-signature": header}
    return Received(method="POST", path="/v1/callbacks/card", query="", headers=headers, body=body)


def event(kind: str, **about: Any) -> Received:
    """A signed event."""
    told = {"id": "evt_1", "object": "event", "type": kind, "data": {"object": about}}
    body = json.dumps(told).encode()
    return posted(body, timed_header(SECRET, body, int(NOW)))


def sent(calls: Canned, index: int = -1) -> tuple[str, str, Mapping[str, str]]:
    """Method, address and form of a call."""
    method, url, _, body = calls.asked[index]
    return method, url.removeprefix(BASE), dict(parse_qsl((body or b"").decode()))


class TestSignatures:
    @pytest.mark.parametrize(("body", "header"), [(S1, S1_SIGNED), (S2, S2_SIGNED)])
    @pytest.mark.parametrize("off", [0, 299, -299])
    def test_of_the_vectors_hold(self, body: bytes, header: str, off: int) -> None:
        """As the vendor's own library signs them."""
        connected(canned({})).parse_callback(posted(body, header), AT + off)

    @pytest.mark.parametrize("off", [301, -301, 86400 * 365])
    def test_hold_for_five_minutes(self, off: int) -> None:
        """In both directions: a header from next year could be replayed until then."""
        with pytest.raises(BadSignature):
            connected(canned({})).parse_callback(posted(S1, S1_SIGNED), AT + off)

    @pytest.mark.parametrize(
        "header",
        [
            *(None, "", S1_SIGNED.replace("v1=", "v0="), S1_SIGNED.partition(",")[2], f"t={AT},{ZERO}"),
            *(f"t={AT}", S2_SIGNED, S1_SIGNED.replace("t=1700000000", "t=1700000001"), "nonsense"),
        ],
    )
    def test_that_do_not_hold(self, header: str | None) -> None:
        """Of another version, of no time, of another body, of nothing."""
        with pytest.raises(BadSignature):
            connected(canned({})).parse_callback(posted(S1, header), AT)
        if header is not None:
            with pytest.raises(stripe.SignatureVerificationError):
                stripe.WebhookSignature.verify_header(S1.decode(), header, SECRET, tolerance=None)

    def test_are_over_the_bytes_as_they_came(self) -> None:
        """One more space is another body."""
        with pytest.raises(BadSignature):
            connected(canned({})).parse_callback(posted(S1 + b" ", S1_SIGNED), AT)

    def test_hold_while_keys_rotate(self) -> None:
        """One right signature among several is enough."""
        time, right = S1_SIGNED.split(",")
        for header in (f"{time},{ZERO},{right},v0=abc", f"{time},{right},{ZERO}"):
            claim = connected(canned({})).parse_callback(posted(S1, header), AT)
            assert claim.transaction_id == "cs_1"
            assert stripe.WebhookSignature.verify_header(S1.decode(), header, SECRET, tolerance=None)

    def test_of_ours_hold_for_the_vendor(self) -> None:
        """Whatever we sign the vendor's own library accepts."""
        header = timed_header(SECRET, S1, AT)

        assert stripe.WebhookSignature.verify_header(S1.decode(), header, SECRET, tolerance=None)


class TestEvents:
    @pytest.mark.parametrize(
        ("kind", "about", "claimed"),
        [
            ("checkout.session.completed", {"payment_status": "paid"}, "succeeded"),
            ("checkout.session.completed", {"payment_status": "unpaid"}, None),
            ("checkout.session.async_payment_succeeded", {}, "succeeded"),
            ("checkout.session.async_payment_failed", {}, "failed"),
            ("checkout.session.expired", {}, "failed"),
            ("payment_intent.payment_failed", {}, None),
            ("charge.dispute.created", {}, "disputed"),
            ("customer.created", {}, None),
        ],
    )
    def test_claim_what_they_are(self, kind: str, about: Mapping[str, Any], claimed: str | None) -> None:
        """A declined card does not fail the payment: the customer may try another."""
        told = {"object": "checkout.session", "id": "cs_1", "client_reference_id": REF, **about}

        claim = connected(canned({})).parse_callback(event(kind, **told), NOW)

        assert (claim.claimed, claim.reference, claim.transaction_id) == (claimed, REF, "cs_1")
        assert claim.event_id == "evt_1"

    def test_name_the_bill_by_their_metadata_too(self) -> None:
        """Where they are about something else than the session."""
        intent = {"object": "payment_intent", "id": "pi_1", "metadata": {"bill_id": REF}}

        claim = connected(canned({})).parse_callback(event("payment_intent.canceled", **intent), NOW)

        assert (claim.reference, claim.transaction_id) == (REF, None)

    def test_may_be_unreadable(self) -> None:
        """Signed, and yet no event."""
        with pytest.raises(Malformed):
            connected(canned({})).parse_callback(posted(b"[", timed_header(SECRET, b"[", int(NOW))), NOW)

    def test_by_get_say_only_that_somebody_is_back(self) -> None:
        """Which address was hit proves nothing."""
        received = Received(method="GET", path="/v1/callbacks/card/x", query="a=b", headers={}, body=b"")

        assert connected(canned({})).parse_callback(received, NOW).claimed is None


class TestWhatIsSent:
    def test_to_open_a_session(self) -> None:
        """A form with brackets, the amount in whole smallest units, a key for the case of repetition."""
        calls = canned(CREATED)
        opened = connected(calls).initiate(OPENING)

        assert sent(calls) == (
            "POST",
            "v1/checkout/sessions",
            {
                "mode": "payment",
                "success_url": OPENING.callback_url,
                "cancel_url": OPENING.callback_url,
                "client_reference_id": REF,
                "metadata[bill_id]": REF,
                "line_items[0][quantity]": "1",
                "line_items[0][price_data][currency]": "azn",
                "line_items[0][price_data][unit_amount]": "4000",
                "line_items[0][price_data][product_data][name]": f"Payment {REF}",
            },
        )
        headers = calls.asked[0][2]
        assert headers["Authorization"] == "Bearer sk_test_1"
        assert headers["Idempotency-Key"] == OPENING.idempotency_key
        assert "sk_test_1" not in opened.request + opened.response

    def test_to_hold(self) -> None:
        """One field more."""
        calls = canned(CREATED)
        connected(calls, capture="manual").initiate(OPENING)

        assert sent(calls)[2]["payment_intent_data[capture_method]"] == "manual"

    @pytest.mark.parametrize(
        ("code", "exponent", "minor", "units"),
        [
            *(("JPY", 0, 4000, 4000), ("UGX", 0, 4000, 400000), ("ISK", 0, 40, 4000), ("KWD", 3, 4010, 4010)),
            *(("MGA", 2, 4000, 40), ("USD", 2, 1, 1)),
        ],
    )
    def test_in_the_units_of_the_vendor(self, code: str, exponent: int, minor: int, units: int) -> None:
        """Some of its currencies have other decimals than they have, and answers are read back alike."""
        money = Money(minor, Currency(code, exponent))
        reply = {**CREATED, "amount_total": units, "currency": code.lower()}
        calls = canned(reply)
        connected(calls).initiate(attrs.evolve(OPENING, amount=money))
        paid = {**SESSION, "amount_total": units, "currency": code.lower()}

        assert sent(calls)[2]["line_items[0][price_data][unit_amount]"] == str(units)
        assert connected(canned(paid)).verify(REF, "cs_1").mismatch(money) is None

    @pytest.mark.parametrize(("code", "exponent", "minor"), [("MGA", 2, 4001), ("KWD", 3, 4001)])
    def test_nothing_that_cannot_be_written(self, code: str, exponent: int, minor: int) -> None:
        """Rather than another amount."""
        money = Money(minor, Currency(code, exponent))
        with pytest.raises(GatewayRefused):
            connected(canned(CREATED)).initiate(attrs.evolve(OPENING, amount=money))

    def test_to_move_money(self) -> None:
        """Through the intent behind the session."""
        calls = canned(SESSION, REFUND)
        connected(calls).refund(instruction(1500))
        taking = canned(UNPAID, {**INTENT, "status": "succeeded"})
        connected(taking).capture(instruction())

        assert sent(calls) == ("POST", "v1/refunds", {"payment_intent": "pi_1", "amount": "1500"})
        assert calls.asked[-1][2]["Idempotency-Key"] == f"{REF}:refund:1"
        assert sent(taking)[1:] == ("v1/payment_intents/pi_1/capture", {"amount_to_capture": "4000"})


class TestOpening:
    @pytest.mark.parametrize("status", [400, 402, 404])
    def test_is_refused_for_good(self, status: int) -> None:
        """With what was said."""
        reply = {"error": {"type": "invalid_request_error", "code": "parameter_invalid"}}
        with pytest.raises(GatewayRefused) as caught:
            connected(canned(reply, status=status)).initiate(OPENING)
        assert "parameter_invalid" in caught.value.response

    @pytest.mark.parametrize(
        ("status", "reply"),
        [
            (400, {"error": {"type": "idempotency_error"}}),
            (409, {"error": {"type": "invalid_request_error"}}),
            (500, {"error": {"type": "api_error"}}),
            (200, {**CREATED, "client_reference_id": "other"}),
            (200, {**CREATED, "amount_total": 4001}),
            (200, {**CREATED, "currency": "usd"}),
            (200, {**CREATED, "url": None}),
            (200, {}),
        ],
    )
    def test_is_in_doubt_after_all_else(self, status: int, reply: Mapping[str, Any]) -> None:
        """A key that came with something else before says nothing of what happened then."""
        with pytest.raises(GatewayTrouble) as caught:
            connected(canned(reply, status=status)).initiate(OPENING)
        assert caught.value.sent


class TestAsking:
    @pytest.mark.parametrize(
        ("session", "status"),
        [
            *(({}, "succeeded"), ({"status": "open", "payment_status": "unpaid"}, "pending")),
            ({"status": "expired", "payment_status": "unpaid"}, "failed"),
        ],
    )
    def test_a_session_is_enough_where_it_tells(self, session: Mapping[str, Any], status: str) -> None:
        """Complete and paid, open, or expired."""
        calls = canned({**SESSION, **session})

        assert connected(calls).verify(REF, "cs_1").status == status
        assert len(calls.asked) == 1

    @pytest.mark.parametrize(
        ("word", "status"),
        [
            *(
                ("processing", "pending"),
                ("requires_action", "pending"),
                ("requires_confirmation", "pending"),
            ),
            *(("requires_capture", "authorised"), ("succeeded", "succeeded"), ("canceled", "failed")),
            ("requires_payment_method", "failed"),
        ],
    )
    def test_the_intent_tells_of_a_session_without_money(self, word: str, status: str) -> None:
        """A delayed method, or money that is held."""
        intent = {**INTENT, "status": word, "amount_received": 4000}

        verdict = connected(canned(UNPAID, intent)).verify(REF, "cs_1")

        assert (verdict.status, verdict.mismatch(OPENING.amount)) == (status, None)

    def test_shows_a_part_as_a_part(self) -> None:
        """Held or taken for less than was asked."""
        held = connected(canned(UNPAID, {**INTENT, "amount_capturable": 1})).verify(REF, "cs_1")
        taken = {**INTENT, "status": "succeeded", "amount_received": 1}
        in_part = connected(canned(UNPAID, taken)).verify(REF, "cs_1")

        assert held.mismatch(OPENING.amount) and in_part.mismatch(OPENING.amount)

    def test_tells_why_it_was_declined(self) -> None:
        """The bank's reason, where the gateway tells it."""
        error = {"code": "card_declined", "decline_code": "insufficient_funds"}
        intent = {**INTENT, "status": "requires_payment_method", "last_payment_error": error}

        assert connected(canned(UNPAID, intent)).verify(REF, "cs_1").decline == "insufficient_funds"

    @pytest.mark.parametrize(
        "changes",
        [
            *({"status": "closed"}, {"payment_status": "no_payment_required"}, {"amount_total": "4000"}),
            *({"currency": "xxq"}, {"id": None}, {"status": "open", "payment_status": "paid"}),
            {"payment_status": "unpaid", "payment_intent": None},
        ],
    )
    def test_is_trouble_without_what_was_promised(self, changes: Mapping[str, Any]) -> None:
        """No word, no amount, nothing behind it."""
        with pytest.raises(GatewayTrouble):
            connected(canned({**SESSION, **changes})).verify(REF, "cs_1")

    def test_refuses_decimals_that_the_currency_has_not(self) -> None:
        """The vendor writes two for a currency that has none: they have to be zeros."""
        with pytest.raises(GatewayTrouble):
            connected(canned({**SESSION, "currency": "ugx", "amount_total": 4001})).verify(REF, "cs_1")

    def test_knows_an_unknown_number_by_the_gateway_s_own_word(self) -> None:
        """Anybody else's 404 tells of a wrong address, and of no payment."""
        missing = {"error": {"type": "invalid_request_error", "code": "resource_missing"}}
        known, elsewhere = (connected(canned((404, says))) for says in (missing, {"message": "no"}))

        assert known.verify(REF, "cs_1").status == "absent"
        with pytest.raises(GatewayTrouble):
            elsewhere.verify(REF, "cs_1")


class TestMovingMoney:
    @pytest.mark.parametrize(
        ("word", "status"),
        [
            *(("pending", "pending"), ("requires_action", "pending"), ("succeeded", "done")),
            *(("failed", "declined"), ("canceled", "declined")),
        ],
    )
    def test_back_has_five_words(self, word: str, status: str) -> None:
        """At once, and when asked afterwards."""
        refund = {**REFUND, "status": word}

        assert connected(canned(SESSION, refund)).refund(instruction()).status == status
        assert connected(canned(refund)).refund_status("cs_1", "re_1").status == status

    def test_may_be_refused(self) -> None:
        """With the vendor's own reason."""
        no = (400, {"error": {"type": "invalid_request_error", "code": "charge_already_refunded"}})
        for move in (
            connected(canned(SESSION, no)).refund(instruction()),
            connected(canned(SESSION, no)).capture(instruction()),
        ):
            assert (move.status, move.reason) == (MoveStatus.DECLINED, "charge_already_refunded")

    @pytest.mark.parametrize(
        "second", [(400, {"error": {"type": "idempotency_error"}}), (500, {}), {**REFUND, "status": "odd"}]
    )
    def test_is_in_doubt_after_all_else(self, second: object) -> None:
        """Nobody says then that it was declined."""
        for use in ("refund", "capture"):
            with pytest.raises(GatewayTrouble):
                getattr(connected(canned(SESSION, second)), use)(instruction())

    def test_needs_an_intent(self) -> None:
        """A session that nobody has begun to pay has none."""
        with pytest.raises(GatewayTrouble):
            connected(canned({**CREATED, "payment_intent": None})).refund(instruction())

    def test_closes_an_intent_that_a_complete_session_left_open(self) -> None:
        """Too late to expire it, and no money yet: what lies behind it is cancelled."""
        calls = canned(
            (400, {"error": {"type": "invalid_request_error"}}),
            *(UNPAID, {**INTENT, "status": "processing"}),
            *(UNPAID, {**INTENT, "status": "canceled"}),
            *(UNPAID, {**INTENT, "status": "canceled"}),
        )

        assert connected(calls).close(REF, "cs_1").status is VerdictStatus.FAILED
        assert "v1/payment_intents/pi_1/cancel" in [sent(calls, at)[1] for at in range(len(calls.asked))]


class TestSettings:
    def test_have_defaults(self) -> None:
        """Two secrets are enough."""
        secrets = {"secret_key": "sk", "webhook_secret": "whsec"}
        ensure_valid(SCHEMA, secrets, https_only=True)

        assert Stripe(canned({})).connect(secrets).base_url == "https://api.stripe.com"

    @pytest.mark.parametrize("more", [{"capture": "later"}, {"secret_key": ""}, {"other": "x"}])
    def test_are_checked(self, more: Mapping[str, Any]) -> None:
        """And no value is ever repeated in the complaint."""
        with pytest.raises(Invalid) as caught:
            ensure_valid(SCHEMA, {**GOOD, **more})
        assert "sk_test_1" not in str(caught.value.mistakes)

    def test_stay_out_of_what_is_printed(self) -> None:
        """The secrets do."""
        shown = repr(connected(canned({})))

        assert "sk_test_1" not in shown and SECRET not in shown


class TestAnything:
    @settings(max_examples=1000, deadline=None)
    @given(
        STATUSES, spoilt(SESSION, CREATED, UNPAID, INTENT), spoilt(INTENT, REFUND, {"error": {"type": "x"}})
    )
    def test_that_is_answered_leads_to_a_declared_outcome(
        self, status: int, body: bytes, then: bytes
    ) -> None:
        """Whatever a gateway says, the port answers with its own types and errors."""

        def gateway() -> StripeGateway:
            return connected(Canned([Answer(status, {}, body), Answer(status, {}, then)]))

        for use in (
            lambda: gateway().initiate(OPENING),
            lambda: gateway().verify(REF, "cs_1"),
            lambda: gateway().close(REF, "cs_1"),
            lambda: gateway().void(REF, "cs_1"),
            lambda: gateway().refund(instruction()),
            lambda: gateway().capture(instruction()),
            lambda: gateway().refund_status("cs_1", "re_1"),
        ):
            outcome(use)

    @settings(max_examples=1000, deadline=None)
    @given(spoilt({"id": "evt_1", "type": "checkout.session.completed", "data": {"object": SESSION}}))
    def test_that_is_called_back_leads_to_a_declared_outcome(self, body: bytes) -> None:
        """Signed or not."""
        gateway = connected(canned({}))

        assert not isinstance(
            heard(gateway, posted(body, timed_header(SECRET, body, int(NOW)))), BadSignature
        )
        assert isinstance(heard(gateway, posted(body, body.decode("latin-1"))), BadSignature)
