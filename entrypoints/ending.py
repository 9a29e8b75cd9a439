"""How a process is asked to end: SIGTERM or Ctrl-C once for a good end, twice for an immediate one."""

import os
import signal
import threading
from collections.abc import Callable

SIGNALS = (signal.SIGTERM, signal.SIGINT)

_TURN_SECONDS = 0.5


def end_when_asked(ending: threading.Event, wake: Callable[[], None] = lambda: None) -> None:
    """Have signals set `ending` and call `wake`; the second signal ends the process where it stands.

    That loses nothing but the answers under way: every state that a crash can leave is recovered from.
    """

    def end(*_: object) -> None:
        if ending.is_set():
            os._exit(1)
        ending.set()
        wake()

    for number in SIGNALS:
        signal.signal(number, end)


def wait_for(ending: threading.Event) -> None:
    """Wait for the end, in turns: a signal that the kernel gives to another thread does not end a wait."""
    while not ending.wait(_TURN_SECONDS):
        continue
