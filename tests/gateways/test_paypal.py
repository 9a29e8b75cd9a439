"""Backend `paypal` on the wire: what it sends, and what it makes of every strange answer."""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from paypalserversdk.api_helper import APIHelper
from paypalserversdk.models.capture_request import CaptureRequest
from paypalserversdk.models.order_request import OrderRequest
from paypalserversdk.models.refund_request import RefundRequest

from adapters.gateways.paypal import SCHEMA, Paypal, PaypalGateway
from adapters.gateways.settings import ensure_valid
from adapters.gateways.transport import Answer
from application.gateways import Received
from application.trouble import BadSignature, GatewayRefused, GatewayTrouble, Malformed
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

GOOD = {"base_url": BASE, "client_id": "client-1", "client_secret": "secret-1", "webhook_id": "WH-1"}
TOKEN = {"access_token": "tok-1", "expires_in": 32400, "token_type": "Bearer"}
# The same moment as NOW.
MOMENT = "2027-01-15T08:00:00Z"


def money(value: str, currency: str = "AZN") -> Mapping[str, str]:
    """As it writes it."""
    return {"currency_code": currency, "value": value}


def order(status: str, *, captures: Any = None, holds: Any = None, **unit: Any) -> dict[str, Any]:
    """Its record of an order; captures and holds by their status, or as they are."""

    def listed(words: Any) -> Any:
        if not isinstance(words, list):
            return words
        return [
            w if isinstance(w, dict) else {"id": f"x{w}", "status": w, "amount": money("40.00")}
            for w in words
        ]

    payments = {"captures": listed(captures), "authorizations": listed(holds)}
    first = {"custom_id": REF, "amount": money("40.00"), "payments": payments, **unit}
    return {"id": "O1", "status": status, "purchase_units": [first]}


PAID = order("COMPLETED", captures=["COMPLETED"])
CREATED = {
    **order("PAYER_ACTION_REQUIRED"),
    "links": [{"rel": "self", "href": "x"}, {"rel": "payer-action", "href": "https://paypal.test/O1"}],
}
REFUND = {"id": "R1", "status": "COMPLETED"}
EVENT = {
    "id": "WH-EVT-1",
    "event_type": "PAYMENT.CAPTURE.COMPLETED",
    "resource": {
        "id": "CAP1",
        "custom_id": REF,
        "supplementary_data": {"related_ids": {"order_id": "O1"}},
    },
}
HEADERS = {
    "paypal-transmission-id": "69cd13f0",
    "paypal-transmission-time": MOMENT,
    "paypal-transmission-sig": "c2lnbmVk",
    "paypal-cert-url": "https://api.paypal.com/v1/notifications/certs/CERT-1",
    "paypal-auth-algo": "SHA256withRSA",
}


def connected(calls: Canned, **more: Any) -> PaypalGateway:
    """The adapter over these answers."""
    return Paypal(calls).connect({**GOOD, **more})


def posted(told: object, **headers: str) -> Received:
    """A notification with that body, signed by somebody."""
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    named = {f"paypal-{name.replace('_', '-')}": value for name, value in headers.items()}
    return Received(
        method="POST", path="/v1/callbacks/card", query="", headers={**HEADERS, **named}, body=body
    )


def leaves(value: Any, *path: object) -> Iterator[tuple[object, ...]]:
    """Every path through a document to what stands at its end, with that."""
    if isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(inner, *path, name)
    else:
        yield (*path, value)


