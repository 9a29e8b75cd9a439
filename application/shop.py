"""Running the shop: products, carts, and the payment methods on offer."""

from collections.abc import Sequence

import attrs

from application.backends import ChecksSettings, Settings
from application.connecting import Gateways
from application.phases import in_one_transaction
from application.ports import Clock, Keys
from application.purchasing import purchase_of
from application.storage import Begin, UnitOfWork
from application.views import CartView, Queries
from domain.cart import Cart
from domain.catalog import DEFAULT_SELLER, Product, Stock
from domain.errors import Conflict, CurrencyMismatch, Invalid, NotFound
from domain.ids import CustomerId, MethodCode, OrderKey, Sku
from domain.methods import MethodRules, PaymentMethod, Purchase
from domain.money import Money
from domain.wallet import reasons_against


@attrs.frozen(kw_only=True)
class PutProduct:
    """Staff offer a product, or change what it is, costs and counts."""

    begin: Begin

    def __call__(
        self, *, sku: Sku, name: str, price: Money, on_hand: int, seller: str | None = None
    ) -> tuple[Product, bool]:
        """The product, and whether it is new. Raises: Invalid, Conflict below what is reserved."""
        if price.minor < 0:
            raise Invalid("a price is not negative", "#/price/amount")
        if on_hand < 0:
            raise Invalid("a count is not negative", "#/stock")

        def phase(uow: UnitOfWork) -> tuple[Product, bool]:
            product = uow.products.lock([sku]).get(sku)
            if product is None:
                product = Product(sku, name, price, seller or DEFAULT_SELLER, Stock(sku, on_hand))
                uow.products.add(product)
                return product, True
            if product.price.currency != price.currency:
                # It may lie in carts, which hold one currency.
                raise Conflict("a product keeps its currency")
            product.name, product.price, product.seller = name, price, seller or product.seller
            product.stock.count(on_hand)
            uow.products.save(product)
            return product, False

        return in_one_transaction(self.begin, phase)


@attrs.frozen(kw_only=True)
class FillCart:
    """A customer fills their cart; what is in it is reserved only at checkout."""

    begin: Begin
    clock: Clock
    keys: Keys

    def put(self, *, customer_id: CustomerId, sku: Sku, quantity: int) -> CartView:
        """Set a line's quantity. Raises: NotFound, ShortStock, CurrencyMismatch, Invalid."""

        def phase(uow: UnitOfWork) -> CartView:
            now = self.clock.now()
            found, goods = uow.carts.around(customer_id, sku)
            if sku not in goods:
                raise NotFound("there is no such product")
            cart = found or Cart(self.keys.cart_id(), customer_id, changed_on=now.date())
            cart.put(sku, quantity, now)
            goods[sku].stock.ensure_available(quantity)
            if len({goods[each].price.currency for each in cart.lines if each in goods}) > 1:
                raise CurrencyMismatch("a cart holds one currency", "#/sku")
            view = CartView.of(cart, goods)
            # A total too large to count is refused now, not whenever the cart is looked at.
            _ = view.total
            uow.carts.save(cart)
            return view

        return in_one_transaction(self.begin, phase)

    def remove(self, *, customer_id: CustomerId, sku: Sku) -> CartView:
        """Drop a line; nothing happens when it is not there."""

        def phase(uow: UnitOfWork) -> CartView:
            cart = uow.carts.of(customer_id)
            if cart is None:
                return CartView(())
            if sku in cart.lines:
                cart.remove(sku, self.clock.now())
                uow.carts.save(cart)
            return CartView.of(cart, uow.products.find(cart.lines))

        return in_one_transaction(self.begin, phase)

    def empty(self, *, customer_id: CustomerId) -> None:
        """Delete the cart; a payment under way keeps its lines."""

        def phase(uow: UnitOfWork) -> None:
            cart = uow.carts.of(customer_id)
            if cart is not None:
                uow.carts.delete(cart)

        in_one_transaction(self.begin, phase)


