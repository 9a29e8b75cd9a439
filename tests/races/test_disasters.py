"""Customers go on buying while the database restarts and processes are killed.

The same runs as `python -m benchmarks.trials.restarts` and `.kills`, short.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Postgres
from tests.races.disasters import restarts
from tests.races.shop import Shop

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

        assert seen.purchases > 8, seen
