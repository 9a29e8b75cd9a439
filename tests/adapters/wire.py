"""A wire to the database that can be cut at a chosen moment."""

import socket
import threading
from contextlib import suppress
from typing import Self

SECONDS_MAX = 20


class Wire:
    """Passes on whatever two sides say, until the client says `last`: then its answer is lost.

    The server hears the last words and acts on them; the client never learns what came of it.
    """

    def __init__(self, port: int) -> None:
        self._server_port = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.last: bytes | None = None
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # A listener that somebody waits for is not closed before it is shut down.
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for pair in self._pairs:
            for side in pair:
                side.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._server_port), SECONDS_MAX)
            self._pairs.append((client, server))
            cut = threading.Event()
            threading.Thread(target=self._listen, args=(client, server, cut), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client, cut), daemon=True).start()

    def _listen(self, client: socket.socket, server: socket.socket, cut: threading.Event) -> None:
        while words := _heard(client):
            if self.last is not None and self.last in words:
                cut.set()
            _say(server, words)

    def _answer(self, server: socket.socket, client: socket.socket, cut: threading.Event) -> None:
        while words := _heard(server):
            if cut.is_set():
                return _hang_up(client, server)
            _say(client, words)
        return None


def _heard(side: socket.socket) -> bytes:
    try:
        return side.recv(65536)
    except OSError:
        return b""


def _say(side: socket.socket, words: bytes) -> None:
    # Who has hung up meanwhile hears nothing, and that is all there is to it.
    with suppress(OSError):
        side.sendall(words)


def _hang_up(*sides: socket.socket) -> None:
    for side in sides:
        with suppress(OSError):
            side.shutdown(socket.SHUT_RDWR)
