"""Whole checkouts between two programs that share no code: the service, and the sandbox in every dialect."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
import requests

from tests.accounts import SETTINGS
from tests.live import Live
from tests.processes import Sandbox, Service
from tests.races.shop import Shop
from tests.races.wire import SECONDS_MAX

APPROVED, DECLINED = "4111 1111 1111 1111", "4000 0000 0000 0116"

BACKENDS = tuple(SETTINGS)

# A declined card leaves these open: the customer may try another on the same page, until the hold ends.
PATIENT = {"stripe", "paypal"}


@attrs.frozen
class Two:
    """The service and the sandbox, as programs of their own."""

    shop: Shop
    pages: requests.Session

    def drop_callbacks(self, reference: str) -> None:
        """The gateway's news of this payment is lost on the way."""
        fault = {"op": "callback", "action": "drop", "merchant_ref": reference, "times": None}
        self.shop.sandbox.control("POST", "faults", json=fault)

    def pay(self, next_step: str, card: str = APPROVED) -> str | None:
        """The customer fills the gateway's page in; answers where they are sent on to, if anywhere."""
        form = {"card_number": card, "expiry": "12/40", "cvc": "123"}
        answer = self.pages.post(next_step, data=form, timeout=SECONDS_MAX, allow_redirects=False)
        assert answer.status_code in {200, 303}, answer.text[:500]
        return answer.headers.get("Location")

    def come_back(self, location: str | None) -> str:
        """They come back to the shop; answers what they are told."""
        assert location and location.startswith(self.shop.service.address), location
        answer = self.pages.get(location, timeout=SECONDS_MAX, allow_redirects=False)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"].rpartition("status=")[2]

    def bought(self, backend: str) -> Any:
        """A checkout by that backend's method."""
        answer = self.shop.check_out(self.shop.filled(self.shop.product(stock=5)), method=backend)
        assert answer.status_code == 201, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def two(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    """Both, knowing of each other; the janitor sleeps, so that nothing but news settles anything."""
    folder: Path = tmp_path_factory.mktemp("dialects")
    service = Service.start(folder / "service", janitor_seconds=600, gateway_timeout_seconds=5)
    sandbox = Sandbox.start(folder, f"{service.address}/v1/callbacks/{{}}".format)
    shop = Shop(service, sandbox).open()
    for backend in BACKENDS:
        settings = sandbox.settings(backend)
        shop.put(f"payment-methods/{backend}", {"name": backend, "backend": backend, "settings": settings})
    yield Two(shop, requests.Session())
    service.stop()
    sandbox.stop()


@pytest.mark.parametrize("backend", BACKENDS)
class TestByRedirect:
    def test_success_by_callback_alone(self, two: Two, backend: str) -> None:
        """The customer pays and never comes back."""
        done = two.bought(backend)
        two.pay(done["next_step"])

        order = two.shop.await_order(done["order_key"], "PROCESSING")
        assert order["payment_status"] == "1"
        assert two.shop.journal(done["payment"]["order_id"])["captured"] == 1

    def test_success_by_return_alone(self, two: Two, backend: str) -> None:
        """The gateway's news is lost."""
        done = two.bought(backend)
        two.drop_callbacks(done["payment"]["order_id"])
        told = two.come_back(two.pay(done["next_step"]))

        assert told == "success"
        assert two.shop.order(done["order_key"])["status"] == "PROCESSING"

    def test_success_by_both(self, two: Two, backend: str) -> None:
        """Once, all the same."""
        done = two.bought(backend)
        told = two.come_back(two.pay(done["next_step"]))
        order = two.shop.await_order(done["order_key"], "PROCESSING")

        assert told == "success"
        two.shop.ensure_sold_once(order)

    def test_a_declined_card(self, two: Two, backend: str) -> None:
        """The order fails by the gateway's own word, or waits where the customer may try another card."""
        done = two.bought(backend)
        two.pay(done["next_step"], DECLINED)

        if backend in PATIENT:
            assert two.shop.order(done["order_key"])["status"] == "HOLD"
            two.pay(done["next_step"])
            two.shop.await_order(done["order_key"], "PROCESSING")
        else:
            assert two.shop.await_order(done["order_key"], "FAILED")["payment_status"] == "2"


def test_the_books_add_up(two: Two) -> None:
    """After all of it."""
    two.shop.verify()
