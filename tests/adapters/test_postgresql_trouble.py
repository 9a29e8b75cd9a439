"""What the core hears when PostgreSQL is in trouble, and that nothing is decided from what has passed."""

import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy import literal_column, select
from sqlalchemy.exc import DBAPIError

from adapters.sql.catalog import SqlProducts
from adapters.sql.engine import open_engine
from adapters.sql.session import Session
from application.phases import in_one_transaction
from application.ports import IdempotencyScope, Perishable
from application.storage import Page, StaleVersion, UnitOfWork
from domain.bill import BillState
from domain.errors import StoreUnavailable
from domain.ids import MethodCode, MethodId, OrderId, PaymentId, Sku
from tests.adapters.conftest import Shelf, commit
from tests.adapters.wire import Wire
from tests.builders import (
    NOON,
    SOMEBODY,
    later,
    make_cart,
    make_method,
    make_order,
    make_payment,
    make_product,
)
from tests.contract.storages import Storage, sql_storage
from tests.postgres import Postgres

SECONDS_MAX = 20
RAISES = """
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {what}; RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER failing AFTER INSERT ON products {when} FOR EACH ROW EXECUTE FUNCTION fail();
"""
AT_ONCE, AT_COMMIT = "NOT DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED"
KILL_US = "PERFORM pg_terminate_backend(pg_backend_pid())"


def add_kettle(uow: UnitOfWork) -> None:
    """Something to store."""
    uow.products.add(make_product("kettle"))


def add_two(uow: UnitOfWork) -> None:
    """More than one row."""
    add_kettle(uow)
    uow.products.add(make_product("lamp"))


@pytest.fixture
def beside() -> Iterator[ThreadPoolExecutor]:
    """Where somebody else does something meanwhile."""
    with ThreadPoolExecutor(2) as pool:
        yield pool


def in_the_way(shelf: Shelf) -> int:
    """How many wait for a lock."""
    found = shelf.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    count: int = found[0][0]
    return count


def wait_until_waiting(shelf: Shelf, who: "Future[object]") -> None:
    """Return when somebody waits for a lock; fails when they did not have to."""
    for _ in range(2000):
        assert not who.done(), who.result()
        if in_the_way(shelf):
            return
    raise AssertionError("nobody came to wait")


class TestErrors:
    """Each error of the database is overtaken, not now, or a mistake of ours."""

    @pytest.mark.parametrize("when", [AT_ONCE, AT_COMMIT])
    @pytest.mark.parametrize(
        ("code", "heard"),
        [
            ("40P01", StaleVersion),
            ("40001", StaleVersion),
            ("23505", StaleVersion),
            ("55P03", StoreUnavailable),
            ("57014", StoreUnavailable),
            ("57P03", StoreUnavailable),
            ("53100", StoreUnavailable),
            ("53200", StoreUnavailable),
            ("53300", StoreUnavailable),
            ("25006", StoreUnavailable),
            ("08006", StoreUnavailable),
            ("58030", StoreUnavailable),
            ("23514", DBAPIError),
            ("42P01", DBAPIError),
        ],
    )
    def test_are_told_apart(self, shelf: Shelf, code: str, heard: type[Exception], when: str) -> None:
        """At a statement as at the commit; nothing is stored, and the connection is as good as new."""
        shelf.execute(RAISES.format(what=f"RAISE EXCEPTION 'no' USING ERRCODE = '{code}'", when=when))

        with pytest.raises(heard):
            commit(shelf.storage, add_kettle)

        shelf.execute("DROP TRIGGER failing ON products")
        assert shelf.storage.queries.products(Page(1)).items == ()
        commit(shelf.storage, add_kettle)

    def test_leave_nothing_to_commit(self, shelf: Shelf) -> None:
        """PostgreSQL would roll back and say nothing, should anybody go on after an error."""
        session = Session(shelf.engine)
        session.begin()
        products = SqlProducts(session)
        products.add(make_product("kettle"))
        session.write(products.changes())
        with pytest.raises(DBAPIError):
            session.run(select(literal_column("1/0").label("nothing")))

        with pytest.raises(AssertionError, match="has failed"):
            session.commit()

        session.close()
        assert shelf.storage.queries.product(Sku("kettle")) is None

    def test_waits_only_so_long_for_a_lock(self, shelf: Shelf) -> None:
        """Somebody who holds a row for ever makes the store unavailable, not the shop silent."""
        commit(shelf.storage, add_kettle)

        with shelf.storage.begin() as holder, shelf.storage.begin() as uow:
            holder.products.lock([Sku("kettle")])
            with pytest.raises(StoreUnavailable):
                uow.products.lock([Sku("kettle")])

    def test_waits_only_so_long_for_a_connection(self, shelf: Shelf) -> None:
        """When all are in use the store is unavailable."""
        engine = open_engine(shelf.url, connections_max=1, patience_milliseconds=50)

        with engine.connect(), pytest.raises(StoreUnavailable):
            sql_storage(engine).queries.products(Page(1))
        engine.dispose()


