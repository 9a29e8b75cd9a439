"""A stand-in for the gateway, on a real socket: it plays exchanges, stumbles as told, notes what it heard."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs

# A path of its own: adapters append to their base address, whatever stands in it.
PREFIX = "/a/base"

# For ever is as long as this, even for an adapter that would wait longer.
PATIENCE_SECONDS, DRIP_SECONDS = 8.0, 0.05


class Manner(StrEnum):
    """How an answer reaches the other side: whole, never, torn off, too short, or for ever."""

    WHOLE = "whole"
    SILENT = "silent"
    RESET = "reset"
    SHORT = "short"
    DRIPPING = "dripping"


@attrs.frozen
class Answer:
    """What goes out on the wire."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = attrs.field(factory=dict)
    manner: Manner = Manner.WHOLE


@attrs.frozen
class Step:
    """One exchange, filled in.

    `is_background`: it may be asked at any time, as for a token; `is_struck`: whoever asks again is
    answered the same.
    """

    request: Mapping[str, Any]
    answer: Answer
    is_background: bool = False
    is_struck: bool = False


@attrs.frozen
class Asked:
    """A request as it came in; header names in lower case, the path without the stand-in's prefix."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def differs_from(self, wanted: Mapping[str, Any]) -> str | None:
        """In what it is not the request that was recorded, or None."""
        if (self.method, self.path) != (wanted["method"], wanted["path"]):
            return "the method or the path"
        if self.query != wanted.get("query", self.query):
            return "the query"
        for name, value in wanted.get("headers", {}).items():
            if self.headers.get(name.lower()) != value:
                return f"the header {name}"
        if "json" in wanted and not _same_json(self.body, wanted["json"]):
            return "the JSON"
        if "form" in wanted and dict(parse_qsl(self.body.decode("latin-1"), True)) != wanted["form"]:
            return "the form"
        return None


def _same_json(body: bytes, wanted: object) -> bool:
    # Compared as text: to Python 1, 1.0 and true are equal.
    with suppress(ValueError):
        return json.dumps(json.loads(body), sort_keys=True) == json.dumps(wanted, sort_keys=True)
    return False


@attrs.define(eq=False)
class Script:
    """What the stand-in knows, and what it heard: in order, and what was in no recording."""

    steps: Sequence[Step]
    heard: list[Asked] = attrs.field(factory=list)
    strangers: list[str] = attrs.field(factory=list)
    _played: set[int] = attrs.field(factory=set)
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def answer(self, asked: Asked) -> Answer:
        """The first answer to it that was not given yet, else the last; 404 to what is not known."""
        with self._lock:
            self.heard.append(asked)
            fitting = [at for at, step in enumerate(self.steps) if asked.differs_from(step.request) is None]
            if not fitting:
                self.strangers.append(self._complaint(asked))
                return Answer(404, b"{}", {"Content-Type": "application/json"})
            at = next((at for at in fitting if at not in self._played), fitting[-1])
            if not self.steps[at].is_struck:
                self._played.add(at)
            return self.steps[at].answer

    def asked_for(self) -> list[Asked]:
        """What it was asked beside what may be asked at any time."""
        background = [step.request for step in self.steps if step.is_background]
        return [asked for asked in self.heard if all(asked.differs_from(request) for request in background)]

    def _complaint(self, asked: Asked) -> str:
        near = [asked.differs_from(step.request) for step in self.steps]
        found = [why for why in near if why != "the method or the path"]
        why = f"{found[0]} is not as recorded" if found else "it was not recorded"
        return f"{asked.method} {asked.path}: {why}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave in two writes; without this the second waits for the first's receipt.
    disable_nagle_algorithm = True
    server: "StandIn"

    def _serve(self) -> None:
        url = urlsplit(self.path)
        asked = Asked(
            method=self.command,
            path=url.path.removeprefix(PREFIX) if url.path.startswith(PREFIX) else f"(elsewhere){url.path}",
            query=url.query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length", 0))),
        )
        with suppress(OSError):
            self._play(self.server.script.answer(asked))

    def __getattr__(self, name: str) -> Callable[[], None]:
        # Whatever the method: what is not recorded is answered as such.
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _play(self, answer: Answer) -> None:
        if answer.manner is Manner.SILENT:
            self.server.closing.wait(PATIENCE_SECONDS)
        elif answer.manner is Manner.RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        else:
            self._send(answer)
        self.close_connection = self.close_connection or answer.manner is not Manner.WHOLE

    def _send(self, answer: Answer) -> None:
        missing = {Manner.WHOLE: 0, Manner.SHORT: 10, Manner.DRIPPING: 100_000}[answer.manner]
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(answer.body) + missing))
        self.end_headers()
        self.wfile.write(answer.body)
        if answer.manner is Manner.DRIPPING:
            self._drip()

    def _drip(self) -> None:
        for _ in range(int(PATIENCE_SECONDS / DRIP_SECONDS)):
            if self.server.closing.wait(DRIP_SECONDS):
                return
            self.wfile.write(b" ")

    def log_message(self, *args: Any) -> None:
        """Nobody reads it."""


class StandIn(ThreadingHTTPServer):
    """Plays one script after the other, each as long as its case takes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = Script(())
        self.closing = threading.Event()
        self.base_url = f"http://127.0.0.1:{self.server_address[1]}{PREFIX}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who hangs up meanwhile does no harm."""


@contextmanager
def standing_in(steps: Sequence[Step]) -> Iterator[StandIn]:
    """A stand-in that plays these steps while the block runs."""
    with StandIn() as server:
        server.script = Script(steps)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
