"""The stand-in for Paynow."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from adapters.sandbox.dialects.paynow.dialect import Account, sign, sign_request
from tests.sandbox.accounts import PAYNOW_KEY, SIGNATURE_KEY
from tests.sandbox.driver import APPROVED, Driver, Shop

ACCOUNT = Account(PAYNOW_KEY, SIGNATURE_KEY, "https://shop.test")


def hmac_of(text: str) -> str:
    mac = hmac.new(SIGNATURE_KEY.encode(), text.encode(), hashlib.sha256)
    return base64.b64encode(mac.digest()).decode()


def ask(
    sandbox: Driver, method: str, path: str, document: Any = None, key: str = "k", **headers: str
) -> requests.Response:
    body = "" if document is None else json.dumps(document)
    signed = {"headers": {"Api-Key": PAYNOW_KEY, "Idempotency-Key": key}, "parameters": {}, "body": body}
    usual = {
        "Api-Key": PAYNOW_KEY,
        "Idempotency-Key": key,
        "Signature": hmac_of(json.dumps(signed, separators=(",", ":"))),
        "Content-Type": "application/json",
    }
    return sandbox.call(method, f"/paynow/v3/{path}", data=body.encode(), headers=usual | headers)


def wish(shop: Shop, **changes: Any) -> dict[str, Any]:
    usual = {
        "amount": 4000,
        "currency": "PLN",
        "externalId": "bill-1",
        "description": "Kettle",
        "buyer": {"email": "aysel@example.com"},
        "continueUrl": f"{shop.url}/back?order=1",
    }
    return usual | changes


def opened(sandbox: Driver, shop: Shop, key: str = "k") -> str:
    answer = ask(sandbox, "POST", "payments", wish(shop), key)
    assert (answer.status_code, answer.json()["status"]) == (201, "NEW")
    return str(answer.json()["paymentId"])


def pay(sandbox: Driver, payment: str, number: str = APPROVED, **more: str) -> dict[str, str]:
    card = {"card_number": number, "expiry": "12/49", "cvc": "123"} | more
    back = sandbox.call("POST", f"/paynow/pay/{payment}", data=card)
    return dict(parse_qsl(urlsplit(back.headers["Location"]).query))


def status(sandbox: Driver, payment: str) -> str:
    return str(ask(sandbox, "GET", f"payments/{payment}/status").json()["status"])


class TestAPayment:
    def test_is_opened_paid_and_told(self, sandbox: Driver, shop: Shop) -> None:
        """No answer and no notification carries an amount; the notification is signed over its raw body."""
        payment = opened(sandbox, shop)

        back = pay(sandbox, payment)

        (call,) = shop.calls
        assert back == {"order": "1", "paymentId": payment, "paymentStatus": "CONFIRMED"}
        assert status(sandbox, payment) == "CONFIRMED"
        assert {name: call.event[name] for name in ("paymentId", "externalId", "status")} == {
            "paymentId": payment,
            "externalId": "bill-1",
            "status": "CONFIRMED",
        }
        assert call.headers["signature"] == hmac_of(call.body.decode())

    @pytest.mark.parametrize(
        ("number", "action", "word"),
        [("4000000000000116", "", "REJECTED"), (APPROVED, "cancel", "ABANDONED")],
    )
    def test_ends_otherwise(self, sandbox: Driver, shop: Shop, number: str, action: str, word: str) -> None:
        """Refused by the bank, or left by the buyer."""
        payment = opened(sandbox, shop)

        back = pay(sandbox, payment, number, action=action)

        assert (back["paymentStatus"], status(sandbox, payment)) == (word, word)

    def test_is_refunded_by_amount(self, sandbox: Driver, shop: Shop) -> None:
        """Only once confirmed, always with an amount, and never more than was paid."""
        payment = opened(sandbox, shop)
        early = ask(sandbox, "POST", f"payments/{payment}/refunds", {"amount": 1}, "k1")
        pay(sandbox, payment)

        part = ask(sandbox, "POST", f"payments/{payment}/refunds", {"amount": 1000}, "k2")
        whole = ask(sandbox, "POST", f"payments/{payment}/refunds", {}, "k3")
        too_much = ask(sandbox, "POST", f"payments/{payment}/refunds", {"amount": 3001}, "k4")

        asked = ask(sandbox, "GET", f"refunds/{part.json()['refundId']}/status").json()
        assert (part.status_code, asked["status"]) == (201, "SUCCESSFUL")
        assert [answer.status_code for answer in (early, whole, too_much)] == [400, 400, 400]
        assert ask(sandbox, "GET", "refunds/X/status").status_code == 404
        assert len(shop.calls) == 1


class TestStrictness:
    @pytest.mark.parametrize(
        "changes",
        [
            {"colour": "red"},
            {"amount": "40.00"},
            {"amount": None},
            {"buyer": None},
            {"buyer": {"email": None}},
            {"description": None},
            {"currency": "zl"},
            {"externalId": ""},
        ],
    )
    def test_refuses_what_the_vendor_would(self, sandbox: Driver, shop: Shop, changes: Any) -> None:
        """Unknown fields, wrong notations, what is required and missing."""
        answer = ask(sandbox, "POST", "payments", wish(shop, **changes))

        assert (answer.status_code, answer.json()["errors"][0]["errorType"]) == (400, "VALIDATION_ERROR")
        assert sandbox.items("payments") == []

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Api-Key": "x"}, 401),
            ({"Signature": "x"}, 401),
            ({"Signature": hmac_of("{}")}, 401),
            ({"Idempotency-Key": "other"}, 401),
            ({"Idempotency-Key": "k" * 46}, 400),
            ({"Idempotency-Key": ""}, 400),
        ],
    )
    def test_lets_only_its_merchant_in(
        self, sandbox: Driver, shop: Shop, headers: dict[str, str], status: int
    ) -> None:
        """The key, and a signature over both headers and the body."""
        assert ask(sandbox, "POST", "payments", wish(shop), **headers).status_code == status
        assert ask(sandbox, "GET", "payments/X/status", **headers).status_code == status

    def test_takes_no_parameters_and_repeats_answers(self, sandbox: Driver, shop: Shop) -> None:
        """The same key gives the same payment; another body under it is refused."""
        payment = opened(sandbox, shop)

        assert opened(sandbox, shop) == payment
        assert ask(sandbox, "POST", "payments", wish(shop, amount=1)).status_code == 409
        assert ask(sandbox, "GET", f"payments/{payment}/status?x=1").status_code == 400
        assert ask(sandbox, "GET", f"payments/{sandbox.create()['id']}/status").status_code == 404


class TestSignatures:
    def test_agree_with_vectors_computed_elsewhere(self) -> None:
        """A notification's and a request's."""
        body = (
            b'{"paymentId":"P1","externalId":"bill-1","status":"CONFIRMED",'
            b'"modifiedAt":"2026-01-01T00:00:00Z"}'
        )

        assert sign(SIGNATURE_KEY, body) == "nGNSgy/Tw14F0aKKQU6z429WWb29o1rziwZ6pYWpUzk="
        assert sign(SIGNATURE_KEY, body + b" ") != sign(SIGNATURE_KEY, body)
        request = sign_request(ACCOUNT, "idem-1", '{"amount":3075}')
        assert request == "t67KWHMJWP9MKtVVF9baOFefpzAg0Wga79+dkxOU4O0="
