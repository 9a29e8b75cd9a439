"""What all tests share: the sentences of the features, the running processes, the book of outcomes."""

from collections.abc import Iterator

import pytest

from tests.live import Live
from tests.postgres import Postgres

pytest_plugins = [
    "tests.steps.givens",
    "tests.steps.whens",
    "tests.steps.thens",
    "tests.outcomes",
]


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The processes of this session; none is started before a test needs it."""
    live = Live.on_sqlite(tmp_path_factory.mktemp("live"))
    yield live
    live.stop()


@pytest.fixture(scope="session")
def live_on_postgresql(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[Live]:
    """The same, each service on a PostgreSQL database."""
    live = Live.on_postgresql(tmp_path_factory.mktemp("live-on-postgresql"), postgres)
    yield live
    live.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of this session's own, started before the first test that needs it."""
    server = Postgres.start()
    yield server
    server.stop()
