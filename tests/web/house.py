"""A whole shop in memory behind the web adapter, with a scripted bank: what the tests of the web drive."""

import io
import json
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import attrs
import falcon.testing

from adapters.gateways.manual import Manual
from adapters.gateways.settings import ensure_valid, merged, public_settings
from adapters.gateways.wallet import Wallet
from adapters.memory.store import MemoryStore
from adapters.system import IsoCurrencies, RandomKeys
from adapters.web.app import Edge, create_app
from adapters.web.auth import Tokens
from application.accounts import Principal, Role
from application.backends import Backend, Settings
from application.connecting import Gateways
from application.gateways import Received
from application.guarding import Guards
from application.policy import Policy
from application.reactions import BUS
from application.service import Application, Outside
from tests.builders import NOON
from tests.contract.storages import Storage, memory_storage
from tests.fakes import FakeBackend, FakeGateway

SECRET = "a secret that only the tests know, long enough"
ORIGIN = "https://shop.example"


class SetClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment

    def advance(self, **units: float) -> None:
        self.moment += timedelta(**units)


class PlainPasswords:
    """No hashing at all, so that tests are quick."""

    def hash(self, password: str) -> str:
        return f"plain:{password}"

    def matches(self, password_hash: str | None, password: str) -> bool:
        return password_hash == f"plain:{password}"


class CheckedSettings:
    """Settings held against their backend's schema, as the shop does it."""

    def checked(self, backend: Backend, kept: Settings, given: Settings | None) -> Settings:
        settings = kept if given is None else merged(backend.settings_schema, kept, given)
        ensure_valid(backend.settings_schema, settings)
        return settings

    def shown(self, backend: Backend, settings: Settings) -> Settings:
        return public_settings(backend.settings_schema, settings)


class Bodies:
    """Publishes nothing."""

    def __call__(self, event: object) -> None:
        """Nobody listens."""


@attrs.define
class House:
    """The application, its web side, and everybody who may call."""

    application: Application
    edge: Edge
    clock: SetClock
    gateway: FakeGateway
    store: MemoryStore
    storage: Storage
    client: falcon.testing.TestClient
    checks: dict[str, Any]

    def token(self, role: Role, number: int) -> str:
        """A token, without signing in."""
        return self.edge.tokens.issue(Principal(role, number))

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        as_: str | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> falcon.testing.Result:
        """Call the API; `as_` is "staff", "customer:1" or a token, `key` an Idempotency-Key."""
        sent = dict(headers or {})
        if as_ is not None:
            sent["Authorization"] = f"Bearer {self._token_of(as_)}"
        if key is not None:
            sent["Idempotency-Key"] = key
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            options["body"] = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.simulate_request(method, path, headers=sent, **options)

    def _token_of(self, who: str) -> str:
        if who == "staff":
            return self.token(Role.STAFF, 1)
        if who.startswith("customer:"):
            return self.token(Role.CUSTOMER, int(who.partition(":")[2]))
        return who

    def call_raw(self, method: str, path: str, body: bytes = b"", **environ: Any) -> tuple[int, bytes]:
        """Call the application as a careless server might, with this in its environment."""
        raw = falcon.testing.create_environ(path, method="GET")
        raw.update({"REQUEST_METHOD": method, "wsgi.input": io.BytesIO(body), **environ})
        started = falcon.testing.StartResponseMock()
        answered = b"".join(self.client.app(raw, started))
        return int(str(started.status)[:3]), answered

    def deliver(self, received: Received) -> falcon.testing.Result:
        """Send a callback of the bank's, byte for byte."""
        return self.client.simulate_request(
            received.method,
            received.path,
            query_string=received.query,
            headers=dict(received.headers),
            body=received.body,
        )

    def check_out(self, customer: str = "customer:1", method: str = "card", **more: Any) -> Any:
        """Put two kettles into the cart and check it out."""
        put = self.call("PUT", "/v1/cart/items/kettle", {"quantity": 2}, as_=customer)
        assert put.status_code == 200, put.text
        body = {"payment_method": method, **more}
        done = self.call("POST", "/v1/cart/checkout", body, as_=customer)
        assert done.status_code == 201, done.text
        return done.json

    def pay(self, customer: str = "customer:1", **more: Any) -> Any:
        """Check out and have the bank confirm; answers the checkout."""
        checkout = self.check_out(customer, **more)
        reference = checkout["payment"]["order_id"]
        self.gateway.confirm(reference)
        heard = self.deliver(self.gateway.callback(reference, now=self.clock.now().timestamp()))
        assert heard.status_code == 200, heard.text
        return checkout


def open_house(storage: Storage | None = None) -> House:
    """A shop with two customers, a member of staff, a product and three ways to pay; by default in memory."""
    clock, store, gateway = SetClock(), MemoryStore(), FakeGateway()
    behind = storage or memory_storage(store)
    application = Application.over(
        Outside(
            begin=lambda: behind.begin(BUS),
            queries=behind.queries,
            books=behind.books,
            outbox=behind.outbox,
            prunes=behind.prunes,
            idempotency=behind.idempotency,
            gateways=Gateways(
                {"sandbox": FakeBackend(gateway), "manual": Manual(), "wallet": Wallet()},
                Guards(Policy(), time.monotonic),
            ),
            settings=CheckedSettings(),
            clock=clock,
            keys=RandomKeys(),
            passwords=PlainPasswords(),
            currencies=IsoCurrencies(),
            publish=Bodies(),
            policy=Policy(return_origins={ORIGIN}),
        )
    )
    checks: dict[str, Any] = {"database": "ok"}
    edge = Edge(
        tokens=Tokens(SECRET, clock),
        success_url="https://shop.example/thanks?lang=az",
        failure_url="https://shop.example/sorry",
        readiness=lambda: (all(value == "ok" for value in checks.values()), checks),
    )
    client = falcon.testing.TestClient(create_app(application, edge))
    house = House(application, edge, clock, gateway, store, behind, client, checks)
    _furnish(house)
    return house


def _furnish(house: House) -> None:
    application = house.application
    application.hire(email="staff@kassa.example", password="staff password")
    for name in ("aysel", "murad"):
        application.register(
            first_name=name.title(),
            last_name="Quliyev",
            email=f"{name}@example.com",
            password=f"{name} password",
        )
    price = {"amount": 4000, "currency": "AZN"}
    product = {"name": "Copper kettle", "price": price, "stock": 100}
    methods = {
        "card": {"name": "Card", "backend": "sandbox", "settings": {"api_key": "k"}},
        "cash": {"name": "Cash", "backend": "manual", "auto_approve": False, "settings": {}},
        "off": {"name": "Off", "backend": "sandbox", "enabled": False},
    }
    assert house.call("PUT", "/v1/products/kettle", product, as_="staff").status_code == 201
    for code, body in methods.items():
        put = house.call("PUT", f"/v1/payment-methods/{code}", body, as_="staff")
        assert put.status_code == 201, put.text
