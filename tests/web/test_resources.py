"""The calls themselves: what they answer, to the byte where it matters."""

import json
import re
from typing import Any

import pytest

from adapters.web.codecs import cursor_for
from tests.web.house import House

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def put_product(house: House, sku: str, amount: int = 100, currency: str = "AZN", **more: Any) -> Any:
    """Offer a product."""
    body = {"name": sku, "price": {"amount": amount, "currency": currency}, "stock": 10, **more}
    return house.call("PUT", f"/v1/products/{sku}", body, as_="staff")


class TestAmounts:
    """A payment's amounts are written with the currency's exact decimals, never by way of a float."""

    @pytest.mark.parametrize(
        ("currency", "minor", "written"),
        [
            ("AZN", 15000, "150.00"),
            ("AZN", 5, "0.05"),
            ("JPY", 150, "150"),
            ("KWD", 1, "0.001"),
            ("CLF", 12345, "1.2345"),
            ("AZN", 999999999999999999, "9999999999999999.99"),
            ("AZN", 10, "0.10"),
            ("USD", 9007199254740993, "90071992547409.93"),
        ],
    )
    def test_are_exact(self, house: House, currency: str, minor: int, written: str) -> None:
        """In the payment and in each of its orders, in every answer that shows it."""
        put_product(house, "thing", minor, currency)
        house.call("PUT", "/v1/cart/items/thing", {"quantity": 1}, as_="customer:1")
        done = house.call("POST", "/v1/cart/checkout", {"payment_method": "card"}, as_="customer:1")
        seen = house.call("GET", "/v1/payments/1", as_="customer:1")
        listed = house.call("GET", "/v1/payments", as_="customer:1")

        for answered in (done, seen, listed):
            assert f'"amount":{written},"currency_name":"{currency}"' in answered.text
            assert f'"number":"K000001","amount":{written}}}' in answered.text
        assert house.call("GET", "/v1/bills/1", as_="staff").json["amount"] == minor

    def test_a_text_cannot_pass_for_one(self, house: House) -> None:
        """Whatever a product is called, it stays a text."""
        put_product(house, "1.00")

        assert house.call("GET", "/v1/products/1.00").json["name"] == "1.00"


class TestProducts:
    """What is sold."""

    def test_is_made_and_changed(self, house: House) -> None:
        """201 when new, 200 after; the seller stays when left out."""
        made = put_product(house, "lamp", seller="Lamps & Co")
        changed = put_product(house, "lamp", 200)

        assert (made.status_code, changed.status_code) == (201, 200)
        assert changed.json == {
            "sku": "lamp",
            "name": "lamp",
            "price": {"amount": 200, "currency": "AZN"},
            "seller": "Lamps & Co",
            "stock": {"on_hand": 10, "reserved": 0, "available": 10},
        }
        assert house.call("GET", "/v1/products/lamp").json == changed.json

    def test_never_falls_below_what_is_reserved(self, house: House) -> None:
        """409 below, and the stock shows what is held."""
        house.check_out()
        body = {"name": "Copper kettle", "price": {"amount": 1, "currency": "AZN"}, "stock": 1}

        assert house.call("PUT", "/v1/products/kettle", body, as_="staff").status_code == 409
        stock = house.call("GET", "/v1/products/kettle").json["stock"]
        assert stock == {"on_hand": 100, "reserved": 2, "available": 98}

    @pytest.mark.parametrize("sku", ["a b", "Çay", "a.b", "~a", "é" * 64, "a%2Bb"])
    def test_may_be_named_freely(self, house: House, sku: str) -> None:
        """Whatever fits into one part of a path, kept as it is."""
        body = {"name": "X", "price": {"amount": 1, "currency": "AZN"}, "stock": 1}
        made = house.client.simulate_put(
            f"/v1/products/{sku}",
            body=json.dumps(body),
            headers={
                "Authorization": f"Bearer {house._token_of('staff')}",
                "Content-Type": "application/json",
            },
        )

        assert made.status_code == 201, made.text


