"""Stripe's form encoding: brackets in names, every name known, every value well-formed."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

import falcon

from adapters.sandbox.documents import is_web_address
from adapters.sandbox.intake import body_of
from adapters.sandbox.payments import Terms
from adapters.sandbox.refusals import Invalid

Form = Mapping[str, str]

_METADATA = r"metadata\[[^\[\]]{1,40}\]"
_ITEM = r"line_items\[0\]"
ANYWHERE = r"expand\[\d*\]"
SESSION = "|".join(
    (
        "mode|success_url|cancel_url|client_reference_id|expires_at|customer_email|locale|submit_type",
        rf"payment_method_types\[\d*\]|{_METADATA}|payment_intent_data\[(capture_method|description)\]",
        rf"payment_intent_data\[metadata\]\[[^\[\]]{{1,40}}\]|{_ITEM}\[quantity\]",
        rf"{_ITEM}\[price_data\]\[(currency|unit_amount|product_data\]\[(name|description))\]",
    )
)
REFUND = f"payment_intent|charge|amount|reason|{_METADATA}"
CAPTURE = f"amount_to_capture|{_METADATA}"
CANCEL = "cancellation_reason"
LISTING = "payment_intent|charge|limit|starting_after|ending_before"
NOTHING = "(?!)"

_AMOUNT_MAX = 99_999_999
_PRICE = "line_items[0][price_data]"
_LIFE_SECONDS_MIN, _LIFE_SECONDS_MAX = 30 * 60, 24 * 3600
_REASONS = frozenset({"duplicate", "fraudulent", "requested_by_customer"})


def read_form(req: falcon.Request, known: str) -> Form:
    """Reads a request's parameters, refusing any that Stripe does not know. Raises: Invalid."""
    if req.method == "GET":
        return _checked(req.query_string, known)
    body = body_of(req)
    kind = (req.content_type or "").partition(";")[0].strip().lower()
    if body and kind != "application/x-www-form-urlencoded":
        raise Invalid("invalid_content_type", "Send application/x-www-form-urlencoded.")
    try:
        return _checked(body.decode("utf-8"), known)
    except UnicodeDecodeError as problem:
        raise Invalid("invalid_encoding", "The body is not UTF-8.") from problem


def _checked(text: str, known: str) -> Form:
    form: dict[str, str] = {}
    pattern = re.compile(f"(?:{known}|{ANYWHERE})")
    for name, value in parse_qsl(text, keep_blank_values=True):
        if not pattern.fullmatch(name) or name in form:
            raise Invalid("parameter_unknown", f"Received unknown parameter: {name}", name)
        form[name] = value
    return form


def terms_from(form: Form, now: float, notify_url: str, origin: str) -> Terms:
    """Reads what a merchant wants to be paid. Raises: Invalid, naming the parameter."""
    if form.get("mode") != "payment":
        raise Invalid("parameter_invalid", "mode must be payment.", "mode")
    success = _url(form, "success_url")
    quantity = whole(form, "line_items[0][quantity]")
    required(form, f"{_PRICE}[product_data][name]")
    capture = form.get("payment_intent_data[capture_method]", "automatic")
    if capture not in {"automatic", "automatic_async", "manual"}:
        name = "payment_intent_data[capture_method]"
        raise Invalid("parameter_invalid", f"{name} is unknown.", name)
    return Terms(
        merchant_ref=form.get("client_reference_id") or "",
        amount=whole(form, f"{_PRICE}[unit_amount]") * quantity,
        currency=_currency(form),
        is_manual=capture == "manual",
        return_url=success,
        cancel_url=_url(form, "cancel_url") if "cancel_url" in form else success,
        notify_url=notify_url,
        metadata=metadata_from(form, "metadata")
        | {"intent": metadata_from(form, "payment_intent_data[metadata]")},
        dialect="stripe",
        origin=origin,
        is_ref_unique=False,
        stays_open=True,
        life_seconds=_life_seconds(form, now),
    )


def required(form: Form, name: str) -> str:
    """Reads a parameter that must be there. Raises: Invalid."""
    if not form.get(name):
        raise Invalid("parameter_missing", f"Missing required param: {name}.", name)
    return form[name]


def whole(form: Form, name: str) -> int:
    """Reads a positive whole number. Raises: Invalid."""
    text = required(form, name)
    if not re.fullmatch(r"[0-9]{1,8}", text) or not 0 < int(text) <= _AMOUNT_MAX:
        raise Invalid("parameter_invalid_integer", f"Invalid integer: {text}", name)
    return int(text)


def reason_from(form: Form) -> str | None:
    """Reads why money is given back. Raises: Invalid."""
    reason = form.get("reason")
    if reason is not None and reason not in _REASONS:
        raise Invalid("parameter_invalid", f"reason must be one of {', '.join(sorted(_REASONS))}.", "reason")
    return reason


def metadata_from(form: Form, name: str) -> dict[str, object]:
    """Reads the merchant's own words."""
    start = f"{name}["
    return {key[len(start) : -1]: value for key, value in form.items() if key.startswith(start)}


def _url(form: Form, name: str) -> str:
    url = required(form, name)
    if not is_web_address(url.replace("{CHECKOUT_SESSION_ID}", "id")):
        raise Invalid("url_invalid", "Not a valid URL", name)
    return url


def _currency(form: Form) -> str:
    name = f"{_PRICE}[currency]"
    currency = required(form, name)
    if not re.fullmatch("[A-Za-z]{3}", currency):
        raise Invalid("parameter_invalid", f"Invalid currency: {currency}", name)
    return currency.upper()


def _life_seconds(form: Form, now: float) -> float:
    if "expires_at" not in form:
        return float(_LIFE_SECONDS_MAX)
    text = form["expires_at"]
    life = int(text) - now if re.fullmatch("[0-9]{1,12}", text) else -1
    if not _LIFE_SECONDS_MIN - 60 <= life <= _LIFE_SECONDS_MAX + 60:
        raise Invalid("parameter_invalid", "expires_at must be 30 minutes to 24 hours on.", "expires_at")
    return life
