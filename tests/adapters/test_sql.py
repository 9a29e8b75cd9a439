"""The SQL adapter by itself: its shape, its locks, its errors, its secrets, its statements."""

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import IntegrityError, OperationalError

from adapters.sql.engine import open_engine, readonly
from adapters.sql.idempotency import SqlIdempotencyKeys
from adapters.sql.migrate import downgrade, is_current, upgrade
from adapters.sql.tables import metadata
from adapters.sql.unit_of_work import SqlUnitOfWork
from adapters.system import SecretVault
from application.ports import IdempotencyScope, KeptReply
from application.storage import Page, UnitOfWork
from domain.errors import StoreUnavailable
from domain.ids import CustomerId, OrderId, OrderKey, PaymentId, Sku
from tests.builders import (
    NOON,
    SOMEBODY,
    later,
    make_method,
    make_order,
    make_payment,
    make_product,
)
from tests.contract.storages import Storage, relay_all, sql_storage


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database lies."""
    return tmp_path / "kassa.db"


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    """A migrated database, with little patience."""
    upgrade(f"sqlite:///{path}")
    engine = open_engine(f"sqlite:///{path}", connections_max=2, patience_milliseconds=50)
    yield engine
    engine.dispose()


@pytest.fixture
def storage(engine: Engine) -> Storage:
    """The ports over that database."""
    return sql_storage(engine)


def execute(path: Path, statement: str) -> list[tuple[object, ...]]:
    """Run one statement beside the adapter, as an operator might."""
    with sqlite3.connect(path) as connection:
        return connection.execute(statement).fetchall()


def commit(storage: Storage, work: Callable[[UnitOfWork], None]) -> None:
    """Do something in one unit of work."""
    with storage.begin() as uow:
        work(uow)
        uow.commit()


def shape(path: Path) -> set[tuple[object, ...]]:
    """Every table and index as the database describes it.

    Neither the order of its clauses matters, nor the quotes around a table that was rebuilt.
    """
    rows = execute(path, "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
    return {
        (kind, name, *sorted(" ".join(str(sql).replace('"', "").split()).removesuffix(" )").split(", ")))
        for kind, name, sql in rows
        if name != "alembic_version"
    }


class TestMigrations:
    """The shape of the database."""

    def test_goes_up_from_nothing(self, path: Path) -> None:
        """An empty file is not current, a migrated one is; migrating again changes nothing."""
        url = f"sqlite:///{path}"
        engine = open_engine(url)
        assert not is_current(engine)

        upgrade(url)
        upgrade(url)

        assert is_current(engine)
        assert execute(path, "PRAGMA foreign_key_check") == []

    def test_goes_down_and_up_again(self, path: Path) -> None:
        """Nothing is left below, and the way up leads to the same shape."""
        url = f"sqlite:///{path}"
        upgrade(url)
        first = shape(path)

        downgrade(url, "base")
        assert shape(path) == set()
        upgrade(url)

        assert shape(path) == first

    def test_says_what_the_tables_say(self, path: Path, tmp_path: Path, engine: Engine) -> None:
        """The migrations lead to the very tables, checks and indexes that the code relies on."""
        other = create_engine(f"sqlite:///{tmp_path / 'other.db'}")
        metadata.create_all(other)

        with engine.connect() as connection:
            differences = compare_metadata(MigrationContext.configure(connection), metadata)

        assert differences == []
        assert shape(path) == shape(tmp_path / "other.db")

    @pytest.mark.parametrize("round_number", range(10))
    def test_lets_one_of_several_go_first(self, tmp_path: Path, round_number: int) -> None:
        """Those that migrate one new file at once all find it done."""
        url = f"sqlite:///{tmp_path / str(round_number)}.db"

        with ThreadPoolExecutor(4) as pool:
            for future in [pool.submit(upgrade, url) for _ in range(4)]:
                future.result()

        assert is_current(open_engine(url))

    def test_refuses_broken_references(self, path: Path, engine: Engine) -> None:
        """Rows that refer to nothing are not left unnoticed."""
        execute(path, "INSERT INTO order_lines VALUES (99, 0, 'kettle', 'A kettle', 1, 1)")

        with pytest.raises(RuntimeError, match="1 rows"):
            upgrade(f"sqlite:///{path}")


class TestEngine:
    """The settings that durability and exclusion rest on."""

    @pytest.mark.parametrize(
        ("name", "value"),
        [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 50)],
    )
    def test_sets_each_connection(self, engine: Engine, name: str, value: object) -> None:
        """For questions as for work."""
        for each in (engine, readonly(engine)):
            with each.connect() as connection:
                assert connection.execute(text(f"PRAGMA {name}")).scalar_one() == value

    @pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/kassa"])
    def test_refuses_what_it_cannot_keep(self, url: str) -> None:
        """A database in memory would be another one for each connection."""
        with pytest.raises(ValueError, match="sqlite:///PATH"):
            open_engine(url)

    def test_refuses_a_database_that_does_not_obey(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A setting that does not hold is found at start, not after a power cut."""
        monkeypatch.setattr("adapters.sql.engine.PATIENCE_MILLISECONDS", -1)

        with pytest.raises(RuntimeError, match="busy_timeout"):
            open_engine(f"sqlite:///{path}", patience_milliseconds=-1)

    def test_says_when_it_cannot_open(self, tmp_path: Path) -> None:
        """A folder that is not there is trouble of the store."""
        with pytest.raises(StoreUnavailable):
            open_engine(f"sqlite:///{tmp_path / 'nowhere' / 'kassa.db'}")


