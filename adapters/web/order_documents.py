"""What clients are answered about orders, payments, bills and checkouts."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from adapters.web.codecs import ORDER_PAYMENT_CODES, PAYMENT_CODES, Amount, Document, Instant, MoneyDocument
from adapters.web.documents import CustomerDocument, LineDocument, Listing, when_set
from application.opening import CheckedOut
from application.views import PaymentView
from domain.bill import BillState
from domain.order import Move, Order, number_of
from domain.order_status import OrderStatus
from domain.payment import Payment
from domain.payment_record import Share
from domain.people import Customer


class MoveDocument(Document):
    """A step of an order's history."""

    # "from" is a word of Python's own, so the field has another name inside.
    moved_from: Annotated[OrderStatus, Field(serialization_alias="from")]
    to: OrderStatus
    at: Instant
    by: str
    reason: str | None

    @classmethod
    def of(cls, move: Move) -> "MoveDocument":
        """One step."""
        return cls(moved_from=move.moved_from, to=move.to, at=move.at, by=move.by, reason=move.reason)


class OrderDocument(Document):
    """One seller's part of a checkout. `payment_status`: 0 unpaid, 1 paid, 2 failed."""

    id: int
    number: str
    key: str
    status: OrderStatus
    payment_status: Literal["0", "1", "2"]
    seller: str
    total: MoneyDocument
    lines: tuple[LineDocument, ...]
    history: tuple[MoveDocument, ...]
    next_statuses: tuple[OrderStatus, ...]
    payments: tuple[int, ...]
    shipping_address: dict[str, str] | None = None
    billing_address: dict[str, str] | None = None
    note: str | None = None
    instructions: str | None = None
    reference: str | None = None
    due_at: Instant | None = None
    created_at: Instant
    updated_at: Instant

    @classmethod
    def of(cls, order: Order) -> "OrderDocument":
        """An order, for somebody who may act on it."""
        said = order.placed_with
        return cls(
            id=order.id,
            number=order.number,
            key=order.key,
            status=order.status,
            payment_status=ORDER_PAYMENT_CODES[order.payment_status],
            seller=order.seller,
            total=MoneyDocument.of(order.total),
            lines=tuple(LineDocument.of(line) for line in order.lines),
            history=tuple(MoveDocument.of(move) for move in order.history),
            next_statuses=order.next_statuses,
            payments=order.payment_ids,
            created_at=order.created_at,
            updated_at=order.updated_at,
            **when_set(
                shipping_address=said.shipping_address and dict(said.shipping_address),
                billing_address=said.billing_address and dict(said.billing_address),
                note=said.note,
                instructions=order.instructions,
                reference=order.reference,
                due_at=order.due_at,
            ),
        )


class ShareDocument(Document):
    """What one order contributes to a payment."""

    id: int
    number: str
    amount: Amount

    @classmethod
    def of(cls, share: Share) -> "ShareDocument":
        """An order's share."""
        return cls(id=share.order_id, number=number_of(share.order_id), amount=share.amount)


class PaymentDocument(Document):
    """One attempt to collect money. `status`: 1 not completed, 2 success, 3 failed."""

    id: int
    user_id: int | None
    user: CustomerDocument | None
    order_id: str
    amount: Amount
    currency_name: str
    transaction_id: str | None
    status: Literal["1", "2", "3"]
    card_number: str | None
    json_request: str
    json_response: str
    created: Instant
    updated: Instant
    orders: tuple[ShareDocument, ...]
    bill_id: int
    payment_method: str

    @classmethod
    def of(cls, payment: Payment, user: Customer | None) -> "PaymentDocument":
        """A payment with the customer who made it."""
        bill = payment.bill
        return cls(
            id=payment.id,
            user_id=payment.customer_id,
            user=CustomerDocument.of(user) if user else None,
            order_id=payment.order_id,
            amount=bill.amount,
            currency_name=bill.amount.currency.code,
            transaction_id=bill.transaction_id,
            status=PAYMENT_CODES[payment.status],
            card_number=payment.card.mask if payment.card else None,
            json_request=bill.request,
            json_response=bill.response,
            created=payment.created_at,
            updated=payment.updated_at,
            orders=tuple(ShareDocument.of(share) for share in payment.shares),
            bill_id=payment.id,
            payment_method=payment.method_code,
        )

    @classmethod
    def seen(cls, view: PaymentView) -> "PaymentDocument":
        """A payment as a query shows it."""
        return cls.of(view.payment, view.user)


class ExtraDocument(Document):
    """What a bill belongs to."""

    order_pk: int
    order_pks: tuple[int, ...]
    payment_method_pk: int
    payment_id: int


class BillDocument(Document):
    """The gateway's side of a payment. Units: `amount` in the currency's smallest unit."""

    id: int
    backend: str
    amount: int
    currency: str
    transaction_id: str | None
    extra: ExtraDocument
    next_step: str | None
    verified: bool
    state: BillState
    created_at: Instant
    updated_at: Instant

    @classmethod
    def of(cls, payment: Payment) -> "BillDocument":
        """The bill of a payment, which has the payment's id."""
        bill = payment.bill
        return cls(
            id=payment.id,
            backend=bill.backend,
            amount=bill.amount.minor,
            currency=bill.amount.currency.code,
            transaction_id=bill.transaction_id,
            extra=ExtraDocument(
                order_pk=payment.order_ids[0],
                order_pks=payment.order_ids,
                payment_method_pk=payment.method_id,
                payment_id=payment.id,
            ),
            next_step=bill.next_step,
            verified=bill.verified,
            state=bill.state,
            created_at=bill.created_at,
            updated_at=bill.updated_at,
        )


class CheckoutDocument(Document):
    """The checkout answer; `next_step` is null when nothing is left for the customer to do."""

    order_key: str
    order_keys: tuple[str, ...]
    orders: tuple[OrderDocument, ...]
    payment: PaymentDocument
    next_step: str | None
    instructions: str | None = None
    reference: str | None = None
    due_at: Instant | None = None

    @classmethod
    def of(cls, done: CheckedOut) -> "CheckoutDocument":
        """What a checkout led to."""
        keys, first = tuple(order.key for order in done.orders), done.orders[0]
        return cls(
            order_key=keys[0],
            order_keys=keys,
            orders=orders_of(done.orders),
            payment=PaymentDocument.of(done.payment, done.user),
            next_step=done.next_step,
            **when_set(instructions=first.instructions, reference=first.reference, due_at=first.due_at),
        )


def orders_of(orders: Sequence[Order]) -> tuple[OrderDocument, ...]:
    """Whole orders, as they stand."""
    return tuple(OrderDocument.of(order) for order in orders)


class Orders(Listing[OrderDocument]):
    """A page of orders."""


class Payments(Listing[PaymentDocument]):
    """A page of payments."""
