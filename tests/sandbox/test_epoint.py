"""epoint's dialect, driven by a client that others wrote, and by hand where that one is too well-behaved."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from epoint import EpointClient
from epoint.callbacks import verify_callback
from epoint.errors import GatewayError, SignatureError

from adapters.sandbox.dialects.epoint.envelope import is_signed, sign
from tests.sandbox.accounts import EPOINT_PRIVATE_KEY, EPOINT_PUBLIC_KEY
from tests.sandbox.driver import APPROVED, Call, Driver, Shop

DECLINED = "4000 0000 0000 0116"

VECTORS = [
    (
        "d3hjsl38sd8kdfhbcea0be04eafde9e8e2bad2fb092d",
        "eyJwdWJsaWNfa2V5IjoiaTAwMDAwMDAwMSIsImFtb3VudCI6IjMwLjc1IiwiY3VycmVuY3kiOiJBWk4iLCJkZXNjcmlwdGlvbiI6InRlc3Qg"
        "cGF5bWVudCIsIm9yZGVyX2lkIjoiMSJ9",
        "a76GNudqblZtV8qF199hctA+cG0=",
    ),
    (
        EPOINT_PRIVATE_KEY,
        "eyJvcmRlcl9pZCI6Im9yZC0xIiwic3RhdHVzIjoic3VjY2VzcyIsImNvZGUiOiIwMDAiLCJtZXNzYWdlIjoiQXBwcm92ZWQiLCJ0cmFuc2Fj"
        "dGlvbiI6InRlMDAwMDAwMDAwMSIsImJhbmtfdHJhbnNhY3Rpb24iOiJCVDAwMDAwMDAxIiwiYmFua19yZXNwb25zZSI6IjAwMCIsIm9wZXJh"
        "dGlvbl9jb2RlIjoiMTAwIiwicnJuIjoiMTIzNDU2Nzg5MDEyIiwiY2FyZF9uYW1lIjoiVEVTVCBVU0VSIiwiY2FyZF9tYXNrIjoiNDExMTEx"
        "KioqKioqMTExMSIsImFtb3VudCI6MzAuNzUsIm90aGVyX2F0dHIiOm51bGx9",
        "Q4FvjDMCu2512PCFCpQxqBzUMNQ=",
    ),
    (
        EPOINT_PRIVATE_KEY,
        "eyJvcmRlcl9pZCI6Im9yZC0yIiwic3RhdHVzIjoiZmFpbGVkIiwiY29kZSI6IjExNiIsIm1lc3NhZ2UiOiJLaWZhecmZdCBxyZlkyZlyIHbJ"
        "mXNhaXQgeW94ZHVyIiwidHJhbnNhY3Rpb24iOiJ0ZTAwMDAwMDAwMDIiLCJhbW91bnQiOiIzMC43NSJ9",
        "t43FAaevy5bmobafdUrJZFH/Y6U=",
    ),
    (
        EPOINT_PRIVATE_KEY,
        "eyJvcmRlcl9pZCI6InA0Iiwic3RhdHVzIjoic3VjY2VzcyIsInRyYW5zYWN0aW9uIjoidGUwMDAwMDAwMDA0IiwiYW1vdW50IjoiMS4wMCJ9",
        "9XrHksLM9PtJ2/WK14+jLnbfHVU=",
    ),
    (
        EPOINT_PRIVATE_KEY,
        "eyJvcmRlcl9pZCI6Im9yZC01Iiwic3RhdHVzIjoic3VjY2VzcyIsInRyYW5zYWN0aW9uIjoidGUwMDAwMDAwMDA1IiwiYW1vdW50IjoxMCwi"
        "c3VjY2Vzc19yZWRpcmVjdF91cmwiOiJodHRwczpcL1wvc2hvcC50ZXN0XC9vayJ9",
        "HtBAnCCkUohzZS76IvbfV3cUyas=",
    ),
    (EPOINT_PRIVATE_KEY, "eyJvcmRlcl9pZCI6Im9yZC0xIn0=", "cmN762wBPcpIkz88uxfpJrOZQ/c="),
]


@pytest.fixture
def merchant(sandbox: Driver, shop: Shop) -> Iterator[EpointClient]:
    client = EpointClient(
        EPOINT_PUBLIC_KEY,
        EPOINT_PRIVATE_KEY,
        base_url=sandbox.url,
        success_redirect_url=f"{shop.url}/paid?order_id=7",
        error_redirect_url=f"{shop.url}/not-paid?order_id=7",
    )
    yield client
    client._http.close()


def told(call: Call) -> dict[str, Any]:
    """What a callback says, once another's client has accepted its signature."""
    fields = {name: values[0] for name, values in parse_qs(call.body.decode("ascii")).items()}
    return verify_callback(EPOINT_PRIVATE_KEY, fields["data"], fields["signature"]).raw