class TestTrouble:
    """What the core hears of the database's errors."""

    def test_waits_only_so_long_for_a_writer(self, path: Path, storage: Storage) -> None:
        """Then the store is unavailable; afterwards it works again, and questions did all along."""
        writer = sqlite3.connect(path, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")

        with pytest.raises(StoreUnavailable), storage.begin():
            pass
        assert storage.queries.products(Page(1)).items == ()

        writer.execute("ROLLBACK")
        writer.close()
        commit(storage, lambda uow: uow.products.add(make_product()))
        assert storage.queries.product(Sku("kettle")) is not None

    def test_waits_only_so_long_for_a_connection(self, engine: Engine, storage: Storage) -> None:
        """When all are in use the store is unavailable."""
        with engine.connect(), engine.connect(), pytest.raises(StoreUnavailable):
            storage.queries.products(Page(1))

    def test_stores_nothing_on_a_full_disk(self, path: Path) -> None:
        """The store is unavailable, nothing is half there, and space brings it back."""
        upgrade(f"sqlite:///{path}")
        engine = open_engine(f"sqlite:///{path}", connections_max=1)
        storage = sql_storage(engine)

        def limit_pages(pages: int) -> None:
            with readonly(engine).connect() as connection:
                connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

        def add_many(uow: UnitOfWork) -> None:
            for number in range(200):
                uow.products.add(make_product(f"sku-{number}", name="x" * 1000))

        limit_pages(execute(path, "PRAGMA page_count")[0][0])
        with pytest.raises(StoreUnavailable):
            commit(storage, add_many)
        assert storage.queries.products(Page(1)).items == ()

        limit_pages(1_000_000)
        commit(storage, add_many)
        assert storage.queries.product(Sku("sku-199")) is not None

    def test_keeps_our_own_mistakes_apart(self, path: Path, storage: Storage) -> None:
        """A missing table or a reference to nobody is no trouble that waiting would cure."""
        with pytest.raises(IntegrityError):
            commit(storage, lambda uow: uow.orders.add(make_order(1, customer_id=CustomerId(99))))

        execute(path, "DROP TABLE failures")
        with pytest.raises(OperationalError), storage.begin() as uow:
            uow.failures.count(["somebody"], NOON)

    def test_stores_only_moments_with_a_zone(self, storage: Storage) -> None:
        """A naive datetime would be another moment elsewhere."""
        with pytest.raises(ValueError, match="aware"), storage.begin() as uow:
            uow.failures.add(["somebody"], NOON.replace(tzinfo=None))

    def test_is_used_inside_its_with_block(self, storage: Storage) -> None:
        """Before and after there is no transaction to act in."""
        with pytest.raises(AssertionError, match="with block"):
            storage.begin().payments.get(PaymentId(1))


class TestConstraints:
    """What the database itself refuses, and what reading notices."""

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE products SET reserved = on_hand + 1",
            "UPDATE products SET reserved = -1",
            "UPDATE orders SET status = 'LOST'",
            "UPDATE orders SET payment_status = '1'",
            "UPDATE payments SET state = 'success'",
            "UPDATE order_lines SET quantity = 0",
        ],
    )
    def test_refuses_what_cannot_be(self, path: Path, storage: Storage, statement: str) -> None:
        """Stock below zero, statuses that there are not."""
        self.fill(storage)

        with pytest.raises(sqlite3.IntegrityError):
            execute(path, statement)

    def test_notices_an_order_that_does_not_add_up(self, path: Path, storage: Storage) -> None:
        """A total that is not the sum of the lines is never acted on, and the books show both."""
        self.fill(storage)
        execute(path, "UPDATE orders SET total = 1")

        with storage.begin() as uow, pytest.raises(ValueError, match="order 1"):
            uow.orders.lock([OrderId(1)])
        (entry,) = storage.books.orders(0, 9)
        assert (entry.total, entry.order.total.minor) == (1, 8000)

    def test_notices_a_payment_that_does_not_add_up(self, path: Path, storage: Storage) -> None:
        """An amount that is not the sum of the shares is never collected, and the books show both."""
        self.fill(storage)
        execute(path, "UPDATE payment_orders SET amount = 1")

        with storage.begin() as uow, pytest.raises(ValueError, match="payment 1"):
            uow.payments.lock([PaymentId(1)])
        (entry,) = storage.books.payments(0, 9)
        assert (entry.payment.amount.minor, entry.payment.shares[0].amount.minor) == (8000, 1)

    @pytest.mark.parametrize(
        ("statement", "name"),
        [("DELETE FROM order_lines", "order has no line: 1"), ("DELETE FROM payment_orders", "no order: 1")],
    )
    def test_notices_what_no_list_would_show(
        self, path: Path, storage: Storage, statement: str, name: str
    ) -> None:
        """A record that has lost its parts is found, for it is looked for by its own number."""
        self.fill(storage)
        execute(path, statement)

        with pytest.raises(ValueError, match=name):
            [storage.books.orders(0, 9), storage.books.payments(0, 9)]

    def fill(self, storage: Storage) -> None:
        """One order with one payment, and one product."""

        def work(uow: UnitOfWork) -> None:
            uow.methods.put(make_method())
            order = make_order(1)
            uow.orders.add(order)
            uow.payments.add(make_payment(1, (order,)))
            uow.products.add(make_product())

        commit(storage, work)


