"""Backend `paypal`: PayPal's Orders v2. What the customer approved is taken, or held, by a call of ours."""

import base64
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlsplit

import attrs

from adapters.gateways import paypal_dialect as dialect
from adapters.gateways.reading import Json, Unreadable, hint, word
from adapters.gateways.schemas import CAPTURE, NAME, SECRET, base_url, is_manual, schema, secrets_in, text
from adapters.gateways.signing import TOLERANCE_SECONDS
from adapters.gateways.talking import ABSENT, Line, declined, refused, sensible
from adapters.gateways.tokens import TokenLine, Tokens
from adapters.gateways.transport import Answer, Calls
from application.backends import Settings
from application.gateways import Capabilities, Claim, Instruction, MoneyMove, Opened, Opening, Received
from application.trouble import BadSignature, GatewayTrouble, TroubleKind
from domain.ids import GatewayOrderId
from domain.verdict import Verdict

VENDORS_URL = "https://api-m.paypal.com"

SCHEMA = schema(
    required={"client_id": NAME, "client_secret": SECRET, "webhook_id": NAME},
    optional={"base_url": base_url(VENDORS_URL), "capture": CAPTURE},
)

_REFUSALS = frozenset({400, 404, 422})


@attrs.frozen(kw_only=True)
class PaypalGateway:
    """One method's connection to an account at PayPal."""

    line: TokenLine
    webhook_id: str
    is_manual: bool = False

    # Orders are found by its own number alone.
    capabilities = Capabilities(asks_by_reference=False, tells_holds=True)

    @property
    def base_url(self) -> str:
        """The address that its paths follow."""
        return self.line.line.base_url

    def initiate(self, opening: Opening) -> Opened:
        """Open an order there; the same key gives the same one. Raises: GatewayRefused, GatewayTrouble."""
        request = dialect.order_request(opening, is_manual=self.is_manual)
        ours = {opening.order_id, opening.callback_url}
        answer = self._post("/v2/checkout/orders", self._deadline(), request, opening.idempotency_key)
        if answer.status in _REFUSALS:
            raise refused(answer, request, dialect.WORDS, ours)
        reply = self.line.line.told(answer)
        return sensible(lambda: dialect.opened(reply, dialect.WORDS.kept(request, ours), ours))

    def parse_callback(self, received: Received, now: float) -> Claim:
        """Read a notification (POST) whose signature may be PayPal's; only it can tell whether it is.

        A return (GET) says nothing but that somebody is back. Raises: BadSignature, Malformed.
        """
        if received.method != "POST":
            return Claim(reference=None, transaction_id=None, claimed=None)
        _ensure_of_now(self._signature_of(received)["transmission_time"], now)
        return dialect.claim_of(received.body)

    def confirms(self, received: Received, within_seconds: float) -> bool:
        """Ask PayPal whether it sent this notification. Raises: GatewayTrouble."""
        deadline = self._deadline(within_seconds)
        told = {**self._signature_of(received), "webhook_id": self.webhook_id}
        request = dialect.confirmation_request(told, received.body)
        answer = self._post("/v1/notifications/verify-webhook-signature", deadline, request)
        if answer.status in {400, 422}:
            # What cannot even be asked about was not sent by it.
            return False
        if 400 <= answer.status < 500:
            # Anybody can have us ask this, and must not have it taken for broken by that.
            trouble = self.line.line.trouble(answer)
            wait = trouble.retry_after_seconds
            raise GatewayTrouble(
                trouble.detail, trouble.kind, sent=trouble.sent, retry_after_seconds=wait, is_answer=True
            )
        reply = self.line.line.told(answer)
        return sensible(lambda: _is_confirmed(reply))

    def verify(
        self, order_id: GatewayOrderId, transaction_id: str | None, within_seconds: float | None = None
    ) -> Verdict:
        """Ask how the order stands. Raises: GatewayTrouble."""
        return self._verdict(order_id, transaction_id, self._deadline(within_seconds))

    def collect(
        self, order_id: GatewayOrderId, transaction_id: str, within_seconds: float | None = None
    ) -> Verdict:
        """Take, or hold, what the customer approved, and ask how it stands. Raises: GatewayTrouble.

        The key is this approval's alone: PayPal answers a repeated key as it did before, which after a
        declined card and a second approval would be the old refusal.
        """
        deadline, what = self._deadline(within_seconds), "authorize" if self.is_manual else "capture"
        approved = self._order(transaction_id, deadline)
        key = f"{order_id}:{what}:{dialect.state_mark_of(approved)}"
        answer = self._post(f"{_path(transaction_id)}/{what}", deadline, {}, key)
        # Refused, it is done already, or the customer has to choose another card.
        if answer.status not in _REFUSALS:
            self.line.line.told(answer)
        return self._verdict(order_id, transaction_id, deadline)

    def void(self, order_id: GatewayOrderId, transaction_id: str) -> Verdict:
        """Let held money go, and ask how it stands. Raises: GatewayTrouble."""
        deadline = self._deadline()
        path = f"{self._held(transaction_id, deadline)}/void"
        answer = self._post(path, deadline, {}, f"{order_id}:void:1")
        if answer.status not in {*_REFUSALS, 204}:
            self.line.line.told(answer)
        return self._verdict(order_id, transaction_id, deadline)

    def capture(self, instruction: Instruction) -> MoneyMove:
        """Take held money. Raises: GatewayTrouble."""
        deadline = self._deadline()
        path = f"{self._held(instruction.transaction_id, deadline)}/capture"
        return self._move(path, {"final_capture": True}, instruction, deadline)

    def refund(self, instruction: Instruction) -> MoneyMove:
        """Give money back. Raises: GatewayTrouble."""
        deadline = self._deadline()
        order = self._order(instruction.transaction_id, deadline)
        capture_id = sensible(lambda: dialect.id_of_last(order, "captures"))
        path = f"/v2/payments/captures/{quote(capture_id, safe='')}/refund"
        return self._move(path, {}, instruction, deadline)

    def refund_status(self, transaction_id: str, move_id: str) -> MoneyMove:
        """How a refund stands. Raises: GatewayTrouble."""
        path = f"/v2/payments/refunds/{quote(move_id, safe='')}"
        reply = self.line.line.told(self.line.ask("GET", path, self._deadline()))
        return sensible(lambda: dialect.move_of(reply))

    def _move(self, path: str, more: Json, instruction: Instruction, deadline: float) -> MoneyMove:
        request = {"amount": dialect.amount_of(instruction.amount), **more}
        answer = self._post(path, deadline, request, instruction.idempotency_key)
        if answer.status in _REFUSALS:
            return declined(answer, dialect.WORDS, dialect.issue_of(answer.json_or_empty()))
        reply = self.line.line.told(answer)
        return sensible(lambda: dialect.move_of(reply))

    def _held(self, transaction_id: str, deadline: float) -> str:
        order = self._order(transaction_id, deadline)
        hold_id = sensible(lambda: dialect.id_of_last(order, "authorizations"))
        return f"/v2/payments/authorizations/{quote(hold_id, safe='')}"

    def _order(self, transaction_id: str | None, deadline: float) -> Json:
        return self.line.line.told(self.line.ask("GET", _path(transaction_id), deadline))

    def _verdict(self, order_id: GatewayOrderId, transaction_id: str | None, deadline: float) -> Verdict:
        answer = self.line.ask("GET", _path(transaction_id), deadline)
        if answer.status == 404 and hint(answer.json_or_empty(), "name") == "RESOURCE_NOT_FOUND":
            return ABSENT
        order = self.line.line.told(answer)
        return sensible(lambda: dialect.verdict_of(order, order_id))

    def _signature_of(self, received: Received) -> Mapping[str, str]:
        return dialect.signature_of(received.headers, urlsplit(self.base_url).hostname)

    def _deadline(self, within_seconds: float | None = None) -> float:
        return self.line.line.deadline(within_seconds)

    def _post(self, path: str, deadline: float, request: Json | bytes, key: str | None = None) -> Answer:
        # The whole record is wanted in the answer, not only its name.
        once = {"PayPal-Request-Id": key, "Prefer": "return=representation"} if key else {}
        return self.line.ask("POST", path, deadline, request, once)


