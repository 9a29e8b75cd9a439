"""Read models: what the questions of section 4 are answered from, one query each."""

from collections.abc import Mapping, Sequence
from typing import Generic, Protocol, TypeVar

import attrs

from application.storage import Page
from domain.cart import Cart
from domain.catalog import Product
from domain.ids import CustomerId, MethodCode, OrderKey, PaymentId, Sku
from domain.methods import PaymentMethod
from domain.money import Currency, Money
from domain.order import Order
from domain.payment import Payment
from domain.people import Customer
from domain.wallet import Posting

T = TypeVar("T")


@attrs.frozen
class Listed(Generic[T]):
    """A page of a list, newest first; `next` is the position to go on after, None at the end."""

    items: tuple[T, ...]
    next: int | None


@attrs.frozen
class CartLineView:
    """A chosen product as it is now."""

    product: Product
    quantity: int

    @property
    def total(self) -> Money:
        """What the line costs at today's price."""
        return self.product.price * self.quantity


@attrs.frozen
class CartView:
    """The cart with names and prices as they are now; without lines it has no total."""

    lines: tuple[CartLineView, ...]

    @classmethod
    def of(cls, cart: Cart, goods: Mapping[Sku, Product]) -> "CartView":
        """A cart with its products."""
        chosen = cart.lines.items()
        return cls(tuple(CartLineView(goods[sku], quantity) for sku, quantity in chosen if sku in goods))

    @property
    def total(self) -> Money | None:
        """The sum of the lines."""
        return Money.sum(line.total for line in self.lines) if self.lines else None


@attrs.frozen
class PaymentView:
    """A payment with the customer who made it. Source: "Payment Model" of the notes."""

    payment: Payment
    user: Customer | None


@attrs.frozen
class WalletView:
    """A customer's wallet: what it holds in each currency, by their codes, and its postings."""

    balances: tuple[Money, ...]
    postings: Listed[Posting]


class Queries(Protocol):
    """Questions about what is stored; None or an empty list where there is nothing, or it is not theirs."""

    def cart(self, customer_id: CustomerId) -> CartView:
        """The customer's cart."""
        ...

    def product(self, sku: Sku) -> Product | None:
        """One product."""
        ...

    def products(self, page: Page) -> Listed[Product]:
        """All products."""
        ...

    def order(self, key: OrderKey) -> Order | None:
        """One order, by its secret."""
        ...

    def orders(self, page: Page, customer_id: CustomerId | None) -> Listed[Order]:
        """A customer's orders; None: everybody's."""
        ...

    def payment(self, payment_id: PaymentId, customer_id: CustomerId | None) -> PaymentView | None:
        """One payment, if it is this customer's; None: anybody's."""
        ...

    def payments(self, page: Page, customer_id: CustomerId | None) -> Listed[PaymentView]:
        """A customer's payments; None: everybody's."""
        ...

    def methods(self) -> Sequence[PaymentMethod]:
        """Every payment method that was not deleted, oldest first."""
        ...

    def method_ever(self, code: MethodCode) -> PaymentMethod | None:
        """The payment method of that code, deleted or not."""
        ...

    def method(self, code: MethodCode) -> PaymentMethod | None:
        """One payment method."""
        ...

    def wallet(self, customer_id: CustomerId, page: Page) -> WalletView:
        """A customer's balances, and what was posted."""
        ...

    def balance(self, customer_id: CustomerId, currency: Currency) -> Money:
        """What a customer's wallet holds in one currency."""
        ...

    def customer(self, customer_id: CustomerId) -> Customer | None:
        """One customer."""
        ...
