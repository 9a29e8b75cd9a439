"""The service killed with SIGKILL at the worst moments, and started again on what the disk holds."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import requests

from tests.live import Live
from tests.processes import ROOT, Service
from tests.races.catcher import Catcher
from tests.races.serve_and_die import Moment
from tests.races.shop import Shop
from tests.races.wire import code_of
from tests.steps.http_gateway import poll

SETTLED_SECONDS_MAX = 15
HOLD_SECONDS = 5
LEASE_SECONDS = 8
LEASE_PROMISED = timedelta(seconds=90)
DYING = "tests.races.serve_and_die"
CALLBACK_MOMENTS = (
    Moment.BEFORE_THE_CALLBACK_IS_STORED,
    Moment.BEFORE_THE_CALLBACK_COMMITS,
    Moment.AFTER_THE_CALLBACK_COMMITTED,
)

Killable = Callable[..., Shop]


@pytest.fixture(scope="module")
def own(live: Live, catcher: Catcher, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A service that nobody calls back but the test, so that the janitor alone settles what is left."""
    service = Service.start(
        tmp_path_factory.mktemp("killed"),
        public_url=catcher.address,
        janitor_seconds=0.2,
        gateway_timeout_seconds=1,
    )
    yield Shop(service, live.sandbox).open()
    service.stop()


@pytest.fixture
def killable(own: Shop) -> Iterator[Killable]:
    """Starts the service anew, without its janitor, to die at a moment; afterwards it is whole again."""
    program = own.service.program
    whole = dict(program.settings)

    def rearmed(moment: Moment, **settings: str) -> Shop:
        own.service.stop()
        program.module, program.arguments = DYING, ("serve", "--no-worker")
        program.settings = {**whole, "DIE_AT": str(moment), **settings}
        own.service.restart()
        return own

    yield rearmed
    own.service.kill()
    program.module, program.arguments, program.settings = "entrypoints.cli", ("serve",), whole
    own.service.restart()


def revive(shop: Shop) -> None:
    """Starts the service as it is, janitor and all; fails if it had not died."""
    program = shop.service.program
    assert poll(lambda: not program.is_running), "it is still alive"
    shop.service.kill()
    program.module, program.arguments = "entrypoints.cli", ("serve",)
    shop.service.restart()


def check_out_and_die(shop: Shop, token: str, key: str | None = None) -> str:
    """Checks out as the service dies; answers the reference that the database holds."""
    with suppress(requests.ConnectionError):
        answer = shop.check_out(token, key=key)
        raise AssertionError(f"it survived and said {answer.status_code}")
    ((ref,),) = shop.rows("SELECT order_id FROM payments ORDER BY id DESC LIMIT 1")
    return str(ref)


def orders_of(shop: Shop, token: str) -> list[dict[str, object]]:
    """A customer's orders."""
    items: list[dict[str, object]] = shop.wire("GET", "/v1/orders", token=token).json()["items"]
    return items


