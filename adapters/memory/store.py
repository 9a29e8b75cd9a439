"""The store in memory, for tests and demos: transactions one after another, copies throughout."""

import json
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from adapters.memory.bank import MemoryBankEntries
from adapters.memory.people import MemoryFailures, MemoryInbox, MemoryMethods, MemoryPeople
from adapters.memory.repositories import MemoryCarts, MemoryOrders, MemoryPayments, MemoryProducts
from adapters.memory.tables import StoredEvent, Tables
from adapters.memory.wallets import MemoryWallets
from application.ports import RelayedEvent
from application.relayed import data_of
from application.repositories import (
    BankEntries,
    Carts,
    Failures,
    Inbox,
    Methods,
    Numbers,
    Orders,
    Payments,
    People,
    Products,
    Wallets,
)
from application.storage import Reacts
from domain.events import Event
from domain.ids import OrderId, PaymentId
from domain.order import Order
from domain.payment import Payment


class MemoryStore:
    """Everything that is stored; any number of threads may use it, one of them writes at a time."""

    def __init__(self) -> None:
        self.tables = Tables()
        self._numbers: Counter[str] = Counter()
        self._writer = threading.Lock()
        self._writing_thread: int | None = None
        self._guard = threading.Lock()

    def begin(self, reacts: Reacts) -> "MemoryUnitOfWork":
        """A new unit of work."""
        return MemoryUnitOfWork(self, reacts)

    def next_number(self, name: str) -> int:
        """The next number of that name, from 1; numbers taken by what is rolled back stay unused."""
        self._numbers[name] += 1
        return self._numbers[name]

    def ensure_not_writing(self) -> None:
        """What may take long, or begins a transaction, is done outside one. Raises: AssertionError."""
        if self._writing_thread == threading.get_ident():
            raise AssertionError("this is done inside a transaction")

    @contextmanager
    def writing(self) -> Iterator[Tables]:
        """A draft of the tables, while nobody else writes. Raises: AssertionError when nested."""
        self.ensure_not_writing()
        with self._writer:
            self._writing_thread = threading.get_ident()
            try:
                yield self.tables.draft()
            finally:
                self._writing_thread = None

    @contextmanager
    def reading(self) -> Iterator[Tables]:
        """The tables as last committed, while they do not change."""
        with self._guard:
            yield self.tables

    def commit(self, draft: Tables) -> None:
        """Make a draft what is stored."""
        with self._guard:
            self.tables.take_over(draft)


class MemoryUnitOfWork:
    """One transaction over the store."""

    def __init__(self, store: MemoryStore, reacts: Reacts) -> None:
        self._store, self._reacts = store, reacts
        self._writing = store.writing()

    def __enter__(self) -> Self:
        self._tables = tables = self._writing.__enter__()
        next_number = self._store.next_number
        self._noted: list[Order | Payment] = []
        orders, payments = MemoryOrders(tables, self._noted), MemoryPayments(tables, self._noted)
        products, carts = MemoryProducts(tables, next_number), MemoryCarts(tables)
        self._held = orders.held, payments.held
        wallets = MemoryWallets(tables, next_number)
        self._flushed = orders, payments, products, wallets, carts
        self.orders: Orders = orders
        self.payments: Payments = payments
        self.products: Products = products
        self.carts: Carts = carts
        self.wallets: Wallets = wallets
        self.methods: Methods = MemoryMethods(tables, next_number)
        self.people: People = MemoryPeople(tables, next_number)
        self.inbox: Inbox = MemoryInbox(tables, next_number)
        self.failures: Failures = MemoryFailures(tables, next_number)
        self.bank_entries: BankEntries = MemoryBankEntries(tables)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writing.__exit__(kind, error, trace)

    def numbers(self, orders: int) -> Numbers:
        """Take ids for that many orders and one payment."""
        ids = tuple(OrderId(self._store.next_number("order")) for _ in range(orders))
        return Numbers(ids, PaymentId(self._store.next_number("payment")))

    def commit(self) -> None:
        """React, store, relay, commit."""
        relayed = self._reacts(self, self._pull)
        self._ensure_all_saved()
        for repository in self._flushed:
            repository.flush()
        for event in relayed:
            self._relay(event)
        self._store.commit(self._tables)

    def _pull(self) -> Sequence[Event]:
        return [event for aggregate in self._noted for event in aggregate.pull_events()]

    def _ensure_all_saved(self) -> None:
        orders, payments = self._held
        for order_id, order in orders.loaded.items():
            is_changed = order_id not in orders.saved and order != self._tables.orders[order_id]
            if is_changed or order.pull_events():
                raise AssertionError(f"order {order_id} was changed and not saved")
        for payment_id, payment in payments.loaded.items():
            is_changed = payment_id not in payments.saved and payment != self._tables.payments[payment_id]
            if is_changed or payment.pull_events():
                raise AssertionError(f"payment {payment_id} was changed and not saved")

    def _relay(self, event: Event) -> None:
        relayed = RelayedEvent(
            id=self._store.next_number("event"),
            type=event.type,
            subject=event.subject,
            subject_id=event.subject_id,
            sequence=event.sequence,
            occurred_at=event.occurred_at,
            attempts=0,
            data=json.loads(json.dumps(data_of(event))),
        )
        self._tables.outbox[relayed.id] = StoredEvent(relayed, due_at=event.occurred_at)
