"""The parent of the processes that serve: as many as wanted, each replaced when it dies, all ended together.

It binds the socket, and does nothing else that could fail: who serves are its children, on that one socket.
"""

import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import wait

import attrs

from entrypoints.children import HEARD, Child, Order, fork

# Whoever dies younger than that may do so again and again: the next ones come later and later.
STEADY_SECONDS = 5.0
PAUSES_SECONDS = (0.0, 0.5, 1.0, 2.0, 4.0)

# Longer than a child may take to end: requests under way, then rounds of its workers.
LEAVING_SECONDS_MAX = 60.0

_TURN_SECONDS = 0.1

STDIN = 0

log = logging.getLogger("kassa.serve")

Work = Callable[[int, socket.socket], None]


def prefork(
    bound: socket.socket,
    processes: int,
    work: Work,
    *,
    when_up: Callable[[], None],
    when_dead: Callable[[int], None] = lambda seat: None,
) -> None:
    """Have that many processes do the work until SIGTERM or Ctrl-C; SIGHUP replaces them one by one.

    Each gets its seat, a small number, and its line to here. `when_up` is called when the first answers,
    `when_dead` with every seat that has become free.
    Raises: SystemExit when told twice to end.
    """
    on_terminal = os.isatty(STDIN)
    with _signals() as signals:
        parent = Parent(
            processes,
            bear=lambda seat: fork(seat, work, [signals, *parent.lines]),
            when_up=when_up,
            when_dead=when_dead,
        )
        while not parent.is_alone:
            parent.look_after()
            for ready in wait([signals, *parent.lines], parent.patience):
                if ready is not signals:
                    parent.hear(ready)
                    continue
                for number in signals.recv(len(HEARD)):
                    parent.obey(_meant(number, on_terminal=on_terminal, is_ending=parent.is_ending))
                    if parent.is_ending:
                        bound.close()


def _meant(number: int, *, on_terminal: bool, is_ending: bool) -> int:
    """A terminal that closes sends SIGHUP, too: whoever was started on it ends with it."""
    is_hung_up = number == signal.SIGHUP and on_terminal and not os.isatty(STDIN)
    return signal.SIGTERM if is_hung_up and not is_ending else number


@contextmanager
def _signals() -> Iterator[socket.socket]:
    """Signals as bytes to read, so that waiting for them and for children is one wait."""
    heard, rung = socket.socketpair()
    with heard, rung:
        rung.setblocking(False)
        before = {number: signal.signal(number, lambda *_: None) for number in HEARD}
        fd_before = signal.set_wakeup_fd(rung.fileno(), warn_on_full_buffer=False)
        try:
            yield heard
        finally:
            signal.set_wakeup_fd(fd_before)
            for number, handler in before.items():
                signal.signal(number, handler)


@attrs.define
class Parent:
    """Decides who is born, who leaves and when; `bear` makes a child for a seat."""

    processes: int
    bear: Callable[[int], Child]
    when_up: Callable[[], None]
    when_dead: Callable[[int], None]
    clock: Callable[[], float] = time.monotonic
    children: list[Child] = attrs.field(factory=list, init=False)
    is_ending: bool = attrs.field(default=False, init=False)
    _was_up: bool = attrs.field(default=False, init=False)
    _generation: int = attrs.field(default=0, init=False)
    _early_deaths: int = attrs.field(default=0, init=False)
    _next_birth: float = attrs.field(default=float("-inf"), init=False)

    @property
    def lines(self) -> Sequence[socket.socket]:
        """Where children say something."""
        return [child.line for child in self.children]

    @property
    def is_alone(self) -> bool:
        """Whether the end has come."""
        return self.is_ending and not self.children

    @property
    def patience(self) -> float | None:
        """How long to wait for anything to happen. Units: seconds; None: as long as it takes."""
        waits = self._lacks_one() or len(self._staying()) < len(self.children)
        return _TURN_SECONDS if waits else None

    def look_after(self) -> None:
        """Bear who is lacking, let go of who is outdated, wait for nobody for ever."""
        while self._lacks_one() and self.clock() >= self._next_birth:
            self._bear_one()
        if sum(child.is_up for child in self._staying()) > self.processes:
            self._send_away(self._outdated()[0], Order.RETIRE)
        for child in self.children:
            if child.leaves_by is not None and self.clock() > child.leaves_by:
                log.warning("a process that serves would not end", extra={"child": child.pid})
                child.kill()

    def hear(self, line: object) -> None:
        """A child has said something on its line, if only by dying."""
        child = next(child for child in self.children if child.line is line)
        if child.has_died():
            self._bury(child)
        elif not self._was_up:
            self._was_up = True
            self.when_up()

    def obey(self, number: int) -> None:
        """Do what a signal asks for. Raises: SystemExit when it asks twice for the end."""
        if number == signal.SIGHUP:
            self._generation += 1
        elif self.is_ending:
            for child in self.children:
                child.kill()
            raise SystemExit(1)
        else:
            self.is_ending = True
            for child in self.children:
                self._send_away(child, Order.END)

    def _bear_one(self) -> None:
        taken = {child.seat for child in self.children}
        try:
            child = self.bear(next(seat for seat in range(len(taken) + 1) if seat not in taken))
        except OSError:
            log.exception("no process could be started")
            self._wait_longer()
            return
        child.generation = self._generation
        self.children.append(child)

    def _bury(self, child: Child) -> None:
        self.children.remove(child)
        status = child.bury()
        self.when_dead(child.seat)
        if child.leaves_by is not None:
            return
        log.error("a process that serves has died", extra={"child": child.pid, "status": status})
        if self.clock() - child.since >= STEADY_SECONDS:
            self._early_deaths = 0
        else:
            self._wait_longer()

    def _wait_longer(self) -> None:
        self._next_birth = self.clock() + PAUSES_SECONDS[self._early_deaths]
        self._early_deaths = min(self._early_deaths + 1, len(PAUSES_SECONDS) - 1)

    def _send_away(self, child: Child, order: Order) -> None:
        child.leaves_by = self.clock() + LEAVING_SECONDS_MAX
        child.tell(order)

    def _staying(self) -> list[Child]:
        return [child for child in self.children if child.leaves_by is None]

    def _outdated(self) -> list[Child]:
        return [child for child in self._staying() if child.generation < self._generation]

    def _lacks_one(self) -> bool:
        # One more than wanted lives while one is replaced, and never more: it takes connections, too.
        staying = self._staying()
        spare = bool(self._outdated()) and len(staying) == len(self.children)
        return not self.is_ending and len(staying) < self.processes + spare
