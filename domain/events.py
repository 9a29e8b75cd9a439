"""What happened, in the past tense: frozen facts, each with a whole snapshot of its subject."""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

import attrs

from domain.ids import Actor, OrderId, PaymentId


@attrs.frozen(kw_only=True)
class Event:
    """A fact about one order or payment.

    Units: `sequence` counts the subject's events from 1 without gaps.
    Shape: `snapshot` is the subject as it then stood, in JSON's types; no key, no secret.
    """

    type: ClassVar[str] = ""
    subject: ClassVar[str] = ""

    sequence: int
    occurred_at: datetime
    by: Actor
    reason: str | None
    snapshot: Mapping[str, object] = attrs.field(repr=False)

    @property
    def subject_id(self) -> int:
        """The integer id of the order or payment."""
        raise AttributeError("an event is about an order or a payment")


@attrs.frozen(kw_only=True)
class OrderEvent(Event):
    """Something happened to an order; `moved_from` is the status it left."""

    subject: ClassVar[str] = "order"

    order_id: OrderId
    moved_from: str | None = None

    @property
    def subject_id(self) -> OrderId:
        """The order's id."""
        return self.order_id


@attrs.frozen(kw_only=True)
class PaymentEvent(Event):
    """Something happened to a payment."""

    subject: ClassVar[str] = "payment"

    payment_id: PaymentId

    @property
    def subject_id(self) -> PaymentId:
        """The payment's id."""
        return self.payment_id


class OrderPlaced(OrderEvent):
    """A checkout made the order."""

    type: ClassVar[str] = "order.placed"


class OrderHeld(OrderEvent):
    """The order waits for its payment; its goods are to be reserved."""

    type: ClassVar[str] = "order.held"


class OrderPaid(OrderEvent):
    """The money is there and approved; the goods are sold."""

    type: ClassVar[str] = "order.paid"


class OrderFailed(OrderEvent):
    """The payment failed; the goods are free again."""

    type: ClassVar[str] = "order.failed"


class OrderCancelled(OrderEvent):
    """Nobody will pay for the order any more."""

    type: ClassVar[str] = "order.cancelled"


class OrderShipped(OrderEvent):
    """The goods left the shop."""

    type: ClassVar[str] = "order.shipped"


class OrderDelivered(OrderEvent):
    """The goods reached the customer."""

    type: ClassVar[str] = "order.delivered"


class OrderCompleted(OrderEvent):
    """Nothing is left to do."""

    type: ClassVar[str] = "order.completed"


class OrderRefunded(OrderEvent):
    """The whole of the order's money went back."""

    type: ClassVar[str] = "order.refunded"


class PaymentStarted(PaymentEvent):
    """An attempt to collect the money of one or more orders began."""

    type: ClassVar[str] = "payment.started"


class PaymentSucceeded(PaymentEvent):
    """The money is confirmed."""

    type: ClassVar[str] = "payment.succeeded"


class PaymentApproved(PaymentEvent):
    """Staff approved a payment that the gateway had confirmed."""

    type: ClassVar[str] = "payment.approved"


class PaymentFailed(PaymentEvent):
    """The attempt ended without money: refused, cancelled, replaced or expired."""

    type: ClassVar[str] = "payment.failed"


class PaymentInDoubt(PaymentEvent):
    """The gateway did not say whether it opened the payment."""

    type: ClassVar[str] = "payment.in_doubt"


class PaymentUnderReview(PaymentEvent):
    """What the gateway says does not fit; a person decides."""

    type: ClassVar[str] = "payment.review"


EVENT_TYPES: Mapping[str, type[Event]] = {
    event.type: event
    for event in (
        OrderPlaced,
        OrderHeld,
        OrderPaid,
        OrderFailed,
        OrderCancelled,
        OrderShipped,
        OrderDelivered,
        OrderCompleted,
        OrderRefunded,
        PaymentStarted,
        PaymentSucceeded,
        PaymentApproved,
        PaymentFailed,
        PaymentInDoubt,
        PaymentUnderReview,
    )
}