def sealed(document: object, key: str = EPOINT_PRIVATE_KEY) -> dict[str, str]:
    data = base64.b64encode(json.dumps(document).encode()).decode()
    digest = hashlib.sha1(f"{key}{data}{key}".encode()).digest()
    return {"data": data, "signature": base64.b64encode(digest).decode()}


def wish(**changes: object) -> dict[str, object]:
    usual = {"public_key": EPOINT_PUBLIC_KEY, "amount": "40.00", "currency": "AZN", "language": "az"}
    return usual | {"order_id": "ord-1"} | changes


def send(sandbox: Driver, path: str, document: object, **more: Any) -> requests.Response:
    return sandbox.call("POST", path, data=sealed(document), **more)


class TestSignatures:
    @pytest.mark.parametrize(("key", "data", "signature"), VECTORS)
    def test_agree_with_vectors_computed_elsewhere(self, key: str, data: str, signature: str) -> None:
        """Signed and checked over the text as it came."""
        assert sign(key, data) == signature
        assert is_signed(key, data, signature)

    @pytest.mark.parametrize(
        "signature",
        [
            "NzI2MzdiZWI2YzAxM2RjYTQ4OTMzZjNjYmIxN2U5MjZiMzk5NDNmNw==",
            "cmN762wBPcpIkz88uxfpJrOZQ/c",
            "cmN762wBPcpIkz88uxfpJrOZQ_c=",
            "",
            "\u0131",
        ],
    )
    def test_refuse_what_is_almost_right(self, signature: str) -> None:
        """Hex in base64, lost padding, another alphabet, nothing at all."""
        assert not is_signed(EPOINT_PRIVATE_KEY, "eyJvcmRlcl9pZCI6Im9yZC0xIn0=", signature)


