"""The books: a sheet of everything that is stored is read in one transaction, as of one moment."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from sqlalchemy import BindParameter, Connection, Engine, Select, and_, bindparam, case, func, select

from adapters.sql.bank import entry_from_row
from adapters.sql.engine import snapshot
from adapters.sql.ledgers import bank_entries, wallet_entries, wallet_postings, wallets
from adapters.sql.mapping import order_from_rows, payment_from_rows
from adapters.sql.orders import WHOLE_ORDERS
from adapters.sql.payments import WHOLE_PAYMENTS
from adapters.sql.statements import AnyRow
from adapters.sql.tables import order_lines, orders, outbox, payment_orders, payments, products, prunings
from adapters.sql.trouble import translated
from application.books import OrderEntry, PaymentEntry, StockEntry, Told, WalletEntry
from application.ports import Perishable, Vault
from domain.bank import JudgedEntry
from domain.order_status import OrderStatus
from domain.wallet import Account

_AFTER: BindParameter[Any] = bindparam("after")
_UNTIL: BindParameter[Any] = bindparam("until")


def _sheet_of(owner: Any) -> Select[Any]:
    ids = select(owner.c.id).where(owner.c.id > _AFTER).order_by(owner.c.id)
    return ids.limit(bindparam("limit"))


def _on_sheet(column: Any) -> Any:
    return column.between(_AFTER + 1, _UNTIL)


_ORDER_IDS, _PAYMENT_IDS = _sheet_of(orders), _sheet_of(payments)
_ORDERS = WHOLE_ORDERS.where(_on_sheet(orders.c.id)).order_by(orders.c.id, order_lines.c.position)
_PAYMENTS = WHOLE_PAYMENTS.order_by(payments.c.id, payment_orders.c.position)
_links = payment_orders.alias("links")
_PAYMENTS_OF_ORDERS = _PAYMENTS.where(
    payments.c.id.in_(select(_links.c.payment_id).where(_on_sheet(_links.c.order_id)))
)
_PAYMENTS_ON_SHEET = _PAYMENTS.where(_on_sheet(payments.c.id))
_REPORTED = select(bank_entries).where(_on_sheet(bank_entries.c.payment_id)).order_by(bank_entries.c.id)
_gained = wallet_entries.c.amount
_MOVED = (
    select(
        wallet_postings.c.payment_id,
        func.sum(case((_gained < 0, -_gained), else_=0)).label("drawn"),
        func.sum(case((_gained > 0, _gained), else_=0)).label("returned"),
    )
    .join(wallet_entries, wallet_entries.c.posting_id == wallet_postings.c.id)
    .where(wallet_entries.c.account == Account.WALLET.value, _on_sheet(wallet_postings.c.payment_id))
    .group_by(wallet_postings.c.payment_id)
)
_TOLD = (
    select(
        outbox.c.subject_id,
        func.min(outbox.c.sequence).label("first"),
        func.max(outbox.c.sequence).label("last"),
        func.count().label("total"),
    )
    .where(outbox.c.subject == bindparam("subject"), _on_sheet(outbox.c.subject_id))
    .group_by(outbox.c.subject_id)
)
_GONE = select(prunings.c.before).where(prunings.c.what == Perishable.EVENTS)
_held = (
    select(order_lines.c.sku, func.sum(order_lines.c.quantity).label("units"))
    .join(orders, orders.c.id == order_lines.c.order_id)
    .where(orders.c.status == OrderStatus.HOLD.value)
    .group_by(order_lines.c.sku)
    .subquery("held")
)
_STOCK = select(products.c.sku, products.c.reserved, func.coalesce(_held.c.units, 0).label("held")).outerjoin(
    _held, _held.c.sku == products.c.sku
)


_posted = (
    select(
        wallet_postings.c.id,
        wallet_postings.c.customer_id,
        wallet_postings.c.currency,
        func.sum(case((wallet_entries.c.account == Account.WALLET.value, _gained), else_=0)).label("gained"),
        func.coalesce(func.sum(_gained), 1).label("difference"),
    )
    .outerjoin(wallet_entries, wallet_entries.c.posting_id == wallet_postings.c.id)
    .group_by(wallet_postings.c.id)
    .subquery("posted")
)
_WALLETS = (
    select(
        wallets.c.customer_id,
        wallets.c.currency,
        wallets.c.balance,
        func.coalesce(func.sum(_posted.c.gained), 0).label("posted"),
        func.sum(case((_posted.c.difference != 0, 1), else_=0)).label("lopsided"),
    )
    .outerjoin(
        _posted,
        and_(_posted.c.customer_id == wallets.c.customer_id, _posted.c.currency == wallets.c.currency),
    )
    .group_by(wallets.c.customer_id, wallets.c.currency)
)


class SqlBooks:
    """Everything that is stored, for whoever checks it."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine, self._vault = engine, vault

    def orders(self, after: int, limit: int) -> Sequence[OrderEntry]:
        """The next orders by id. Raises: ValueError for what cannot be read."""
        with self._sheet(_ORDER_IDS, after, limit) as (connection, ids, values):
            groups = _grouped(connection.execute(_ORDERS, values), ids, "order has no line")
            paying = connection.execute(_PAYMENTS_OF_ORDERS, values)
            payments_by_id = {id_: payment_from_rows(rows) for id_, rows in _groups(paying)}
            told = _told(connection, "order", values)
        found = [order_from_rows(rows, self._vault) for rows in groups]
        return [
            OrderEntry(
                order=order,
                total=rows[0].total,
                payments=tuple(payments_by_id[id_] for id_ in order.payment_ids),
                told=told[order.id],
            )
            for order, rows in zip(found, groups, strict=True)
        ]

    def payments(self, after: int, limit: int) -> Sequence[PaymentEntry]:
        """The next payments by id. Raises: ValueError for what cannot be read."""
        with self._sheet(_PAYMENT_IDS, after, limit) as (connection, ids, values):
            groups = _grouped(connection.execute(_PAYMENTS_ON_SHEET, values), ids, "payment is for no order")
            told = _told(connection, "payment", values)
            reported = defaultdict[int, list[JudgedEntry]](list)
            for row in connection.execute(_REPORTED, values):
                reported[row.payment_id].append(entry_from_row(row))
            moved = defaultdict[int, tuple[int, int]](lambda: (0, 0))
            for row in connection.execute(_MOVED, values):
                moved[row.payment_id] = int(row.drawn), int(row.returned)
        return [
            PaymentEntry(
                payment=each,
                told=told[each.id],
                reported=tuple(reported[each.id]),
                drawn=moved[each.id][0],
                returned=moved[each.id][1],
            )
            for each in map(payment_from_rows, groups)
        ]

    def stock(self) -> Sequence[StockEntry]:
        """Every product."""
        with translated(), snapshot(self._engine) as connection:
            rows = connection.execute(_STOCK).all()
        return [StockEntry(sku=row.sku, reserved=row.reserved, held=row.held) for row in rows]

    def wallets(self) -> Sequence[WalletEntry]:
        """Every wallet."""
        with translated(), snapshot(self._engine) as connection:
            rows = connection.execute(_WALLETS).all()
        return [
            WalletEntry(
                customer_id=row.customer_id,
                currency=row.currency,
                balance=row.balance,
                posted=int(row.posted),
                lopsided=row.lopsided,
            )
            for row in rows
        ]

    @contextmanager
    def _sheet(
        self, statement: Select[Any], after: int, limit: int
    ) -> Iterator[tuple[Connection, Sequence[int], Mapping[str, Any]]]:
        with translated(), snapshot(self._engine) as connection:
            ids = connection.execute(statement, {"after": after, "limit": limit}).scalars().all()
            yield connection, ids, {"after": after, "until": ids[-1] if ids else after}


def _groups(rows: Any) -> Iterator[tuple[int, list[AnyRow]]]:
    for id_, group in groupby(rows, lambda row: row.id):
        yield id_, list(group)


def _grouped(rows: Any, ids: Sequence[int], otherwise: str) -> Sequence[list[AnyRow]]:
    """The rows of each of these; what has none would not be missed by any other question."""
    found = dict(_groups(rows))
    for id_ in ids:
        if id_ not in found:
            raise ValueError(f"{otherwise}: {id_}")
    return list(found.values())


def _told(connection: Connection, subject: str, values: Mapping[str, Any]) -> Mapping[int, Told]:
    gone_before = connection.execute(_GONE).scalar_one()
    told = defaultdict[int, Told](lambda: Told(gone_before=gone_before))
    for row in connection.execute(_TOLD, {**values, "subject": subject}):
        told[row.subject_id] = Told(row.first, row.last, row.total, gone_before)
    return told
