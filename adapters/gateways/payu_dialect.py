"""The dialect of PayU's REST 2.1: its words, and how its answers and notifications are read."""

import hashlib
from collections.abc import Mapping

from adapters.gateways.amounts import minor_from_text
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
from adapters.gateways.signing import ensure_same
from application.gateways import Claim, MoneyMove, MoveStatus, Opened, Opening
from application.trouble import BadSignature, Malformed
from domain.ids import GatewayOrderId
from domain.verdict import Verdict, VerdictStatus

STATUS_OF_WORD: Mapping[str, VerdictStatus] = {
    "NEW": VerdictStatus.PENDING,
    "PENDING": VerdictStatus.PENDING,
    "WAITING_FOR_CONFIRMATION": VerdictStatus.AUTHORISED,
    "COMPLETED": VerdictStatus.SUCCEEDED,
    "CANCELED": VerdictStatus.FAILED,
}

STATUS_OF_REFUND: Mapping[str, MoveStatus] = {
    "PENDING": MoveStatus.PENDING,
    "FINALIZED": MoveStatus.DONE,
    "CANCELED": MoveStatus.DECLINED,
}

WORDS = Vocabulary(
    frozenset(
        {
            *("orders", "status", "statusCode", "statusDesc", "code", "codeLiteral", "severity", "refund"),
            *("totalAmount", "amount", "currencyCode", "description", "orderCreateDate"),
        }
    ),
    frozenset({"orderId", "extOrderId", "refundId", "notifyUrl", "continueUrl", "redirectUri"}),
)

# It wants the customer's address, which the shop's server does not tell us.
NOBODYS_ADDRESS = "127.0.0.1"


def order_request(opening: Opening, pos_id: str) -> Json:
    """The body that asks it to open an order; notification and return go to one address of ours."""
    amount, name = str(opening.amount.minor), f"Payment {opening.order_id}"
    return {
        "notifyUrl": opening.callback_url,
        "continueUrl": opening.callback_url,
        "customerIp": NOBODYS_ADDRESS,
        "merchantPosId": pos_id,
        "description": name,
        "currencyCode": opening.amount.currency.code,
        "totalAmount": amount,
        "extOrderId": opening.order_id,
        "products": [{"name": name, "unitPrice": amount, "quantity": "1"}],
    }


def code_of(reply: Json) -> str | None:
    """Its word for how a call went, if it tells one."""
    return hint(inner_or_empty(reply, "status"), "statusCode")


def ensure_done(reply: Json) -> None:
    """Raises: Unreadable where it does not say that it did what was asked."""
    if word(inner(reply, "status"), "statusCode") != "SUCCESS":
        raise Unreadable("it is not said to be done")


def opened(reply: Json, request: str, ours: set[str]) -> Opened:
    """What it answered an opening. Raises: Unreadable."""
    ensure_done(reply)
    return Opened(
        transaction_id=word(reply, "orderId"),
        next_step=web_address(reply, "redirectUri"),
        request=request,
        response=WORDS.kept(reply, ours),
    )


def verdict_of(reply: Json, order_id: GatewayOrderId) -> Verdict:
    """What its record of an order says. Raises: Unreadable."""
    ensure_done(reply)
    orders = reply.get("orders")
    only = orders[0] if isinstance(orders, list) and len(orders) == 1 else None
    order = inner({"orders": only}, "orders")
    code = word(order, "status")
    status = STATUS_OF_WORD.get(code)
    if status is None:
        raise Unreadable("the status is a word that is not known")
    return Verdict(
        status=status,
        transaction_id=word(order, "orderId"),
        reference=word_or_none(order, "extOrderId"),
        amount_minor=minor_from_text(order, "totalAmount"),
        currency=word(order, "currencyCode"),
        word=code,
        response=WORDS.kept(reply, {order_id}),
    )


def captured(reply: Json) -> MoneyMove:
    """What it answered a capture. Raises: Unreadable."""
    ensure_done(reply)
    return MoneyMove(status=MoveStatus.DONE, move_id=None, response=WORDS.kept(reply))


def refund_of(reply: Json) -> MoneyMove:
    """How a refund stands, told within another object or alone. Raises: Unreadable."""
    refund = inner_or_empty(reply, "refund") or reply
    status = STATUS_OF_REFUND.get(word(refund, "status"))
    if status is None:
        raise Unreadable("the status is a word that is not known")
    return MoneyMove(status=status, move_id=word(refund, "refundId"), response=WORDS.kept(refund))


def ensure_signed(headers: Mapping[str, str], body: bytes, second_key: str) -> None:
    """Check its header, whose parts come in any order, others among them. Raises: BadSignature.

    MD5, which the vendor knows as well, is no signature to us.
    """
    told = headers.get("openpayu-signature", "")
    parts = dict(part.strip().partition("=")[::2] for part in told.split(";"))
    if parts.get("algorithm") not in {"SHA-256", "SHA256"} or not second_key:
        raise BadSignature("there is no signature by SHA-256")
    ensure_same(hashlib.sha256(body + second_key.encode()).hexdigest(), parts.get("signature", ""))


def claim_of(body: bytes) -> Claim:
    """What a notification says whose signature holds. Raises: Malformed when it is no JSON object."""
    try:
        told = read_object(body)
    except Unreadable as error:
        raise Malformed(str(error)) from None
    order = inner_or_empty(told, "order") or told
    reference = hint(order, "extOrderId")
    return Claim(
        reference=GatewayOrderId(reference) if reference else None,
        transaction_id=hint(order, "orderId"),
        claimed=STATUS_OF_WORD.get(hint(order, "status") or ""),
    )