class TestWhatIsSent:
    def test_to_open_an_order(self) -> None:
        """A token first; then the order, with a key for the case of repetition."""
        calls = canned(TOKEN, CREATED)
        opened = connected(calls).initiate(OPENING)
        (_, token_url, token_headers, form), (method, url, headers, body) = calls.asked

        assert (token_url, form) == (f"{BASE}v1/oauth2/token", b"grant_type=client_credentials")
        client = base64.b64encode(b"client-1:secret-1").decode()
        assert token_headers["Authorization"] == f"Basic {client}"
        assert (method, url) == ("POST", f"{BASE}v2/checkout/orders")
        assert (headers["Authorization"], headers["PayPal-Request-Id"]) == (
            "Bearer tok-1",
            OPENING.idempotency_key,
        )
        told = json.loads(body or b"")
        context = told.pop("payment_source")["paypal"]["experience_context"]
        unit = {"reference_id": REF, "custom_id": REF, "invoice_id": REF, "amount": money("40.00")}
        assert told == {"intent": "CAPTURE", "purchase_units": [unit]}
        assert context["return_url"] == context["cancel_url"] == OPENING.callback_url
        assert opened.next_step == "https://paypal.test/O1"

    def test_to_collect_or_to_hold(self) -> None:
        """As the method says."""
        for capture, what in (("automatic", "capture"), ("manual", "authorize")):
            calls = canned(TOKEN, order("APPROVED"), PAID)
            connected(calls, capture=capture).collect(REF, "O1")
            assert calls.asked[2][1] == f"{BASE}v2/checkout/orders/O1/{what}"
            assert calls.asked[2][2]["PayPal-Request-Id"].startswith(f"{REF}:{what}:")

    def test_to_collect_once_for_each_approval(self) -> None:
        """Repeated, it is the same request; after a declined card the customer's next word is another."""
        first = {**order("APPROVED"), "update_time": "2027-01-15T08:00:00Z"}
        second = {**first, "update_time": "2027-01-15T08:02:00Z"}
        keys = []
        for approved in (first, first, second):
            calls = canned(TOKEN, approved, PAID)
            connected(calls).collect(REF, "O1")
            keys.append(calls.asked[2][2]["PayPal-Request-Id"])

        assert keys[0] == keys[1] != keys[2]
        assert all(len(key) <= 108 for key in keys)

    def test_to_move_money(self) -> None:
        """By the names of the hold and of the capture in the order."""
        held = order("COMPLETED", holds=["CREATED"])
        taking, giving = canned(TOKEN, held, REFUND), canned(TOKEN, PAID, REFUND)
        connected(taking, capture="manual").capture(instruction())
        connected(giving).refund(instruction(1500))

        assert taking.asked[-1][1] == f"{BASE}v2/payments/authorizations/xCREATED/capture"
        assert json.loads(taking.asked[-1][3] or b"") == {"amount": money("40.00"), "final_capture": True}
        assert giving.asked[-1][1] == f"{BASE}v2/payments/captures/xCOMPLETED/refund"
        assert json.loads(giving.asked[-1][3] or b"") == {"amount": money("15.00")}

    def test_is_all_known_to_the_vendor_s_own_types(self) -> None:
        """Its client knows every field, at every depth, and would send each as we do."""
        held = order("COMPLETED", holds=["CREATED"])
        opening, taking = canned(TOKEN, CREATED), canned(TOKEN, held, REFUND)
        giving = canned(TOKEN, PAID, REFUND)
        connected(opening).initiate(OPENING)
        connected(taking, capture="manual").capture(instruction())
        connected(giving).refund(instruction(1500))

        for calls, kind in ((opening, OrderRequest), (taking, CaptureRequest), (giving, RefundRequest)):
            sent = json.loads(calls.asked[-1][3] or b"")
            known = APIHelper.to_dictionary(kind.from_dictionary(sent))
            assert set(leaves(sent)) <= set(leaves(known))

    @pytest.mark.parametrize(
        ("code", "exponent", "minor", "value"),
        [("HUF", 2, 4000, "40"), ("JPY", 0, 40, "40"), ("USD", 2, 1, "0.01")],
    )
    def test_with_the_decimals_that_it_takes(self, code: str, exponent: int, minor: int, value: str) -> None:
        """And read back alike."""
        due = Money(minor, Currency(code, exponent))
        calls = canned(TOKEN, CREATED)
        connected(calls).initiate(attrs.evolve(OPENING, amount=due))
        told = order("PAYER_ACTION_REQUIRED", amount=money(value, code))

        assert json.loads(calls.asked[1][3] or b"")["purchase_units"][0]["amount"] == money(value, code)
        assert connected(canned(TOKEN, told)).verify(REF, "O1").mismatch(due) is None

    def test_nothing_that_cannot_be_written(self) -> None:
        """Rather than another amount."""
        due = Money(4001, Currency("HUF", 2))
        with pytest.raises(GatewayRefused):
            connected(canned(TOKEN, CREATED)).initiate(attrs.evolve(OPENING, amount=due))


