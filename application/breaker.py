"""A breaker: whether a gateway is worth calling, by how its latest uses ended."""

from collections import deque
from enum import StrEnum

import attrs

from application.policy import (
    BREAKER_CALLS_KEPT_MAX,
    BREAKER_CALLS_MIN,
    BREAKER_FAILED_SHARE,
    BREAKER_WINDOW_SECONDS,
)

# Whoever comes while a probe is out is told to come back this soon.
PROBE_SECONDS = 1.0


class BreakerState(StrEnum):
    """CLOSED: all may call. OPEN: nobody. HALF_OPEN: one probe is out, and what it hears decides."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@attrs.define(kw_only=True)
class Breaker:
    """Whether a gateway is worth calling, by how its latest uses ended; it is told the time.

    Units: `pause_seconds` is how long it stays open before one use is let through to try.
    """

    pause_seconds: float
    _ended: deque[tuple[float, bool]] = attrs.field(
        factory=lambda: deque(maxlen=BREAKER_CALLS_KEPT_MAX), init=False
    )
    _opened_at: float | None = attrs.field(default=None, init=False)
    _is_probing: bool = attrs.field(default=False, init=False)

    @property
    def state(self) -> BreakerState:
        """How it stands; open until the probe is let through."""
        if self._opened_at is None:
            return BreakerState.CLOSED
        return BreakerState.HALF_OPEN if self._is_probing else BreakerState.OPEN

    def wait_seconds(self, now: float) -> float:
        """How long it lets nobody through; 0 when the next may call."""
        if self._opened_at is None:
            return 0.0
        return PROBE_SECONDS if self._is_probing else max(0.0, self._opened_at + self.pause_seconds - now)

    def admit(self) -> bool:
        """Let one use through when there is no wait; answers whether it is the probe."""
        self._is_probing = self._opened_at is not None
        return self._is_probing

    def note(self, now: float, *, is_answered: bool, is_probe: bool) -> None:
        """A use has ended. While the breaker is not closed only the probe's end counts."""
        if is_probe:
            self._is_probing = False
            self._opened_at = None if is_answered else now
            self._ended.clear()
        elif self._opened_at is None:
            self._ended.append((now, is_answered))
            if not is_answered and self._fails_too_often(now):
                self._opened_at = now

    def give_up(self) -> None:
        """The probe called nobody: the next one may."""
        self._is_probing = False

    def _fails_too_often(self, now: float) -> bool:
        while self._ended[0][0] <= now - BREAKER_WINDOW_SECONDS:
            self._ended.popleft()
        failed = sum(not is_answered for _, is_answered in self._ended)
        calls = len(self._ended)
        return calls >= BREAKER_CALLS_MIN and failed >= BREAKER_FAILED_SHARE * calls
