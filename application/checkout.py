"""Checking out: a cart into orders and one payment, or existing orders into another payment."""

from collections.abc import Sequence

import attrs

from application.deciding import Answers
from application.locking import ensure_few_failures, lock_orders
from application.opening import Attempt, CheckedOut
from application.paying import Checkout
from application.policy import ORDERS_PER_PAYMENT_MAX
from application.purchasing import (
    Wish,
    customer_of,
    ensure_expected,
    matches,
    priced_lines,
    taking_method,
    usable_method,
)
from application.repeating import checked_out_before
from application.storage import UnitOfWork
from domain.cart import Cart
from domain.errors import EmptyCart, Invalid, NotFound, PaymentUnderWay
from domain.ids import KEY_HOLDER, Actor, CheckoutId, CustomerId, OrderId, OrderKey, customer
from domain.methods import Purchase
from domain.money import Money
from domain.order import Order, OrderLine, PlacedWith
from domain.order_status import OrderStatus
from domain.people import Contact, Customer, country_of


@attrs.frozen(kw_only=True)
class CheckOutOrders:
    """Pays existing orders with one payment: another attempt, or several orders together."""

    checkout: Checkout

    def __call__(
        self, *, order_keys: Sequence[OrderKey], wish: Wish, customer_id: CustomerId | None = None
    ) -> CheckedOut:
        """Pay orders by their keys; with `customer_id` they must all be that customer's.

        Raises: NotFound, Invalid, OrderAlreadyPaid, PaymentUnderWay, IllegalTransition,
        GatewayUnavailable, PaymentRefused, TooManyFailures, StoreUnavailable.
        """
        if not 1 <= len(order_keys) <= ORDERS_PER_PAYMENT_MAX or len(set(order_keys)) < len(order_keys):
            raise Invalid(f"1 to {ORDERS_PER_PAYMENT_MAX} different orders", "#/order_keys")
        self.checkout.open.policy.ensure_return_allowed(wish.return_url)
        by = KEY_HOLDER if customer_id is None else customer(customer_id)

        def phase(uow: UnitOfWork, wish: Wish, answers: Answers) -> Attempt:
            seen = uow.orders.by_keys(order_keys)
            strangers = [o for o in seen if customer_id is not None and o.customer_id != customer_id]
            if strangers or len(seen) < len(order_keys):
                raise NotFound("there is no such order")
            payments, orders = lock_orders(uow, seen)
            return self.checkout.pay_for(uow, orders, payments, wish, answers, by)

        return self.checkout.run(wish, phase)


