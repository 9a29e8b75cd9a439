"""The native dialect of gateway `sandbox`: its words, and how its answers and callbacks are read."""

from collections.abc import Mapping

from adapters.gateways.cleaning import Vocabulary
from adapters.gateways.reading import (
    Json,
    Unreadable,
    hint,
    inner,
    inner_or_empty,
    minor,
    minor_or_none,
    read_object,
    web_address,
    word,
    word_or_none,
)
from application.gateways import Claim, MoneyMove, MoveStatus, Opened, Opening
from application.trouble import Malformed
from domain.cards import card_mask
from domain.ids import GatewayOrderId
from domain.verdict import Verdict, VerdictStatus

# Source: gateways.md 6.3, column sandbox. A word that is not here tells us nothing.
STATUS_OF_WORD: Mapping[str, VerdictStatus] = {
    "created": VerdictStatus.PENDING,
    "pending": VerdictStatus.PENDING,
    "requires_action": VerdictStatus.PENDING,
    "authorized": VerdictStatus.AUTHORISED,
    "captured": VerdictStatus.SUCCEEDED,
    "failed": VerdictStatus.FAILED,
    "canceled": VerdictStatus.FAILED,
    "expired": VerdictStatus.FAILED,
    "partially_refunded": VerdictStatus.REFUNDED,
    "refunded": VerdictStatus.REFUNDED,
    "charged_back": VerdictStatus.DISPUTED,
}

REFUND_STATUS_OF_WORD: Mapping[str, MoveStatus] = {
    "pending": MoveStatus.PENDING,
    "succeeded": MoveStatus.DONE,
    "failed": MoveStatus.DECLINED,
}

WORDS = Vocabulary(
    frozenset(
        {
            *("amount", "amount_authorized", "amount_captured", "amount_refunded", "currency", "capture"),
            *("card", "brand", "mask", "decline_code", "status", "type", "items"),
            *("created", "updated", "expires_at", "error", "code", "title", "detail", "message"),
        }
    ),
    frozenset({"id", "merchant_ref", "next_step", "cancel_url", "notify_url", "return_url"}),
)

_NO_MONEY = frozenset({VerdictStatus.PENDING, VerdictStatus.FAILED})


def create_request(opening: Opening, *, is_manual: bool) -> Json:
    """The body that asks it to open a payment; callback and return go to one address of ours."""
    return {
        "merchant_ref": opening.order_id,
        "amount": opening.amount.minor,
        "currency": opening.amount.currency.code,
        "capture": "manual" if is_manual else "auto",
        "return_url": opening.callback_url,
        "cancel_url": opening.callback_url,
        "notify_url": opening.callback_url,
    }


def opened(reply: Json, request: Json, ours: set[str]) -> Opened:
    """What it answered an opening. Raises: Unreadable, also where another payment is meant."""
    _ensure_echoes(reply, request)
    return Opened(
        transaction_id=word(reply, "id"),
        next_step=web_address(reply, "next_step"),
        request=WORDS.kept(request, ours),
        response=WORDS.kept(reply, ours),
    )


def _ensure_echoes(reply: Json, request: Json) -> None:
    # What is not told cannot differ; what differs belongs to somebody else's payment.
    for name in ("merchant_ref", "amount", "currency"):
        told, asked = reply.get(name), request[name]
        if told is not None and (type(told) is not type(asked) or told != asked):
            raise Unreadable(f"{name} is not what was asked for")


def only_item(found: Json) -> Json | None:
    """The one payment of a list, or None. Raises: Unreadable, also for more than one."""
    items = found.get("items")
    if not isinstance(items, list) or len(items) > 1:
        raise Unreadable("items is missing, or holds more than one payment")
    return inner({"items": items[0]}, "items") if items else None


def verdict_of(payment: Json, order_id: GatewayOrderId) -> Verdict:
    """What its record of a payment says. Raises: Unreadable."""
    code = word(payment, "status")
    status = STATUS_OF_WORD.get(code)
    if status is None:
        raise Unreadable("the status is a word that is not known")
    captured = minor(payment, "amount_captured")
    if captured and status in _NO_MONEY:
        raise Unreadable("money is captured and yet it is not")
    return Verdict(
        status=status,
        transaction_id=word(payment, "id"),
        reference=word(payment, "merchant_ref"),
        amount_minor=_amount(payment, status),
        captured_minor=None if status in _NO_MONEY | {VerdictStatus.AUTHORISED} else captured,
        currency=word(payment, "currency"),
        card_mask=_card_mask(payment),
        decline=word_or_none(payment, "decline_code") if status is VerdictStatus.FAILED else None,
        word=code,
        response=WORDS.kept(payment, {order_id}),
    )


def _amount(payment: Json, status: VerdictStatus) -> int:
    # A hold for less than was asked shows as another amount, which settles nothing.
    asked, held = minor(payment, "amount"), minor_or_none(payment, "amount_authorized")
    return asked if held is None or status is not VerdictStatus.AUTHORISED else held


def captured(payment: Json) -> MoneyMove:
    """What it answered a capture. Raises: Unreadable where nothing was taken after all."""
    if not minor(payment, "amount_captured"):
        raise Unreadable("nothing is captured")
    return MoneyMove(status=MoveStatus.DONE, move_id=None, response=WORDS.kept(payment))


def refund_of(refund: Json) -> MoneyMove:
    """How its record of a refund says that it stands. Raises: Unreadable."""
    status = REFUND_STATUS_OF_WORD.get(word(refund, "status"))
    if status is None:
        raise Unreadable("the status is a word that is not known")
    return MoneyMove(status=status, move_id=word(refund, "id"), response=WORDS.kept(refund))


def _card_mask(payment: Json) -> str | None:
    card = payment.get("card")
    mask = card.get("mask") if isinstance(card, dict) else None
    return card_mask(mask) if isinstance(mask, str) else None


def claim_of_notification(body: bytes) -> Claim:
    """Read the body of a notification whose signature holds. Raises: Malformed when it is no JSON object.

    What is missing or odd in it is left out: it is only a hint, and the address it came to tells
    what it may be about.
    """
    try:
        event = read_object(body)
    except Unreadable as error:
        raise Malformed(str(error)) from None
    payment = inner_or_empty(event, "payment")
    return Claim(
        reference=_reference(payment),
        transaction_id=hint(payment, "id"),
        claimed=_claimed(event.get("type"), payment.get("status")),
        event_id=hint(event, "event_id"),
    )


def claim_of_return(fields: Mapping[str, str]) -> Claim:
    """Read the fields of a return whose signature holds."""
    return Claim(
        reference=_reference(fields),
        transaction_id=hint(fields, "payment_id"),
        claimed=_claimed(None, fields.get("status")),
    )


def _reference(fields: Json) -> GatewayOrderId | None:
    told = hint(fields, "merchant_ref")
    return GatewayOrderId(told) if told is not None else None


def _claimed(kind: object, status: object) -> VerdictStatus | None:
    code = kind.removeprefix("payment.") if isinstance(kind, str) else status
    return STATUS_OF_WORD.get(code) if isinstance(code, str) else None
