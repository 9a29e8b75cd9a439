"""The shop's calls: products, carts, and the payment methods on offer."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import attrs

from adapters.web.auth import Who
from adapters.web.bodies import NewLine, NewMethod, NewProduct, Nothing
from adapters.web.codecs import cursor_for
from adapters.web.documents import (
    BackendDocument,
    Backends,
    CartDocument,
    MethodDocument,
    MethodName,
    MethodNames,
    Methods,
    OfferDocument,
    Offers,
    ProductDocument,
    Products,
)
from adapters.web.operations import Answer, Call, api
from application.service import Application
from application.shop import Offer
from application.storage import Page
from application.views import Listed
from domain.errors import NotFound
from domain.ids import MethodCode, OrderKey, Sku
from domain.methods import PaymentMethod

T = TypeVar("T")


@attrs.frozen
class Catalog:
    """Products."""

    application: Application

    @api("GET", "/v1/products", who=Who.ANYBODY, lists="products", answers={200: (Products,)})
    def list_products(self, call: Call[Nothing]) -> Answer:
        """List the products."""
        listed = self.application.queries.products(call.page)
        items = tuple(ProductDocument.of(product) for product in listed.items)
        return Answer(Products(items=items, next=cursor_for("products", listed.next)))

    @api("GET", "/v1/products/{sku}", who=Who.ANYBODY, answers={200: (ProductDocument,)})
    def get_product(self, call: Call[Nothing]) -> Answer:
        """Look at a product and its stock."""
        product = self.application.queries.product(Sku(call.path["sku"]))
        if product is None:
            raise NotFound("there is no such product")
        return Answer(ProductDocument.of(product))

    @api(
        "PUT",
        "/v1/products/{sku}",
        who=Who.STAFF,
        body=NewProduct,
        answers={200: (ProductDocument,), 201: (ProductDocument,)},
        problems=(409,),
        names=True,
    )
    def put_product(self, call: Call[NewProduct]) -> Answer:
        """Offer a product, or change what it is, costs and counts."""
        body, currencies = call.body, self.application.currencies
        product, is_new = self.application.put_product(
            sku=Sku(call.path["sku"]),
            name=body.name,
            price=body.price.money(currencies, "#/price"),
            on_hand=body.stock,
            seller=body.seller,
        )
        return Answer(ProductDocument.of(product), status=201 if is_new else 200)


@attrs.frozen
class Carts:
    """The caller's cart."""

    application: Application

    @api("GET", "/v1/cart", who=Who.CUSTOMER, answers={200: (CartDocument,)})
    def get_cart(self, call: Call[Nothing]) -> Answer:
        """Look at the cart."""
        return Answer(CartDocument.of(self.application.queries.cart(call.customer_id)))

    @api("DELETE", "/v1/cart", who=Who.CUSTOMER, answers={204: ()})
    def delete_cart(self, call: Call[Nothing]) -> Answer:
        """Empty the cart."""
        self.application.fill_cart.empty(customer_id=call.customer_id)
        return Answer(status=204)

    @api("PUT", "/v1/cart/items/{sku}", who=Who.CUSTOMER, body=NewLine, answers={200: (CartDocument,)})
    def put_cart_item(self, call: Call[NewLine]) -> Answer:
        """Set how many units of a product the cart holds."""
        cart = self.application.fill_cart.put(
            customer_id=call.customer_id, sku=Sku(call.path["sku"]), quantity=call.body.quantity
        )
        return Answer(CartDocument.of(cart))

    @api("DELETE", "/v1/cart/items/{sku}", who=Who.CUSTOMER, answers={200: (CartDocument,)})
    def delete_cart_item(self, call: Call[Nothing]) -> Answer:
        """Take a product out of the cart."""
        sku = Sku(call.path["sku"])
        return Answer(
            CartDocument.of(self.application.fill_cart.remove(customer_id=call.customer_id, sku=sku))
        )

    @api("GET", "/v1/cart/payment-methods", who=Who.CUSTOMER, lists="offers", answers={200: (Offers,)})
    def list_cart_payment_methods(self, call: Call[Nothing]) -> Answer:
        """List how the cart can be paid, and why not."""
        return Answer(offers_page(self.application.offer_methods.for_cart(call.customer_id), call.page))


