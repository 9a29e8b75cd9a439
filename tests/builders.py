"""Orders, payments and what they need, made with the names that matter; the rest is filled in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.bill import Bill, BillState
from domain.cart import Cart
from domain.catalog import Product, Stock
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
from domain.methods import PaymentMethod
from domain.money import Currency, Money
from domain.order import Move, Order, OrderLine, PlacedWith
from domain.order_status import OrderPaymentStatus, OrderStatus
from domain.payment import Payment
from domain.payment_record import MaskedCard, Share
from domain.people import Contact

AZN = Currency("AZN", 2)
NOON = datetime(2026, 3, 5, 12, 0, 0, 123456, tzinfo=UTC)
SOMEBODY = Actor("customer:1")


def azn(minor: int) -> Money:
    """So many qepik."""
    return Money(minor, AZN)


def later(**units: float) -> datetime:
    """A moment after NOON, as `later(minutes=5)`."""
    return NOON + timedelta(**units)


def make_product(sku: str = "kettle", on_hand: int = 5, reserved: int = 0, **fields: Any) -> Product:
    """A product with stock."""
    defaults = {"name": f"A {sku}", "price": azn(4000), "seller": "Kassa"}
    return Product(sku=Sku(sku), stock=Stock(Sku(sku), on_hand, reserved), **{**defaults, **fields})


def make_cart(customer_id: int, cart_id: str = "cart-1", **lines: int) -> Cart:
    """A new cart, as `make_cart(1, kettle=2)`."""
    chosen = {Sku(sku): quantity for sku, quantity in lines.items()}
    return Cart(CartId(cart_id), CustomerId(customer_id), chosen, changed_on=NOON.date())


def make_line(sku: str = "kettle", quantity: int = 2, unit_price: Money | None = None) -> OrderLine:
    """A line of an order."""
    return OrderLine(Sku(sku), f"A {sku}", quantity, unit_price or azn(4000))


def make_order(order_id: int = 1, **fields: Any) -> Order:
    """An order as a checkout places it: NEW, two kettles, with no event left to tell."""
    defaults: dict[str, Any] = {
        "key": OrderKey(f"order-key-{order_id}"),
        "checkout_id": CheckoutId(f"checkout-of-{order_id}"),
        "cart_id": None,
        "customer_id": None,
        "seller": "Kassa",
        "lines": (make_line(),),
        "placed_with": PlacedWith(),
        "status": OrderStatus.NEW,
        "payment_status": OrderPaymentStatus.UNPAID,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Order(id=OrderId(order_id), **{**defaults, **fields})


def make_full_order(order_id: int, customer_id: int, payment_id: int) -> Order:
    """An order of which no field is empty."""
    return make_order(
        order_id,
        cart_id=CartId("cart-1"),
        customer_id=CustomerId(customer_id),
        lines=(make_line("kettle", 2), make_line("lamp", 1, azn(999)), make_line("anvil", 7, azn(1))),
        placed_with=PlacedWith(
            contact=Contact("aysel@example.com", "Aysel", "Məmmədova"),
            shipping_address={"city": "Bakı", "street": "Nizami 1"},
            billing_address={"city": "Gəncə"},
            note="Ring twice \U0001f514",
        ),
        status=OrderStatus.SHIPPED,
        payment_status=OrderPaymentStatus.PAID,
        payment_id=PaymentId(payment_id),
        payment_ids=(PaymentId(payment_id),),
        instructions="Pay at the door",
        reference="RF47K000000001",
        due_at=later(days=14),
        history=(
            Move(OrderStatus.NEW, OrderStatus.HOLD, NOON, SOMEBODY, "checkout"),
            Move(OrderStatus.HOLD, OrderStatus.PROCESSING, later(seconds=1), Actor("gateway:card")),
        ),
        updated_at=later(seconds=2),
        sequence=3,
    )


def make_payment(payment_id: int = 1, orders: tuple[Order, ...] = (), **fields: Any) -> Payment:
    """A payment just opened, for the orders given or for one order of two kettles."""
    bill_fields = {name.removeprefix("bill_"): fields.pop(name) for name in list(fields) if "bill_" in name}
    orders = orders or (make_order(),)
    shares = tuple(Share(order.id, order.total) for order in orders)
    amount = Money.sum(share.amount for share in shares)
    bill = {"backend": "sandbox", "amount": amount, "created_at": NOON, "updated_at": NOON}
    defaults: dict[str, Any] = {
        "order_id": GatewayOrderId(f"reference{payment_id}"),
        "customer_id": orders[0].customer_id,
        "shares": shares,
        "bill": Bill(**{**bill, **bill_fields}),
        "method_id": MethodId(1),
        "method_code": MethodCode("card"),
        "auto_approve": True,
        "is_offline": False,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Payment(id=PaymentId(payment_id), **{**defaults, **fields})


def make_full_payment(payment_id: int, orders: tuple[Order, ...]) -> Payment:
    """A payment of which no field is empty."""
    return make_payment(
        payment_id,
        orders,
        bill_state=BillState.REVIEW,
        bill_transaction_id="te_000000001",
        bill_next_step="https://pay.example/1",
        bill_request='{"amount":80.00}',
        bill_response='{"status":"new"}',
        bill_review="the amounts differ",
        bill_calling_until=later(seconds=10),
        bill_named_number="te0000000002",
        bill_updated_at=later(seconds=3),
        is_approved=True,
        is_offline=True,
        card=MaskedCard("411111******1111"),
        failure="the bank refused it",
        return_url="https://shop.example/back",
        expires_at=later(minutes=30),
        look_at=later(minutes=1),
        looks=4,
        updated_at=later(seconds=5),
        sequence=2,
    )


def make_method(method_id: int = 1, code: str = "card", **fields: Any) -> PaymentMethod:
    """A payment method of the sandbox."""
    defaults: dict[str, Any] = {"name": "Card", "backend": "sandbox", "settings": {"secret": "s3cret"}}
    return PaymentMethod(id=MethodId(method_id), code=MethodCode(code), **{**defaults, **fields})
