"""Asking for several rows in the same words however many they are, so that the words are known before."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Self

from sqlalchemy import ARRAY, Boolean, ColumnElement, Dialect, Text, TypeDecorator, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

from adapters.sql.many_rows import array_of


class _Several(TypeDecorator[Sequence[Any]]):
    """Several values as one: an array, or on SQLite, which has none, JSON."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """What the database takes it for."""
        return ARRAY(self.item) if dialect.name == "postgresql" else Text()

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        """What makes of a list the text that stands for it there."""
        return array_of if dialect.name == "postgresql" else json.dumps


class one_of(FunctionElement[bool]):  # noqa: N801 -- it is used as a function
    """Whether a column holds one of the values in the list of that name."""

    type = Boolean()
    inherit_cache = True

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        super().__init__(column, bindparam(name, type_=_Several(column.type)))

    def self_group(self, against: Any = None) -> Self:
        """As it is: it need not be compared with true, even where truth is a number."""
        return self


@compiles(one_of, "postgresql")
def _any(element: one_of, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = ANY({values})"


@compiles(one_of, "sqlite")
def _in_json(element: one_of, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 -- words of our own
