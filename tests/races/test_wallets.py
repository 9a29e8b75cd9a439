"""Many who spend one wallet at once, and many who fill it."""

from collections import Counter

from application.purchasing import Wish
from application.service import Application
from application.storage import Page
from domain.errors import MethodRefused
from domain.ids import Actor, MethodCode, Sku
from domain.money import Money
from domain.order import Order
from tests.races.in_one_process import AZN, GOODS, app, buyer, offer
from tests.races.shop import at_once

__all__ = ["app"]

STAFF = Actor("staff:1")
SPENDERS = len(GOODS)


class TestWallets:
    def test_are_never_spent_twice(self, app: Application) -> None:
        """Eight orders want 40.00 AZN each from a wallet that pays for three."""
        transfer, wallet = offer(app, "manual", auto_approve=False), offer(app, "wallet")
        customer_id = buyer(app)
        orders = list[Order]()
        for sku in GOODS:
            # Goods of their own, or they would wait for each other there and not at the wallet.
            app.fill_cart.empty(customer_id=customer_id)
            app.fill_cart.put(customer_id=customer_id, sku=sku, quantity=1)
            orders += app.check_out_cart(customer_id=customer_id, wish=Wish(method=transfer)).orders
        money = Money(3 * 4000 + 3999, AZN)
        app.credit_wallet(customer_id=customer_id, amount=money, reason="sorry", by=STAFF)

        def pay(order: Order, method: MethodCode) -> str:
            try:
                app.check_out_orders(
                    order_keys=[order.key], wish=Wish(method=method), customer_id=customer_id
                )
            except MethodRefused:
                return "refused"
            return "paid"

        told = at_once([lambda order=order: pay(order, wallet) for order in orders])

        assert Counter(told) == {"paid": 3, "refused": SPENDERS - 3}
        assert app.queries.balance(customer_id, AZN) == Money(3999, AZN)
        statuses = Counter(found.status for order in orders if (found := app.queries.order(order.key)))
        assert statuses == {"PROCESSING": 3, "HOLD": SPENDERS - 3}

    def test_are_spent_once_by_a_cart_and_an_order(self, app: Application) -> None:
        """Two ways to check out, one balance."""
        transfer, wallet = offer(app, "manual", auto_approve=False), offer(app, "wallet")
        customer_id = buyer(app)
        (order,) = app.check_out_cart(customer_id=customer_id, wish=Wish(method=transfer)).orders
        app.fill_cart.put(customer_id=customer_id, sku=Sku("lamp"), quantity=1)
        app.credit_wallet(customer_id=customer_id, amount=Money(4000, AZN), reason="sorry", by=STAFF)

        def order_paid() -> str:
            try:
                app.check_out_orders(
                    order_keys=[order.key], wish=Wish(method=wallet), customer_id=customer_id
                )
            except MethodRefused:
                return "refused"
            return "paid"

        def cart_paid() -> str:
            try:
                app.check_out_cart(customer_id=customer_id, wish=Wish(method=wallet))
            except MethodRefused:
                return "refused"
            return "paid"

        assert sorted(at_once([order_paid, cart_paid])) == ["paid", "refused"]
        assert app.queries.balance(customer_id, AZN) == Money(0, AZN)

    def test_lose_no_credit(self, app: Application) -> None:
        """All of the first ones at once, each with a mark of its own and each sent twice."""
        offer(app, "wallet")
        customer_id = buyer(app)

        def credit(number: int) -> None:
            app.credit_wallet(
                customer_id=customer_id,
                amount=Money(100, AZN),
                reason="sorry",
                by=STAFF,
                mark=f"mark {number // 2}",
            )

        at_once([lambda number=number: credit(number) for number in range(SPENDERS)])

        assert app.queries.balance(customer_id, AZN) == Money(SPENDERS // 2 * 100, AZN)
        assert len(app.queries.wallet(customer_id, Page(100)).postings.items) == SPENDERS // 2
