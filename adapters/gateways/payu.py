"""Backend `payu`: PayU's REST 2.1. Whether a point of sale holds money first is set there, not per order."""

from urllib.parse import quote

import attrs

from adapters.gateways import payu_dialect as dialect
from adapters.gateways.schemas import CAPTURE, CURRENCY, NAME, SECRET, base_url, schema, secrets_in, text
from adapters.gateways.talking import ABSENT, Line, declined, refused, sensible
from adapters.gateways.tokens import TokenLine, Tokens
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
from application.trouble import GatewayRefused, GatewayTrouble, TroubleKind
from domain.ids import GatewayOrderId
from domain.verdict import Verdict

VENDORS_URL = "https://secure.payu.com"

SCHEMA = schema(
    required={"pos_id": NAME, "client_id": NAME, "client_secret": SECRET, "second_key": SECRET},
    optional={
        "base_url": base_url(VENDORS_URL),
        "currency": {**CURRENCY, "default": "PLN"},
        "capture": CAPTURE,
    },
)

_REFUSALS = frozenset({400, 404, 422})

# A reference used before may be our own, and a fault of theirs is no refusal.
_NO_REFUSALS = frozenset({"ERROR_ORDER_NOT_UNIQUE", "ERROR_INTERNAL"})


@attrs.frozen(kw_only=True)
class PayuGateway:
    """One method's connection to a point of sale at PayU."""

    line: TokenLine
    pos_id: str
    second_key: str = attrs.field(repr=False)
    currency: str

    # Orders are found by its own number alone.
    capabilities = Capabilities(asks_by_reference=False, tells_holds=True)

    @property
    def base_url(self) -> str:
        """The address that its paths follow."""
        return self.line.line.base_url

    def initiate(self, opening: Opening) -> Opened:
        """Open an order there. Raises: GatewayRefused, GatewayTrouble."""
        if opening.amount.currency.code != self.currency:
            raise GatewayRefused(f"this method collects {self.currency} alone")
        request, ours = dialect.order_request(opening, self.pos_id), {opening.order_id, opening.callback_url}
        answer = self.line.ask("POST", "/api/v2_1/orders", self.line.line.deadline(), request)
        if _is_refused(answer):
            raise refused(answer, request, dialect.WORDS, ours)
        # Where the customer is sent on is told with a redirect that is meant for them.
        reply = self.line.line.told(answer, {200, 201, 302})
        return sensible(lambda: dialect.opened(reply, dialect.WORDS.kept(request, ours), ours))

    def parse_callback(self, received: Received, now: float) -> Claim:
        """Read a notification (POST); a return (GET) says nothing but that somebody is back.

        It tells no time, so an old one holds for ever. Raises: BadSignature, Malformed.
        """
        if received.method != "POST":
            return Claim(reference=None, transaction_id=None, claimed=None)
        dialect.ensure_signed(received.headers, received.body, self.second_key)
        return dialect.claim_of(received.body)

    def verify(
        self, order_id: GatewayOrderId, transaction_id: str | None, within_seconds: float | None = None
    ) -> Verdict:
        """Ask how the order stands. Raises: GatewayTrouble."""
        return self._verdict(order_id, transaction_id, self.line.line.deadline(within_seconds))

    def close(self, order_id: GatewayOrderId, transaction_id: str | None) -> Verdict:
        """Cancel the order, and ask how it stands: refused, it was too late. Raises: GatewayTrouble."""
        deadline = self.line.line.deadline()
        answer = self.line.ask("DELETE", _path(transaction_id), deadline)
        if not _is_refused(answer):
            self.line.line.told(answer)
        return self._verdict(order_id, transaction_id, deadline)

    def void(self, order_id: GatewayOrderId, transaction_id: str) -> Verdict:
        """Let held money go: to the gateway that is the same as cancelling. Raises: GatewayTrouble."""
        return self.close(order_id, transaction_id)

    def capture(self, instruction: Instruction) -> MoneyMove:
        """Take held money. Raises: GatewayTrouble."""
        amount = {"amount": str(instruction.amount.minor), "currencyCode": self.currency}
        path = f"{_path(instruction.transaction_id)}/captures"
        answer = self.line.ask("POST", path, self.line.line.deadline(), amount)
        if _is_refused(answer):
            return declined(answer, dialect.WORDS, dialect.code_of(answer.json_or_empty()))
        reply = self.line.line.told(answer)
        return sensible(lambda: dialect.captured(reply))

    def refund(self, instruction: Instruction) -> MoneyMove:
        """Give money back; it would give more than was paid, so we refuse that. Raises: GatewayTrouble."""
        if instruction.of < instruction.amount:
            return MoneyMove(status=MoveStatus.DECLINED, move_id=None, reason="more than was paid")
        amount = str(instruction.amount.minor)
        request = {"refund": {"description": f"Refund of {instruction.order_id}", "amount": amount}}
        path = f"{_path(instruction.transaction_id)}/refunds"
        answer = self.line.ask("POST", path, self.line.line.deadline(), request)
        if _is_refused(answer):
            return declined(answer, dialect.WORDS, dialect.code_of(answer.json_or_empty()))
        reply = self.line.line.told(answer)
        return sensible(lambda: dialect.refund_of(reply))

    def refund_status(self, transaction_id: str, move_id: str) -> MoneyMove:
        """How a refund stands. Raises: GatewayTrouble."""
        path = f"{_path(transaction_id)}/refunds/{quote(move_id, safe='')}"
        reply = self.line.line.told(self.line.ask("GET", path, self.line.line.deadline()))
        return sensible(lambda: dialect.refund_of(reply))

    def _verdict(self, order_id: GatewayOrderId, transaction_id: str | None, deadline: float) -> Verdict:
        answer = self.line.ask("GET", _path(transaction_id), deadline)
        if answer.status == 404 and dialect.code_of(answer.json_or_empty()) == "DATA_NOT_FOUND":
            return ABSENT
        reply = self.line.line.told(answer)
        return sensible(lambda: dialect.verdict_of(reply, order_id))


