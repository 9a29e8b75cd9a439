"""Removing what was kept for long enough: one short transaction for each step, in turns."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Engine, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.sql.dml import ReturningDelete

from adapters.sql.tables import carts, failures, idempotency_keys, inbox, orders, outbox, prunings
from adapters.sql.trouble import translated
from application.ports import Perishable
from domain.order_status import OrderStatus

_BEFORE: BindParameter[Any] = bindparam("before")
_LIMIT: BindParameter[Any] = bindparam("limit")

_TURN = (
    select(prunings.c.before).where(prunings.c.what == bindparam("kind")).with_for_update(skip_locked=True)
)
_NOTE = update(prunings).where(prunings.c.what == bindparam("kind")).values(before=bindparam("until"))

# What is numbered as it comes is old at the front: the first few are looked at, and no index on its
# age has to be kept up to date by those who write.
_told = select(outbox.c.id).where(outbox.c.delivered_at.is_not(None)).order_by(outbox.c.id).limit(_LIMIT)
_earlier = outbox.alias("earlier")
_stays = exists().where(
    _earlier.c.subject == outbox.c.subject,
    _earlier.c.subject_id == outbox.c.subject_id,
    _earlier.c.sequence < outbox.c.sequence,
    or_(_earlier.c.delivered_at.is_(None), _earlier.c.delivered_at >= _BEFORE),
)
_EVENTS = (
    delete(outbox)
    .where(outbox.c.id.in_(_told), outbox.c.delivered_at < _BEFORE, ~_stays)
    .returning(outbox.c.id)
)

_is_settled = inbox.c.verdict.not_in(["received", "unconfirmed"])
_settled = select(inbox.c.id).where(_is_settled).order_by(inbox.c.id).limit(_LIMIT)
_CALLBACKS = (
    delete(inbox).where(inbox.c.id.in_(_settled), inbox.c.received_at < _BEFORE).returning(inbox.c.id)
)

_first = select(failures.c.id).order_by(failures.c.id).limit(_LIMIT)
_FAILURES = (
    delete(failures).where(failures.c.id.in_(_first), failures.c.at < _BEFORE).returning(failures.c.id)
)

# These two may be taken up again at this moment, and are then no longer old.
# Asked of each cart by itself: as a join it would read every order.
_awaited = (
    select(func.count())
    .where(
        orders.c.checkout_id == carts.c.checkout_id,
        orders.c.status.in_([OrderStatus.NEW.value, OrderStatus.HOLD.value]),
    )
    .scalar_subquery()
)
_abandoned = (
    select(carts.c.id)
    .where(carts.c.changed_on < bindparam("day"), _awaited == 0)
    .order_by(carts.c.changed_on)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True, of=carts)
    .cte("abandoned")
)
_CARTS = delete(carts).where(carts.c.id.in_(select(_abandoned.c.id))).returning(carts.c.id)

_keys = idempotency_keys.c
_forgotten = (
    select(_keys.scope_hash)
    .where(_keys.locked_until < _BEFORE, func.coalesce(_keys.kept_at, _keys.locked_until) < _BEFORE)
    .order_by(_keys.locked_until)
    .limit(_LIMIT)
    .with_for_update(skip_locked=True)
    .cte("forgotten")
)
_KEYS = (
    delete(idempotency_keys)
    .where(_keys.scope_hash.in_(select(_forgotten.c.scope_hash)))
    .returning(_keys.scope_hash)
)

# Counted by what they answer: SQLite does not count what a statement of several parts has met.
_STEPS: Mapping[Perishable, ReturningDelete[Any]] = {
    Perishable.EVENTS: _EVENTS,
    Perishable.CALLBACKS: _CALLBACKS,
    Perishable.CARTS: _CARTS,
    Perishable.KEYS: _KEYS,
    Perishable.FAILURES: _FAILURES,
}


class SqlPruning:
    """Removes what was kept for long enough."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self, what: Perishable, before: datetime, limit: int) -> int:
        """Remove up to so many that were last of use before then; answers how many."""
        values = {"before": before, "day": before.date(), "limit": limit}
        with translated(), self._engine.begin() as connection:
            turn = connection.execute(_TURN, {"kind": what}).one_or_none()
            if turn is None:
                return 0
            gone = len(connection.execute(_STEPS[what], values).all())
            if gone and (turn.before is None or turn.before < before):
                connection.execute(_NOTE, {"kind": what, "until": before})
            return gone
