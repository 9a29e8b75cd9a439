"""The stored events, told to others in the order in which they happened to each subject."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, bindparam, exists, insert, select, update

from adapters.sql.mapping import to_json
from adapters.sql.one_of import one_of
from adapters.sql.session import ask
from adapters.sql.statements import AnyRow
from adapters.sql.tables import outbox
from application.ports import RelayedEvent
from application.relayed import data_of
from domain.events import Event

INSERT_EVENTS = insert(outbox)

_due = outbox.alias("due")
_earlier = outbox.alias("earlier")

# A parked event holds back the later ones of its own subject, and nobody else's.
_IS_FIRST = ~exists().where(
    _earlier.c.subject == _due.c.subject,
    _earlier.c.subject_id == _due.c.subject_id,
    _earlier.c.sequence < _due.c.sequence,
    _earlier.c.delivered_at.is_(None),
)
_DUE = (
    select(_due.c.id)
    .where(
        _due.c.delivered_at.is_(None),
        _due.c.is_parked.is_(False),
        _due.c.due_at <= bindparam("now"),
        _IS_FIRST,
    )
    .order_by(_due.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
    # Named, it is found once; as a plain subquery it might be asked again, and lock more than the limit.
    .cte("claimed")
)
_CLAIM = (
    update(outbox)
    .where(outbox.c.id.in_(select(_DUE.c.id)))
    .values(due_at=bindparam("until"))
    .returning(*outbox.c)
)
# A later claim of the same event ends later, so its end tells whose it is.
_IS_OURS = outbox.c.due_at == bindparam("claim")
_DELIVERED = update(outbox).where(one_of(outbox.c.id, "ids"), _IS_OURS)
_POSTPONE = (
    update(outbox)
    .where(outbox.c.id == bindparam("the_id"), _IS_OURS)
    .values(attempts=outbox.c.attempts + 1, due_at=bindparam("until"), is_parked=bindparam("parked"))
)


def event_to_row(event: Event) -> Mapping[str, Any]:
    """The row of an event that was never told."""
    return {
        "type": event.type,
        "subject": event.subject,
        "subject_id": event.subject_id,
        "sequence": event.sequence,
        "occurred_at": event.occurred_at,
        "data": to_json(data_of(event)),
        "attempts": 0,
        "due_at": event.occurred_at,
        "is_parked": False,
    }


def _event_from_row(row: AnyRow) -> RelayedEvent:
    return RelayedEvent(
        id=row.id,
        type=row.type,
        subject=row.subject,
        subject_id=row.subject_id,
        sequence=row.sequence,
        occurred_at=row.occurred_at,
        attempts=row.attempts,
        data=json.loads(row.data),
    )


class SqlOutbox:
    """The stored events that still have to be told to others; each call is one statement."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def claim(self, now: datetime, until: datetime, limit: int) -> Sequence[RelayedEvent]:
        """The next events due, oldest first: of each subject only the first that is still to tell."""
        values = {"now": now, "until": until, "limit": limit}
        return sorted(map(_event_from_row, ask(self._engine, _CLAIM, values)), key=lambda event: event.id)

    def delivered(self, ids: Iterable[int], claim: datetime, at: datetime) -> None:
        """They were told, by whoever claimed them until `claim`."""
        values = {"ids": list(ids), "claim": claim, "delivered_at": at}
        if values["ids"]:
            ask(self._engine, _DELIVERED, values)

    def postpone(self, event_id: int, claim: datetime, until: datetime, parked: bool) -> None:
        """It could not be told by whoever claimed it until `claim`: later again, or never if parked."""
        values = {"the_id": event_id, "claim": claim, "until": until, "parked": parked}
        ask(self._engine, _POSTPONE, values)
