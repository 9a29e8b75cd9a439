"""What customers do in the same process: accounts, carts and checkouts."""

from collections.abc import Mapping

from application.opening import CheckedOut
from application.purchasing import Wish
from application.storage import Page
from domain.ids import CustomerId, OrderKey, Sku
from tests.steps import in_process_views as views
from tests.steps.in_process_catalog import InProcessCatalog, name_of
from tests.steps.in_process_door import email_of, ensure_no_card_number, password_of
from tests.steps.in_process_gateway import OWN_PAGE
from tests.steps.in_process_views import refusing
from tests.steps.shop import STAFF, CartSeen, Checkout, Offer, OrderRef

RETURN_URLS = {"the shop's own page": OWN_PAGE, "a stranger's page": "http://stranger.test/thanks"}


class InProcessCounter(InProcessCatalog):
    """Where customers come to buy."""

    # customers and their carts

    @refusing()
    def sign_up(self, who: str, *, address_of: str | None = None) -> tuple[str, str]:
        """Opens an account; answers the name and the address it is known by."""
        return self.door.register(who, email_of(address_of or who))

    @refusing()
    def sign_in(self, who: str, *, right_password: bool = True, known: bool = True) -> str:
        """Signs in with a password; answers as whom."""
        password = password_of(who) if right_password else "not the password at all"
        principal = self.door.sign_in(who, email_of(who if known else "nobody"), password)
        return f"{principal.role}:{principal.id}"

    @refusing()
    def put_in_cart(self, who: str, goods: str, units: int) -> None:
        """Sets how many of these goods are in the cart."""
        self.app.fill_cart.put(customer_id=self.door.customer(who), sku=Sku(goods), quantity=units)

    @refusing()
    def take_out_of_cart(self, who: str, goods: str) -> None:
        """Removes a line, or nothing."""
        self.app.fill_cart.remove(customer_id=self.door.customer(who), sku=Sku(goods))

    @refusing()
    def empty_cart(self, who: str) -> None:
        """Removes the cart."""
        self.app.fill_cart.empty(customer_id=self.door.customer(who))

    @refusing()
    def cart_seen(self, who: str) -> CartSeen:
        """The cart as its owner sees it."""
        cart = self.app.queries.cart(self.door.customer(who))
        return CartSeen(
            lines={line.product.name: line.quantity for line in cart.lines},
            total=cart.total and str(cart.total),
        )

    @refusing()
    def methods_for_cart(self, who: str) -> Mapping[str, Offer]:
        """Which methods suit the cart."""
        offers = self.app.offer_methods.for_cart(self.door.customer(who))
        return {name_of(offer.method.code): views.offer_seen(offer) for offer in offers}

    # wallets

    @refusing()
    def put_in_wallet(self, who: str, amount: str, *, by: str = STAFF) -> None:
        """Puts money in somebody's wallet."""
        customer_id = self.door.customer(who)
        self.app.credit_wallet(
            customer_id=customer_id, amount=self.money(amount), reason="so sorry", by=self.door.staff(by)
        )

    @refusing()
    def wallet_seen(self, who: str) -> str:
        """What the wallet of one currency holds."""
        (balance,) = self.app.queries.wallet(self.door.customer(who), Page(1)).balances
        return str(balance)

    # checkouts

    @refusing()
    def check_out(
        self,
        who: str,
        method: str,
        *,
        expecting: str | None = None,
        back_to: str | None = None,
        note: str | None = None,
        mark: str | None = None,
    ) -> Checkout:
        """Checks the cart out."""
        customer_id = self.door.customer(who)
        ensure_no_card_number(note)
        wish = Wish(
            method=self.offered_code(method),
            return_url=RETURN_URLS[back_to] if back_to else None,
            note=note,
            expected_total=self.money(expecting) if expecting else None,
        )

        def run() -> bytes:
            return views.checkout_answer(self.app.check_out_cart(customer_id=customer_id, wish=wish))

        return views.checkout_seen(self.door.once(customer_id, mark, repr(wish), run))

    @refusing()
    def methods_for_order(self, order: OrderRef) -> Mapping[str, Offer]:
        """Which methods suit the order; its key is enough to ask."""
        offers = self.app.offer_methods.for_order(OrderKey(order))
        return {name_of(offer.method.code): views.offer_seen(offer) for offer in offers}

    @refusing()
    def pay_order(self, order: OrderRef, method: str) -> Checkout:
        """Begins to pay for one order by its key, and nothing else."""
        return self._pay((order,), method, None)

    @refusing()
    def pay_orders(self, who: str, orders: tuple[OrderRef, ...], method: str) -> Checkout:
        """Begins one payment for several orders."""
        return self._pay(orders, method, self.door.customer(who))

    def _pay(self, orders: tuple[OrderRef, ...], method: str, customer_id: CustomerId | None) -> Checkout:
        done: CheckedOut = self.app.check_out_orders(
            order_keys=list(map(OrderKey, orders)),
            wish=Wish(method=self.offered_code(method)),
            customer_id=customer_id,
        )
        return views.checkout_seen(views.checkout_answer(done))
