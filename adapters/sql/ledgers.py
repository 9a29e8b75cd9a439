"""The tables of money that no gateway vouches for: what banks reported."""

from sqlalchemy import (
    CHAR,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from adapters.sql.tables import Key, UtcDateTime, metadata, one_of
from domain.bank import EntryVerdict

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