class TestAPurchase:
    def test_is_opened_paid_asked_about_and_reversed(
        self, sandbox: Driver, shop: Shop, merchant: EpointClient
    ) -> None:
        """Another's client takes a payment from its beginning to its full reversal."""
        opened = merchant.create_payment(30.75, "ord-1", description="Kettle", other_attr=["a", 1])
        before = merchant.get_status(opened.transaction)

        back = sandbox.call("POST", f"/pay/{opened.transaction}", data=card(APPROVED))
        after = merchant.get_status(opened.transaction)
        reversed_ = merchant.reverse(opened.transaction)

        assert (opened.status, opened.redirect_url) == ("success", f"{sandbox.url}/pay/te0000000001")
        assert (before.status, before.amount) == ("new", 30.75)
        assert back.headers["Location"] == f"{shop.url}/paid?order_id=7"
        assert (after.status, after.code, after.card_mask) == ("success", "000", "411111******1111")
        assert (reversed_.ok, merchant.get_status(opened.transaction).status) == (True, "returned")
        assert sandbox.kinds("te0000000001") == ["created", "captured", "refunded"]

    def test_is_told_to_the_configured_address(
        self, sandbox: Driver, shop: Shop, merchant: EpointClient
    ) -> None:
        """Form-encoded, signed, every field but the amount text or null; nothing about a reversal."""
        opened = merchant.create_payment(20, "ord-1", other_attr={"colour": "red"})
        sandbox.call("POST", f"/pay/{opened.transaction}", data=card(APPROVED))
        merchant.reverse(opened.transaction)
        sandbox.advance(0)

        (call,) = shop.calls

        said = told(call)
        assert (call.path, call.headers["content-type"]) == ("/result", "application/x-www-form-urlencoded")
        assert (said["order_id"], said["status"], said["amount"]) == ("ord-1", "success", 20)
        assert (said["operation_code"], said["other_attr"]) == ("100", '{"colour": "red"}')
        assert all(
            value is None or isinstance(value, str) for name, value in said.items() if name != "amount"
        )
        assert "public_key" not in said

    def test_fails_when_the_bank_refuses(self, sandbox: Driver, shop: Shop, merchant: EpointClient) -> None:
        """The look-up says error with a transaction, only the callback says failed."""
        opened = merchant.create_payment("40.00", "ord-1")

        back = sandbox.call("POST", f"/pay/{opened.transaction}", data=card(DECLINED))

        asked = merchant.get_status(opened.transaction)
        said = told(shop.calls[0])
        assert back.headers["Location"] == f"{shop.url}/not-paid?order_id=7"
        assert (asked.status, asked.transaction, asked.code) == ("error", opened.transaction, "116")
        assert (said["status"], said["code"], said["rrn"], said["other_attr"]) == (
            "failed",
            "116",
            None,
            None,
        )

    @pytest.mark.parametrize(
        ("number", "action"), [("4000000000003220", "approve"), ("4000000000003063", "deny")]
    )
    def test_passes_the_banks_own_page(
        self, sandbox: Driver, merchant: EpointClient, number: str, action: str
    ) -> None:
        """3DS works as in the native dialect."""
        opened = merchant.create_payment(1, "ord-1")
        asked = sandbox.call("POST", f"/pay/{opened.transaction}", data=card(number))

        sandbox.call("POST", asked.headers["Location"], data={"action": action})

        word = "success" if action == "approve" else "error"
        assert merchant.get_status(opened.transaction).status == word

    def test_is_given_back_in_parts(self, sandbox: Driver, merchant: EpointClient) -> None:
        """A part leaves the status as it was, more than is left is refused, the rest makes it returned."""
        opened = merchant.create_payment(40, "ord-1")
        sandbox.call("POST", f"/pay/{opened.transaction}", data=card(APPROVED))

        part = merchant.reverse(opened.transaction, amount=10)
        status = merchant.get_status(opened.transaction).status
        too_much = merchant.reverse(opened.transaction, amount=31)
        rest = merchant.reverse(opened.transaction, amount="30.00")

        assert (part.status, status, too_much.status, rest.status) == (
            "success",
            "success",
            "failed",
            "success",
        )
        assert merchant.get_status(opened.transaction).status == "returned"
        assert [item["amount"] for item in sandbox.items("journal")[2:]] == [1000, 3000]

    def test_is_held_and_captured(self, sandbox: Driver, shop: Shop, merchant: EpointClient) -> None:
        """A hold is told and reads success; completing it tells nobody; a reversed hold moves no money."""
        held, let_go = merchant.reserve(40, "ord-1"), merchant.reserve(40, "ord-2")
        for opened in (held, let_go):
            sandbox.call("POST", f"/pay/{opened.transaction}", data=card(APPROVED))
        assert merchant.get_status(held.transaction).status == "success"

        completed = merchant.capture(held.transaction, 25)
        merchant.reverse(let_go.transaction)

        assert (completed.status, completed.amount) == ("success", 25)
        assert sandbox.kinds(held.transaction) == ["created", "authorized", "captured"]
        assert sandbox.kinds(let_go.transaction) == ["created", "authorized", "voided"]
        assert len([call for call in shop.calls if told(call)["order_id"] == "ord-1"]) == 1


def card(number: str) -> dict[str, str]:
    return {"card_number": number, "expiry": "12/49", "cvc": "123"}


class TestWaysIn:
    @pytest.mark.parametrize("path", ["payment-request", "amex-request", "pre-auth-request"])
    def test_open_a_payment(self, sandbox: Driver, path: str) -> None:
        """Variants of the same request."""
        answer = send(sandbox, f"/api/1/{path}", wish()).json()

        assert (answer["status"], answer["transaction"]) == ("success", "te0000000001")

    def test_open_a_payment_by_the_buyers_own_form(self, sandbox: Driver) -> None:
        """The browser posts the signed data and is sent on."""
        answer = send(sandbox, "/api/1/checkout", wish())

        assert (answer.status_code, answer.headers["Location"]) == (303, f"{sandbox.url}/pay/te0000000001")

    def test_take_json_bodies_too(self, sandbox: Driver) -> None:
        """The same two fields, as some clients send them; null is absent and unknown fields are ignored."""
        document = wish(description=None, success_redirect_url=None, unheard_of=[1], amount=40)

        answer = sandbox.call("POST", "/api/1/request", json=sealed(document))

        assert answer.json()["status"] == "success"
        assert sandbox.items("payments")[0]["amount"] == 4000

    def test_split_pay_by_instalments_by_wallet_and_by_widget(
        self, sandbox: Driver, merchant: EpointClient
    ) -> None:
        """Each asks for its own fields, and leads to the same page."""
        split = merchant.create_split_payment(40, "ord-1", "i000000002", 5)
        instalments = merchant.pay_by_installment(40, "ord-2", "ins-1", 6)
        wallet = merchant.pay_with_wallet("w-1", 40, "ord-3")
        widget = merchant.create_widget(40, "ord-4", "Kettle")

        by_token = merchant.create_token_split_payment(40, "ord-5", "i000000002", 5)
        token = send(sandbox, "/api/1/token/payment", wish(order_id="ord-6")).json()

        assert all(answer.ok for answer in (split, instalments, wallet, widget, by_token))
        assert token["short_link"] == f"{sandbox.url}/pay/te0000000006"
        assert widget.widget_url == f"{sandbox.url}/pay/te0000000004"
        assert send(sandbox, "/api/1/split-request", wish(order_id="x")).json()["status"] == "error"

    def test_can_be_looked_up(self, sandbox: Driver, merchant: EpointClient) -> None:
        """Wallets by their names, plans in a bare list, for an order."""
        key = {"public_key": EPOINT_PUBLIC_KEY}
        wallets = merchant.list_wallets()
        plans = send(sandbox, "/api/1/get-installment-request", {**key, "order_id": "ord-1"}).json()

        assert wallets["wallet-1"] == "Sandbox wallet"
        assert plans[0]["months"] == ["3", "6", "12"]
        assert send(sandbox, "/api/1/get-installment-request", key).json()["status"] == "error"

    def test_say_that_they_are_open(self, merchant: EpointClient) -> None:
        """The heartbeat needs no key."""
        assert merchant.heartbeat().status == "ok"


