"""One process that serves: a bound socket, waitress over it, and an end that drops nobody."""

import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from waitress.server import create_server

DRAIN_SECONDS_MAX = 25.0

log = logging.getLogger("kassa.serve")


def bind(host: str, port: int) -> socket.socket:
    """A socket on that address; port 0 takes a free one. Raises: OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
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

    `draining` is set when the end begins, so that readiness can say so.
    """
    server = create_server(
        app,
        sockets=[bound],
        threads=threads,
        ident=None,
        backlog=2048,
        connection_limit=2000,
        channel_timeout=30,
        cleanup_interval=5,
        max_request_header_size=16 * 1024,
        max_request_body_size=256 * 1024,
        asyncore_use_poll=True,
        expose_tracebacks=False,
        clear_untrusted_proxy_headers=True,
    )
    # One line for each queued request would drown everything else.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)

    def drain(*_: object) -> None:
        if draining.is_set():
            raise SystemExit(1)
        draining.set()
        threading.Thread(target=_drain, args=(server,), daemon=True).start()

    signal.signal(signal.SIGTERM, drain)
    signal.signal(signal.SIGINT, drain)
    announce(address_of(bound))
    server.run()


def _drain(server: Any) -> None:
    """Take no new connections, wait for the answers under way, then end the server's loop."""
    server.accepting = False
    server.del_channel()
    deadline = time.monotonic() + DRAIN_SECONDS_MAX
    while time.monotonic() < deadline and _is_busy(server):
        time.sleep(0.05)
    log.info("drained")
    server.task_dispatcher.shutdown(cancel_pending=True, timeout=1)
    server._map.clear()
    server.trigger.pull_trigger()


def _is_busy(server: Any) -> bool:
    channels = list(server.active_channels.values())
    return any(channel.requests or channel.total_outbufs_len for channel in channels)
