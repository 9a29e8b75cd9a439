"""Pruning leaves a note of how far it went, and takes turns by it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"

KINDS = ("events", "callbacks", "carts", "keys", "failures")


def upgrade() -> None:
    """Nothing was pruned so far."""
    prunings = op.create_table(
        "prunings",
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("before", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("what", name=op.f("pk_prunings")),
    )
    op.bulk_insert(prunings, [{"what": kind, "before": None} for kind in KINDS])


def downgrade() -> None:
    """Forget what is missing since."""
    op.drop_table("prunings")