@attrs.frozen(kw_only=True)
class CheckOutCart:
    """Turns a customer's cart into one order per seller and one payment for them all."""

    checkout: Checkout

    def __call__(self, *, customer_id: CustomerId, wish: Wish) -> CheckedOut:
        """Check out the cart, or go on with its payment that nobody has seen yet.

        What this same request has already done, though its answer was lost, is not refused for that.

        Raises: EmptyCart, ShortStock, MethodRefused, TotalChanged, PaymentUnderWay,
        OrderAlreadyPaid, GatewayUnavailable, PaymentRefused, TooManyFailures, StoreUnavailable.
        """
        self.checkout.open.policy.ensure_return_allowed(wish.return_url)
        try:
            return self.checkout.run(
                wish, lambda uow, taken, answers: self._phase(uow, customer_id, taken, answers)
            )
        except (EmptyCart, PaymentUnderWay):
            with self.checkout.open.begin() as uow:
                done = checked_out_before(uow, wish.mark, self.checkout.open.clock.now())
            if done is None:
                raise
            return done

    def _phase(self, uow: UnitOfWork, customer_id: CustomerId, wish: Wish, answers: Answers) -> Attempt:
        by = customer(customer_id)
        cart = uow.carts.of(customer_id)
        if cart is None or cart.is_empty:
            raise EmptyCart("there is nothing in the cart")
        if cart.checkout_id is not None:
            # What was paid by its key has left the cart, and is no longer this checkout's business.
            seen = [o for o in uow.orders.of_checkout(cart.checkout_id) if o.cart_id == cart.id]
            going_on = self._earlier(uow, cart, seen, wish, answers, by) if seen else None
            if going_on is not None:
                return going_on
        return self._anew(uow, cart, wish, by)

    def _earlier(
        self, uow: UnitOfWork, cart: Cart, seen: Sequence[Order], wish: Wish, answers: Answers, by: Actor
    ) -> Attempt | None:
        """Go on with the cart's last checkout if it waits for its money, else give its orders up."""
        payments, orders = lock_orders(uow, seen)
        waiting = [order for order in orders if order.status is OrderStatus.HOLD]
        if waiting and matches(cart, waiting, uow.products.find(cart.lines)):
            return self.checkout.pay_for(uow, waiting, payments, wish, answers, by)
        # What the old orders free and what the new ones need is locked at once, in one order.
        uow.products.lock({line.sku for order in orders for line in order.lines} | set(cart.lines))
        open_now = [payment for payment in payments if payment.is_open]
        for payment in open_now:
            method = taking_method(uow, wish)
            self.checkout.decide.course(uow, payment, method, orders, wish, answers)
        for order in orders:
            if order.status in {OrderStatus.HOLD, OrderStatus.FAILED}:
                order.cancel(by, self.checkout.open.clock.now(), "the cart was checked out again")
                uow.orders.save(order)
        self.checkout.replace(uow, open_now, by)
        return None

    def _anew(self, uow: UnitOfWork, cart: Cart, wish: Wish, by: Actor) -> Attempt:
        lines = priced_lines(cart, uow.products.lock(cart.lines))
        total = Money.sum(line.total for _, line in lines)
        ensure_expected(wish.expected_total, total)
        countries = frozenset({country_of(wish.billing_address, wish.shipping_address)})
        purchase = Purchase(total, cart.customer_id, frozenset(cart.lines), countries)
        method = usable_method(uow, wish, purchase)
        ensure_few_failures(uow, cart.customer_id, (), self.checkout.open.clock.now())
        user = customer_of(uow, cart.customer_id)
        sellers = list(dict.fromkeys(seller for seller, _ in lines))
        numbers = uow.numbers(orders=len(sellers))
        checkout_id = CheckoutId(wish.mark) if wish.mark else self.checkout.open.keys.checkout_id()
        cart.check_out(checkout_id, self.checkout.open.clock.now())
        orders = [
            self._place(id_, seller, lines, cart, wish, user, by)
            for id_, seller in zip(numbers.orders, sellers, strict=True)
        ]
        for order in orders:
            uow.orders.add(order)
        uow.carts.save(cart)
        return self.checkout.open.attempt(
            uow,
            orders,
            method,
            payment_id=numbers.payment,
            return_url=wish.return_url,
            by=by,
            user=user,
        )

    def _place(
        self,
        order_id: OrderId,
        seller: str,
        lines: Sequence[tuple[str, OrderLine]],
        cart: Cart,
        wish: Wish,
        user: Customer | None,
        by: Actor,
    ) -> Order:
        assert cart.checkout_id is not None  # noqa: S101 -- set just before
        placed_with = PlacedWith(
            contact=Contact(user.email, user.first_name, user.last_name) if user else None,
            shipping_address=wish.shipping_address,
            billing_address=wish.billing_address,
            note=wish.note,
        )
        return Order.place(
            id=order_id,
            key=self.checkout.open.keys.order_key(),
            checkout_id=cart.checkout_id,
            cart_id=cart.id,
            customer_id=cart.customer_id,
            seller=seller,
            lines=[line for whose, line in lines if whose == seller],
            placed_with=placed_with,
            by=by,
            now=self.checkout.open.clock.now(),
        )
