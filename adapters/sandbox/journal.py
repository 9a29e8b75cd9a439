"""What happened to the money, and what was said on the wire."""

import itertools
import re
import threading
from collections import deque
from enum import StrEnum

import attrs

from adapters.sandbox.clock import Clock, iso
from adapters.sandbox.payments import Payment

_LOG_ENTRIES_MAX = 2000
_LOG_TEXT_MAX = 4096
_CARD_NUMBER = re.compile(r"(?<!\d)(?:\d(?:[ \-+]|%20|%2D)?){11,18}\d(?!\d)", re.ASCII)
_DIGIT = re.compile(r"\d", re.ASCII)
_SECRET_FIELD = re.compile(r"((?:^|[&\"?])(?:cvc|cvv|expiry|api_key|signing_secret)\"?[=:]\s*\"?)([^&\"]*)")


class Kind(StrEnum):
    """What can happen to money, or to the hope of it."""

    CREATED = "created"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    VOIDED = "voided"
    REFUNDED = "refunded"
    FAILED = "failed"
    EXPIRED = "expired"
    CHARGED_BACK = "charged_back"


@attrs.frozen
class Entry:
    """One move, numbered from 1. Units: `amount` in the smallest unit; `at` by the sandbox's clock."""

    seq: int
    at: str
    kind: Kind
    payment_id: str
    merchant_ref: str
    amount: int
    currency: str


class Journal:
    """The ground truth: every move of money, in order, never altered.

    A shop's books are right when they agree with this, whatever the answers and callbacks said on the way.
    """

    def __init__(self, clock: Clock, lock: threading.Condition) -> None:
        self._clock = clock
        self._lock = lock
        self._entries: list[Entry] = []

    def write(self, kind: Kind, payment: Payment, amount: int) -> None:
        # A card that is only registered moves nothing, and the journal is about what moves.
        if not amount:
            return
        with self._lock:
            self._entries.append(
                Entry(
                    seq=len(self._entries) + 1,
                    at=iso(self._clock.now()),
                    kind=kind,
                    payment_id=payment.id,
                    merchant_ref=payment.terms.merchant_ref,
                    amount=amount,
                    currency=payment.terms.currency,
                )
            )

    def entries(self) -> list[Entry]:
        with self._lock:
            return list(self._entries)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()


def hide(text: str) -> str:
    """Takes out of a text what must not be kept: card numbers but for six and four digits, and secrets."""
    return _SECRET_FIELD.sub(r"\1***", _CARD_NUMBER.sub(_masked, text))


def _masked(found: re.Match[str]) -> str:
    digits = "".join(_DIGIT.findall(found[0].replace("%20", "").replace("%2D", "")))
    return f"{digits[:6]}{'*' * (len(digits) - 10)}{digits[-4:]}"


@attrs.frozen
class Exchange:
    """One request and its answer. `direction` is `in` for what came to us, `out` for what we sent."""

    seq: int
    at: str
    direction: str
    method: str
    url: str
    status: int | None
    request: str
    reply: str
    faults: tuple[str, ...]


class TrafficLog:
    """The last requests in and out, for people who wonder what was said. Old ones make room for new ones."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._exchanges: deque[Exchange] = deque(maxlen=_LOG_ENTRIES_MAX)
        self._numbers = itertools.count(1)

    def note(
        self,
        direction: str,
        method: str,
        url: str,
        status: int | None,
        request: bytes,
        reply: bytes,
        faults: tuple[str, ...] = (),
    ) -> None:
        exchange = Exchange(
            seq=next(self._numbers),
            at=iso(self._clock.real()),
            direction=direction,
            method=method,
            url=hide(url),
            status=status,
            request=_readable(request),
            reply=_readable(reply),
            faults=faults,
        )
        self._exchanges.append(exchange)

    def exchanges(self) -> list[Exchange]:
        return list(self._exchanges)

    def clear(self) -> None:
        self._exchanges.clear()


def _readable(body: bytes) -> str:
    # Hidden first and cut afterwards: a card number across the cut would otherwise escape the pattern.
    return hide(body[: 2 * _LOG_TEXT_MAX].decode("utf-8", "replace"))[:_LOG_TEXT_MAX]
