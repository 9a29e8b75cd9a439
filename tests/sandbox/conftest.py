"""One sandbox and one shop for all tests here; every test finds them empty."""

from collections.abc import Iterator

import pytest

from adapters.sandbox.app import Access, build
from adapters.sandbox.server import Service
from tests.sandbox.accounts import accounts_calling
from tests.sandbox.driver import API_KEY, CONTROL_TOKEN, SIGNING_SECRET, Driver, Shop


@pytest.fixture(scope="session")
def shop_address() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.close()


@pytest.fixture(scope="session")
def service(shop_address: Shop) -> Iterator[Service]:
    access = Access(API_KEY, SIGNING_SECRET, CONTROL_TOKEN, accounts_calling(shop_address.url))
    service = Service(build(access), "127.0.0.1", 0)
    service.start()
    yield service
    service.stop()


@pytest.fixture
def shop(shop_address: Shop) -> Shop:
    shop_address.forget()
    return shop_address


@pytest.fixture
def sandbox(service: Service, shop: Shop) -> Iterator[Driver]:
    sandbox = Driver(service.url, shop)
    assert sandbox.ctl("POST", "reset").status_code == 200
    yield sandbox
    sandbox.ctl("DELETE", "faults")
    sandbox.advance(0)
    sandbox.close()
