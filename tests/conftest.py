"""What all tests share: the sentences of the features, the running processes, the book of outcomes."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import Live
from tests.pgbouncer import PgBouncer
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


def pytest_addoption(parser: pytest.Parser) -> None:
    """What only some runs want."""
    parser.addoption(
        "--through-pgbouncer",
        metavar="FOLDER",
        type=Path,
        help="let services reach PostgreSQL through PgBouncer, and note there how many transactions each "
        "process of the tests has led through it",
    )


@pytest.fixture(scope="session")
def live_on_postgresql(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres: Postgres
) -> Iterator[Live]:
    """The same, each service on a PostgreSQL database."""
    folder = tmp_path_factory.mktemp("live-on-postgresql")
    counts = request.config.getoption("--through-pgbouncer")
    bouncer = PgBouncer.before(postgres) if counts else None
    live = Live.through_pgbouncer(folder, bouncer) if bouncer else Live.on_postgresql(folder, postgres)
    yield live
    live.stop()
    if bouncer:
        transactions = bouncer.stop()
        assert transactions, "nothing went through PgBouncer"
        (counts / str(os.getpid())).write_text(str(transactions), encoding="ascii")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of this session's own, started before the first test that needs it."""
    server = Postgres.start()
    yield server
    server.stop()
