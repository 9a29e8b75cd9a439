"""The dialect of epoint.az: its envelope, its words, and how its answers and callbacks are read."""

import base64
import binascii
import json
from collections.abc import Mapping
from urllib.parse import parse_qsl

from adapters.gateways.amounts import minor_from_major, minor_from_major_or_none
from adapters.gateways.cleaning import Vocabulary
from adapters.gateways.reading import Json, Unreadable, hint, read_object, web_address, word, word_or_none
from adapters.gateways.signing import QUERY_FIELDS_MAX, ensure_same, sealed_sha1
from application.gateways import CardRegistration, Claim, MoneyMove, MoveStatus, Opened
from application.trouble import BadSignature, GatewayTrouble, Malformed
from domain.cards import card_mask
from domain.ids import GatewayOrderId
from domain.verdict import Verdict, VerdictStatus

# Source: gateways.md 6.3, column epoint; `error` and holds are told apart below. Other words tell nothing.
STATUS_OF_WORD: Mapping[str, VerdictStatus] = {
    "new": VerdictStatus.PENDING,
    "success": VerdictStatus.SUCCEEDED,
    "returned": VerdictStatus.REFUNDED,
    "failed": VerdictStatus.FAILED,
    "error": VerdictStatus.FAILED,
}

# The gateway has no word for a hold: taken it reads success, let go it reads returned.
STATUS_OF_HOLD: Mapping[VerdictStatus, VerdictStatus] = {
    VerdictStatus.SUCCEEDED: VerdictStatus.AUTHORISED,
    VerdictStatus.REFUNDED: VerdictStatus.FAILED,
}

# Every currency that it takes has as many decimals.
EXPONENT = 2

WORDS = Vocabulary(
    frozenset(
        {
            *("amount", "split_amount", "currency", "language", "description", "status", "code", "message"),
            *("bank_response", "operation_code", "card_mask"),
        }
    ),
    frozenset(
        {
            *("order_id", "transaction", "bank_transaction", "rrn", "card_id", "trace_id"),
            *("redirect_url", "success_redirect_url", "error_redirect_url"),
        }
    ),
)


def sealed(private_key: str, request: Json) -> Mapping[str, str]:
    """The two fields of a call: what is asked, and the signature over it as it is sent."""
    data = base64.b64encode(json.dumps(request).encode()).decode()
    return {"data": data, "signature": sealed_sha1(private_key, data)}


def opened_envelope(body: bytes, private_key: str) -> Json:
    """What a signed form holds. Raises: BadSignature; Malformed when it is signed and yet unreadable."""
    try:
        fields = parse_qsl(body.decode("ascii"), strict_parsing=True, max_num_fields=QUERY_FIELDS_MAX)
    except ValueError:
        raise BadSignature("there is no signed form") from None
    # A sender that did not encode its plus signs has them arrive as spaces, which base64 has none of.
    found = {name: value.replace(" ", "+") for name, value in fields}
    if len(found) != len(fields) or not private_key:
        raise BadSignature("a field stands twice")
    data = found.get("data", "")
    ensure_same(sealed_sha1(private_key, data), found.get("signature", ""))
    try:
        return read_object(base64.b64decode(data, validate=True))
    except (binascii.Error, Unreadable):
        raise Malformed("no JSON that can be read") from None


def claim_of(told: Json, *, is_hold: bool) -> Claim:
    """What a signed callback says. Raises: BadSignature for signed data that is no callback, Malformed.

    Requests are signed by the same key and pass through the buyer's browser; they tell themselves
    by the `public_key` in them. News of a saved card has no payment that it is about.
    """
    if "public_key" in told:
        raise BadSignature("this is a request of ours, not a callback")
    code = hint(told, "status")
    is_card = told.get("operation_code") == "001"
    if code is None or (hint(told, "transaction") is None and not is_card):
        raise Malformed("status or transaction is missing")
    reference = hint(told, "order_id")
    return Claim(
        reference=GatewayOrderId(reference) if reference else None,
        transaction_id=hint(told, "transaction"),
        claimed=_status(code, is_hold=is_hold),
    )


def opened(reply: Json, request: str) -> Opened:
    """What it answered an opening. Raises: Unreadable."""
    if word(reply, "status") != "success":
        raise Unreadable("the status is neither success nor error")
    return Opened(
        transaction_id=word(reply, "transaction"),
        next_step=web_address(reply, "redirect_url"),
        request=request,
        response=WORDS.kept(reply),
    )


def card_registration(reply: Json) -> CardRegistration:
    """What it answered the saving of a card. Raises: Unreadable."""
    if word(reply, "status") != "success":
        raise Unreadable("the status is neither success nor error")
    next_step = web_address(reply, "redirect_url")
    return CardRegistration(card_id=word(reply, "card_id"), next_step=next_step, response=WORDS.kept(reply))


def verdict_of(reply: Json, currency: str, order_id: GatewayOrderId, *, is_hold: bool) -> Verdict:
    """What its record of a payment says. Raises: Unreadable, GatewayTrouble.

    An `error` without a transaction is about the question, not the payment: it refuses to answer, and
    is well. It names no currency: each account collects one.
    """
    code, transaction_id = word(reply, "status"), word_or_none(reply, "transaction")
    if code == "error" and transaction_id is None:
        raise GatewayTrouble("the gateway does not tell how the payment stands", is_answer=True)
    status = _status(code, is_hold=is_hold)
    if status is None or transaction_id is None:
        raise Unreadable("it does not tell how the payment stands")
    has_money = status in {VerdictStatus.SUCCEEDED, VerdictStatus.AUTHORISED}
    amount = minor_from_major if has_money else minor_from_major_or_none
    return Verdict(
        status=status,
        transaction_id=transaction_id,
        reference=word_or_none(reply, "order_id"),
        amount_minor=amount(reply, "amount", EXPONENT),
        currency=currency,
        card_mask=_card_mask(reply),
        decline=hint(reply, "code") if status is VerdictStatus.FAILED else None,
        word=code,
        response=WORDS.kept(reply, {order_id}),
    )


def move_of(reply: Json) -> MoneyMove:
    """What it answered an order to take money or to give it back. Raises: Unreadable."""
    code = word(reply, "status")
    if code not in {"success", "failed", "error"}:
        raise Unreadable("the status is a word that is not known")
    is_done = code == "success"
    return MoneyMove(
        status=MoveStatus.DONE if is_done else MoveStatus.DECLINED,
        move_id=None,
        reason=None if is_done else hint(reply, "code") or code,
        response=WORDS.kept(reply),
    )


def _status(code: str, *, is_hold: bool) -> VerdictStatus | None:
    status = STATUS_OF_WORD.get(code)
    return STATUS_OF_HOLD.get(status, status) if is_hold and status else status


def _card_mask(reply: Json) -> str | None:
    mask = reply.get("card_mask")
    return card_mask(mask) if isinstance(mask, str) else None
