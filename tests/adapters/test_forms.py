"""Statements in the database's own words, put so once."""

from datetime import UTC, datetime
from typing import Any, ClassVar

import pytest
from sqlalchemy import Engine, Integer, bindparam, create_engine, delete, func, insert, select, text, update

from adapters.sql import postgresql
from adapters.sql.engine import open_engine
from adapters.sql.many_rows import array_of, at_once, numbered
from adapters.sql.one_of import one_of
from adapters.sql.session import Change, Session, ask
from adapters.sql.statements import Form, Found, form_of
from adapters.sql.tables import accounts, customers, payments, products
from application.storage import StaleVersion
from domain.errors import StoreUnavailable
from domain.ids import CustomerId
from tests.adapters.asked import asked_of
from tests.adapters.conftest import Shelf
from tests.builders import make_cart

ON_SQLITE = create_engine("sqlite://").dialect
ON_POSTGRESQL = create_engine("postgresql://nobody/nowhere", paramstyle="format").dialect
SOME = select(products.c.sku, products.c.price).where(one_of(products.c.sku, "skus")).order_by(products.c.sku)


class TestForm:
    def test_is_made_once(self) -> None:
        """However often the statement is run."""
        assert form_of(SOME, ON_SQLITE, ("skus",)) is form_of(SOME, ON_SQLITE, ("skus",))

    def test_sets_what_is_given(self) -> None:
        """An UPDATE without values of its own changes the columns that come, and finds by the others."""
        change = update(payments).where(payments.c.id == bindparam("the_id"))

        form = Form.of(change, ON_SQLITE, ("state", "the_id"))

        assert form.sql == "UPDATE payments SET state=? WHERE payments.id = ?"
        assert form.placed({"the_id": 7, "state": "paid"}) == ("paid", 7)

    def test_brings_its_own_values(self) -> None:
        """What the statement itself says need not be given."""
        form = Form.of(
            select(products.c.id).where(products.c.sku == "lamp").limit(bindparam("most")), ON_SQLITE, ()
        )

        assert form.placed({"most": 3})[:2] == ("lamp", 3)

    def test_misses_what_is_not_given(self) -> None:
        """Nothing is made up."""
        form = Form.of(select(customers).where(customers.c.id == bindparam("the_id")), ON_SQLITE, ())

        with pytest.raises(KeyError, match="the_id"):
            form.placed({})

    def test_gives_and_takes_what_types_mean(self) -> None:
        """A moment is a text to SQLite, and a moment to us."""
        when = datetime(2026, 3, 5, 12, tzinfo=UTC)
        form = Form.of(
            select(payments.c.created_at).where(payments.c.look_at == bindparam("at")), ON_SQLITE, ()
        )

        assert form.placed({"at": when}) == ("2026-03-05 12:00:00.000000",)
        assert form.read([("2026-03-05 12:00:00.000000",)])[0].created_at == when

    def test_refuses_a_list_whose_length_it_would_have_to_know(self) -> None:
        """Each length would be another statement, for us and for the database."""
        with pytest.raises(AssertionError, match="one_of"):
            Form.of(select(products).where(products.c.sku.in_(["a", "b"])), ON_SQLITE, ())


class TestOneOf:
    @pytest.mark.parametrize(
        ("dialect", "words", "given"),
        [
            (ON_SQLITE, "products.sku IN (SELECT value FROM json_each(?)) ORDER", '["a", "b"]'),
            (ON_POSTGRESQL, "products.sku = ANY(%s::VARCHAR[]) ORDER", '{"a","b"}'),
        ],
        ids=["sqlite", "postgresql"],
    )
    def test_says_the_same_for_any_number(self, dialect: Any, words: str, given: object) -> None:
        """The list is one value."""
        form = Form.of(SOME, dialect, ("skus",))

        assert words in form.sql
        assert form.placed({"skus": ["a", "b"]}) == (given,)

    @pytest.mark.parametrize(
        "wanted", [[], ["kettle"], ["kettle", "lamp", "nothing", 'it\'s "odd", {too}\\']]
    )
    def test_finds_them(self, either: Engine, wanted: list[str]) -> None:
        """None for none, and no word is taken for anything but itself."""
        session = Session(either)
        session.begin()
        there = ['it\'s "odd", {too}\\', "kettle", "lamp", "saffron"]
        row = {
            "name": "",
            "price": 1,
            "currency": "AZN",
            "exponent": 2,
            "seller": "",
            "on_hand": 0,
            "reserved": 0,
        }
        session.run_many(products.insert(), [{"sku": sku, **row} for sku in there])

        found = session.run(SOME, {"skus": wanted})

        assert [each.sku for each in found] == sorted(set(wanted) & set(there))
        session.close()


class TestFound:
    def test_knows_the_only_row(self) -> None:
        """Where one was meant, two are a mistake."""
        assert Found(["a"], 1).one() == Found(["a"], 1).one_or_none() == "a"
        assert Found([], 0).one_or_none() is None
        for several in ([], ["a", "b"]):
            with pytest.raises(ValueError, match="values to unpack"):
                Found(several, 0).one()


class TestNumbered:
    def test_counts_the_places(self) -> None:
        """And says a percent sign that means itself only once."""
        assert (
            numbered("a = %s::BIGINT AND b LIKE '%%x' OR c = %s")
            == "a = $1::BIGINT AND b LIKE '%x' OR c = $2"
        )


