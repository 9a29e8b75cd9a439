"""Closed-loop clients: each waits for its answer before it asks again, over one kept-alive connection.

They share the machine with what they measure, so they are as cheap as they can be: a request is
sent as bytes, and of an answer nothing is read but its status, its length and its body.
"""

import json
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import attrs

ANSWER_SECONDS_MAX = 60


class Refused(Exception):
    """The server answered with anything but a success."""

    def __init__(self, what: str, status: int, body: bytes) -> None:
        super().__init__(f"{what}: {status} {body[:500]!r}")
        self.status, self.body = status, body


@attrs.define
class Connection:
    """One client's connection to one server."""

    address: str
    _host: str = attrs.field(init=False)
    _socket: socket.socket | None = attrs.field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self._host = urlsplit(self.address).netloc

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Any:
        """One request; answers the document. Raises: Refused, OSError."""
        self.send(method, path, body, headers)
        return self.answer(f"{method} {path}")

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        """Send one request, whose answer has to be received before the next is sent. Raises: OSError."""
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self._opened().sendall("\r\n".join([*lines, "", ""]).encode() + (body or b""))

    def answer(self, what: str) -> Any:
        """The document that answers what was sent. Raises: Refused, OSError."""
        status, told = self.receive()
        if status >= 300:
            raise Refused(what, status, told)
        return json.loads(told) if told else None

    def receive(self) -> tuple[int, bytes]:
        """The status and the whole body of the answer. Raises: OSError when there is none."""
        head, _, body = self._read_until(b"\r\n\r\n").partition(b"\r\n\r\n")
        status, length = int(head[9:12]), _length(head)
        while len(body) < length:
            body += self._read()
        if b"connection: close" in head.lower():
            self.close()
        return status, body

    def close(self) -> None:
        """Let go of it; the next request opens another."""
        opened, self._socket = self._socket, None
        if opened is not None:
            opened.close()

    def _opened(self) -> socket.socket:
        if self._socket is None:
            host, _, port = self._host.rpartition(":")
            self._socket = socket.create_connection((host, int(port)), ANSWER_SECONDS_MAX)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _read_until(self, end: bytes) -> bytes:
        read = self._read()
        while end not in read:
            read += self._read()
        return read

    def _read(self) -> bytes:
        read = self._opened().recv(65536)
        if not read:
            self.close()
            raise ConnectionResetError("the server closed the connection")
        return read


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def run_for(seconds: float, deeds: Sequence[Callable[[], object]]) -> tuple[int, float]:
    """Do each deed over and over, on a thread each; answers how many were done and how long it took.

    A deed that answers False was not done. The first exception ends them all, and is raised.
    """
    done = [0] * len(deeds)
    troubles: list[BaseException] = []
    began = time.perf_counter()

    def loop(index: int) -> None:
        try:
            while time.perf_counter() - began < seconds and not troubles:
                done[index] += deeds[index]() is not False
        except Exception as trouble:
            troubles.append(trouble)

    threads = [threading.Thread(target=loop, args=(index,)) for index in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if troubles:
        raise troubles[0]
    return sum(done), time.perf_counter() - began
