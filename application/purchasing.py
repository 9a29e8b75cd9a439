"""What somebody wants to buy and how, held against what can be had: the questions both checkouts ask."""

from collections.abc import Mapping, Sequence

import attrs

from application.storage import UnitOfWork
from domain.cart import Cart
from domain.catalog import Product
from domain.errors import GatewayUnavailable, IllegalTransition, Invalid, OrderAlreadyPaid, TotalChanged
from domain.ids import CustomerId, MethodCode, Sku
from domain.methods import PaymentMethod, Purchase
from domain.money import Money
from domain.order import Order, OrderLine
from domain.order_status import OrderStatus
from domain.people import Address, Customer, country_of


@attrs.frozen(kw_only=True)
class Wish:
    """What a customer says at checkout besides what they buy.

    `mark` tells this request from all others, if its client wants to be able to repeat it;
    `instead` is the method that takes it while the gateway of the chosen one is left alone.
    """

    method: MethodCode
    instead: MethodCode | None = None
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


def taking_method(uow: UnitOfWork, wish: Wish) -> PaymentMethod:
    """The method that takes what is wished: the chosen one, unless another does instead. Raises: Invalid."""
    return known_method(uow, wish.instead or wish.method)


def usable_method(uow: UnitOfWork, wish: Wish, purchase: Purchase) -> PaymentMethod:
    """The method that takes the purchase, if the chosen one accepts it, and the other too if one is.

    Raises: Invalid, MethodRefused; GatewayUnavailable where the other does not accept it.
    """
    chosen = known_method(uow, wish.method)
    chosen.ensure_accepts(purchase)
    other = uow.methods.by_code(wish.instead) if wish.instead else chosen
    if other is None or other.reasons_against(purchase):
        raise GatewayUnavailable("the gateway failed too often just now")
    return other


def purchase_of(orders: Sequence[Order]) -> Purchase:
    """What several orders come to. Raises: CurrencyMismatch."""
    total = Money.sum(order.total for order in orders)
    skus = frozenset(line.sku for order in orders for line in order.lines)
    places = [order.placed_with for order in orders]
    countries = frozenset(country_of(each.billing_address, each.shipping_address) for each in places)
    return Purchase(total, orders[0].customer_id, skus, countries)


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
