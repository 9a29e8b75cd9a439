"""Things that come from two sides at once: cancelling, expiry and restocking against paying."""

import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.live import Live
from tests.processes import Service
from tests.races.catcher import Catcher
from tests.races.shop import Shop, at_once
from tests.races.wire import code_of
from tests.steps.http_gateway import poll

HOLD_SECONDS = 2


@pytest.fixture(scope="module")
def hasty(live: Live, catcher: Catcher, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A service that holds goods for a moment only, and hears its gateway when the test says so."""
    service = Service.start(
        tmp_path_factory.mktemp("hasty"),
        public_url=catcher.address,
        hold_minutes=HOLD_SECONDS / 60,
        janitor_seconds=0.1,
        gateway_timeout_seconds=2,
    )
    yield Shop(service, live.sandbox).open()
    service.stop()


class TestCancelling:
    @pytest.mark.parametrize("late", [0.0, 0.005, 0.01, 0.02, 0.04, 0.08])
    def test_while_the_success_arrives_has_one_winner(self, shop: Shop, late: float) -> None:
        """Either the order is paid and cannot be cancelled, or it is cancelled and nobody is charged."""
        sku = shop.product(stock=5)
        done = shop.checked_out(shop.filled(sku))
        key, ref, order = done["order_key"], done["payment"]["order_id"], done["orders"][0]

        cancelled, _ = at_once(
            [
                lambda: time.sleep(late) or shop.wire("POST", f"/v1/orders/{key}/cancel"),
                lambda: shop.use_page(ref) and None,
            ]
        )

        assert cancelled is not None
        assert code_of(cancelled) in {"200", "409 order_already_paid", "409 illegal_transition"}
        if cancelled.status_code == 200:
            assert shop.order(key)["status"] == "CANCELLED"
            assert shop.journal(ref)["captured"] == 0
            assert shop.stock(sku) == (5, 0)
        else:
            shop.await_order(key, "PROCESSING")
            shop.ensure_sold_once(order)
            assert shop.stock(sku) == (4, 0)

    def test_eight_times_at_once_cancels_once(self, shop: Shop) -> None:
        """One move to CANCELLED, one release; who came too late is told so.

        The gateway's own news of the closing may come first, and fails the order on its way.
        """
        sku = shop.product(stock=5)
        done = shop.checked_out(shop.filled(sku))
        key = done["order_key"]

        answers = at_once([lambda: shop.wire("POST", f"/v1/orders/{key}/cancel")] * 8)

        told = Counter(map(code_of, answers))
        assert told["200"] >= 1, told
        assert told.keys() <= {"200", "409 illegal_transition", "409 conflict"}, told
        moves = [move["to"] for move in shop.order(key)["history"]]
        assert moves in (["HOLD", "CANCELLED"], ["HOLD", "FAILED", "CANCELLED"])
        assert shop.events("order", done["orders"][0]["id"]).count("order.cancelled") == 1
        assert shop.stock(sku) == (5, 0)


class TestExpiry:
    @pytest.mark.parametrize("late", [-0.3, -0.1, 0.0, 0.1, 0.3])
    def test_while_the_customer_pays_has_one_winner(self, hasty: Shop, catcher: Catcher, late: float) -> None:
        """At the end of the hold: paid and sold once, or failed, closed at the gateway and free again."""
        sku = hasty.product(stock=3)
        done = hasty.checked_out(hasty.filled(sku))
        key, ref, order = done["order_key"], done["payment"]["order_id"], done["orders"][0]
        poll(lambda: False, HOLD_SECONDS + late)

        hasty.use_page(ref)

        if hasty.journal(ref)["captured"]:
            caught = catcher.about(ref)
            answers = at_once([lambda: caught.deliver(hasty.service.address)] * 4)
            assert {answer.status_code for answer in answers} == {200}
            hasty.await_order(key, "PROCESSING")
            hasty.ensure_sold_once(order)
            assert hasty.stock(sku) == (2, 0)
        else:
            hasty.await_order(key, "FAILED")
            assert hasty.journal(ref)["voided"] == 1
            assert hasty.stock(sku) == (3, 0)

    def test_leaves_the_books_in_order(self, hasty: Shop) -> None:
        """Whoever won, everything adds up."""
        hasty.verify()


class TestRestocking:
    def test_while_customers_check_out_loses_no_unit(self, shop: Shop) -> None:
        """Staff set the count on hand again and again: what is reserved is never more than what is there."""
        sku = shop.product(stock=6)
        tokens = shop.customers(12)
        for token in tokens:
            shop.fill(token, sku)
        about = {"name": sku, "price": {"amount": 1500, "currency": "AZN"}}

        def restock(stock: int) -> str:
            body = {**about, "stock": stock}
            return code_of(shop.wire("PUT", f"/v1/products/{sku}", body, token=shop.staff))

        deeds = [lambda token=token: code_of(shop.check_out(token)) for token in tokens]
        deeds += [lambda stock=stock: restock(stock) for stock in (4, 8, 2, 6)]
        answers = at_once(deeds)

        bought, counted = Counter(answers[:12]), Counter(answers[12:])
        assert bought.keys() <= {"201", "400 short_stock"}, bought
        assert counted.keys() <= {"200", "409 conflict"}, counted
        on_hand, reserved = shop.stock(sku)
        assert reserved == bought["201"] <= on_hand <= 8
        # The lowest count ever set is two, and so many can have it whatever comes first.
        assert bought["201"] >= 2

    def test_leaves_the_books_in_order(self, shop: Shop) -> None:
        """After all the races of this module everything adds up."""
        shop.verify()
