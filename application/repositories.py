"""The repositories that a unit of work holds: each hands out and keeps one kind of thing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import attrs

from domain.bank import JudgedEntry
from domain.cart import Cart
from domain.catalog import Product
from domain.ids import (
    CheckoutId,
    CustomerId,
    GatewayOrderId,
    MethodCode,
    MethodId,
    OrderId,
    OrderKey,
    PaymentId,
    Sku,
    StaffId,
)
from domain.methods import PaymentMethod
from domain.money import Currency
from domain.order import Order
from domain.payment import Payment
from domain.people import Customer, Staff
from domain.wallet import Wallet


class Carts(Protocol):
    """The customers' carts."""

    def of(self, customer_id: CustomerId) -> Cart | None:
        """The customer's active cart."""
        ...

    def around(self, customer_id: CustomerId, sku: Sku) -> tuple[Cart | None, Mapping[Sku, Product]]:
        """The customer's active cart, with this product and those in it, as far as they exist, to look at.

        Where no product exists nothing is answered at all, nor the cart.
        """
        ...

    def save(self, cart: Cart) -> None:
        """Store a cart, new or changed. Raises at commit: StaleVersion."""
        ...

    def delete(self, cart: Cart) -> None:
        """Remove a cart. Raises at commit: StaleVersion."""
        ...


class Products(Protocol):
    """Products with their stock."""

    def find(self, skus: Iterable[Sku]) -> Mapping[Sku, Product]:
        """Those that exist, to look at."""
        ...

    def lock(self, skus: Iterable[Sku]) -> Mapping[Sku, Product]:
        """Those that exist, locked in the order of their skus until the transaction ends.

        Read afresh when first locked; the same objects again within one unit of work.
        """
        ...

    def add(self, product: Product) -> None:
        """Store a new product."""
        ...

    def save(self, product: Product) -> None:
        """Store a product that was locked."""
        ...


class Orders(Protocol):
    """The orders, found by id or by their secret keys."""

    def by_keys(self, keys: Sequence[OrderKey]) -> Sequence[Order]:
        """Those that exist, in the order asked, to look at."""
        ...

    def find(self, ids: Iterable[OrderId]) -> Sequence[Order]:
        """Those that exist, to look at."""
        ...

    def of_checkout(self, checkout_id: CheckoutId) -> Sequence[Order]:
        """The orders that came from one checkout of a cart, to look at."""
        ...

    def lock(self, ids: Iterable[OrderId]) -> Sequence[Order]:
        """Those that exist, locked in the order of their ids until the transaction ends.

        Read afresh when first locked; the same objects again within one unit of work.
        """
        ...

    def add(self, order: Order) -> None:
        """Store a new order."""
        ...

    def save(self, order: Order) -> None:
        """Store a changed order. Raises at commit: StaleVersion."""
        ...


class Payments(Protocol):
    """The payments with their bills."""

    def get(self, payment_id: PaymentId) -> Payment | None:
        """To look at."""
        ...

    def by_order_id(self, order_id: GatewayOrderId) -> Payment | None:
        """The payment that has this reference at its gateway, to look at."""
        ...

    def by_number(self, method_id: MethodId, number: str) -> Payment | None:
        """The payment that has this number of its method's gateway, to look at."""
        ...

    def lock(self, ids: Iterable[PaymentId]) -> Sequence[Payment]:
        """Those that exist, locked in the order of their ids until the transaction ends.

        Read afresh when first locked; the same objects again within one unit of work.
        """
        ...

    def add(self, payment: Payment) -> None:
        """Store a new payment."""
        ...

    def save(self, payment: Payment) -> None:
        """Store a changed payment. Raises at commit: StaleVersion."""
        ...

    def claim_due(self, now: datetime, until: datetime, limit: int) -> Sequence[PaymentId]:
        """What the janitor has to look at, the longest due first; nobody else gets it before `until`."""
        ...


