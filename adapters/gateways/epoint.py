"""Backend `epoint`: epoint.az, the gateway that the notes name. It can be asked only by its own numbers."""

from collections.abc import Mapping

import attrs

from adapters.gateways import epoint_dialect as dialect
from adapters.gateways.reading import Json
from adapters.gateways.schemas import (
    CAPTURE,
    MANUAL,
    NAME,
    SECRET,
    base_url,
    is_manual,
    schema,
    secrets_in,
    text,
)
from adapters.gateways.talking import Line, refused, sensible
from adapters.gateways.transport import Answer, Calls
from application.backends import Settings
from application.gateways import (
    Capabilities,
    CardRegistration,
    Claim,
    Instruction,
    MoneyMove,
    Opened,
    Opening,
    Received,
)
from application.trouble import GatewayRefused, GatewayTrouble, TroubleKind
from domain.ids import GatewayOrderId
from domain.money import Money
from domain.verdict import Verdict

VENDORS_URL = "https://epoint.az"

SCHEMA: Mapping[str, object] = {
    **schema(
        required={"public_key": NAME, "private_key": SECRET},
        optional={
            "base_url": base_url(VENDORS_URL),
            "currency": {"type": "string", "enum": ["AZN", "USD", "EUR", "RUB"], "default": "AZN"},
            "language": {"type": "string", "enum": ["az", "en", "ru"], "default": "az"},
            "capture": CAPTURE,
            "split_user": NAME,
            "split_percent": {
                "type": "integer",
                "minimum": 1,
                "maximum": 99,
                "description": "the other merchant's part, 1 to 99 per cent",
            },
        },
    ),
    "dependentRequired": {"split_user": ["split_percent"], "split_percent": ["split_user"]},
    # There is no call that both holds and splits.
    "not": {"required": ["split_user", "capture"], "properties": {"capture": {"const": MANUAL}}},
    "description": "split_user and split_percent together, and not with capture manual",
}

_REFUSALS = frozenset({400, 404, 422})


@attrs.frozen
class Split:
    """The part of each payment that goes to another merchant."""

    user: str
    percent: int

    def part_of(self, amount: Money) -> Money:
        """What the other one gets."""
        return amount.allocate((self.percent, 100 - self.percent))[0]


