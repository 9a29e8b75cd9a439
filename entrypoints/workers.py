"""The background work of a process: relay and pruning on one thread each, the janitor on several."""

import logging
import threading
import time
from collections.abc import Callable

import attrs

from application.policy import JANITORS
from application.service import Application

log = logging.getLogger("kassa.worker")

RELAY_PAUSE_SECONDS = 0.5
# A claim costs about as much for one event as for a hundred: with a breath after each, some come together.
RELAY_BREATH_SECONDS = 0.2
JANITOR_PAUSE_SECONDS_MIN, JANITOR_PAUSE_SECONDS_MAX = 0.05, 1.0
# Nothing is the worse for being kept a little longer: pruning lets others go first, step after step.
PRUNING_PAUSE_SECONDS, PRUNING_BREATH_SECONDS = 60.0, 0.1


@attrs.define
class Workers:
    """Runs relay, janitor and pruning until told to stop, at the end of a round."""

    application: Application
    janitor_seconds: float
    stopping: threading.Event = attrs.field(factory=threading.Event, init=False)
    _threads: list[threading.Thread] = attrs.field(factory=list, init=False)

    def start(self) -> None:
        """Begin."""
        half = self.janitor_seconds / 2
        janitor_pause = max(JANITOR_PAUSE_SECONDS_MIN, min(half, JANITOR_PAUSE_SECONDS_MAX))
        self._run("relay", self.application.relay, RELAY_PAUSE_SECONDS, RELAY_BREATH_SECONDS)
        for _ in range(JANITORS):
            self._run("janitor", self.application.look_after_payments, janitor_pause)
        self._run("pruning", self.application.prune, PRUNING_PAUSE_SECONDS, PRUNING_BREATH_SECONDS)

    def stop(self, timeout_seconds: float = 15.0) -> None:
        """Let the rounds under way end."""
        self.stopping.set()
        deadline = time.monotonic() + timeout_seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(
        self, name: str, work: Callable[[], int], pause_seconds: float, breath_seconds: float = 0.0
    ) -> None:
        how = (name, work, pause_seconds, breath_seconds)
        thread = threading.Thread(target=self._loop, args=how, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _loop(self, name: str, work: Callable[[], int], pause_seconds: float, breath_seconds: float) -> None:
        while not self.stopping.is_set():
            try:
                done = work()
            except Exception:
                # A database that is away comes back; a worker that died would not.
                log.exception("a round of the %s failed", name)
                done = 0
            self.stopping.wait(breath_seconds if done else pause_seconds)