class TestLists:
    """Pages, newest first, with cursors that mean nothing to anybody else."""

    def test_go_on_where_they_ended(self, house: House) -> None:
        """Every item once, and null at the end."""
        for name in "abcde":
            put_product(house, name)
        seen, cursor = [], ""
        for _ in range(3):
            page = house.call("GET", f"/v1/products?limit=2{cursor}").json
            seen += [item["sku"] for item in page["items"]]
            cursor = f"&after={page['next']}"

        assert seen == ["e", "d", "c", "b", "a", "kettle"]
        assert page["next"] is None

    @pytest.mark.parametrize(
        "path", ["/v1/payment-methods", "/v1/cart/payment-methods", "/v1/orders", "/v1/payments"]
    )
    def test_are_all_paged(self, house: House, path: str) -> None:
        """Short ones too."""
        house.check_out()
        who = "customer:1"
        first = house.call("GET", f"{path}?limit=1", as_=who).json

        assert len(first["items"]) == 1
        if first["next"]:
            second = house.call("GET", f"{path}?limit=1&after={first['next']}", as_=who).json
            assert second["items"][0] != first["items"][0]
            assert second["next"] is None

    @pytest.mark.parametrize("limit", ["0", "101", "-1", "1.0", "", "x", "01", "+1", "1e1", "\u0661"])
    def test_refuse_limits(self, house: House, limit: str) -> None:
        """1 to 100."""
        answered = house.call("GET", "/v1/products", params={"limit": limit})

        assert answered.status_code == 400
        assert answered.json["errors"][0]["pointer"] == "#/limit"

    @pytest.mark.parametrize(
        "cursor",
        [
            "",
            "x",
            "1",
            "!!!",
            cursor_for("orders", 1),
            (cursor_for("products", 1) or "") + "=",
            "a" * 5000,
            "cHJvZHVjdHM6MDE",
            "cHJvZHVjdHM6LTE",
            "cHJvZHVjdHM6",
            "\u00e9",
        ],
    )
    def test_refuse_cursors(self, house: House, cursor: str) -> None:
        """Made up, another list's, written otherwise than we do."""
        answered = house.call("GET", "/v1/products", params={"after": cursor})

        assert answered.status_code == 400
        assert answered.json["errors"][0]["pointer"] == "#/after"

    def test_a_cursor_of_ours_is_taken(self, house: House) -> None:
        """What the refused ones differ from."""
        assert (
            house.call("GET", "/v1/products", params={"after": cursor_for("products", 1) or ""}).status_code
            == 200
        )


class TestCart:
    """A customer's cart."""

    def test_shows_lines_and_total(self, house: House) -> None:
        """At today's prices; setting again replaces, removing what is not there does nothing."""
        house.call("PUT", "/v1/cart/items/kettle", {"quantity": 1}, as_="customer:1")
        cart = house.call("PUT", "/v1/cart/items/kettle", {"quantity": 3}, as_="customer:1").json
        removed = house.call("DELETE", "/v1/cart/items/unknown", as_="customer:1")

        assert cart == {
            "lines": [
                {
                    "sku": "kettle",
                    "name": "Copper kettle",
                    "quantity": 3,
                    "unit_price": {"amount": 4000, "currency": "AZN"},
                    "total": {"amount": 12000, "currency": "AZN"},
                }
            ],
            "total": {"amount": 12000, "currency": "AZN"},
        }
        assert (removed.status_code, removed.json) == (200, cart)

    def test_is_deleted(self, house: House) -> None:
        """204 without a body, also when there is none; an empty one is answered after."""
        house.call("PUT", "/v1/cart/items/kettle", {"quantity": 1}, as_="customer:1")

        for _ in range(2):
            deleted = house.call("DELETE", "/v1/cart", as_="customer:1")
            assert (deleted.status_code, deleted.content) == (204, b"")
            assert "content-type" not in deleted.headers
        assert house.call("GET", "/v1/cart", as_="customer:1").json == {"lines": [], "total": None}
        gone = house.call("DELETE", "/v1/cart/items/kettle", as_="customer:1")
        assert gone.json == {"lines": [], "total": None}

    @pytest.mark.parametrize(
        ("sku", "quantity", "status", "code"),
        [("unknown", 1, 404, "not_found"), ("kettle", 101, 400, "short_stock")],
    )
    def test_refuses(self, house: House, sku: str, quantity: int, status: int, code: str) -> None:
        """What there is not, or not enough of."""
        answered = house.call("PUT", f"/v1/cart/items/{sku}", {"quantity": quantity}, as_="customer:1")

        assert (answered.status_code, answered.json["code"]) == (status, code)

    def test_holds_one_currency(self, house: House) -> None:
        """400 for another."""
        put_product(house, "tea", 100, "USD")
        house.call("PUT", "/v1/cart/items/kettle", {"quantity": 1}, as_="customer:1")

        refused = house.call("PUT", "/v1/cart/items/tea", {"quantity": 1}, as_="customer:1")

        assert (refused.status_code, refused.json["code"]) == (400, "currency_mismatch")


