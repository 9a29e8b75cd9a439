"""Backend `example`: Examplepay, a gateway that there is not; all that an adapter has to do is here."""

from collections.abc import Mapping
from urllib.parse import quote

import attrs

from adapters.gateways.cleaning import Vocabulary
from adapters.gateways.reading import Json, Unreadable, hint, minor, read_object, web_address, word
from adapters.gateways.schemas import BASE_URL, SECRET, schema, secrets_in, text
from adapters.gateways.signing import ensure_timed_header
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
from application.trouble import GatewayTrouble, Malformed, TroubleKind
from domain.ids import GatewayOrderId
from domain.verdict import Verdict, VerdictStatus

# What staff enter for a payment method. Secrets are never shown again, not even in errors.
SCHEMA = schema(required={"base_url": BASE_URL, "api_key": SECRET, "signing_key": SECRET}, optional={})

# A word that is not here tells us nothing: it is trouble, neither success nor failure.
STATUS_OF_WORD: Mapping[str, VerdictStatus] = {
    "waiting": VerdictStatus.PENDING,
    "paid": VerdictStatus.SUCCEEDED,
    "refused": VerdictStatus.FAILED,
    "expired": VerdictStatus.FAILED,
    "returned": VerdictStatus.REFUNDED,
}

STATUS_OF_REFUND: Mapping[str, MoveStatus] = {
    "pending": MoveStatus.PENDING,
    "done": MoveStatus.DONE,
    "refused": MoveStatus.DECLINED,
}

# What is kept of requests and answers: fields known to be harmless, then those that are identifiers.
WORDS = Vocabulary(
    frozenset({"amount", "paid", "currency", "state", "error"}),
    frozenset({"id", "reference", "page", "return_url", "notify_url"}),
)

# The gateway understood, and says no for good. Every other answer leaves open what happened.
_REFUSALS = frozenset({400, 422})


