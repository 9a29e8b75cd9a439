"""Backend `paynow`: Paynow's v3. It never tells amounts: what is owed there is what was asked for."""

import json
import secrets
from collections.abc import Mapping
from urllib.parse import quote

import attrs

from adapters.gateways.cleaning import Vocabulary
from adapters.gateways.reading import Json, Unreadable, hint, read_object, web_address, word, word_or_none
from adapters.gateways.schemas import SECRET, base_url, schema, secrets_in, text
from adapters.gateways.signing import ensure_same, hmac_sha256_base64
from adapters.gateways.talking import ABSENT, Line, declined, refused, sensible
from adapters.gateways.transport import Answer, Calls
from application.backends import Settings
from application.gateways import (
    Capabilities,
    Claim,
    Instruction,
    MoneyMove,
    MoveStatus,
    Opened,
    Opening,
    Received,
)
from application.trouble import BadSignature, GatewayRefused, GatewayTrouble, Malformed, TroubleKind
from domain.ids import GatewayOrderId
from domain.verdict import Verdict, VerdictStatus

VENDORS_URL = "https://api.paynow.pl"

SCHEMA = schema(
    required={"api_key": SECRET, "signature_key": SECRET}, optional={"base_url": base_url(VENDORS_URL)}
)

# Source: gateways.md 6.3, column paynow. A word that is not here tells us nothing.
STATUS_OF_WORD: Mapping[str, VerdictStatus] = {
    "NEW": VerdictStatus.PENDING,
    "PENDING": VerdictStatus.PENDING,
    "CONFIRMED": VerdictStatus.SUCCEEDED,
    **dict.fromkeys(("REJECTED", "EXPIRED", "ABANDONED", "ERROR"), VerdictStatus.FAILED),
}

STATUS_OF_REFUND: Mapping[str, MoveStatus] = {
    "NEW": MoveStatus.PENDING,
    "PENDING": MoveStatus.PENDING,
    "SUCCESSFUL": MoveStatus.DONE,
    **dict.fromkeys(("FAILED", "CANCELLED"), MoveStatus.DECLINED),
}

WORDS = Vocabulary(
    frozenset(
        {"amount", "currency", "description", "status", "statusCode", "errors", "errorType", "message"}
    ),
    frozenset({"paymentId", "externalId", "refundId", "redirectUrl", "continueUrl"}),
)

_REFUSALS = frozenset({400, 404, 422})


@attrs.frozen(kw_only=True)
class PaynowGateway:
    """One method's connection to an account at Paynow."""

    line: Line
    api_key: str = attrs.field(repr=False)
    signature_key: str = attrs.field(repr=False)

    # Payments are found by its own number alone.
    capabilities = Capabilities(asks_by_reference=False)

    @property
    def base_url(self) -> str:
        """The address that its paths follow."""
        return self.line.base_url

    def initiate(self, opening: Opening) -> Opened:
        """Open a payment there; the same key gives the same one. Raises: GatewayRefused, GatewayTrouble."""
        if opening.buyer is None:
            raise GatewayRefused("this method needs to know the customer's e-mail address")
        request: Json = {
            "amount": opening.amount.minor,
            "currency": opening.amount.currency.code,
            "externalId": opening.order_id,
            "description": f"Payment {opening.order_id}",
            "continueUrl": opening.callback_url,
            "buyer": {"email": opening.buyer.email},
        }
        ours = {opening.order_id, opening.callback_url}
        answer = self._ask("POST", "/v3/payments", self.line.deadline(), opening.idempotency_key, request)
        if answer.status in _REFUSALS:
            raise refused(answer, request, WORDS, ours)
        reply = self.line.told(answer)
        return sensible(lambda: _opened(reply, WORDS.kept(request, ours), opening.order_id))

    def parse_callback(self, received: Received, now: float) -> Claim:
        """Read a notification (POST); a return (GET) tells a status that proves nothing.

        It tells no time, so an old one holds for ever. Raises: BadSignature, Malformed.
        """
        if received.method != "POST":
            return Claim(reference=None, transaction_id=None, claimed=None)
        if not self.signature_key:
            raise BadSignature("there is no key to check it with")
        expected = hmac_sha256_base64(self.signature_key, received.body)
        ensure_same(expected, received.headers.get("signature", ""))
        return _claim_of(received.body)

    def verify(
        self, order_id: GatewayOrderId, transaction_id: str | None, within_seconds: float | None = None
    ) -> Verdict:
        """Ask how the payment stands. Raises: GatewayTrouble."""
        if transaction_id is None:
            raise GatewayTrouble("a payment is found by its number alone", TroubleKind.NOT_SENT)
        path = f"/v3/payments/{quote(transaction_id, safe='')}/status"
        answer = self._asked(path, self.line.deadline(within_seconds))
        if answer.status == 404 and _error_in(answer.json_or_empty()) == "NOT_FOUND":
            return ABSENT
        reply = self.line.told(answer)
        return sensible(lambda: _verdict_of(reply))

    def refund(self, instruction: Instruction) -> MoneyMove:
        """Give money back; the amount is told even when it is all. Raises: GatewayTrouble."""
        path = f"/v3/payments/{quote(instruction.transaction_id, safe='')}/refunds"
        request = {"amount": instruction.amount.minor}
        answer = self._ask("POST", path, self.line.deadline(), instruction.idempotency_key, request)
        if answer.status in _REFUSALS:
            return declined(answer, WORDS)
        reply = self.line.told(answer)
        return sensible(lambda: _refund_of(reply))

    def refund_status(self, transaction_id: str, move_id: str) -> MoneyMove:
        """How a refund stands. Raises: GatewayTrouble."""
        path = f"/v3/refunds/{quote(move_id, safe='')}/status"
        reply = self.line.told(self._asked(path, self.line.deadline()))
        return sensible(lambda: _refund_of(reply))

    def _asked(self, path: str, deadline: float) -> Answer:
        # Questions carry a key as well, one that nobody will send again.
        return self._ask("GET", path, deadline, secrets.token_hex(16))

    def _ask(self, method: str, path: str, deadline: float, key: str, request: Json | None = None) -> Answer:
        body = "" if request is None else json.dumps(request, separators=(",", ":"))
        headers = {"Api-Key": self.api_key, "Idempotency-Key": key}
        signature = {"Signature": signature_of(self.signature_key, headers, body)}
        kind = {} if request is None else {"Content-Type": "application/json"}
        sent = None if request is None else body.encode()
        return self.line.ask(method, path, deadline, {**headers, **signature, **kind}, sent)


