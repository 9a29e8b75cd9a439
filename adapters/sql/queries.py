"""The questions about what is stored: one statement each, which waits for no writer."""

import json
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import (
    Engine,
    Executable,
    Select,
    bindparam,
    select,
    true,
)

from adapters.sql.catalog import LINES, goods_where
from adapters.sql.mapping import hash_of_key, order_from_rows, payment_from_rows
from adapters.sql.mapping_catalog import customer_from_row, method_from_row, product_from_row
from adapters.sql.orders import WHOLE_ORDERS
from adapters.sql.payments import WHOLE_PAYMENTS
from adapters.sql.session import ask
from adapters.sql.statements import AnyRow
from adapters.sql.tables import (
    carts,
    customers,
    order_lines,
    orders,
    payment_methods,
    payment_orders,
    payments,
    products,
)
from adapters.sql.wallets import BALANCE, BALANCES, POSTINGS, posting_from_row
from application.ports import Vault
from application.storage import Page
from application.views import CartLineView, CartView, Listed, PaymentView, WalletView
from domain.catalog import Product
from domain.ids import CustomerId, MethodCode, OrderKey, PaymentId, Sku
from domain.methods import PaymentMethod
from domain.money import MINOR_MAX, Currency, Money
from domain.order import Order
from domain.people import Customer

T = TypeVar("T")


def _cart(dialect: str) -> Select[Any]:
    line = LINES[dialect]
    goods, on = goods_where(dialect, products.c.sku == line.c.key)
    mine = carts.c.customer_id == bindparam("customer")
    return select(carts.c.lines, *goods.c).select_from(carts.join(line, true()).join(goods, on)).where(mine)


_CART = {dialect: _cart(dialect) for dialect in LINES}
_PRODUCT = select(products).where(products.c.sku == bindparam("the_sku"))
_PRODUCTS = (
    select(products)
    .where(products.c.id < bindparam("after"))
    .order_by(products.c.id.desc())
    .limit(bindparam("limit"))
)

_ORDER = WHOLE_ORDERS.where(orders.c.key_hash == bindparam("hash")).order_by(order_lines.c.position)


def _page_of_orders(*conditions: Any) -> Select[Any]:
    newest = select(orders.c.id).where(orders.c.id < bindparam("after"), *conditions)
    ids = newest.order_by(orders.c.id.desc()).limit(bindparam("limit")).correlate(None)
    whole = WHOLE_ORDERS.where(orders.c.id.in_(ids))
    return whole.order_by(orders.c.id.desc(), order_lines.c.position)


_ORDERS = _page_of_orders()
_ORDERS_OF = _page_of_orders(orders.c.customer_id == bindparam("customer"))

_PAYMENTS_WITH_USER = WHOLE_PAYMENTS.join(customers, customers.c.id == payments.c.customer_id, isouter=True)
_PAYMENTS_WITH_USER = _PAYMENTS_WITH_USER.add_columns(
    customers.c.first_name, customers.c.last_name, customers.c.email, customers.c.password_hash
)
_PAYMENT = _PAYMENTS_WITH_USER.where(payments.c.id == bindparam("the_id")).order_by(payment_orders.c.position)
_PAYMENT_OF = _PAYMENT.where(payments.c.customer_id == bindparam("customer"))


def _page_of_payments(*conditions: Any) -> Select[Any]:
    newest = select(payments.c.id).where(payments.c.id < bindparam("after"), *conditions)
    ids = newest.order_by(payments.c.id.desc()).limit(bindparam("limit")).correlate(None)
    whole = _PAYMENTS_WITH_USER.where(payments.c.id.in_(ids))
    return whole.order_by(payments.c.id.desc(), payment_orders.c.position)


_PAYMENTS = _page_of_payments()
_PAYMENTS_OF = _page_of_payments(payments.c.customer_id == bindparam("customer"))

_METHOD_EVER = select(payment_methods).where(payment_methods.c.code == bindparam("the_code"))
_METHODS = (
    select(payment_methods).where(payment_methods.c.is_deleted.is_(False)).order_by(payment_methods.c.id)
)
_METHOD = _METHODS.where(payment_methods.c.code == bindparam("the_code"))
_CUSTOMER = select(customers).where(customers.c.id == bindparam("the_id"))


def _bounds(page: Page) -> Mapping[str, object]:
    # One more than asked tells whether there is a next page.
    return {"after": MINOR_MAX if page.after is None else page.after, "limit": page.limit + 1}


def _listed(found: Sequence[T], page: Page, position: Callable[[T], int]) -> Listed[T]:
    items = tuple(found[: page.limit])
    return Listed(items, position(items[-1]) if len(found) > page.limit else None)