class TestOrders:
    @pytest.mark.parametrize(
        ("told", "status"),
        [
            *((order("CREATED"), "pending"), (order("SAVED"), "pending"), (order("APPROVED"), "pending")),
            *((order("PAYER_ACTION_REQUIRED"), "pending"), (order("VOIDED"), "failed"), (PAID, "succeeded")),
            (order("COMPLETED", captures=["PENDING"]), "pending"),
            (order("COMPLETED", captures=["DECLINED"]), "failed"),
            (order("COMPLETED", captures=["FAILED"]), "failed"),
            (order("COMPLETED", captures=["DECLINED", "COMPLETED"]), "succeeded"),
            (order("COMPLETED", captures=["DECLINED", "PENDING"]), "pending"),
            (order("COMPLETED", captures=["REFUNDED"]), "refunded"),
            (order("COMPLETED", captures=["PARTIALLY_REFUNDED"]), "refunded"),
            (order("COMPLETED", holds=["CREATED"]), "authorised"),
            (order("COMPLETED", holds=["PENDING"]), "pending"),
            (order("COMPLETED", holds=["VOIDED"]), "failed"),
            (order("COMPLETED", holds=["CAPTURED"], captures=["COMPLETED"]), "succeeded"),
        ],
    )
    def test_stand_as_what_is_in_them(self, told: Mapping[str, Any], status: str) -> None:
        """Completed is not paid: the capture tells; approved is not paid either."""
        verdict = connected(canned(TOKEN, told)).verify(REF, "O1")

        assert (verdict.status, verdict.mismatch(OPENING.amount)) == (status, None)
        assert verdict.is_approved is (told["status"] == "APPROVED")

    def test_show_a_part_as_a_part(self) -> None:
        """Held or taken for less than was asked."""
        part = {"id": "x", "amount": money("39.99")}
        taken = order("COMPLETED", captures=[{**part, "status": "COMPLETED"}])
        held = order("COMPLETED", holds=[{**part, "status": "CREATED"}])

        for told in (taken, held):
            assert connected(canned(TOKEN, told)).verify(REF, "O1").mismatch(OPENING.amount)

    @pytest.mark.parametrize(
        "told",
        [
            *(order("COMPLETED"), order("SHINY"), order("COMPLETED", captures=["SHINY"]), {"id": "O1"}),
            *(order("CREATED", amount=None), order("CREATED", amount=money("40.000")), {**PAID, "id": None}),
            *({**PAID, "purchase_units": []}, {**PAID, "purchase_units": PAID["purchase_units"] * 2}),
            *(
                order("COMPLETED", captures="x"),
                order("COMPLETED", captures=[{}]),
                order("COMPLETED", holds=[1]),
            ),
        ],
    )
    def test_are_trouble_without_what_was_promised(self, told: Mapping[str, Any]) -> None:
        """No word, no amount, no or several units."""
        with pytest.raises(GatewayTrouble):
            connected(canned(TOKEN, told)).verify(REF, "O1")

    @pytest.mark.parametrize(
        "changes",
        [
            *({"links": []}, {"links": None}, {"links": [1]}, {"links": [{"rel": []}]}),
            *({"id": None}, {"links": [{"rel": "approve"}]}),
        ],
    )
    def test_leave_an_opening_in_doubt(self, changes: Mapping[str, Any]) -> None:
        """No page to send anybody to."""
        with pytest.raises(GatewayTrouble) as caught:
            connected(canned(TOKEN, {**CREATED, **changes})).initiate(OPENING)
        assert caught.value.sent

    @pytest.mark.parametrize("status", [400, 404, 422])
    def test_may_be_refused_for_good(self, status: int) -> None:
        """To open, and to move money; with the reason."""
        no = (status, {"name": "UNPROCESSABLE_ENTITY", "details": [{"issue": "CURRENCY_NOT_SUPPORTED"}]})
        with pytest.raises(GatewayRefused):
            connected(canned(TOKEN, no)).initiate(OPENING)
        assert connected(canned(TOKEN, PAID, no)).refund(instruction()).reason == "CURRENCY_NOT_SUPPORTED"

    @pytest.mark.parametrize(
        ("word", "status"),
        [("COMPLETED", "done"), ("PENDING", "pending"), ("FAILED", "declined"), ("CANCELLED", "declined")],
    )
    def test_are_refunded_by_words_of_their_own(self, word: str, status: str) -> None:
        """At once, or in a while."""
        assert connected(canned(TOKEN, {**REFUND, "status": word})).refund_status("O1", "R1").status == status
        with pytest.raises(GatewayTrouble):
            connected(canned(TOKEN, {**REFUND, "status": "ODD"})).refund_status("O1", "R1")

    def test_have_to_be_paid_to_be_refunded(self) -> None:
        """Without a capture there is nothing to name."""
        with pytest.raises(GatewayTrouble):
            connected(canned(TOKEN, order("APPROVED"))).refund(instruction())

    def test_know_an_unknown_number_by_the_gateway_s_own_word(self) -> None:
        """Anybody else's 404 tells of a wrong address, and of no payment."""
        known, elsewhere = (
            connected(canned(TOKEN, (404, says)))
            for says in ({"name": "RESOURCE_NOT_FOUND"}, {"message": "no"})
        )

        assert known.verify(REF, "O1").status == "absent"
        with pytest.raises(GatewayTrouble):
            elsewhere.verify(REF, "O1")


