"""What the memory adapter holds, and how a unit of work drafts its changes."""

import copy
from collections import ChainMap
from collections.abc import MutableMapping
from datetime import datetime

import attrs

from application.ports import IdempotencyScope, KeptReply, Perishable, RelayedEvent
from application.repositories import InboxEntry
from domain.bank import JudgedEntry
from domain.cart import Cart
from domain.catalog import Product
from domain.ids import (
    CheckoutId,
    CustomerId,
    GatewayOrderId,
    MethodId,
    OrderId,
    OrderKey,
    PaymentId,
    Sku,
    StaffId,
)
from domain.methods import PaymentMethod
from domain.order import Order
from domain.payment import Payment
from domain.people import Customer, Staff
from domain.wallet import Posting, Wallet


@attrs.frozen
class StoredProduct:
    """A product with its position in the list of all."""

    position: int
    product: Product


@attrs.frozen
class StoredMethod:
    """A payment method, and whether it was deleted."""

    method: PaymentMethod
    is_deleted: bool


@attrs.frozen
class StoredEvent:
    """A relayed event and how far it has come."""

    event: RelayedEvent
    due_at: datetime
    delivered_at: datetime | None = None
    is_parked: bool = False


@attrs.frozen
class StoredClaim:
    """A client's key: whose request has it, until when, and what it was answered."""

    fingerprint: str
    locked_until: datetime
    reply: KeptReply | None = None
    kept_at: datetime | None = None


@attrs.define(kw_only=True)
class Tables:
    """Everything stored. What lies here is never changed in place, only replaced by another copy.

    Shape: `carts` and `claims` hold None for what was deleted; `order_ids`, `checkouts`, `payment_ids`,
    `transactions` and `under_way` are indexes, the last one with None where a payment is over.
    """

    carts: MutableMapping[CustomerId, Cart | None] = attrs.Factory(dict)
    products: MutableMapping[Sku, StoredProduct] = attrs.Factory(dict)
    orders: MutableMapping[OrderId, Order] = attrs.Factory(dict)
    order_ids: MutableMapping[OrderKey, OrderId] = attrs.Factory(dict)
    checkouts: MutableMapping[CheckoutId, tuple[OrderId, ...]] = attrs.Factory(dict)
    payments: MutableMapping[PaymentId, Payment] = attrs.Factory(dict)
    payment_ids: MutableMapping[GatewayOrderId, PaymentId] = attrs.Factory(dict)
    transactions: MutableMapping[tuple[MethodId, str], PaymentId] = attrs.Factory(dict)
    under_way: MutableMapping[OrderId, PaymentId | None] = attrs.Factory(dict)
    methods: MutableMapping[MethodId, StoredMethod] = attrs.Factory(dict)
    customers: MutableMapping[CustomerId, Customer] = attrs.Factory(dict)
    staff: MutableMapping[StaffId, Staff] = attrs.Factory(dict)
    inbox: MutableMapping[int, InboxEntry] = attrs.Factory(dict)
    bank_entries: MutableMapping[tuple[str, str], JudgedEntry] = attrs.Factory(dict)
    wallets: MutableMapping[tuple[CustomerId, str], Wallet] = attrs.Factory(dict)
    postings: MutableMapping[int, tuple[CustomerId, Posting]] = attrs.Factory(dict)
    failures: MutableMapping[int, tuple[str, datetime]] = attrs.Factory(dict)
    outbox: MutableMapping[int, StoredEvent] = attrs.Factory(dict)
    claims: MutableMapping[IdempotencyScope, StoredClaim | None] = attrs.Factory(dict)
    pruned: MutableMapping[Perishable, datetime] = attrs.Factory(dict)

    def draft(self) -> "Tables":
        """The same tables to write to, without anything reaching these before `take_over`."""
        return Tables(
            **{field.name: ChainMap({}, getattr(self, field.name)) for field in attrs.fields(Tables)}
        )

    def take_over(self, draft: "Tables") -> None:
        """Make a draft's changes these tables' own."""
        for field in attrs.fields(Tables):
            getattr(self, field.name).update(getattr(draft, field.name).maps[0])


def copy_of_cart(cart: Cart) -> Cart:
    """A cart that shares nothing changeable with this one."""
    return attrs.evolve(cart, lines=dict(cart.lines))


def copy_of_product(product: Product) -> Product:
    """A product that shares nothing changeable with this one."""
    return attrs.evolve(product, stock=attrs.evolve(product.stock))


def copy_of_order(order: Order) -> Order:
    """An order that shares nothing changeable with this one, and remembers no events."""
    return attrs.evolve(order)


def copy_of_payment(payment: Payment) -> Payment:
    """A payment that shares nothing changeable with this one, and remembers no events."""
    return attrs.evolve(payment, bill=attrs.evolve(payment.bill))


def copy_of_method(method: PaymentMethod) -> PaymentMethod:
    """A payment method that shares nothing changeable with this one."""
    return attrs.evolve(method, settings=copy.deepcopy(dict(method.settings)))
