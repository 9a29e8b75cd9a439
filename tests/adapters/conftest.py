"""Both databases, each as the adapter alone sees it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import Engine

from adapters.sql.engine import open_engine
from adapters.sql.migrate import upgrade
from application.storage import UnitOfWork
from tests.contract.storages import Storage, sql_storage
from tests.postgres import Postgres


@attrs.frozen
class Shelf:
    """A migrated database on the session's PostgreSQL server, and an engine on it."""

    server: Postgres
    name: str
    engine: Engine

    @property
    def url(self) -> str:
        """Where it is."""
        return self.server.url(self.name)

    @property
    def storage(self) -> Storage:
        """The ports over it."""
        return sql_storage(self.engine)

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        """Run one statement beside the adapter, as an operator might."""
        return self.server.execute(statement, self.name)


@contextmanager
def shelf_on(server: Postgres) -> Iterator[Shelf]:
    """With little patience where somebody else is in the way, and quick to see a circle."""
    name = server.database()
    options = "-c%20lock_timeout=500%20-c%20deadlock_timeout=50"
    engine = open_engine(f"{server.url(name)}?options={options}", connections_max=4)
    yield Shelf(server, name, engine)
    engine.dispose()
    server.drop(name)


@pytest.fixture
def shelf(postgres: Postgres) -> Iterator[Shelf]:
    """One for each test."""
    with shelf_on(postgres) as shelf:
        yield shelf


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest) -> Engine:
    """An engine on each database in turn, migrated and empty."""
    if request.param == "postgresql":
        shelf: Shelf = request.getfixturevalue("shelf")
        return shelf.engine
    engine: Engine = request.getfixturevalue("sqlite")
    return engine


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    """An engine on a migrated and empty file."""
    url = f"sqlite:///{tmp_path / 'kassa.db'}"
    upgrade(url)
    engine = open_engine(url)
    yield engine
    engine.dispose()


def commit(storage: Storage, work: Callable[[UnitOfWork], None]) -> None:
    """Do something in one unit of work."""
    with storage.begin() as uow:
        work(uow)
        uow.commit()