class TestRefusals:
    @pytest.mark.parametrize(
        "changes",
        [
            {"amount": None},
            {"amount": "-1.00"},
            {"amount": 0},
            {"amount": "1.001"},
            {"amount": "NaN"},
            {"amount": "1e3"},
            {"amount": True},
            {"amount": " 5 "},
            {"amount": "five"},
            {"order_id": None},
            {"order_id": "o" * 300},
            {"language": "fr"},
            {"currency": "JPY"},
            {"description": "d" * 1001},
            {"success_redirect_url": "ftp://shop.test"},
        ],
    )
    def test_come_with_http_200_and_no_transaction(self, sandbox: Driver, changes: dict[str, object]) -> None:
        """The vendor's way: only the body says no, and nothing was opened."""
        answer = send(sandbox, "/api/1/request", wish(**changes))

        assert (answer.status_code, answer.json()["status"]) == (200, "error")
        assert "transaction" not in answer.json()
        assert sandbox.items("payments") == []

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda fields: fields | {"signature": fields["signature"][:-2] + "A="},
            lambda fields: {"data": fields["data"]},
            lambda fields: sealed(wish(), key="another_key"),
            lambda fields: fields | {"data": sealed(wish(amount="1.00"))["data"]},
            lambda fields: sealed(wish(public_key="i000000099")),
            lambda fields: sealed([1, 2]),
            lambda fields: sealed("x") | {"data": "%%%"},
            lambda fields: {"data": "%%%", "signature": sign(EPOINT_PRIVATE_KEY, "%%%")},
        ],
    )
    def test_meet_every_broken_envelope(
        self, sandbox: Driver, spoil: Callable[[dict[str, str]], dict[str, str]]
    ) -> None:
        """Wrong, missing, another's, moved to other data, another merchant's, and no object at all."""
        answer = sandbox.call("POST", "/api/1/request", data=spoil(sealed(wish())))

        assert (answer.status_code, answer.json()["status"]) == (200, "error")
        assert sandbox.items("payments") == []

    def test_meet_a_reused_order_id(self, merchant: EpointClient) -> None:
        """An order_id is good for one payment."""
        merchant.create_payment(1, "ord-1")

        with pytest.raises(GatewayError, match="is a payment"):
            merchant.create_payment(1, "ord-1")

    @pytest.mark.parametrize("transaction", ["te9999999999", ""])
    def test_meet_an_unknown_transaction(self, merchant: EpointClient, transaction: str) -> None:
        """Error without a transaction: the look-up was refused, no payment has failed."""
        with pytest.raises(GatewayError) as refused:
            merchant.get_status(transaction)

        assert "transaction" not in refused.value.payload

    def test_meet_another_dialects_payment(self, sandbox: Driver, merchant: EpointClient) -> None:
        """Transactions are this account's own."""
        payment = sandbox.create()

        with pytest.raises(GatewayError):
            merchant.get_status(payment["id"])


class TestTransactions:
    def test_are_numbered_for_each_account_from_the_beginning(
        self, sandbox: Driver, merchant: EpointClient
    ) -> None:
        """Another account's first transaction has the same number, so nobody may rely on it alone."""
        first = merchant.create_payment(1, "a").transaction
        sandbox.ctl("POST", "reset")

        assert merchant.create_payment(1, "b").transaction == first == "te0000000001"


