"""Customers have wallets, kept as double entries that are only ever added."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision: str | None = "0008"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
APPENDED_ONLY = ("wallet_postings", "wallet_entries")


def upgrade() -> None:
    """Make the tables, and see to it that what was posted stays so."""
    _make_wallets()
    _make_postings()
    _make_entries()
    {"sqlite": _refuse_on_sqlite, "postgresql": _refuse_on_postgresql}[op.get_context().dialect.name]()


def downgrade() -> None:
    """Drop all of it."""
    for table in ("wallet_entries", "wallet_postings", "wallets"):
        op.drop_table(table)
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change")


def _make_wallets() -> None:
    op.create_table(
        "wallets",
        sa.Column("customer_id", KEY, autoincrement=False, nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("exponent", sa.SmallInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("balance >= 0", name=op.f("ck_wallets_balance")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_wallets_customer_id")),
        sa.PrimaryKeyConstraint("customer_id", "currency", name=op.f("pk_wallets")),
    )


def _make_postings() -> None:
    op.create_table(
        "wallet_postings",
        sa.Column("id", KEY, nullable=False),
        sa.Column("customer_id", KEY, nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("payment_id", KEY, nullable=True),
        sa.Column("mark", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_wallet_postings_payment_id")),
        sa.ForeignKeyConstraint(
            ["customer_id", "currency"],
            ["wallets.customer_id", "wallets.currency"],
            name=op.f("fk_wallet_postings_customer_id_currency"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallet_postings")),
    )
    op.create_index(op.f("ix_wallet_postings_payment_id"), "wallet_postings", ["payment_id"], unique=False)
    op.create_index(
        op.f("ix_wallet_postings_customer_id_id"), "wallet_postings", ["customer_id", "id"], unique=False
    )


def _make_entries() -> None:
    op.create_table(
        "wallet_entries",
        sa.Column("posting_id", KEY, autoincrement=False, nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "account IN ('wallet', 'issued', 'spent')", name=op.f("ck_wallet_entries_account")
        ),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_wallet_entries_amount")),
        sa.ForeignKeyConstraint(
            ["posting_id"], ["wallet_postings.id"], name=op.f("fk_wallet_entries_posting_id")
        ),
        sa.PrimaryKeyConstraint("posting_id", "account", name=op.f("pk_wallet_entries")),
    )


def _refuse_on_sqlite() -> None:
    for table in APPENDED_ONLY:
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_{deed.lower()} BEFORE {deed} ON {table}"
                f" BEGIN SELECT RAISE(ABORT, 'rows of {table} are only ever added'); END"
            )


def _refuse_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'rows of % are only ever added', TG_TABLE_NAME; END $$"
    )
    for table in APPENDED_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_unchanged BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
