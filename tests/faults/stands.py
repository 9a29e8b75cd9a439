"""One service, and every gateway as a program of its own; at each gateway stand customers of its own."""

import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import attrs
import requests

from tests.faults.matrix import GATEWAYS, LETTING_GO, Fault, holds
from tests.processes import Sandbox, Service
from tests.races.conftest import GATEWAY_TIMEOUT_SECONDS
from tests.races.shop import Shop
from tests.steps.http_gateway import poll

JANITOR_SECONDS = 0.2
CUSTOMERS = 100
UNDER_WAY = re.compile(r"^kassa_http_requests_under_way (\S+)$", re.MULTILINE)


@attrs.define
class Stand:
    """One gateway of the service, where nobody else's payments are, and a crowd of customers.

    `code` is the method's, by which they pay there.
    """

    gateway: str
    code: str
    shop: Shop
    _tokens: list[str] = attrs.field(factory=list)

    def customer(self) -> tuple[str, str]:
        """The token of one who has a unit of a new product in the cart, of which there are two; its sku."""
        if not self._tokens:
            self._tokens = self.shop.customers(CUSTOMERS)
        token, sku = self._tokens.pop(), self.shop.product(stock=2)
        self.shop.fill(token, sku)
        return token, sku

    def check_out(self, token: str) -> requests.Response:
        """Checks a cart out here, whatever comes of it."""
        return self.shop.check_out(token, method=self.code)

    def calm_down(self) -> None:
        """Takes back every fault, and waits until the gateway is trusted again after all that went wrong."""
        self.shop.gateway.disarm()
        assert poll(self._is_trusted), f"the breaker of {self.code} stays open"

    def _is_trusted(self) -> bool:
        breakers = self.shop.wire("GET", "/readyz").json()["checks"]["gateways"]
        if breakers.get(self.code, "closed") == "closed":
            return True
        # What closes it is a use that is answered.
        self.check_out(self.customer()[0])
        return False


@attrs.frozen
class Stands:
    """All of them, and those where money is held."""

    service: Service
    each: Mapping[str, Stand]
    holding: Mapping[str, Stand]

    def of(self, fault: Fault, gateway: str) -> Stand:
        """Where that fault is tried."""
        return (self.holding if fault.moment == LETTING_GO else self.each)[gateway]

    def under_way(self) -> int:
        """How many threads of the service are at work, but for the one that answers this."""
        told = requests.get(f"{self.service.address}/metrics", timeout=10).text
        found = UNDER_WAY.search(told)
        assert found, told
        return int(float(found[1])) - 1

    def verify(self) -> None:
        """`kassa verify` finds nothing wrong."""
        self.each[GATEWAYS[0]].shop.verify()


@contextmanager
def stands(folder: Path) -> Iterator[Stands]:
    """Everything running, until the block ends."""
    service = Service.start(
        folder / "service",
        hold_minutes=30,
        janitor_seconds=JANITOR_SECONDS,
        gateway_timeout_seconds=GATEWAY_TIMEOUT_SECONDS,
    )
    staff = service.staff_token()

    def stand(name: str, ending: str = "") -> Stand:
        code = name + ending
        own = folder / code
        own.mkdir()
        # An account is called back at one address, so those who hold have a gateway of their own.
        sandbox = Sandbox.start(own, f"{service.address}/v1/callbacks/{{}}{ending}".format)
        shop = Shop(service, sandbox, staff)
        method = {"name": name, "backend": name, "settings": sandbox.settings(name, holds=bool(ending))}
        shop.put(f"payment-methods/{code}", method)
        return Stand(name, code, shop)

    holders = [name for name in GATEWAYS if holds(name)]
    with ThreadPoolExecutor(len(GATEWAYS)) as threads:
        each = dict(zip(GATEWAYS, threads.map(stand, GATEWAYS), strict=True))
        held = threads.map(lambda name: stand(name, "-held"), holders)
        holding = dict(zip(holders, held, strict=True))
    try:
        yield Stands(service, each, holding)
    finally:
        service.stop()
        for one in (*each.values(), *holding.values()):
            one.shop.sandbox.stop()
