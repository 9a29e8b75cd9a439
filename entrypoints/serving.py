"""One process that serves: a bound socket, waitress over it, and an end that drops nobody."""

import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import WSGITask

from entrypoints.ending import end_when_asked

BACKLOG = 2048
DRAIN_SECONDS_MAX = 25.0

# Who has connected just now gets this long to say what for, even while we end.
GREETING_SECONDS = 0.25

_TURN_SECONDS = 1.0
_DRAINING_TURN_SECONDS = 0.05

log = logging.getLogger("kassa.serve")


class CannotListen(Exception):
    """The address to serve on is taken, or is none of this machine's."""


class _Answering(WSGITask):
    """One answer; once the end has begun it is its connection's last, and says so."""

    def build_response_header(self) -> bytes:
        if not self.channel.server.accepting:
            asked: Any = self.request
            asked.headers["CONNECTION"] = "close"
        return bytes(super().build_response_header())


class _Connection(HTTPChannel):
    task_class = _Answering


def bind(host: str, port: int) -> socket.socket:
    """A socket on that address; port 0 takes a free one. Raises: CannotListen."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with _explained(bound, f"{host}:{port}"):
        bound.bind((host, port))
    return bound


def address_of(bound: socket.socket) -> str:
    """Where the socket listens, as a URL."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def announce(address: str) -> None:
    """Tell whoever started us that we answer."""
    sys.stdout.write(f"listening on {address}\n")
    sys.stdout.flush()


def serve(app: Callable[..., Any], bound: socket.socket, threads: int, draining: threading.Event) -> None:
    """Serve until SIGTERM or Ctrl-C; requests under way are then finished, for at most 25 s.

    `draining` is set when the end begins, so that readiness can say so. Raises: CannotListen.
    """
    address = address_of(bound)
    with _explained(bound, address):
        bound.listen(BACKLOG)
    server = _server(app, bound, threads)
    end_when_asked(draining, wake=server.pull_trigger)
    announce(address)
    while not draining.is_set():
        _take_a_turn(server, _TURN_SECONDS)
    _drain(server)


def _server(app: Callable[..., Any], bound: socket.socket, threads: int) -> Any:
    server: Any = create_server(
        app,
        sockets=[bound],
        threads=threads,
        ident=None,
        backlog=BACKLOG,
        connection_limit=2000,
        channel_timeout=30,
        cleanup_interval=5,
        max_request_header_size=16 * 1024,
        max_request_body_size=256 * 1024,
        expose_tracebacks=False,
        clear_untrusted_proxy_headers=True,
    )
    server.channel_class = _Connection
    # One line for each queued request would drown everything else.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    return server


def _take_a_turn(server: Any, seconds: float) -> None:
    wasyncore.loop(timeout=seconds, use_poll=True, map=server._map, count=1)


def _drain(server: Any) -> None:
    """Take no new connections, wait for the answers under way, then let go of everything."""
    server.accepting = False
    server.del_channel()
    server.socket.close()
    deadline = time.monotonic() + DRAIN_SECONDS_MAX
    while _is_busy(server) and time.monotonic() < deadline:
        _take_a_turn(server, _DRAINING_TURN_SECONDS)
    log.info("drained")
    server.task_dispatcher.shutdown(cancel_pending=True, timeout=1)
    wasyncore.close_all(server._map)


def _is_busy(server: Any) -> bool:
    connections = list(server.active_channels.values())
    for connection in filter(_is_idle, connections):
        connection.will_close = True
    dispatcher = server.task_dispatcher
    return bool(connections or dispatcher.queue or dispatcher.active_count)


def _is_idle(connection: Any) -> bool:
    is_new = time.time() - connection.creation_time < GREETING_SECONDS
    under_way = connection.requests or connection.request or connection.total_outbufs_len
    return not is_new and not under_way


@contextmanager
def _explained(bound: socket.socket, address: str) -> Iterator[None]:
    try:
        yield
    except (OSError, TypeError, ValueError) as trouble:
        bound.close()
        # Names that are no names are refused by the encoder, each in its own way.
        reason = trouble.strerror if isinstance(trouble, OSError) else "there is no such host"
        raise CannotListen(f"cannot listen on {address}: {reason}") from trouble
