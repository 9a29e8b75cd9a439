"""Statements as the driver gets them: put into the database's words once, and run as they are.

Core's own way to execute costs as much again as the driver: for each call it looks the statement up
by its structure, builds a context, and has the shape of the answer described. All that is known once.
"""

import re
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Self

import attrs
from sqlalchemy import Dialect, Executable

from adapters.sql.many_rows import all_at_once, array_of, at_once

Values = Mapping[str, Any]

# A row's columns by their names; which there are, its statement says.
AnyRow = Any

_Convert = Callable[[Any], Any] | None

_OF_A_LENGTH = re.compile(r"(VAR)?CHAR\(\d+\)")
_LOCKING = re.compile(r"\bFOR ((NO KEY )?UPDATE|(KEY )?SHARE)\b")

# Every statement of ours in each of its forms, on all databases of one process: only tests have many.
FORMS_MAX = 2_000


class Found(list[AnyRow]):
    """The rows that a statement answered; `met` counts those of the table that it wrote."""

    def __init__(self, rows: Sequence[AnyRow], met: int) -> None:
        super().__init__(rows)
        self.met = met

    def one(self) -> AnyRow:
        """The only row. Raises: ValueError."""
        (row,) = self
        return row

    def one_or_none(self) -> AnyRow | None:
        """The only row, if there is one. Raises: ValueError for more."""
        return self.one() if self else None


@attrs.frozen(eq=False)
class Form:
    """A statement in one database's words, for values of certain names.

    Shape: `places` tell, place by place, the name of the value and how to make it what the driver
    takes; `fixed` are values that the statement brings itself; `columns` how to read each column.
    `of_many` are the words for several rows at once, where the database has some; `locks` tells
    whether it holds rows until its transaction ends, as all do that write.
    """

    statement: Executable
    sql: str
    places: Sequence[tuple[str, _Convert]]
    fixed: Values
    row: Callable[[Sequence[Any]], AnyRow]
    columns: Sequence[_Convert]
    converts: bool
    of_many: str | None
    locks: bool

    @classmethod
    def of(cls, statement: Executable, dialect: Dialect, names: tuple[str, ...]) -> Self:
        """Put a statement into the database's words. Raises: AssertionError for one that is never final."""
        core: Any = statement
        # As if for many rows: nothing is then answered but what the statement itself asks for.
        compiled = core.compile(dialect=dialect, column_keys=names, for_executemany=True)
        if "POSTCOMPILE" in compiled.string:
            raise AssertionError(f"lists are given as `one_of` takes them: {compiled.string}")
        binds, columns = compiled.binds, getattr(statement, "exported_columns", {})
        known = {name: bind.type.dialect_impl(dialect) for name, bind in binds.items()}
        readers = [each.type.dialect_impl(dialect).result_processor(dialect, None) for each in columns]
        row: Any = namedtuple("Row", columns.keys())  # type: ignore[misc]
        return cls(
            statement=statement,
            sql=compiled.string,
            places=[(name, known[name].bind_processor(dialect)) for name in compiled.positiontup],
            fixed={name: bind.value for name, bind in binds.items() if not bind.required},
            row=row._make,
            columns=readers,
            converts=any(readers),
            of_many=_of_many(compiled, known) if core.is_dml and not readers else None,
            locks=not core.is_select or bool(_LOCKING.search(compiled.string)),
        )

    def placed(self, values: Values) -> tuple[Any, ...]:
        """The values, place by place. Raises: KeyError for one that is missing."""
        given = {**self.fixed, **values} if self.fixed else values
        return tuple([write(given[name]) if write else given[name] for name, write in self.places])

    def sql_for(self, rows: Sequence[Values]) -> str | None:
        """The words for so many rows at once, None where the database has none for several."""
        return self.sql if len(rows) == 1 else self.of_many

    def placed_at_once(self, rows: Sequence[Values]) -> tuple[Any, ...]:
        """The values of one row as they are, of several as an array for each place."""
        if len(rows) == 1:
            return self.placed(rows[0])
        return tuple(map(array_of, zip(*map(self.placed, rows), strict=True)))

    def read(self, rows: Sequence[Sequence[Any]]) -> list[AnyRow]:
        """The rows with their columns named, as the driver gave them or made what they stand for."""
        if not self.converts:
            return list(map(self.row, rows))
        columns, row = self.columns, self.row
        return [
            row([read(value) if read else value for read, value in zip(columns, each, strict=True)])
            for each in rows
        ]


def _of_many(compiled: Any, known: Mapping[str, Any]) -> str | None:
    if compiled.dialect.name != "postgresql":
        return None
    kinds = [known[name].compile(compiled.dialect) for name in compiled.positiontup]
    # A length pads or cuts, which is for the column alone to do.
    return at_once(compiled.string, [_OF_A_LENGTH.sub("VARCHAR", kind) for kind in kinds])


form_of = lru_cache(FORMS_MAX)(Form.of)


@attrs.frozen(eq=False)
class Together:
    """Changes of several tables as one statement, which answers how many rows each of them met."""

    forms: Sequence[Form]
    words: Sequence[str]
    sql: str
    columns: bool = True


@lru_cache(FORMS_MAX)
def together(parts: tuple[tuple[Form, bool], ...]) -> Together:
    """The forms in one, each for one row or for several. Raises: AssertionError for one that reads."""
    words = [form.of_many if is_many else form.sql for form, is_many in parts]
    known = [word for word in words if word is not None]
    assert len(known) == len(words)  # noqa: S101 -- what answers something of its own is not among them
    return Together([form for form, _ in parts], known, all_at_once(known))
