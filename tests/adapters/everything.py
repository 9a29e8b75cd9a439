"""Everything that the SQL adapter can be asked, asked once."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from importlib import import_module
from itertools import chain
from pkgutil import iter_modules

from sqlalchemy import Executable, Select, TextClause, TextualSelect
from sqlalchemy.sql.dml import UpdateBase

import adapters.sql
from adapters.sql import books, orders, payments, people, queries, tables
from application.ports import IdempotencyScope, KeptReply, Perishable
from application.repositories import InboxEntry
from application.storage import Page, UnitOfWork
from domain.bank import BankEntry, EntryVerdict, JudgedEntry
from domain.ids import CustomerId, MethodCode, MethodId, OrderId, OrderKey, PaymentId, Sku, StaffId
from domain.wallet import Account
from tests.adapters.conftest import commit
from tests.builders import (
    AZN,
    NOON,
    SOMEBODY,
    azn,
    later,
    make_cart,
    make_method,
    make_order,
    make_payment,
    make_product,
)
from tests.contract.storages import Storage

SCOPE = IdempotencyScope(caller="c", operation="o", target="t", key="k")
MINUTE = timedelta(minutes=1)

STATEMENTS = (Select, TextClause, TextualSelect, UpdateBase)
# Modules keep their statements in capitals; of these, others are only made.
PARTS = frozenset(
    {
        *(orders.WHOLE_ORDERS, orders._OLDEST_FIRST, payments.WHOLE_PAYMENTS, payments._OLDEST_FIRST),
        *(queries._PAYMENTS_WITH_USER, people._ID_OF_METHOD, books._PAYMENTS, tables.MAY_BRING_MONEY),
    }
)
# It reads no table of ours.
WITHOUT_TABLES = "postgresql"


def statements() -> Iterator[tuple[str, Executable]]:
    """Each statement that the adapter's modules have built, by its name, however a module keeps it."""
    for module in iter_modules(adapters.sql.__path__):
        if module.name not in {WITHOUT_TABLES, "migrations"}:
            yield from _statements_of(module.name)


def _statements_of(module: str) -> Iterator[tuple[str, Executable]]:
    for name, value in vars(import_module(f"adapters.sql.{module}")).items():
        found = value.values() if isinstance(value, Mapping) else [value]
        for each in found if name.isupper() else ():
            if isinstance(each, STATEMENTS) and each not in PARTS:
                yield f"{module}.{name}", each


def ask_everything(storage: Storage) -> None:
    """Each of the ports, each of its ways, with what a checkout has left."""
    commit(storage, _furnish)
    commit(storage, _check_out)
    commit(storage, _settle)
    for _ in range(2):
        commit(storage, _fill_wallet)
    commit(storage, _look_around)
    _work_behind_the_scenes(storage)
    _ask(storage)


def _furnish(uow: UnitOfWork) -> None:
    for code in ("card", "new"):
        uow.methods.put(make_method(uow.methods.next_id(), code=code))
    customer = uow.people.add_customer("Aysel", "M", "aysel@example.com", "hash")
    uow.people.add_staff("staff@example.com", "hash")
    for sku in ("kettle", "lamp"):
        uow.products.add(make_product(sku))
    uow.carts.save(make_cart(customer.id, kettle=2, lamp=1))


def _check_out(uow: UnitOfWork) -> None:
    method, customer = (
        uow.methods.by_code(MethodCode("card")),
        uow.people.customer_by_email("Aysel@example.com"),
    )
    assert method and customer
    uow.carts.around(customer.id, Sku("kettle"))
    cart = uow.carts.of(customer.id)
    assert cart
    uow.products.find(cart.lines)
    products = uow.products.lock(cart.lines)
    numbers = uow.numbers(2)
    placed = tuple(make_order(i, customer_id=customer.id) for i in numbers.orders)
    for order in placed:
        order.hold(numbers.payment, SOMEBODY, NOON)
        uow.orders.add(order)
    for product in products.values():
        product.stock.reserve(1)
        uow.products.save(product)
    uow.payments.add(make_payment(numbers.payment, placed, method_id=method.id, look_at=NOON))
    uow.carts.save(cart)