@attrs.frozen(kw_only=True)
class EpointGateway:
    """One method's connection to an account at epoint.az."""

    line: Line
    public_key: str
    private_key: str = attrs.field(repr=False)
    currency: str = "AZN"
    language: str = "az"
    is_manual: bool = False
    split: Split | None = None

    # No call of its documents finds a payment by our reference, and none can be sent twice; that money
    # was held and that it was taken is one word there.
    capabilities = Capabilities(asks_by_reference=False, tells_holds=False)

    @property
    def base_url(self) -> str:
        """The address that its paths follow."""
        return self.line.base_url

    def initiate(self, opening: Opening) -> Opened:
        """Open a payment there, or a hold. Raises: GatewayRefused, GatewayTrouble."""
        request: Json = {
            **self._terms(opening),
            "success_redirect_url": opening.callback_url,
            "error_redirect_url": opening.callback_url,
        }
        path = "/pre-auth-request" if self.is_manual else "/request"
        if self.split:
            part = self.split.part_of(opening.amount).decimal()
            path, request = "/split-request", {**request, "split_user": self.split.user, "split_amount": part}
        ours = {opening.order_id, opening.callback_url}
        reply = self._accepted(path, request, ours, is_final=False)
        return sensible(lambda: dialect.opened(reply, dialect.WORDS.kept(request, ours)))

    def parse_callback(self, received: Received, now: float) -> Claim:
        """Read a callback (POST); a return (GET) says nothing but that somebody is back.

        Neither carries a time, so an old one holds for ever: it is only ever a reason to ask.
        Raises: BadSignature, Malformed.
        """
        if received.method != "POST":
            return Claim(reference=None, transaction_id=None, claimed=None)
        told = dialect.opened_envelope(received.body, self.private_key)
        return dialect.claim_of(told, is_hold=self.is_manual)

    def verify(
        self, order_id: GatewayOrderId, transaction_id: str | None, within_seconds: float | None = None
    ) -> Verdict:
        """Ask how the payment stands, by its number there. Raises: GatewayTrouble."""
        if transaction_id is None:
            raise GatewayTrouble("a payment is found by its number alone", TroubleKind.NOT_SENT)
        return self._verdict(order_id, transaction_id, self.line.deadline(within_seconds))

    def capture(self, instruction: Instruction) -> MoneyMove:
        """Take held money. Raises: GatewayTrouble."""
        amount = instruction.amount.decimal()
        request = {"transaction": instruction.transaction_id, "amount": amount}
        return self._move("/pre-auth-complete", request, self.line.deadline())

    def void(self, order_id: GatewayOrderId, transaction_id: str) -> Verdict:
        """Let held money go, and ask how it stands, whatever was said to that. Raises: GatewayTrouble."""
        deadline = self.line.deadline()
        self._move("/reverse", self._reversal(transaction_id), deadline)
        return self._verdict(order_id, transaction_id, deadline)

    def refund(self, instruction: Instruction) -> MoneyMove:
        """Give money back; a second part may be refused there. Never sent twice. Raises: GatewayTrouble."""
        request = self._reversal(instruction.transaction_id)
        if not instruction.is_whole:
            request = {**request, "amount": instruction.amount.decimal()}
        return self._move("/reverse", request, self.line.deadline())

    def register_card(self, callback_url: str) -> CardRegistration:
        """Begin saving a card. Raises: GatewayRefused, GatewayTrouble."""
        urls = {"success_redirect_url": callback_url, "error_redirect_url": callback_url}
        request = {"language": self.language, **urls}
        reply = self._accepted("/card-registration", request, {callback_url}, is_final=False)
        return sensible(lambda: dialect.card_registration(reply))

    def charge_card(self, opening: Opening, card_id: str) -> Verdict:
        """Collect from a saved card at once; never sent twice. Raises: GatewayRefused, GatewayTrouble."""
        request = {**self._terms(opening), "card_id": card_id}
        reply = self._accepted("/execute-pay", request, {opening.order_id}, is_final=True)
        return sensible(lambda: dialect.verdict_of(reply, self.currency, opening.order_id, is_hold=False))

    def _terms(self, opening: Opening) -> Json:
        if opening.amount.currency.code != self.currency:
            raise GatewayRefused(f"this method collects {self.currency} alone")
        return {
            "amount": opening.amount.decimal(),
            "currency": self.currency,
            "language": self.language,
            "order_id": opening.order_id,
            "description": f"Payment {opening.order_id}",
        }

    def _reversal(self, transaction_id: str) -> Json:
        return {"transaction": transaction_id, "currency": self.currency, "language": self.language}

    def _verdict(self, order_id: GatewayOrderId, transaction_id: str, deadline: float) -> Verdict:
        reply = self._told("/get-status", {"transaction": transaction_id}, deadline)
        return sensible(lambda: dialect.verdict_of(reply, self.currency, order_id, is_hold=self.is_manual))

    def _move(self, path: str, request: Json, deadline: float) -> MoneyMove:
        reply = self._told(path, request, deadline)
        return sensible(lambda: dialect.move_of(reply))

    def _accepted(self, path: str, request: Json, ours: set[str], *, is_final: bool) -> Json:
        """The answer, unless it is a plain no: failures come with 200 as well, so the body decides.

        Where the answer is final, an error with a transaction is a payment that failed.
        """
        answer = self._ask(path, request, self.line.deadline())
        if answer.status in _REFUSALS:
            raise refused(answer, request, dialect.WORDS, ours)
        reply = self.line.told(answer)
        if reply.get("status") == "error" and not (is_final and reply.get("transaction")):
            raise refused(answer, request, dialect.WORDS, ours)
        return reply

    def _told(self, path: str, request: Json, deadline: float) -> Json:
        return self.line.told(self._ask(path, request, deadline), {200, 201, *_REFUSALS})

    def _ask(self, path: str, request: Json, deadline: float) -> Answer:
        fields = dialect.sealed(self.private_key, {"public_key": self.public_key, **request})
        return self.line.ask_form(f"/api/1{path}", deadline, {}, fields)


@attrs.frozen
class Epoint:
    """The backend: settings `public_key`, `private_key`, and others that have defaults."""

    calls: Calls = attrs.field(repr=False)
    name = "epoint"
    settings_schema = SCHEMA
    gateway_type = EpointGateway

    def connect(self, settings: Settings) -> EpointGateway:
        """The gateway as configured by settings that were checked against the schema before."""
        percent = settings.get("split_percent")
        return EpointGateway(
            line=Line(
                self.calls, self.name, text(settings, "base_url", VENDORS_URL), secrets_in(SCHEMA, settings)
            ),
            public_key=text(settings, "public_key"),
            private_key=text(settings, "private_key"),
            currency=text(settings, "currency", "AZN"),
            language=text(settings, "language", "az"),
            is_manual=is_manual(settings),
            split=Split(text(settings, "split_user"), percent) if isinstance(percent, int) else None,
        )