class TestSecrets:
    """What must not be readable in the database's files."""

    def test_keeps_them_sealed(self, path: Path, engine: Engine) -> None:
        """Order keys, settings of methods, kept replies with their scopes, subjects of failures."""
        vault = SecretVault("the shop's secret")
        secrets = ["canary-order-key", "canary-setting", "canary-reply", "canary-scope", "canary-subject"]
        keys = SqlIdempotencyKeys(engine, vault)
        scope = IdempotencyScope(caller="canary-scope", operation="o", target="/canary-scope", key="k")

        with SqlUnitOfWork(engine, vault, relay_all) as uow:
            order = make_order(1, key=OrderKey("canary-order-key"))
            order.cancel(SOMEBODY, NOON)
            uow.orders.add(order)
            uow.methods.put(make_method(settings={"secret": "canary-setting"}))
            uow.failures.add(["order:canary-subject"], NOON)
            uow.commit()
        keys.claim(scope, "print", NOON, later(minutes=1) - NOON)
        keys.keep(scope, later(minutes=1), KeptReply(201, b"canary-reply"), NOON)

        stored = b"".join(file.read_bytes() for file in path.parent.glob("kassa.db*"))
        assert b"checkout-of-1" in stored
        assert [secret for secret in secrets if secret.encode() in stored] == []
        with SqlUnitOfWork(engine, vault, relay_all) as uow:
            assert uow.orders.lock([OrderId(1)])[0].key == "canary-order-key"

    def test_opens_nothing_under_another_secret(self, engine: Engine) -> None:
        """Whoever has the file and not the secret has no order's key."""
        with SqlUnitOfWork(engine, SecretVault("one"), relay_all) as uow:
            uow.orders.add(make_order(1))
            uow.commit()

        with SqlUnitOfWork(engine, SecretVault("another"), relay_all) as uow, pytest.raises(ValueError):
            uow.orders.lock([OrderId(1)])
