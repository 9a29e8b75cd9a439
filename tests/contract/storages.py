"""The storages that keep the same promises, each made fresh for a test."""

import base64
from collections.abc import Callable, Sequence

import attrs
from sqlalchemy import Engine, select

from adapters.memory.books import MemoryBooks
from adapters.memory.pruning import MemoryPruning
from adapters.memory.queries import MemoryIdempotencyKeys, MemoryOutbox, MemoryQueries
from adapters.memory.store import MemoryStore
from adapters.sql.books import SqlBooks
from adapters.sql.idempotency import SqlIdempotencyKeys
from adapters.sql.outbox import SqlOutbox
from adapters.sql.pruning import SqlPruning
from adapters.sql.queries import SqlQueries
from adapters.sql.tables import inbox
from adapters.sql.unit_of_work import SqlUnitOfWork
from application.books import Books
from application.ports import IdempotencyKeys, Outbox, Prunes
from application.repositories import InboxEntry
from application.storage import UnitOfWork
from application.views import Queries
from domain.events import Event


class PlainVault:
    """Seals nothing, but changes what it is given."""

    def seal(self, text: str) -> str:
        """In base 64."""
        return base64.b64encode(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Out of base 64."""
        return base64.b64decode(sealed).decode()


def relay_all(uow: UnitOfWork, pull: Callable[[], Sequence[Event]]) -> Sequence[Event]:
    """React to nothing, and relay whatever happened."""
    return pull()


@attrs.frozen
class Storage:
    """One adapter behind every port of storage; `received` reads the audit of callbacks."""

    begin: Callable[..., UnitOfWork]
    queries: Queries
    books: Books
    outbox: Outbox
    prunes: Prunes
    idempotency: IdempotencyKeys
    received: Callable[[], Sequence[InboxEntry]]


def memory_storage(store: MemoryStore | None = None) -> Storage:
    """In memory."""
    store = store or MemoryStore()
    return Storage(
        begin=lambda reacts=relay_all: store.begin(reacts),
        queries=MemoryQueries(store),
        books=MemoryBooks(store),
        outbox=MemoryOutbox(store),
        prunes=MemoryPruning(store),
        idempotency=MemoryIdempotencyKeys(store),
        received=lambda: list(store.tables.inbox.values()),
    )


def sql_storage(engine: Engine) -> Storage:
    """In a database that is migrated."""
    vault = PlainVault()

    def received() -> Sequence[InboxEntry]:
        columns = [column for column in inbox.c if column is not inbox.c.id]
        with engine.connect() as connection:
            rows = connection.execute(select(*columns).order_by(inbox.c.id)).mappings()
            return [InboxEntry(**row) for row in rows]

    return Storage(
        begin=lambda reacts=relay_all: SqlUnitOfWork(engine, vault, reacts),
        queries=SqlQueries(engine, vault),
        books=SqlBooks(engine, vault),
        outbox=SqlOutbox(engine),
        prunes=SqlPruning(engine),
        idempotency=SqlIdempotencyKeys(engine, vault),
        received=received,
    )