class TestLostConnections:
    """Whoever loses the database hears that it is unavailable, and never that nothing was stored."""

    @pytest.mark.parametrize("when", [AT_ONCE, AT_COMMIT])
    def test_is_killed_in_the_middle(self, shelf: Shelf, when: str) -> None:
        """At a statement as at the commit; the next one gets a connection that lives."""
        shelf.execute(RAISES.format(what=KILL_US, when=when))

        with pytest.raises(StoreUnavailable):
            commit(shelf.storage, add_kettle)

        shelf.execute("DROP TRIGGER failing ON products")
        assert shelf.storage.queries.products(Page(1)).items == ()
        commit(shelf.storage, add_kettle)

    def test_is_killed_by_somebody_else(self, shelf: Shelf) -> None:
        """Between two statements of one transaction."""
        with pytest.raises(StoreUnavailable), shelf.storage.begin() as uow:
            uow.products.lock([Sku("kettle")])
            ours = "state = 'idle in transaction' AND datname = current_database()"
            shelf.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}")
            add_kettle(uow)
            uow.commit()

        commit(shelf.storage, add_kettle)

    @pytest.mark.parametrize("then", [add_kettle, lambda uow: None], ids=["goes on", "commits"])
    def test_hears_it_as_often_as_it_goes_on(self, shelf: Shelf, then: Callable[[UnitOfWork], None]) -> None:
        """A connection that was lost once is not there for the rest of the transaction either."""
        ours = "state = 'idle in transaction' AND datname = current_database()"
        with shelf.storage.begin() as uow:
            uow.products.lock([Sku("kettle")])
            shelf.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {ours}")
            for _ in range(2):
                with pytest.raises(StoreUnavailable):
                    uow.products.lock([Sku("lamp")])
            with pytest.raises(StoreUnavailable):
                then(uow)
                uow.commit()

        commit(shelf.storage, add_kettle)

    def test_finds_idle_ones_dead_before_using_them(self, shelf: Shelf) -> None:
        """What was closed while nobody looked is nobody's trouble."""
        commit(shelf.storage, add_kettle)
        others = "pid <> pg_backend_pid() AND datname = current_database()"
        shelf.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {others}")

        assert shelf.storage.queries.product(Sku("kettle")) is not None
        commit(shelf.storage, lambda uow: uow.products.add(make_product("lamp")))

    @pytest.mark.parametrize(
        ("add", "last", "is_stored"),
        [
            (add_two, b"INSERT INTO products", False),
            (add_two, b"COMMIT\0", True),
            (add_kettle, b"INSERT INTO products", True),
        ],
        ids=["one of many", "commit", "all there is"],
    )
    def test_never_hears_what_came_of_it(
        self, shelf: Shelf, add: Callable[[UnitOfWork], None], last: bytes, is_stored: bool
    ) -> None:
        """An answer that is lost leaves it open whether it was stored; running again settles it."""
        with Wire(shelf.server.port) as wire:
            url = shelf.url.replace(f":{shelf.server.port}/", f":{wire.port}/")
            engine = open_engine(f"{url}?sslmode=disable&gssencmode=disable", connections_max=1)
            storage = sql_storage(engine)
            wire.last = last

            with pytest.raises(StoreUnavailable):
                commit(storage, add)

            wire.last = None
            was_stored = storage.queries.product(Sku("kettle")) is not None
            in_one_transaction(storage.begin, _one_kettle)
            assert was_stored == is_stored
            skus = [product.sku for product in storage.queries.products(Page(9)).items]
            assert skus.count(Sku("kettle")) == 1
            engine.dispose()

    def test_comes_back_with_the_server(self) -> None:
        """While it is away everything is unavailable; then everything works, at the first try."""
        server = Postgres.start()
        engine = open_engine(server.url("migrated"), connections_max=3)
        storage = sql_storage(engine)
        commit(storage, add_kettle)

        for how in (signal.SIGQUIT, signal.SIGINT):
            with engine.connect(), engine.connect():
                server.halt(how)
            for _ in range(5):
                with pytest.raises(StoreUnavailable):
                    storage.queries.products(Page(1))
            server.run()
            assert storage.queries.product(Sku("kettle")) is not None
        engine.dispose()
        server.stop()


