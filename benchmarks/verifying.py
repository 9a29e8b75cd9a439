"""Whether every checkout that was answered to its end stands in the database, once and whole."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import attrs
from sqlalchemy import Engine, bindparam, case, func, select

from adapters.sql.tables import orders, outbox, payment_orders, payments, products
from benchmarks.buyers import Bought
from benchmarks.clients import Connection
from benchmarks.standin import RECORD
from domain.bill import BillState
from domain.order_status import OrderPaymentStatus, OrderStatus

_PAID = (
    select(
        payments.c.id,
        payments.c.order_id.label("reference"),
        payments.c.amount,
        orders.c.id.label("order"),
        orders.c.sequence.label("order_events"),
        payments.c.sequence.label("payment_events"),
    )
    .join(payment_orders, payment_orders.c.payment_id == payments.c.id)
    .join(orders, orders.c.id == payment_orders.c.order_id)
    .where(
        payments.c.id > bindparam("payment"),
        payments.c.state == BillState.PAID,
        orders.c.status == OrderStatus.PROCESSING,
        orders.c.payment_status == OrderPaymentStatus.PAID,
        orders.c.payment_id == payments.c.id,
        orders.c.total == payments.c.amount,
    )
)
_EVENTS = (
    select(
        outbox.c.subject,
        outbox.c.subject_id,
        func.count().label("events"),
        func.sum(case((outbox.c.type.in_(["order.paid", "payment.succeeded"]), 1), else_=0)).label("news"),
    )
    .where(outbox.c.id > bindparam("event"))
    .group_by(outbox.c.subject, outbox.c.subject_id)
)
_LAST = select(
    select(func.coalesce(func.max(payments.c.id), 0)).scalar_subquery().label("payment"),
    select(func.coalesce(func.max(outbox.c.id), 0)).scalar_subquery().label("event"),
)
_STOCK = select(products.c.sku, products.c.on_hand, products.c.reserved)
_UNDELIVERED = select(func.count()).where(outbox.c.delivered_at.is_(None))


@attrs.frozen
class Mark:
    """Where the tables ended: what comes after was sold since."""

    payment: int
    event: int

    @classmethod
    def read(cls, engine: Engine) -> "Mark":
        """As it is just now."""
        with engine.connect() as connection:
            return cls(*connection.execute(_LAST).one())


@attrs.frozen
class Books:
    """What was sold since a mark: payments that are paid as they should be, their events; and the stock.

    Shape: `paid` from a payment's id to its reference and amount, `told_wrongly` names orders and
    payments, `stock` goes from a sku to units on hand and reserved.
    """

    paid: Mapping[int, tuple[str, int]]
    told_wrongly: Sequence[str]
    stock: Mapping[str, tuple[int, int]]

    @classmethod
    def read(cls, engine: Engine, since: Mark, *, tells_all: bool) -> "Books":
        """As they stand; `tells_all` where every change leaves an event, and not only one is written."""
        with engine.connect() as connection:
            paid = connection.execute(_PAID, {"payment": since.payment}).all()
            told = connection.execute(_EVENTS, {"event": since.event})
            events = {(row.subject, row.subject_id): row for row in told}
            stock = {row.sku: (row.on_hand, row.reserved) for row in connection.execute(_STOCK)}
        wanted = {("order", row.order): row.order_events for row in paid}
        if tells_all:
            wanted |= {("payment", row.id): row.payment_events for row in paid}
        wrongly = [
            f"{subject} {number}"
            for (subject, number), count in wanted.items()
            if (found := events.get((subject, number))) is None or (found.events, found.news) != (count, 1)
        ]
        return cls({row.id: (row.reference, row.amount) for row in paid}, wrongly, stock)


def breaches(
    books: Books,
    bought: Sequence[Bought],
    sold: Mapping[str, int],
    units: int,
    gateway: Mapping[str, Mapping[str, int]] | None,
) -> list[str]:
    """What is missing, or there too often; nothing when all is as it should be.

    Shape: `sold` from a sku to units that were bought, of `units` that there were of each;
    `gateway` its own record, from a reference to amount, opened and asked.
    """
    wrong = [f"{each} has not its events" for each in books.told_wrongly]
    wanted = {each.payment_id: (each.reference, each.amount) for each in bought}
    wrong += [f"payment {number} is not paid" for number in wanted.keys() - books.paid.keys()]
    wrong += [f"payment {number} was bought by nobody" for number in books.paid.keys() - wanted.keys()]
    wrong += [
        f"payment {number} is {books.paid[number]}"
        for number in wanted.keys() & books.paid.keys()
        if books.paid[number] != wanted[number]
    ]
    wrong += [
        f"{sku}: {books.stock.get(sku)} on hand and reserved, {count} sold"
        for sku, count in sold.items()
        if books.stock.get(sku) != (units - count, 0)
    ]
    return wrong + (_not_at(gateway, bought) if gateway is not None else [])


def _not_at(gateway: Mapping[str, Mapping[str, int]], bought: Sequence[Bought]) -> list[str]:
    found = {each.reference: gateway.get(each.reference, {}) for each in bought}
    return [
        f"the gateway knows {each.reference} as {dict(found[each.reference])}"
        for each in bought
        if (found[each.reference].get("opened"), found[each.reference].get("amount")) != (1, each.amount)
        or not found[each.reference].get("asked")
    ]


def record_of(gateway: str) -> Mapping[str, Mapping[str, int]]:
    """What the stand-in was asked for."""
    connection = Connection(gateway)
    told: Mapping[str, Mapping[str, int]] = connection.ask("GET", RECORD)
    connection.close()
    return told


def sold_by(carts: Iterable[tuple[Sequence[str], int]]) -> Counter[str]:
    """Units of each thing, from what was in each buyer's cart and how often it was bought."""
    sold: Counter[str] = Counter()
    for skus, times in carts:
        for sku in skus:
            sold[sku] += times
    return sold


def undelivered(engine: Engine) -> int:
    """How many events still have to be told to others."""
    with engine.connect() as connection:
        return int(connection.execute(_UNDELIVERED).scalar_one())
