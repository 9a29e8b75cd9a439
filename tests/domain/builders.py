"""Orders, payments and answers with the one thing named that a test is about."""

from datetime import UTC, datetime, timedelta

from domain.bill import BillState
from domain.ids import (
    Actor,
    CartId,
    CheckoutId,
    CustomerId,
    GatewayOrderId,
    MethodCode,
    MethodId,
    OrderId,
    OrderKey,
    PaymentId,
    Sku,
)
from domain.money import Currency, Money
from domain.order import Order, OrderLine, PlacedWith
from domain.order_status import OrderStatus
from domain.payment import Payment
from domain.verdict import Verdict, VerdictStatus

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
DEADLINE = NOW + timedelta(minutes=30)
PAUSE = timedelta(seconds=5)
WATCHED = NOW + timedelta(days=8)

AZN = Currency("AZN", 2)
USD = Currency("USD", 2)
JPY = Currency("JPY", 0)

BY = Actor("customer:5")
STAFF = Actor("staff:1")
BANK = Actor("gateway:card")

REFERENCE = GatewayOrderId("ref-1")
TRANSACTION = "te0000000001"


def azn(minor: int) -> Money:
    """So many qepik."""
    return Money(minor, AZN)


def line(sku: str = "kettle", quantity: int = 2, minor: int = 4000) -> OrderLine:
    """A row of an order."""
    return OrderLine(Sku(sku), sku.title(), quantity, azn(minor))


def new_order(number: int = 1, *lines: OrderLine) -> Order:
    """An order just placed, its events already told."""
    order = Order.place(
        id=OrderId(number),
        key=OrderKey(f"key-{number}"),
        checkout_id=CheckoutId("checkout"),
        cart_id=CartId("cart"),
        customer_id=CustomerId(5),
        seller="Kassa",
        lines=lines or (line(),),
        placed_with=PlacedWith(),
        by=BY,
        now=NOW,
    )
    order.pull_events()
    return order


def held_order(number: int = 1, payment_id: int = 7) -> Order:
    """An order that waits for a payment."""
    order = new_order(number)
    order.hold(PaymentId(payment_id), BY, NOW)
    order.pull_events()
    return order


def order_in(status: OrderStatus) -> Order:
    """An order that has come to a status by legal moves; REFUNDED has no way of its own yet."""
    order = new_order()
    if status is OrderStatus.REFUNDED:
        order.status = status
    elif status is OrderStatus.CANCELLED:
        order.cancel(BY, NOW)
    elif status is not OrderStatus.NEW:
        order.hold(PaymentId(7), BY, NOW)
    if status is OrderStatus.FAILED:
        order.mark_failed(BANK, NOW, "refused")
    elif status in {
        OrderStatus.PROCESSING,
        OrderStatus.SHIPPED,
        OrderStatus.DELIVERED,
        OrderStatus.COMPLETED,
    }:
        order.mark_paid(BANK, NOW)
    if status in {OrderStatus.SHIPPED, OrderStatus.DELIVERED, OrderStatus.COMPLETED}:
        order.fulfil(status, STAFF, NOW)
    order.pull_events()
    return order


def new_payment(
    *orders: Order,
    auto_approve: bool = True,
    is_offline: bool = False,
    expires_at: datetime | None = DEADLINE,
) -> Payment:
    """A payment just begun, its events already told."""
    payment = Payment.open(
        id=PaymentId(7),
        order_id=REFERENCE,
        orders=orders or (held_order(),),
        method_id=MethodId(3),
        method_code=MethodCode("card"),
        backend="sandbox",
        auto_approve=auto_approve,
        is_offline=is_offline,
        expires_at=expires_at,
        return_url=None,
        by=BY,
        now=NOW,
    )
    payment.pull_events()
    return payment


def opened(payment: Payment) -> Payment:
    """The same payment, opened by its gateway."""
    payment.opened(TRANSACTION, "https://bank.example/pay", '{"a": 1}', '{"b": 2}', NOW)
    return payment


def payment_in(
    state: BillState, *, auto_approve: bool = True, expires_at: datetime | None = DEADLINE
) -> Payment:
    """A payment whose bill has come to a state by legal moves."""
    payment = new_payment(auto_approve=auto_approve, expires_at=expires_at)
    if state is BillState.IN_DOUBT:
        payment.not_opened(BY, NOW, sent=True)
    elif state is not BillState.UNSENT:
        opened(payment)
    if state is BillState.REVIEW:
        payment.review("the amounts differ", BANK, NOW)
    elif state is BillState.FAILED:
        payment.fail("refused", BANK, NOW)
    elif state is BillState.AUTHORISED:
        settle(payment, answer(VerdictStatus.AUTHORISED))
    elif state is BillState.PAID:
        settle(payment, answer(VerdictStatus.SUCCEEDED))
    payment.pull_events()
    return payment


def answer(status: VerdictStatus, **more: object) -> Verdict:
    """What the gateway says about the payment of these builders."""
    facts: dict[str, object] = {"reference": REFERENCE, "transaction_id": TRANSACTION}
    if status is VerdictStatus.SUCCEEDED:
        facts |= {"amount_minor": 8000, "captured_minor": 8000, "currency": "AZN"}
    return Verdict(status=status, **{**facts, **more})  # type: ignore[arg-type]


def settle(
    payment: Payment, verdict: Verdict, *, deliverable: bool = True, by_person: bool = False
) -> object:
    """Settle the payment by the gateway's answer a minute later."""
    return payment.settle(verdict, deliverable=deliverable, by=BANK, now=LATER, by_person=by_person)
