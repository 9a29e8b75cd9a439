"""The database itself sees to it that an order has one payment under way at most."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"

UNDER_WAY = "state IN ('authorised', 'in_doubt', 'unsent', 'waiting')"


def upgrade() -> None:
    """Tell it of each payment, and through a reference that follows, of each of its orders."""
    with op.batch_alter_table("payments") as payments:
        payments.add_column(sa.Column("is_under_way", sa.Boolean(), nullable=True))
    op.execute(f"UPDATE payments SET is_under_way = ({UNDER_WAY})")  # noqa: S608 -- our own words
    with op.batch_alter_table("payments") as payments:
        payments.alter_column("is_under_way", existing_type=sa.Boolean(), nullable=False)
        payments.create_check_constraint(op.f("ck_payments_under_way"), f"is_under_way = ({UNDER_WAY})")
        payments.create_unique_constraint(op.f("uq_payments_id_is_under_way"), ["id", "is_under_way"])
    with op.batch_alter_table("payment_orders") as links:
        links.add_column(sa.Column("is_under_way", sa.Boolean(), nullable=True))
    op.execute(
        "UPDATE payment_orders SET is_under_way ="
        " (SELECT is_under_way FROM payments WHERE payments.id = payment_orders.payment_id)"
    )
    with op.batch_alter_table("payment_orders") as links:
        links.alter_column("is_under_way", existing_type=sa.Boolean(), nullable=False)
        links.drop_constraint(op.f("fk_payment_orders_payment_id"), type_="foreignkey")
        links.create_foreign_key(
            op.f("fk_payment_orders_payment_id_is_under_way"),
            "payments",
            ["payment_id", "is_under_way"],
            ["id", "is_under_way"],
            onupdate="CASCADE",
        )
    op.create_index(
        "ix_payment_orders_under_way",
        "payment_orders",
        ["order_id"],
        unique=True,
        sqlite_where=sa.text("is_under_way"),
        postgresql_where=sa.text("is_under_way"),
    )


def downgrade() -> None:
    """Leave it to the code alone."""
    op.drop_index("ix_payment_orders_under_way", "payment_orders")
    with op.batch_alter_table("payment_orders") as links:
        links.drop_constraint(op.f("fk_payment_orders_payment_id_is_under_way"), type_="foreignkey")
        links.create_foreign_key(op.f("fk_payment_orders_payment_id"), "payments", ["payment_id"], ["id"])
        links.drop_column("is_under_way")
    with op.batch_alter_table("payments") as payments:
        payments.drop_constraint(op.f("ck_payments_under_way"), type_="check")
        payments.drop_constraint(op.f("uq_payments_id_is_under_way"), type_="unique")
        payments.drop_column("is_under_way")