@attrs.frozen
class PaymentMethods:
    """The ways to pay."""

    application: Application

    @api(
        "GET",
        "/v1/payment-methods",
        who=Who.ANYBODY_STAFF_MORE,
        lists="methods",
        answers={200: (Methods, MethodNames)},
    )
    def list_payment_methods(self, call: Call[Nothing]) -> Answer:
        """List the ways to pay: whole ones for staff, names of the enabled for others."""
        methods = self.application.queries.methods()
        if not call.is_staff:
            listed = page_of_all([m for m in methods if m.enabled], call.page, lambda m: m.id)
            names = tuple(MethodName(code=method.code, name=method.name) for method in listed.items)
            return Answer(MethodNames(items=names, next=cursor_for("methods", listed.next)))
        listed = page_of_all(methods, call.page, lambda method: method.id)
        items = tuple(self._shown(method) for method in listed.items)
        return Answer(Methods(items=items, next=cursor_for("methods", listed.next)))

    @api("GET", "/v1/payment-methods/{code}", who=Who.STAFF, answers={200: (MethodDocument,)})
    def get_payment_method(self, call: Call[Nothing]) -> Answer:
        """Look at a payment method; secrets are never shown."""
        method = self.application.queries.method(MethodCode(call.path["code"]))
        if method is None:
            raise NotFound("there is no such payment method")
        return Answer(self._shown(method))

    @api(
        "PUT",
        "/v1/payment-methods/{code}",
        who=Who.STAFF,
        body=NewMethod,
        answers={200: (MethodDocument,), 201: (MethodDocument,)},
        problems=(409,),
        names=True,
    )
    def put_payment_method(self, call: Call[NewMethod]) -> Answer:
        """Set up a payment method; what is left out becomes the default, secrets stay."""
        body = call.body
        method, is_new = self.application.manage_methods.put(
            code=MethodCode(call.path["code"]),
            name=body.name,
            backend=body.backend,
            auto_approve=body.auto_approve,
            enabled=body.enabled,
            settings=body.settings,
            rules=body.rules.rules(self.application.currencies) if body.rules else None,
        )
        return Answer(self._shown(method), status=201 if is_new else 200)

    @api("DELETE", "/v1/payment-methods/{code}", who=Who.STAFF, answers={204: ()})
    def delete_payment_method(self, call: Call[Nothing]) -> Answer:
        """Offer a payment method no more; payments under way go on."""
        self.application.manage_methods.delete(code=MethodCode(call.path["code"]))
        return Answer(status=204)

    @api("GET", "/v1/backends", who=Who.STAFF, lists="backends", answers={200: (Backends,)})
    def list_backends(self, call: Call[Nothing]) -> Answer:
        """List what methods can be set up with: each backend's capabilities and settings."""
        backends = self.application.manage_methods.gateways.backends
        # Read from the back, as all lists are, they come in the order of their names.
        numbered = list(enumerate(sorted(backends, reverse=True), start=1))
        listed = page_of_all(numbered, call.page, lambda entry: entry[0])
        items = tuple(BackendDocument.of(backends[name]) for _, name in listed.items)
        return Answer(Backends(items=items, next=cursor_for("backends", listed.next)))

    @api(
        "GET",
        "/v1/orders/{key}/payment-methods",
        who=Who.KEY_HOLDER,
        lists="offers",
        answers={200: (Offers,)},
    )
    def list_order_payment_methods(self, call: Call[Nothing]) -> Answer:
        """List how an order can be paid, and why not."""
        offers = self.application.offer_methods.for_order(OrderKey(call.path["key"]))
        return Answer(offers_page(offers, call.page))

    def _shown(self, method: PaymentMethod) -> MethodDocument:
        return MethodDocument.of(method, self.application.manage_methods.shown(method))


def offers_page(offers: Sequence[Offer], page: Page) -> Offers:
    """A page of offers."""
    listed = page_of_all(offers, page, lambda offer: offer.method.id)
    items = tuple(OfferDocument.of(offer) for offer in listed.items)
    return Offers(items=items, next=cursor_for("offers", listed.next))


def page_of_all(items: Sequence[T], page: Page, position: Callable[[T], int]) -> Listed[T]:
    """A page of a list that is short enough to be read whole, newest first."""
    rest = sorted(
        (item for item in items if page.after is None or position(item) < page.after),
        key=position,
        reverse=True,
    )
    shown = tuple(rest[: page.limit])
    return Listed(shown, position(shown[-1]) if len(rest) > page.limit else None)
