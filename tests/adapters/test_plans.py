"""No statement reads a big table as a whole, nor much of it: every one that the adapter has is explained."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy import Engine

from adapters.sql import books
from adapters.sql.ledgers import metadata
from tests.adapters.asked import Asked, asked_of
from tests.adapters.conftest import Shelf, shelf_on
from tests.adapters.everything import ask_everything, statements
from tests.adapters.history import OPEN, ORDERS, make_history
from tests.contract.storages import sql_storage
from tests.postgres import Postgres

# All but these grow with the number of orders, customers or goods.
BIG = frozenset(metadata.tables) - {"payment_methods", "prunings", "sequences"}

# A page, or a step of the background work, with all that hangs on it; and everything that is still open.
ROWS_MAX = 4 * OPEN

# An operator waits for it, and it is about everything.
WHOLE = {id(books._STOCK), id(books._WALLETS)}

Plan = Mapping[str, Any]


def explained(shelf: Shelf, asked: Asked) -> Plan:
    """What the database did for it, which is undone again."""
    with shelf.engine.connect() as connection:
        found = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {asked.text}", asked.values)
        plan: Plan = found.scalar_one()[0]["Plan"]
        return plan


def nodes_of(plan: Plan) -> Iterator[Plan]:
    """The plan's steps."""
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes_of(part)


def reads_of(plan: Plan) -> Iterator[tuple[str, float]]:
    """How each big table is read, and of how many rows."""
    for node in nodes_of(plan):
        if node.get("Relation Name") in BIG and "Scan" in node["Node Type"]:
            passed_over = [value for name, value in node.items() if name.startswith("Rows Removed by")]
            rows = (node["Actual Rows"] + sum(passed_over)) * node["Actual Loops"]
            yield f"{node['Node Type']} on {node['Relation Name']}", rows


@pytest.fixture(scope="module")
def big_shelf(postgres: Postgres) -> Iterator[Shelf]:
    """A database with a history."""
    with shelf_on(postgres) as shelf:
        make_history(shelf)
        yield shelf


@pytest.fixture(scope="module")
def plans(big_shelf: Shelf) -> Sequence[tuple[Asked, Plan]]:
    """Of everything that is asked there."""
    asked = asked_of(big_shelf.engine)
    ask_everything(big_shelf.storage)
    alone = [part for each in asked for part in (each.parts if each.words else [each])]
    questions = [each for each in alone if not each.is_plain_insert and not each.is_one_of(WHOLE)]
    return [(each, explained(big_shelf, each)) for each in questions]


class TestPostgresql:
    """With ten thousand orders, almost all of them over."""

    def test_reads_no_big_table_as_a_whole(self, plans: Sequence[tuple[Asked, Plan]]) -> None:
        """Checkout, settling, lists, and what the workers ask for again and again."""
        assert len(plans) > 60
        for asked, plan in plans:
            assert not [how for how, _ in reads_of(plan) if how.startswith("Seq")], (asked.text, plan)

    def test_reads_little_of_a_big_table(self, plans: Sequence[tuple[Asked, Plan]]) -> None:
        """An index that is read from end to end would be no better, nor one full of what is over."""
        assert ORDERS > 10 * ROWS_MAX
        for asked, plan in plans:
            much = [(how, rows) for how, rows in reads_of(plan) if rows > ROWS_MAX]
            assert not much, (asked.text, plan)

    @pytest.mark.parametrize("table", sorted(BIG))
    def test_has_big_tables(self, big_shelf: Shelf, table: str) -> None:
        """In a table of a few rows nothing would show: history.py has to fill a new one, too."""
        ((rows,),) = big_shelf.execute(f"SELECT count(*) FROM {table}")
        assert rows > 10 * ROWS_MAX

    @pytest.mark.usefixtures("plans")
    def test_would_notice(self, big_shelf: Shelf) -> None:
        """Both are found where they are."""
        whole = explained(big_shelf, Asked((), "SELECT count(*) FROM orders WHERE total = 1", {}))
        much = explained(big_shelf, Asked((), "SELECT sum(total) FROM orders WHERE id < 900", {}))

        assert list(reads_of(whole)) == [("Seq Scan on orders", ORDERS + 2)]
        assert list(reads_of(much)) == [("Index Scan on orders", 899)]


class TestSqlite:
    """Whose plans say how a table is read, though not of how many rows."""

    # Their first few rows are looked at, in the order of their numbers.
    FROM_THE_FRONT = frozenset({"pruning._EVENTS", "pruning._CALLBACKS", "pruning._FAILURES"})

    def test_reads_no_big_table_as_a_whole(self, sqlite: Engine) -> None:
        """Every step on a big table goes by an index, or by the row's number."""
        allowed = WHOLE | {id(each) for name, each in statements() if name in self.FROM_THE_FRONT}
        asked = asked_of(sqlite)
        ask_everything(sql_storage(sqlite))

        for each in asked:
            if each.is_plain_insert or each.is_one_of(allowed):
                continue
            with sqlite.connect() as connection:
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {each.text}", each.values).all()
            steps = [str(row[3]).split() for row in rows]
            whole = [step for step in steps if step[0] == "SCAN" and step[1] in BIG and len(step) == 2]
            assert not whole, (each.text, rows)


class TestEveryStatement:
    """Those of the adapter's modules, found by looking at them."""

    def test_is_explained(self, shelf: Shelf, sqlite: Engine) -> None:
        """A new one has to be asked in everything.py, on one of the databases at least."""
        seen = set[int]()
        for engine in (shelf.engine, sqlite):
            asked = asked_of(engine)
            ask_everything(sql_storage(engine))
            seen |= {id(statement) for each in asked for statement in each.statements}

        found = list(statements())
        assert len(found) > 80
        assert [name for name, statement in found if id(statement) not in seen] == []
