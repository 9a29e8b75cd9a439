"""Orders tell until when they are to be paid."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"


def upgrade() -> None:
    """Those placed before tell nothing."""
    op.add_column("orders", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("orders", "due_at")
