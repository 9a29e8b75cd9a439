"""Locking in one order everywhere: payments, orders, products, then wallets, each by key."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from application.policy import FAILURES_MAX, FAILURES_WINDOW
from application.storage import StaleVersion, UnitOfWork
from domain.bill import BillState
from domain.errors import NotFound, TooManyFailures
from domain.ids import Actor, CustomerId, OrderId, PaymentId
from domain.order import Order
from domain.order_status import OrderStatus
from domain.payment import Payment


def lock_payment(uow: UnitOfWork, payment_id: PaymentId) -> tuple[Payment, Sequence[Order]]:
    """Lock a payment, those that took on its orders since, its orders and their products.

    Raises: NotFound, StaleVersion when an order changed hands while we waited.
    """
    locked = uow.payments.lock([payment_id])
    if not locked:
        raise NotFound("there is no such payment")
    payment, rivals, others = locked[0], set[PaymentId](), set[OrderId]()
    if payment.bill.state in {BillState.FAILED, BillState.REVIEW}:
        # Only such a payment can have rivals, and they are newer: locking them now keeps the order.
        rivals = _rivals(payment, uow.orders.find(payment.order_ids))
        # Ending a rival fails its other orders too.
        others = {order_id for rival in uow.payments.lock(rivals) for order_id in rival.order_ids}
    together = uow.orders.lock({*payment.order_ids, *others})
    orders = [order for order in together if order.id in payment.order_ids]
    if not _rivals(payment, orders) <= rivals:
        raise StaleVersion
    lock_goods(uow, together)
    return payment, orders


def lock_orders(uow: UnitOfWork, seen: Sequence[Order]) -> tuple[Sequence[Payment], Sequence[Order]]:
    """Lock orders that were looked at, and before them the payments that they wait for.

    Raises: StaleVersion when an order changed hands meanwhile.
    """
    payment_ids = {order.payment_id for order in seen if order.payment_id is not None}
    payments = uow.payments.lock(payment_ids) if payment_ids else ()
    # A payment's other orders share its fate, so they are locked with it.
    order_ids = {order.id for order in seen} | {id_ for payment in payments for id_ in payment.order_ids}
    orders = uow.orders.lock(order_ids)
    wanted = {order.id for order in seen}
    if any(order.payment_id not in {None, *payment_ids} for order in orders if order.id in wanted):
        raise StaleVersion
    return payments, [order for order in orders if order.id in wanted]


def lock_goods(uow: UnitOfWork, orders: Iterable[Order]) -> None:
    """Lock the products of all these orders at once."""
    uow.products.lock({line.sku for order in orders for line in order.lines})


def free_from_rivals(
    uow: UnitOfWork, payment: Payment, orders: Sequence[Order], by: Actor, now: datetime
) -> bool:
    """End the other attempts at these orders, for this payment's money is there.

    Answers false, changing nothing, where one of them cannot be ended: it is paid or under review.
    """
    rival_ids = _rivals(payment, [order for order in orders if order.status is OrderStatus.HOLD])
    rivals = uow.payments.lock(rival_ids) if rival_ids else ()
    if any(not rival.is_open or rival.bill.state is BillState.REVIEW for rival in rivals):
        return False
    for rival in rivals:
        rival.fail("another attempt was paid", by, now, still_open_there=not rival.is_offline)
        uow.payments.save(rival)
    return True


def can_be_had(uow: UnitOfWork, payment: Payment, orders: Sequence[Order], by: Actor, now: datetime) -> bool:
    """Whether the money still buys every order, freeing them from newer attempts if it does."""
    if all(order.status is OrderStatus.HOLD and order.payment_id == payment.id for order in orders):
        return True
    if not all(order.status in {OrderStatus.FAILED, OrderStatus.HOLD} for order in orders):
        return False
    failed = [order for order in orders if order.status is OrderStatus.FAILED]
    return in_stock(uow, failed) and free_from_rivals(uow, payment, orders, by, now)


def in_stock(uow: UnitOfWork, orders: Sequence[Order]) -> bool:
    """Whether everything in these orders could be reserved now."""
    wanted: dict[str, int] = {}
    for order in orders:
        for sku, quantity in order.quantities.items():
            wanted[sku] = wanted.get(sku, 0) + quantity
    goods = uow.products.lock({line.sku for order in orders for line in order.lines})
    return all(product.stock.available >= wanted[sku] for sku, product in goods.items())


def ensure_few_failures(
    uow: UnitOfWork, customer_id: CustomerId | None, order_ids: Iterable[OrderId], now: datetime
) -> None:
    """Trying card after card has an end. Raises: TooManyFailures."""
    subjects = payment_subjects(customer_id, order_ids)
    if subjects and uow.failures.count(subjects, now - FAILURES_WINDOW) >= FAILURES_MAX:
        raise TooManyFailures("too many payments were refused", int(FAILURES_WINDOW.total_seconds()))


def payment_subjects(customer_id: CustomerId | None, order_ids: Iterable[OrderId]) -> list[str]:
    """Whose failures a refused payment counts as: its account's and its orders'."""
    account = [f"customer:{customer_id}"] if customer_id is not None else []
    return account + [f"order:{order_id}" for order_id in order_ids]


def _rivals(payment: Payment, orders: Sequence[Order]) -> set[PaymentId]:
    return {order.payment_id for order in orders if order.payment_id is not None} - {payment.id}