class Methods(Protocol):
    """The payment methods, deleted ones included where money may still come through them."""

    def by_code(self, code: MethodCode) -> PaymentMethod | None:
        """The method of that code, unless it was deleted."""
        ...

    def by_code_ever(self, code: MethodCode) -> PaymentMethod | None:
        """The same, deleted or not."""
        ...

    def get(self, method_id: MethodId) -> PaymentMethod | None:
        """The method of that id, deleted or not."""
        ...

    def put(self, method: PaymentMethod) -> None:
        """Store a method under its code, new, changed or brought back."""
        ...

    def next_id(self) -> MethodId:
        """A fresh id."""
        ...

    def delete(self, method: PaymentMethod) -> None:
        """Offer it no more."""
        ...

    def has_open_payments(self, method_id: MethodId) -> bool:
        """Whether money may still come through it."""
        ...


class People(Protocol):
    """Customers and staff, who sign in by e-mail address and password; an address has one account."""

    def customer(self, customer_id: CustomerId) -> Customer | None:
        """A customer by id."""
        ...

    def customer_by_email(self, email: str) -> Customer | None:
        """A customer by address, letters' case aside."""
        ...

    def add_customer(self, first_name: str, last_name: str, email: str, password_hash: str) -> Customer:
        """Store a new customer. Raises: EmailTaken."""
        ...

    def staff(self, staff_id: StaffId) -> Staff | None:
        """A member of staff by id."""
        ...

    def staff_by_email(self, email: str) -> Staff | None:
        """A member of staff by address, letters' case aside."""
        ...

    def add_staff(self, email: str, password_hash: str) -> Staff:
        """Store a new member of staff. Raises: EmailTaken."""
        ...


@attrs.frozen(kw_only=True)
class InboxEntry:
    """A callback as it was received, kept whatever it was worth.

    Shape: `query` and `body` with card numbers masked; `verdict` one of received, forged,
    malformed, unknown, repeated, unconfirmed, settled.
    """

    method_code: MethodCode
    received_at: datetime
    http_method: str
    path: str
    query: str
    body: str
    verdict: str
    payment_id: PaymentId | None = None
    led_to: str | None = None


class Inbox(Protocol):
    """The audit of callbacks."""

    def add(self, entry: InboxEntry) -> int:
        """Keep one; answers its id."""
        ...

    def conclude(self, entry_id: int, verdict: str, led_to: str | None) -> None:
        """Note what became of it."""
        ...


class Failures(Protocol):
    """Counts of failed tries, for limits; successes never count."""

    def count(self, subjects: Iterable[str], since: datetime) -> int:
        """How often the worst of these subjects failed since then."""
        ...

    def add(self, subjects: Iterable[str], at: datetime) -> None:
        """Note a failure of each."""
        ...


class Wallets(Protocol):
    """The customers' wallets, one for each currency, and all that was ever posted to them."""

    def lock(self, customer_id: CustomerId, currency: Currency) -> Wallet:
        """The customer's wallet, locked until the transaction ends; a new, empty one where there is none."""
        ...

    def save(self, wallet: Wallet) -> None:
        """Store the balance and what was posted. Raises at commit: StaleVersion."""
        ...

    def has_posted(self, wallet: Wallet, mark: str, since: datetime) -> bool:
        """Whether the request of this mark has posted something since then."""
        ...


class BankEntries(Protocol):
    """What banks said came in; an entry is stored once, with what it was taken for."""

    def get(self, account: str, reference: str) -> JudgedEntry | None:
        """The account's entry with that reference of the bank's."""
        ...

    def add(self, judged: JudgedEntry) -> None:
        """Keep a new one. Raises: StaleVersion when somebody else has kept it meanwhile."""
        ...


@attrs.frozen
class Numbers:
    """Fresh ids for a checkout."""

    orders: tuple[OrderId, ...]
    payment: PaymentId
