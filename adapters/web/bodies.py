"""What clients send: one closed document per call."""

from typing import Annotated

from pydantic import Field, JsonValue

from adapters.web.codecs import Document, money_from
from adapters.web.texts import (
    INTEGER_MAX,
    Address,
    AnyPassword,
    BackendName,
    CodeText,
    CountryCode,
    CurrencyCode,
    Email,
    KeyText,
    Name,
    Prose,
    Reason,
    ReturnUrl,
    SkuText,
)
from adapters.web.texts import Password as NewPassword
from application.policy import ORDERS_PER_PAYMENT_MAX
from application.ports import Currencies
from application.purchasing import Wish
from domain.cart import QUANTITY_MAX
from domain.errors import Invalid
from domain.ids import CustomerId, MethodCode, Sku
from domain.methods import MethodRules
from domain.money import Money
from domain.order_status import OrderStatus

STOCK_MAX = 10**9
NAMED_MAX = 1000


class Nothing(Document):
    """No body, or an empty object."""


class Sum(Document):
    """Money: an integer in the currency's smallest unit."""

    amount: Annotated[int, Field(ge=0, le=INTEGER_MAX)]
    currency: CurrencyCode

    def money(self, currencies: Currencies, pointer: str) -> Money:
        """The money it says. Raises: Invalid for a currency that there is not."""
        return money_from(self.amount, self.currency, currencies, pointer)


class NewCustomer(Document):
    """A customer's account to be."""

    first_name: Name
    last_name: Name
    email: Email
    password: NewPassword


class Credentials(Document):
    """How somebody signs in."""

    email: Name
    password: AnyPassword


class NewProduct(Document):
    """A product as staff put it; `stock` counts the units on hand."""

    name: Name
    price: Sum
    stock: Annotated[int, Field(ge=0, le=STOCK_MAX)]
    seller: Name | None = None


class NewLine(Document):
    """How many units of a product the cart shall hold."""

    quantity: Annotated[int, Field(ge=1, le=QUANTITY_MAX)]


class CartCheckout(Document):
    """What a customer says when they check out their cart."""

    payment_method: CodeText
    return_url: ReturnUrl | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    note: Prose | None = None
    expected_total: Sum | None = None

    def wish(self, currencies: Currencies) -> Wish:
        """The same in the core's words. Raises: Invalid."""
        expected = self.expected_total
        return Wish(
            method=MethodCode(self.payment_method),
            return_url=self.return_url,
            shipping_address=self.shipping_address,
            billing_address=self.billing_address,
            note=self.note,
            expected_total=expected.money(currencies, "#/expected_total") if expected else None,
        )


class OrderCheckout(Document):
    """How an existing order is paid."""

    payment_method: CodeText
    return_url: ReturnUrl | None = None


class OrdersCheckout(Document):
    """How several orders are paid with one payment."""

    order_keys: Annotated[
        list[KeyText],
        Field(min_length=1, max_length=ORDERS_PER_PAYMENT_MAX, json_schema_extra={"uniqueItems": True}),
    ]
    payment_method: CodeText
    return_url: ReturnUrl | None = None


class NewCredit(Document):
    """Money that staff put in a customer's wallet, and why."""

    amount: Sum
    reason: Reason


class NewStatus(Document):
    """Where staff move an order."""

    status: Annotated[OrderStatus, Field(strict=False)]
    reason: Reason | None = None


class NewRules(Document):
    """What a payment method accepts; a rule left out forbids nothing."""

    min_amount: Sum | None = None
    max_amount: Sum | None = None
    currencies: Annotated[list[CurrencyCode], Field(max_length=NAMED_MAX)] = []
    customers: Annotated[list[Annotated[int, Field(ge=1, le=INTEGER_MAX)]], Field(max_length=NAMED_MAX)] = []
    skus_refused: Annotated[list[SkuText], Field(max_length=NAMED_MAX)] = []
    countries: Annotated[list[CountryCode], Field(max_length=NAMED_MAX)] = []
    fallback: CodeText | None = None

    def rules(self, known: Currencies) -> MethodRules:
        """The same in the core's words. Raises: Invalid for a currency that there is not."""
        for index, code in enumerate(self.currencies):
            if known.get(code) is None:
                raise Invalid("there is no such currency", f"#/rules/currencies/{index}")
        low, high = self.min_amount, self.max_amount
        return MethodRules(
            min_amount=low.money(known, "#/rules/min_amount") if low else None,
            max_amount=high.money(known, "#/rules/max_amount") if high else None,
            currencies=tuple(self.currencies),
            customers=tuple(CustomerId(each) for each in self.customers),
            skus_refused=tuple(Sku(each) for each in self.skus_refused),
            countries=tuple(self.countries),
            fallback=MethodCode(self.fallback) if self.fallback else None,
        )


class NewMethod(Document):
    """A payment method as staff put it; `settings` are what the backend's own schema describes."""

    name: Name
    backend: BackendName
    auto_approve: bool | None = None
    enabled: bool | None = None
    settings: dict[str, JsonValue] | None = None
    rules: NewRules | None = None
