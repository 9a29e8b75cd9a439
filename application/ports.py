"""What the core needs from outside, storage and gateways apart (storage.py, gateways.py)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import attrs

from domain.ids import (
    CartId,
    CheckoutId,
    GatewayOrderId,
    OrderKey,
)
from domain.money import Currency


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Aware, UTC."""
        ...


class Keys(Protocol):
    """Random names that nobody can guess (at least 128 bits each)."""

    def order_key(self) -> OrderKey:
        """A new secret for an order."""
        ...

    def gateway_order_id(self) -> GatewayOrderId:
        """A new reference for a payment at its gateway; unique for ever."""
        ...

    def cart_id(self) -> CartId:
        """A new cart's name."""
        ...

    def checkout_id(self) -> CheckoutId:
        """A new name for the orders that come from one cart."""
        ...


class Passwords(Protocol):
    """Slow hashes of passwords (RFC 9106)."""

    def hash(self, password: str) -> str:
        """A salted hash of a new password."""
        ...

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is the right one; takes as long for nobody's hash (None)."""
        ...


class Currencies(Protocol):
    """The currencies there are. Source: ISO 4217."""

    def get(self, code: str) -> Currency | None:
        """The currency of that code, or None."""
        ...


@attrs.frozen(kw_only=True)
class RelayedEvent:
    """An event as stored for others; delivered at least once, always under the same `id`.

    Shape: `data` is the event's snapshot with its actor and reason, in JSON's types.
    Units: `attempts` counts how often it could not be told; being claimed is no attempt.
    """

    id: int
    type: str
    subject: str
    subject_id: int
    sequence: int
    occurred_at: datetime
    attempts: int
    data: Mapping[str, object]


class Outbox(Protocol):
    """The stored events that still have to be told to others.

    A claim is a lease, and known by its end: whoever names another one has lost it to somebody
    else, and what they say of the event is not written down.
    """

    def claim(self, now: datetime, until: datetime, limit: int) -> Sequence[RelayedEvent]:
        """The next events due, oldest first and one of each subject; nobody else gets them before `until`."""
        ...

    def delivered(self, ids: Iterable[int], claim: datetime, at: datetime) -> None:
        """They were told, by whoever claimed them until `claim`."""
        ...

    def postpone(self, event_id: int, claim: datetime, until: datetime, parked: bool) -> None:
        """It could not be told by whoever claimed it until `claim`: later again, or never if parked."""
        ...


class Publishes(Protocol):
    """Tells others what happened: receipts, webhooks, logs; done within 10 s."""

    def __call__(self, event: RelayedEvent) -> None:
        """Raises whatever it likes: the event comes again."""
        ...


@attrs.frozen(kw_only=True)
class IdempotencyScope:
    """Whose request it is, and which: caller, operation and target together with the client's key."""

    caller: str
    operation: str
    target: str
    key: str


@attrs.frozen
class KeptReply:
    """A successful answer, byte for byte."""

    status: int
    body: bytes


class IdempotencyKeys(Protocol):
    """Remembers what a client's key was answered, so that the same request acts once."""

    def claim(
        self, scope: IdempotencyScope, fingerprint: str, now: datetime, lease: timedelta
    ) -> KeptReply | None:
        """Take the key, or answer what it was answered before.

        Raises: IdempotencyKeyReused for another fingerprint, IdempotencyKeyInFlight while the
        first request runs (at most for the lease, should it have crashed).
        """
        ...

    def keep(self, scope: IdempotencyScope, until: datetime, reply: KeptReply, now: datetime) -> None:
        """Remember the answer, if the key is still held by whoever took it until then."""
        ...

    def free(self, scope: IdempotencyScope, until: datetime) -> None:
        """Forget the key, held as above: the request did not succeed."""
        ...


class Perishable(StrEnum):
    """What is only kept for a while."""

    EVENTS = "events"
    CALLBACKS = "callbacks"
    CARTS = "carts"
    KEYS = "keys"
    FAILURES = "failures"


class Prunes(Protocol):
    """Removes what is older than it has to be kept, by the way it was last of use.

    Events go once they were told, and of a subject the earliest first; callbacks once it is settled
    what they led to; carts unless an order from them waits for its money; keys with their replies.
    """

    def __call__(self, what: Perishable, before: datetime, limit: int) -> int:
        """Remove up to so many that were last of use before then; answers how many.

        Answers 0 as well while somebody else removes things of that kind.
        """
        ...


class Vault(Protocol):
    """Keeps what must be readable again, but not by whoever reads the database."""

    def seal(self, text: str) -> str:
        """A text that tells nothing without the shop's secret; different each time."""
        ...

    def open(self, sealed: str) -> str:
        """What was sealed. Raises: ValueError when it was not sealed by this secret, or was altered."""
        ...
