"""The background work of a process: the event relay on one thread, the janitor on several."""

import logging
import threading
import time
from collections.abc import Callable

import attrs

from application.service import Application

log = logging.getLogger("kassa.worker")

RELAY_PAUSE_SECONDS = 0.5
# A look waits for its gateway; one that is silent must not keep the others from being looked at.
JANITORS = 4
JANITOR_PAUSE_SECONDS_MIN, JANITOR_PAUSE_SECONDS_MAX = 0.05, 1.0


@attrs.define
class Workers:
    """Runs the relay and the janitor until told to stop, at the end of a round."""

    application: Application
    janitor_seconds: float
    stopping: threading.Event = attrs.field(factory=threading.Event, init=False)
    _threads: list[threading.Thread] = attrs.field(factory=list, init=False)

    def start(self) -> None:
        """Begin."""
        half = self.janitor_seconds / 2
        janitor_pause = max(JANITOR_PAUSE_SECONDS_MIN, min(half, JANITOR_PAUSE_SECONDS_MAX))
        self._run("relay", self.application.relay, RELAY_PAUSE_SECONDS)
        for _ in range(JANITORS):
            self._run("janitor", self.application.look_after_payments, janitor_pause)

    def stop(self, timeout_seconds: float = 15.0) -> None:
        """Let the rounds under way end."""
        self.stopping.set()
        deadline = time.monotonic() + timeout_seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self, name: str, work: Callable[[], int], pause_seconds: float) -> None:
        thread = threading.Thread(target=self._loop, args=(name, work, pause_seconds), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _loop(self, name: str, work: Callable[[], int], pause_seconds: float) -> None:
        while not self.stopping.is_set():
            try:
                done = work()
            except Exception:
                # A database that is away comes back; a worker that died would not.
                log.exception("a round of the %s failed", name)
                done = 0
            if not done:
                self.stopping.wait(pause_seconds)
