"""The stand-in for PayU."""

import hashlib
import re
from typing import Any

import pytest
import requests

from adapters.sandbox.dialects.payu.dialect import digest
from tests.sandbox.accounts import HOLDING_POS_ID, PAYU_SECRET, POS_ID, SECOND_KEY
from tests.sandbox.driver import APPROVED, Call, Driver, Shop

ORDERS = "/payu/api/v2_1/orders"


def token(sandbox: Driver, **changes: str) -> requests.Response:
    form = {"grant_type": "client_credentials", "client_id": POS_ID, "client_secret": PAYU_SECRET} | changes
    return sandbox.call("POST", "/payu/pl/standard/user/oauth/authorize", data=form)


def ask(sandbox: Driver, method: str, path: str = "", json: Any = None) -> requests.Response:
    return sandbox.call(method, ORDERS + path, token(sandbox).json()["access_token"], json=json)


def wish(shop: Shop, **changes: Any) -> dict[str, Any]:
    usual = {
        "notifyUrl": f"{shop.url}/notify",
        "continueUrl": f"{shop.url}/back?order=1",
        "customerIp": "127.0.0.1",
        "merchantPosId": POS_ID,
        "description": "Kettle",
        "currencyCode": "PLN",
        "totalAmount": "4000",
        "extOrderId": "bill-1",
        "products": [{"name": "Kettle", "unitPrice": "4000", "quantity": "1"}],
    }
    return usual | changes


def opened(sandbox: Driver, shop: Shop, **changes: Any) -> str:
    answer = ask(sandbox, "POST", "", wish(shop, **changes))
    assert answer.status_code == 302, answer.text
    assert answer.json()["redirectUri"] == answer.headers["Location"]
    return str(answer.json()["orderId"])


def pay(sandbox: Driver, order: str, number: str = APPROVED) -> requests.Response:
    card = {"card_number": number, "expiry": "12/49", "cvc": "123"}
    return sandbox.call("POST", f"/payu/pay/{order}", data=card)


def status(sandbox: Driver, order: str) -> str:
    return str(ask(sandbox, "GET", f"/{order}").json()["orders"][0]["status"])


def signature(call: Call) -> str:
    found = re.search("signature=([0-9a-f]+)", call.headers.get("openpayu-signature", ""))
    return found[1] if found else ""


class TestAnOrder:
    def test_is_opened_paid_and_told(self, sandbox: Driver, shop: Shop) -> None:
        """A 302 with a document, a look-up with amounts as text, a notification signed over its raw body."""
        order = opened(sandbox, shop)
        before = status(sandbox, order)

        back = pay(sandbox, order)

        (call,) = shop.calls
        after = ask(sandbox, "GET", f"/{order}").json()["orders"][0]
        assert (before, after["status"], after["totalAmount"]) == ("NEW", "COMPLETED", "4000")
        assert back.headers["Location"] == f"{shop.url}/back?order=1"
        assert (call.event["order"]["orderId"], call.event["order"]["extOrderId"]) == (order, "bill-1")
        assert signature(call) == hashlib.sha256(call.body + SECOND_KEY.encode()).hexdigest()

    def test_is_canceled_by_a_declined_card(self, sandbox: Driver, shop: Shop) -> None:
        """The way back says so in an error, which proves nothing."""
        order = opened(sandbox, shop)

        back = pay(sandbox, order, "4000000000000116")

        assert status(sandbox, order) == "CANCELED"
        assert back.headers["Location"] == f"{shop.url}/back?order=1&error=501"

    def test_is_held_at_another_point_of_sale(self, sandbox: Driver, shop: Shop) -> None:
        """Held, then captured in part or canceled; an error of such a deed comes with a 200."""
        held = opened(sandbox, shop, merchantPosId=HOLDING_POS_ID)
        let_go = opened(sandbox, shop, merchantPosId=HOLDING_POS_ID, extOrderId="bill-2")
        for order in (held, let_go):
            pay(sandbox, order)
        assert status(sandbox, held) == "WAITING_FOR_CONFIRMATION"

        captured = ask(sandbox, "POST", f"/{held}/captures", {"amount": "2500", "currencyCode": "PLN"})
        canceled = ask(sandbox, "DELETE", f"/{let_go}")
        again = ask(sandbox, "POST", f"/{let_go}/captures")

        assert captured.json()["status"]["statusCode"] == canceled.json()["status"]["statusCode"] == "SUCCESS"
        assert (status(sandbox, held), status(sandbox, let_go)) == ("COMPLETED", "CANCELED")
        assert (again.status_code, again.json()["status"]["statusCode"]) == (200, "ERROR_INCONSISTENT_STATE")
        assert sandbox.kinds(let_go) == ["created", "authorized", "voided"]

    def test_is_refunded_in_parts(self, sandbox: Driver, shop: Shop) -> None:
        """Amounts are text; too much is refused; each refund is told and can be asked about."""
        order = opened(sandbox, shop)
        pay(sandbox, order)

        part = ask(sandbox, "POST", f"/{order}/refunds", {"refund": {"description": "x", "amount": "1000"}})
        too_much = ask(
            sandbox, "POST", f"/{order}/refunds", {"refund": {"description": "x", "amount": "3001"}}
        )
        rest = ask(sandbox, "POST", f"/{order}/refunds", {"refund": {"description": "x"}})
        shop.wait_for(3)

        refund = part.json()["refund"]
        path = f"/{order}/refunds/{refund['refundId']}"
        assert (refund["amount"], refund["status"], too_much.status_code) == ("1000", "FINALIZED", 400)
        assert rest.json()["refund"]["amount"] == "3000"
        assert ask(sandbox, "GET", path).json()["status"] == "FINALIZED"
        assert ask(sandbox, "GET", f"/{order}x/refunds").status_code == 404
        assert ask(sandbox, "GET", f"/x/refunds/{refund['refundId']}").status_code == 404
        assert len(ask(sandbox, "GET", f"/{order}/refunds").json()["refunds"]) == 2
        assert {call.event["refund"]["status"] for call in shop.calls[1:]} == {"FINALIZED"}


