"""A process that serves, as its parent sees it: born, told by one byte what to do, buried."""

import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import Enum

import attrs

log = logging.getLogger("kassa.serve")

# What a child says when it answers. That it has died, it says by its line, which nobody else holds.
UP = b"u"


class Order(Enum):
    """What a parent tells its child.

    RETIRE: finish what is under way, others take what comes. END: there are no others. A parent that
    has died says END, too: the line ends.
    """

    RETIRE = b"r"
    END = b""


# A parent hears these; its children do not, for what is sent to a whole group would be heard twice.
HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@attrs.define(eq=False)
class Child:
    """One of the processes that serve.

    `seat` is its number, which no other living child has; `generation` is how often the parent had
    been asked for new children before. Units: seconds of a monotonic clock; `leaves_by` None: it stays.
    """

    pid: int
    seat: int
    line: socket.socket
    since: float
    generation: int = 0
    is_up: bool = False
    leaves_by: float | None = None

    def tell(self, order: Order) -> None:
        """Say what to do; whoever has just died need not hear it."""
        with suppress(OSError):
            if order is Order.END:
                self.line.shutdown(socket.SHUT_WR)
            else:
                self.line.send(order.value)

    def has_died(self) -> bool:
        """Hear what it has to say, which is at most that it answers."""
        try:
            said = self.line.recv(len(UP))
        except ConnectionResetError:
            # It did not live to hear what it was told.
            said = b""
        self.is_up = self.is_up or said == UP
        return not said

    def bury(self) -> int:
        """Its exit status, negative when a signal has killed it."""
        self.line.close()
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def kill(self) -> None:
        """At once."""
        os.kill(self.pid, signal.SIGKILL)


def fork(seat: int, work: Callable[[int, socket.socket], None], others: Iterable[socket.socket]) -> Child:
    """A new process that does that work, given its seat and its line, and no more.

    `others` is what it must not keep open: the lines of its siblings would outlive their parent.
    """
    ours, theirs = socket.socketpair()
    sys.stdout.flush()
    # A signal that came before the child has put it aside would be taken by the parent's handler.
    signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
    try:
        pid = os.fork()
        if pid == 0:
            _live(lambda: work(seat, theirs), [ours, *others])
    except OSError:
        ours.close()
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)
        theirs.close()
    return Child(pid=pid, seat=seat, line=ours, since=time.monotonic())


def _live(work: Callable[[], None], foreign: Iterable[socket.socket]) -> None:
    """The whole life of a child; what the parent had begun around it is none of its business."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        for number in HEARD:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)
        for each in foreign:
            each.close()
        work()
        status = 0
    except BaseException:
        log.exception("a process that serves has failed")
    finally:
        os._exit(status)
