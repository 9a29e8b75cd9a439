"""The stand-in for PayPal."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from tests.sandbox.accounts import PAYPAL_ID, PAYPAL_SECRET, WEBHOOK_ID
from tests.sandbox.driver import APPROVED, Call, Driver, Shop

ORDERS = "/paypal/v2/checkout/orders"


def token(sandbox: Driver, secret: str = PAYPAL_SECRET) -> requests.Response:
    form = {"grant_type": "client_credentials"}
    return sandbox.call("POST", "/paypal/v1/oauth2/token", data=form, auth=(PAYPAL_ID, secret))


def ask(sandbox: Driver, method: str, path: str, json: Any = None, key: str | None = None) -> Any:
    headers = {} if key is None else {"PayPal-Request-Id": key}
    bearer = token(sandbox).json()["access_token"]
    return sandbox.call(method, f"/paypal/{path.lstrip('/')}", bearer, json=json, headers=headers)


def wish(shop: Shop, **changes: Any) -> dict[str, Any]:
    context = {"return_url": f"{shop.url}/back?order=1", "cancel_url": f"{shop.url}/gone"}
    usual = {
        "intent": "CAPTURE",
        "purchase_units": [unit()],
        "payment_source": {"paypal": {"experience_context": context}},
    }
    return usual | changes


def unit(**changes: Any) -> dict[str, Any]:
    usual = {"custom_id": "bill-1", "invoice_id": "bill-1", "reference_id": "default"}
    return usual | {"amount": {"currency_code": "EUR", "value": "40.00"}} | changes


def opened(sandbox: Driver, shop: Shop, **changes: Any) -> str:
    answer = ask(sandbox, "POST", "v2/checkout/orders", wish(shop, **changes))
    assert answer.status_code == 201, answer.text
    order = answer.json()
    assert order["status"] == "PAYER_ACTION_REQUIRED"
    assert {link["rel"]: link["href"] for link in order["links"]}["payer-action"].endswith(order["id"])
    return str(order["id"])


def approve(sandbox: Driver, order: str, number: str = APPROVED, **more: str) -> requests.Response:
    card = {"card_number": number, "expiry": "12/49", "cvc": "123"} | more
    return sandbox.call("POST", f"/paypal/pay/{order}", data=card)


def captured(sandbox: Driver, order: str) -> Any:
    return ask(sandbox, "POST", f"v2/checkout/orders/{order}/capture")


def is_ours(sandbox: Driver, call: Call, **changes: Any) -> bool:
    asked = {
        name: call.headers.get(f"paypal-{name.replace('_', '-')}")
        for name in ("auth_algo", "cert_url", "transmission_id", "transmission_sig", "transmission_time")
    }
    asked |= {"webhook_id": WEBHOOK_ID, "webhook_event": json.loads(call.body)} | changes
    answer = ask(sandbox, "POST", "v1/notifications/verify-webhook-signature", asked)
    return bool(answer.json()["verification_status"] == "SUCCESS")


class TestAnOrder:
    def test_is_approved_first_and_paid_for_then(self, sandbox: Driver, shop: Shop) -> None:
        """The buyer's approval moves no money; the merchant's capture does."""
        order = opened(sandbox, shop)

        back = approve(sandbox, order)
        approved = ask(sandbox, "GET", f"v2/checkout/orders/{order}").json()
        kinds = sandbox.kinds(order)
        paid = captured(sandbox, order)
        shop.wait_for(2)

        assert dict(parse_qsl(urlsplit(back.headers["Location"]).query))["token"] == order
        assert (approved["status"], kinds) == ("APPROVED", ["created"])
        capture = paid.json()["purchase_units"][0]["payments"]["captures"][0]
        assert (paid.status_code, paid.json()["status"]) == (201, "COMPLETED")
        assert (capture["status"], capture["amount"]["value"]) == ("COMPLETED", "40.00")
        assert sandbox.kinds(order) == ["created", "captured"]
        assert [call.event["event_type"] for call in shop.calls] == [
            "CHECKOUT.ORDER.APPROVED",
            "PAYMENT.CAPTURE.COMPLETED",
        ]

    def test_is_not_captured_twice_nor_too_early(self, sandbox: Driver, shop: Shop) -> None:
        """422 names the issue."""
        order = opened(sandbox, shop)
        early = captured(sandbox, order)
        approve(sandbox, order)
        captured(sandbox, order)
        again = captured(sandbox, order)
        other = ask(sandbox, "POST", f"v2/checkout/orders/{order}/authorize")

        issues = [answer.json()["details"][0]["issue"] for answer in (early, again, other)]
        assert issues == ["ORDER_NOT_APPROVED", "ORDER_ALREADY_CAPTURED", "ACTION_DOES_NOT_MATCH_INTENT"]
        assert {answer.status_code for answer in (early, again, other)} == {422}

    def test_goes_back_to_the_buyer_after_a_declined_card(self, sandbox: Driver, shop: Shop) -> None:
        """The bank is asked at capture, so the refusal comes there; another card may be shown then."""
        order = opened(sandbox, shop)
        approve(sandbox, order, "4000000000000116")

        declined = captured(sandbox, order)
        waiting = ask(sandbox, "GET", f"v2/checkout/orders/{order}").json()["status"]
        approve(sandbox, order)

        assert declined.json()["details"][0]["issue"] == "INSTRUMENT_DECLINED"
        assert waiting == "PAYER_ACTION_REQUIRED"
        assert captured(sandbox, order).json()["status"] == "COMPLETED"

    def test_answers_a_repeated_capture_as_before(self, sandbox: Driver, shop: Shop) -> None:
        """A declined card was an answer too: another capture needs another id."""
        order = opened(sandbox, shop)
        path = f"v2/checkout/orders/{order}/capture"
        approve(sandbox, order, "4000000000000116")
        declined = ask(sandbox, "POST", path, key="capture-1")
        approve(sandbox, order)
        repeated = ask(sandbox, "POST", path, key="capture-1")
        taken = ask(sandbox, "POST", path, key="capture-2")

        issues = [answer.json()["details"][0]["issue"] for answer in (declined, repeated)]
        assert issues == ["INSTRUMENT_DECLINED"] * 2
        assert {answer.status_code for answer in (declined, repeated)} == {422}
        assert (taken.status_code, taken.json()["status"]) == (201, "COMPLETED")

    def test_tells_when_it_last_changed(self, sandbox: Driver, shop: Shop) -> None:
        """So one approval can be told from another."""
        order, times = opened(sandbox, shop), []
        for card in ("4000000000000116", APPROVED):
            approve(sandbox, order, card)
            times.append(ask(sandbox, "GET", f"v2/checkout/orders/{order}").json()["update_time"])
            captured(sandbox, order)
            sandbox.advance(1)

        assert times[0] < times[1]

    def test_may_be_left_by_the_buyer(self, sandbox: Driver, shop: Shop) -> None:
        """Going back ends nothing."""
        order = opened(sandbox, shop)

        back = approve(sandbox, order, action="cancel")

        assert back.headers["Location"] == f"{shop.url}/gone?token={order}"
        assert ask(sandbox, "GET", f"v2/checkout/orders/{order}").json()["status"] == "PAYER_ACTION_REQUIRED"

    def test_may_wait_for_its_bank(self, sandbox: Driver, shop: Shop) -> None:
        """A completed order with a pending capture is not paid."""
        order = opened(sandbox, shop)
        approve(sandbox, order, "4000000000008888")

        paid = captured(sandbox, order).json()
        again = captured(sandbox, order)
        sandbox.advance(2)

        assert paid["purchase_units"][0]["payments"]["captures"][0]["status"] == "PENDING"
        assert again.status_code == 422
        assert ask(sandbox, "GET", f"v2/payments/captures/{order}C").json()["status"] == "COMPLETED"

    def test_is_authorized_and_captured_or_voided(self, sandbox: Driver, shop: Shop) -> None:
        """With the other intent the money is held first."""
        orders = [opened(sandbox, shop, intent="AUTHORIZE") for _ in range(2)]
        for order in orders:
            approve(sandbox, order)
            held = ask(sandbox, "POST", f"v2/checkout/orders/{order}/authorize").json()
            assert held["purchase_units"][0]["payments"]["authorizations"][0]["status"] == "CREATED"
        kept, let_go = orders

        amount = {"amount": {"currency_code": "EUR", "value": "25.00"}}
        capture = ask(sandbox, "POST", f"v2/payments/authorizations/{kept}A/capture", amount)
        void = ask(sandbox, "POST", f"v2/payments/authorizations/{let_go}A/void")
        again = ask(sandbox, "POST", f"v2/payments/authorizations/{let_go}A/void")

        assert (capture.status_code, capture.json()["amount"]["value"]) == (201, "25.00")
        assert (void.status_code, void.content, again.status_code) == (204, b"", 422)
        asked = ask(sandbox, "GET", f"v2/payments/authorizations/{let_go}A")
        assert asked.json()["status"] == "VOIDED"
        twice = ask(sandbox, "POST", f"v2/checkout/orders/{kept}/authorize")
        assert twice.json()["details"][0]["issue"] == "ORDER_ALREADY_CAPTURED"

    def test_is_refunded_in_parts(self, sandbox: Driver, shop: Shop) -> None:
        """A repeated request with the same id is one refund."""
        order = opened(sandbox, shop)
        approve(sandbox, order)
        captured(sandbox, order)
        path = f"v2/payments/captures/{order}C/refund"
        amount = {"amount": {"currency_code": "EUR", "value": "10.00"}}

        first, same = (ask(sandbox, "POST", path, amount, "k").json() for _ in range(2))
        rest = ask(sandbox, "POST", path)
        too_much = ask(sandbox, "POST", path, amount)

        assert (first["id"], first["status"]) == (same["id"], "COMPLETED")
        assert rest.json()["amount"]["value"] == "30.00"
        assert too_much.status_code == 422
        assert ask(sandbox, "GET", f"v2/payments/refunds/{first['id']}").json()["status"] == "COMPLETED"
        assert ask(sandbox, "GET", f"v2/payments/captures/{order}C").json()["status"] == "REFUNDED"

    def test_shows_money_that_came_without_the_buyer(self, sandbox: Driver, shop: Shop) -> None:
        """Forced, before anybody showed a card: what the journal has, the order has too."""
        order = opened(sandbox, shop)
        sandbox.ctl("POST", f"payments/{order}/force", {"status": "captured"})
        shown = ask(sandbox, "GET", f"v2/checkout/orders/{order}").json()

        (capture,) = shown["purchase_units"][0]["payments"]["captures"]
        assert (shown["status"], capture["status"]) == ("COMPLETED", "COMPLETED")
        assert sandbox.kinds(order)[-1] == "captured"


class TestWebhooks:
    def test_are_verified_by_the_vendors_own_call(self, sandbox: Driver, shop: Shop) -> None:
        """What was sent is ours; anything changed is not."""
        approve(sandbox, opened(sandbox, shop))
        (call,) = shop.calls

        assert is_ours(sandbox, call)
        assert not is_ours(sandbox, call, webhook_id="WH-OF-OTHERS")
        assert not is_ours(sandbox, call, webhook_event={**call.event, "id": "WH-x"})
        assert not is_ours(sandbox, call, transmission_time="2020-01-01T00:00:00Z")

    @pytest.mark.parametrize("action", ["bad_signature", "other_merchant_key", "no_signature"])
    def test_can_be_forged(self, sandbox: Driver, shop: Shop, action: str) -> None:
        """And are found out."""
        sandbox.arm("callback", action)
        approve(sandbox, opened(sandbox, shop))

        assert not is_ours(sandbox, shop.calls[0])


class TestStrictness:
    @pytest.mark.parametrize(
        "changes",
        [
            {"colour": "red"},
            {"intent": "SALE"},
            {"purchase_units": []},
            {"purchase_units": [unit(), unit()]},
            {"purchase_units": ["x"]},
            {"purchase_units": [unit(amount=None)]},
            {"purchase_units": [unit(amount={"currency_code": "EUR", "value": 40})]},
            {"purchase_units": [unit(amount={"currency_code": "EUR", "value": "40"})]},
            {"purchase_units": [unit(colour="red")]},
            {"purchase_units": [unit(invoice_id="i" * 128)]},
            {"payment_source": None},
        ],
    )
    def test_refuses_what_the_vendor_would(self, sandbox: Driver, shop: Shop, changes: Any) -> None:
        """400, naming the field."""
        answer = ask(sandbox, "POST", "v2/checkout/orders", wish(shop, **changes))

        assert (answer.status_code, answer.json()["name"]) == (400, "INVALID_REQUEST")
        assert sandbox.items("payments") == []

    def test_takes_the_older_place_for_the_way_back(self, sandbox: Driver, shop: Shop) -> None:
        """application_context, as older shops send it."""
        context = {"return_url": f"{shop.url}/back", "cancel_url": f"{shop.url}/gone"}
        older = {"payment_source": None, "application_context": context}

        assert ask(sandbox, "POST", "v2/checkout/orders", wish(shop, **older)).status_code == 201

    def test_knows_its_merchant_and_its_orders(self, sandbox: Driver, shop: Shop) -> None:
        """Wrong secrets, wrong tokens, unknown names, too long ids."""
        order = opened(sandbox, shop)
        amount = {"amount": {"currency_code": "USD", "value": "10.00"}}
        approve(sandbox, order)
        captured(sandbox, order)

        assert token(sandbox, "x").status_code == 401
        form = {"grant_type": "client_credentials"}
        path = "/paypal/v1/oauth2/token"
        assert sandbox.call("POST", path, data=form, headers={"Authorization": "Basic %"}).status_code == 401
        assert sandbox.call("GET", f"{ORDERS}/{order}", "nonsense").status_code == 401
        for path in ("checkout/orders/X", "payments/captures/X", "payments/authorizations/XA"):
            assert ask(sandbox, "GET", f"v2/{path}").status_code == 404
        assert ask(sandbox, "GET", f"v2/payments/authorizations/{order}C").status_code == 404
        assert ask(sandbox, "GET", f"v2/checkout/orders/{sandbox.create()['id']}").status_code == 404
        assert ask(sandbox, "POST", "v2/checkout/orders", wish(shop), "k" * 109).status_code == 400
        assert ask(sandbox, "POST", f"v2/payments/captures/{order}C/refund", amount).status_code == 400