@attrs.frozen
class Paypal:
    """The backend: settings `client_id`, `client_secret`, `webhook_id`, and others that have defaults."""

    calls: Calls = attrs.field(repr=False)
    tokens: Tokens = attrs.field(factory=Tokens, repr=False)
    name = "paypal"
    settings_schema = SCHEMA
    gateway_type = PaypalGateway

    def connect(self, settings: Settings) -> PaypalGateway:
        """The gateway as configured by settings that were checked against the schema before."""
        line = Line(
            self.calls, self.name, text(settings, "base_url", VENDORS_URL), secrets_in(SCHEMA, settings)
        )
        client = f"{text(settings, 'client_id')}:{text(settings, 'client_secret')}"
        credentials = base64.b64encode(client.encode()).decode()
        return PaypalGateway(
            line=TokenLine(
                line=line,
                tokens=self.tokens,
                account=(line.base_url, credentials),
                path="/v1/oauth2/token",
                headers={"Authorization": f"Basic {credentials}"},
                form={"grant_type": "client_credentials"},
            ),
            webhook_id=text(settings, "webhook_id"),
            is_manual=is_manual(settings),
        )


def _path(transaction_id: str | None) -> str:
    if transaction_id is None:
        raise GatewayTrouble("an order is found by its number alone", TroubleKind.NOT_SENT)
    return f"/v2/checkout/orders/{quote(transaction_id, safe='')}"


def _is_confirmed(reply: Json) -> bool:
    told = word(reply, "verification_status")
    if told not in {"SUCCESS", "FAILURE"}:
        raise Unreadable("verification_status is a word that is not known")
    return told == "SUCCESS"


def _ensure_of_now(moment: str, now: float) -> None:
    try:
        at = datetime.fromisoformat(moment).timestamp()
    except ValueError:
        raise BadSignature("the signature has no time") from None
    if abs(now - at) > TOLERANCE_SECONDS:
        raise BadSignature("the signature is not of this moment")
