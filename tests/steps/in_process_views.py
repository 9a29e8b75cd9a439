"""From the core's own records and refusals to what the features speak of."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from application.opening import CheckedOut
from application.shop import Offer as MethodOffer
from application.views import PaymentView
from domain import errors
from domain.bill import PaymentStatus
from domain.order import Order
from domain.payment import Payment
from tests.steps.shop import (
    BillSeen,
    Checkout,
    Offer,
    OrderRef,
    OrderSeen,
    PaymentRef,
    PaymentSeen,
    Refusal,
    Refused,
)

PAYMENT = {
    PaymentStatus.PENDING: "not completed",
    PaymentStatus.SUCCESS: "success",
    PaymentStatus.FAILED: "failed",
}

# What each reason is called in the core, by the code that is never changed once published.
CODES: Mapping[Refusal, frozenset[str]] = {
    Refusal.EMPTY_CART: frozenset({"empty_cart"}),
    Refusal.SHORT_STOCK: frozenset({"short_stock"}),
    Refusal.METHOD_REFUSES: frozenset({"method_refused"}),
    Refusal.CURRENCIES: frozenset({"currency_mismatch"}),
    Refusal.GATEWAY_REFUSED: frozenset({"payment_refused"}),
    Refusal.CARD_NUMBER: frozenset({"card_number"}),
    Refusal.STAFF_ONLY: frozenset({"forbidden"}),
    Refusal.FORGED: frozenset({"forged_callback"}),
    Refusal.TOTAL_CHANGED: frozenset({"total_changed"}),
    Refusal.ALREADY_PAID: frozenset({"order_already_paid"}),
    Refusal.UNDER_WAY: frozenset({"payment_under_way"}),
    Refusal.CANNOT_MOVE: frozenset({"illegal_transition", "order_already_paid", "conflict"}),
    Refusal.NOT_CONFIRMED: frozenset({"not_yet_paid"}),
    Refusal.UNITS_HELD: frozenset({"conflict"}),
    Refusal.ADDRESS_TAKEN: frozenset({"email_taken"}),
    Refusal.OTHER_REQUEST: frozenset({"idempotency_key_reused"}),
    Refusal.TROUBLE: frozenset({"gateway_unavailable"}),
}
FAMILIES: Mapping[Refusal, type[errors.Refusal]] = {
    Refusal.NONSENSE: errors.Invalid,
    Refusal.SIGN_IN: errors.Unauthenticated,
    Refusal.UNKNOWN: errors.NotFound,
}


@contextmanager
def refusing() -> Iterator[None]:
    """What the core refuses, the driver refuses, as the features would call it."""
    try:
        yield
    except errors.Refusal as refusal:
        raise refused(refusal) from refusal


def refused(refusal: errors.Refusal) -> Refused:
    """A refusal of the core with everything that it carries."""
    keys = getattr(refusal, "order_keys", ()) or filter(None, [getattr(refusal, "order_key", None)])
    return Refused(
        frozenset(_reasons(refusal)),
        f"{refusal.code}: {refusal.detail}",
        orders=tuple(map(OrderRef, keys)),
        shows_the_gateway=bool(getattr(refusal, "next_step", None)),
    )


def _reasons(refusal: errors.Refusal) -> Iterator[Refusal]:
    yield from (reason for reason, codes in CODES.items() if refusal.code in codes)
    yield from (reason for reason, family in FAMILIES.items() if isinstance(refusal, family))
    mistakes = refusal.mistakes if isinstance(refusal, errors.Invalid) else ()
    if any(mistake.pointer == "#/payment_method" for mistake in mistakes):
        yield Refusal.NOT_OFFERED


def checkout_answer(done: CheckedOut) -> bytes:
    """All of the answer to a checkout, to be kept for repeats."""
    first = done.orders[0]
    answer = {
        "order_keys": [order.key for order in done.orders],
        "payment": dict(done.payment.snapshot()),
        "next_step": done.next_step,
        "instructions": first.instructions,
        "reference": first.reference,
        "due_at": first.due_at and first.due_at.isoformat(),
    }
    return json.dumps(answer).encode()


def checkout_seen(answer: bytes) -> Checkout:
    """The answer to a checkout, given now or kept."""
    said = json.loads(answer)
    return Checkout(
        orders=tuple(map(OrderRef, said["order_keys"])),
        payment=PaymentRef(said["payment"]["id"]),
        next_step=said["next_step"],
        instructions=said["instructions"],
        reference=said["reference"],
        due_at=said["due_at"] and datetime.fromisoformat(said["due_at"]),
        answer=answer.decode(),
    )


def order_seen(order: Order) -> OrderSeen:
    """An order."""
    return OrderSeen(
        ref=OrderRef(order.key),
        id=order.id,
        status=str(order.status),
        payment_status=str(order.payment_status),
        seller=order.seller,
        total=str(order.total),
        lines={line.name: (line.quantity, str(line.unit_price)) for line in order.lines},
        history=tuple((str(move.moved_from), str(move.to)) for move in order.history),
        next_statuses=frozenset(map(str, order.next_statuses)),
        payments=tuple(map(PaymentRef, order.payment_ids)),
        reference=order.reference,
    )


def payment_seen(view: PaymentView, leaks: tuple[str, ...]) -> PaymentSeen:
    """A payment with the customer who made it."""
    payment = view.payment
    assert view.user
    return PaymentSeen(
        id=payment.id,
        status=PAYMENT[payment.status],
        amount=str(payment.amount),
        order_amounts=tuple(str(share.amount) for share in payment.shares),
        payer=view.user.first_name,
        reference=payment.order_id,
        transaction=payment.bill.transaction_id,
        card=payment.card and payment.card.mask,
        request=payment.bill.request,
        reply=payment.bill.response,
        created=payment.created_at,
        updated=payment.updated_at,
        leaks=leaks,
    )


def bill_seen(payment: Payment) -> BillSeen:
    """The bill of a payment."""
    bill = payment.bill
    return BillSeen(
        backend=bill.backend,
        amount=str(bill.amount),
        transaction=bill.transaction_id,
        first_order=payment.order_ids[0],
        orders=payment.order_ids,
        method=payment.method_id,
        payment=payment.id,
        next_step=bill.next_step,
        verified=bill.verified,
        state=str(bill.state),
        created=bill.created_at,
        updated=bill.updated_at,
    )


def offer_seen(offer: MethodOffer) -> Offer:
    """Whether a method may be used."""
    return Offer(usable=offer.is_usable, reasons=offer.reasons)
