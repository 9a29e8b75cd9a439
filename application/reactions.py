"""Every consequence of what happened, in one table: inside the transaction, and told to others after it."""

from collections.abc import Mapping, Sequence

from application.bus import Bus, Reaction
from application.storage import UnitOfWork
from domain.events import (
    EVENT_TYPES,
    Event,
    OrderCancelled,
    OrderCompleted,
    OrderDelivered,
    OrderEvent,
    OrderFailed,
    OrderHeld,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderShipped,
    PaymentApproved,
    PaymentEvent,
    PaymentFailed,
    PaymentInDoubt,
    PaymentStarted,
    PaymentSucceeded,
    PaymentUnderReview,
)
from domain.order import Order
from domain.order_status import OrderStatus
from domain.payment import Payment


def _order_of(event: OrderEvent, uow: UnitOfWork) -> Order:
    return uow.orders.lock([event.order_id])[0]


def _payment_of(event: PaymentEvent, uow: UnitOfWork) -> Payment:
    return uow.payments.lock([event.payment_id])[0]


def reserve_stock(event: OrderEvent, uow: UnitOfWork) -> None:
    """What an order holds is nobody else's. Raises: ShortStock."""
    quantities = _order_of(event, uow).quantities
    for sku, product in uow.products.lock(quantities).items():
        product.stock.reserve(quantities[sku])
        uow.products.save(product)


def take_stock(event: OrderEvent, uow: UnitOfWork) -> None:
    """What is paid is sold."""
    quantities = _order_of(event, uow).quantities
    for sku, product in uow.products.lock(quantities).items():
        product.stock.take(quantities[sku])
        uow.products.save(product)


def release_stock(event: OrderEvent, uow: UnitOfWork) -> None:
    """What an order held is free again, if it held anything."""
    if event.moved_from != OrderStatus.HOLD:
        return
    quantities = _order_of(event, uow).quantities
    for sku, product in uow.products.lock(quantities).items():
        product.stock.release(quantities[sku])
        uow.products.save(product)


def move_orders_on(event: PaymentEvent, uow: UnitOfWork) -> None:
    """The money is there: its orders go on, or wait for staff's approval.

    Late money holds failed orders first. Orders given up while they waited for approval stay so.
    """
    payment = _payment_of(event, uow)
    for order in uow.orders.lock(payment.order_ids):
        if order.status is OrderStatus.CANCELLED:
            continue
        if order.status is OrderStatus.FAILED:
            order.hold(payment.id, event.by, event.occurred_at, "the money came late")
        order.take_on(payment.id)
        if payment.is_approved:
            order.mark_paid(event.by, event.occurred_at)
        else:
            order.await_approval(event.occurred_at)
        uow.orders.save(order)


def fail_orders(event: PaymentEvent, uow: UnitOfWork) -> None:
    """Without the money, the orders that waited for it have failed; those that another took on have not."""
    payment = _payment_of(event, uow)
    for order in uow.orders.lock(payment.order_ids):
        if order.payment_id == payment.id and order.status is OrderStatus.HOLD and not order.is_paid:
            order.mark_failed(event.by, event.occurred_at, event.reason)
            uow.orders.save(order)


def take_lines_from_cart(event: PaymentEvent, uow: UnitOfWork) -> None:
    """What was bought leaves the cart it came from; a cart left empty is deleted, lines added since stay."""
    payment = _payment_of(event, uow)
    orders = uow.orders.lock(payment.order_ids)
    cart = uow.carts.of(payment.customer_id) if payment.customer_id is not None else None
    if cart is None:
        return
    for order in orders:
        if order.cart_id == cart.id:
            cart.take(order.quantities, event.occurred_at)
            order.leave_cart()
            uow.orders.save(order)
    if cart.is_empty:
        uow.carts.delete(cart)
    else:
        uow.carts.save(cart)


def take_lines_when_offline(event: PaymentEvent, uow: UnitOfWork) -> None:
    """Where no gateway is asked, ordering is all that the customer can do: the cart is done with."""
    if _payment_of(event, uow).is_offline:
        take_lines_from_cart(event, uow)


def take_lines_when_online(event: PaymentEvent, uow: UnitOfWork) -> None:
    """Through a gateway, the cart stays until the money is there."""
    if not _payment_of(event, uow).is_offline:
        take_lines_from_cart(event, uow)


REACTIONS: Mapping[type[Event], Sequence[Reaction]] = {
    OrderPlaced: (),
    OrderHeld: (reserve_stock,),
    OrderPaid: (take_stock,),
    OrderFailed: (release_stock,),
    OrderCancelled: (release_stock,),
    OrderShipped: (),
    OrderDelivered: (),
    OrderCompleted: (),
    OrderRefunded: (),
    PaymentStarted: (take_lines_when_offline,),
    PaymentSucceeded: (move_orders_on, take_lines_when_online),
    PaymentApproved: (move_orders_on,),
    PaymentFailed: (fail_orders,),
    PaymentInDoubt: (),
    PaymentUnderReview: (),
}

# After the transaction: every event is told to others, at least once, from the outbox.
RELAYED = frozenset(EVENT_TYPES.values())

BUS = Bus(REACTIONS, RELAYED)