@attrs.frozen
class Payu:
    """The backend: settings `pos_id`, `client_id`, `client_secret`, `second_key`, others with defaults."""

    calls: Calls = attrs.field(repr=False)
    tokens: Tokens = attrs.field(factory=Tokens, repr=False)
    name = "payu"
    settings_schema = SCHEMA
    gateway_type = PayuGateway

    def connect(self, settings: Settings) -> PayuGateway:
        """The gateway as configured by settings that were checked against the schema before."""
        line = Line(
            self.calls, self.name, text(settings, "base_url", VENDORS_URL), secrets_in(SCHEMA, settings)
        )
        client = {name: text(settings, name) for name in ("client_id", "client_secret")}
        return PayuGateway(
            line=TokenLine(
                line=line,
                tokens=self.tokens,
                account=(line.base_url, *client.values()),
                path="/pl/standard/user/oauth/authorize",
                form={"grant_type": "client_credentials", **client},
            ),
            pos_id=text(settings, "pos_id"),
            second_key=text(settings, "second_key"),
            currency=text(settings, "currency", "PLN"),
        )


def _path(transaction_id: str | None) -> str:
    if transaction_id is None:
        raise GatewayTrouble("an order is found by its number alone", TroubleKind.NOT_SENT)
    return f"/api/v2_1/orders/{quote(transaction_id, safe='')}"


def _is_refused(answer: Answer) -> bool:
    """Whether it is a plain no: errors come with 200 as well."""
    code = dialect.code_of(answer.json_or_empty()) or ""
    is_no = answer.status in _REFUSALS or (answer.is_success and code.startswith("ERROR_"))
    return is_no and code not in _NO_REFUSALS
