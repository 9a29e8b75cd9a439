"""What clients are answered about accounts, goods and payment methods, made from the core's records."""

from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeVar

from pydantic import JsonValue

from adapters.web.codecs import Document, MoneyDocument
from application.backends import Backend, capabilities_of
from application.shop import Offer
from application.views import CartView
from domain.catalog import Product
from domain.methods import MethodRules, PaymentMethod
from domain.order import OrderLine
from domain.people import Customer

D = TypeVar("D")


def when_set(**fields: Any) -> dict[str, Any]:
    """The fields that say something; the others are left out of the answer."""
    return {name: value for name, value in fields.items() if value is not None}


class CustomerDocument(Document):
    """A customer."""

    id: int
    first_name: str
    last_name: str
    email: str

    @classmethod
    def of(cls, customer: Customer) -> "CustomerDocument":
        """A customer without their password's hash."""
        return cls(
            id=customer.id,
            first_name=customer.first_name,
            last_name=customer.last_name,
            email=customer.email,
        )


class TokenDocument(Document):
    """A token to sign further requests with. Units: `expires_in` in seconds."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int


class StockDocument(Document):
    """Units on hand, reserved for payments under way, and available."""

    on_hand: int
    reserved: int
    available: int


class ProductDocument(Document):
    """What is sold."""

    sku: str
    name: str
    price: MoneyDocument
    seller: str
    stock: StockDocument

    @classmethod
    def of(cls, product: Product) -> "ProductDocument":
        """A product with its stock."""
        stock = product.stock
        return cls(
            sku=product.sku,
            name=product.name,
            price=MoneyDocument.of(product.price),
            seller=product.seller,
            stock=StockDocument(on_hand=stock.on_hand, reserved=stock.reserved, available=stock.available),
        )


class LineDocument(Document):
    """A line of a cart or an order."""

    sku: str
    name: str
    quantity: int
    unit_price: MoneyDocument
    total: MoneyDocument

    @classmethod
    def of(cls, line: OrderLine) -> "LineDocument":
        """A line at its price."""
        return cls(
            sku=line.sku,
            name=line.name,
            quantity=line.quantity,
            unit_price=MoneyDocument.of(line.unit_price),
            total=MoneyDocument.of(line.total),
        )


class CartDocument(Document):
    """A customer's cart; empty, it has no total."""

    lines: tuple[LineDocument, ...]
    total: MoneyDocument | None

    @classmethod
    def of(cls, cart: CartView) -> "CartDocument":
        """A cart at today's prices."""
        lines = [
            OrderLine(line.product.sku, line.product.name, line.quantity, line.product.price)
            for line in cart.lines
        ]
        total = cart.total
        return cls(
            lines=tuple(LineDocument.of(line) for line in lines),
            total=MoneyDocument.of(total) if total else None,
        )


class RulesDocument(Document):
    """What a payment method accepts."""

    min_amount: MoneyDocument | None
    max_amount: MoneyDocument | None
    currencies: tuple[str, ...]
    customers: tuple[int, ...]
    skus_refused: tuple[str, ...]
    countries: tuple[str, ...]
    fallback: str | None

    @classmethod
    def of(cls, rules: MethodRules) -> "RulesDocument":
        """A method's rules."""
        low, high = rules.min_amount, rules.max_amount
        return cls(
            min_amount=MoneyDocument.of(low) if low else None,
            max_amount=MoneyDocument.of(high) if high else None,
            currencies=rules.currencies,
            customers=rules.customers,
            skus_refused=rules.skus_refused,
            countries=rules.countries,
            fallback=rules.fallback,
        )


class MethodName(Document):
    """A payment method as everybody may see it."""

    code: str
    name: str


class MethodDocument(Document):
    """A payment method as staff see it, secrets left out."""

    id: int
    code: str
    name: str
    backend: str
    auto_approve: bool
    enabled: bool
    settings: dict[str, JsonValue]
    rules: RulesDocument

    @classmethod
    def of(cls, method: PaymentMethod, shown: Mapping[str, Any]) -> "MethodDocument":
        """A method with the settings that may be shown."""
        return cls(
            id=method.id,
            code=method.code,
            name=method.name,
            backend=method.backend,
            auto_approve=method.auto_approve,
            enabled=method.enabled,
            settings=dict(shown),
            rules=RulesDocument.of(method.rules),
        )


class BackendDocument(Document):
    """A kind of gateway adapter: what it can do, and what its settings look like."""

    name: str
    capabilities: dict[str, bool]
    settings_schema: dict[str, JsonValue]

    @classmethod
    def of(cls, backend: Backend) -> "BackendDocument":
        """A backend; its schema is JSON already."""
        schema: Any = backend.settings_schema
        capabilities = dict(capabilities_of(backend))
        return cls(name=backend.name, capabilities=capabilities, settings_schema=schema)


class OfferDocument(Document):
    """A payment method for a cart or an order, and why it cannot be used."""

    code: str
    name: str
    usable: bool
    reasons: tuple[str, ...] = ()

    @classmethod
    def of(cls, offer: Offer) -> "OfferDocument":
        """An offer; a usable one has no reasons."""
        method, reasons = offer.method, offer.reasons or None
        return cls(code=method.code, name=method.name, usable=offer.is_usable, **when_set(reasons=reasons))


class Listing(Document, Generic[D]):
    """A page of a list, newest first; `next` goes into `after` for the page behind it."""

    items: tuple[D, ...]
    next: str | None


class Products(Listing[ProductDocument]):
    """A page of products."""


class Offers(Listing[OfferDocument]):
    """Payment methods, and whether each can be used."""


class Backends(Listing[BackendDocument]):
    """The backends that methods can be set up with."""


class Methods(Listing[MethodDocument]):
    """Payment methods as staff see them."""


class MethodNames(Listing[MethodName]):
    """Payment methods that may be used, as everybody may see them."""
