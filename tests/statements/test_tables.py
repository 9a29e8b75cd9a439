"""No call asks the database more than the tables beside this file say, however many goods it is about."""

import pytest
from sqlalchemy import Engine

from adapters.web.app import routes_of
from tests.statements.deeds import DEEDS
from tests.statements.watched import FOLDER, asked_by, committed, text_of
from tests.web.house import open_house

HOW = "`python -m tests.statements.watched` writes the tables anew; a longer one needs a reason"


class TestEachDeed:
    @pytest.mark.parametrize("name", DEEDS)
    def test_asks_what_the_table_says(self, either: Engine, name: str) -> None:
        """The table was made with one of each: for twenty sellers' goods or a full page it is no more."""
        many = 100 if name.startswith("GET") else 20

        asked = asked_by(either, name, many)

        assert asked == committed(either.dialect.name)[name], HOW


class TestTables:
    def test_know_every_call(self) -> None:
        """A new one is counted, too."""
        house = open_house()
        routes = routes_of(house.application, house.edge).values()
        calls = {f"{each.method} {each.path}" for route in routes for each in route.operations}

        assert {call for call in calls if " /v1/" in call} <= DEEDS.keys()

    @pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
    def test_are_written_as_they_are_read(self, dialect: str) -> None:
        """In the order of the deeds, so that a new table differs only where something changed."""
        text = (FOLDER / f"{dialect}.txt").read_text(encoding="utf-8")

        assert text_of(committed(dialect)) == text
        assert list(committed(dialect)) == list(DEEDS)
