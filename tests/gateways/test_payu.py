"""Backend `payu` on the wire: the vector, what it sends, and what it makes of every strange answer."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import attrs
import pytest
from hypothesis import given, settings

from adapters.gateways.payu import SCHEMA, Payu, PayuGateway
from adapters.gateways.settings import ensure_valid
from adapters.gateways.transport import Answer
from application.gateways import MoveStatus, Received
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

SECOND_KEY = "b6ca15b0d1020e8094d9b5f8d163db54"
BODY = (
    b'{"order":{"orderId":"O1","extOrderId":"bill-1","status":"COMPLETED","totalAmount":"3075",'
    b'"currencyCode":"PLN"}}'
)
HEADER = (
    "signature=3ff3fc034015bcf69f695ad4f157a5db26355d58decc1f904cade5aeb6929ae0;"
    "algorithm=SHA-256;sender=checkout"
)
GOOD = {
    "base_url": BASE,
    "pos_id": "300746",
    "client_id": "300746",
    "client_secret": "client-secret-of-the-shop",
    "second_key": SECOND_KEY,
    "currency": "AZN",
}
TOKEN = {"access_token": "tok-1", "expires_in": 43199, "token_type": "bearer"}
DONE = {"statusCode": "SUCCESS"}
CREATED = {"status": DONE, "orderId": "O1", "extOrderId": REF, "redirectUri": "https://payu.test/pay/O1"}
ORDER = {
    "orderId": "O1",
    "extOrderId": REF,
    "status": "COMPLETED",
    "totalAmount": "4000",
    "currencyCode": "AZN",
}
SHOWN: dict[str, Any] = {"orders": [ORDER], "status": DONE}
REFUND = {"refund": {"refundId": "R1", "amount": "4000", "status": "FINALIZED"}, "status": DONE}


def connected(calls: Canned, **more: Any) -> PayuGateway:
    """The adapter over these answers."""
    return Payu(calls).connect({**GOOD, **more})


def posted(body: bytes, header: str | None = None) -> Received:
    """A notification with that body."""
    headers = {} if header is None else {"openpayu-signature": header}
    return Received(method="POST", path="/v1/callbacks/card", query="", headers=headers, body=body)


def signed(body: bytes) -> Received:
    """A notification that PayU signed."""
    digest = hashlib.sha256(body + SECOND_KEY.encode()).hexdigest()
    return posted(body, f"signature={digest};algorithm=SHA-256")


def order_with(**changes: Any) -> Mapping[str, Any]:
    """The record of the order, changed."""
    return {**SHOWN, "orders": [{**ORDER, **changes}]}


class TestSignatures:
    def test_of_the_vector_hold(self) -> None:
        """The header's parts in any order, with others among them."""
        shuffled = ";".join(reversed([*HEADER.split(";"), "content=DOCUMENT"]))
        for header in (HEADER, shuffled, HEADER.replace(";", "; ")):
            claim = connected(canned(TOKEN)).parse_callback(posted(BODY, header), NOW)
            assert (claim.reference, claim.transaction_id, claim.claimed) == ("bill-1", "O1", "succeeded")

    @pytest.mark.parametrize(
        "header",
        [
            *(None, "", "nonsense", HEADER.replace("SHA-256", "MD5"), HEADER.partition(";")[0]),
            *(HEADER.replace("3ff3", "3ff4"), "algorithm=SHA-256", "signature=;algorithm=SHA-256"),
            f"signature={hashlib.md5(BODY + SECOND_KEY.encode()).hexdigest()};algorithm=MD5",
        ],
    )
    def test_that_do_not_hold(self, header: str | None) -> None:
        """By another algorithm, of another body, none at all."""
        with pytest.raises(BadSignature):
            connected(canned(TOKEN)).parse_callback(posted(BODY, header), NOW)

    def test_are_over_the_bytes_as_they_came(self) -> None:
        """One more space is another body; without a key nothing holds."""
        with pytest.raises(BadSignature):
            connected(canned(TOKEN)).parse_callback(posted(BODY + b" ", HEADER), NOW)
        keyless = attrs.evolve(connected(canned(TOKEN)), second_key="")
        bare = f"signature={hashlib.sha256(BODY).hexdigest()};algorithm=SHA-256"
        with pytest.raises(BadSignature):
            keyless.parse_callback(posted(BODY, bare), NOW)

    def test_may_stand_on_what_cannot_be_read(self) -> None:
        """Then the gateway is told so."""
        with pytest.raises(Malformed):
            connected(canned(TOKEN)).parse_callback(signed(b"["), NOW)

    def test_by_get_there_are_none(self) -> None:
        """A return says only that somebody is back."""
        received = Received(method="GET", path="/v1/callbacks/card/x", query="a=b", headers={}, body=b"")

        assert connected(canned(TOKEN)).parse_callback(received, NOW).claimed is None


