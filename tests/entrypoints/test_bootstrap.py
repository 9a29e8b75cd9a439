"""What is wired: how many connections it needs."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import falcon.testing
import pytest

from adapters.web.auth import Tokens
from application.accounts import Principal, Role
from domain.ids import MethodCode
from entrypoints import bootstrap
from entrypoints.bootstrap import Kassa, build
from entrypoints.settings import Settings
from entrypoints.wsgi import web_app


class TestConnections:
    @pytest.fixture
    def settings(self, database: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
        """One thread serves, one connection is there, and nothing works beside it."""
        monkeypatch.setattr(bootstrap, "WORKERS_CONNECTIONS", 0)
        return Settings(database_url=f"sqlite:///{database}", threads=1)

    @pytest.fixture
    def kassa(self, settings: Settings) -> Iterator[Kassa]:
        """Wired with that, and a way to pay."""
        with closing(build(settings, "http://x.test")) as kassa:
            kassa.application.manage_methods.put(code=MethodCode("direct"), name="Direct", backend="manual")
            yield kassa

    def test_of_a_thread_are_never_two(self, kassa: Kassa, settings: Settings) -> None:
        """Whoever holds one and waits for another may wait for ever: all others may do the same."""
        client = falcon.testing.TestClient(web_app(kassa, settings, "http://x.test", threading.Event()))

        def call(method: str, path: str, body: object = None, role: Role = Role.CUSTOMER) -> Any:
            token = Tokens(secret=settings.secret, clock=kassa.application.clock).issue(Principal(role, 1))
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": path}
            answer = client.simulate_request(method, path, json=body, headers=headers)
            assert answer.status_code < 300, answer.text
            return answer.json

        price = {"amount": 100, "currency": "AZN"}
        person = {"first_name": "Leyla", "last_name": "M", "email": "leyla@shop.test"}
        call("POST", "/v1/customers", {**person, "password": "correct horse"})
        call("PUT", "/v1/products/kettle", {"name": "Kettle", "price": price, "stock": 5}, Role.STAFF)
        call("PUT", "/v1/cart/items/kettle", {"quantity": 2})
        call("GET", "/v1/cart/payment-methods")
        ordered = call("POST", "/v1/cart/checkout", {"payment_method": "direct"})
        call("GET", f"/v1/orders/{ordered['order_key']}")
        call("GET", f"/v1/payments/{ordered['payment']['id']}")
        call("GET", "/v1/orders")
        call("GET", "/readyz")
        for work in (kassa.application.relay, kassa.application.look_after_payments, kassa.application.prune):
            work()
        assert kassa.application.prove().is_clean
