"""What the core needs from storage: repositories, and one transaction around them."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self

import attrs

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
from domain.events import Event


class StaleVersion(Exception):
    """Somebody else changed it meanwhile: read again and decide again."""


class UnitOfWork(Protocol):
    """One transaction: nothing is stored before `commit`, and leaving without it rolls back.

    `commit` runs the reactions to what happened, stores every saved aggregate and the events to
    relay, and commits; it raises StaleVersion, or AssertionError for an aggregate changed and
    not saved. Rows are locked in one order: payments, orders, products, wallets, each by key; carts
    last.
    """

    carts: Carts
    products: Products
    orders: Orders
    payments: Payments
    methods: Methods
    people: People
    inbox: Inbox
    failures: Failures
    bank_entries: BankEntries
    wallets: Wallets

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def numbers(self, orders: int) -> Numbers:
        """Take ids for that many orders and one payment."""
        ...

    def commit(self) -> None:
        """React, store, relay, commit."""
        ...


Begin = Callable[[], UnitOfWork]


class Reacts(Protocol):
    """What a unit of work runs at commit: every consequence of what happened, and what to relay."""

    def __call__(self, uow: UnitOfWork, pull: Callable[[], Sequence[Event]]) -> Sequence[Event]:
        """Drain the events, run their reactions, and answer the events to relay."""
        ...


@attrs.frozen
class Page:
    """Which part of a list: `limit` items after the one with this position (None: from the newest)."""

    limit: int
    after: int | None = None
