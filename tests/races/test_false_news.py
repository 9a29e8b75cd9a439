"""Every fault in what the gateway tells us or sends our customers back with."""

import pytest

from adapters.sandbox.rules import CALLBACK_ACTIONS
from tests.races.patience import (
    ANSWER_SECONDS_MAX,
    CALLBACK_SECONDS_MAX,
    PARAMS,
    SETTLED_SECONDS_MAX,
    only_order,
    pay,
    timed,
)
from tests.races.shop import Shop
from tests.steps.http_gateway import DECLINED, poll

pytestmark = pytest.mark.usefixtures("gateway_at_peace")

# What the service makes of callbacks: taken, sent on, unreadable, forged, too large.
HEARD = {200, 303, 400, 403, 413}


class TestTroubleWithCallbacks:
    @pytest.mark.parametrize("action", sorted(CALLBACK_ACTIONS - {"before_create_reply", "wrong_ref"}))
    def test_is_answered_and_settled(self, shop: Shop, action: str) -> None:
        """However a callback is spoilt, each is answered as declared and the payment is found, once."""
        sku = shop.product(stock=2)
        done = shop.checked_out(shop.filled(sku))
        ref, (order,) = done["payment"]["order_id"], done["orders"]
        shop.gateway.arm("callback", action, ref=ref, times=1, **PARAMS.get(action, {}))

        shop.use_page(ref)

        shop.await_order(order["key"], "PROCESSING", SETTLED_SECONDS_MAX)
        if action != "drop":
            assert poll(lambda: bool(statuses(shop, ref)))
        assert shop.struck() == 1
        assert statuses(shop, ref) <= HEARD
        shop.ensure_sold_once(order)
        assert shop.stock(sku) == (1, 0)

    def test_that_names_another_payment_moves_neither(self, shop: Shop) -> None:
        """Validly signed about somebody else's payment: that one stays as it is, this one is found."""
        skus = [shop.product(stock=2), shop.product(stock=2)]
        other, done = (shop.checked_out(shop.filled(sku)) for sku in skus)
        ref, (order,) = done["payment"]["order_id"], done["orders"]
        shop.gateway.arm("callback", "wrong_ref", ref=ref, times=1)

        shop.use_page(ref)

        shop.await_order(order["key"], "PROCESSING", SETTLED_SECONDS_MAX)
        shop.ensure_sold_once(order)
        assert poll(lambda: statuses(shop, ref) == {200})
        assert shop.struck() == 1
        assert shop.order(other["order_key"])["status"] == "HOLD"
        assert shop.payment(other["payment"]["id"])["status"] == "1"
        assert [shop.stock(sku) for sku in skus] == [(2, 1), (1, 0)]

    @pytest.mark.parametrize("status", ["captured", "failed", "created"])
    def test_that_beat_the_opening_are_believed(self, shop: Shop, status: str) -> None:
        """The news comes before the answer to our own call: it is taken, and the answer adds to it."""
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


def statuses(shop: Shop, ref: str) -> set[int]:
    """What the service answered to the callbacks about a payment."""
    (payment,) = shop.gateway.payments(ref)
    deliveries = shop.sandbox.control("GET", "deliveries").json()["items"]
    return {each["response_status"] for each in deliveries if each["payment_id"] == payment["id"]} - {None}


class TestTroubleWithReturns:
    @pytest.mark.parametrize("action", ["never_returns", "tampered_query", "double_click"])
    def test_changes_nothing_about_the_money(self, shop: Shop, action: str) -> None:
        """Lost, altered or doubled: the customer is sent on by what is known, and the order is paid once."""
        sku = shop.product(stock=2)
        done = shop.checked_out(shop.filled(sku))
        ref, (order,) = done["payment"]["order_id"], done["orders"]
        shop.gateway.arm("return", action, ref=ref, times=1)

        sent = pay(done["next_step"])

        assert shop.struck() == 1
        location = sent.headers.get("Location", "")
        assert location.startswith(shop.service.address) or action == "never_returns", sent.headers
        if location.startswith(shop.service.address):
            back = timed(lambda: shop.come_back(location), CALLBACK_SECONDS_MAX)
            assert (back.status_code, "status=failed" in back.headers["Location"]) == (303, False)
        shop.await_order(order["key"], "PROCESSING", SETTLED_SECONDS_MAX)
        shop.ensure_sold_once(order)

    def test_that_claims_success_after_a_refusal_is_not_believed(self, shop: Shop) -> None:
        """The gateway sends the customer back as if it had paid: the order has failed all the same."""
        sku = shop.product(stock=2)
        done = shop.checked_out(shop.filled(sku))
        ref = done["payment"]["order_id"]
        shop.gateway.arm("return", "success_url_on_failure", ref=ref, times=1)

        sent = pay(done["next_step"], DECLINED)

        assert shop.struck() == 1
        back = timed(lambda: shop.come_back(sent.headers["Location"]), CALLBACK_SECONDS_MAX)
        assert back.status_code == 303
        assert "status=failed" in back.headers["Location"]
        assert shop.order(done["order_key"])["status"] == "FAILED"
        assert shop.stock(sku) == (2, 0)
        assert shop.journal(ref)["captured"] == 0
