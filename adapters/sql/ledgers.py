"""The tables of money that no gateway vouches for: what banks reported, what wallets hold."""

from sqlalchemy import (
    CHAR,
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
)

from adapters.sql.tables import Key, UtcDateTime, metadata, one_of
from domain.bank import EntryVerdict
from domain.wallet import Account

bank_entries = Table(
    "bank_entries",
    metadata,
    Column("id", Key, primary_key=True),
    Column("account", String, nullable=False),
    Column("reference", String, nullable=False),
    Column("booked_on", Date, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", CHAR(3), nullable=False),
    Column("exponent", SmallInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("verdict", String, nullable=False),
    Column("payment_id", Key, ForeignKey("payments.id")),
    Column("why", Text),
    Column("owed", BigInteger, nullable=False),
    Column("judged_at", UtcDateTime, nullable=False),
    UniqueConstraint("account", "reference"),
    one_of("verdict", EntryVerdict),
    CheckConstraint("owed >= 0 AND owed <= amount AND amount > 0", name="owed"),
    CheckConstraint("verdict = 'review' OR payment_id IS NOT NULL", name="payment"),
    CheckConstraint("verdict = 'approved' OR owed = amount", name="review"),
    Index(None, "payment_id"),
)
# A payment is paid by one entry: another one that names it is for a person.
Index(
    "ix_bank_entries_approved",
    bank_entries.c.payment_id,
    unique=True,
    sqlite_where=bank_entries.c.verdict == "approved",
    postgresql_where=bank_entries.c.verdict == "approved",
)

# The balance is the sum of the wallet's entries, kept beside them to be locked and never below zero.
wallets = Table(
    "wallets",
    metadata,
    Column("customer_id", Key, ForeignKey("customers.id"), primary_key=True, autoincrement=False),
    Column("currency", CHAR(3), primary_key=True),
    Column("exponent", SmallInteger, nullable=False),
    Column("balance", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    CheckConstraint("balance >= 0", name="balance"),
)

# Rows of these two are only ever added; triggers refuse the rest.
wallet_postings = Table(
    "wallet_postings",
    metadata,
    Column("id", Key, primary_key=True),
    Column("customer_id", Key, nullable=False),
    Column("currency", CHAR(3), nullable=False),
    Column("payment_id", Key, ForeignKey("payments.id"), index=True),
    Column("mark", String),
    Column("by", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    ForeignKeyConstraint(["customer_id", "currency"], ["wallets.customer_id", "wallets.currency"]),
    Index(None, "customer_id", "id"),
)
wallet_entries = Table(
    "wallet_entries",
    metadata,
    Column("posting_id", Key, ForeignKey("wallet_postings.id"), primary_key=True, autoincrement=False),
    Column("account", String, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    one_of("account", Account),
    CheckConstraint("amount <> 0", name="amount"),
)

_UNCHANGED = "CREATE TRIGGER %(table)s_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON %(table)s"
_TRIGGERS = {
    "sqlite": [
        f"CREATE TRIGGER %(table)s_{deed.lower()} BEFORE {deed} ON %(table)s"
        " BEGIN SELECT RAISE(ABORT, 'rows of %(table)s are only ever added'); END"
        for deed in ("UPDATE", "DELETE")
    ],
    "postgresql": [
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'rows of %% are only ever added', TG_TABLE_NAME; END $$",
        f"{_UNCHANGED} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    ],
}
for _table in (wallet_postings, wallet_entries):
    for _dialect, _statements in _TRIGGERS.items():
        for _statement in _statements:
            _ddl = DDL(_statement)  # type: ignore[no-untyped-call]
            event.listen(_table, "after_create", _ddl.execute_if(dialect=_dialect))