@attrs.frozen(kw_only=True)
class ExampleGateway:
    """One method's connection to Examplepay; cheap to make, safe to share between threads."""

    line: Line
    api_key: str = attrs.field(repr=False)
    signing_key: str = attrs.field(repr=False)

    capabilities = Capabilities(asks_by_reference=False)

    @property
    def base_url(self) -> str:
        """The address that its paths follow."""
        return self.line.base_url

    def initiate(self, opening: Opening) -> Opened:
        """Open a payment there. Raises: GatewayRefused, GatewayTrouble."""
        request: Json = {
            "reference": opening.order_id,
            "amount": opening.amount.minor,
            "currency": opening.amount.currency.code,
            "return_url": opening.callback_url,
            "notify_url": opening.callback_url,
        }
        ours = {opening.order_id, opening.callback_url}
        answer = self._post("/payments", request, opening.idempotency_key)
        if answer.status in _REFUSALS:
            raise refused(answer, request, WORDS, ours)
        reply = self.line.told(answer)
        return sensible(lambda: _opened(reply, request, ours))

    def parse_callback(self, received: Received, now: float) -> Claim:
        """Read a notification (POST); a return (GET) says nothing but that somebody is back.

        Raises: BadSignature, Malformed.
        """
        if received.method != "POST":
            return Claim(reference=None, transaction_id=None, claimed=None)
        header = received.headers.get("x-example-signature")
        ensure_timed_header(header, self.signing_key, received.body, now)
        return _claim_of(received.body)

    def verify(
        self, order_id: GatewayOrderId, transaction_id: str | None, within_seconds: float | None = None
    ) -> Verdict:
        """Ask how the payment stands: the only word that settles anything. Raises: GatewayTrouble."""
        if transaction_id is None:
            raise GatewayTrouble("a payment is found by its number alone", TroubleKind.NOT_SENT)
        answer = self._get(_path(transaction_id), within_seconds)
        if answer.status == 404 and hint(answer.json_or_empty(), "error") == "no_such_payment":
            return ABSENT
        reply = self.line.told(answer)
        return sensible(lambda: _verdict_of(reply, order_id))

    def refund(self, instruction: Instruction) -> MoneyMove:
        """Give money back. Raises: GatewayTrouble."""
        path, request = f"{_path(instruction.transaction_id)}/refunds", {"amount": instruction.amount.minor}
        answer = self._post(path, request, instruction.idempotency_key)
        if answer.status in _REFUSALS:
            return declined(answer, WORDS)
        reply = self.line.told(answer)
        return sensible(lambda: _refund_of(reply))

    def refund_status(self, transaction_id: str, move_id: str) -> MoneyMove:
        """How a refund stands. Raises: GatewayTrouble."""
        reply = self.line.told(self._get(f"/refunds/{quote(move_id, safe='')}"))
        return sensible(lambda: _refund_of(reply))

    def _get(self, path: str, within_seconds: float | None = None) -> Answer:
        return self.line.ask("GET", path, self.line.deadline(within_seconds), self._credentials)

    def _post(self, path: str, request: Json, key: str) -> Answer:
        headers = {**self._credentials, "Idempotency-Key": key}
        return self.line.ask_json("POST", path, self.line.deadline(), headers, request)

    @property
    def _credentials(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"}


@attrs.frozen
class Example:
    """The backend: what the entry point names. It is made once, with the way out to gateways."""

    calls: Calls = attrs.field(repr=False)
    name = "example"
    settings_schema = SCHEMA
    gateway_type = ExampleGateway

    def connect(self, settings: Settings) -> ExampleGateway:
        """The gateway as configured by settings that were checked against the schema before."""
        return ExampleGateway(
            line=Line(self.calls, self.name, text(settings, "base_url"), secrets_in(SCHEMA, settings)),
            api_key=text(settings, "api_key"),
            signing_key=text(settings, "signing_key"),
        )


def _path(transaction_id: str) -> str:
    return f"/payments/{quote(transaction_id, safe='')}"


def _opened(reply: Json, request: Json, ours: set[str]) -> Opened:
    # Whose payment it is has to be sure before a customer is sent to pay it.
    if word(reply, "reference") != request["reference"]:
        raise Unreadable("reference is not what was asked for")
    return Opened(
        transaction_id=word(reply, "id"),
        next_step=web_address(reply, "page"),
        request=WORDS.kept(request, ours),
        response=WORDS.kept(reply, ours),
    )


def _verdict_of(reply: Json, order_id: GatewayOrderId) -> Verdict:
    # Everything is told as it is; whether it fits the bill is for the core to say.
    code = word(reply, "state")
    status = STATUS_OF_WORD.get(code)
    if status is None:
        raise Unreadable("the state is a word that is not known")
    return Verdict(
        status=status,
        transaction_id=word(reply, "id"),
        reference=word(reply, "reference"),
        amount_minor=minor(reply, "amount"),
        captured_minor=minor(reply, "paid") if status is VerdictStatus.SUCCEEDED else None,
        currency=word(reply, "currency"),
        word=code,
        response=WORDS.kept(reply, {order_id}),
    )


def _refund_of(reply: Json) -> MoneyMove:
    status = STATUS_OF_REFUND.get(word(reply, "state"))
    if status is None:
        raise Unreadable("the state is a word that is not known")
    return MoneyMove(status=status, move_id=word(reply, "id"), response=WORDS.kept(reply))


def _claim_of(body: bytes) -> Claim:
    """What a notification says whose signature holds: only a hint, so that what is odd is left out."""
    try:
        told = read_object(body)
    except Unreadable as error:
        raise Malformed(str(error)) from None
    reference = hint(told, "reference")
    return Claim(
        reference=GatewayOrderId(reference) if reference else None,
        transaction_id=hint(told, "id"),
        claimed=STATUS_OF_WORD.get(hint(told, "state") or ""),
        event_id=hint(told, "event"),
    )
