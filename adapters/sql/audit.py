"""The repositories of received callbacks and of failed tries."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256

import attrs
from sqlalchemy import bindparam, func, insert, select, update

from adapters.sql.one_of import one_of
from adapters.sql.session import Change, Session
from adapters.sql.statements import Values
from adapters.sql.tables import failures, inbox
from application.repositories import InboxEntry

_INSERT_ENTRY = insert(inbox).returning(inbox.c.id)
_CONCLUDE = update(inbox).where(inbox.c.id == bindparam("the_id"))
_WORST = (
    select(func.count().label("times"))
    .where(one_of(failures.c.subject_hash, "subjects"))
    .where(failures.c.at >= bindparam("since"))
    .group_by(failures.c.subject_hash)
    .order_by(func.count().desc())
    .limit(1)
)
_INSERT_FAILURE = insert(failures)


class SqlInbox:
    """The audit of callbacks."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._concluded: list[Values] = []

    def add(self, entry: InboxEntry) -> int:
        """Keep one; answers its id."""
        row = self._session.run(_INSERT_ENTRY, attrs.asdict(entry)).one()
        return int(row.id)

    def conclude(self, entry_id: int, verdict: str, led_to: str | None) -> None:
        """Note what became of it."""
        self._concluded.append({"the_id": entry_id, "verdict": verdict, "led_to": led_to})

    def changes(self) -> Sequence[Change]:
        """What was noted, to be written."""
        return [Change(_CONCLUDE, self._concluded)]


class SqlFailures:
    """Counts of failed tries."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def count(self, subjects: Iterable[str], since: datetime) -> int:
        """How often the worst of these subjects failed since then."""
        values = {"subjects": [_hash_of(subject) for subject in subjects], "since": since}
        worst = self._session.run(_WORST, values).one_or_none()
        return worst.times if worst else 0

    def add(self, subjects: Iterable[str], at: datetime) -> None:
        """Note a failure of each."""
        rows = [{"subject_hash": _hash_of(subject), "at": at} for subject in subjects]
        self._session.run_many(_INSERT_FAILURE, rows)


def _hash_of(subject: str) -> str:
    return sha256(subject.encode()).hexdigest()
