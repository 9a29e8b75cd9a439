"""What banks reported is kept, each entry once."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
APPROVED = "verdict = 'approved'"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "bank_entries",
        sa.Column("id", KEY, nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.CHAR(length=3), nullable=False),
        sa.Column("exponent", sa.SmallInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("payment_id", KEY, nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("owed", sa.BigInteger(), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("verdict IN ('approved', 'review')", name=op.f("ck_bank_entries_verdict")),
        sa.CheckConstraint("owed >= 0 AND owed <= amount AND amount > 0", name=op.f("ck_bank_entries_owed")),
        sa.CheckConstraint(
            "verdict = 'review' OR payment_id IS NOT NULL", name=op.f("ck_bank_entries_payment")
        ),
        sa.CheckConstraint("verdict = 'approved' OR owed = amount", name=op.f("ck_bank_entries_review")),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_bank_entries_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_entries")),
        sa.UniqueConstraint("account", "reference", name=op.f("uq_bank_entries_account_reference")),
    )
    op.create_index(op.f("ix_bank_entries_payment_id"), "bank_entries", ["payment_id"], unique=False)
    op.create_index(
        "ix_bank_entries_approved",
        "bank_entries",
        ["payment_id"],
        unique=True,
        sqlite_where=sa.text(APPROVED),
        postgresql_where=sa.text(APPROVED),
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("bank_entries")
