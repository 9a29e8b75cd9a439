"""Backend `mollie`: Mollie's v2. Its notifications are unsigned by design and name a payment, no more."""

from urllib.parse import parse_qsl, quote

import attrs

from adapters.gateways import mollie_dialect as dialect
from adapters.gateways.reading import Json, hint
from adapters.gateways.schemas import CAPTURE, SECRET, base_url, is_manual, schema, secrets_in, text
from adapters.gateways.signing import QUERY_FIELDS_MAX
from adapters.gateways.talking import ABSENT, Line, declined, refused, sensible
from adapters.gateways.transport import Answer, Calls
from application.backends import Settings
from application.gateways import Capabilities, Claim, Instruction, MoneyMove, Opened, Opening, Received
from application.trouble import GatewayTrouble, Malformed, TroubleKind
from domain.ids import GatewayOrderId
from domain.verdict import Verdict

VENDORS_URL = "https://api.mollie.com"

SCHEMA = schema(
    required={"api_key": SECRET}, optional={"base_url": base_url(VENDORS_URL), "capture": CAPTURE}
)

_REFUSALS = frozenset({400, 404, 422})


@attrs.frozen(kw_only=True)
class MollieGateway:
    """One method's connection to a profile at Mollie."""

    line: Line
    api_key: str = attrs.field(repr=False)
    is_manual: bool = False

    # Payments are listed, but not looked up by what we called them.
    capabilities = Capabilities(asks_by_reference=False, tells_holds=True)

    @property
    def base_url(self) -> str:
        """The address that its paths follow."""
        return self.line.base_url

    def initiate(self, opening: Opening) -> Opened:
        """Open a payment there; the same key gives the same one, for an hour.

        Raises: GatewayRefused, GatewayTrouble.
        """
        request = dialect.payment_request(opening, is_manual=self.is_manual)
        ours = {opening.order_id, opening.callback_url}
        answer = self._ask("POST", "/payments", self.line.deadline(), request, opening.idempotency_key)
        if answer.status in _REFUSALS:
            raise refused(answer, request, dialect.WORDS, ours)
        reply = self.line.told(answer)
        return sensible(lambda: dialect.opened(reply, dialect.WORDS.kept(request, ours), opening.order_id))

    def parse_callback(self, received: Received, now: float) -> Claim:
        """Read a notification (POST): a form with the payment's name, worth a question and no more.

        A return (GET) says nothing at all. Raises: Malformed.
        """
        if received.method != "POST":
            return Claim(reference=None, transaction_id=None, claimed=None)
        try:
            fields = dict(parse_qsl(received.body.decode("ascii"), max_num_fields=QUERY_FIELDS_MAX))
        except ValueError:
            raise Malformed("no form that can be read") from None
        number = hint(fields, "id")
        if number is None:
            raise Malformed("id is missing")
        return Claim(reference=None, transaction_id=number, claimed=None, is_signed=False)

    def verify(
        self, order_id: GatewayOrderId, transaction_id: str | None, within_seconds: float | None = None
    ) -> Verdict:
        """Ask how the payment stands. Raises: GatewayTrouble."""
        return self._verdict(order_id, transaction_id, self.line.deadline(within_seconds))

    def close(self, order_id: GatewayOrderId, transaction_id: str | None) -> Verdict:
        """Cancel the payment, and ask how it stands: refused, it was too late. Raises: GatewayTrouble."""
        deadline = self.line.deadline()
        answer = self._ask("DELETE", _path(transaction_id), deadline)
        if answer.status not in _REFUSALS:
            self.line.told(answer, {200, 202})
        return self._verdict(order_id, transaction_id, deadline)

    def void(self, order_id: GatewayOrderId, transaction_id: str) -> Verdict:
        """Let held money go: to the gateway that is the same as cancelling. Raises: GatewayTrouble."""
        return self.close(order_id, transaction_id)

    def capture(self, instruction: Instruction) -> MoneyMove:
        """Take held money. Raises: GatewayTrouble."""
        return self._move("captures", instruction)

    def refund(self, instruction: Instruction) -> MoneyMove:
        """Give money back; it takes its time. Raises: GatewayTrouble."""
        return self._move("refunds", instruction)

    def refund_status(self, transaction_id: str, move_id: str) -> MoneyMove:
        """How a refund stands. Raises: GatewayTrouble."""
        path = f"{_path(transaction_id)}/refunds/{quote(move_id, safe='')}"
        reply = self.line.told(self._ask("GET", path, self.line.deadline()))
        return sensible(lambda: dialect.move_of(reply))

    def _move(self, what: str, instruction: Instruction) -> MoneyMove:
        amount = dialect.amount_of(instruction.amount)
        request = {"amount": amount, "description": f"Payment {instruction.order_id}"}
        path = f"{_path(instruction.transaction_id)}/{what}"
        answer = self._ask("POST", path, self.line.deadline(), request, instruction.idempotency_key)
        if answer.status in _REFUSALS:
            return declined(answer, dialect.WORDS)
        reply = self.line.told(answer)
        return sensible(lambda: dialect.move_of(reply))

    def _verdict(self, order_id: GatewayOrderId, transaction_id: str | None, deadline: float) -> Verdict:
        answer = self._ask("GET", _path(transaction_id), deadline)
        if answer.status == 404 and answer.json_or_empty().get("status") == 404:
            return ABSENT
        reply = self.line.told(answer)
        return sensible(lambda: dialect.verdict_of(reply, order_id))

    def _ask(
        self, method: str, path: str, deadline: float, request: Json | None = None, key: str | None = None
    ) -> Answer:
        once = {"Idempotency-Key": key} if key else {}
        headers = {"Authorization": f"Bearer {self.api_key}", **once}
        return self.line.ask_json(method, f"/v2{path}", deadline, headers, request)


@attrs.frozen
class Mollie:
    """The backend: setting `api_key`, and others that have defaults."""

    calls: Calls = attrs.field(repr=False)
    name = "mollie"
    settings_schema = SCHEMA
    gateway_type = MollieGateway

    def connect(self, settings: Settings) -> MollieGateway:
        """The gateway as configured by settings that were checked against the schema before."""
        return MollieGateway(
            line=Line(
                self.calls, self.name, text(settings, "base_url", VENDORS_URL), secrets_in(SCHEMA, settings)
            ),
            api_key=text(settings, "api_key"),
            is_manual=is_manual(settings),
        )


def _path(transaction_id: str | None) -> str:
    if transaction_id is None:
        raise GatewayTrouble("a payment is found by its number alone", TroubleKind.NOT_SENT)
    return f"/payments/{quote(transaction_id, safe='')}"