def _one_kettle(uow: UnitOfWork) -> None:
    if not uow.products.lock([Sku("kettle")]):
        add_kettle(uow)


class TestLocks:
    """Nobody decides from what has passed, and those who wait in a circle get out of it."""

    def stock(self, storage: Storage) -> None:
        """Two products, a method, and an order with a payment that waits."""
        order = make_order(1)
        commit(storage, lambda uow: [uow.products.add(make_product(sku)) for sku in ("kettle", "lamp")])
        commit(storage, lambda uow: uow.methods.put(make_method(uow.methods.next_id())))
        commit(storage, lambda uow: (uow.orders.add(order), uow.payments.add(make_payment(1, (order,)))))

    def test_comes_out_of_a_circle(self, shelf: Shelf, beside: ThreadPoolExecutor) -> None:
        """Two that lock the same products the wrong way round both succeed in the end."""
        self.stock(shelf.storage)
        both, attempts = threading.Barrier(2), []

        def buys(*skus: str) -> Callable[[UnitOfWork], None]:
            def phase(uow: UnitOfWork) -> None:
                attempts.append(skus)
                for sku in skus:
                    product = uow.products.lock([Sku(sku)])[Sku(sku)]
                    product.stock.reserve(1)
                    uow.products.save(product)
                    if sku == skus[0] and len(attempts) <= 2:
                        both.wait(SECONDS_MAX)

            return phase

        phases = (buys("kettle", "lamp"), buys("lamp", "kettle"))
        for future in [beside.submit(in_one_transaction, shelf.storage.begin, phase) for phase in phases]:
            future.result(SECONDS_MAX)

        assert len(attempts) > 2
        for sku in ("kettle", "lamp"):
            product = shelf.storage.queries.product(Sku(sku))
            assert product is not None
            assert product.stock.reserved == 2

    def test_sees_what_happened_while_it_waited(self, shelf: Shelf, beside: ThreadPoolExecutor) -> None:
        """An order that was waited for comes with all its payments, not with those of before."""
        self.stock(shelf.storage)

        def look() -> tuple[PaymentId, ...]:
            with shelf.storage.begin() as uow:
                return uow.orders.lock([OrderId(1)])[0].payment_ids

        with shelf.storage.begin() as uow:
            (order,) = uow.orders.lock([OrderId(1)])
            (payment,) = uow.payments.lock([PaymentId(1)])
            waiting = beside.submit(look)
            wait_until_waiting(shelf, waiting)
            payment.fail("replaced", SOMEBODY, NOON)
            payment.pull_events()
            uow.payments.save(payment)
            order.take_on(PaymentId(2))
            uow.orders.save(order)
            uow.payments.add(make_payment(2, (order,)))
            uow.commit()

        assert waiting.result(SECONDS_MAX) == (1, 2)

    def test_changes_no_method_while_a_payment_is_stored(
        self, shelf: Shelf, beside: ThreadPoolExecutor
    ) -> None:
        """Whether money may still come through it is answered after those who are just beginning."""
        self.stock(shelf.storage)
        commit(shelf.storage, lambda uow: self.fail(uow, 1))

        def asks() -> bool:
            with shelf.storage.begin() as uow:
                return uow.methods.has_open_payments(MethodId(1))

        assert not asks()
        with shelf.storage.begin() as uow:
            assert uow.methods.by_code(MethodCode("card"))
            waiting = beside.submit(asks)
            wait_until_waiting(shelf, waiting)
            uow.payments.add(make_payment(2, tuple(uow.orders.lock([OrderId(1)]))))
            uow.commit()

        assert waiting.result(SECONDS_MAX)

    def fail(self, uow: UnitOfWork, payment_id: int) -> None:
        """End a payment."""
        (payment,) = uow.payments.lock([PaymentId(payment_id)])
        payment.bill.state = BillState.FAILED
        uow.payments.save(payment)

    def test_claims_beside_those_at_work(self, shelf: Shelf) -> None:
        """The janitor passes over what somebody holds, and waits for nobody."""
        self.stock(shelf.storage)
        second = make_order(2)
        commit(shelf.storage, lambda uow: uow.orders.add(second))
        commit(shelf.storage, lambda uow: uow.payments.add(make_payment(2, (second,), look_at=NOON)))
        shelf.execute("UPDATE payments SET look_at = '2020-01-01Z'")

        with shelf.storage.begin() as holder, shelf.storage.begin() as uow:
            holder.payments.lock([PaymentId(1)])
            assert list(uow.payments.claim_due(NOON, later(minutes=1), 10)) == [2]

    @pytest.mark.parametrize("turn", [True, False])
    def test_prunes_beside_those_at_work(self, shelf: Shelf, turn: bool) -> None:
        """What somebody is just taking up again is passed over, and so is what somebody else prunes."""
        commit(shelf.storage, lambda uow: uow.people.add_customer("A", "B", "aysel@example.com", "hash"))
        commit(shelf.storage, lambda uow: uow.carts.save(make_cart(1, kettle=1)))
        scope = IdempotencyScope(caller="c", operation="o", target="t", key="k")
        shelf.storage.idempotency.claim(scope, "print", NOON, later(minutes=1) - NOON)

        with shelf.engine.begin() as connection:
            for table in ["prunings"] if turn else ["carts", "idempotency_keys"]:
                connection.exec_driver_sql(f"SELECT * FROM {table} FOR UPDATE")
            for what in (Perishable.CARTS, Perishable.KEYS):
                assert shelf.storage.prunes(what, later(days=9), 10) == 0

        for what in (Perishable.CARTS, Perishable.KEYS):
            assert shelf.storage.prunes(what, later(days=9), 10) == 1

    def test_relays_beside_those_at_work(self, shelf: Shelf) -> None:
        """A relay passes over what another is just claiming, and the later events of its subject."""
        for number in (1, 2):
            order = make_order(number)
            order.cancel(SOMEBODY, NOON)
            commit(shelf.storage, lambda uow, order=order: uow.orders.add(order))

        with shelf.engine.begin() as connection:
            connection.exec_driver_sql("SELECT id FROM outbox WHERE subject_id = 1 FOR UPDATE")
            claimed = shelf.storage.outbox.claim(NOON, later(minutes=1), 10)

        assert {found.subject_id for found in claimed} == {2}
