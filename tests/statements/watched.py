"""What a deed asks of the database, by the names that its statements have in the adapter's modules.

`python -m tests.statements.watched` writes the tables anew, for whoever has changed them on purpose.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path

from sqlalchemy import Engine

from adapters.sql.engine import open_engine
from adapters.sql.migrate import upgrade
from tests.adapters.asked import asked_of
from tests.adapters.conftest import shelf_on
from tests.adapters.everything import statements
from tests.contract.storages import sql_storage
from tests.postgres import Postgres
from tests.statements.deeds import DEEDS
from tests.web.house import open_house

FOLDER = Path(__file__).parent
NAMES = {id(statement): name for name, statement in statements()}

Table = Mapping[str, Sequence[str]]


def asked_by(engine: Engine, name: str, many: int) -> Sequence[str]:
    """The statements of a deed, in their order, in a shop that is new to it."""
    house = open_house(sql_storage(engine))
    act = DEEDS[name](house, many)
    asked = asked_of(engine)
    act()
    unknown = [each.text for each in asked if not all(id(one) in NAMES for one in each.statements)]
    assert not unknown, f"not built once, at import: {unknown}"
    return [" + ".join(NAMES[id(one)] for one in each.statements) for each in asked]


def text_of(table: Table) -> str:
    """The table, to be read by people; what is asked several times in a row has its number."""
    return "".join(f"{name}\n{''.join(_lines(asked))}\n" for name, asked in table.items())


def _lines(asked: Sequence[str]) -> list[str]:
    counted = [(name, len(list(times))) for name, times in groupby(asked)]
    return [f"    {name}{f'  {times} times' if times > 1 else ''}\n" for name, times in counted]


def table_in(text: str) -> Table:
    """The table as it was written."""
    table: dict[str, list[str]] = {}
    for line in filter(None, text.splitlines()):
        if not line.startswith(" "):
            latest = table[line] = []
            continue
        name, _, times = line.strip().partition("  ")
        latest += [name] * int(times.split()[0] if times else 1)
    return table


def committed(dialect: str) -> Table:
    """What a database is to be asked."""
    return table_in((FOLDER / f"{dialect}.txt").read_text(encoding="utf-8"))


def main() -> None:
    """Write both tables anew."""
    server = Postgres.start()
    try:
        for dialect in ("sqlite", "postgresql"):
            table = {}
            for name in DEEDS:
                with _new(dialect, server) as engine:
                    table[name] = asked_by(engine, name, 1)
            (FOLDER / f"{dialect}.txt").write_text(text_of(table), encoding="utf-8")
    finally:
        server.stop()


@contextmanager
def _new(dialect: str, server: Postgres) -> Iterator[Engine]:
    """A migrated and empty database."""
    if dialect == "postgresql":
        with shelf_on(server) as shelf:
            yield shelf.engine
        return
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/kassa.db"
        upgrade(url)
        engine = open_engine(url)
        yield engine
        engine.dispose()


if __name__ == "__main__":
    main()
