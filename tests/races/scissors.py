"""A wire to PostgreSQL that understands its messages, and is cut after a chosen one of them.

Source: PostgreSQL's "Frontend/Backend Protocol", version 3: after a first message without a type, each
is one letter, four bytes that count themselves and the rest, and the rest.
"""

import socket
import struct
import threading
from contextlib import suppress
from typing import Self

import attrs

SECONDS_MAX = 20
_HEAD = struct.Struct("!cI")
_LENGTH = struct.Struct("!I")

# Which statement a message belongs to is told by these two; all that follow belong to it, too.
PARSE, QUERY, BIND = b"P", b"Q", b"B"


@attrs.frozen
class Cut:
    """Where a wire was cut: after this message, to or from the server, of this statement."""

    kind: str
    to_server: bool
    statement: str

    def __str__(self) -> str:
        arrow = ">" if self.to_server else "<"
        return f"{arrow}{self.kind} {' '.join(self.statement.split()[:3])}"


@attrs.define
class Scissors:
    """Passes on what clients and their server say, message by message.

    Once `after` is set the messages are counted, those of statements that begin with `within` alone;
    after that many the wire is cut: the server hears all that was said so far and acts on it, and the
    client hears no more.
    """

    server_port: int
    within: str = ""
    after: int | None = None
    cut: Cut | None = None
    _count: int = 0
    _lock: threading.Lock = attrs.field(factory=threading.Lock)
    _listening: socket.socket = attrs.field(factory=lambda: socket.create_server(("127.0.0.1", 0)))
    _sides: list[socket.socket] = attrs.field(factory=list)

    @property
    def port(self) -> int:
        """Where clients find it."""
        return int(self._listening.getsockname()[1])

    def through(self, url: str) -> str:
        """The same database, through here."""
        way = url.replace(f":{self.server_port}/", f":{self.port}/")
        return f"{way}?sslmode=disable&gssencmode=disable"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        # A listener that somebody waits for is not closed before it is shut down.
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for side in self._sides:
            side.close()

    def arm(self, after: int, within: str = "") -> None:
        """Cut once, after that many messages from now on."""
        with self._lock:
            self.within, self.after, self.cut, self._count = within, after, None, 0

    def disarm(self) -> Cut | None:
        """Cut no more; answers where it was cut, if it was."""
        with self._lock:
            self.after = None
            return self.cut

    def strikes(self, kind: str, to_server: bool, statement: str) -> bool:
        """Whether the wire has to be cut after this message."""
        with self._lock:
            if self.after is None or self.cut or not statement.startswith(self.within):
                return False
            self._count += 1
            if self._count == self.after:
                self.cut = Cut(kind, to_server, statement)
            return self.cut is not None

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.server_port), SECONDS_MAX)
            server.settimeout(None)
            for side in (client, server):
                side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sides += [client, server]
            talk = _Talk(self, client, server)
            threading.Thread(target=talk.listen, daemon=True).start()
            threading.Thread(target=talk.answer, daemon=True).start()


@attrs.define
class _Talk:
    """One connection of one client."""

    scissors: Scissors
    client: socket.socket
    server: socket.socket
    _statement: str = "(greeting)"
    _prepared: dict[bytes, str] = attrs.field(factory=dict)
    _is_cut: bool = False

    def listen(self) -> None:
        """Pass on what the client says. Cut, the server still hears the end of what was said."""
        with suppress(OSError):
            length = _LENGTH.unpack(first := _read(self.client, _LENGTH.size))[0]
            self.server.sendall(first + _read(self.client, length - _LENGTH.size))
            while not self._is_cut:
                kind, message = _message(self.client)
                self._note(kind, message)
                # Decided before it is said, for the answer may be quicker than we are.
                self._is_cut = self._is_last(kind, to_server=True)
                self.server.sendall(message)
            self.client.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            self.server.shutdown(socket.SHUT_WR)

    def answer(self) -> None:
        """Pass on what the server says; cut, nobody hears it, but it may say it to its end."""
        with suppress(OSError):
            while True:
                kind, message = _message(self.server)
                if self._is_cut:
                    continue
                self._is_cut = self._is_last(kind, to_server=False)
                self.client.sendall(message)
                if self._is_cut:
                    self.client.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            self.client.shutdown(socket.SHUT_RDWR)

    def _note(self, kind: bytes, message: bytes) -> None:
        body = message[_HEAD.size :]
        if kind == QUERY:
            self._statement = body.split(b"\0")[0].decode()
        elif kind == PARSE:
            name, statement, *_ = body.split(b"\0")
            self._statement = self._prepared[name] = statement.decode()
        elif kind == BIND:
            self._statement = self._prepared.get(body.split(b"\0")[1], self._statement)

    def _is_last(self, kind: bytes, *, to_server: bool) -> bool:
        return self.scissors.strikes(kind.decode(), to_server, self._statement)


def _message(side: socket.socket) -> tuple[bytes, bytes]:
    head = _read(side, _HEAD.size)
    kind, length = _HEAD.unpack(head)
    return kind, head + _read(side, length - _LENGTH.size)


def _read(side: socket.socket, count: int) -> bytes:
    """Exactly so many bytes. Raises: OSError when the other side has hung up."""
    parts = []
    while count:
        part = side.recv(count)
        if not part:
            raise ConnectionResetError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
