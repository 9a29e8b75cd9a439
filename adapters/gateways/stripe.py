"""Backend `stripe`: Stripe Checkout, where a session is the page to pay on, and an intent the money."""

from collections.abc import Mapping
from urllib.parse import quote

import attrs

from adapters.gateways import stripe_dialect as dialect
from adapters.gateways.reading import Json
from adapters.gateways.schemas import CAPTURE, SECRET, base_url, is_manual, schema, secrets_in, text
from adapters.gateways.signing import ensure_timed_header
from adapters.gateways.talking import ABSENT, Line, declined, sensible
from adapters.gateways.transport import Answer, Calls
from application.backends import Settings
from application.gateways import Capabilities, Claim, Instruction, MoneyMove, Opened, Opening, Received
from application.trouble import GatewayRefused, GatewayTrouble, TroubleKind
from domain.ids import GatewayOrderId
from domain.verdict import Verdict, VerdictStatus

VENDORS_URL = "https://api.stripe.com"

SCHEMA = schema(
    required={"secret_key": SECRET, "webhook_secret": SECRET},
    optional={"base_url": base_url(VENDORS_URL), "capture": CAPTURE},
)

_REFUSALS = frozenset({400, 402, 404})


@attrs.frozen(kw_only=True)
class StripeGateway:
    """One method's connection to an account at Stripe."""

    line: Line
    secret_key: str = attrs.field(repr=False)
    webhook_secret: str = attrs.field(repr=False)
    is_manual: bool = False

    # Sessions are listed by much, but not by our reference.
    capabilities = Capabilities(asks_by_reference=False, tells_holds=True)

    @property
    def base_url(self) -> str:
        """The address that its paths follow."""
        return self.line.base_url

    def initiate(self, opening: Opening) -> Opened:
        """Open a session there; the same key gives the same one. Raises: GatewayRefused, GatewayTrouble."""
        request = dialect.session_request(opening, is_manual=self.is_manual)
        kept = dialect.kept_request(opening, {opening.order_id, opening.callback_url})
        deadline = self.line.deadline()
        answer = self._post("/checkout/sessions", request, deadline, opening.idempotency_key)
        if self._is_refused(answer):
            reply = dialect.WORDS.kept(answer.json_or_empty())
            raise GatewayRefused(f"the gateway answered {answer.status}", kept, reply)
        session = self.line.told(answer)
        return sensible(lambda: dialect.opened(session, opening, kept))

    def parse_callback(self, received: Received, now: float) -> Claim:
        """Read an event (POST); a return (GET) says nothing but that somebody is back.

        Raises: BadSignature, Malformed.
        """
        if received.method != "POST":
            return Claim(reference=None, transaction_id=None, claimed=None)
        header = received.headers.get("stripe-signature")
        ensure_timed_header(header, self.webhook_secret, received.body, now)
        return dialect.claim_of(received.body)

    def verify(
        self, order_id: GatewayOrderId, transaction_id: str | None, within_seconds: float | None = None
    ) -> Verdict:
        """Ask how the payment stands, by its session. Raises: GatewayTrouble."""
        if transaction_id is None:
            raise GatewayTrouble("a payment is found by its session alone", TroubleKind.NOT_SENT)
        return self._verdict(order_id, transaction_id, self.line.deadline(within_seconds))

    def close(self, order_id: GatewayOrderId, transaction_id: str | None) -> Verdict:
        """Expire the session, and ask how it stands: refused, it was too late. Raises: GatewayTrouble."""
        if transaction_id is None:
            raise GatewayTrouble("a payment is found by its session alone", TroubleKind.NOT_SENT)
        deadline = self.line.deadline()
        self._settled(self._post(f"{_session(transaction_id)}/expire", {}, deadline))
        verdict = self._verdict(order_id, transaction_id, deadline)
        # Complete, yet without money: the intent behind it would still take some.
        is_open = verdict.status is VerdictStatus.PENDING
        return self._cancel(order_id, transaction_id, deadline) if is_open else verdict

    def void(self, order_id: GatewayOrderId, transaction_id: str) -> Verdict:
        """Let held money go, and ask how it stands. Raises: GatewayTrouble."""
        return self._cancel(order_id, transaction_id, self.line.deadline())

    def capture(self, instruction: Instruction) -> MoneyMove:
        """Take held money. Raises: GatewayTrouble."""
        deadline = self.line.deadline()
        intent = self._intent_of(instruction.transaction_id, deadline)
        request = {"amount_to_capture": str(dialect.to_wire(instruction.amount))}
        path = f"{_intent(intent)}/capture"
        answer = self._post(path, request, deadline, instruction.idempotency_key)
        return self._moved(answer) or sensible(lambda: dialect.captured(self.line.told(answer)))

    def refund(self, instruction: Instruction) -> MoneyMove:
        """Give money back; what is done now may fail later. Raises: GatewayTrouble."""
        deadline = self.line.deadline()
        intent = self._intent_of(instruction.transaction_id, deadline)
        request = {"payment_intent": intent, "amount": str(dialect.to_wire(instruction.amount))}
        answer = self._post("/refunds", request, deadline, instruction.idempotency_key)
        return self._moved(answer) or sensible(lambda: dialect.refund_of(self.line.told(answer)))

    def refund_status(self, transaction_id: str, move_id: str) -> MoneyMove:
        """How a refund stands. Raises: GatewayTrouble."""
        refund = self._get(f"/refunds/{quote(move_id, safe='')}", self.line.deadline())
        return sensible(lambda: dialect.refund_of(refund))

    def _verdict(self, order_id: GatewayOrderId, transaction_id: str, deadline: float) -> Verdict:
        answer = self._ask(_session(transaction_id), deadline)
        if answer.status == 404 and dialect.error_code(answer.json_or_empty()) == "resource_missing":
            return ABSENT
        session = self.line.told(answer)
        intent = None
        if sensible(lambda: dialect.needs_intent(session)):
            intent = self._get(_intent(_required(session)), deadline)
        return sensible(lambda: dialect.verdict_of(session, intent, order_id))

    def _cancel(self, order_id: GatewayOrderId, transaction_id: str, deadline: float) -> Verdict:
        intent = self._intent_of(transaction_id, deadline)
        self._settled(self._post(f"{_intent(intent)}/cancel", {}, deadline))
        return self._verdict(order_id, transaction_id, deadline)

    def _intent_of(self, transaction_id: str, deadline: float) -> str:
        return _required(self._get(_session(transaction_id), deadline))

    def _settled(self, answer: Answer) -> None:
        # Refused, it had ended otherwise: asking tells how.
        if not self._is_refused(answer):
            self.line.told(answer)

    def _moved(self, answer: Answer) -> MoneyMove | None:
        """The gateway's plain no to moving money, if it is one."""
        if not self._is_refused(answer):
            return None
        return declined(answer, dialect.WORDS, dialect.error_code(answer.json_or_empty()))

    def _is_refused(self, answer: Answer) -> bool:
        # A key that came with something else before says nothing of what happened then.
        kind = dialect.error_kind(answer.json_or_empty())
        return answer.status in _REFUSALS and kind != "idempotency_error"

    def _get(self, path: str, deadline: float) -> Json:
        return self.line.told(self._ask(path, deadline))

    def _ask(self, path: str, deadline: float) -> Answer:
        return self.line.ask("GET", f"/v1{path}", deadline, self._credentials)

    def _post(self, path: str, fields: Mapping[str, str], deadline: float, key: str | None = None) -> Answer:
        once = {"Idempotency-Key": key} if key else {}
        return self.line.ask_form(f"/v1{path}", deadline, {**self._credentials, **once}, fields)

    @property
    def _credentials(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.secret_key}"}


@attrs.frozen
class Stripe:
    """The backend: settings `secret_key`, `webhook_secret`, and others that have defaults."""

    calls: Calls = attrs.field(repr=False)
    name = "stripe"
    settings_schema = SCHEMA
    gateway_type = StripeGateway

    def connect(self, settings: Settings) -> StripeGateway:
        """The gateway as configured by settings that were checked against the schema before."""
        return StripeGateway(
            line=Line(
                self.calls, self.name, text(settings, "base_url", VENDORS_URL), secrets_in(SCHEMA, settings)
            ),
            secret_key=text(settings, "secret_key"),
            webhook_secret=text(settings, "webhook_secret"),
            is_manual=is_manual(settings),
        )


def _session(transaction_id: str) -> str:
    return f"/checkout/sessions/{quote(transaction_id, safe='')}"


def _intent(intent_id: str) -> str:
    return f"/payment_intents/{quote(intent_id, safe='')}"


def _required(session: Json) -> str:
    intent_id = sensible(lambda: dialect.intent_id(session))
    if intent_id is None:
        raise GatewayTrouble("the session has no payment behind it yet")
    return intent_id
