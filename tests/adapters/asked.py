"""What a database is asked, noted as it is asked."""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any

import attrs
from sqlalchemy import Engine, Executable, event

from adapters.sql.statements import Form, Together


@attrs.frozen
class Asked:
    """What was executed, a statement or several together, with one set of their values."""

    statements: tuple[Executable, ...]
    text: str
    values: Any
    words: Sequence[str] = ()

    @property
    def parts(self) -> Iterator["Asked"]:
        """Each of those that were executed together, as it would be by itself."""
        values = iter(self.values)
        for statement, words in zip(self.statements, self.words, strict=True):
            yield Asked((statement,), words, tuple(islice(values, words.count("%s"))))

    def is_one_of(self, these: Collection[int]) -> bool:
        """By the identity of its statements."""
        return any(id(statement) in these for statement in self.statements)

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
        if isinstance(how, (Form, Together)):
            latest[:] = [form.statement for form in getattr(how, "forms", [how])]
        if latest:
            of_one = values[0] if isinstance(values, list) else values
            asked.append(Asked(tuple(latest), text, of_one, getattr(how, "words", ())))
        latest.clear()

    return asked
