"""Removing what was kept for long enough from the store in memory."""

from collections.abc import Iterator, MutableMapping
from datetime import datetime
from itertools import islice
from typing import Any

from adapters.memory.store import MemoryStore
from adapters.memory.tables import StoredEvent, Tables
from application.ports import Perishable
from domain.order_status import OrderStatus


class MemoryPruning:
    """Removes what was kept for long enough."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def __call__(self, what: Perishable, before: datetime, limit: int) -> int:
        """Remove up to so many that were last of use before then; answers how many."""
        with self._store.writing(), self._store.reading() as tables:
            old = list(islice(_OLD[what](tables, before), limit))
            for table, key in old:
                del table[key]
            if old:
                tables.pruned[what] = max(before, tables.pruned.get(what, before))
        return len(old)


_Old = Iterator[tuple[MutableMapping[Any, Any], Any]]


def _events(tables: Tables, before: datetime) -> _Old:
    staying: set[tuple[str, int]] = set()
    for event_id, kept in sorted(tables.outbox.items(), key=lambda item: item[1].event.sequence):
        subject = (kept.event.subject, kept.event.subject_id)
        if subject in staying or not _was_told(kept, before):
            staying.add(subject)
        else:
            yield tables.outbox, event_id


def _was_told(kept: StoredEvent, before: datetime) -> bool:
    return kept.delivered_at is not None and kept.delivered_at < before


def _callbacks(tables: Tables, before: datetime) -> _Old:
    for entry_id, entry in sorted(tables.inbox.items()):
        if entry.received_at < before and entry.verdict not in {"received", "unconfirmed"}:
            yield tables.inbox, entry_id


def _carts(tables: Tables, before: datetime) -> _Old:
    for customer_id, cart in tables.carts.items():
        if cart is None or cart.changed_on >= before.date():
            continue
        orders = tables.checkouts.get(cart.checkout_id, ()) if cart.checkout_id else ()
        if not any(tables.orders[id_].status in {OrderStatus.NEW, OrderStatus.HOLD} for id_ in orders):
            yield tables.carts, customer_id


def _keys(tables: Tables, before: datetime) -> _Old:
    for scope, claim in tables.claims.items():
        if claim and max(claim.locked_until, claim.kept_at or claim.locked_until) < before:
            yield tables.claims, scope


def _failures(tables: Tables, before: datetime) -> _Old:
    for number, (_, at) in tables.failures.items():
        if at < before:
            yield tables.failures, number


_OLD = {
    Perishable.EVENTS: _events,
    Perishable.CALLBACKS: _callbacks,
    Perishable.CARTS: _carts,
    Perishable.KEYS: _keys,
    Perishable.FAILURES: _failures,
}
