"""The port that every payment backend is behind: open a payment, hear of it, ask about it, close it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol, runtime_checkable

import attrs

from domain.ids import GatewayOrderId
from domain.money import Money
from domain.people import Contact
from domain.verdict import Verdict, VerdictStatus


@attrs.frozen(kw_only=True)
class Capabilities:
    """What a gateway can do, so that nobody has to try.

    `asks_by_reference`: it can be asked about a payment by our reference alone. `tells_holds`: what it
    says of money that it holds, it never says of money that it has taken; where that is not so, or not
    told, a hold is never let go on our own guess. What else it can do is told by the protocols that it
    keeps to: ClosesBills, HoldsMoney, Refunds and so on.
    """

    asks_by_reference: bool
    tells_holds: bool = False


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
    """What a callback says; worth no more than a reason to ask the gateway.

    `transaction_id`: the payment's number there, of the same kind as in Opened. `is_signed`: its gateway
    alone can have sent it, so that it is always asked.
    """

    reference: GatewayOrderId | None
    transaction_id: str | None
    claimed: VerdictStatus | None
    event_id: str | None = None
    is_signed: bool = True


@runtime_checkable
class Gateway(Protocol):
    """One payment method's connection to its gateway; no call is ever made inside a transaction.

    `base_url` is where it is: whatever keeps one method from it keeps all others from it too.
    """

    capabilities: Capabilities

    @property
    def base_url(self) -> str:
        """The address that its paths follow."""
        ...

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


@runtime_checkable
class CollectsApproved(Protocol):
    """A gateway that takes what the customer approved only when we say so, in a call of its own."""

    def collect(
        self, order_id: GatewayOrderId, transaction_id: str, within_seconds: float | None = None
    ) -> Verdict:
        """Take it, and say how it stands afterwards; again it changes nothing. Raises: GatewayTrouble."""
        ...


@runtime_checkable
class ConfirmsCallbacks(Protocol):
    """A gateway whose signatures only it can check itself."""

    def confirms(self, received: Received, within_seconds: float) -> bool:
        """Ask whether a callback that could be read is its own. Raises: GatewayTrouble."""
        ...


@attrs.frozen(kw_only=True)
class Instruction:
    """What to do with money that a gateway holds or has taken.

    `amount` is the part meant, `of` the whole of the bill; `idempotency_key` is
    `{order_id}:{operation}:{n}`, stored before it is sent, and the same whenever it is sent again.
    """

    order_id: GatewayOrderId
    transaction_id: str
    amount: Money
    of: Money
    idempotency_key: str

    @property
    def is_whole(self) -> bool:
        """Whether all of the bill is meant."""
        return self.amount == self.of


class MoveStatus(StrEnum):
    """How moving money went: DONE, PENDING until the gateway says more, or DECLINED for good."""

    DONE = "done"
    PENDING = "pending"
    DECLINED = "declined"


@attrs.frozen(kw_only=True)
class MoneyMove:
    """A gateway's answer to an instruction.

    `move_id` is its name there, if it has one; `reason` why it was declined; `response` is JSON, cleaned.
    """

    status: MoveStatus
    move_id: str | None
    reason: str | None = None
    response: str = "{}"


@runtime_checkable
class HoldsMoney(Protocol):
    """A gateway that can hold money now and take it later, or let it go."""

    def capture(self, instruction: Instruction) -> MoneyMove:
        """Take held money. Raises: GatewayTrouble."""
        ...

    def void(self, order_id: GatewayOrderId, transaction_id: str) -> Verdict:
        """Let held money go, and say how it stands afterwards. Raises: GatewayTrouble."""
        ...


@runtime_checkable
class Refunds(Protocol):
    """A gateway that gives money back."""

    def refund(self, instruction: Instruction) -> MoneyMove:
        """Give it back, all or in part. Raises: GatewayTrouble."""
        ...


@runtime_checkable
class TracksRefunds(Protocol):
    """A gateway that can be asked about a refund afterwards; some settle it only in days."""

    def refund_status(self, transaction_id: str, move_id: str) -> MoneyMove:
        """How a refund stands. Raises: GatewayTrouble, also where it knows no such refund."""
        ...


@attrs.frozen(kw_only=True)
class CardRegistration:
    """A card that a customer is about to save: its name at the gateway, and where they enter it."""

    card_id: str
    next_step: str
    response: str


@runtime_checkable
class SavesCards(Protocol):
    """A gateway where a customer can save a card, to be charged without them."""

    def register_card(self, callback_url: str) -> CardRegistration:
        """Begin saving a card. Raises: GatewayRefused, GatewayTrouble."""
        ...

    def charge_card(self, opening: Opening, card_id: str) -> Verdict:
        """Collect from a saved card at once; never sent twice. Raises: GatewayRefused, GatewayTrouble."""
        ...