class TestWhatIsSent:
    def test_to_open_an_order(self) -> None:
        """A token first, by a form; then the order, its amount as text."""
        calls = canned(TOKEN, (302, CREATED))
        opened = connected(calls).initiate(OPENING)
        (_, token_url, _, form), (method, url, headers, body) = calls.asked

        assert token_url == f"{BASE}pl/standard/user/oauth/authorize"
        assert form == (
            b"grant_type=client_credentials&client_id=300746&client_secret=client-secret-of-the-shop"
        )
        assert (method, url, headers["Authorization"]) == ("POST", f"{BASE}api/v2_1/orders", "Bearer tok-1")
        assert json.loads(body or b"") == {
            "notifyUrl": OPENING.callback_url,
            "continueUrl": OPENING.callback_url,
            "customerIp": "127.0.0.1",
            "merchantPosId": "300746",
            "description": f"Payment {REF}",
            "currencyCode": "AZN",
            "totalAmount": "4000",
            "extOrderId": REF,
            "products": [{"name": f"Payment {REF}", "unitPrice": "4000", "quantity": "1"}],
        }
        assert opened.next_step == CREATED["redirectUri"]

    def test_nothing_in_another_currency(self) -> None:
        """A point of sale collects one."""
        calls = canned(TOKEN)
        with pytest.raises(GatewayRefused):
            connected(calls).initiate(attrs.evolve(OPENING, amount=Money(1, Currency("EUR", 2))))
        assert calls.asked == []

    def test_to_give_back(self) -> None:
        """In smallest units as text; never more than was paid, which it might give."""
        calls = canned(TOKEN, REFUND)
        move = connected(calls).refund(instruction(1500))
        more = connected(canned(TOKEN)).refund(instruction(4001))

        _, url, _, body = calls.asked[-1]
        assert url == f"{BASE}api/v2_1/orders/te1/refunds"
        assert json.loads(body or b"") == {"refund": {"description": f"Refund of {REF}", "amount": "1500"}}
        assert (move.status, more.status) == (MoveStatus.DONE, MoveStatus.DECLINED)


class TestOpening:
    @pytest.mark.parametrize(
        ("status", "code"), [(400, "ERROR_VALUE_MISSING"), (404, "DATA_NOT_FOUND"), (200, "ERROR_SYNTAX")]
    )
    def test_is_refused_for_good(self, status: int, code: str) -> None:
        """Errors come with 200 as well."""
        with pytest.raises(GatewayRefused) as caught:
            connected(canned(TOKEN, (status, {"status": {"statusCode": code}}))).initiate(OPENING)
        assert code in caught.value.response

    @pytest.mark.parametrize(
        "reply",
        [
            *((400, {"status": {"statusCode": "ERROR_ORDER_NOT_UNIQUE"}}), (500, {}), (302, {})),
            *((200, {**CREATED, "orderId": None}), (200, {**CREATED, "redirectUri": "x"})),
            (200, {**CREATED, "status": {"statusCode": "WARNING_CONTINUE"}}),
        ],
    )
    def test_is_in_doubt_after_all_else(self, reply: object) -> None:
        """A reference used before may have been used by us."""
        with pytest.raises(GatewayTrouble) as caught:
            connected(canned(TOKEN, reply)).initiate(OPENING)
        assert caught.value.sent


