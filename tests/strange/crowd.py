"""Customers of a strange gateway: each checks out, hears nonsense, and nonsense is called back about them."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import requests
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.processes import Sandbox, Service
from tests.races.shop import Shop
from tests.strange.gateway import Twisted
from tests.strange.news import DOCUMENTS, signed
from tests.strange.twisting import TWISTS, Twist

SECONDS_MAX = 30
CUSTOMERS = 100
STOCK = 1_000_000


@attrs.define
class Crowd:
    """The customers of one gateway; `told` counts what was called back."""

    gateway: str
    shop: Shop
    between: Twisted
    sku: str
    told: int = 0
    _tokens: list[str] = attrs.field(factory=list)

    @property
    def strange(self) -> int:
        """How many answers and callbacks were twisted so far."""
        return self.between.twisted + self.told

    def visit(self, answers: Sequence[Twist], news: Sequence[Twist]) -> None:
        """One customer's visit; whatever the service says, it has to be declared."""
        token = self._customer()
        self.between.arm(answers)
        out = self.shop.check_out(token, method=self.gateway)
        (order,) = self.shop.wire("GET", "/v1/orders", token=token).json()["items"] or [None]
        if order is None:
            # Turned away before anything was written.
            assert out.status_code == 503, out.text
            return
        (payment_id, *_) = order["payments"]
        payment = self.shop.wire("GET", f"/v1/payments/{payment_id}", token=token).json()
        for twist in news:
            self.call_back(payment, twist)
        self._deliver("GET", f"/v1/callbacks/{self.gateway}/{payment['order_id']}")
        self.shop.wire("POST", f"/v1/bills/{payment_id}/verify", token=self.shop.staff)

    def open_in_peace(self) -> Any:
        """The answer of a checkout to which nothing strange happens."""
        self.between.arm(())
        return self.shop.checked_out(self._customer(), self.gateway)

    def call_back(self, payment: Any, twist: Twist) -> requests.Response:
        """The gateway's news of a payment, like this, and signed."""
        true = DOCUMENTS[self.gateway](payment["transaction_id"] or "N1", payment["order_id"])
        twisted = twist.document(json.dumps(true).encode())
        body, headers = signed(self.gateway, self.shop.sandbox.accounts.keys, twisted)
        self.told += twist != Twist()
        path = f"/v1/callbacks/{self.gateway}/{payment['order_id']}"
        return self._deliver("POST", path, data=body, headers=dict(headers))

    def _customer(self) -> str:
        if not self._tokens:
            self._tokens = self.shop.customers(CUSTOMERS)
        token = self._tokens.pop()
        self.shop.fill(token, self.sku)
        return token

    def _deliver(self, method: str, path: str, **request: Any) -> requests.Response:
        answer = requests.request(
            method,
            self.shop.service.address + path,
            timeout=SECONDS_MAX,
            allow_redirects=False,
            **request,
        )
        self.shop.wire.ensure_declared(method, path, answer)
        return answer


# Half of the openings are left alone, so that there is something to be asked about.
ANSWERS = st.tuples(st.just(Twist()) | TWISTS, TWISTS, TWISTS)
NEWS = st.lists(TWISTS, min_size=1, max_size=2)


def visits(crowd: Crowd, count: int, number: int = 1, after_each: Callable[[], None] = lambda: None) -> None:
    """So many visits, as strange as can be thought up; the simplest that is answered wrongly is told.

    The same `number` gives the same visits.
    """

    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(ANSWERS, NEWS)
    def run(answers: Sequence[Twist], news: Sequence[Twist]) -> None:
        crowd.visit(answers, news)
        after_each()

    run()


@contextmanager
def crowds(folder: Path, names: Sequence[str], **settings_of_service: Any) -> Iterator[list[Crowd]]:
    """A crowd at each of these gateways, of one service that no worker works for."""
    service = Service.start(
        folder / "service",
        with_workers=False,
        # What is left alone after twenty silences is asked again at once.
        janitor_seconds=0.001,
        gateway_timeout_seconds=5,
        **settings_of_service,
    )
    sandbox = Sandbox.start(folder)
    between = Twisted(sandbox.address)
    try:
        shop = Shop(service, sandbox, service.staff_token())
        sku = shop.product(stock=STOCK)
        yield [_crowd(shop, name, between, sku) for name in names]
    finally:
        service.stop()
        between.close()
        sandbox.stop()


def _crowd(shop: Shop, name: str, between: Twisted, sku: str) -> Crowd:
    settings = shop.sandbox.accounts.settings(name, between.url)
    shop.put(f"payment-methods/{name}", {"name": name, "backend": name, "settings": settings})
    return Crowd(name, shop, between, sku)