class TestNotifications:
    def test_are_read(self) -> None:
        """About a capture, or about an order as a whole."""
        resource = {"id": "O1", "purchase_units": [{"custom_id": REF}]}
        about_order = {"id": "E2", "event_type": "CHECKOUT.ORDER.APPROVED", "resource": resource}
        gateway = connected(canned(TOKEN))
        capture, approved = (gateway.parse_callback(posted(told), NOW) for told in (EVENT, about_order))

        assert (capture.reference, capture.transaction_id, capture.claimed) == (REF, "O1", "succeeded")
        assert (approved.reference, approved.transaction_id, approved.claimed) == (REF, "O1", None)

    @pytest.mark.parametrize(
        "headers",
        [
            *(
                {"transmission_sig": ""},
                {"auth_algo": "none"},
                {"cert_url": "https://paypal.com.evil.test/c"},
            ),
            *({"cert_url": "https://evilpaypal.com/c"}, {"cert_url": "https://[/"}, {"transmission_id": ""}),
            *({"transmission_time": "2027-01-15T07:54:59Z"}, {"transmission_time": "2027-01-15T08:05:01Z"}),
            {"transmission_time": "yesterday"},
        ],
    )
    def test_are_refused_when_they_cannot_be_its_own(self, headers: Mapping[str, str]) -> None:
        """A part is missing, the certificate is another\'s, or it is not of this moment."""
        with pytest.raises(BadSignature):
            connected(canned(TOKEN)).parse_callback(posted(EVENT, **headers), NOW)

    def test_are_confirmed_by_the_gateway(self) -> None:
        """Which is told all of it, as it came."""
        calls = canned(TOKEN, {"verification_status": "SUCCESS"})
        assert connected(calls).confirms(posted(EVENT), 1)
        _, url, _, body = calls.asked[-1]
        told = json.loads(body or b"")

        assert url == f"{BASE}v1/notifications/verify-webhook-signature"
        assert (told["webhook_id"], told["webhook_event"]) == ("WH-1", EVENT)
        assert told["transmission_sig"] == "c2lnbmVk" and told["transmission_time"] == MOMENT
        no = canned(TOKEN, {"verification_status": "FAILURE"})
        assert not connected(no).confirms(posted(EVENT), 1)
        for status in (400, 422):
            assert not connected(canned(TOKEN, (status, {}))).confirms(posted(EVENT), 1)

    @pytest.mark.parametrize(("status", "is_answer"), [(401, True), (404, True), (429, True), (503, False)])
    def test_cannot_have_it_taken_for_broken(self, status: int, is_answer: bool) -> None:
        """Anybody can make us ask; that it will not say whether it sent something is an answer, too."""
        with pytest.raises(GatewayTrouble) as raised:
            connected(canned(TOKEN, (status, {}), TOKEN, (status, {}))).confirms(posted(EVENT), 1)
        assert raised.value.is_answer is is_answer

    @pytest.mark.parametrize("reply", [{}, {"verification_status": "success"}, {"verification_status": None}])
    def test_are_neither_its_own_nor_forged_when_it_does_not_say(self, reply: Mapping[str, Any]) -> None:
        """Nonsense is no word about anything."""
        with pytest.raises(GatewayTrouble):
            connected(canned(TOKEN, reply)).confirms(posted(EVENT), 1)

    @pytest.mark.parametrize("body", [b'{"n": 1.50, "e": 1e2, "id": "E1"}', '{ "id":"\u00e9/1" }'.encode()])
    def test_are_handed_on_byte_for_byte(self, body: bytes) -> None:
        """Written anew they would not be what was signed; and some numbers could not be written at all."""
        calls = canned(TOKEN, {"verification_status": "SUCCESS"})

        assert connected(calls).confirms(posted(body), 1)
        sent = calls.asked[-1][3] or b""
        assert body in sent and json.loads(sent)["webhook_event"] == json.loads(body)

    def test_may_be_unreadable(self) -> None:
        """Then the gateway is told so."""
        with pytest.raises(Malformed):
            connected(canned(TOKEN)).parse_callback(posted(b"["), NOW)

    def test_by_get_say_only_that_somebody_is_back(self) -> None:
        """Token and PayerID prove nothing."""
        received = Received(
            method="GET", path="/v1/callbacks/card/x", query="token=O1&PayerID=P", headers={}, body=b""
        )
        assert connected(canned(TOKEN)).parse_callback(received, NOW).claimed is None


