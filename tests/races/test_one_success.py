"""One success, heard 73 times over at the same moment."""

import json
from collections.abc import Callable, Iterator

import pytest
import requests

from tests.live import Live
from tests.processes import Service
from tests.races.catcher import Catcher
from tests.races.shop import Shop, at_once
from tests.steps.http_gateway import poll

COPIES = 64
RETURNS = 8
ROUNDS = 3
ANSWER_DELAY_MS = 1200


@pytest.fixture(scope="module")
def deaf(live: Live, catcher: Catcher, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A service that hears only what the test delivers, with a janitor that never rests."""
    service = Service.start(
        tmp_path_factory.mktemp("one-success"),
        public_url=catcher.address,
        janitor_seconds=0.05,
        gateway_timeout_seconds=3,
        threads=16,
    )
    yield Shop(service, live.sandbox).open()
    service.stop()


class TestOneSuccess:
    @pytest.mark.parametrize("round_", range(ROUNDS))
    def test_counts_once_however_often_it_is_told(self, deaf: Shop, catcher: Catcher, round_: int) -> None:
        """64 copies of the gateway's own bytes, 8 returns and the janitor: one transition, one stock
        movement, one event each, one capture; every answer a 200 or a 303."""
        sku = deaf.product(stock=10)
        token = deaf.filled(sku, quantity=2)
        done = deaf.checked_out(token)
        order, payment = done["orders"][0], done["payment"]
        ref = payment["order_id"]
        assert poll(lambda: self._looks(deaf, payment["id"]) > 0), "the janitor is not at work"
        # Each question is answered late, so that many are under way before the first one is settled.
        deaf.gateway.arm("status", "delay_ms", ref=ref, ms=ANSWER_DELAY_MS)
        location = deaf.use_page(ref)
        caught = catcher.about(ref)

        def copy() -> requests.Response:
            return caught.deliver(deaf.service.address)

        deeds: list[Callable[[], requests.Response]] = [copy] * COPIES
        deeds += [lambda: deaf.come_back(location)] * RETURNS
        answers = at_once(deeds)

        deaf.gateway.disarm()
        assert [answer.status_code for answer in answers] == [200] * COPIES + [303] * RETURNS
        assert all("status=success" in answer.headers["Location"] for answer in answers[COPIES:])
        deaf.ensure_sold_once(order)
        assert deaf.events("payment", payment["id"]) == ["payment.started", "payment.succeeded"]
        assert deaf.events("order", order["id"]) == ["order.placed", "order.held", "order.paid"]
        assert deaf.stock(sku) == (8, 0)
        assert deaf.cart(token) == {}
        heard = deaf.rows("SELECT verdict, led_to FROM inbox WHERE payment_id = ?", payment["id"])
        assert len(heard) == COPIES + RETURNS
        assert [led_to for _, led_to in heard].count("applied") <= 1
        # Had they come one after the other, all but the first would have been known for repeats.
        assert [verdict for verdict, _ in heard].count("settled") > 1

    def test_leaves_the_books_in_order(self, deaf: Shop) -> None:
        """What the races left behind adds up."""
        deaf.verify()

    def _looks(self, shop: Shop, payment_id: int) -> int:
        ((looks,),) = shop.rows("SELECT looks FROM payments WHERE id = ?", payment_id)
        return int(looks)


class TestOneSuccessOfSeveralSellers:
    def test_pays_every_order_of_the_checkout_once(self, deaf: Shop, catcher: Catcher) -> None:
        """Two orders, one payment, 32 copies: each order moves once, each product is sold once."""
        skus = [deaf.product(stock=3, seller="North"), deaf.product(stock=3, seller="South")]
        token = deaf.filled(*skus)
        done = deaf.checked_out(token)
        ref = done["payment"]["order_id"]
        deaf.use_page(ref)
        caught = catcher.about(ref)
        assert json.loads(caught.body)["payment"]["merchant_ref"] == ref

        answers = at_once([lambda: caught.deliver(deaf.service.address)] * 32)

        assert {answer.status_code for answer in answers} == {200}
        assert len(done["orders"]) == 2
        for order in done["orders"]:
            deaf.ensure_sold_once(order)
        assert [deaf.stock(sku) for sku in skus] == [(2, 0), (2, 0)]
