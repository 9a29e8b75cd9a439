"""The few payments that may still bring money are found by one small index in place of two."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"

MAY_BRING_MONEY = sa.text(
    "(state IN ('authorised', 'in_doubt', 'review', 'unsent', 'waiting') OR look_at IS NOT NULL)"
)
IS_LOOKED_AT = sa.text("look_at IS NOT NULL")


def upgrade() -> None:
    """Those that are looked at, and those that staff have to be asked about."""
    _make_index("ix_payments_may_bring_money", MAY_BRING_MONEY)
    op.drop_index("ix_payments_due", "payments")
    op.drop_index(op.f("ix_payments_method_id_state"), "payments")


def downgrade() -> None:
    """Those that are looked at; and all, by how they stand."""
    op.create_index(op.f("ix_payments_method_id_state"), "payments", ["method_id", "state"])
    _make_index("ix_payments_due", IS_LOOKED_AT)
    op.drop_index("ix_payments_may_bring_money", "payments")


def _make_index(name: str, of_which: sa.TextClause) -> None:
    op.create_index(name, "payments", ["look_at", "id"], sqlite_where=of_which, postgresql_where=of_which)
