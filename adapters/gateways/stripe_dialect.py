"""The dialect of Stripe: amounts in its own smallest units, sessions and what lies behind them, events."""

from collections.abc import Mapping

from adapters.gateways.amounts import exponent_of
from adapters.gateways.cleaning import Vocabulary
from adapters.gateways.reading import (
    Json,
    Unreadable,
    hint,
    inner_or_empty,
    minor,
    read_object,
    web_address,
    word,
    word_or_none,
)
from application.gateways import Claim, MoneyMove, MoveStatus, Opened, Opening
from application.trouble import GatewayRefused, Malformed
from domain.ids import GatewayOrderId
from domain.money import Money
from domain.verdict import Verdict, VerdictStatus

# How many decimals its amounts have, where that is not two. Source: gateways.md 2.1.
DECIMALS: Mapping[str, int] = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA"), 0),
    **dict.fromkeys(("PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
}

# Of a payment intent, once its session is complete: nobody can enter another card there any more.
STATUS_OF_INTENT: Mapping[str, VerdictStatus] = {
    "requires_confirmation": VerdictStatus.PENDING,
    "requires_action": VerdictStatus.PENDING,
    "processing": VerdictStatus.PENDING,
    "requires_capture": VerdictStatus.AUTHORISED,
    "succeeded": VerdictStatus.SUCCEEDED,
    "requires_payment_method": VerdictStatus.FAILED,
    "canceled": VerdictStatus.FAILED,
}

STATUS_OF_REFUND: Mapping[str, MoveStatus] = {
    "pending": MoveStatus.PENDING,
    "requires_action": MoveStatus.PENDING,
    "succeeded": MoveStatus.DONE,
    "failed": MoveStatus.DECLINED,
    "canceled": MoveStatus.DECLINED,
}

CLAIM_OF_EVENT: Mapping[str, VerdictStatus] = {
    "checkout.session.async_payment_succeeded": VerdictStatus.SUCCEEDED,
    "checkout.session.async_payment_failed": VerdictStatus.FAILED,
    "checkout.session.expired": VerdictStatus.FAILED,
    "payment_intent.amount_capturable_updated": VerdictStatus.AUTHORISED,
    "payment_intent.succeeded": VerdictStatus.SUCCEEDED,
    "payment_intent.canceled": VerdictStatus.FAILED,
    "charge.refunded": VerdictStatus.REFUNDED,
    "charge.dispute.created": VerdictStatus.DISPUTED,
}

WORDS = Vocabulary(
    frozenset(
        {
            *("object", "status", "payment_status", "mode", "currency", "created", "expires_at", "livemode"),
            *("amount", "amount_total", "amount_capturable", "amount_received", "cancellation_reason"),
            *("error", "type", "code", "decline_code", "param", "message", "last_payment_error", "reason"),
        }
    ),
    frozenset(
        {"id", "client_reference_id", "payment_intent", "url", "success_url", "cancel_url", "metadata"}
    ),
)


def to_wire(money: Money) -> int:
    """The amount in its units. Raises: GatewayRefused for one that cannot be written there."""
    decimals = DECIMALS.get(money.currency.code, 2)
    units, rest = divmod(money.minor * _power(decimals), _power(money.currency.exponent))
    # It takes three decimals, but the last has to be a zero.
    if rest or (decimals == 3 and units % 10):
        raise GatewayRefused(f"{money} cannot be collected to the last decimal")
    return units


def from_wire(units: int, code: str) -> int:
    """An amount of its units in smallest units. Raises: Unreadable."""
    minor_, rest = divmod(units * _power(exponent_of(code)), _power(DECIMALS.get(code, 2)))
    if rest:
        raise Unreadable("the amount has more decimals than the currency")
    return minor_


def _power(decimals: int) -> int:
    return int(10**decimals)


def session_request(opening: Opening, *, is_manual: bool) -> Mapping[str, str]:
    """The form that asks for a page to pay on; both ways back lead to one address of ours."""
    item = "line_items[0]"
    fields = {
        "mode": "payment",
        "success_url": opening.callback_url,
        "cancel_url": opening.callback_url,
        "client_reference_id": opening.order_id,
        "metadata[bill_id]": opening.order_id,
        f"{item}[quantity]": "1",
        f"{item}[price_data][currency]": opening.amount.currency.code.lower(),
        f"{item}[price_data][unit_amount]": str(to_wire(opening.amount)),
        f"{item}[price_data][product_data][name]": f"Payment {opening.order_id}",
    }
    return {**fields, "payment_intent_data[capture_method]": "manual"} if is_manual else fields


def kept_request(opening: Opening, ours: set[str]) -> str:
    """What was asked for, for people to read."""
    asked = {
        "client_reference_id": opening.order_id,
        "amount_total": to_wire(opening.amount),
        "currency": opening.amount.currency.code.lower(),
        "success_url": opening.callback_url,
        "cancel_url": opening.callback_url,
    }
    return WORDS.kept(asked, ours)


def opened(session: Json, opening: Opening, request: str) -> Opened:
    """What it answered an opening. Raises: Unreadable, also where another payment is meant."""
    asked = (opening.order_id, to_wire(opening.amount), opening.amount.currency.code.lower())
    names = ("client_reference_id", "amount_total", "currency")
    for name, wanted in zip(names, asked, strict=True):
        if session.get(name) is not None and session[name] != wanted:
            raise Unreadable(f"{name} is not what was asked for")
    return Opened(
        transaction_id=word(session, "id"),
        next_step=web_address(session, "url"),
        request=request,
        response=WORDS.kept(session, {opening.order_id, opening.callback_url}),
    )


def intent_id(session: Json) -> str | None:
    """The name of the payment intent behind a session, if it has one yet. Raises: Unreadable."""
    return word_or_none(session, "payment_intent")


def needs_intent(session: Json) -> bool:
    """Whether a session alone does not tell how the payment stands. Raises: Unreadable."""
    return word(session, "status") == "complete" and word(session, "payment_status") == "unpaid"


def verdict_of(session: Json, intent: Json | None, order_id: GatewayOrderId) -> Verdict:
    """What its session says, and the payment intent behind it where that is needed. Raises: Unreadable."""
    code, currency = word(session, "status"), word(session, "currency").upper()
    status = _status(session, intent)
    has_money = status in {VerdictStatus.SUCCEEDED, VerdictStatus.AUTHORISED}
    total = from_wire(minor(session, "amount_total"), currency)
    held = intent if intent and has_money else None
    # A hold or a capture of less than was asked for shows as another amount.
    names = {VerdictStatus.AUTHORISED: "amount_capturable", VerdictStatus.SUCCEEDED: "amount_received"}
    actual = from_wire(minor(held, names[status]), word(held, "currency").upper()) if held else total
    return Verdict(
        status=status,
        transaction_id=word(session, "id"),
        reference=word_or_none(session, "client_reference_id"),
        amount_minor=actual if status is VerdictStatus.AUTHORISED else total,
        captured_minor=actual if status is VerdictStatus.SUCCEEDED else None,
        currency=currency,
        decline=_decline(intent) if status is VerdictStatus.FAILED else None,
        word=f"{code}/{intent.get('status')}" if intent else code,
        response=WORDS.kept({**session, **({"payment_intent": intent} if intent else {})}, {order_id}),
    )


def _status(session: Json, intent: Json | None) -> VerdictStatus:
    if intent is not None:
        status = STATUS_OF_INTENT.get(word(intent, "status"))
    else:
        told = (word(session, "status"), word(session, "payment_status"))
        known = {
            ("open", "unpaid"): VerdictStatus.PENDING,
            ("expired", "unpaid"): VerdictStatus.FAILED,
            ("complete", "paid"): VerdictStatus.SUCCEEDED,
        }
        status = known.get(told)
    if status is None:
        raise Unreadable("the status is a word that is not known")
    return status


def _decline(intent: Json | None) -> str | None:
    error = inner_or_empty(intent or {}, "last_payment_error")
    return hint(error, "decline_code") or hint(error, "code")


def captured(intent: Json) -> MoneyMove:
    """What it answered a capture. Raises: Unreadable where nothing was taken after all."""
    if word(intent, "status") != "succeeded":
        raise Unreadable("nothing is captured")
    return MoneyMove(status=MoveStatus.DONE, move_id=None, response=WORDS.kept(intent))


def refund_of(refund: Json) -> MoneyMove:
    """How a refund stands. Raises: Unreadable."""
    status = STATUS_OF_REFUND.get(word(refund, "status"))
    if status is None:
        raise Unreadable("the status is a word that is not known")
    reason = hint(refund, "failure_reason")
    return MoneyMove(status=status, move_id=word(refund, "id"), reason=reason, response=WORDS.kept(refund))


def error_kind(reply: Json) -> str | None:
    """The type of its error, if it tells one."""
    return hint(inner_or_empty(reply, "error"), "type")


def error_code(reply: Json) -> str | None:
    """The code of its error, if it tells one."""
    return hint(inner_or_empty(reply, "error"), "code")


def claim_of(body: bytes) -> Claim:
    """What an event says whose signature holds. Raises: Malformed when it is no JSON object.

    Events about things that do not name our reference are about no payment that we know.
    """
    try:
        event = read_object(body)
    except Unreadable as error:
        raise Malformed(str(error)) from None
    kind = hint(event, "type") or ""
    about = inner_or_empty(inner_or_empty(event, "data"), "object")
    is_session = about.get("object") == "checkout.session"
    reference = hint(about, "client_reference_id") or hint(inner_or_empty(about, "metadata"), "bill_id")
    is_paid = kind == "checkout.session.completed" and about.get("payment_status") == "paid"
    return Claim(
        reference=GatewayOrderId(reference) if reference else None,
        transaction_id=hint(about, "id") if is_session else None,
        claimed=VerdictStatus.SUCCEEDED if is_paid else CLAIM_OF_EVENT.get(kind),
        event_id=hint(event, "id"),
    )
