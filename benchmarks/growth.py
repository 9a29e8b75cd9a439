"""A database with very many orders: all the rows that a real checkout leaves in every table, again and again.

One real checkout is the template. Its rows are copied by the database itself, with other numbers and
secrets where they have to differ; whatever else a column holds is what the service wrote there.
"""

from collections.abc import Mapping, Sequence

import attrs
from sqlalchemy import Engine, Table, func, select, text

from adapters.sql.tables import (
    accounts,
    carts,
    customers,
    idempotency_keys,
    inbox,
    order_lines,
    orders,
    outbox,
    payment_orders,
    payments,
)

ORDERS_PER_CUSTOMER = 5
CUSTOMERS_PER_CART = 5
PORTION = 50_000

# How what must differ is made of the number of the copy; :base is where the customers' ids begin.
_CUSTOMER = f":base + (n - 1) / {ORDERS_PER_CUSTOMER}"
_EMAIL = "n || '@copied.example'"
_DIGEST = "encode(sha256(('{0}' || n)::bytea), 'hex')"
_OF_ORDER = "t.order_id = :order"


@attrs.frozen
class Copied:
    """A table whose rows of the template are copied.

    `template` says which rows, `every` that only each so manieth copy is made.
    Shape: `differs` from a column to what it is made of, or to nothing where the table numbers it.
    """

    table: Table
    template: str
    differs: Mapping[str, str]
    every: int = 1

    @property
    def statement(self) -> str:
        """Copies numbered from :first to :last."""
        columns = [column.name for column in self.table.c if self.differs.get(column.name) != ""]
        values = [self.differs.get(name, f't."{name}"') for name in columns]
        quoted = [f'"{name}"' for name in columns]
        name = self.table.name
        return (
            f"INSERT INTO {name} ({', '.join(quoted)}) SELECT {', '.join(values)} FROM {name} AS t,"
            " generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n"
            f" WHERE n % {self.every} = 0 AND {self.template}"
        )


COPIES: Sequence[Copied] = (
    Copied(
        accounts,
        "t.email_key = (SELECT email_key FROM customers WHERE id = :customer)",
        {"email_key": _EMAIL},
        every=ORDERS_PER_CUSTOMER,
    ),
    Copied(
        customers,
        "t.id = :customer",
        {"id": _CUSTOMER, "email": _EMAIL, "email_key": _EMAIL},
        every=ORDERS_PER_CUSTOMER,
    ),
    Copied(
        orders,
        "t.id = :order",
        {
            "id": "t.id + n",
            "key_hash": _DIGEST.format("order"),
            "checkout_id": "md5('checkout' || n)",
            "cart_id": "md5('cart' || n)",
            "customer_id": _CUSTOMER,
            "payment_id": "t.payment_id + n",
        },
    ),
    Copied(order_lines, _OF_ORDER, {"order_id": "t.order_id + n"}),
    Copied(
        payments,
        "t.id = :payment",
        {
            "id": "t.id + n",
            "order_id": "md5('reference' || n)",
            "customer_id": _CUSTOMER,
            "transaction_id": "'copy_' || n",
        },
    ),
    Copied(payment_orders, _OF_ORDER, {"payment_id": "t.payment_id + n", "order_id": "t.order_id + n"}),
    Copied(
        outbox,
        "(t.subject, t.subject_id) IN (('order', :order), ('payment', :payment))",
        {"id": "", "subject_id": "t.subject_id + n"},
    ),
    Copied(inbox, "t.payment_id = :payment", {"id": "", "payment_id": "t.payment_id + n"}),
    Copied(idempotency_keys, "t.scope_hash = :scope", {"scope_hash": _DIGEST.format("scope")}),
    # Of the customers some have left a cart behind, which no checkout does.
    Copied(
        carts,
        "t.id = :cart",
        {"id": "md5('left' || n)", "customer_id": _CUSTOMER},
        every=ORDERS_PER_CUSTOMER * CUSTOMERS_PER_CART,
    ),
)

_TEMPLATE = text(
    "SELECT o.id AS order, o.payment_id AS payment, o.customer_id AS customer, left_behind.id AS cart,"
    " (SELECT scope_hash FROM idempotency_keys WHERE kept_at IS NOT NULL LIMIT 1) AS scope,"
    " (SELECT max(id) + 1 FROM customers) AS base"
    " FROM orders AS o, carts AS left_behind WHERE o.status = 'PROCESSING' ORDER BY o.id DESC LIMIT 1"
)
# References were true where they were copied from, and are not looked up a million times.
_TRUSTING = text("SET LOCAL session_replication_role = replica")
_NUMBERED = text(
    "SELECT setval('order_ids', (SELECT max(id) FROM orders)),"
    " setval('payment_ids', (SELECT max(id) FROM payments)),"
    " setval(pg_get_serial_sequence('customers', 'id'), (SELECT max(id) FROM customers))"
)


def grow(engine: Engine, orders_wanted: int) -> None:
    """Copy the last paid checkout of a shop on PostgreSQL so many times; some cart must be left behind.

    The database is then vacuumed, analysed and written out, so that none of it is done while measuring.
    """
    with engine.begin() as connection:
        template = dict(connection.execute(_TEMPLATE).mappings().one())
    for first in range(1, orders_wanted + 1, PORTION):
        last = min(first + PORTION - 1, orders_wanted)
        with engine.begin() as connection:
            connection.execute(_TRUSTING)
            for copied in COPIES:
                connection.execute(text(copied.statement), {**template, "first": first, "last": last})
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in (_NUMBERED, text("VACUUM (FREEZE, ANALYZE)"), text("CHECKPOINT")):
            connection.execute(statement)


def rows_of(engine: Engine) -> Mapping[str, int]:
    """How many rows each of the copied tables has."""
    with engine.connect() as connection:
        return {
            copied.table.name: connection.execute(select(func.count()).select_from(copied.table)).scalar_one()
            for copied in COPIES
        }