def _payment_view(rows: Sequence[AnyRow]) -> PaymentView:
    row = rows[0]
    user = None
    if row.customer_id is not None:
        user = Customer(row.customer_id, row.first_name, row.last_name, row.email, row.password_hash)
    return PaymentView(payment_from_rows(rows), user)


class SqlQueries:
    """Questions about what was last committed."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine, self._vault = engine, vault

    def cart(self, customer_id: CustomerId) -> CartView:
        """The customer's cart."""
        rows = self._ask(_CART[self._engine.dialect.name], {"customer": customer_id})
        chosen: dict[Sku, int] = json.loads(rows[0].lines) if rows else {}
        known = {product.sku: product for product in map(product_from_row, rows)}
        return CartView(
            tuple(CartLineView(known[sku], quantity) for sku, quantity in chosen.items() if sku in known)
        )

    def product(self, sku: Sku) -> Product | None:
        """One product."""
        rows = self._ask(_PRODUCT, {"the_sku": sku})
        return product_from_row(rows[0]) if rows else None

    def products(self, page: Page) -> Listed[Product]:
        """All products, newest first."""
        listed = _listed(self._ask(_PRODUCTS, _bounds(page)), page, lambda row: int(row.id))
        return Listed(tuple(map(product_from_row, listed.items)), listed.next)

    def order(self, key: OrderKey) -> Order | None:
        """One order, by its secret."""
        found = self._orders(self._ask(_ORDER, {"hash": hash_of_key(key)}))
        return found[0] if found else None

    def orders(self, page: Page, customer_id: CustomerId | None) -> Listed[Order]:
        """A customer's orders, newest first; None: everybody's."""
        statement, owner = (_ORDERS, {}) if customer_id is None else (_ORDERS_OF, {"customer": customer_id})
        found = self._orders(self._ask(statement, {**_bounds(page), **owner}))
        return _listed(found, page, lambda order: order.id)

    def _orders(self, rows: Sequence[AnyRow]) -> Sequence[Order]:
        groups = [list(group) for _, group in groupby(rows, lambda row: row.id)]
        return [order_from_rows(group, self._vault) for group in groups]

    def payment(self, payment_id: PaymentId, customer_id: CustomerId | None) -> PaymentView | None:
        """One payment, if it is this customer's; None: anybody's."""
        statement, owner = (_PAYMENT, {}) if customer_id is None else (_PAYMENT_OF, {"customer": customer_id})
        rows = self._ask(statement, {"the_id": payment_id, **owner})
        return _payment_view(rows) if rows else None

    def payments(self, page: Page, customer_id: CustomerId | None) -> Listed[PaymentView]:
        """A customer's payments, newest first; None: everybody's."""
        statement, owner = (
            (_PAYMENTS, {}) if customer_id is None else (_PAYMENTS_OF, {"customer": customer_id})
        )
        rows = self._ask(statement, {**_bounds(page), **owner})
        views = [_payment_view(list(group)) for _, group in groupby(rows, lambda row: row.id)]
        return _listed(views, page, lambda view: view.payment.id)

    def methods(self) -> Sequence[PaymentMethod]:
        """Every payment method that was not deleted, oldest first."""
        return [method_from_row(row, self._vault) for row in self._ask(_METHODS, {})]

    def method_ever(self, code: MethodCode) -> PaymentMethod | None:
        """The payment method of that code, deleted or not."""
        return self._method(_METHOD_EVER, code)

    def method(self, code: MethodCode) -> PaymentMethod | None:
        """One payment method."""
        return self._method(_METHOD, code)

    def _method(self, statement: Executable, code: MethodCode) -> PaymentMethod | None:
        rows = self._ask(statement, {"the_code": code})
        return method_from_row(rows[0], self._vault) if rows else None

    def wallet(self, customer_id: CustomerId, page: Page) -> WalletView:
        """A customer's balances, and what was posted, newest first."""
        whose = {"the_customer": customer_id}
        balances = self._ask(BALANCES, whose)
        listed = _listed(self._ask(POSTINGS, {**_bounds(page), **whose}), page, lambda row: int(row.id))
        return WalletView(
            tuple(Money(row.balance, Currency(row.currency, row.exponent)) for row in balances),
            Listed(tuple(map(posting_from_row, listed.items)), listed.next),
        )

    def balance(self, customer_id: CustomerId, currency: Currency) -> Money:
        """What a customer's wallet holds in one currency."""
        rows = self._ask(BALANCE, {"the_customer": customer_id, "the_currency": currency.code})
        return Money(rows[0].balance if rows else 0, currency)

    def customer(self, customer_id: CustomerId) -> Customer | None:
        """One customer."""
        rows = self._ask(_CUSTOMER, {"the_id": customer_id})
        return customer_from_row(rows[0]) if rows else None

    def _ask(self, statement: Executable, values: Mapping[str, object]) -> Sequence[AnyRow]:
        return ask(self._engine, statement, values)
