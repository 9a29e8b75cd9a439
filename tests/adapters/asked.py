"""What a database is asked, noted as it is asked."""

from typing import Any

import attrs
from sqlalchemy import Engine, Executable, event

from adapters.sql.statements import Form


@attrs.frozen
class Asked:
    """A statement as it was executed, with one set of its values."""

    statement: Executable
    text: str
    values: Any

    @property
    def is_plain_insert(self) -> bool:
        """It reads nothing."""
        return self.text.lstrip().startswith("INSERT")


def asked_of(engine: Engine) -> list[Asked]:
    """Whatever is executed from now on."""
    asked: list[Asked] = []
    latest: list[Executable] = []

    @event.listens_for(engine, "before_execute")
    def note_statement(_: object, statement: Executable, *__: object) -> None:
        latest[:] = [statement]

    @event.listens_for(engine, "before_cursor_execute")
    def note_text(_: object, __: object, text: str, values: Any, how: object, ___: object) -> None:
        statement = how.statement if isinstance(how, Form) else latest.pop() if latest else None
        if statement is not None:
            asked.append(Asked(statement, text, values[0] if isinstance(values, list) else values))

    return asked
