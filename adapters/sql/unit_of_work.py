"""One transaction over the database."""

import random
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from sqlalchemy import Engine

from adapters.sql.audit import SqlFailures, SqlInbox
from adapters.sql.bank import SqlBankEntries
from adapters.sql.catalog import SqlCarts, SqlProducts
from adapters.sql.numbers import next_numbers
from adapters.sql.orders import SqlOrders
from adapters.sql.outbox import INSERT_EVENTS, event_to_row
from adapters.sql.payments import SqlPayments
from adapters.sql.people import SqlMethods, SqlPeople
from adapters.sql.session import Change, Session
from adapters.sql.wallets import SqlWallets
from application.ports import Vault
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
from application.storage import Reacts, StaleVersion
from domain.events import Event
from domain.order import Order
from domain.payment import Payment

STEP_BACK_SECONDS_MAX = 0.03


class SqlUnitOfWork:
    """One transaction; on SQLite nobody else writes until it ends.

    Who leaves it having lost a race steps back for a moment: it will be run again as a whole, and
    those who waited in a circle must not meet there again.
    """

    def __init__(self, engine: Engine, vault: Vault, reacts: Reacts) -> None:
        self._session = session = Session(engine)
        self._reacts = reacts
        self._noted: list[Order | Payment] = []
        orders, payments = SqlOrders(session, vault, self._noted), SqlPayments(session, self._noted)
        products, carts, wallets = SqlProducts(session), SqlCarts(session), SqlWallets(session)
        inbox = SqlInbox(session)
        self._held = orders.held, payments.held
        # Payments point to orders, so orders are written first; every row is locked by then.
        self._written = orders, payments, products, carts, inbox
        self._posted = wallets
        self.orders: Orders = orders
        self.payments: Payments = payments
        self.products: Products = products
        self.carts: Carts = carts
        self.wallets: Wallets = wallets
        self.methods: Methods = SqlMethods(session, vault)
        self.people: People = SqlPeople(session)
        self.inbox: Inbox = inbox
        self.failures: Failures = SqlFailures(session)
        self.bank_entries: BankEntries = SqlBankEntries(session)

    def __enter__(self) -> Self:
        self._session.begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()
        if isinstance(error, StaleVersion):
            time.sleep(random.uniform(0, STEP_BACK_SECONDS_MAX))  # noqa: S311 -- no secret

    def numbers(self, orders: int) -> Numbers:
        """Take ids for that many orders and one payment."""
        return next_numbers(self._session, orders)

    def commit(self) -> None:
        """React, store, relay, commit. Raises: StaleVersion, StoreUnavailable, AssertionError."""
        relayed = self._reacts(self, self._pull)
        self._ensure_all_saved()
        changes = [change for repository in self._written for change in repository.changes()]
        changes.append(Change(INSERT_EVENTS, [event_to_row(event) for event in relayed]))
        if self._posted.is_touched:
            # What is posted points to payments, and its rows to each other.
            self._session.write(changes)
            self._posted.flush()
            changes.clear()
        self._session.commit(changes)

    def _pull(self) -> Sequence[Event]:
        return [event for aggregate in self._noted for event in aggregate.pull_events()]

    def _ensure_all_saved(self) -> None:
        orders, payments = self._held
        held: list[Order | Payment] = [*orders.loaded.values(), *payments.loaded.values()]
        for aggregate in held:
            if aggregate.pull_events():
                name = type(aggregate).__name__.lower()
                raise AssertionError(f"{name} {aggregate.id} was changed and not saved")
