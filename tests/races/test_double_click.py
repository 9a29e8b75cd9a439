"""Customers and staff who do one thing several times at once."""

from collections import Counter

import pytest

from tests.races.shop import Shop, at_once
from tests.races.wire import code_of
from tests.steps.http_gateway import poll

UNDER_WAY = "409 payment_under_way"


def open_payments(shop: Shop, sku: str) -> int:
    """How many payments for a product are open."""
    ((count,),) = shop.rows(
        "SELECT count(DISTINCT p.id) FROM payments p JOIN payment_orders o ON o.payment_id = p.id"
        " JOIN order_lines l ON l.order_id = o.order_id"
        " WHERE l.sku = ? AND p.state NOT IN ('paid', 'failed')",
        sku,
    )
    return int(count)


class TestSimultaneousCheckouts:
    @pytest.mark.parametrize("clicks", [2, 8])
    def test_without_a_key_open_one_payment(self, shop: Shop, clicks: int) -> None:
        """One is let through, the others are told which order's payment is under way."""
        sku = shop.product(stock=50)
        token = shop.filled(sku)

        answers = at_once([lambda: shop.check_out(token)] * clicks)

        told = Counter(map(code_of, answers))
        assert told == {"201": 1, UNDER_WAY: clicks - 1}, told
        done = next(answer.json() for answer in answers if answer.status_code == 201)
        conflicts = [answer.json() for answer in answers if answer.status_code == 409]
        assert {problem["order_key"] for problem in conflicts} == {done["order_key"]}
        assert open_payments(shop, sku) == 1
        assert shop.stock(sku) == (50, 1)
        shop.use_page(done["payment"]["order_id"])
        shop.await_order(done["order_key"], "PROCESSING")
        shop.ensure_sold_once(done["orders"][0])
        assert shop.stock(sku) == (49, 0)

    @pytest.mark.parametrize("clicks", [2, 8])
    def test_with_one_key_are_one_checkout(self, shop: Shop, clicks: int) -> None:
        """One executes; the others are in flight, or the same bytes said to be replayed."""
        sku = shop.product(stock=50)
        token = shop.filled(sku)

        answers = at_once([lambda: shop.check_out(token, key="once")] * clicks)
        answers += [shop.check_out(token, key="once")]

        told = Counter(map(code_of, answers))
        assert told.keys() <= {"201", "409 idempotency_key_in_flight"}, told
        done = [answer for answer in answers if answer.status_code == 201]
        assert len({answer.content for answer in done}) == 1
        replays = [answer.headers.get("Idempotent-Replayed") for answer in done]
        assert sorted(replays, key=str) == [None] + ["true"] * (len(done) - 1)
        assert len(done) >= 2
        assert open_payments(shop, sku) == 1
        assert shop.stock(sku) == (50, 1)

    def test_with_one_key_of_two_customers_are_two(self, shop: Shop) -> None:
        """A key is its caller's own."""
        sku = shop.product(stock=50)
        tokens = [shop.filled(sku) for _ in range(4)]

        answers = at_once([lambda token=token: shop.check_out(token, key="once") for token in tokens])

        assert [answer.status_code for answer in answers] == [201] * 4
        assert len({answer.json()["order_key"] for answer in answers}) == 4
        assert shop.stock(sku) == (50, 4)


class TestTwoTabs:
    def test_paying_one_failed_order_open_one_payment(self, shop: Shop) -> None:
        """After a decline the customer tries again in eight tabs: one payment is opened, and paid."""
        sku = shop.product(stock=5)
        done = shop.checked_out(shop.filled(sku))
        key = done["order_key"]
        shop.use_page(done["payment"]["order_id"], action="cancel")
        shop.await_order(key, "FAILED")
        again = {"payment_method": "card"}

        answers = at_once([lambda: shop.wire("POST", f"/v1/orders/{key}/checkout", again)] * 8)

        told = Counter(map(code_of, answers))
        assert told == {"201": 1, UNDER_WAY: 7}, told
        assert open_payments(shop, sku) == 1
        second = next(answer.json() for answer in answers if answer.status_code == 201)
        shop.use_page(second["payment"]["order_id"])
        shop.await_order(key, "PROCESSING")
        shop.ensure_sold_once(done["orders"][0])
        assert shop.stock(sku) == (4, 0)

    def test_paying_with_the_old_page_and_the_new_one(self, shop: Shop) -> None:
        """Money sent to both pages at once is counted once; the rest is watched over, never sold twice."""
        sku = shop.product(stock=5)
        done = shop.checked_out(shop.filled(sku))
        key, first = done["order_key"], done["payment"]["order_id"]
        shop.gateway.force(first, "failed")
        shop.await_order(key, "FAILED")
        body = {"payment_method": "card"}
        second = shop.wire("POST", f"/v1/orders/{key}/checkout", body).json()["payment"]["order_id"]

        at_once([lambda: shop.gateway.force(first, "captured"), lambda: shop.use_page(second) and None])

        shop.await_order(key, "PROCESSING")
        order = shop.order(key)
        states = {shop.bill(id_)["state"] for id_ in order["payments"]}
        assert poll(lambda: {shop.bill(id_)["state"] for id_ in order["payments"]} <= CLOSED), states
        assert [shop.bill(id_)["state"] for id_ in order["payments"]].count("paid") == 1
        assert shop.stock(sku) == (4, 0)
        assert shop.events("order", order["id"]).count("order.paid") == 1
        shop.verify()


# What became of money that came twice: one is paid, the other stays with a person, or never came.
CLOSED = {"paid", "review", "failed"}


class TestApproving:
    @pytest.mark.parametrize("method", ["approved", "later"])
    def test_eight_times_at_once_sells_once(self, shop: Shop, method: str) -> None:
        """All are answered 200, and the goods leave the stock once."""
        sku = shop.product(stock=5)
        done = shop.checked_out(shop.filled(sku), method=method)
        payment_id, key, order = done["payment"]["id"], done["order_key"], done["orders"][0]
        if method == "approved":
            shop.use_page(done["payment"]["order_id"])
            assert poll(lambda: shop.order(key)["payment_status"] == "1")
            assert shop.stock(sku) == (5, 1)
        path = f"/v1/payments/{payment_id}/approve"

        answers = at_once([lambda: shop.wire("POST", path, token=shop.staff)] * 8)

        assert [answer.status_code for answer in answers] == [200] * 8
        moves = [move["to"] for move in shop.order(key)["history"]]
        assert moves.count("PROCESSING") == 1
        assert shop.events("order", order["id"]).count("order.paid") == 1
        assert shop.stock(sku) == (4, 0)


class TestTheBooks:
    def test_are_in_order(self, shop: Shop) -> None:
        """After all the double clicks of this module everything adds up."""
        shop.verify()