class TestStrictness:
    @pytest.mark.parametrize(
        "changes",
        [
            {"colour": "red"},
            {"totalAmount": 4000},
            {"totalAmount": "40.00"},
            {"merchantPosId": "1"},
            {"currencyCode": "pln"},
            {"products": []},
            {"products": [{"name": "Kettle", "unitPrice": 4000, "quantity": "1"}]},
            {"products": ["kettle"]},
            {"customerIp": None},
            {"continueUrl": "shop"},
        ],
    )
    def test_refuses_what_the_vendor_would(self, sandbox: Driver, shop: Shop, changes: Any) -> None:
        """Unknown fields, numbers for text, another's point of sale."""
        answer = ask(sandbox, "POST", "", wish(shop, **changes))

        assert (answer.status_code, answer.json()["status"]["statusCode"]) == (400, "ERROR_VALUE_INVALID")
        assert sandbox.items("payments") == []

    def test_refuses_a_reused_reference_and_an_unknown_order(self, sandbox: Driver, shop: Shop) -> None:
        """extOrderId is good for one order."""
        opened(sandbox, shop)

        again = ask(sandbox, "POST", "", wish(shop))

        assert (again.status_code, again.json()["status"]["statusCode"]) == (400, "ERROR_ORDER_NOT_UNIQUE")
        assert ask(sandbox, "GET", "/X").json()["status"]["statusCode"] == "DATA_NOT_FOUND"
        assert ask(sandbox, "GET", f"/{sandbox.create()['id']}").status_code == 404

    def test_lets_only_its_merchant_in(self, sandbox: Driver) -> None:
        """Wrong secrets get no token, wrong tokens nothing; the token call takes a form."""
        assert token(sandbox, client_secret="x").status_code == 401
        assert token(sandbox, grant_type="password").status_code == 400
        assert sandbox.call("GET", f"{ORDERS}/X", "nonsense").status_code == 401
        path = "/payu/pl/standard/user/oauth/authorize"
        assert sandbox.call("POST", path, json={"grant_type": "client_credentials"}).status_code == 400


class TestSignatures:
    def test_agree_with_a_vector_computed_elsewhere(self) -> None:
        """SHA-256 over the raw body and the second key."""
        body = (
            b'{"order":{"orderId":"O1","extOrderId":"bill-1","status":"COMPLETED",'
            b'"totalAmount":"3075","currencyCode":"PLN"}}'
        )

        assert digest(SECOND_KEY, body) == "3ff3fc034015bcf69f695ad4f157a5db26355d58decc1f904cade5aeb6929ae0"
        assert digest(SECOND_KEY, body + b" ") != digest(SECOND_KEY, body)
