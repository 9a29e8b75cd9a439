"""The port that every payment backend is behind: open a payment, hear of it, ask about it, close it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, runtime_checkable

import attrs

from domain.ids import GatewayOrderId
from domain.money import Money
from domain.people import Contact
from domain.verdict import Verdict, VerdictStatus

Settings = Mapping[str, object]


class GatewayTrouble(Exception):
    """The gateway did not answer sensibly; what happened there is unknown unless `sent` is false.

    Attributes:
        sent: whether the request may have reached the gateway.
        retry_after_seconds: when it asked to be tried again, if it did.
    """

    def __init__(self, detail: str, *, sent: bool = True, retry_after_seconds: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.sent = sent
        self.retry_after_seconds = retry_after_seconds


class GatewayRefused(Exception):
    """The gateway understood and said no, for good; `request` and `response` are JSON, cleaned."""

    def __init__(self, detail: str, request: str = "{}", response: str = "{}") -> None:
        super().__init__(detail)
        self.detail = detail
        self.request = request
        self.response = response


class BadSignature(Exception):
    """A callback that its gateway did not sign, or not lately."""


class Malformed(Exception):
    """A callback that cannot be read."""


@attrs.frozen(kw_only=True)
class Capabilities:
    """What a gateway can do, so that nobody has to try.

    `asks_by_reference`: it can be asked about a payment by our reference alone.
    `opens_idempotently`: the same request sent again opens nothing twice.
    """

    asks_by_reference: bool
    opens_idempotently: bool


@attrs.frozen(kw_only=True)
class Opening:
    """What a gateway is asked to collect. Units: money in the bill's currency; URLs absolute."""

    order_id: GatewayOrderId
    amount: Money
    callback_url: str
    idempotency_key: str
    buyer: Contact | None


@attrs.frozen(kw_only=True)
class Opened:
    """The gateway's answer to an opening; `request` and `response` are JSON, cleaned."""

    transaction_id: str | None
    next_step: str
    request: str
    response: str


@attrs.frozen(kw_only=True)
class Received:
    """A callback as it came in. Shape: header names in lower case; `query` undecoded."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@attrs.frozen(kw_only=True)
class Claim:
    """What a callback says; worth no more than a reason to ask the gateway."""

    reference: GatewayOrderId | None
    transaction_id: str | None
    claimed: VerdictStatus | None
    event_id: str | None = None


@runtime_checkable
class Gateway(Protocol):
    """One payment method's connection to its gateway; no call is ever made inside a transaction."""

    capabilities: Capabilities

    def initiate(self, opening: Opening) -> Opened:
        """Open a payment there. Raises: GatewayRefused, GatewayTrouble."""
        ...

    def parse_callback(self, received: Received, now: float) -> Claim:
        """Read a callback: pure, no I/O. Units: `now` in Unix seconds. Raises: BadSignature, Malformed."""
        ...

    def verify(
        self, order_id: GatewayOrderId, transaction_id: str | None, within_seconds: float | None = None
    ) -> Verdict:
        """Ask the gateway itself, within the total deadline. Raises: GatewayTrouble."""
        ...


@runtime_checkable
class ClosesBills(Protocol):
    """A gateway where an unpaid payment can be closed, so that it takes no money any more."""

    def close(self, order_id: GatewayOrderId, transaction_id: str | None) -> Verdict:
        """Close it and say how it stands afterwards. Raises: GatewayTrouble."""
        ...


class OfflineKind(StrEnum):
    """How the customer pays where no gateway is asked. Source: settings of backend `manual`."""

    DIRECT = "direct"
    CASH_ON_DELIVERY = "cash_on_delivery"
    BANK_TRANSFER = "bank_transfer"
    PAY_IN_ADVANCE = "pay_in_advance"


@attrs.frozen(kw_only=True)
class OfflineTerms:
    """How an offline method is paid.

    `hold`: how long the goods wait for the money, None for ever; `due`: how long the customer is
    given for it, as they are told.
    """

    kind: OfflineKind
    instructions: str | None = None
    hold: timedelta | None = None
    due: timedelta | None = None

    def due_at(self, now: datetime) -> datetime | None:
        """When the money has to be there: what ends sooner, the customer's time or the hold."""
        ends = [span for span in (self.hold, self.due) if span is not None]
        return now + min(ends) if ends else None


class Backend(Protocol):
    """A kind of gateway adapter: what its settings look like, and how to connect a method to it.

    Shape: `settings_schema` is a JSON Schema (2020-12); secret settings are marked `writeOnly`.
    """

    name: str
    settings_schema: Mapping[str, object]


@runtime_checkable
class OnlineBackend(Backend, Protocol):
    """A backend with a gateway behind it."""

    def connect(self, settings: Settings) -> Gateway:
        """The gateway as configured by a method's settings."""
        ...


@runtime_checkable
class OfflineBackend(Backend, Protocol):
    """A backend that asks nobody: staff give their word for the money."""

    def terms(self, settings: Settings) -> OfflineTerms:
        """How this method is paid."""
        ...


class ChecksSettings(Protocol):
    """Holds a method's settings against its backend's schema."""

    def checked(self, backend: Backend, kept: Settings, given: Settings | None) -> Settings:
        """The settings to store: what was given, secrets left out as kept. Raises: Invalid, naming each."""
        ...

    def shown(self, backend: Backend, settings: Settings) -> Settings:
        """The settings without their secrets."""
        ...