class TestMethods:
    """Payment methods."""

    def test_show_everything_but_secrets(self, house: House) -> None:
        """Rules and defaults as they were put."""
        rules = {
            "min_amount": {"amount": 100, "currency": "AZN"},
            "max_amount": {"amount": 900, "currency": "AZN"},
            "currencies": ["AZN"],
            "customers": [1],
            "skus_refused": ["kettle"],
            "countries": ["AZ", "TR"],
            "fallback": "cash",
        }
        body = {"name": "Later", "backend": "manual", "settings": {"hold_minutes": 0.5}, "rules": rules}
        made = house.call("PUT", "/v1/payment-methods/later", body, as_="staff")

        assert made.status_code == 201
        assert made.json.pop("id") == 4
        seen = house.call("GET", "/v1/payment-methods/later", as_="staff").json
        assert seen == made.json
        assert {name: seen[name] for name in body} == body
        assert (seen["auto_approve"], seen["enabled"]) == (True, True)
        assert house.call("PUT", "/v1/payment-methods/later", body, as_="staff").status_code == 200

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"backend": "nothing"}, "#/backend"),
            ({"settings": {"nothing": 1}}, "#/settings/nothing"),
            ({"rules": {"min_amount": {"amount": 1, "currency": "ABC"}}}, "#/rules/min_amount/currency"),
            ({"rules": {"max_amount": {"amount": 1, "currency": "ABC"}}}, "#/rules/max_amount/currency"),
            ({"rules": {"currencies": ["AZN", "ABC"]}}, "#/rules/currencies/1"),
            ({"rules": {"customers": [0]}}, "#/rules/customers/0"),
            ({"rules": {"nothing": 1}}, "#/rules/nothing"),
            ({"rules": {"countries": ["az"]}}, "#/rules/countries/0"),
            ({"rules": {"fallback": "nothing"}}, "#/rules/fallback"),
            ({"rules": {"fallback": "later"}}, "#/rules/fallback"),
            ({"auto_approve": 1}, "#/auto_approve"),
        ],
    )
    def test_refuse(self, house: House, change: Any, pointer: str) -> None:
        """Whatever is wrong, at its place."""
        body = {"name": "X", "backend": "manual", **change}
        answered = house.call("PUT", "/v1/payment-methods/x", body, as_="staff")

        assert answered.status_code == 400
        assert [mistake["pointer"] for mistake in answered.json["errors"]] == [pointer]

    def test_are_deleted(self, house: House) -> None:
        """And then unknown."""
        assert house.call("DELETE", "/v1/payment-methods/card", as_="staff").status_code == 204
        assert house.call("GET", "/v1/payment-methods/card", as_="staff").status_code == 404
        assert house.call("DELETE", "/v1/payment-methods/card", as_="staff").status_code == 404

    def test_are_offered_for_a_cart_and_an_order(self, house: House) -> None:
        """Each enabled one; `reasons` only where it cannot be used."""
        put = {
            "name": "Rich",
            "backend": "manual",
            "rules": {"min_amount": {"amount": 10**6, "currency": "AZN"}},
        }
        house.call("PUT", "/v1/payment-methods/rich", put, as_="staff")
        key = house.check_out()["order_key"]

        for path, who in (
            (f"/v1/orders/{key}/payment-methods", None),
            ("/v1/cart/payment-methods", "customer:1"),
        ):
            items = house.call("GET", path, as_=who).json["items"]
            assert items == [
                {
                    "code": "rich",
                    "name": "Rich",
                    "usable": False,
                    "reasons": ["the total is below 10000.00 AZN"],
                },
                {"code": "cash", "name": "Cash", "usable": True},
                {"code": "card", "name": "Card", "usable": True},
            ]
        assert house.call("GET", "/v1/orders/unknown/payment-methods").status_code == 404

    def test_cannot_take_an_empty_cart(self, house: House) -> None:
        """Nothing is usable for nothing."""
        items = house.call("GET", "/v1/cart/payment-methods", as_="customer:2").json["items"]

        assert [item["usable"] for item in items] == [False, False]


