"""A small HTTP/1.1 server that can also misbehave.

Ready-made servers keep their sockets to themselves, and rightly so. Here a reply must sometimes be dripped
out byte by byte, cut in half, or replaced by a reset, so this one carries WSGI replies to the socket itself.
"""

import io
import os
import socket
import socketserver
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

from adapters.sandbox.wire import Wire, lay

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_CONNECTIONS_MAX = 2000
_PLACE_SECONDS_MAX = 1.0
_IDLE_SECONDS_MAX = 60
_LINE_BYTES_MAX = 16_384
_HEADERS_MAX = 100
_BODY_BYTES_MAX = 65_536
_RESET = struct.pack("ii", 1, 0)


class BadRequest(Exception):
    """What came in is not HTTP as we take it; the connection ends with this status."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class Server(socketserver.ThreadingTCPServer):
    """Accepts connections, each with a thread of its own, up to a bound."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 2048

    def __init__(self, host: str, port: int, app: App) -> None:
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), Connection)
        self.app = app
        self._places = threading.BoundedSemaphore(_CONNECTIONS_MAX)

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        shown = f"[{host!s}]" if self.address_family == socket.AF_INET6 else str(host)
        return f"http://{shown}:{port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(timeout=_PLACE_SECONDS_MAX):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that hangs up or falls silent is its own business; anything else is a fault of ours to see.
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Connection(socketserver.StreamRequestHandler):
    """One client's connection: reads requests, asks the application, sends replies as their wire demands."""

    disable_nagle_algorithm = True
    timeout = _IDLE_SECONDS_MAX
    server: Server

    def handle(self) -> None:
        self.is_open = True
        while self.is_open:
            try:
                environ = self._read()
            except BadRequest as bad:
                self._refuse(bad.status)
                return
            if environ is None:
                return
            self._serve(environ)

    def _read(self) -> dict[str, Any] | None:
        """Reads one request into a WSGI environment; None when the client has gone."""
        line = self._line()
        if not line:
            return None
        words = line.decode("latin-1").split()
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise BadRequest(HTTPStatus.BAD_REQUEST)
        environ = self._environ(words[0], words[1], words[2])
        self._read_headers(environ)
        self.is_open = _stays_open(words[2], environ.get("HTTP_CONNECTION", ""))
        environ["wsgi.input"] = io.BytesIO(self._read_body(environ))
        return environ

    def _line(self) -> bytes:
        line = self.rfile.readline(_LINE_BYTES_MAX + 1)
        if len(line) > _LINE_BYTES_MAX:
            raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        return line.rstrip(b"\r\n") if line.endswith(b"\n") else b""

    def _environ(self, method: str, target: str, version: str) -> dict[str, Any]:
        path, _, query = target.partition("?")
        host, port = self.server.server_address[:2]
        return {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": version,
            "REMOTE_ADDR": str(self.client_address[0]),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }

    def _read_headers(self, environ: dict[str, Any]) -> None:
        for _ in range(_HEADERS_MAX):
            line = self._line()
            if not line:
                return
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or not name or name != name.strip():
                raise BadRequest(HTTPStatus.BAD_REQUEST)
            key = name.upper().replace("-", "_")
            if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
                key = f"HTTP_{key}"
            if environ.setdefault(key, value.strip()) != value.strip():
                environ[key] = f"{environ[key]},{value.strip()}"
        raise BadRequest(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def _read_body(self, environ: dict[str, Any]) -> bytes:
        if "HTTP_TRANSFER_ENCODING" in environ:
            raise BadRequest(HTTPStatus.LENGTH_REQUIRED)
        told = environ.get("CONTENT_LENGTH", "0")
        if not (told.isascii() and told.isdigit() and len(told) < 20):
            raise BadRequest(HTTPStatus.BAD_REQUEST)
        length = int(told)
        if length > _BODY_BYTES_MAX:
            raise BadRequest(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if length and environ.get("HTTP_EXPECT", "").lower() == "100-continue":
            self.request.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self.rfile.read(length)
        if len(body) < length:
            raise BadRequest(HTTPStatus.BAD_REQUEST)
        return body

    def _serve(self, environ: dict[str, Any]) -> None:
        wire = lay(environ)
        started: list[tuple[str, list[tuple[str, str]]]] = []
        body = b"".join(
            self.server.app(environ, lambda status, headers, *_: started.append((status, headers)))
        )
        status, headers = started[0]
        if wire.is_reset:
            self._reset()
            return
        self.is_open = self.is_open and not wire.is_cut
        head = _head(status, headers, len(body), is_open=self.is_open)
        if environ["REQUEST_METHOD"] == "HEAD":
            body = b""
        self._send(head, body, wire)

    def _send(self, head: bytes, body: bytes, wire: Wire) -> None:
        if wire.delay_seconds:
            time.sleep(wire.delay_seconds)
        if wire.drip_seconds is None:
            # One piece: head and body in two writes would wait for each other's acknowledgement.
            self.request.sendall(head + body[: len(body) // 2] if wire.is_cut else head + body)
            return
        self.request.sendall(head)
        for offset in range(len(body)):
            time.sleep(wire.drip_seconds)
            self.request.sendall(body[offset : offset + 1])

    def _refuse(self, status: HTTPStatus) -> None:
        self.is_open = False
        body = f'{{"error": {{"code": "bad_request", "message": "{status.phrase}"}}}}'.encode("ascii")
        headers = [("Content-Type", "application/json")]
        head = _head(f"{status.value} {status.phrase}", headers, len(body), is_open=False)
        self.request.sendall(head + body)

    def _reset(self) -> None:
        """Ends the connection as a crashed peer does: the kernel sends RST, not a farewell."""
        self.is_open = False
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        os.close(self.request.detach())


def _stays_open(version: str, connection: str) -> bool:
    wishes = {wish.strip() for wish in connection.lower().split(",")}
    return "keep-alive" in wishes if version == "HTTP/1.0" else "close" not in wishes


def _head(status: str, headers: list[tuple[str, str]], length: int, *, is_open: bool) -> bytes:
    lines = [f"HTTP/1.1 {status}"]
    lines += [f"{name}: {value}" for name, value in headers if name.lower() != "content-length"]
    lines += [
        f"Content-Length: {length}",
        f"Date: {formatdate(usegmt=True)}",
        "X-Sandbox: 1",
        f"Connection: {'keep-alive' if is_open else 'close'}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
