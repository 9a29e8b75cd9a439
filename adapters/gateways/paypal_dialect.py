"""The dialect of PayPal's Orders v2: what an order, its authorizations and its captures say together."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from adapters.gateways.amounts import exponent_of, minor_from_major
from adapters.gateways.cleaning import Vocabulary
from adapters.gateways.reading import (
    Json,
    Unreadable,
    hint,
    inner,
    inner_or_empty,
    read_object,
    web_address,
    word,
    word_or_none,
)
from application.gateways import Claim, MoneyMove, MoveStatus, Opened, Opening
from application.trouble import BadSignature, GatewayRefused, Malformed
from domain.ids import GatewayOrderId
from domain.money import Money
from domain.verdict import Verdict, VerdictStatus

# Currencies that it takes without decimals although they have some.
WHOLE_ONLY = frozenset({"HUF", "TWD"})

# Source: gateways.md 6.3, column paypal. A word that is not here tells us nothing.
STATUS_OF_ORDER: Mapping[str, VerdictStatus] = {
    **dict.fromkeys(("CREATED", "SAVED", "APPROVED", "PAYER_ACTION_REQUIRED"), VerdictStatus.PENDING),
    "VOIDED": VerdictStatus.FAILED,
}

STATUS_OF_AUTHORIZATION: Mapping[str, VerdictStatus] = {
    "CREATED": VerdictStatus.AUTHORISED,
    "PENDING": VerdictStatus.PENDING,
    **dict.fromkeys(("VOIDED", "DENIED", "EXPIRED"), VerdictStatus.FAILED),
}

STATUS_OF_CAPTURE: Mapping[str, VerdictStatus] = {
    "COMPLETED": VerdictStatus.SUCCEEDED,
    "PENDING": VerdictStatus.PENDING,
    **dict.fromkeys(("DECLINED", "FAILED"), VerdictStatus.FAILED),
    **dict.fromkeys(("REFUNDED", "PARTIALLY_REFUNDED"), VerdictStatus.REFUNDED),
}

STATUS_OF_MOVE: Mapping[str, MoveStatus] = {
    "COMPLETED": MoveStatus.DONE,
    "PENDING": MoveStatus.PENDING,
    **dict.fromkeys(("DECLINED", "FAILED", "CANCELLED"), MoveStatus.DECLINED),
}

CLAIM_OF_EVENT: Mapping[str, VerdictStatus] = {
    "PAYMENT.AUTHORIZATION.CREATED": VerdictStatus.AUTHORISED,
    "PAYMENT.CAPTURE.COMPLETED": VerdictStatus.SUCCEEDED,
    "PAYMENT.CAPTURE.DENIED": VerdictStatus.FAILED,
    "PAYMENT.CAPTURE.DECLINED": VerdictStatus.FAILED,
    "PAYMENT.CAPTURE.REFUNDED": VerdictStatus.REFUNDED,
}

WORDS = Vocabulary(
    frozenset(
        {
            *("intent", "status", "purchase_units", "payments", "captures", "authorizations", "refunds"),
            *("amount", "currency_code", "value", "create_time", "update_time", "name", "message"),
            *("details", "issue", "field", "status_details", "reason"),
        }
    ),
    frozenset({"id", "reference_id", "custom_id", "invoice_id", "return_url", "cancel_url", "debug_id"}),
)

# What PayPal signs a notification with, in headers.
SIGNED = ("auth-algo", "cert-url", "transmission-id", "transmission-sig", "transmission-time")


def amount_of(money: Money) -> Json:
    """Money as it writes it. Raises: GatewayRefused for an amount that cannot be written there."""
    value, code = money.decimal(), money.currency.code
    if code in WHOLE_ONLY:
        value, _, decimals = value.partition(".")
        if decimals.strip("0"):
            raise GatewayRefused(f"{money} cannot be collected to the last decimal")
    return {"currency_code": code, "value": value}


def order_request(opening: Opening, *, is_manual: bool) -> Json:
    """The body that asks it to open an order; both ways back lead to one address of ours."""
    unit = {
        "reference_id": opening.order_id,
        "custom_id": opening.order_id,
        "invoice_id": opening.order_id,
        "amount": amount_of(opening.amount),
    }
    urls = {"return_url": opening.callback_url, "cancel_url": opening.callback_url}
    context = {"user_action": "PAY_NOW", "shipping_preference": "NO_SHIPPING", **urls}
    return {
        "intent": "AUTHORIZE" if is_manual else "CAPTURE",
        "purchase_units": [unit],
        "payment_source": {"paypal": {"experience_context": context}},
    }


def opened(order: Json, request: str, ours: set[str]) -> Opened:
    """What it answered an opening. Raises: Unreadable where there is no page to send the customer to."""
    links = order.get("links")
    found = [link for link in links if isinstance(link, dict)] if isinstance(links, list) else []
    # Compared and not looked up: what stands there may be anything.
    pages = [link for link in found if link.get("rel") in ("payer-action", "approve")]
    if not pages:
        raise Unreadable("links have no page for the payer")
    return Opened(
        transaction_id=word(order, "id"),
        next_step=web_address(pages[0], "href"),
        request=request,
        response=WORDS.kept(order, ours),
    )


def verdict_of(order: Json, order_id: GatewayOrderId) -> Verdict:
    """What its record of an order says. Raises: Unreadable."""
    unit, code = _unit(order), word(order, "status")
    captures, holds = payments_of(order, "captures"), payments_of(order, "authorizations")
    status = _status(code, captures, holds)
    amount, currency = _money(unit)
    taken = [_money(capture)[0] for capture in captures if capture.get("status") == "COMPLETED"]
    held = [_money(hold)[0] for hold in holds[-1:] if status is VerdictStatus.AUTHORISED]
    return Verdict(
        status=status,
        transaction_id=word(order, "id"),
        reference=word_or_none(unit, "custom_id"),
        amount_minor=held[0] if held else amount,
        captured_minor=sum(taken) if status is VerdictStatus.SUCCEEDED else None,
        currency=currency,
        word=code,
        is_approved=code == "APPROVED" and not captures and not holds,
        response=WORDS.kept(order, {order_id}),
    )


def state_mark_of(order: Json) -> str:
    """Tells the states of an order from one another: whatever happens to it changes its record."""
    return hashlib.sha256(json.dumps(order, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _status(code: str, captures: Sequence[Json], holds: Sequence[Json]) -> VerdictStatus:
    if captures:
        # Declined once, another card may have done it: what was taken counts before what was not.
        found = {STATUS_OF_CAPTURE.get(word(capture, "status")) for capture in captures}
        order = (VerdictStatus.REFUNDED, VerdictStatus.SUCCEEDED, VerdictStatus.PENDING, VerdictStatus.FAILED)
        status = None if None in found else next(each for each in order if each in found)
    elif holds:
        status = STATUS_OF_AUTHORIZATION.get(word(holds[-1], "status"))
    else:
        status = STATUS_OF_ORDER.get(code)
    if status is None:
        raise Unreadable("the status is a word that is not known")
    return status


def _unit(order: Json) -> Json:
    units = order.get("purchase_units")
    only = units[0] if isinstance(units, list) and len(units) == 1 else None
    return inner({"purchase_units": only}, "purchase_units")


def payments_of(order: Json, kind: str) -> Sequence[Json]:
    """The captures or authorizations of an order, oldest first. Raises: Unreadable."""
    found = inner_or_empty(_unit(order), "payments").get(kind)
    if found is None:
        return ()
    if not isinstance(found, list):
        raise Unreadable(f"{kind} is no list")
    return [inner({kind: each}, kind) for each in found]


def id_of_last(order: Json, kind: str) -> str:
    """The name of the latest capture or authorization. Raises: Unreadable where there is none."""
    found = payments_of(order, kind)
    if not found:
        raise Unreadable(f"it has no {kind}")
    return word(found[-1], "id")


def _money(fields: Json) -> tuple[int, str]:
    amount = inner(fields, "amount")
    currency = word(amount, "currency_code")
    return minor_from_major(amount, "value", exponent_of(currency)), currency


def move_of(reply: Json) -> MoneyMove:
    """How a capture or a refund stands. Raises: Unreadable."""
    status = STATUS_OF_MOVE.get(word(reply, "status"))
    if status is None:
        raise Unreadable("the status is a word that is not known")
    return MoneyMove(status=status, move_id=word(reply, "id"), response=WORDS.kept(reply))


def issue_of(reply: Json) -> str | None:
    """Its word for why it refused, if it tells one."""
    details = reply.get("details")
    first = details[0] if isinstance(details, list) and details else None
    return hint(first if isinstance(first, dict) else reply, "issue") or hint(reply, "name")


def signature_of(headers: Mapping[str, str], own_host: str | None) -> Mapping[str, str]:
    """What a notification is signed with, by name. Raises: BadSignature where that cannot be PayPal's."""
    found = {name.replace("-", "_"): headers.get(f"paypal-{name}", "") for name in SIGNED}
    try:
        host = urlsplit(found["cert_url"]).hostname or ""
    except ValueError:
        host = ""
    is_theirs = host == "paypal.com" or host.endswith(".paypal.com") or (host and host == own_host)
    if not all(found.values()) or not is_theirs or found["auth_algo"] != "SHA256withRSA":
        raise BadSignature("the signature is not one of PayPal's")
    return found


def confirmation_request(told: Json, event: bytes) -> bytes:
    """The body that asks whether an event is its own, which stands in it byte for byte.

    The signature is over those bytes; read and written again, a number or a name may be other ones.
    """
    return json.dumps(told).encode().removesuffix(b"}") + b', "webhook_event": ' + event + b"}"


def claim_of(body: bytes) -> Claim:
    """What a notification says. Raises: Malformed when it is no JSON object."""
    try:
        event = read_object(body)
    except Unreadable as error:
        raise Malformed(str(error)) from None
    about = inner_or_empty(event, "resource")
    units = about.get("purchase_units")
    unit = units[0] if isinstance(units, list) and units and isinstance(units[0], dict) else about
    related = inner_or_empty(inner_or_empty(about, "supplementary_data"), "related_ids")
    reference = hint(unit, "custom_id") or hint(unit, "invoice_id")
    return Claim(
        reference=GatewayOrderId(reference) if reference else None,
        transaction_id=hint(related, "order_id") or (hint(about, "id") if unit is not about else None),
        claimed=CLAIM_OF_EVENT.get(hint(event, "event_type") or ""),
        event_id=hint(event, "id"),
    )
