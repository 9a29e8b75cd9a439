"""The last unit, wanted by two hundred."""

import time
from collections import Counter

import requests

from tests.races.shop import PRICE, Shop, at_once
from tests.races.wire import code_of

CUSTOMERS = 200
TRIES_MAX = 20


def insistent(shop: Shop, token: str) -> requests.Response:
    """Checks out, and again for as long as the shop asks to try later."""
    for _ in range(TRIES_MAX):
        answer = shop.check_out(token)
        if answer.status_code != 503:
            return answer
        time.sleep(min(int(answer.headers["Retry-After"]), 2))
    raise AssertionError(f"still turned away after {TRIES_MAX} tries: {answer.text}")


class TestLastUnit:
    def test_is_sold_to_one_of_two_hundred(self, shop: Shop) -> None:
        """All have it in their carts and are released together: one pays, nobody else is charged."""
        sku = shop.product(stock=1)
        tokens = shop.customers(CUSTOMERS)
        for token in tokens:
            shop.fill(token, sku)

        answers = at_once([lambda token=token: insistent(shop, token) for token in tokens])

        told = Counter(map(code_of, answers))
        assert told == {"201": 1, "400 short_stock": CUSTOMERS - 1}, told
        winner = next(answer.json() for answer in answers if answer.status_code == 201)
        shop.use_page(winner["payment"]["order_id"])
        (order,) = winner["orders"]
        shop.await_order(order["key"], "PROCESSING")
        shop.ensure_sold_once(order)
        assert shop.stock(sku) == (0, 0)
        paid = shop.rows(
            "SELECT o.status, o.total FROM orders o JOIN order_lines l ON l.order_id = o.id WHERE l.sku = ?",
            sku,
        )
        assert paid == [("PROCESSING", PRICE)]
        captured = [
            entry["merchant_ref"]
            for entry in shop.sandbox.control("GET", "journal").json()["items"]
            if entry["kind"] == "captured"
        ]
        ours = {ref for (ref,) in shop.rows("SELECT order_id FROM payments")}
        losers = {
            ref
            for (ref,) in shop.rows(
                "SELECT p.order_id FROM payments p JOIN payment_orders l ON l.payment_id = p.id"
                " JOIN order_lines o ON o.order_id = l.order_id WHERE o.sku = ?",
                sku,
            )
        } - {winner["payment"]["order_id"]}
        assert captured.count(winner["payment"]["order_id"]) == 1
        assert not losers & set(captured), "a loser was charged"
        assert winner["payment"]["order_id"] in ours
        shop.verify()

    def test_of_a_failed_order_goes_to_the_next(self, shop: Shop) -> None:
        """When the one who got it does not pay, exactly one of those who wait can have it."""
        sku = shop.product(stock=1)
        first, *others = shop.customers(9)
        for token in (first, *others):
            shop.fill(token, sku)
        held = shop.checked_out(first)
        shop.use_page(held["payment"]["order_id"], action="cancel")
        shop.await_order(held["order_key"], "FAILED")

        answers = at_once([lambda token=token: insistent(shop, token) for token in others])

        told = Counter(map(code_of, answers))
        assert told == {"201": 1, "400 short_stock": len(others) - 1}, told
        assert shop.stock(sku) == (1, 1)
