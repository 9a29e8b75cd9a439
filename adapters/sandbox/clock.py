"""Time and chance, the two things a test wants to hold in its hand."""

import os
import string
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

_LETTERS = bytes(ord(string.ascii_lowercase[byte % 26]) for byte in range(256))
_NAME_LENGTH = 20


def iso(seconds: float) -> str:
    """Writes a moment as people and programs both read it: ISO 8601, UTC, milliseconds."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Clock:
    """The sandbox's own time: real time, plus what the control side has added to it.

    Payments expire and callbacks are retried by `now`; signatures and HTTP dates carry `real`, because the
    shop compares those with its own clock, which nobody advances.

    Units: seconds since the Unix epoch.
    """

    def __init__(self, real: Callable[[], float] = time.time) -> None:
        self.real = real
        self._added_seconds = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        return self.real() + self._added_seconds

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._added_seconds += seconds

    def reset(self) -> None:
        with self._lock:
            self._added_seconds = 0.0


class Names:
    """Hands out identifiers that nobody can guess.

    They are made of letters only: a run of digits might be taken for a card number by those who hide such.
    """

    def __init__(self, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._entropy = entropy

    def fresh(self, prefix: str) -> str:
        return f"{prefix}_{self._entropy(_NAME_LENGTH).translate(_LETTERS).decode('ascii')}"
