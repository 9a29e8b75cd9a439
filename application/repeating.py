"""Recognising a checkout that was done before, though nobody heard: a lost answer is not a lost order."""

from datetime import datetime

from application.opening import CheckedOut
from application.policy import REPLIES_KEPT
from application.purchasing import customer_of
from application.storage import UnitOfWork
from domain.ids import CheckoutId


def checked_out_before(uow: UnitOfWork, mark: str | None, now: datetime) -> CheckedOut | None:
    """What an earlier run of the same request has led to, once there is something to answer.

    A request is known by its mark, which is the name of its checkout, for as long as a key is kept.
    Run again after a failure it has made new orders under that name: its newest payment counts.
    """
    found = uow.orders.of_checkout(CheckoutId(mark)) if mark else ()
    ours = [o for o in found if o.cart_id == found[-1].cart_id and o.created_at > now - REPLIES_KEPT]
    payment_id = max((o.payment_id for o in ours if o.payment_id is not None), default=None)
    orders = tuple(o for o in ours if o.payment_id == payment_id)
    payment = uow.payments.get(payment_id) if payment_id is not None else None
    if payment is None or not (payment.is_offline or payment.bill.is_seen):
        return None
    return CheckedOut(payment=payment, orders=orders, user=customer_of(uow, payment.customer_id))