def _settle(uow: UnitOfWork) -> None:
    customer = uow.people.customer_by_email("aysel@example.com")
    assert customer
    cart = uow.carts.of(customer.id)
    (payment_id, *_) = uow.payments.claim_due(later(minutes=1), later(minutes=2), 10)
    (payment,) = uow.payments.lock([payment_id])
    payment.pay_at_once(SOMEBODY, NOON)
    uow.payments.save(payment)
    for order in uow.orders.lock(payment.order_ids):
        order.mark_paid(SOMEBODY, NOON)
        uow.orders.save(order)
    assert cart
    uow.carts.delete(cart)


def _fill_wallet(uow: UnitOfWork) -> None:
    customer = uow.people.customer_by_email("aysel@example.com")
    assert customer
    wallet = uow.wallets.lock(customer.id, AZN)
    wallet.credit(azn(1), Account.ISSUED, "sorry", SOMEBODY, NOON)
    uow.wallets.save(wallet)
    uow.wallets.has_posted(wallet, "a mark", NOON)


def _look_around(uow: UnitOfWork) -> None:
    entry = InboxEntry(
        method_code=MethodCode("card"),
        received_at=NOON,
        http_method="POST",
        path="/",
        query="",
        body="",
        verdict="received",
    )
    uow.inbox.conclude(uow.inbox.add(entry), "settled", "applied")
    uow.bank_entries.add(_entry())
    uow.bank_entries.get("account", "reference1")
    uow.failures.add(["somebody"], NOON)
    uow.failures.count(["somebody", "customer:1"], later(minutes=-15))
    uow.orders.find([OrderId(1), OrderId(2)])
    uow.orders.by_keys([OrderKey("order-key-1")])
    uow.orders.of_checkout(make_order(1).checkout_id)
    uow.payments.get(PaymentId(1))
    uow.payments.by_order_id(make_payment(1).order_id)
    uow.payments.by_number(MethodId(1), "number")
    uow.methods.get(MethodId(1))
    uow.methods.by_code_ever(MethodCode("card"))
    uow.methods.has_open_payments(MethodId(1))
    uow.methods.delete(make_method(code="new"))
    uow.people.customer(CustomerId(1))
    uow.people.staff(StaffId(1))
    uow.people.staff_by_email("staff@example.com")


def _entry() -> JudgedEntry:
    entry = BankEntry(account="account", reference="new", booked_on=NOON.date(), amount=azn(1))
    return JudgedEntry(
        entry=entry, verdict=EntryVerdict.REVIEW, payment_id=None, why=None, owed=azn(1), judged_at=NOON
    )


def _work_behind_the_scenes(storage: Storage) -> None:
    events = storage.outbox.claim(later(minutes=1), later(minutes=2), 10)
    storage.outbox.postpone(events[0].id, later(minutes=2), NOON, parked=True)
    storage.outbox.delivered([event.id for event in events[1:]], later(minutes=2), NOON)
    for _ in range(2):
        if storage.idempotency.claim(SCOPE, "print", NOON, MINUTE) is None:
            storage.idempotency.keep(SCOPE, NOON + MINUTE, KeptReply(201, b""), NOON)
    storage.idempotency.free(SCOPE, NOON + MINUTE)
    for what in Perishable:
        storage.prunes(what, later(days=-1), 10)
    # Told events have gone, so there is a note to leave.
    storage.prunes(Perishable.EVENTS, later(minutes=1), 10)


def _ask(storage: Storage) -> None:
    ask = storage.queries
    ask.cart(CustomerId(1))
    ask.product(Sku("kettle"))
    ask.products(Page(5))
    ask.order(OrderKey("order-key-1"))
    for owner in (CustomerId(1), None):
        ask.orders(Page(5), owner)
        ask.payments(Page(5), owner)
        ask.payment(PaymentId(1), owner)
    ask.methods()
    ask.method(MethodCode("card"))
    ask.method_ever(MethodCode("card"))
    ask.customer(CustomerId(1))
    ask.wallet(CustomerId(1), Page(5))
    ask.balance(CustomerId(1), AZN)
    storage.books.wallets()
    for _ in chain(storage.books.orders(0, 5), storage.books.payments(0, 5), storage.books.stock()):
        pass
