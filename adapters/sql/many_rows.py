"""Writing several rows by one statement, in the same words however many they are.

PostgreSQL takes a column's values as one array: what would be said once for each row is said once.
"""

from collections.abc import Sequence

_VALUES = " VALUES ("
_WHERE = " WHERE "


def at_once(sql: str, types: Sequence[str]) -> str:
    """An INSERT, UPDATE or DELETE of one row, said of all rows whose values come as arrays.

    Shape: `types` name the type of each value, place by place. Raises: ValueError for another statement.
    """
    names = [f"v{place}" for place in range(len(types))]
    first, *others = sql.split("%s")
    parts = [part.removeprefix(f"::{kind}") for part, kind in zip(others, types, strict=True)]
    of_each = first + "".join(f"given.{name}{part}" for name, part in zip(names, parts, strict=True))
    given = f"unnest({', '.join(f'%s::{kind}[]' for kind in types)}) AS given({', '.join(names)})"
    if _VALUES in of_each:
        head, _, values = of_each.partition(_VALUES)
        return f"{head} SELECT {values.removesuffix(')')} FROM {given}"  # noqa: S608 -- words of our own
    head, where, condition = of_each.partition(_WHERE)
    word = "USING" if head.startswith("DELETE") else "FROM"
    if not where:
        raise ValueError(f"not a change of single rows: {sql}")
    return f"{head} {word} {given}{where}{condition}"
