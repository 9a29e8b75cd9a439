"""How many statements the main paths take on each database, and that each finds its rows by an index."""

from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Engine, event

from adapters.sql.idempotency import SqlIdempotencyKeys
from application.ports import IdempotencyScope, KeptReply
from application.storage import Page, UnitOfWork
from domain.ids import CustomerId, MethodCode, MethodId, OrderKey, PaymentId, Sku
from tests.adapters.conftest import Shelf, commit
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
from tests.contract.storages import PlainVault, Storage, sql_storage


def noted(engine: Engine) -> list[str]:
    """A list that grows by whatever is executed from now on."""
    executed: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *what: executed.append(str(what[2])))
    return executed


def furnish(storage: Storage) -> None:
    """Two products, a method, and a customer with both products in the cart."""

    def work(uow: UnitOfWork) -> None:
        uow.methods.put(make_method(uow.methods.next_id()))
        customer = uow.people.add_customer("Aysel", "M", "aysel@example.com", "hash")
        for sku in ("kettle", "lamp"):
            uow.products.add(make_product(sku))
        uow.carts.save(make_cart(customer.id, kettle=2, lamp=1))

    commit(storage, work)


def check_out(storage: Storage) -> None:
    """What a checkout of two orders by one payment reads and writes."""
    with storage.begin() as uow:
        assert uow.methods.by_code(MethodCode("card"))
        cart = uow.carts.of(CustomerId(1))
        assert cart
        products = uow.products.lock(cart.lines)
        numbers = uow.numbers(2)
        orders = tuple(make_order(i, customer_id=cart.customer_id) for i in numbers.orders)
        for order in orders:
            order.hold(numbers.payment, SOMEBODY, NOON)
            uow.orders.add(order)
        for product in products.values():
            product.stock.reserve(1)
            uow.products.save(product)
        uow.payments.add(make_payment(numbers.payment, orders))
        uow.carts.save(cart)
        uow.commit()


class TestStatements:
    """How many statements the main paths take: none grows with the number of orders or lines."""

    @pytest.fixture
    def shop(self, either: Engine) -> Storage:
        """A furnished shop."""
        storage = sql_storage(either)
        furnish(storage)
        return storage

    @pytest.fixture
    def statements(self, either: Engine, shop: Storage) -> list[str]:
        """What was executed since the shop was made."""
        return noted(either)

    def test_checks_out_in_eleven(self, shop: Storage, statements: list[str]) -> None:
        """Four to read and number, six kinds of rows and the cart to write."""
        check_out(shop)

        assert len(data(statements)) == 11

    def test_notes_an_opened_payment_in_two(self, shop: Storage, statements: list[str]) -> None:
        """One to lock it, one to write it."""
        check_out(shop)
        statements.clear()

        with shop.begin() as uow:
            (payment,) = uow.payments.lock([PaymentId(1)])
            payment.opened("t1", "https://pay.example/1", "{}", "{}", NOON)
            uow.payments.save(payment)
            uow.commit()

        assert len(data(statements)) == 2

    def test_settles_in_nine(self, shop: Storage, statements: list[str]) -> None:
        """Four to lock payment, orders, products and cart, four to write them, one for the events."""
        check_out(shop)
        statements.clear()

        with shop.begin() as uow:
            (payment,) = uow.payments.lock([PaymentId(1)])
            payment.pay_at_once(SOMEBODY, NOON)
            uow.payments.save(payment)
            for order in uow.orders.lock(payment.order_ids):
                order.mark_paid(SOMEBODY, NOON)
                uow.orders.save(order)
            for product in uow.products.lock([Sku("kettle"), Sku("lamp")]).values():
                product.stock.take(1)
                uow.products.save(product)
            cart = uow.carts.of(CustomerId(1))
            assert cart
            uow.carts.delete(cart)
            uow.commit()

        assert len(data(statements)) == 9

    def test_answers_each_question_in_one(self, shop: Storage, statements: list[str]) -> None:
        """Whatever is asked, with everything that belongs to it."""
        check_out(shop)
        statements.clear()
        ask = shop.queries
        answers = [
            ask.cart(CustomerId(1)),
            ask.product(Sku("kettle")),
            ask.products(Page(5)),
            ask.order(OrderKey("order-key-1")),
            ask.orders(Page(5), CustomerId(1)),
            ask.orders(Page(5), None),
            ask.payment(PaymentId(1), CustomerId(1)),
            ask.payments(Page(5), CustomerId(1)),
            ask.payments(Page(5), None),
            ask.methods(),
            ask.method(MethodCode("card")),
            ask.customer(CustomerId(1)),
        ]

        assert all(answers)
        assert len(data(statements)) == len(answers)

    def test_takes_a_key_in_one(self, either: Engine, shop: Storage, statements: list[str]) -> None:
        """Claiming a fresh key, keeping its answer: one statement each."""
        keys = SqlIdempotencyKeys(either, PlainVault())
        scope = IdempotencyScope(caller="c", operation="o", target="t", key="k")

        keys.claim(scope, "print", NOON, later(minutes=1) - NOON)
        keys.keep(scope, later(minutes=1), KeptReply(201, b""), NOON)

        assert len(data(statements)) == 2

    def test_relays_in_two(self, shop: Storage, statements: list[str]) -> None:
        """Claiming the next events and telling that they were delivered: one statement each."""
        check_out(shop)
        statements.clear()

        events = shop.outbox.claim(NOON, later(minutes=1), 10)
        shop.outbox.delivered([found.id for found in events], later(minutes=1), NOON)

        assert len(events) == 2
        assert len(data(statements)) == 2

    def test_takes_due_payments_in_one(self, either: Engine, shop: Storage, statements: list[str]) -> None:
        """SQLite, where nobody claims beside us, is asked first and told then."""
        order = make_order(1)
        due = make_payment(1, (order,), look_at=NOON)
        commit(shop, lambda uow: (uow.orders.add(order), uow.payments.add(due)))
        statements.clear()

        with shop.begin() as uow:
            assert uow.payments.claim_due(NOON, later(minutes=1), 10)
            uow.commit()

        assert len(data(statements)) == {"postgresql": 1, "sqlite": 2}[either.dialect.name]


