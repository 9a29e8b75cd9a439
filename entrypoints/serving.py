"""What one process serves: waitress over a socket that others share, and an end that drops nobody."""

import ctypes
import logging
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from waitress import wasyncore

from entrypoints.children import UP, Order
from entrypoints.connections import BACKLOG, Awaited, Connection, Server

DRAIN_SECONDS_MAX = 25.0

# Who is connecting, or has connected just now, gets this long to say what for, even while we end.
GREETING_SECONDS = 0.25

# Nobody new can come then; this only bounds the wait where that cannot be prevented.
_LAST_SECONDS_MAX = 2.0

_TURN_SECONDS = 1.0
_ENDING_TURN_SECONDS = 0.05

# A filter for a socket that listens, which drops what would open a connection (SYN without ACK).
# Source: Linux, socket(7) and linux/filter.h: load byte, and, jump if equal, return.
_SO_ATTACH_FILTER = 26
_NO_NEWCOMERS = (
    (0x30, 0, 0, 13),
    (0x54, 0, 0, 0x12),
    (0x15, 0, 1, 0x02),
    (0x06, 0, 0, 0),
    (0x06, 0, 0, 2**32 - 1),
)

log = logging.getLogger("kassa.serve")


class CannotListen(Exception):
    """The address to serve on is taken, or is none of this machine's."""


class _Orders(wasyncore.dispatcher):
    """What the parent says, heard in the same turns as the clients."""

    order: Order | None = None
    connected = True
    socket: socket.socket

    def readable(self) -> bool:
        return self.order is None

    def writable(self) -> bool:
        return False

    def handle_read(self) -> None:
        self.order = Order(self.socket.recv(1))

    def handle_close(self) -> None:
        # A parent that has died hangs up: the order to end stands there to be read.
        self.handle_read()


def bind(host: str, port: int) -> socket.socket:
    """A socket on that address; port 0 takes a free one. Raises: CannotListen."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with _explained(bound, f"{host}:{port}"):
        bound.bind((host, port))
    return bound


def listen(bound: socket.socket) -> None:
    """Let clients connect, and wait until somebody lets them in. Raises: CannotListen."""
    with _explained(bound, address_of(bound)):
        bound.listen(BACKLOG)


def address_of(bound: socket.socket) -> str:
    """Where the socket listens, as a URL."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def announce(address: str) -> None:
    """Tell whoever started us that we answer."""
    sys.stdout.write(f"listening on {address}\n")
    sys.stdout.flush()


def serve(
    app: Callable[..., Any],
    bound: socket.socket,
    line: socket.socket,
    threads: int,
    draining: threading.Event,
    *,
    notice_seconds: float = 0.0,
) -> None:
    """Serve until the line says that it is over; requests under way are then finished, for at most 25 s.

    `draining` is set when all end, so that readiness can say so; `notice_seconds` is how long newcomers
    are let in after that.
    """
    server = Server.over(app, bound, threads)
    orders = _Orders(line, server._map)
    with suppress(OSError):
        line.send(UP)
    while orders.order is None:
        _take_a_turn(server, _TURN_SECONDS)
    server.is_leaving = True
    if orders.order is Order.END:
        draining.set()
        _let_the_last_in(server, notice_seconds)
    _drain(server)


def _take_a_turn(server: Server, seconds: float) -> None:
    wasyncore.loop(timeout=seconds, use_poll=True, map=server._map, count=1)


def _let_the_last_in(server: Server, notice_seconds: float) -> None:
    """Let in whoever has connected already: closing the socket on them would drop them."""
    notice_ends = time.monotonic() + notice_seconds
    while time.monotonic() < notice_ends:
        _take_a_turn(server, _ENDING_TURN_SECONDS)
    _let_nobody_connect(server.socket)
    began = time.monotonic()
    while time.monotonic() - began < (_LAST_SECONDS_MAX if _somebody_waits(server) else GREETING_SECONDS):
        _take_a_turn(server, _ENDING_TURN_SECONDS)


def _let_nobody_connect(bound: socket.socket) -> None:
    """From now on nobody connects, while those who just do finish: no gap in which somebody is dropped.

    Whoever tries is refused once the socket is closed. Where there are no such filters a gap remains.
    """
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in _NO_NEWCOMERS))
    option = struct.pack("HL", len(_NO_NEWCOMERS), ctypes.addressof(program))
    if sys.platform == "linux":
        with suppress(OSError):
            bound.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, option)


def _somebody_waits(server: Server) -> bool:
    poll = select.poll()
    poll.register(server.socket, select.POLLIN)
    return bool(poll.poll(0))


def _drain(server: Server) -> None:
    """Let nobody in any more, wait for the answers under way, then let go of everything."""
    server.accepting = False
    server.del_channel()
    server.socket.close()
    deadline = time.monotonic() + DRAIN_SECONDS_MAX
    while _is_busy(server) and time.monotonic() < deadline:
        _take_a_turn(server, _ENDING_TURN_SECONDS)
    log.info("drained")
    server.task_dispatcher.shutdown(cancel_pending=True, timeout=1)
    wasyncore.close_all(server._map)


def _is_busy(server: Server) -> bool:
    connections = server.clients
    for connection in filter(_is_idle, connections):
        connection.will_close = True
    server.maintenance(time.time())
    dispatcher = server.task_dispatcher
    return bool(connections or dispatcher.queue or dispatcher.active_count)


def _is_idle(connection: Connection) -> bool:
    is_new = time.time() - connection.creation_time < GREETING_SECONDS
    return connection.awaited is Awaited.REQUEST and not is_new


@contextmanager
def _explained(bound: socket.socket, address: str) -> Iterator[None]:
    try:
        yield
    except (OSError, TypeError, ValueError) as trouble:
        bound.close()
        # Names that are no names are refused by the encoder, each in its own way.
        reason = trouble.strerror if isinstance(trouble, OSError) else "there is no such host"
        raise CannotListen(f"cannot listen on {address}: {reason}") from trouble
