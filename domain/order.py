"""An order: one seller's part of a checkout, what was bought in it and what happened to it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from domain.errors import IllegalTransition
from domain.events import OrderEvent, OrderPlaced
from domain.ids import Actor, CartId, CheckoutId, CustomerId, OrderId, OrderKey, PaymentId, Sku
from domain.money import Money
from domain.order_status import FULFILMENT, ORDER_TRANSITIONS, OrderPaymentStatus, OrderStatus
from domain.people import Address, Contact


def number_of(order_id: OrderId) -> str:
    """What people call an order by."""
    return f"K{order_id:06d}"


@attrs.frozen
class OrderLine:
    """Something bought, with name and price as they were."""

    sku: Sku
    name: str
    quantity: int
    unit_price: Money

    @property
    def total(self) -> Money:
        """What the line costs."""
        return self.unit_price * self.quantity


@attrs.frozen
class Move:
    """One step of an order's history. Source: the field `history` of the contract."""

    moved_from: OrderStatus
    to: OrderStatus
    at: datetime
    by: Actor
    reason: str | None = None


@attrs.frozen(kw_only=True)
class PlacedWith:
    """What the customer said at checkout, kept with the order by value."""

    contact: Contact | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    note: str | None = None


@attrs.define(kw_only=True)
class Order:
    """One seller's part of a checkout.

    `key` is the secret that lets its holder act on the order; `payment_id` the payment that may
    settle it now, `payment_ids` every attempt so far. `cart_id` names the cart that the lines still
    lie in, None once they have left it. `instructions`, `reference` and `due_at` tell
    how and until when to pay where no gateway is asked.
    """

    id: OrderId
    key: OrderKey = attrs.field(repr=False)
    checkout_id: CheckoutId
    cart_id: CartId | None
    customer_id: CustomerId | None
    seller: str
    lines: tuple[OrderLine, ...]
    placed_with: PlacedWith
    status: OrderStatus
    payment_status: OrderPaymentStatus
    payment_id: PaymentId | None = None
    payment_ids: tuple[PaymentId, ...] = ()
    instructions: str | None = None
    reference: str | None = None
    due_at: datetime | None = None
    history: tuple[Move, ...] = ()
    created_at: datetime
    updated_at: datetime
    sequence: int = 0
    version: int = 0
    _events: list[OrderEvent] = attrs.field(factory=list, init=False, repr=False, eq=False)

    @classmethod
    def place(
        cls,
        *,
        id: OrderId,  # noqa: A002 -- the field's name
        key: OrderKey,
        checkout_id: CheckoutId,
        cart_id: CartId | None,
        customer_id: CustomerId | None,
        seller: str,
        lines: Sequence[OrderLine],
        placed_with: PlacedWith,
        by: Actor,
        now: datetime,
    ) -> "Order":
        """Make a NEW order of one seller's lines. Raises: ValueError for none, CurrencyMismatch."""
        order = cls(
            id=id,
            key=key,
            checkout_id=checkout_id,
            cart_id=cart_id,
            customer_id=customer_id,
            seller=seller,
            lines=tuple(lines),
            placed_with=placed_with,
            status=OrderStatus.NEW,
            payment_status=OrderPaymentStatus.UNPAID,
            created_at=now,
            updated_at=now,
        )
        order._record(OrderPlaced, now, by, None, None)
        return order

    @property
    def number(self) -> str:
        """What people call the order by."""
        return number_of(self.id)

    @property
    def total(self) -> Money:
        """The sum of its rows."""
        return Money.sum(line.total for line in self.lines)

    @property
    def quantities(self) -> Mapping[Sku, int]:
        """How many units of each product were bought."""
        counted: dict[Sku, int] = {}
        for line in self.lines:
            counted[line.sku] = counted.get(line.sku, 0) + line.quantity
        return counted

    @property
    def is_paid(self) -> bool:
        """Whether the order's money is there, approved or not."""
        return self.payment_status is OrderPaymentStatus.PAID

    @property
    def is_awaiting_approval(self) -> bool:
        """Whether the money is there and staff still have to approve it."""
        return self.status is OrderStatus.HOLD and self.is_paid

    @property
    def next_statuses(self) -> tuple[OrderStatus, ...]:
        """Where the order may go from here."""
        return tuple(to for source, to in ORDER_TRANSITIONS if source is self.status)

    def hold(self, payment_id: PaymentId, by: Actor, now: datetime, reason: str | None = None) -> None:
        """Wait for this payment. Raises: IllegalTransition unless NEW or FAILED."""
        self._move(OrderStatus.HOLD, by, now, reason)
        self.payment_status = OrderPaymentStatus.UNPAID
        self.take_on(payment_id)

    def take_on(self, payment_id: PaymentId) -> None:
        """Let this payment settle the order, and no other."""
        if payment_id != self.payment_id:
            self.payment_id = payment_id
            self.tell_how_to_pay(None, None, None)
        if payment_id not in self.payment_ids:
            self.payment_ids = (*self.payment_ids, payment_id)

    def tell_how_to_pay(
        self, instructions: str | None, reference: str | None, due_at: datetime | None
    ) -> None:
        """What the customer has to know to pay without a gateway."""
        self.instructions, self.reference, self.due_at = instructions, reference, due_at

    def leave_cart(self) -> None:
        """Its lines are out of the cart: they leave it once, however often the order is paid for."""
        self.cart_id = None

    def await_approval(self, now: datetime) -> None:
        """The money is there; staff have to approve. Raises: IllegalTransition unless HOLD."""
        if self.status is not OrderStatus.HOLD:
            raise IllegalTransition(f"an order in {self.status} does not wait for approval")
        self.payment_status, self.updated_at = OrderPaymentStatus.PAID, now

    def mark_paid(self, by: Actor, now: datetime) -> None:
        """The money is there and approved. Raises: IllegalTransition unless HOLD."""
        self._move(OrderStatus.PROCESSING, by, now, None)
        self.payment_status = OrderPaymentStatus.PAID

    def mark_failed(self, by: Actor, now: datetime, reason: str | None) -> None:
        """The payment failed. Raises: IllegalTransition unless HOLD, or once the money is there."""
        if self.is_paid:
            raise IllegalTransition("an order whose money is there does not fail")
        self._move(OrderStatus.FAILED, by, now, reason)
        self.payment_status = OrderPaymentStatus.FAILED

    def cancel(self, by: Actor, now: datetime, reason: str | None = None) -> None:
        """Give the order up. Raises: IllegalTransition unless NEW, HOLD or FAILED."""
        self._move(OrderStatus.CANCELLED, by, now, reason)

    def fulfil(self, to: OrderStatus, by: Actor, now: datetime, reason: str | None = None) -> None:
        """Ship, deliver or complete a paid order. Raises: IllegalTransition for any other move."""
        if to not in FULFILMENT:
            raise IllegalTransition(f"{to} follows from payments, nobody sets it by hand")
        self._move(to, by, now, reason)

    def pull_events(self) -> list[OrderEvent]:
        """Hand over what happened since the last call."""
        events, self._events = self._events, []
        return events

    def snapshot(self) -> Mapping[str, object]:
        """The order as it stands, in JSON's types, without its key."""
        return {
            "id": self.id,
            "number": self.number,
            "status": str(self.status),
            "payment_status": str(self.payment_status),
            "customer_id": self.customer_id,
            "seller": self.seller,
            "total": {"amount": self.total.minor, "currency": self.total.currency.code},
            "lines": [
                {"sku": line.sku, "quantity": line.quantity, "total": line.total.minor} for line in self.lines
            ],
            "payment_id": self.payment_id,
        }

    def _move(self, to: OrderStatus, by: Actor, now: datetime, reason: str | None) -> None:
        event = ORDER_TRANSITIONS.get((self.status, to))
        if event is None:
            raise IllegalTransition(f"an order does not go from {self.status} to {to}")
        source, self.status, self.updated_at = self.status, to, now
        self.history = (*self.history, Move(source, to, now, by, reason))
        self._record(event, now, by, reason, source)

    def _record(
        self, event: type[OrderEvent], now: datetime, by: Actor, reason: str | None, source: str | None
    ) -> None:
        self.sequence += 1
        self._events.append(
            event(
                sequence=self.sequence,
                occurred_at=now,
                by=by,
                reason=reason,
                snapshot=self.snapshot(),
                order_id=self.id,
                moved_from=source,
            )
        )
