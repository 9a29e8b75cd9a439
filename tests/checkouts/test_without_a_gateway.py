"""The cases that have a meaning where nobody is asked: staff give their word, or a wallet pays."""

from typing import Any

import pytest

from tests.checkouts.till import STOCK, Bought, Till
from tests.races.shop import PRICE
from tests.races.wire import code_of


@pytest.fixture
def manual(every_till: dict[str, Till]) -> Till:
    """Where staff say that the money is there."""
    return every_till["manual"]


@pytest.fixture
def wallet(every_till: dict[str, Till]) -> Till:
    """Where the shop keeps the customer's money."""
    return every_till["wallet"]


def approve(till: Till, bought: Bought) -> None:
    """Staff give their word for the money."""
    path = f"/v1/payments/{bought.payment_id}/approve"
    assert till.shop.wire("POST", path, token=till.shop.staff).status_code == 200


def credit(till: Till, token: str, minor: int) -> None:
    """Staff put money in a customer's wallet."""
    body = {"amount": {"amount": minor, "currency": "AZN"}, "reason": "so sorry"}
    path = f"/v1/customers/{till.shop.tokens.principal(token).id}/wallet"
    assert till.shop.wire("POST", path, body, token=till.shop.staff).status_code == 201


def balances(till: Till, token: str) -> Any:
    """What a customer's wallet holds."""
    return till.shop.wire("GET", "/v1/wallet", token=token).json()["balances"]


def holding(minor: int) -> list[dict[str, Any]]:
    """A wallet with so much in it."""
    return [{"amount": minor, "currency": "AZN"}]


class TestManual:
    def test_whole_checkout(self, manual: Till) -> None:
        """The customer has nowhere to go, and staff's word is the money."""
        bought = manual.bought()
        assert bought.next_step is None
        manual.ensure_undecided(bought)
        approve(manual, bought)

        assert manual.status(bought) == ("PROCESSING", "1")
        assert manual.shop.stock(bought.sku) == (STOCK - 1, 0)

    def test_decline(self, manual: Till) -> None:
        """Staff say that no money came."""
        bought = manual.bought()
        self._give_up(manual, bought)

        manual.ensure_free(bought)
        assert manual.shop.payment(bought.payment_id)["status"] == "3"

    def test_second_attempt(self, manual: Till) -> None:
        """The order that was given up is paid by its key after all."""
        first = manual.bought()
        self._give_up(manual, first)
        second = manual.buy_again(first)
        approve(manual, second)

        assert manual.status(second) == ("PROCESSING", "1")
        assert manual.shop.stock(second.sku) == (STOCK - 1, 0)

    def test_forged(self, manual: Till) -> None:
        """Nobody calls back here: whoever does is not heard."""
        bought = manual.bought()
        path = f"/v1/callbacks/manual/{bought.ref}"

        assert [manual.shop.wire(method, path).status_code for method in ("POST", "GET")] == [404, 404]
        manual.ensure_undecided(bought)

    @staticmethod
    def _give_up(manual: Till, bought: Bought) -> None:
        path, body = f"/v1/orders/{bought.key}/status", {"status": "FAILED"}
        assert manual.shop.wire("POST", path, body, token=manual.shop.staff).status_code == 200


class TestWallet:
    def test_whole_checkout(self, wallet: Till) -> None:
        """Paid within the checkout."""
        token, sku = wallet.filled()
        credit(wallet, token, PRICE + 1)
        answer = wallet.check_out(token).json()

        assert (answer["next_step"], answer["payment"]["status"]) == (None, "2")
        assert wallet.shop.order(answer["order_key"])["status"] == "PROCESSING"
        assert (wallet.shop.stock(sku), balances(wallet, token)) == ((STOCK - 1, 0), holding(1))

    def test_decline(self, wallet: Till) -> None:
        """A wallet that holds too little pays for nothing, and no order is made."""
        token, sku = wallet.filled()
        credit(wallet, token, PRICE - 1)

        assert code_of(wallet.check_out(token)) == "400 method_refused"
        assert wallet.shop.wire("GET", "/v1/orders", token=token).json()["items"] == []
        assert (wallet.shop.stock(sku), balances(wallet, token)) == ((STOCK, 0), holding(PRICE - 1))

    def test_second_attempt(self, wallet: Till) -> None:
        """Once there is enough in it, the same cart is paid."""
        token, sku = wallet.filled()
        credit(wallet, token, PRICE - 1)
        first = wallet.check_out(token)
        credit(wallet, token, 1)

        assert (first.status_code, wallet.check_out(token).status_code) == (400, 201)
        assert (wallet.shop.stock(sku), balances(wallet, token)) == ((STOCK - 1, 0), holding(0))

    def test_forged(self, wallet: Till) -> None:
        """Nobody calls back here."""
        paths = ("/v1/callbacks/wallet", "/v1/callbacks/wallet/REF")

        assert {wallet.shop.wire("POST", path).status_code for path in paths} == {404}
        assert {wallet.shop.wire("GET", path).status_code for path in paths} == {404}

    def test_refund_full(self, wallet: Till) -> None:
        """What is given up before staff approved it comes back as a credit, once."""
        token, sku = wallet.filled()
        credit(wallet, token, PRICE)
        bought = wallet.check_out(token, "wallet-approved").json()
        spent = balances(wallet, token)
        cancel = f"/v1/orders/{bought['order_key']}/cancel"
        ends = [wallet.shop.wire("POST", cancel).status_code for _ in range(2)]

        assert (spent, ends) == (holding(0), [200, 409])
        assert (wallet.shop.stock(sku), balances(wallet, token)) == ((STOCK, 0), holding(PRICE))
