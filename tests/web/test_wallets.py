"""Wallets over HTTP: staff put money in once, customers look at theirs, and pay."""

from typing import Any

import pytest

from tests.web.house import House

FIFTY = {"amount": {"amount": 5000, "currency": "AZN"}, "reason": "so sorry"}
PATH = "/v1/customers/1/wallet"


def credit(house: House, body: Any = None, key: str | None = None, path: str = PATH) -> Any:
    """Staff put money in."""
    return house.call("POST", path, FIFTY if body is None else body, as_="staff", key=key)


class TestCredit:
    def test_answers_the_wallet(self, house: House) -> None:
        """As it then stands, for staff and its owner alike."""
        answered = credit(house)

        assert answered.status_code == 201
        assert answered.json == {
            "balances": [{"amount": 5000, "currency": "AZN"}],
            "items": [
                {
                    "id": 1,
                    "amount": {"amount": 5000, "currency": "AZN"},
                    "reason": "so sorry",
                    "payment_id": None,
                    "at": "2026-03-05T12:00:00.123456Z",
                }
            ],
            "next": None,
        }
        assert house.call("GET", PATH, as_="staff").json == answered.json
        assert house.call("GET", "/v1/wallet", as_="customer:1").json == answered.json
        assert house.call("GET", "/v1/wallet", as_="customer:2").json == {
            "balances": [],
            "items": [],
            "next": None,
        }

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"amount": {"amount": 0, "currency": "AZN"}, "reason": "x"}, "#/amount/amount"),
            ({"amount": {"amount": -1, "currency": "AZN"}, "reason": "x"}, "#/amount/amount"),
            ({"amount": {"amount": 10**18, "currency": "AZN"}, "reason": "x"}, "#/amount/amount"),
            ({"amount": {"amount": 1, "currency": "ABC"}, "reason": "x"}, "#/amount/currency"),
            ({"amount": 5000, "reason": "x"}, "#/amount"),
            ({"amount": {"amount": 1, "currency": "AZN"}}, "#/reason"),
            ({"amount": {"amount": 1, "currency": "AZN"}, "reason": ""}, "#/reason"),
        ],
    )
    def test_needs_an_amount_and_a_reason(self, house: House, body: Any, pointer: str) -> None:
        """400, and nothing is kept."""
        answered = credit(house, body)

        assert answered.status_code == 400
        assert [mistake["pointer"] for mistake in answered.json["errors"]] == [pointer]
        assert house.call("GET", "/v1/wallet", as_="customer:1").json["items"] == []

    def test_has_an_end(self, house: House) -> None:
        """More than can be counted is refused."""
        most = {"amount": {"amount": 10**18 - 1, "currency": "AZN"}, "reason": "x"}
        assert credit(house, most).status_code == 201

        assert credit(house).status_code == 400

    @pytest.mark.parametrize("path", ["/v1/customers/99/wallet", "/v1/customers/x/wallet"])
    def test_needs_somebody(self, house: House, path: str) -> None:
        """404, to look at and to put money in."""
        assert credit(house, path=path).status_code == 404
        assert house.call("GET", path, as_="staff").status_code == 404

    def test_is_done_once_for_a_key(self, house: House) -> None:
        """Byte for byte the same answer; another body is refused; without a key it is another credit."""
        first, again = credit(house, key="one"), credit(house, key="one")

        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["idempotent-replayed"] == "true"
        assert credit(house, {**FIFTY, "reason": "other"}, key="one").status_code == 422
        assert credit(house).json["balances"] == [{"amount": 10000, "currency": "AZN"}]

    def test_is_done_once_though_its_answer_was_lost(self, house: House) -> None:
        """A crash between the deed and the keeping of the answer gives no money twice."""
        credit(house, key="one")
        house.store.tables.claims.clear()

        again = credit(house, key="one")

        assert again.status_code == 201
        assert "idempotent-replayed" not in again.headers
        assert again.json["balances"] == [{"amount": 5000, "currency": "AZN"}]
        assert credit(house, key="two").json["balances"] == [{"amount": 10000, "currency": "AZN"}]


class TestWallet:
    @pytest.fixture(autouse=True)
    def wallet(self, house: House) -> None:
        """A method that draws on it."""
        answered = house.call(
            "PUT", "/v1/payment-methods/wallet", {"name": "Wallet", "backend": "wallet"}, as_="staff"
        )
        assert answered.status_code == 201

    def test_pays_within_the_checkout(self, house: House) -> None:
        """Payment `"2"` at once, and nothing left to do."""
        credit(house, {"amount": {"amount": 10000, "currency": "AZN"}, "reason": "x"})

        done = house.check_out(method="wallet")

        assert (done["next_step"], done["payment"]["status"]) == (None, "2")
        assert (done["orders"][0]["status"], done["orders"][0]["payment_status"]) == ("PROCESSING", "1")
        assert "reference" not in done
        wallet = house.call("GET", "/v1/wallet?limit=1", as_="customer:1").json
        assert wallet["balances"] == [{"amount": 2000, "currency": "AZN"}]
        assert wallet["items"][0]["amount"] == {"amount": -8000, "currency": "AZN"}
        assert wallet["items"][0]["payment_id"] == done["payment"]["id"]
        rest = house.call("GET", f"/v1/wallet?after={wallet['next']}", as_="customer:1").json
        assert [item["amount"]["amount"] for item in rest["items"]] == [10000]

    def test_refuses_what_it_cannot_pay(self, house: House) -> None:
        """400 at the method, for the cart, by the key and among the offers."""
        credit(house)
        house.call("PUT", "/v1/cart/items/kettle", {"quantity": 2}, as_="customer:1")
        body = {"payment_method": "wallet"}

        answered = house.call("POST", "/v1/cart/checkout", body, as_="customer:1")
        offers = house.call("GET", "/v1/cart/payment-methods", as_="customer:1").json["items"]
        key = house.check_out(method="cash")["order_key"]
        by_key = house.call("POST", f"/v1/orders/{key}/checkout", body)

        for refused in (answered, by_key):
            assert (refused.status_code, refused.json["code"]) == (400, "method_refused")
            assert refused.json["errors"][0]["pointer"] == "#/payment_method"
        offer = next(each for each in offers if each["code"] == "wallet")
        assert offer["reasons"] == ["the wallet holds 50.00 AZN"]
        assert "50.00" not in by_key.text
        by_owner = {"order_keys": [key], **body}
        assert house.call("POST", "/v1/payments", by_owner, as_="customer:1").status_code == 400
        credit(house)
        paid = house.call("POST", "/v1/payments", by_owner, as_="customer:1")
        assert (paid.status_code, paid.json["payment"]["status"]) == (201, "2")

    def test_hears_no_callbacks(self, house: House) -> None:
        """Nobody could send them."""
        assert house.call("POST", "/v1/callbacks/wallet", {}).status_code == 404

    def test_has_no_settings(self, house: House) -> None:
        """Whatever is set is a mistake."""
        body = {"name": "Wallet", "backend": "wallet", "settings": {"secret": "x"}}

        answered = house.call("PUT", "/v1/payment-methods/wallet", body, as_="staff")

        assert answered.status_code == 400
        assert [mistake["pointer"] for mistake in answered.json["errors"]] == ["#/settings/secret"]
