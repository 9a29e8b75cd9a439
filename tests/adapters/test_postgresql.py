"""PostgreSQL behind the adapter: its shape, its guards, its room, its secrets."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import String, create_engine, select, text

from adapters.sql.engine import open_engine, readonly
from adapters.sql.idempotency import SqlIdempotencyKeys
from adapters.sql.migrate import downgrade, is_current, upgrade
from adapters.sql.session import ask
from adapters.sql.tables import belongs, metadata, products
from adapters.sql.trouble import UnfitDatabase
from adapters.sql.unit_of_work import SqlUnitOfWork
from adapters.system import SecretVault
from application.ports import IdempotencyScope, KeptReply
from application.storage import Page
from domain.errors import StoreUnavailable
from domain.ids import OrderKey
from tests.adapters.conftest import Shelf
from tests.builders import NOON, later, make_method, make_order
from tests.contract.storages import relay_all
from tests.postgres import Postgres

SHAPE = """
    SELECT 'column', table_name, column_name, data_type, is_nullable, coalesce(column_default, '')
        FROM information_schema.columns WHERE table_schema = 'public'
    UNION SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', ''
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION SELECT 'index', tablename, indexname, indexdef, '', '' FROM pg_indexes WHERE schemaname = 'public'
    UNION SELECT 'sequence', sequencename, data_type::text, '', '', '' FROM pg_sequences
"""


@pytest.fixture
def empty(postgres: Postgres) -> Iterator[str]:
    """A database that has not been migrated, by name."""
    name = postgres.database(template="template0")
    yield name
    postgres.drop(name)


def shape(server: Postgres, name: str) -> set[tuple[str, ...]]:
    """Everything in it as the database describes it."""
    return {row for row in server.execute(SHAPE, name) if "alembic_version" not in row[1]}


class TestMigrations:
    """The shape of the database."""

    def test_lets_one_of_several_go_first(self, postgres: Postgres, empty: str) -> None:
        """Those that migrate one new database at once all find it done."""
        with ThreadPoolExecutor(4) as pool:
            for future in [pool.submit(upgrade, postgres.url(empty)) for _ in range(4)]:
                future.result()

        engine = open_engine(postgres.url(empty))
        assert is_current(engine)
        engine.dispose()

    def test_goes_down_and_up_again(self, shelf: Shelf) -> None:
        """Nothing is left below, and the way up leads to the same shape."""
        first = shape(shelf.server, shelf.name)

        downgrade(shelf.url, "base")
        assert shape(shelf.server, shelf.name) == set()
        upgrade(shelf.url)

        assert shape(shelf.server, shelf.name) == first

    def test_says_what_the_tables_say(self, shelf: Shelf, empty: str) -> None:
        """The migrations lead to the very tables, checks, indexes and sequences that the code relies on."""
        other = create_engine(shelf.server.url(empty))
        metadata.create_all(other)
        other.dispose()
        shelf.server.execute("DROP TABLE sequences", empty)

        with shelf.engine.connect() as connection:
            options = {"include_object": belongs("postgresql"), "compare_server_default": True}
            differences = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

        assert differences == []
        assert shape(shelf.server, shelf.name) == shape(shelf.server, empty)


class TestGuards:
    """What every connection must have set, whoever set it."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("lock_timeout", "3s"),
            ("statement_timeout", "5s"),
            ("idle_in_transaction_session_timeout", "10s"),
            ("synchronous_commit", "on"),
            ("transaction_isolation", "read committed"),
        ],
    )
    def test_are_up(self, shelf: Shelf, name: str, value: str) -> None:
        """For questions as for work."""
        plain = open_engine(shelf.url, connections_max=2)
        for each in (plain, readonly(plain)):
            with each.connect() as connection:
                assert connection.exec_driver_sql(f"SHOW {name}").scalar_one() == value
        plain.dispose()

    @pytest.mark.parametrize(
        "loose",
        [
            "lock_timeout=0",
            "statement_timeout=1h",
            "synchronous_commit=off",
            "default_transaction_isolation=serializable",
        ],
    )
    def test_are_not_loosened_by_the_url(self, shelf: Shelf, loose: str) -> None:
        """What would wait for ever, or forget what it said, is found at start."""
        with pytest.raises(UnfitDatabase, match=loose.partition("=")[0]):
            open_engine(f"{shelf.url}?options=-c%20{loose}")

    def test_hold_for_a_statement_alone(self, shelf: Shelf) -> None:
        """It begins no transaction that could say how it is kept apart, whatever the database would take."""
        isolation = text("SELECT current_setting('transaction_isolation') AS level").columns(level=String)
        shelf.execute(
            f"ALTER DATABASE {shelf.engine.url.database} SET default_transaction_isolation = serializable"
        )
        engine = open_engine(shelf.url, connections_max=2)

        assert ask(engine, isolation).one().level == "read committed"
        engine.dispose()

    def test_that_fall_later_are_no_fault_of_a_client(self, shelf: Shelf) -> None:
        """Whoever is served meanwhile is told to come back."""
        shelf.execute("CREATE ROLE bounced LOGIN SUPERUSER")
        for name, value in (("lock_timeout", 1), ("statement_timeout", 2)):
            shelf.execute(f"ALTER ROLE bounced SET {name} = '{value}s'")
        shelf.execute("ALTER ROLE bounced SET idle_in_transaction_session_timeout = '9s'")
        shelf.execute("ALTER ROLE bounced SET synchronous_commit = 'on'")
        engine = open_engine(shelf.url.replace("kassa@", "bounced@"), behind_pgbouncer=True)
        shelf.execute("ALTER ROLE bounced RESET statement_timeout")
        engine.dispose()

        with pytest.raises(StoreUnavailable):
            ask(engine, select(products.c.id).where(products.c.sku == "kettle"))
        engine.dispose()
        shelf.execute("DROP ROLE bounced")

    def test_let_what_the_url_says_pass(self, shelf: Shelf) -> None:
        """The parameters of the library that connects."""
        engine = open_engine(f"{shelf.url}?application_name=till-7&sslmode=disable")

        with engine.connect() as connection:
            assert connection.exec_driver_sql("SHOW application_name").scalar_one() == "till-7"
        engine.dispose()

    def test_belong_to_the_role_behind_pgbouncer(self, shelf: Shelf) -> None:
        """There nothing is set for a session, so the role must bring them; the refusal says how."""
        with pytest.raises(UnfitDatabase, match="ALTER ROLE") as refused:
            open_engine(shelf.url, behind_pgbouncer=True)
        advice = str(refused.value).partition("role: ")[2]

        shelf.execute("CREATE ROLE bounced LOGIN SUPERUSER")
        shelf.execute(advice.replace("CURRENT_USER", "bounced"))
        engine = open_engine(shelf.url.replace("kassa@", "bounced@"), behind_pgbouncer=True)
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "5s"
        engine.dispose()
        shelf.execute("DROP ROLE bounced")

    def test_prepare_nothing_behind_pgbouncer(self, shelf: Shelf) -> None:
        """A statement would be prepared on one connection of the server and run on another."""
        shelf.execute("CREATE ROLE bounced LOGIN SUPERUSER")
        for name, value in (("lock_timeout", 1), ("statement_timeout", 2)):
            shelf.execute(f"ALTER ROLE bounced SET {name} = '{value}s'")
        shelf.execute("ALTER ROLE bounced SET idle_in_transaction_session_timeout = '9s'")
        shelf.execute("ALTER ROLE bounced SET synchronous_commit = 'on'")
        engine = open_engine(shelf.url.replace("kassa@", "bounced@"), behind_pgbouncer=True)

        for _ in range(20):
            with engine.connect() as connection:
                prepared = connection.exec_driver_sql("SELECT count(*) FROM pg_prepared_statements")
                assert prepared.scalar_one() == 0
        engine.dispose()
        shelf.execute("DROP ROLE bounced")