@attrs.frozen
class Paynow:
    """The backend: settings `api_key`, `signature_key`, and `base_url` if it is not the vendor's."""

    calls: Calls = attrs.field(repr=False)
    name = "paynow"
    settings_schema = SCHEMA
    gateway_type = PaynowGateway

    def connect(self, settings: Settings) -> PaynowGateway:
        """The gateway as configured by settings that were checked against the schema before."""
        return PaynowGateway(
            line=Line(
                self.calls, self.name, text(settings, "base_url", VENDORS_URL), secrets_in(SCHEMA, settings)
            ),
            api_key=text(settings, "api_key"),
            signature_key=text(settings, "signature_key"),
        )


def signature_of(signature_key: str, headers: Mapping[str, str], body: str) -> str:
    """The signature of a call: over its two headers, its parameters (we send none) and its body, as JSON."""
    signed = {"headers": headers, "parameters": {}, "body": body}
    return hmac_sha256_base64(signature_key, json.dumps(signed, separators=(",", ":")).encode())


def _opened(reply: Json, request: str, order_id: GatewayOrderId) -> Opened:
    if word_or_none(reply, "externalId") not in {None, order_id}:
        raise Unreadable("externalId is not what was asked for")
    return Opened(
        transaction_id=word(reply, "paymentId"),
        next_step=web_address(reply, "redirectUrl"),
        request=request,
        response=WORDS.kept(reply, {order_id}),
    )


def _error_in(reply: Json) -> str | None:
    errors = reply.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    return hint(first, "errorType") if isinstance(first, dict) else None


def _verdict_of(reply: Json) -> Verdict:
    code = word(reply, "status")
    status = STATUS_OF_WORD.get(code)
    if status is None:
        raise Unreadable("the status is a word that is not known")
    return Verdict(
        status=status, transaction_id=word(reply, "paymentId"), word=code, response=WORDS.kept(reply)
    )


def _refund_of(reply: Json) -> MoneyMove:
    status = STATUS_OF_REFUND.get(word(reply, "status"))
    if status is None:
        raise Unreadable("the status is a word that is not known")
    return MoneyMove(status=status, move_id=word(reply, "refundId"), response=WORDS.kept(reply))


def _claim_of(body: bytes) -> Claim:
    try:
        told = read_object(body)
    except Unreadable as error:
        raise Malformed(str(error)) from None
    reference = hint(told, "externalId")
    return Claim(
        reference=GatewayOrderId(reference) if reference else None,
        transaction_id=hint(told, "paymentId"),
        claimed=STATUS_OF_WORD.get(hint(told, "status") or ""),
    )