@attrs.frozen
class Offer:
    """A payment method, and why it cannot be used; usable when there is no reason against it."""

    method: PaymentMethod
    reasons: tuple[str, ...]

    @property
    def is_usable(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.reasons


@attrs.frozen(kw_only=True)
class OfferMethods:
    """Tells which enabled methods accept a cart or an order, and why the others do not."""

    queries: Queries

    def for_cart(self, customer_id: CustomerId) -> Sequence[Offer]:
        """The offers for a customer's cart; an empty cart is refused by none but the empty total."""
        cart = self.queries.cart(customer_id)
        if cart.total is None:
            return [Offer(method, ("the cart is empty",)) for method in self._enabled()]
        skus = frozenset(line.product.sku for line in cart.lines)
        return self._offers(Purchase(cart.total, customer_id, skus), customer_id)

    def for_order(self, key: OrderKey) -> Sequence[Offer]:
        """The offers for an order. Raises: NotFound."""
        order = self.queries.order(key)
        if order is None:
            raise NotFound("there is no such order")
        return self._offers(purchase_of([order]), None)

    def _offers(self, purchase: Purchase, payer: CustomerId | None) -> Sequence[Offer]:
        """`payer`: the customer who has signed in to pay."""
        return [
            Offer(method, method.reasons_against(purchase) + self._short_of_money(method, purchase, payer))
            for method in self._enabled()
        ]

    def _short_of_money(
        self, method: PaymentMethod, purchase: Purchase, payer: CustomerId | None
    ) -> tuple[str, ...]:
        if not method.draws_on_wallet:
            return ()
        currency = purchase.total.currency
        balance = self.queries.balance(payer, currency) if payer is not None else None
        return reasons_against(balance, purchase.total)

    def _enabled(self) -> Sequence[PaymentMethod]:
        return [method for method in self.queries.methods() if method.enabled]


@attrs.frozen(kw_only=True)
class ManageMethods:
    """Staff set up the ways to pay; secrets are taken and never given back."""

    begin: Begin
    gateways: Gateways
    settings: ChecksSettings

    def put(
        self,
        *,
        code: MethodCode,
        name: str,
        backend: str,
        auto_approve: bool | None = None,
        enabled: bool | None = None,
        settings: Settings | None = None,
        rules: MethodRules | None = None,
    ) -> tuple[PaymentMethod, bool]:
        """The method, and whether it is new; what is left out becomes the default, secrets stay.

        Raises: Invalid for an unknown backend or settings, Conflict for another backend, or another
        way to capture, while payments by the method are open.
        """
        if backend not in self.gateways.backends:
            raise Invalid("there is no such backend", "#/backend")

        def phase(uow: UnitOfWork) -> tuple[PaymentMethod, bool]:
            known, once = uow.methods.by_code(code), uow.methods.by_code_ever(code)
            kept = known.settings if known and known.backend == backend else {}
            method = PaymentMethod(
                id=once.id if once else uow.methods.next_id(),
                code=code,
                name=name,
                backend=backend,
                auto_approve=auto_approve is not False,
                enabled=enabled is not False,
                settings=self.settings.checked(self.gateways.backends[backend], kept, settings),
                rules=rules or MethodRules(),
            )
            if once and _reads_otherwise(once, method) and uow.methods.has_open_payments(once.id):
                raise Conflict("payments by this method are under way")
            fallback = method.rules.fallback
            if fallback is not None and (fallback == code or uow.methods.by_code(fallback) is None):
                raise Invalid("there is no other payment method of this code", "#/rules/fallback")
            uow.methods.put(method)
            return method, known is None

        return in_one_transaction(self.begin, phase)

    def delete(self, *, code: MethodCode) -> None:
        """Offer it no more; payments under way go on. Raises: NotFound."""

        def phase(uow: UnitOfWork) -> None:
            method = uow.methods.by_code(code)
            if method is None:
                raise NotFound("there is no such payment method")
            uow.methods.delete(method)

        in_one_transaction(self.begin, phase)

    def shown(self, method: PaymentMethod) -> Settings:
        """The method's settings without their secrets."""
        return self.settings.shown(self.gateways.backends[method.backend], method.settings)


def _reads_otherwise(once: PaymentMethod, now: PaymentMethod) -> bool:
    """Whether what a gateway says of a payment opened before would be read by other rules afterwards."""
    # Some gateways have one word for money held and money taken: how it was opened tells which.
    return (once.backend, once.holds_first) != (now.backend, now.holds_first)
