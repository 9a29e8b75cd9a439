"""The repositories of received callbacks and of failed tries."""

from datetime import datetime

import attrs
from sqlalchemy import bindparam, func, insert, select, update

from adapters.sql.session import Session
from adapters.sql.tables import failures, inbox
from application.ports import InboxEntry

_INSERT_ENTRY = insert(inbox).returning(inbox.c.id)
_CONCLUDE = update(inbox).where(inbox.c.id == bindparam("the_id"))
_COUNT = (
    select(func.count())
    .select_from(failures)
    .where(failures.c.subject == bindparam("the_subject"), failures.c.at >= bindparam("since"))
)
_INSERT_FAILURE = insert(failures)


class SqlInbox:
    """The audit of callbacks."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, entry: InboxEntry) -> int:
        """Keep one; answers its id."""
        entry_id: int = self._session.run(_INSERT_ENTRY, attrs.asdict(entry)).scalar_one()
        return entry_id

    def conclude(self, entry_id: int, verdict: str, led_to: str | None) -> None:
        """Note what became of it."""
        self._session.run(_CONCLUDE, {"the_id": entry_id, "verdict": verdict, "led_to": led_to})


class SqlFailures:
    """Counts of failed tries."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def count(self, subject: str, since: datetime) -> int:
        """How often this subject failed since then."""
        found: int = self._session.run(_COUNT, {"the_subject": subject, "since": since}).scalar_one()
        return found

    def add(self, subject: str, at: datetime) -> None:
        """Note a failure."""
        self._session.run_many(_INSERT_FAILURE, [{"subject": subject, "at": at}])
