"""The storage that a contract test asks, and a customer and a payment method in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.sql.engine import open_engine
from adapters.sql.migrate import upgrade
from domain.people import Customer
from tests.builders import make_method
from tests.contract.storages import Storage, memory_storage, sql_storage
from tests.postgres import Postgres


@pytest.fixture
def in_memory() -> Storage:
    """Objects in this process."""
    return memory_storage()


@pytest.fixture
def in_sqlite(tmp_path: Path) -> Iterator[Storage]:
    """A file."""
    url = f"sqlite:///{tmp_path / 'kassa.db'}"
    upgrade(url)
    engine = open_engine(url)
    yield sql_storage(engine)
    engine.dispose()


@pytest.fixture
def in_postgresql(postgres: Postgres) -> Iterator[Storage]:
    """A database of the session's server."""
    name = postgres.database()
    engine = open_engine(postgres.url(name))
    yield sql_storage(engine)
    engine.dispose()
    postgres.drop(name)


@pytest.fixture(params=["in_memory", "in_postgresql", "in_sqlite"])
def storage(request: pytest.FixtureRequest) -> Storage:
    """Each storage in turn, empty."""
    found: Storage = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def aysel(storage: Storage) -> Customer:
    """A customer; with her comes the payment method `card`, whose id is 1."""
    with storage.begin() as uow:
        uow.methods.put(make_method(uow.methods.next_id()))
        customer = uow.people.add_customer("Aysel", "Məmmədova", "Aysel@Example.com", "hash")
        uow.commit()
    return customer
