"""Peers that misbehave below HTTP: a socket server whose every connection is a script."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import attrs

Script = Callable[[socket.socket], None]


@attrs.define
class Peer:
    """A server on a free port. `accepted` counts its connections, `scripts` play in turn."""

    port: int
    accepted: int = 0
    stopping: threading.Event = attrs.Factory(threading.Event)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"


def hear(sock: socket.socket) -> bytes:
    """Read one request's head and body, b"" when the other side has closed."""
    read = b""
    while b"\r\n\r\n" not in read:
        more = sock.recv(65536)
        if not more:
            return b""
        read += more
    head, _, body = read.partition(b"\r\n\r\n")
    length = next(
        (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += sock.recv(65536)
    return head + b"\r\n\r\n" + body


def replying(*replies: bytes) -> Script:
    """Answer that many requests on one connection, then close it."""

    def script(sock: socket.socket) -> None:
        for reply in replies:
            if not hear(sock):
                return
            sock.sendall(reply)

    return script


def dripping(prefix: bytes, drop: bytes, seconds: float) -> Script:
    """Send the prefix at once, then a few bytes now and then, for ever."""

    def script(sock: socket.socket) -> None:
        hear(sock)
        sock.sendall(prefix)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            sock.sendall(drop)
            time.sleep(seconds)

    return script


def stalling(prefix: bytes) -> Script:
    """Send the prefix, then nothing until the other side gives up."""

    def script(sock: socket.socket) -> None:
        hear(sock)
        sock.sendall(prefix)
        sock.recv(1)

    return script


def resetting(prefix: bytes) -> Script:
    """Send the prefix, then reset the connection."""

    def script(sock: socket.socket) -> None:
        hear(sock)
        sock.sendall(prefix)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return script


@contextmanager
def peer(*scripts: Script) -> Iterator[Peer]:
    """Listen meanwhile: the first connection plays the first script, later ones the last."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = Peer(server.getsockname()[1])
        thread = threading.Thread(target=_accept, args=(server, here, scripts), daemon=True)
        thread.start()
        try:
            yield here
        finally:
            here.stopping.set()
            with suppress(OSError), socket.create_connection(("127.0.0.1", here.port), timeout=1):
                pass
            thread.join()


def _accept(server: socket.socket, here: Peer, scripts: tuple[Script, ...]) -> None:
    while True:
        sock, _ = server.accept()
        if here.stopping.is_set():
            sock.close()
            return
        script = scripts[min(here.accepted, len(scripts) - 1)]
        here.accepted += 1
        threading.Thread(target=_play, args=(sock, script), daemon=True).start()


def _play(sock: socket.socket, script: Script) -> None:
    with sock, suppress(OSError):
        script(sock)
