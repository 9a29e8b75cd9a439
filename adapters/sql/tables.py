"""The tables, as both databases have them; what they must hold at all times is in their constraints."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import (
    CHAR,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Sequence,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    func,
    text,
)

from domain.bill import OPEN, UNDER_WAY, BillState
from domain.order_status import OrderPaymentStatus, OrderStatus


class UtcDateTime(TypeDecorator[datetime]):
    """Moments exact to the microsecond, aware and in UTC on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Raises: ValueError for a datetime without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("only aware datetimes are stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite keeps no zone with it, PostgreSQL answers in the session's."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# SQLite counts up by itself only in a column that is exactly INTEGER.
Key = BigInteger().with_variant(Integer, "sqlite")


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """The column holds one of these."""
    return CheckConstraint(f"{column} IN ({_listed(values)})", name=column)


customers = Table(
    "customers",
    metadata,
    Column("id", Key, primary_key=True),
    Column("first_name", String, nullable=False),
    Column("last_name", String, nullable=False),
    Column("email", String, nullable=False),
    Column("email_key", String, nullable=False, unique=True),
    Column("password_hash", String, nullable=False),
)

# Customers and staff sign in at one door: whoever gets an account first takes its address for both.
accounts = Table("accounts", metadata, Column("email_key", String, primary_key=True))

staff = Table(
    "staff",
    metadata,
    Column("id", Key, primary_key=True),
    Column("email", String, nullable=False),
    Column("email_key", String, nullable=False, unique=True),
    Column("password_hash", String, nullable=False),
)

products = Table(
    "products",
    metadata,
    Column("id", Key, primary_key=True),
    Column("sku", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("price", BigInteger, nullable=False),
    Column("currency", CHAR(3), nullable=False),
    Column("exponent", SmallInteger, nullable=False),
    Column("seller", String, nullable=False),
    Column("on_hand", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    CheckConstraint("reserved >= 0 AND reserved <= on_hand", name="stock"),
)

carts = Table(
    "carts",
    metadata,
    Column("id", String, primary_key=True),
    Column("customer_id", Key, ForeignKey("customers.id"), nullable=False, unique=True),
    Column("lines", Text, nullable=False),
    Column("checkout_id", String),
    # A day, not a moment: what is changed again on the same day leaves its index alone.
    Column("changed_on", Date, nullable=False, server_default=func.current_date(), index=True),
    Column("version", Integer, nullable=False),
)

payment_methods = Table(
    "payment_methods",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=False),
    Column("code", String, nullable=False, unique=True),
    Column("name", String, nullable=False),
    Column("backend", String, nullable=False),
    Column("auto_approve", Boolean, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("settings_sealed", Text, nullable=False),
    Column("rules", Text, nullable=False),
    Column("is_deleted", Boolean, nullable=False),
)

# An order's current payment has no foreign key: payments link to orders, and not in a circle.
orders = Table(
    "orders",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=False),
    Column("key_hash", CHAR(64), nullable=False, unique=True),
    Column("key_sealed", Text, nullable=False),
    Column("checkout_id", String, nullable=False, index=True),
    Column("cart_id", String),
    Column("customer_id", Key, ForeignKey("customers.id")),
    Column("seller", String, nullable=False),
    Column("status", String, nullable=False),
    Column("payment_status", String, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("currency", CHAR(3), nullable=False),
    Column("exponent", SmallInteger, nullable=False),
    Column("placed_with", Text, nullable=False),
    Column("history", Text, nullable=False),
    Column("payment_id", Key),
    Column("instructions", Text),
    Column("reference", String),
    Column("due_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Index(None, "customer_id", "id"),
    one_of("status", OrderStatus),
    one_of("payment_status", OrderPaymentStatus),
)

order_lines = Table(
    "order_lines",
    metadata,
    Column("order_id", Key, ForeignKey("orders.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("sku", String, nullable=False),
    Column("name", String, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("unit_price", BigInteger, nullable=False),
    CheckConstraint("quantity > 0", name="quantity"),
)

# A payment with its bill, which has no life and no id of its own.
payments = Table(
    "payments",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=False),
    Column("order_id", String, nullable=False, unique=True),
    Column("customer_id", Key, ForeignKey("customers.id")),
    Column("method_id", Key, ForeignKey("payment_methods.id"), nullable=False),
    Column("method_code", String, nullable=False),
    Column("auto_approve", Boolean, nullable=False),
    Column("is_offline", Boolean, nullable=False),
    Column("is_approved", Boolean, nullable=False),
    Column("card_mask", String),
    Column("failure", Text),
    Column("return_url", Text),
    Column("expires_at", UtcDateTime),
    Column("look_at", UtcDateTime),
    Column("looks", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("backend", String, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", CHAR(3), nullable=False),
    Column("exponent", SmallInteger, nullable=False),
    Column("state", String, nullable=False),
    Column("transaction_id", String),
    Column("next_step", Text),
    Column("request", Text, nullable=False),
    Column("response", Text, nullable=False),
    Column("review", Text),
    Column("calling_until", UtcDateTime),
    Column("named_number", String),
    Column("bill_created_at", UtcDateTime, nullable=False),
    Column("bill_updated_at", UtcDateTime, nullable=False),
    Column("is_under_way", Boolean, nullable=False),
    # A gateway's numbers are unique for one account of ours there, not for the gateway.
    UniqueConstraint("method_id", "transaction_id"),
    Index(None, "customer_id", "id"),
    UniqueConstraint("id", "is_under_way"),
    one_of("state", BillState),
    CheckConstraint(f"is_under_way = (state IN ({_listed(sorted(UNDER_WAY))}))", name="under_way"),
)
# Few payments are still open or looked at, and one small index finds them all, the longest due first.
MAY_BRING_MONEY = text(f"(state IN ({_listed(sorted(OPEN))}) OR look_at IS NOT NULL)")
Index(
    "ix_payments_may_bring_money",
    payments.c.look_at,
    payments.c.id,
    sqlite_where=MAY_BRING_MONEY,
    postgresql_where=MAY_BRING_MONEY,
)

# Whether the payment is under way follows it here, so that no order has two such payments.
payment_orders = Table(
    "payment_orders",
    metadata,
    Column("payment_id", Key, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("order_id", Key, ForeignKey("orders.id"), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("is_under_way", Boolean, nullable=False),
    UniqueConstraint("order_id", "payment_id"),
    ForeignKeyConstraint(
        ["payment_id", "is_under_way"], ["payments.id", "payments.is_under_way"], onupdate="CASCADE"
    ),
)
Index(
    "ix_payment_orders_under_way",
    payment_orders.c.order_id,
    unique=True,
    sqlite_where=payment_orders.c.is_under_way,
    postgresql_where=payment_orders.c.is_under_way,
)

# Ids that are known before the row is stored. SQLite has no sequences, and is given a table of them.
ORDER_IDS = Sequence("order_ids", metadata=metadata, data_type=BigInteger)
PAYMENT_IDS = Sequence("payment_ids", metadata=metadata, data_type=BigInteger)
METHOD_IDS = Sequence("method_ids", metadata=metadata, data_type=BigInteger)

sequences = Table(
    "sequences",
    metadata,
    Column("name", String, primary_key=True),
    Column("last", BigInteger, nullable=False),
    info={"only_on": "sqlite"},
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Key, primary_key=True),
    Column("type", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("subject_id", BigInteger, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("occurred_at", UtcDateTime, nullable=False),
    Column("data", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("due_at", UtcDateTime, nullable=False),
    Column("delivered_at", UtcDateTime),
    Column("is_parked", Boolean, nullable=False),
    UniqueConstraint("subject", "subject_id", "sequence"),
    # Others tell events apart by this number, so it is never used again once rows were pruned.
    sqlite_autoincrement=True,
)
Index(
    "ix_outbox_undelivered",
    outbox.c.id,
    sqlite_where=outbox.c.delivered_at.is_(None),
    postgresql_where=outbox.c.delivered_at.is_(None),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", Key, primary_key=True),
    Column("method_code", String, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("http_method", String, nullable=False),
    Column("path", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("verdict", String, nullable=False),
    Column("payment_id", Key, ForeignKey("payments.id")),
    Column("led_to", Text),
)

# A subject may name an address or an order's secret, and is only ever compared.
failures = Table(
    "failures",
    metadata,
    Column("id", Key, primary_key=True),
    Column("subject_hash", CHAR(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "subject_hash", "at"),
)

# Caller, operation, target and key may hold an order's secret, so only their digest is stored.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("scope_hash", CHAR(64), primary_key=True),
    Column("fingerprint", String, nullable=False),
    Column("locked_until", UtcDateTime, nullable=False, index=True),
    Column("status", SmallInteger),
    Column("body_sealed", Text),
    Column("kept_at", UtcDateTime),
)

# Of each kind of thing that is pruned: before when it was last of use, and so may be gone.
prunings = Table(
    "prunings",
    metadata,
    Column("what", String, primary_key=True),
    Column("before", UtcDateTime),
)


def belongs(dialect: str) -> Callable[..., bool]:
    """Tells which of the tables this database has."""
    return lambda thing, *_: thing.info.get("only_on", dialect) == dialect
