"""How many statements the main paths take on each database."""

import pytest
from sqlalchemy import Engine, event

from adapters.sql.idempotency import SqlIdempotencyKeys
from application.ports import IdempotencyScope, KeptReply
from application.storage import Page, UnitOfWork
from domain.ids import CustomerId, MethodCode, OrderKey, PaymentId, Sku
from tests.adapters.conftest import commit
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


def data(statements: list[str]) -> list[str]:
    """Those that read or write rows: what begins and ends a transaction is not counted."""
    return [each for each in statements if not each.startswith("BEGIN")]
