"""What falls due, and the one thread that sees to it."""

import heapq
import itertools
import threading
from collections.abc import Callable

from adapters.sandbox.clock import Clock

_PAUSE_SECONDS_MAX = 60.0


class Agenda:
    """Deeds waiting for their moment of the sandbox's clock.

    A deed runs under the sandbox's one lock, so it must be short: it changes state or hands work to somebody
    else, and never talks to the network itself.
    """

    def __init__(self, clock: Clock, lock: threading.Condition) -> None:
        self._clock = clock
        self._lock = lock
        self._entries: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None
        self._is_running = False

    def at(self, due: float, deed: Callable[[], None]) -> None:
        with self._lock:
            entry = (due, next(self._order), deed)
            heapq.heappush(self._entries, entry)
            # Only a new first entry shortens the keeper's sleep; waking it for others would be waste.
            if self._entries[0] is entry:
                self._lock.notify_all()

    def run_due(self) -> None:
        """Does at once all that is due; who is about to read state calls it too, not trusting the thread."""
        with self._lock:
            while self.has_due():
                _, _, deed = heapq.heappop(self._entries)
                deed()

    def has_due(self) -> bool:
        with self._lock:
            return bool(self._entries) and self._entries[0][0] <= self._clock.now()

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def start(self) -> None:
        self._is_running = True
        self._thread = threading.Thread(target=self._keep, name="sandbox-agenda", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with self._lock:
            self._is_running = False
            self._lock.notify_all()
        if self._thread is not None:
            self._thread.join()

    def _keep(self) -> None:
        with self._lock:
            while self._is_running:
                self.run_due()
                self._lock.wait(self._pause_seconds())

    def _pause_seconds(self) -> float:
        if not self._entries:
            return _PAUSE_SECONDS_MAX
        return min(max(self._entries[0][0] - self._clock.now(), 0.0), _PAUSE_SECONDS_MAX)