class TestStart:
    """What is found out before anybody is served."""

    def test_sees_that_there_is_room(self, shelf: Shelf) -> None:
        """A server that would turn connections away under load is refused at once."""
        with pytest.raises(UnfitDatabase, match="1000 connections"):
            open_engine(shelf.url, connections_max=1000)

    def test_refuses_an_old_server(self, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
        """What nobody has tried is not used."""
        monkeypatch.setattr("adapters.sql.postgresql.VERSION_MIN", 99)

        with pytest.raises(UnfitDatabase, match="PostgreSQL 99 or newer"):
            open_engine(shelf.url)

    def test_sees_that_there_is_room_for_all_processes(self, shelf: Shelf) -> None:
        """Each has a pool of its own."""
        open_engine(shelf.url, connections_max=10, pools=9).dispose()

        with pytest.raises(UnfitDatabase, match="1000 connections"):
            open_engine(shelf.url, connections_max=10, pools=100)

    def test_says_what_is_missing(self, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
        """The driver is an extra."""
        monkeypatch.setitem(sys.modules, "psycopg", None)

        with pytest.raises(UnfitDatabase, match=r"kassa\[postgresql\]"):
            open_engine(shelf.url)

    def test_says_that_nobody_answers(self, shelf: Shelf) -> None:
        """Neither a database that is not there nor a port where nobody listens is our mistake."""
        for url in (f"{shelf.url}_not", "postgresql://kassa@127.0.0.1:1/shop"):
            with pytest.raises(StoreUnavailable) as unavailable:
                open_engine(url)
            assert isinstance(unavailable.value.__cause__.orig, psycopg.OperationalError)


class TestSecrets:
    """What must not be readable by whoever reads the database."""

    def test_keeps_them_sealed(self, shelf: Shelf) -> None:
        """A dump of everything holds no order's key, no setting, no reply, no scope, no subject."""
        vault = SecretVault("the shop's secret")
        keys = SqlIdempotencyKeys(shelf.engine, vault)
        scope = IdempotencyScope(caller="canary-scope", operation="o", target="/canary-scope", key="k")
        with SqlUnitOfWork(shelf.engine, vault, relay_all) as uow:
            uow.orders.add(make_order(1, key=OrderKey("canary-order-key")))
            uow.methods.put(make_method(settings={"secret": "canary-setting"}))
            uow.failures.add(["order:canary-subject"], NOON)
            uow.commit()
        keys.claim(scope, "print", NOON, later(minutes=1) - NOON)
        keys.keep(scope, later(minutes=1), KeptReply(201, b"canary-reply"), NOON)

        dump = shelf.server.programs.run("pg_dump", shelf.url).stdout

        assert "checkout-of-1" in dump
        assert "canary" not in dump

    def test_tells_none_in_errors(self, shelf: Shelf) -> None:
        """What a statement was given is not in what is logged about it."""
        shelf.execute("DROP TABLE products")

        with pytest.raises(Exception, match="products") as mistake:
            shelf.storage.queries.products(Page(987654321))

        assert "987654321" not in str(mistake.value)