class TestArrayOf:
    @pytest.mark.parametrize(
        "values",
        [
            [],
            ["", "null", "NULL", None, " kettle ", "{1,2}", 'it\'s "odd"', "back\\slash", "a,b", "çay"],
            ["2026-03-05 12:00:00+00:00"],
        ],
    )
    def test_is_read_as_it_was_meant(self, shelf: Shelf, values: list[str | None]) -> None:
        """By the database itself."""
        with shelf.engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT %s::VARCHAR[]", (array_of(values),)).scalar_one()

        assert found == values

    def test_holds_numbers_moments_and_truths(self, shelf: Shelf) -> None:
        """As the texts that their types are read from."""
        when = datetime(2026, 3, 5, 12, 0, 0, 5, tzinfo=UTC)
        given = (array_of([2**40, -1, None]), array_of([when]), array_of([True, False]))
        with shelf.engine.connect() as connection:
            row = connection.exec_driver_sql(
                "SELECT %s::BIGINT[], %s::TIMESTAMPTZ[], %s::BOOLEAN[]", given
            ).one()

        assert list(row) == [[2**40, -1, None], [when], [True, False]]


class TestWrite:
    """Several changes in one go, where the database can."""

    GOODS: ClassVar = {
        "name": "",
        "price": 1,
        "currency": "AZN",
        "exponent": 2,
        "seller": "",
        "on_hand": 5,
        "reserved": 0,
    }
    FIND = update(products).where(products.c.sku == bindparam("the_sku"))

    def test_is_one_statement_for_several_tables(self, shelf: Shelf) -> None:
        """A second change of one table is another, for it has to see the first."""
        asked, session = asked_of(shelf.engine), Session(shelf.engine)
        session.begin()

        session.write(
            [
                Change(insert(accounts), [{"email_key": "a"}, {"email_key": "b"}]),
                Change(insert(products), [{"sku": "kettle", **self.GOODS}]),
                Change(self.FIND, [{"the_sku": "kettle", "on_hand": 4}], guarded="products"),
                Change(insert(accounts), []),
            ]
        )

        assert [len(each.statements) for each in asked] == [2, 1]
        found = session.run(select(products.c.on_hand).where(products.c.sku == "kettle"))
        assert [row.on_hand for row in found] == [4]
        session.close()

    def test_notices_what_somebody_else_changed(self, either: Engine) -> None:
        """Among the others, too; and what was not written does not count up."""
        session, cart = Session(either), make_cart(CustomerId(1))
        session.begin()
        changes = [
            Change(insert(accounts), [{"email_key": "a"}]),
            Change(self.FIND, [{"the_sku": "gone", "on_hand": 4}], [cart], "products"),
        ]

        with pytest.raises(StaleVersion, match="products"):
            session.write(changes)

        assert cart.version == 0
        session.close()


class TestAsk:
    def test_leaves_a_connection_that_can_roll_back(self, either: Engine) -> None:
        """Alone a statement has no transaction around it; the next one on the same connection has."""
        engine = open_engine(either.url.render_as_string(hide_password=False), connections_max=1)
        count = select(func.count().label("times")).select_from(accounts)
        assert ask(engine, count).one().times == 0

        session = Session(engine)
        session.begin()
        session.write([Change(insert(accounts), [{"email_key": "a"}])])
        session.close()

        assert ask(engine, count).one().times == 0
        engine.dispose()


class TestLostConnection:
    def test_is_not_used_again(self, shelf: Shelf) -> None:
        """Whoever goes on hears the same once more, and the next session has another connection."""
        session = Session(shelf.engine)
        session.begin()
        ((pid,),) = session.run(text("SELECT pg_backend_pid() AS pid").columns(pid=Integer))
        shelf.execute(f"SELECT pg_terminate_backend({pid})")

        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                session.run(select(products.c.id).where(products.c.sku == "kettle"))
        session.close()

        assert ask(shelf.engine, select(products.c.id).where(products.c.sku == "kettle")) == []

    def test_is_no_fault_of_a_client_however_often(
        self, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A server that ends each connection as soon as it was opened is one that does not answer."""
        engine = open_engine(shelf.url, connections_max=1)
        monkeypatch.setattr(postgresql, "_has_something_to_say", lambda _: True)

        assert ask(engine, select(products.c.id).where(products.c.sku == "kettle")) == []
        engine.dispose()


class TestAtOnce:
    """Several rows by one statement, where the database takes arrays."""

    def test_inserts(self) -> None:
        """Each row's values are taken from the arrays."""
        form = Form.of(insert(customers), ON_POSTGRESQL, ("id", "email"))

        assert form.of_many == (
            "INSERT INTO customers (id, email) SELECT given.v0, given.v1"
            " FROM unnest(%s::BIGINT[], %s::VARCHAR[]) AS given(v0, v1)"
        )

    def test_changes_and_deletes(self) -> None:
        """Each row is found by its own values."""
        change = update(products).where(products.c.sku == bindparam("the_sku"))
        removal = delete(products).where(products.c.sku == bindparam("the_sku"))

        changed = Form.of(change, ON_POSTGRESQL, ("reserved", "the_sku")).of_many
        removed = Form.of(removal, ON_POSTGRESQL, ("the_sku",)).of_many

        assert changed == (
            "UPDATE products SET reserved=given.v0 FROM unnest(%s::BIGINT[], %s::VARCHAR[]) AS given(v0, v1)"
            " WHERE products.sku = given.v1"
        )
        assert removed == (
            "DELETE FROM products USING unnest(%s::VARCHAR[]) AS given(v0) WHERE products.sku = given.v0"
        )

    def test_is_for_single_rows(self) -> None:
        """Said of each row it would be said of all."""
        with pytest.raises(ValueError, match="single rows"):
            at_once("UPDATE products SET reserved=%s", ["BIGINT"])

    def test_is_for_databases_with_arrays(self) -> None:
        """The others are told row by row."""
        assert Form.of(insert(customers), ON_SQLITE, ("id", "email")).of_many is None
