"""Callbacks as they are planned: which are sent, when, how often, and what is wrong with them."""

import threading
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import attrs

from adapters.sandbox.clock import Names
from adapters.sandbox.faults import Strike, has
from adapters.sandbox.payments import HOLDS_MONEY, Payment, Refund, Status
from adapters.sandbox.replies import Wording

RETRY_DELAYS_SECONDS = (0, 1, 5, 30, 300)

_COPIES_USUALLY = 4
_COPIES_MAX = 100
_DELAY_MS_USUALLY = 2000
_HOLD_MS_USUALLY = 3000


class State(StrEnum):
    """Where a delivery stands; a pending one has tries left."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    DROPPED = "dropped"


@attrs.frozen
class Event:
    """Something that happened to a payment, with the payment as it stood then, and the refund if it was one.

    Units: `created` in seconds of real time, as all that a shop may compare with its own clock.
    """

    id: str
    type: str
    payment: Payment
    created: int
    refund: Refund | None = None


@attrs.frozen
class Outgoing:
    """A request ready to be sent."""

    method: str
    url: str
    headers: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes = b""


class Dialect(Wording, Protocol):
    """How one kind of merchant is spoken to."""

    def events(self, payment: Payment, refund: Refund | None) -> Sequence[str]:
        """Names what the shop is told of when this has happened; nothing where it is told nothing."""
        ...

    def compose(self, delivery: "Delivery") -> Outgoing:
        """Writes a callback, signed for this very try, with the delivery's mischief worked in."""
        ...

    def way_back(self, payment: Payment, strikes: Sequence[Strike]) -> str:
        """Says where the buyer goes from the hosted page, as the faults of the moment would have it."""
        ...


@attrs.define(eq=False)
class Delivery:
    """One callback, and what has become of it.

    Attributes:
        mischief: what is wrong with its content.
        ready: a request that needs no composing.
        followers: deliveries that wait, one behind the other, until this one has been tried.
    """

    id: str
    event: Event
    method: str
    url: str
    due: float
    mischief: Sequence[Strike] = ()
    ready: Outgoing | None = None
    attempts: int = 0
    response_status: int | None = None
    state: State = State.PENDING
    followers: list["Delivery"] = attrs.field(factory=list)
    _tried: threading.Event = attrs.field(factory=threading.Event, init=False)

    def await_first_try(self, timeout_seconds: float) -> None:
        self._tried.wait(timeout_seconds)

    def note_try(self, status: int | None) -> None:
        """Records an answer; None stands for no answer at all.

        A GET is how a buyer returns, and shops answer that by sending them on, so 3xx is a good answer to it.
        """
        self.attempts += 1
        self.response_status = status
        ceiling = 400 if self.method == "GET" else 300
        if status is not None and 200 <= status < ceiling:
            self.state = State.DELIVERED
        elif self.attempts >= len(RETRY_DELAYS_SECONDS):
            self.state = State.FAILED

    def release(self) -> None:
        """Lets go of whoever waits for the first try."""
        self._tried.set()


@attrs.frozen
class Plan:
    """What an event leads to.

    Attributes:
        at_once: deliveries to start when due; their followers come after them.
        hold_seconds: how long to keep everything back for a later event to overtake it, None for not at all.
    """

    at_once: tuple[Delivery, ...]
    hold_seconds: float | None = None

    def all(self) -> list[Delivery]:
        found = list(self.at_once)
        for delivery in found:
            found.extend(delivery.followers)
        return found


def plan(events: Sequence[Event], strikes: Sequence[Strike], names: Names, now: float) -> Plan:
    """Turns what happened at one moment into deliveries, as the faults of the moment would have them."""
    together = [delivery for event in events for delivery in _together(event, strikes, names, now)]
    held = has(strikes, "reorder")
    return Plan(tuple(together), held.number("ms", _HOLD_MS_USUALLY) / 1000 if held else None)


def _together(event: Event, strikes: Sequence[Strike], names: Names, now: float) -> list[Delivery]:
    delayed = has(strikes, "delay_ms")
    first = Delivery(
        id=names.fresh("dlv"),
        event=event,
        method="GET" if has(strikes, "get_instead_of_post", "get_then_post") else "POST",
        url=event.payment.terms.notify_url or "",
        due=now + (delayed.number("ms", _DELAY_MS_USUALLY) / 1000 if delayed else 0),
        mischief=strikes,
    )
    if has(strikes, "drop"):
        first.state = State.DROPPED
    together = [first]
    if has(strikes, "post_then_get", "get_then_post"):
        together.append(twin(first, names, method="GET" if first.method == "POST" else "POST"))
    repeated = has(strikes, "duplicate")
    if repeated:
        together += _copies(first, min(repeated.whole("n", _COPIES_USUALLY), _COPIES_MAX), names)
    return together


def twin(delivery: Delivery, names: Names, *, method: str | None = None, is_new: bool = False) -> Delivery:
    """Makes another delivery of the same event, or of an event that differs in nothing but its id."""
    event = attrs.evolve(delivery.event, id=names.fresh("evt")) if is_new else delivery.event
    return Delivery(
        id=names.fresh("dlv"),
        event=event,
        method=method or delivery.method,
        url=delivery.url,
        due=delivery.due,
        mischief=delivery.mischief,
    )


def _copies(first: Delivery, count: int, names: Names) -> list[Delivery]:
    """Repeats a delivery in four ways in turn: same or new event id, beside the first or after it."""
    beside = []
    for number in range(count):
        copy = twin(first, names, is_new=number % 4 in {1, 2})
        if number % 2 == 0:
            beside.append(copy)
        else:
            first.followers.append(copy)
    return beside


def stale_failure(delivery: Delivery, names: Names, dialect: Dialect) -> Delivery | None:
    """Makes the out-of-date word of failure that reaches the shop after a success; None if there was none."""
    payment = delivery.event.payment
    if payment.status not in HOLDS_MONEY:
        return None
    failed = attrs.evolve(
        payment, status=Status.FAILED, amount_authorized=0, amount_captured=0, amount_refunded=0
    )
    stale = twin(delivery, names, is_new=True)
    types = dialect.events(failed, None)
    stale.event = attrs.evolve(stale.event, type=types[-1] if types else stale.event.type, payment=failed)
    return stale
