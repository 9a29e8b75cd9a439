"""An address belongs to one account, a customer's or staff's, even when both are made at once."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"


def upgrade() -> None:
    """Write down every address that is taken."""
    op.create_table(
        "accounts",
        sa.Column("email_key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("email_key", name=op.f("pk_accounts")),
    )
    op.execute(
        "INSERT INTO accounts (email_key) SELECT email_key FROM customers UNION SELECT email_key FROM staff"
    )


def downgrade() -> None:
    """Leave it to each kind of account alone."""
    op.drop_table("accounts")
