"""Every fault in the gateway's answers: ours come in time, all is settled in the end, and paid once."""

from collections.abc import Callable

import pytest
import requests

from adapters.sandbox.rules import AMOUNT_ACTIONS, PARTIAL_CAPTURE, REPLY_ACTIONS
from tests.races.patience import (
    ANSWER_SECONDS_MAX,
    CALLBACK_SECONDS_MAX,
    PARAMS,
    SETTLED_SECONDS_MAX,
    only_order,
    pay,
    pay_in_the_end,
    timed,
)
from tests.races.shop import Shop
from tests.steps.http_gateway import poll

pytestmark = pytest.mark.usefixtures("gateway_at_peace")

REPLY_FAULTS = sorted(REPLY_ACTIONS | AMOUNT_ACTIONS)


class TestTroubleWithOpening:
    @pytest.mark.parametrize("action", REPLY_FAULTS)
    def test_leaves_the_payment_open_and_payable(self, shop: Shop, action: str) -> None:
        """201 or 503 in time; the payment stays "1" until the customer has paid, once."""
        sku = shop.product(stock=2)
        token = shop.filled(sku)
        shop.gateway.arm("create", action, times=1, **PARAMS.get(action, {}))

        answer = timed(lambda: shop.check_out(token), ANSWER_SECONDS_MAX)

        assert shop.struck() == 1
        assert answer.status_code in {201, 503}, answer.text
        order = only_order(shop, token)
        payment = shop.payment(order["payments"][0])
        assert (order["status"], payment["status"]) == ("HOLD", "1")
        if answer.status_code == 503:
            assert answer.json()["order_keys"] == [order["key"]]
        pay_in_the_end(shop, token, answer)
        shop.await_order(order["key"], "PROCESSING", SETTLED_SECONDS_MAX)
        shop.ensure_sold_once(order)
        assert shop.stock(sku) == (1, 0)

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


class TestTroubleWithAsking:
    @pytest.mark.parametrize("action", [*REPLY_FAULTS, PARTIAL_CAPTURE])
    def test_fails_nothing_and_is_settled_after_it(self, shop: Shop, action: str) -> None:
        """Paid while the gateway answers nonsense: nobody is told "failed", and in the end it is right."""
        sku = shop.product(stock=2)
        token = shop.filled(sku)
        done = shop.checked_out(token)
        ref, key, payment_id = done["payment"]["order_id"], done["order_key"], done["payment"]["id"]
        shop.gateway.arm("status", action, ref=ref, **PARAMS.get(action, {}))

        location = shop.use_page(ref)

        returned = timed(lambda: shop.come_back(location), CALLBACK_SECONDS_MAX)
        assert returned.status_code == 303
        assert "status=failed" not in returned.headers["Location"]
        asked = timed(self._verify(shop, payment_id), ANSWER_SECONDS_MAX)
        assert asked.status_code in {200, 503}, asked.text
        assert shop.payment(payment_id)["status"] in {"1", "2"}
        assert shop.order(key)["status"] in {"HOLD", "PROCESSING"}
        assert shop.struck() > 0
        shop.gateway.disarm()
        if action in {"wrong_amount", "wrong_currency", PARTIAL_CAPTURE}:
            assert (shop.bill(payment_id)["state"], shop.order(key)["status"]) == ("review", "HOLD")
            assert self._verify(shop, payment_id)().status_code == 200
        if action == PARTIAL_CAPTURE:
            assert (shop.bill(payment_id)["state"], shop.stock(sku)) == ("review", (2, 1))
            assert shop.journal(ref)["captured"] == 1
            return
        order = shop.await_order(key, "PROCESSING", SETTLED_SECONDS_MAX)
        shop.ensure_sold_once(order)
        assert shop.stock(sku) == (1, 0)

    def _verify(self, shop: Shop, payment_id: int) -> Callable[[], requests.Response]:
        return lambda: shop.wire("POST", f"/v1/bills/{payment_id}/verify", token=shop.staff)


class TestTroubleWithClosing:
    @pytest.mark.parametrize("action", sorted(REPLY_ACTIONS))
    def test_never_cancels_what_may_still_be_paid(self, shop: Shop, action: str) -> None:
        """Cancelled only once the gateway has closed it: what answers 200 is closed there."""
        sku = shop.product(stock=2)
        token = shop.filled(sku)
        done = shop.checked_out(token)
        ref, key = done["payment"]["order_id"], done["order_key"]
        shop.gateway.arm("void", action, ref=ref, times=1, **PARAMS.get(action, {}))

        def cancel() -> requests.Response:
            return timed(lambda: shop.wire("POST", f"/v1/orders/{key}/cancel"), 3 * ANSWER_SECONDS_MAX)

        answer = cancel()

        assert shop.struck() == 1
        assert answer.status_code in {200, 409, 503}, answer.text
        if answer.status_code != 200:
            assert poll(lambda: cancel().status_code == 200, SETTLED_SECONDS_MAX)
        assert shop.order(key)["status"] == "CANCELLED"
        assert shop.gateway.payments(ref)[0]["status"] == "canceled"
        assert shop.stock(sku) == (2, 0)
        pay(done["next_step"])
        assert shop.journal(ref)["captured"] == 0


def test_the_books_are_in_order_after_all_this(shop: Shop) -> None:
    """Every fault has struck, and everything adds up."""
    shop.verify()