class TestAsking:
    @pytest.mark.parametrize(
        ("word", "status"),
        [
            *(("NEW", "pending"), ("PENDING", "pending"), ("WAITING_FOR_CONFIRMATION", "authorised")),
            *(("COMPLETED", "succeeded"), ("CANCELED", "failed")),
        ],
    )
    def test_knows_every_word(self, word: str, status: str) -> None:
        """The status map."""
        assert connected(canned(TOKEN, order_with(status=word))).verify(REF, "O1").status == status

    @pytest.mark.parametrize(
        "reply",
        [
            *(order_with(status="REJECTED"), order_with(totalAmount=4000), order_with(totalAmount="40.00")),
            *(order_with(totalAmount="-1"), order_with(orderId=None), {"orders": [], "status": DONE}),
            *({"orders": [ORDER, ORDER], "status": DONE}, {"orders": [ORDER]}, {**SHOWN, "status": {}}),
        ],
    )
    def test_is_trouble_without_what_was_promised(self, reply: object) -> None:
        """An amount in disguise, no order or several, no word that it was done."""
        with pytest.raises(GatewayTrouble):
            connected(canned(TOKEN, reply)).verify(REF, "O1")

    @pytest.mark.parametrize("word", ["PENDING", "CANCELED"])
    def test_refunds_have_words_of_their_own(self, word: str) -> None:
        """Told within another object, or alone."""
        wanted = {"PENDING": "pending", "CANCELED": "declined"}[word]
        alone = {"refundId": "R1", "status": word}
        for reply in (alone, {"refund": alone}):
            assert connected(canned(TOKEN, reply)).refund_status("O1", "R1").status == wanted
        with pytest.raises(GatewayTrouble):
            connected(canned(TOKEN, {"refundId": "R1", "status": "ODD"})).refund_status("O1", "R1")

    def test_knows_an_unknown_number_by_the_gateway_s_own_word(self) -> None:
        """Anybody else's 404 tells of a wrong address, and of no payment."""
        unknown = {"status": {"statusCode": "DATA_NOT_FOUND"}}
        known, elsewhere = (connected(canned(TOKEN, (404, says))) for says in (unknown, {"message": "no"}))

        assert known.verify(REF, "O1").status == "absent"
        with pytest.raises(GatewayTrouble):
            elsewhere.verify(REF, "O1")


class TestSettings:
    def test_have_defaults(self) -> None:
        """The vendor's address, and its own currency."""
        few = {name: GOOD[name] for name in ("pos_id", "client_id", "client_secret", "second_key")}
        ensure_valid(SCHEMA, few, https_only=True)
        gateway = Payu(canned(TOKEN)).connect(few)

        assert (gateway.base_url, gateway.currency) == ("https://secure.payu.com", "PLN")

    @pytest.mark.parametrize(
        "more", [{"currency": "pln"}, {"currency": "PLNX"}, {"pos_id": 300746}, {"x": 1}]
    )
    def test_are_checked(self, more: Mapping[str, Any]) -> None:
        """And no value is ever repeated in the complaint."""
        with pytest.raises(Invalid) as caught:
            ensure_valid(SCHEMA, {**GOOD, **more})
        assert SECOND_KEY not in str(caught.value.mistakes)

    def test_stay_out_of_what_is_printed(self) -> None:
        """The secrets do."""
        shown = repr(connected(canned(TOKEN)))

        assert SECOND_KEY not in shown and "client-secret" not in shown


class TestAnything:
    @settings(max_examples=1000, deadline=None)
    @given(STATUSES, spoilt(SHOWN, CREATED, REFUND, TOKEN, {"status": {"statusCode": "ERROR_X"}}))
    def test_that_is_answered_leads_to_a_declared_outcome(self, status: int, body: bytes) -> None:
        """Whatever a gateway says, the port answers with its own types and errors."""
        token = Answer(200, {}, json.dumps(TOKEN).encode())
        gateway = connected(Canned([token, Answer(status, {}, body)]))

        for use in (
            lambda: gateway.initiate(OPENING),
            lambda: gateway.verify(REF, "O1"),
            lambda: gateway.close(REF, "O1"),
            lambda: gateway.refund(instruction()),
            lambda: gateway.capture(instruction()),
            lambda: gateway.refund_status("O1", "R1"),
        ):
            outcome(use)

    @settings(max_examples=1000, deadline=None)
    @given(spoilt({"order": ORDER}, ORDER, {**REFUND, "extOrderId": REF}))
    def test_that_is_called_back_leads_to_a_declared_outcome(self, body: bytes) -> None:
        """Signed or not."""
        gateway = connected(canned(TOKEN))

        assert not isinstance(heard(gateway, signed(body)), BadSignature)
        assert isinstance(heard(gateway, posted(body, body.decode("latin-1"))), BadSignature)