class TestSettings:
    def test_are_an_application_and_its_webhook(self) -> None:
        """The gateway is then the vendor\'s."""
        few = {name: GOOD[name] for name in ("client_id", "client_secret", "webhook_id")}
        ensure_valid(SCHEMA, few, https_only=True)

        assert Paypal(canned(TOKEN)).connect(few).base_url == "https://api-m.paypal.com"
        with pytest.raises(Invalid):
            ensure_valid(SCHEMA, {**few, "currency": "USD"})

    def test_stay_out_of_what_is_printed(self) -> None:
        """The secret does, however it is written."""
        shown = repr(connected(canned(TOKEN)))

        assert "secret-1" not in shown
        assert base64.b64encode(b"client-1:secret-1").decode() not in shown


class TestAnything:
    @settings(max_examples=1000, deadline=None)
    @given(
        STATUSES, spoilt(PAID, CREATED, order("COMPLETED", holds=["CREATED"])), spoilt(PAID, REFUND, TOKEN)
    )
    def test_that_is_answered_leads_to_a_declared_outcome(
        self, status: int, body: bytes, then: bytes
    ) -> None:
        """Whatever a gateway says, the port answers with its own types and errors."""
        token = Answer(200, {}, json.dumps(TOKEN).encode())

        def gateway() -> PaypalGateway:
            return connected(Canned([token, Answer(status, {}, body), Answer(status, {}, then)]))

        for use in (
            lambda: gateway().initiate(OPENING),
            lambda: gateway().verify(REF, "O1"),
            lambda: gateway().collect(REF, "O1"),
            lambda: gateway().void(REF, "O1"),
            lambda: gateway().refund(instruction()),
            lambda: gateway().capture(instruction()),
            lambda: gateway().refund_status("O1", "R1"),
        ):
            outcome(use)

    @settings(max_examples=1000, deadline=None)
    @given(spoilt(EVENT, {**EVENT, "resource": {"purchase_units": [{"custom_id": REF}]}}))
    def test_that_is_called_back_leads_to_a_declared_outcome(self, body: bytes) -> None:
        """Signed by somebody or by nobody."""
        gateway = connected(canned(TOKEN))

        assert not isinstance(heard(gateway, posted(body)), BadSignature)
        assert isinstance(heard(gateway, attrs.evolve(posted(body), headers={})), BadSignature)