class TestOrders:
    """Orders and their payments."""

    def test_are_answered_whole(self, house: House) -> None:
        """One order per seller, one payment for all, summing up exactly."""
        put_product(house, "lamp", 1999, seller="Lamps")
        house.call("PUT", "/v1/cart/items/lamp", {"quantity": 1}, as_="customer:1")
        done = house.check_out()

        assert done["order_key"] == done["order_keys"][0]
        assert [order["key"] for order in done["orders"]] == done["order_keys"]
        assert {order["seller"] for order in done["orders"]} == {"Lamps", "Kassa"}
        assert [share["id"] for share in done["payment"]["orders"]] == [
            order["id"] for order in done["orders"]
        ]
        assert done["payment"]["amount"] == 99.99
        assert done["payment"]["status"] == "1"
        assert done["payment"]["transaction_id"]
        assert done["next_step"].startswith("https://bank.test/")
        order = done["orders"][0]
        assert order == house.call("GET", f"/v1/orders/{order['key']}").json
        assert order["history"][0].keys() == {"from", "to", "at", "by", "reason"}
        assert "CANCELLED" in order["next_statuses"]
        assert ISO.fullmatch(order["created_at"])
        assert "instructions" not in order

    def test_tell_how_to_pay_offline(self, house: House) -> None:
        """Instructions, reference and due date, in the answer and in the order."""
        settings = {"instructions": "Pay to AZ00", "kind": "bank_transfer", "due_days": 2}
        body = {"name": "Bank", "backend": "manual", "auto_approve": False, "settings": settings}
        house.call("PUT", "/v1/payment-methods/bank", body, as_="staff")
        done = house.check_out(method="bank")

        assert done["next_step"] is None
        for where in (done, done["orders"][0]):
            assert (where["instructions"], where["reference"]) == ("Pay to AZ00", "RF47K000000001")
            assert where["due_at"] == "2026-03-07T12:00:00.123456Z"

    def test_are_approved(self, house: House) -> None:
        """Staff's word is enough for offline methods; again changes nothing."""
        key = house.check_out(method="cash")["order_key"]

        for _ in range(2):
            approved = house.call("POST", "/v1/payments/1/approve", as_="staff")
            assert (approved.status_code, approved.json["status"]) == (200, "2")
        order = house.call("GET", f"/v1/orders/{key}").json
        assert order["history"][-1]["by"] == "staff:1"
        assert (order["status"], order["payments"]) == ("PROCESSING", [1])

    def test_are_not_approved_before_the_money_is_there(self, house: House) -> None:
        """409, and 404 for no payment."""
        house.check_out()

        assert house.call("POST", "/v1/payments/1/approve", as_="staff").json["code"] == "not_yet_paid"
        assert house.call("POST", "/v1/payments/9/approve", as_="staff").status_code == 404

    def test_are_moved_on(self, house: House) -> None:
        """Staff's moves are answered with the order, others refused with 409."""
        key = house.pay()["order_key"]
        path = f"/v1/orders/{key}/status"
        shipped = house.call("POST", path, {"status": "SHIPPED", "reason": "by post"}, as_="staff")
        refused = house.call("POST", path, {"status": "PROCESSING"}, as_="staff")

        assert (shipped.status_code, shipped.json["status"]) == (200, "SHIPPED")
        assert shipped.json["history"][-1]["reason"] == "by post"
        assert (refused.status_code, refused.json["code"]) == (409, "illegal_transition")
        assert house.call("POST", path, {"status": "LOST"}, as_="staff").status_code == 400
        unknown = house.call("POST", "/v1/orders/unknown/status", {"status": "SHIPPED"}, as_="staff")
        assert unknown.status_code == 404

    def test_are_cancelled_by_their_key(self, house: House) -> None:
        """By nobody in particular; 409 once paid, with the order's key."""
        key = house.check_out()["order_key"]
        paid = house.pay("customer:2")["order_key"]

        cancelled = house.call("POST", f"/v1/orders/{key}/cancel")
        refused = house.call("POST", f"/v1/orders/{paid}/cancel")

        assert (cancelled.status_code, cancelled.json["status"]) == (200, "CANCELLED")
        assert (refused.status_code, refused.json["order_key"]) == (409, paid)

    def test_are_paid_again_after_a_failure(self, house: House) -> None:
        """With another method if one likes."""
        checkout = house.check_out()
        house.gateway.decline(checkout["payment"]["order_id"])
        house.call("POST", "/v1/bills/1/verify", as_="staff")
        failed = house.call("GET", f"/v1/orders/{checkout['order_key']}").json
        body = {"payment_method": "cash"}

        again = house.call("POST", f"/v1/orders/{checkout['order_key']}/checkout", body)

        assert (failed["status"], failed["payment_status"]) == ("FAILED", "2")
        assert (again.status_code, again.json["payment"]["id"]) == (201, 2)
        assert again.json["orders"][0]["payments"] == [1, 2]

    def test_under_way_tell_where_to_go_on(self, house: House) -> None:
        """409 with the order's key and the next step."""
        checkout = house.check_out()
        body = {"order_keys": [checkout["order_key"]], "payment_method": "card"}

        refused = house.call("POST", "/v1/payments", body, as_="customer:1")

        assert (refused.status_code, refused.json["code"]) == (409, "payment_under_way")
        assert refused.json["order_key"] == checkout["order_key"]
        assert refused.json["next_step"] == checkout["next_step"]

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"payment_method": "nothing"}, 400, "invalid"),
            ({"payment_method": "off"}, 400, "method_refused"),
            (
                {"payment_method": "card", "expected_total": {"amount": 1, "currency": "AZN"}},
                409,
                "total_changed",
            ),
            ({"payment_method": "card", "expected_total": {"amount": 1, "currency": "ABC"}}, 400, "invalid"),
        ],
    )
    def test_are_not_made_of_what_does_not_fit(self, house: House, body: Any, status: int, code: str) -> None:
        """Nothing of a refused checkout is kept."""
        house.call("PUT", "/v1/cart/items/kettle", {"quantity": 1}, as_="customer:1")

        refused = house.call("POST", "/v1/cart/checkout", body, as_="customer:1")

        assert (refused.status_code, refused.json["code"]) == (status, code)
        assert house.call("GET", "/v1/orders", as_="staff").json["items"] == []

    def test_refused_by_the_gateway_can_be_paid_otherwise(self, house: House) -> None:
        """400 with the keys of the failed orders."""
        house.call("PUT", "/v1/cart/items/kettle", {"quantity": 1}, as_="customer:1")
        house.gateway.refuse()

        refused = house.call("POST", "/v1/cart/checkout", {"payment_method": "card"}, as_="customer:1")

        assert (refused.status_code, refused.json["code"]) == (400, "payment_refused")
        (key,) = refused.json["order_keys"]
        assert house.call("GET", f"/v1/orders/{key}").json["status"] == "FAILED"

    def test_wait_for_a_silent_gateway(self, house: House) -> None:
        """503 with the keys and a time to come back."""
        house.call("PUT", "/v1/cart/items/kettle", {"quantity": 1}, as_="customer:1")
        house.gateway.trouble(operation="initiate", retry_after_seconds=7)

        silent = house.call("POST", "/v1/cart/checkout", {"payment_method": "card"}, as_="customer:1")

        assert (silent.status_code, silent.headers["retry-after"]) == (503, "7")
        assert len(silent.json["order_keys"]) == 1


