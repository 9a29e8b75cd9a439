"""The services that the races share: one that hears its gateway, one whose callbacks are caught."""

from collections.abc import Iterator

import pytest

from tests.live import Live
from tests.processes import Service
from tests.races.catcher import Catcher
from tests.races.contests import Contests
from tests.races.shop import Shop

GATEWAY_TIMEOUT_SECONDS = 1.5
PROCESSES = 2


@pytest.fixture(scope="session")
def shop(live: Live) -> Iterator[Shop]:
    """A service with a watchful janitor, called back by the sandbox gateway itself."""
    service = Service.start(
        live.folder / "races",
        hold_minutes=30,
        janitor_seconds=0.2,
        gateway_timeout_seconds=GATEWAY_TIMEOUT_SECONDS,
    )
    yield Shop(service, live.sandbox).open()
    service.stop()


@pytest.fixture(scope="session")
def catcher() -> Iterator[Catcher]:
    """Where gateways call back to while a test wants to hear of it first."""
    catcher = Catcher()
    yield catcher
    catcher.close()


@pytest.fixture
def gateway_at_peace(shop: Shop) -> Iterator[None]:
    """Takes back every fault that a test armed."""
    yield
    shop.gateway.disarm()


@pytest.fixture(scope="session")
def contests(live_on_postgresql: Live, catcher: Catcher) -> Iterator[Contests]:
    """Several processes on one PostgreSQL database, called back only when a test says so."""
    folder = live_on_postgresql.folder / "contests"
    with Shop.running(
        folder,
        **live_on_postgresql.database(folder),
        public_url=catcher.address,
        janitor_seconds=30,
        gateway_timeout_seconds=5,
        processes=PROCESSES,
    ) as shop:
        yield Contests(shop, catcher)
