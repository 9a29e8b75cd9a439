"""Customers go on buying while the database restarts and processes are killed.

The same runs as `python -m benchmarks.trials.restarts` and `.kills`, short.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Postgres
from tests.processes import Sandbox, Service
from tests.races.disasters import restarts
from tests.races.shop import Shop


@pytest.fixture
def restarted() -> Iterator[Postgres]:
    """A server that nobody else uses."""
    server = Postgres.start()
    yield server
    server.stop()


class TestRestarts:
    def test_lose_nothing_and_double_nothing(self, restarted: Postgres, tmp_path: Path) -> None:
        """Whoever comes meanwhile hears 503; a moment later everything works again."""
        sandbox = Sandbox.start(tmp_path)
        service = Service.start(
            tmp_path,
            database_url=restarted.url(restarted.database()),
            janitor_seconds=0.5,
            gateway_timeout_seconds=2,
        )
        shop = Shop(service, sandbox).open()

        seen = restarts(shop, restarted, times=2, every_seconds=2, customers=4)

        assert seen.purchases > 8, seen
        service.stop()
        sandbox.stop()
