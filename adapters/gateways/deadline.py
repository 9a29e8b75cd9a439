"""Connections that keep one deadline: look-up, connecting, sending and each byte of the answer together."""

import http.client
import io
import ipaddress
import queue
import socket
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import attrs
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

# Firewalls forget quiet connections without a word, many within a minute: an older one is not trusted.
IDLE_SECONDS_MAX = 20.0


@attrs.define
class Call:
    """One try to get an answer, and what is known of it so far.

    Units: `deadline` by the clock `monotonic`. `sent`: bytes of the request may have left;
    `fresh`: the connection was made for it; `heard`: a byte of the answer came.
    """

    deadline: float
    monotonic: Callable[[], float]
    sent: bool = False
    fresh: bool = False
    heard: bool = False

    def left(self) -> float:
        """The seconds left. Raises: TimeoutError when there are none."""
        seconds = self.deadline - self.monotonic()
        if seconds <= 0:
            raise TimeoutError("the deadline has passed")
        return seconds


# The libraries in between hand nothing of ours down to the socket, but they stay on our thread.
CALL: ContextVar[Call] = ContextVar("CALL")

Found = list[tuple[Any, ...]]


def look_up(host: str, port: int, seconds: float) -> Found:
    """The addresses of a host. Raises: OSError, TimeoutError included.

    The resolver knows no timeout, so a name is looked up on a thread that can be left behind.
    """
    if _is_address(host):
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    found: queue.SimpleQueue[Found | OSError] = queue.SimpleQueue()
    threading.Thread(target=_look_up_into, args=(found, host, port), daemon=True).start()
    try:
        result = found.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"looking up {host} took too long") from None
    if isinstance(result, OSError):
        raise result
    return result


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _look_up_into(found: "queue.SimpleQueue[Found | OSError]", host: str, port: int) -> None:
    try:
        found.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except OSError as error:
        found.put(error)
    except UnicodeError:
        found.put(OSError(f"{host!r} is no host name"))


class _Reads(io.RawIOBase):
    """What comes in on a socket, each wait cut to what is left: a drip of bytes gains no time."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what comes next. Raises: TimeoutError."""
        call = CALL.get()
        self._sock.settimeout(call.left())
        count = self._raw.readinto(buffer)
        call.heard = call.heard or bool(count)
        return count

    def close(self) -> None:
        """Let go of the socket."""
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """An answer whose head is read under the deadline too, not only its body."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self.fp = io.BufferedReader(_Reads(sock))


class _Punctual(HTTPConnection):
    """A connection that takes its timeouts from the call it serves and notes how far that came."""

    response_class = _Response
    used_at = 0.0

    @property
    def is_connected(self) -> bool:
        """Whether it may be used again."""
        idle = CALL.get().monotonic() - self.used_at
        return idle < IDLE_SECONDS_MAX and super().is_connected

    def connect(self) -> None:
        """Open it, for this call."""
        CALL.get().fresh = True
        super().connect()

    def _new_conn(self) -> socket.socket:
        call = CALL.get()
        problem = OSError(f"{self.host} has no address")
        for family, kind, protocol, _, address in look_up(self.host, self.port or 0, call.left()):
            sock = socket.socket(family, kind, protocol)
            try:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(call.left())
                sock.connect(address)
                # The handshake of TLS comes next, within what is left now.
                sock.settimeout(call.left())
            except OSError as error:
                sock.close()
                problem = error
            else:
                return sock
        raise problem

    def send(self, data: Any) -> None:
        """Send a part of the request; from here on it may have been heard."""
        if self.sock is None:
            self.connect()
        call = CALL.get()
        self.sock.settimeout(call.left())
        call.sent, self.used_at = True, call.monotonic()
        super().send(data)


class _PunctualTls(_Punctual, HTTPSConnection):
    """The same, encrypted; nothing counts as sent before the handshake is done."""


class _Pool(HTTPConnectionPool):
    """Connections to one host."""

    ConnectionCls = _Punctual


class _TlsPool(HTTPSConnectionPool):
    """Encrypted connections to one host."""

    ConnectionCls = _PunctualTls


class PunctualAdapter(HTTPAdapter):
    """A pool of such connections, for many threads.

    Units: `connections_max` are kept alive per host; more are made when wanted, and not kept.
    """

    def __init__(self, connections_max: int) -> None:
        super().__init__(pool_connections=connections_max, pool_maxsize=connections_max, max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pools out of our connections."""
        super().init_poolmanager(*args, **options)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