# What grows with the number of orders, and so is never read as a whole.
BIG = ("orders", "order_lines", "payments", "payment_orders", "outbox", "inbox", "failures", "carts")
BIG += ("idempotency_keys", "customers")

# It holds only what is still to do, and is read in its own order.
SMALL_INDEX = "ix_outbox_undelivered"


class TestIndexes:
    """Every statement that PostgreSQL is given finds its rows by an index."""

    def test_reads_no_big_table_as_a_whole(self, shelf: Shelf) -> None:
        """Checkout, settling, lists, and what the workers ask for again and again."""
        asked = asked_of(shelf.engine)
        storage = shelf.storage
        furnish(storage)

        check_out(storage)
        use_everything(storage)

        reading = [each for each in asked if not each[0].lstrip().startswith("INSERT")]
        plans = {statement: explained(shelf, statement, values) for statement, values in reading}
        wandering = {statement: found for statement, plan in plans.items() if (found := read_whole(plan))}
        assert len(plans) > 25
        assert wandering == {}


def read_whole(plan: str) -> list[str]:
    """The steps of a plan that look at every row of a big table, or at every entry of an index of it."""
    lines = [line.strip() for line in plan.splitlines()]
    steps = [(line, after) for line, after in pairwise([*lines, ""]) if "Scan" in line and " on " in line]
    return [
        line
        for line, after in steps
        if any(f" on {big} " in line for big in BIG) and "Cond:" not in after and SMALL_INDEX not in line
    ]


def asked_of(engine: Engine) -> list[tuple[str, Any]]:
    """Whatever is executed from now on, with one set of its values."""
    asked: list[tuple[str, Any]] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(_: object, __: object, statement: str, values: Any, *___: object) -> None:
        asked.append((statement, values[0] if isinstance(values, list) else values))

    return asked


def explained(shelf: Shelf, statement: str, values: Any) -> str:
    """The plan for it, with whole tables as the last resort however small they are."""
    with shelf.engine.connect() as connection:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        rows = connection.exec_driver_sql(f"EXPLAIN {statement}", values).all()
        return "\n".join(line for (line,) in rows)


def use_everything(storage: Storage) -> None:
    """Each of the ports once, with what a checkout has left."""
    with storage.begin() as uow:
        (payment,) = uow.payments.lock([PaymentId(1)])
        uow.payments.get(PaymentId(2))
        uow.payments.by_order_id(payment.order_id)
        payment.pay_at_once(SOMEBODY, NOON)
        uow.payments.save(payment)
        for order in uow.orders.lock(payment.order_ids):
            order.mark_paid(SOMEBODY, NOON)
            uow.orders.save(order)
        uow.orders.by_keys([OrderKey("order-key-1")])
        uow.orders.of_checkout(make_order(1).checkout_id)
        uow.payments.claim_due(NOON, later(minutes=1), 10)
        uow.methods.has_open_payments(MethodId(1))
        uow.people.customer_by_email("aysel@example.com")
        uow.failures.count(["somebody"], NOON)
        uow.commit()
    events = storage.outbox.claim(NOON, later(minutes=1), 10)
    storage.outbox.postpone(events[0].id, later(minutes=1), NOON, parked=True)
    storage.outbox.delivered([found.id for found in events], later(minutes=1), NOON)
    scope = IdempotencyScope(caller="c", operation="o", target="t", key="k")
    storage.idempotency.claim(scope, "print", NOON, later(minutes=1) - NOON)
    storage.idempotency.keep(scope, later(minutes=1), KeptReply(201, b""), NOON)
    storage.idempotency.claim(scope, "print", NOON, later(minutes=1) - NOON)
    storage.idempotency.free(scope, later(minutes=1))
    ask = storage.queries
    ask.cart(CustomerId(1))
    ask.order(OrderKey("order-key-1"))
    for owner in (CustomerId(1), None):
        ask.orders(Page(5), owner)
        ask.payments(Page(5), owner)
        ask.payment(PaymentId(1), owner)
    ask.customer(CustomerId(1))


def data(statements: list[str]) -> list[str]:
    """Those that read or write rows: what begins and ends a transaction is not counted."""
    return [each for each in statements if not each.startswith("BEGIN")]