class TestKilledDuringCheckout:
    def test_before_the_gateway_is_called_fails_when_the_hold_runs_out(self, killable: Killable) -> None:
        """The gateway never heard of it: the janitor ends it, the goods are free, the cart is kept."""
        hold = {"KASSA_HOLD_MINUTES": str(HOLD_SECONDS / 60)}
        shop = killable(Moment.BEFORE_THE_GATEWAY_IS_CALLED, **hold)
        sku = shop.product(stock=4)
        token = shop.filled(sku, quantity=3)

        ref = check_out_and_die(shop, token)

        assert shop.gateway.payments(ref) == []
        revive(shop)
        (order,) = orders_of(shop, token)
        shop.await_order(str(order["key"]), "FAILED", SETTLED_SECONDS_MAX + HOLD_SECONDS)
        assert shop.stock(sku) == (4, 0)
        assert shop.cart(token) == {sku: 3}
        assert shop.events("order", int(str(order["id"]))) == ["order.placed", "order.held", "order.failed"]
        assert shop.journal(ref) == {}
        shop.verify()

    def test_before_the_gateway_is_called_is_resumed_by_the_customer(self, killable: Killable) -> None:
        """Checking out again opens the same payment under the same reference, and it can be paid."""
        shop = killable(Moment.BEFORE_THE_GATEWAY_IS_CALLED)
        sku = shop.product(stock=4)
        token = shop.filled(sku)
        ref = check_out_and_die(shop, token)
        revive(shop)

        assert poll(lambda: shop.check_out(token).status_code == 201, SETTLED_SECONDS_MAX)

        (order,) = orders_of(shop, token)
        assert shop.refs(int(str(order["id"]))) == [ref]
        shop.use_page(ref)
        shop.await_order(str(order["key"]), "PROCESSING", SETTLED_SECONDS_MAX)
        shop.ensure_sold_once(order)
        assert shop.stock(sku) == (3, 0)

    @pytest.mark.parametrize(
        "moment", [Moment.AFTER_THE_GATEWAYS_REPLY, Moment.AFTER_THE_REPLY_IS_STORED], ids=str
    )
    def test_after_the_gateways_reply_is_settled_by_the_janitor(
        self, killable: Killable, moment: Moment
    ) -> None:
        """The customer pays on the page that our answer never led to: the janitor finds the money."""
        shop = killable(moment)
        sku = shop.product(stock=4)
        token = shop.filled(sku, quantity=2)

        ref = check_out_and_die(shop, token)

        shop.use_page(ref)
        revive(shop)
        (order,) = orders_of(shop, token)
        shop.await_order(str(order["key"]), "PROCESSING", SETTLED_SECONDS_MAX)
        shop.ensure_sold_once(order)
        assert shop.stock(sku) == (2, 0)
        assert shop.cart(token) == {}
        shop.verify()

    def test_leaves_an_idempotency_key_that_frees_itself(self, killable: Killable) -> None:
        """The same key is in flight while its lease lasts, then the payment goes on under it."""
        lease = {"IDEMPOTENCY_LEASE_SECONDS": str(LEASE_SECONDS)}
        shop = killable(Moment.AFTER_THE_GATEWAYS_REPLY, **lease)
        sku = shop.product(stock=1)
        token = shop.filled(sku)

        ref = check_out_and_die(shop, token, key="the-same")

        died_at = time.monotonic()
        revive(shop)
        told = []

        def is_done() -> bool:
            answer = shop.check_out(token, key="the-same")
            told.append(code_of(answer))
            return answer.status_code == 201

        assert poll(is_done, LEASE_SECONDS + SETTLED_SECONDS_MAX), told
        assert time.monotonic() - died_at >= LEASE_SECONDS - 1
        assert set(told[:-1]) <= {"409 idempotency_key_in_flight"}, told
        again = shop.check_out(token, key="the-same")
        assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
        assert again.json()["payment"]["order_id"] == ref
        assert shop.gateway.payments(ref)[0]["status"] == "created"

    def test_locks_a_key_for_no_longer_than_promised(self, killable: Killable) -> None:
        """What the crash left in the database is a lease that ends within 90 s."""
        shop = killable(Moment.BEFORE_THE_GATEWAY_IS_CALLED)
        token = shop.filled(shop.product(stock=1))
        before = datetime.now(UTC)

        check_out_and_die(shop, token, key="left-behind")

        ((until, kept_at),) = shop.rows(
            "SELECT locked_until, kept_at FROM idempotency_keys ORDER BY locked_until DESC LIMIT 1"
        )
        lasts = datetime.fromisoformat(until).replace(tzinfo=UTC) - before
        assert kept_at is None
        assert timedelta(seconds=60) < lasts <= LEASE_PROMISED
        revive(shop)


class TestKilledDuringACallback:
    @pytest.mark.parametrize("moment", CALLBACK_MOMENTS, ids=str)
    def test_is_settled_without_another_one(
        self, killable: Killable, catcher: Catcher, moment: Moment
    ) -> None:
        """Written but not committed, or committed and not answered: in the end it is paid, once."""
        shop = killable(moment)
        sku = shop.product(stock=5)
        token = shop.filled(sku, quantity=2)
        done = shop.checked_out(token)
        ref, (order,) = done["payment"]["order_id"], done["orders"]
        shop.use_page(ref)

        with pytest.raises(requests.ConnectionError):
            catcher.about(ref).deliver(shop.service.address)

        ((state,),) = shop.rows("SELECT state FROM payments WHERE order_id = ?", ref)
        assert state == ("paid" if moment is Moment.AFTER_THE_CALLBACK_COMMITTED else "waiting")
        revive(shop)
        shop.await_order(order["key"], "PROCESSING", SETTLED_SECONDS_MAX)
        shop.ensure_sold_once(order)
        assert shop.stock(sku) == (3, 0)
        assert shop.cart(token) == {}
        assert catcher.about(ref).deliver(shop.service.address).status_code == 200
        shop.ensure_sold_once(order)
        shop.verify()


class TestLostReply:
    def test_leaves_a_bill_in_doubt_that_the_janitor_settles(self, own: Shop) -> None:
        """The gateway opened it and the line broke: 503, then the money is found without a second one."""
        sku = own.product(stock=2)
        token = own.filled(sku)
        own.gateway.arm("create", "drop_after", times=1)

        lost = own.check_out(token)

        own.gateway.disarm()
        assert code_of(lost) == "503 gateway_unavailable"
        (key,) = lost.json()["order_keys"]
        order = own.order(key)
        payment = own.payment(order["payments"][0])
        assert (order["status"], payment["status"]) == ("HOLD", "1")
        own.use_page(payment["order_id"])
        own.await_order(key, "PROCESSING", SETTLED_SECONDS_MAX)
        own.ensure_sold_once(order)
        assert own.stock(sku) == (1, 0)
        own.verify()


def test_failpoints_are_the_tests_own() -> None:
    """The product has no way to be told where to die."""
    product = [ROOT / name for name in ("domain", "application", "adapters", "entrypoints")]
    sources = [path for folder in product for path in folder.rglob("*.py")]

    assert len(sources) > 50
    suicidal = ("DIE_AT", "getpid", "getpgrp")
    assert not [
        path for path in sources if any(word in path.read_text(encoding="utf-8") for word in suicidal)
    ]
