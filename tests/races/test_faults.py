"""A gateway that is away, and news that beats its own answer; each fault by itself is in `tests/faults`."""

import pytest

from tests.races.patience import ANSWER_SECONDS_MAX, SETTLED_SECONDS_MAX, only_order, pay_in_the_end, timed
from tests.races.shop import Shop

pytestmark = pytest.mark.usefixtures("gateway_at_peace")


class TestTroubleWithOpening:
    def test_that_lasts_lets_nobody_through_and_nothing_fail(self, shop: Shop) -> None:
        """A gateway that is away answers each checkout with 503, and once it is back the order is paid."""
        sku = shop.product(stock=2)
        token = shop.filled(sku)
        shop.gateway.arm("create", "drop_before")
        shop.gateway.arm("status", "drop_before")

        answers = [timed(lambda: shop.check_out(token), ANSWER_SECONDS_MAX) for _ in range(4)]

        assert {answer.status_code for answer in answers} == {503}
        order = only_order(shop, token)
        assert order["status"] == "HOLD"
        shop.gateway.disarm()
        pay_in_the_end(shop, token, answers[-1])
        shop.await_order(order["key"], "PROCESSING", SETTLED_SECONDS_MAX)
        shop.ensure_sold_once(order)

    @pytest.mark.parametrize("status", ["captured", "failed", "created"])
    def test_is_overtaken_by_news_that_are_believed(self, shop: Shop, status: str) -> None:
        """They come before the answer to our own call: they are taken, and the answer adds to them."""
        sku = shop.product(stock=2)
        token = shop.filled(sku)
        shop.gateway.arm("callback", "before_create_reply", times=1, status=status)

        answer = timed(lambda: shop.check_out(token), ANSWER_SECONDS_MAX)

        assert shop.struck() == 1
        assert answer.status_code == (409 if status == "failed" else 201), answer.text
        order = only_order(shop, token)
        shop.await_order(
            order["key"], {"captured": "PROCESSING", "failed": "FAILED", "created": "HOLD"}[status]
        )
        if status == "captured":
            shop.ensure_sold_once(order)
        assert shop.stock(sku) == {"captured": (1, 0), "failed": (2, 0), "created": (2, 1)}[status]
