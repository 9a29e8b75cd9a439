"""What somebody wants to buy and how, held against what can be had: the questions both checkouts ask."""

from collections.abc import Mapping, Sequence

import attrs

from application.storage import UnitOfWork
from domain.cart import Cart
from domain.catalog import Product
from domain.errors import IllegalTransition, Invalid, OrderAlreadyPaid, TotalChanged
from domain.ids import CustomerId, MethodCode, Sku
from domain.methods import PaymentMethod, Purchase
from domain.money import Money
from domain.order import Order, OrderLine, OrderStatus
from domain.people import Address, Customer


@attrs.frozen(kw_only=True)
class Wish:
    """What a customer says at checkout besides what they buy.

    `mark` tells this request from all others, if its client wants to be able to repeat it.
    """

    method: MethodCode
    return_url: str | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    note: str | None = None
    expected_total: Money | None = None
    mark: str | None = None


def priced_lines(cart: Cart, goods: Mapping[Sku, Product]) -> list[tuple[str, OrderLine]]:
    """The cart's lines at today's prices, each with its seller. Raises: Invalid for a product gone."""
    gone = [sku for sku in cart.lines if sku not in goods]
    if gone:
        raise Invalid(f"{', '.join(gone)} cannot be bought any more")
    return [
        (goods[sku].seller, OrderLine(sku, goods[sku].name, quantity, goods[sku].price))
        for sku, quantity in cart.lines.items()
    ]


def matches(cart: Cart, orders: Sequence[Order], goods: Mapping[Sku, Product]) -> bool:
    """Whether these orders are what checking out the cart would make again."""
    ordered = {line.sku: (line.quantity, line.unit_price) for order in orders for line in order.lines}
    wanted = {sku: (quantity, goods[sku].price) for sku, quantity in cart.lines.items() if sku in goods}
    return ordered == wanted


def known_method(uow: UnitOfWork, code: MethodCode) -> PaymentMethod:
    """The payment method of that code. Raises: Invalid."""
    method = uow.methods.by_code(code)
    if method is None:
        raise Invalid("there is no such payment method", "#/payment_method")
    return method


def usable_method(uow: UnitOfWork, code: MethodCode, purchase: Purchase) -> PaymentMethod:
    """The method of that code if it accepts the purchase. Raises: Invalid, MethodRefused."""
    method = known_method(uow, code)
    method.ensure_accepts(purchase)
    return method


def purchase_of(orders: Sequence[Order]) -> Purchase:
    """What several orders come to. Raises: CurrencyMismatch."""
    total = Money.sum(order.total for order in orders)
    skus = frozenset(line.sku for order in orders for line in order.lines)
    return Purchase(total, orders[0].customer_id, skus)


def ensure_payable(orders: Sequence[Order]) -> None:
    """Raises: OrderAlreadyPaid, IllegalTransition for an order that nobody can pay any more."""
    for order in orders:
        if order.is_paid:
            raise OrderAlreadyPaid(order.key)
        if order.status not in {OrderStatus.HOLD, OrderStatus.FAILED}:
            raise IllegalTransition(f"an order in {order.status} cannot be paid")


def ensure_expected(expected: Money | None, total: Money) -> None:
    """Raises: TotalChanged when the customer agreed to another total."""
    if expected is not None and expected != total:
        raise TotalChanged(f"the total is {total}, not {expected}")


def customer_of(uow: UnitOfWork, customer_id: CustomerId | None) -> Customer | None:
    """Who pays, if they have an account."""
    return uow.people.customer(customer_id) if customer_id is not None else None