class TestCallbacks:
    def test_are_repeated_until_acknowledged(
        self, sandbox: Driver, shop: Shop, merchant: EpointClient
    ) -> None:
        """Anything but 2xx brings the same words again."""
        shop.answers = [500]
        opened = merchant.create_payment(1, "ord-1")
        sandbox.call("POST", f"/pay/{opened.transaction}", data=card(APPROVED))

        sandbox.advance(1)

        assert [told(call)["status"] for call in shop.calls] == ["success", "success"]

    def test_can_be_forged(self, sandbox: Driver, shop: Shop, merchant: EpointClient) -> None:
        """Signed with another key, another's client refuses it."""
        sandbox.arm("callback", "other_merchant_key")
        opened = merchant.create_payment(1, "ord-1")
        sandbox.call("POST", f"/pay/{opened.transaction}", data=card(APPROVED))

        with pytest.raises(SignatureError):
            told(shop.calls[0])


class TestSavedCards:
    def test_are_registered_and_charged(self, sandbox: Driver, shop: Shop, merchant: EpointClient) -> None:
        """Registered at a page without an amount; charged at once, and nobody is called back."""
        registered = merchant.register_card()
        card_id = registered.card_id
        before = merchant.get_card_status(card_id).status
        sandbox.call("POST", registered.redirect_url.removeprefix(sandbox.url), data=card(APPROVED))
        after = merchant.get_card_status(card_id)

        charged = merchant.charge_saved_card(card_id, 40, "ord-1")

        (call,) = shop.calls
        said = told(call)
        assert (card_id, before, after.status) == ("ce0000000001", "new", "active")
        assert (said["operation_code"], said["card_id"], said["code"]) == ("001", card_id, "000")
        assert not {"order_id", "transaction", "amount", "other_attr"} & set(said)
        assert (charged.status, charged.card_mask) == ("success", "411111******1111")
        assert [entry["kind"] for entry in sandbox.items("journal")] == ["created", "captured"]
        assert merchant.get_status(charged.transaction).status == "success"

    def test_are_registered_by_paying(self, sandbox: Driver, shop: Shop, merchant: EpointClient) -> None:
        """One page for both; the callback says so, and tells the card."""
        paid = merchant.register_card_and_pay(40, "ord-1")
        sandbox.call("POST", f"/pay/{paid.transaction}", data=card("4000000000005126"))

        said = told(shop.calls[0])
        split = merchant.split_charge_saved_card(paid.card_id, 10, "ord-2", "i000000002", 1)
        payout = merchant.refund(paid.card_id, 5, "ord-3")

        assert (said["operation_code"], said["card_id"], said["order_id"]) == ("200", paid.card_id, "ord-1")
        assert (split.status, split["split_amount"], payout.status) == ("success", "1", "success")

    def test_are_charged_only_once_active(self, sandbox: Driver, merchant: EpointClient) -> None:
        """A refused card, one that nobody has filled in, one that is not there."""
        refused, unused = merchant.register_card(), merchant.register_card()
        page = refused.redirect_url.removeprefix(sandbox.url)
        sandbox.call("POST", page, data=card(DECLINED))

        assert merchant.get_card_status(refused.card_id).status == "rejected"
        for card_id in (refused.card_id, unused.card_id, "ce9"):
            with pytest.raises(GatewayError):
                merchant.charge_saved_card(card_id, 1, "ord-1")
        assert sandbox.items("journal") == []

    def test_may_meet_a_silent_bank(self, sandbox: Driver, merchant: EpointClient) -> None:
        """Nobody can say yet: neither a success nor a failure."""
        registered = merchant.register_card_and_pay(1, "ord-1")
        sandbox.call("POST", f"/pay/{registered.transaction}", data=card("4000000000008888"))
        sandbox.advance(2)

        charged = merchant.charge_saved_card(registered.card_id, 40, "ord-2")
        sandbox.advance(2)

        assert charged.status == "server_error"
        assert merchant.get_status(charged.transaction).status == "success"


class TestAnotherSum:
    def test_is_asked_for_until_a_card_is_shown(self, sandbox: Driver, merchant: EpointClient) -> None:
        """Found by its order_id; afterwards the sum stands."""
        opened = merchant.create_payment(40, "ord-1")

        changed = merchant.change_payment_sum(35, "ord-1")
        sandbox.call("POST", f"/pay/{opened.transaction}", data=card(APPROVED))

        assert changed.status == "success"
        assert merchant.get_status(opened.transaction).amount == 35
        for order_id in ("ord-1", "ord-x"):
            with pytest.raises(GatewayError):
                merchant.change_payment_sum(1, order_id)
