"""Where an order may stand, and the only ways from one status to another."""

from collections.abc import Mapping
from enum import StrEnum

from domain.events import (
    OrderCancelled,
    OrderCompleted,
    OrderDelivered,
    OrderEvent,
    OrderFailed,
    OrderHeld,
    OrderPaid,
    OrderRefunded,
    OrderShipped,
)


class OrderStatus(StrEnum):
    """Where an order stands. Source: "Order Status Flow" of the notes; the last two are ours."""

    NEW = "NEW"
    HOLD = "HOLD"
    PROCESSING = "PROCESSING"
    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    REFUNDED = "REFUNDED"


class OrderPaymentStatus(StrEnum):
    """Whether this order is paid. Not a payment's status, whose code for success means failure here."""

    UNPAID = "unpaid"
    PAID = "paid"
    FAILED = "failed"


_S = OrderStatus


# Each edge carries its event, so that status and event cannot part; what is not here cannot happen.
ORDER_TRANSITIONS: Mapping[tuple[OrderStatus, OrderStatus], type[OrderEvent]] = {
    (_S.NEW, _S.HOLD): OrderHeld,
    (_S.NEW, _S.CANCELLED): OrderCancelled,
    (_S.HOLD, _S.PROCESSING): OrderPaid,
    (_S.HOLD, _S.FAILED): OrderFailed,
    (_S.HOLD, _S.CANCELLED): OrderCancelled,
    (_S.FAILED, _S.HOLD): OrderHeld,
    (_S.FAILED, _S.CANCELLED): OrderCancelled,
    (_S.PROCESSING, _S.SHIPPED): OrderShipped,
    (_S.PROCESSING, _S.DELIVERED): OrderDelivered,
    (_S.PROCESSING, _S.COMPLETED): OrderCompleted,
    (_S.PROCESSING, _S.REFUNDED): OrderRefunded,
    (_S.SHIPPED, _S.DELIVERED): OrderDelivered,
    (_S.SHIPPED, _S.COMPLETED): OrderCompleted,
    (_S.SHIPPED, _S.REFUNDED): OrderRefunded,
    (_S.DELIVERED, _S.COMPLETED): OrderCompleted,
    (_S.DELIVERED, _S.REFUNDED): OrderRefunded,
    (_S.COMPLETED, _S.REFUNDED): OrderRefunded,
}


# The moves that staff make by hand once an order is paid.
FULFILMENT = frozenset({_S.SHIPPED, _S.DELIVERED, _S.COMPLETED})
