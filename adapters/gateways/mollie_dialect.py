"""The dialect of Mollie's v2: amounts in major units, and how its answers are read."""

from collections.abc import Mapping

from adapters.gateways.amounts import exponent_of, minor_from_major
from adapters.gateways.cleaning import Vocabulary
from adapters.gateways.reading import Json, Unreadable, hint, inner, inner_or_empty, web_address, word
from application.gateways import MoneyMove, MoveStatus, Opened, Opening
from domain.ids import GatewayOrderId
from domain.money import Money
from domain.verdict import Verdict, VerdictStatus

# Source: gateways.md 6.3, column mollie. A word that is not here tells us nothing.
STATUS_OF_WORD: Mapping[str, VerdictStatus] = {
    "open": VerdictStatus.PENDING,
    "pending": VerdictStatus.PENDING,
    "authorized": VerdictStatus.AUTHORISED,
    "paid": VerdictStatus.SUCCEEDED,
    **dict.fromkeys(("failed", "canceled", "expired"), VerdictStatus.FAILED),
}

STATUS_OF_MOVE: Mapping[str, MoveStatus] = {
    **dict.fromkeys(("queued", "pending", "processing"), MoveStatus.PENDING),
    **dict.fromkeys(("refunded", "succeeded"), MoveStatus.DONE),
    **dict.fromkeys(("failed", "canceled"), MoveStatus.DECLINED),
}

WORDS = Vocabulary(
    frozenset(
        {
            *("status", "mode", "method", "description", "amount", "amountRefunded", "amountCaptured"),
            *("currency", "value", "captureMode", "createdAt", "paidAt", "expiresAt", "title", "detail"),
            *("field", "details", "failureReason", "cardLabel", "metadata"),
        }
    ),
    frozenset({"id", "paymentId", "bill_id", "redirectUrl", "webhookUrl", "checkoutUrl"}),
)


def amount_of(money: Money) -> Json:
    """Money as it writes it."""
    return {"currency": money.currency.code, "value": money.decimal()}


def payment_request(opening: Opening, *, is_manual: bool) -> Json:
    """The body that asks it to open a payment; notification and return go to one address of ours."""
    request = {
        "amount": amount_of(opening.amount),
        "description": f"Payment {opening.order_id}",
        "redirectUrl": opening.callback_url,
        "webhookUrl": opening.callback_url,
        "metadata": {"bill_id": opening.order_id},
    }
    return {**request, "captureMode": "manual"} if is_manual else request


def opened(reply: Json, request: str, order_id: GatewayOrderId) -> Opened:
    """What it answered an opening. Raises: Unreadable, also where another payment is meant."""
    if reference_in(reply) not in {None, order_id}:
        raise Unreadable("metadata is not what was asked for")
    checkout = inner(inner(reply, "_links"), "checkout")
    next_step = web_address(checkout, "href")
    return Opened(
        transaction_id=word(reply, "id"),
        next_step=next_step,
        request=request,
        response=WORDS.kept({**reply, "checkoutUrl": next_step}, {order_id}),
    )


def reference_in(reply: Json) -> str | None:
    """Our reference, where it tells it."""
    return hint(inner_or_empty(reply, "metadata"), "bill_id")


def verdict_of(reply: Json, order_id: GatewayOrderId) -> Verdict:
    """What its record of a payment says. Raises: Unreadable."""
    code = word(reply, "status")
    status = STATUS_OF_WORD.get(code)
    if status is None:
        raise Unreadable("the status is a word that is not known")
    amount, currency = _money(reply, "amount")
    is_paid = status is VerdictStatus.SUCCEEDED
    if is_paid and reply.get("amountRefunded") is not None and _money(reply, "amountRefunded")[0]:
        status = VerdictStatus.REFUNDED
    has_captures = is_paid and reply.get("amountCaptured") is not None
    return Verdict(
        status=status,
        transaction_id=word(reply, "id"),
        reference=reference_in(reply),
        amount_minor=amount,
        captured_minor=_money(reply, "amountCaptured")[0] if has_captures else None,
        currency=currency,
        word=code,
        response=WORDS.kept(reply, {order_id}),
    )


def _money(reply: Json, name: str) -> tuple[int, str]:
    told = inner(reply, name)
    currency = word(told, "currency")
    return minor_from_major(told, "value", exponent_of(currency)), currency


def move_of(reply: Json) -> MoneyMove:
    """How a capture or a refund stands. Raises: Unreadable."""
    status = STATUS_OF_MOVE.get(word(reply, "status"))
    if status is None:
        raise Unreadable("the status is a word that is not known")
    reason = hint(inner_or_empty(reply, "failureReason"), "code")
    return MoneyMove(status=status, move_id=word(reply, "id"), reason=reason, response=WORDS.kept(reply))
