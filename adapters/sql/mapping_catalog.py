"""Rows of products, carts, payment methods and people, turned into objects by constructors."""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import attrs

from adapters.sql.mapping import Record, to_json
from adapters.sql.statements import AnyRow
from application.ports import Vault
from domain.cart import Cart
from domain.catalog import Product, Stock
from domain.methods import MethodRules, PaymentMethod
from domain.money import Currency, Money
from domain.people import Customer, Staff

METHODS_REMEMBERED_MAX = 128


def product_from_row(row: AnyRow) -> Product:
    """A product with its stock."""
    price = Money(row.price, Currency(row.currency, row.exponent))
    return Product(row.sku, row.name, price, row.seller, Stock(row.sku, row.on_hand, row.reserved))


def product_to_row(product: Product) -> Record:
    """The row of a product, all but its id."""
    return {
        "sku": product.sku,
        "name": product.name,
        "price": product.price.minor,
        "currency": product.price.currency.code,
        "exponent": product.price.currency.exponent,
        "seller": product.seller,
        "on_hand": product.stock.on_hand,
        "reserved": product.stock.reserved,
    }


def cart_from_row(row: AnyRow) -> Cart:
    """A customer's cart."""
    return Cart(
        id=row.id,
        customer_id=row.customer_id,
        lines=json.loads(row.lines),
        checkout_id=row.checkout_id,
        changed_on=row.changed_on,
        version=row.version,
    )


def cart_to_row(cart: Cart) -> Record:
    """The row of a cart, all but its version."""
    return {
        "id": cart.id,
        "customer_id": cart.customer_id,
        "lines": to_json(cart.lines),
        "checkout_id": cart.checkout_id,
        "changed_on": cart.changed_on,
    }


def customer_from_row(row: AnyRow) -> Customer:
    """A customer."""
    return Customer(row.id, row.first_name, row.last_name, row.email, row.password_hash)


def staff_from_row(row: AnyRow) -> Staff:
    """A member of staff."""
    return Staff(row.id, row.email, row.password_hash)


def method_from_row(row: AnyRow, vault: Vault) -> PaymentMethod:
    """A payment method with its settings opened."""
    return PaymentMethod(
        id=row.id,
        code=row.code,
        name=row.name,
        backend=row.backend,
        auto_approve=row.auto_approve,
        enabled=row.enabled,
        settings=_settings_from(row.settings_sealed, vault.open),
        rules=_rules_from(row.rules),
    )


# There are few methods, they seldom change, and one is read several times for each checkout.
@lru_cache(METHODS_REMEMBERED_MAX)
def _settings_from(sealed: str, opened: Callable[[str], str]) -> Mapping[str, Any]:
    return MappingProxyType(json.loads(opened(sealed)))


@lru_cache(METHODS_REMEMBERED_MAX)
def _rules_from(text: str) -> MethodRules:
    stored = json.loads(text)
    return MethodRules(
        min_amount=_money_from_json(stored["min_amount"]),
        max_amount=_money_from_json(stored["max_amount"]),
        currencies=tuple(stored["currencies"]),
        customers=tuple(stored["customers"]),
        skus_refused=tuple(stored["skus_refused"]),
        # Rules that were written down before there were these have none of them.
        countries=tuple(stored.get("countries", ())),
        fallback=stored.get("fallback"),
    )


def _money_from_json(stored: dict[str, Any] | None) -> Money | None:
    return Money(stored["minor"], Currency(**stored["currency"])) if stored else None


def method_to_row(method: PaymentMethod, vault: Vault) -> Record:
    """The row of a payment method that is offered, its settings sealed as a whole."""
    return {
        "id": method.id,
        "code": method.code,
        "name": method.name,
        "backend": method.backend,
        "auto_approve": method.auto_approve,
        "enabled": method.enabled,
        "settings_sealed": vault.seal(to_json(dict(method.settings))),
        "rules": to_json(attrs.asdict(method.rules)),
        "is_deleted": False,
    }
