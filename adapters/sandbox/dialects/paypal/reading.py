"""What merchants send to PayPal, read field by field."""

from adapters.sandbox.dialects.reading import Document, currency, inner, url
from adapters.sandbox.documents import text_from
from adapters.sandbox.money import minor_from
from adapters.sandbox.payments import Terms
from adapters.sandbox.refusals import Invalid

_UNIT = (
    "reference_id amount custom_id invoice_id description soft_descriptor items shipping payee "
    "payment_instruction supplementary_data"
)
_CONTEXT = (
    "return_url cancel_url brand_name locale landing_page shipping_preference user_action "
    "payment_method_preference contact_preference payment_method"
)
_LIFE_SECONDS = 3 * 3600.0


def terms_from(document: Document, notify_url: str, origin: str) -> Terms:
    """Reads what a merchant wants to be paid. Raises: Invalid, naming the field."""
    intent = document.get("intent")
    if intent not in {"CAPTURE", "AUTHORIZE"}:
        raise Invalid("INVALID_PARAMETER_VALUE", "intent must be CAPTURE or AUTHORIZE.", "intent")
    unit, context = _unit(document), _context(document)
    code = currency(inner(unit, "amount", "currency_code value breakdown"), "currency_code")
    amount = amount_of(unit, code)
    if amount is None:
        raise Invalid("MISSING_REQUIRED_PARAMETER", "The amount is required.", "purchase_units/amount")
    names = {
        name: text_from(unit, name, length)
        for name, length in (("reference_id", 256), ("custom_id", 255), ("invoice_id", 127))
    }
    return Terms(
        merchant_ref=names["custom_id"] or names["invoice_id"] or names["reference_id"] or "",
        amount=amount,
        currency=code,
        is_manual=intent == "AUTHORIZE",
        return_url=url(context, "return_url"),
        cancel_url=url(context, "cancel_url"),
        notify_url=notify_url,
        metadata=names | {"reference_id": names["reference_id"] or "default"},
        dialect="paypal",
        origin=origin,
        is_ref_unique=False,
        stays_open=True,
        is_asked_late=True,
        life_seconds=_LIFE_SECONDS,
    )


def amount_of(document: Document, code: str) -> int | None:
    """Reads an amount in the currency that is expected; absent is None. Raises: Invalid."""
    if document.get("amount") is None:
        return None
    amount = inner(document, "amount", "currency_code value breakdown")
    if currency(amount, "currency_code") != code:
        raise Invalid("CURRENCY_MISMATCH", "The order is in another currency.", "amount/currency_code")
    return minor_from(amount.get("value"), code, "amount/value")


def _unit(document: Document) -> Document:
    """Reads the one purchase unit; more than one is beyond this stand-in."""
    units = document.get("purchase_units")
    if not isinstance(units, list) or len(units) != 1:
        raise Invalid("INVALID_PARAMETER_VALUE", "One purchase unit is required.", "purchase_units")
    return inner({"purchase_units": units[0]}, "purchase_units", _UNIT)


def _context(document: Document) -> Document:
    """Finds the buyer's way back, in its present place or in the older one."""
    source = inner(document, "payment_source", "paypal card")
    paypal = inner(source, "paypal", "experience_context email_address name vault_id attributes")
    context = inner(paypal, "experience_context", _CONTEXT)
    return context or inner(document, "application_context", _CONTEXT)