class TestRecords:
    """The two records that the users asked for, field by field."""

    def test_a_paid_payment(self, house: House) -> None:
        """Everything that section 2 names, with its type."""
        house.pay()
        payment = house.call("GET", "/v1/payments/1", as_="customer:1").json

        json.loads(payment.pop("json_request"))
        json.loads(payment.pop("json_response"))
        assert ISO.fullmatch(payment.pop("created"))
        assert ISO.fullmatch(payment.pop("updated"))
        reference = payment.pop("order_id")
        assert isinstance(reference, str)
        assert payment == {
            "id": 1,
            "user_id": 1,
            "user": {
                "id": 1,
                "first_name": "Aysel",
                "last_name": "Quliyev",
                "email": "aysel@example.com",
            },
            "amount": 80.00,
            "currency_name": "AZN",
            "transaction_id": "pay_000001",
            "status": "2",
            "card_number": "4111******1111",
            "orders": [{"id": 1, "number": "K000001", "amount": 80.00}],
            "bill_id": 1,
            "payment_method": "card",
        }

    def test_its_bill(self, house: House) -> None:
        """Verified, with what it belongs to."""
        next_step = house.pay()["next_step"]
        bill = house.call("GET", "/v1/bills/1", as_="customer:1").json

        assert ISO.fullmatch(bill.pop("created_at"))
        assert ISO.fullmatch(bill.pop("updated_at"))
        assert bill == {
            "id": 1,
            "backend": "sandbox",
            "amount": 8000,
            "currency": "AZN",
            "transaction_id": "pay_000001",
            "extra": {"order_pk": 1, "order_pks": [1], "payment_method_pk": 1, "payment_id": 1},
            "next_step": next_step,
            "verified": True,
            "state": "paid",
        }

    def test_before_the_gateway_has_told(self, house: House) -> None:
        """What is not known is null."""
        house.call("PUT", "/v1/cart/items/kettle", {"quantity": 1}, as_="customer:1")
        house.gateway.trouble(operation="initiate")
        house.call("POST", "/v1/cart/checkout", {"payment_method": "card"}, as_="customer:1")
        payment = house.call("GET", "/v1/payments/1", as_="customer:1").json
        bill = house.call("GET", "/v1/bills/1", as_="customer:1").json

        assert (payment["transaction_id"], payment["card_number"], payment["status"]) == (None, None, "1")
        assert (bill["next_step"], bill["verified"], bill["state"]) == (None, False, "in_doubt")

    def test_verifying_asks_the_gateway(self, house: House) -> None:
        """And answers the bill as it then stands."""
        ref = house.check_out()["payment"]["order_id"]
        house.gateway.confirm(ref)

        verified = house.call("POST", "/v1/bills/1/verify", as_="staff")

        assert (verified.status_code, verified.json["verified"]) == (200, True)
        assert house.call("POST", "/v1/bills/9/verify", as_="staff").status_code == 404


class TestBackends:
    """What methods can be set up with."""

    def test_tell_what_they_can_do_and_need(self, house: House) -> None:
        """By name; a backend that asks nobody has none of a gateway's capabilities."""
        manual, sandbox, wallet = house.call("GET", "/v1/backends", as_="staff").json["items"]

        for offline, name in ((manual, "manual"), (wallet, "wallet")):
            assert (offline["name"], set(offline["capabilities"].values())) == (name, {False})
        assert wallet["settings_schema"]["properties"] == {}
        assert sandbox["name"] == "sandbox"
        assert {name for name, can in sandbox["capabilities"].items() if not can} == {
            "collects_approved",
            "confirms_callbacks",
            "saves_cards",
        }
        assert manual["settings_schema"]["additionalProperties"] is False

    def test_are_paged(self, house: House) -> None:
        """As all lists are."""
        first = house.call("GET", "/v1/backends?limit=1", as_="staff").json
        second = house.call("GET", f"/v1/backends?limit=2&after={first['next']}", as_="staff").json

        names = [each["name"] for each in first["items"] + second["items"]]
        assert names == ["manual", "sandbox", "wallet"]
        assert second["next"] is None
