"""Backend `sandbox`: the project's own stand-in for a bank, in its native dialect."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

import attrs

from adapters.gateways import sandbox_dialect as dialect
from adapters.gateways.reading import Json
from adapters.gateways.schemas import BASE_URL, CAPTURE, SECRET, is_manual, schema, secrets_in, text
from adapters.gateways.signing import ensure_timed_header, signed_query
from adapters.gateways.talking import Line, declined, refused, sensible
from adapters.gateways.transport import Answer, Calls
from application.backends import Settings
from application.gateways import Capabilities, Claim, Instruction, MoneyMove, Opened, Opening, Received
from domain.ids import GatewayOrderId
from domain.verdict import Verdict, VerdictStatus

SCHEMA = schema(
    required={"base_url": BASE_URL, "api_key": SECRET, "signing_secret": SECRET},
    optional={"capture": CAPTURE},
)

_REFUSALS = frozenset({400, 404, 422})

# Too late for it (409) or never heard of it (404): asking tells, as after a success.
_ASK_AFTER = frozenset({404, 409})


@attrs.frozen
class SandboxGateway:
    """One method's connection to a sandbox gateway; cheap to make, safe to share between threads."""

    line: Line
    api_key: str = attrs.field(repr=False)
    signing_secret: str = attrs.field(repr=False)
    is_manual: bool = False

    capabilities = Capabilities(asks_by_reference=True, tells_holds=True)

    @property
    def base_url(self) -> str:
        """The address that its paths follow."""
        return self.line.base_url

    def initiate(self, opening: Opening) -> Opened:
        """Open a payment there. Raises: GatewayRefused, GatewayTrouble."""
        request = dialect.create_request(opening, is_manual=self.is_manual)
        ours = {opening.order_id, opening.callback_url}
        answer = self._post("/v1/payments", request, self.line.deadline(), opening.idempotency_key)
        if answer.status in _REFUSALS:
            raise refused(answer, request, dialect.WORDS, ours)
        reply = self.line.told(answer)
        return sensible(lambda: dialect.opened(reply, request, ours))

    def parse_callback(self, received: Received, now: float) -> Claim:
        """Read a notification (POST) or a return (GET). Raises: BadSignature, Malformed."""
        if received.method == "POST":
            header = received.headers.get("x-sandbox-signature")
            ensure_timed_header(header, self.signing_secret, received.body, now)
            return dialect.claim_of_notification(received.body)
        return dialect.claim_of_return(signed_query(received.query, self.signing_secret))

    def verify(
        self, order_id: GatewayOrderId, transaction_id: str | None, within_seconds: float | None = None
    ) -> Verdict:
        """Ask how the payment stands, by its id there or by our reference. Raises: GatewayTrouble."""
        return self._verdict(order_id, transaction_id, self.line.deadline(within_seconds))

    def close(self, order_id: GatewayOrderId, transaction_id: str | None) -> Verdict:
        """Void it, so that it takes no money any more, and ask how it stands. Raises: GatewayTrouble."""
        deadline = self.line.deadline()
        if transaction_id is None:
            found = self._verdict(order_id, None, deadline)
            if found.transaction_id is None:
                return found
            transaction_id = found.transaction_id
        answer = self._post(f"{_path(transaction_id)}/void", {}, deadline, f"{order_id}:void:1")
        if answer.status not in _ASK_AFTER:
            self.line.told(answer)
        return self._verdict(order_id, transaction_id, deadline)

    def void(self, order_id: GatewayOrderId, transaction_id: str) -> Verdict:
        """Let held money go: to the gateway that is the same as closing. Raises: GatewayTrouble."""
        return self.close(order_id, transaction_id)

    def capture(self, instruction: Instruction) -> MoneyMove:
        """Take held money. Raises: GatewayTrouble."""
        answer = self._move("capture", instruction)
        if answer.status in _REFUSALS:
            return declined(answer, dialect.WORDS)
        reply = self.line.told(answer)
        return sensible(lambda: dialect.captured(reply))

    def refund(self, instruction: Instruction) -> MoneyMove:
        """Give money back. Raises: GatewayTrouble."""
        answer = self._move("refunds", instruction)
        if answer.status in _REFUSALS:
            return declined(answer, dialect.WORDS)
        reply = self.line.told(answer)
        return sensible(lambda: dialect.refund_of(reply))

    def refund_status(self, transaction_id: str, move_id: str) -> MoneyMove:
        """How a refund stands. Raises: GatewayTrouble."""
        path = f"/v1/refunds/{quote(move_id, safe='')}"
        reply = self.line.told(self.line.ask("GET", path, self.line.deadline(), self._credentials))
        return sensible(lambda: dialect.refund_of(reply))

    @property
    def _credentials(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"}

    def _post(self, path: str, request: Json, deadline: float, key: str) -> Answer:
        headers = {**self._credentials, "Idempotency-Key": key}
        return self.line.ask_json("POST", path, deadline, headers, request)

    def _move(self, what: str, instruction: Instruction) -> Answer:
        path = f"{_path(instruction.transaction_id)}/{what}"
        request = {"amount": instruction.amount.minor}
        return self._post(path, request, self.line.deadline(), instruction.idempotency_key)

    def _verdict(self, order_id: GatewayOrderId, transaction_id: str | None, deadline: float) -> Verdict:
        if transaction_id is not None:
            answer = self.line.ask("GET", _path(transaction_id), deadline, self._credentials)
            # An id that is not known is no proof yet that there is no such payment.
            if answer.status != 404:
                payment = self.line.told(answer)
                return sensible(lambda: dialect.verdict_of(payment, order_id))
        query = urlencode({"merchant_ref": order_id})
        found = self.line.told(self.line.ask("GET", f"/v1/payments?{query}", deadline, self._credentials))
        only = sensible(lambda: dialect.only_item(found))
        if only is None:
            return Verdict(status=VerdictStatus.ABSENT)
        return sensible(lambda: dialect.verdict_of(only, order_id))


@attrs.frozen
class Sandbox:
    """The backend: settings `base_url`, `api_key`, `signing_secret`, and `capture` if wanted."""

    calls: Calls = attrs.field(repr=False)
    name = "sandbox"
    settings_schema = SCHEMA
    gateway_type = SandboxGateway

    def connect(self, settings: Settings) -> SandboxGateway:
        """The gateway as configured by settings that were checked against the schema before."""
        return SandboxGateway(
            Line(self.calls, self.name, text(settings, "base_url"), secrets_in(SCHEMA, settings)),
            api_key=text(settings, "api_key"),
            signing_secret=text(settings, "signing_secret"),
            is_manual=is_manual(settings),
        )


def _path(transaction_id: str) -> str:
    return f"/v1/payments/{quote(transaction_id, safe='')}"
