"""The repository of payments: one statement reads a payment with its bill and its orders' shares."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Executable, bindparam, insert, select, update

from adapters.sql.held import Held
from adapters.sql.mapping import payment_changes, payment_to_row, payments_from_rows, shares_to_rows
from adapters.sql.one_of import one_of
from adapters.sql.session import Change, Session
from adapters.sql.statements import Values
from adapters.sql.tables import payment_orders, payments
from domain.ids import GatewayOrderId, MethodId, PaymentId
from domain.payment import Payment

WHOLE_PAYMENTS = select(
    *(column for column in payments.c if column is not payments.c.is_under_way),
    payment_orders.c.order_id.label("share_order_id"),
    payment_orders.c.amount.label("share"),
).join(payment_orders, payment_orders.c.payment_id == payments.c.id)

_OLDEST_FIRST = WHOLE_PAYMENTS.order_by(payments.c.id, payment_orders.c.position)
_BY_ID = _OLDEST_FIRST.where(payments.c.id == bindparam("the_id"))
_BY_ORDER_ID = _OLDEST_FIRST.where(payments.c.order_id == bindparam("the_order_id"))
_BY_NUMBER = _OLDEST_FIRST.where(
    payments.c.method_id == bindparam("the_method"), payments.c.transaction_id == bindparam("the_number")
)
_LOCK = _OLDEST_FIRST.where(one_of(payments.c.id, "ids")).with_for_update(of=payments, key_share=True)
_DUE = (
    select(payments.c.id, payments.c.look_at)
    .where(payments.c.look_at <= bindparam("now"))
    .order_by(payments.c.look_at, payments.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True, key_share=True)
)
_CLAIM = update(payments).where(one_of(payments.c.id, "ids")).values(look_at=bindparam("until"))
# One statement on PostgreSQL. SQLite cannot tell what stood in a row before, nor does anybody claim
# beside us there, so it is asked first.
_due = _DUE.cte("due")
_DUE_CLAIMED = (
    update(payments)
    .where(payments.c.id == _due.c.id)
    .values(look_at=bindparam("until"))
    .returning(payments.c.id, _due.c.look_at)
)
_INSERT = insert(payments)
_INSERT_SHARES = insert(payment_orders)
_UPDATE = update(payments).where(
    payments.c.id == bindparam("the_id"), payments.c.version == bindparam("the_version")
)


class SqlPayments:
    """The payments with their bills."""

    def __init__(self, session: Session, noted: list[Any]) -> None:
        self._session = session
        self.held: Held[PaymentId, Payment] = Held(noted)

    def get(self, payment_id: PaymentId) -> Payment | None:
        """To look at."""
        if payment_id in self.held.loaded:
            return self.held.loaded[payment_id]
        found = payments_from_rows(self._session.run(_BY_ID, {"the_id": payment_id}))
        return found[0] if found else None

    def by_order_id(self, order_id: GatewayOrderId) -> Payment | None:
        """The payment that has this reference at its gateway, to look at."""
        return self._one(_BY_ORDER_ID, {"the_order_id": order_id})

    def by_number(self, method_id: MethodId, number: str) -> Payment | None:
        """The payment that has this number of its method's gateway, to look at."""
        return self._one(_BY_NUMBER, {"the_method": method_id, "the_number": number})

    def lock(self, ids: Iterable[PaymentId]) -> Sequence[Payment]:
        """Those that exist, locked in the order of their ids."""
        wanted, loaded = sorted(set(ids)), self.held.loaded
        missing = [payment_id for payment_id in wanted if payment_id not in loaded]
        if missing:
            found = payments_from_rows(self._session.run(_LOCK, {"ids": missing}))
            loaded.update((payment.id, payment) for payment in found)
        return [loaded[payment_id] for payment_id in wanted if payment_id in loaded]

    def add(self, payment: Payment) -> None:
        """Store a new payment."""
        self.held.add(payment.id, payment)

    def save(self, payment: Payment) -> None:
        """Store a changed payment."""
        self.held.save(payment.id, payment)

    def claim_due(self, now: datetime, until: datetime, limit: int) -> Sequence[PaymentId]:
        """What the janitor has to look at, the longest due first; saving one ends its claim."""
        values = {"now": now, "limit": limit}
        if self._session.dialect == "postgresql":
            claimed = self._session.run(_DUE_CLAIMED, {**values, "until": until})
            return [row.id for row in sorted(claimed, key=lambda row: (row.look_at, row.id))]
        ids = [row.id for row in self._session.run(_DUE, values)]
        if ids:
            self._session.run(_CLAIM, {"ids": ids, "until": until})
        return ids

    def changes(self) -> Sequence[Change]:
        """What was noted, to be written."""
        added, saved = self.held.added.values(), self.held.saved.values()
        changed = [{**payment_changes(payment), **_guard(payment)} for payment in saved]
        new = [{**payment_to_row(payment), "version": 1} for payment in added]
        return [
            # A payment that takes another's place comes after it is over.
            Change(_UPDATE, changed, saved, "payments"),
            Change(_INSERT, new, added),
            Change(_INSERT_SHARES, [row for payment in added for row in shares_to_rows(payment)]),
        ]

    def _one(self, statement: Executable, values: Values) -> Payment | None:
        found = payments_from_rows(self._session.run(statement, values))
        return self.held.loaded.get(found[0].id, found[0]) if found else None


def _guard(payment: Payment) -> Mapping[str, object]:
    return {"the_id": payment.id, "the_version": payment.version, "version": payment.version + 1}
