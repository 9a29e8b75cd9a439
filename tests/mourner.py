"""Ends what a test run has started when the run itself ends, even when it is killed.

Run as a program, it is told on standard input of groups of processes that begin (`+` and the leader's
number) and end (`-`). When nothing more can come, it kills those that are left.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress

import attrs


def mourn(told: Iterable[str]) -> None:
    """Listen to the end, then kill whoever is left."""
    leaders: set[int] = set()
    for line in told:
        (leaders.add if line[0] == "+" else leaders.discard)(int(line[1:]))
    for leader in leaders:
        with suppress(ProcessLookupError):
            os.killpg(leader, signal.SIGKILL)


@attrs.define
class Mourner:
    """The listener's other end; it is started when it is first told of somebody."""

    _process: "subprocess.Popen[str] | None" = None
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def begins(self, leader: int) -> None:
        """A group has to end with us from now on."""
        self._tell(f"+{leader}\n")

    def has_ended(self, leader: int) -> None:
        """It has; its number may become somebody else's."""
        self._tell(f"-{leader}\n")

    def _tell(self, line: str) -> None:
        with self._lock:
            # In a group of its own, so that it outlives what kills ours.
            self._process = self._process or subprocess.Popen(
                [sys.executable, __file__], stdin=subprocess.PIPE, text=True, start_new_session=True
            )
            assert self._process.stdin
            self._process.stdin.write(line)
            self._process.stdin.flush()


if __name__ == "__main__":
    mourn(sys.stdin)
