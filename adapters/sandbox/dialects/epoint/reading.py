"""What merchants send to epoint, read field by field."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from adapters.sandbox.dialects.epoint.dialect import NAME, Account, major
from adapters.sandbox.documents import is_web_address, text_from
from adapters.sandbox.payments import Terms
from adapters.sandbox.refusals import Invalid

_AMOUNT_MAX = Decimal(10**10)
_PLAIN = re.compile(r"[0-9]+(\.[0-9]+)?")
_LANGUAGES = frozenset({"az", "en", "ru"})
_CHECKOUT_CURRENCIES = frozenset({"AZN", "USD", "EUR", "RUB"})
_AZN_ONLY = frozenset({"AZN"})
_ORDER_ID_LENGTH_MAX = 255
_DESCRIPTION_LENGTH_MAX = 1000


def terms_from(
    document: Mapping[str, object],
    account: Account,
    origin: str,
    *,
    needs_azn: bool = False,
    is_manual: bool = False,
    memory: Mapping[str, object] | None = None,
) -> Terms:
    """Reads what a merchant wants to be paid. Raises: Invalid."""
    _language(document)
    text_from(document, "description", _DESCRIPTION_LENGTH_MAX)
    success = _url(document, "success_redirect_url") or f"{origin}/paid"
    return Terms(
        merchant_ref=required_text(document, "order_id", _ORDER_ID_LENGTH_MAX),
        amount=amount_from(document, "amount"),
        currency=currency_from(document, needs_azn=needs_azn),
        is_manual=is_manual,
        return_url=success,
        cancel_url=_url(document, "error_redirect_url") or f"{origin}/not-paid",
        notify_url=account.result_url,
        metadata={**_other_attr(document), **_split(document), **(memory or {})},
        dialect=NAME,
        origin=origin,
    )


def amount_from(document: Mapping[str, object], name: str) -> int:
    """Reads an amount in major units, number or text, exactly. Raises: Invalid."""
    value = document.get(name)
    if value is None or isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Invalid("invalid_amount", f"{name} is required.", name)
    try:
        amount = Decimal(str(value))
    except InvalidOperation as problem:
        raise Invalid("invalid_amount", f"{name} must be a number.", name) from problem
    if isinstance(value, str) and not _PLAIN.fullmatch(value):
        raise Invalid("invalid_amount", f"{name} must be a number.", name)
    if not amount.is_finite() or not 0 < amount <= _AMOUNT_MAX or amount * 100 % 1:
        raise Invalid("invalid_amount", f"{name} must be above zero, with two decimals at most.", name)
    return int(amount * 100)


def currency_from(document: Mapping[str, object], *, needs_azn: bool = False) -> str:
    """Reads the currency; some calls know the manat alone. Raises: Invalid."""
    currency = required_text(document, "currency", 3)
    if currency not in (_AZN_ONLY if needs_azn else _CHECKOUT_CURRENCIES):
        raise Invalid("invalid_currency", "This currency is not supported.", "currency")
    return currency


def required_text(document: Mapping[str, object], name: str, length_max: int = 255) -> str:
    """Reads a line of text that must be there. Raises: Invalid."""
    value = text_from(document, name, length_max)
    if value is None:
        raise Invalid("missing_field", f"{name} is required.", name)
    return value


def _language(document: Mapping[str, object]) -> None:
    language = document.get("language", "az")
    if not isinstance(language, str) or language not in _LANGUAGES:
        raise Invalid("invalid_language", "language must be az, en or ru.", "language")


def _url(document: Mapping[str, object], name: str) -> str | None:
    value = document.get(name)
    if value is not None and (not isinstance(value, str) or not is_web_address(value)):
        raise Invalid("invalid_url", f"{name} must be a URL.", name)
    return value


def _other_attr(document: Mapping[str, object]) -> dict[str, object]:
    """Keeps the merchant's own words as text, because that is how they come back."""
    value = document.get("other_attr")
    if value is None:
        return {}
    return {"other_attr": value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}


def _split(document: Mapping[str, object]) -> dict[str, object]:
    if "split_amount" not in document:
        return {}
    return {"split_amount": str(major(amount_from(document, "split_amount")))}
