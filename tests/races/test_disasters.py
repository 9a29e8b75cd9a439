"""Customers go on buying while the database restarts and processes are killed.

The same runs as `python -m benchmarks.trials.restarts` and `.kills`, short.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Postgres
from tests.races.disasters import Crew, kills, restarts
from tests.races.shop import Shop

SHORT_LEASES, LEASE_SECONDS = "tests.races.serve_and_die", 6
SETTINGS = {"janitor_seconds": 0.5, "gateway_timeout_seconds": 2}


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server that nobody else uses."""
    server = Postgres.start()
    yield server
    server.stop()


class TestRestarts:
    def test_lose_nothing_and_double_nothing(self, own_postgres: Postgres, tmp_path: Path) -> None:
        """Whoever comes meanwhile hears 503; a moment later everything works again."""
        url = own_postgres.url(own_postgres.database())

        with Shop.running(tmp_path, database_url=url, **SETTINGS) as shop:
            seen = restarts(shop, own_postgres, times=2, every_seconds=2, customers=4)

        assert seen.purchases >= 4, seen


class TestKills:
    def test_lose_nothing_and_double_nothing(
        self, postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Children that serve and the worker with relay and janitor die, and are there again."""
        for lease in ("IDEMPOTENCY_LEASE_SECONDS", "WORK_LEASE_SECONDS"):
            monkeypatch.setenv(lease, str(LEASE_SECONDS))
        url = postgres.url(postgres.database())
        settings = {"database_url": url, "processes": 2, "with_workers": False, **SETTINGS}

        with (
            Shop.running(tmp_path, module=SHORT_LEASES, **settings) as shop,
            Crew.of(shop, workers=1) as crew,
        ):
            seen = kills(shop, crew, times=3, every_seconds=1.5, customers=4, dice=random.Random(1))

        assert seen.purchases >= 4, seen
