"""The repository of orders: one statement reads an order with its lines and payments."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, String, bindparam, cast, func, insert, literal_column, select, update

from adapters.sql.held import Held
from adapters.sql.mapping import hash_of_key, lines_to_rows, order_changes, order_to_row, orders_from_rows
from adapters.sql.one_of import one_of
from adapters.sql.session import Change, Session
from adapters.sql.tables import order_lines, orders, payment_orders
from application.ports import Vault
from domain.ids import CheckoutId, OrderId, OrderKey
from domain.order import Order

_PAYMENT_IDS = (
    # The comma is a part of the statement, and no value to be put into it each time.
    select(func.aggregate_strings(cast(payment_orders.c.payment_id, String), literal_column("','")))  # type: ignore[arg-type]
    .where(payment_orders.c.order_id == orders.c.id)
    .correlate(orders)
    .scalar_subquery()
)

WHOLE_ORDERS = select(
    *(column for column in orders.c if column is not orders.c.key_hash),
    _PAYMENT_IDS.label("payment_ids"),
    order_lines.c.sku,
    order_lines.c.name,
    order_lines.c.quantity,
    order_lines.c.unit_price,
).join(order_lines, order_lines.c.order_id == orders.c.id)

_OLDEST_FIRST = WHOLE_ORDERS.order_by(orders.c.id, order_lines.c.position)
_BY_KEYS = _OLDEST_FIRST.where(one_of(orders.c.key_hash, "hashes"))
_OF_CHECKOUT = _OLDEST_FIRST.where(orders.c.checkout_id == bindparam("checkout"))
_BY_IDS = _OLDEST_FIRST.where(one_of(orders.c.id, "ids"))
# Who waited for a lock on PostgreSQL gets the row as it is now, but with it the payments that it had
# when the waiting began. The version as of then tells, and the orders are read again.
_before = orders.alias("before")
_VERSION_SEEN = select(_before.c.version).where(_before.c.id == orders.c.id).scalar_subquery()
_LOCK = _BY_IDS.add_columns(_VERSION_SEEN.label("version_seen")).with_for_update(of=orders, key_share=True)
_INSERT = insert(orders)
_INSERT_LINES = insert(order_lines)
_UPDATE = update(orders).where(
    orders.c.id == bindparam("the_id"), orders.c.version == bindparam("the_version")
)


class SqlOrders:
    """The orders, found by id or by the digests of their secret keys."""

    def __init__(self, session: Session, vault: Vault, noted: list[Any]) -> None:
        self._session, self._vault = session, vault
        self.held: Held[OrderId, Order] = Held(noted)

    def by_keys(self, keys: Sequence[OrderKey]) -> Sequence[Order]:
        """Those that exist, in the order asked, to look at."""
        hashes = {hash_of_key(key) for key in keys}
        found = {order.key: order for order in self._look(_BY_KEYS, {"hashes": sorted(hashes)})}
        return [found[key] for key in keys if key in found]

    def find(self, ids: Iterable[OrderId]) -> Sequence[Order]:
        """Those that exist, to look at."""
        return self._look(_BY_IDS, {"ids": sorted(set(ids))})

    def of_checkout(self, checkout_id: CheckoutId) -> Sequence[Order]:
        """The orders that came from one checkout of a cart, to look at."""
        return self._look(_OF_CHECKOUT, {"checkout": checkout_id})

    def lock(self, ids: Iterable[OrderId]) -> Sequence[Order]:
        """Those that exist, locked in the order of their ids."""
        wanted, loaded = sorted(set(ids)), self.held.loaded
        missing = [order_id for order_id in wanted if order_id not in loaded]
        if missing:
            rows = self._session.run(_LOCK, {"ids": missing})
            if any(row.version != row.version_seen for row in rows):
                rows = self._session.run(_BY_IDS, {"ids": missing})
            loaded.update((order.id, order) for order in orders_from_rows(rows, self._vault))
        return [loaded[order_id] for order_id in wanted if order_id in loaded]

    def add(self, order: Order) -> None:
        """Store a new order."""
        self.held.add(order.id, order)

    def save(self, order: Order) -> None:
        """Store a changed order."""
        self.held.save(order.id, order)

    def changes(self) -> Sequence[Change]:
        """What was noted, to be written."""
        added, saved = self.held.added.values(), self.held.saved.values()
        new = [{**order_to_row(order, self._vault), "version": 1} for order in added]
        return [
            Change(_INSERT, new, added),
            Change(_INSERT_LINES, [row for order in added for row in lines_to_rows(order)]),
            Change(_UPDATE, [{**order_changes(order), **_guard(order)} for order in saved], saved, "orders"),
        ]

    def _look(self, statement: Select[Any], values: Mapping[str, object]) -> list[Order]:
        found = orders_from_rows(self._session.run(statement, values), self._vault)
        return [self.held.loaded.get(order.id, order) for order in found]


def _guard(order: Order) -> Mapping[str, object]:
    return {"the_id": order.id, "the_version": order.version, "version": order.version + 1}
