"""Bills remember a number that news named while their gateway could not be asked about it."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision: str | None = "0009"


def upgrade() -> None:
    """Nothing was remembered so far."""
    op.add_column("payments", sa.Column("named_number", sa.String(), nullable=True))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("payments", "named_number")
