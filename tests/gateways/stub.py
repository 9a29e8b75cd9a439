"""A small HTTP server in front of the scripted bank; which dialect it speaks is told by a `Dialect`."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import attrs

from application.gateways import Received
from tests.fakes import Bank, Called, Fault

API_KEY = "key_test_of_the_shop"


@attrs.frozen(kw_only=True)
class Asked:
    """A request as it came in, its path without the server's prefix."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes

    @property
    def last(self) -> str:
        """The last part of the path, decoded."""
        return unquote(self.path.rsplit("/", 1)[1])

    def part(self, index: int) -> str:
        """A part of the path, decoded; counted from the left, the first is 1."""
        return unquote(self.path.split("/")[index])

    def form(self) -> dict[str, str]:
        """The fields of a form."""
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


Reply = tuple[int, Any]


@attrs.frozen
class Understood:
    """What is asked of the bank; `operation` None for what faults do not strike."""

    operation: str | None
    order_id: str | None
    transaction_id: str | None
    work: Callable[[], Reply]


class Dialect(Protocol):
    """How one gateway speaks: strict about what it is asked, with the bank behind it."""

    backend: str
    prefix: str

    def settings(self, base_url: str) -> dict[str, Any]:
        """A method's settings for this gateway."""
        ...

    def understand(self, bank: Bank, asked: Asked) -> Understood | Reply:
        """What a request asks for, or what is answered to nonsense."""
        ...

    def callback(self, bank: Bank, order_id: str, event: str | None, *, forged: bool, now: float) -> Received:
        """The gateway's POST about a payment."""
        ...


class Native:
    """The sandbox's native dialect."""

    backend = "sandbox"
    prefix = "/some/path"

    def settings(self, base_url: str) -> dict[str, Any]:
        """Three settings; the secret is the bank's own."""
        return {"base_url": base_url, "api_key": API_KEY, "signing_secret": Bank().secret}

    def understand(self, bank: Bank, asked: Asked) -> Understood | Reply:
        """Payments, refunds, voids and captures."""
        if asked.headers.get("authorization") != f"Bearer {API_KEY}":
            return 401, {"error": "who are you?"}
        if asked.path == "/v1/payments" and asked.method == "GET":
            reference = asked.query["merchant_ref"][0]
            return Understood("verify", reference, None, lambda: self._list(bank, reference))
        if asked.path == "/v1/payments":
            return self._opening(bank, asked)
        if asked.path.startswith("/v1/refunds/"):
            return Understood("refund_status", None, None, lambda: self._refund(bank.move(asked.last)))
        payment = asked.part(3)
        if asked.method == "GET":
            return Understood("verify", None, payment, lambda: self._one(bank, payment))
        works: dict[str, tuple[str, Callable[[], Reply]]] = {
            "void": ("close", lambda: self._void(bank, payment)),
            "capture": ("capture", lambda: self._capture(bank, payment, asked)),
            "refunds": ("refund", lambda: self._give_back(bank, payment, asked)),
        }
        operation, work = works[asked.last]
        return Understood(operation, None, payment, work)

    def callback(self, bank: Bank, order_id: str, event: str | None, *, forged: bool, now: float) -> Received:
        """As the bank itself speaks."""
        return bank.callback(order_id, event, forged=forged, now=now)

    def _opening(self, bank: Bank, asked: Asked) -> Understood:
        told = json.loads(asked.body)
        key = asked.headers["idempotency-key"]

        def work() -> Reply:
            entry = bank.create(told["merchant_ref"], key, told["amount"], told["currency"])
            if entry is None:
                return 409, {"error": "merchant_ref is taken"}
            return 201, {**entry.told(), "status": "created", "next_step": bank.next_step(entry)}

        return Understood("initiate", told["merchant_ref"], None, work)

    def _list(self, bank: Bank, reference: str) -> Reply:
        told = bank.find(reference, None)
        return 200, {"items": [told] if told else []}

    def _one(self, bank: Bank, payment: str) -> Reply:
        told = bank.find(None, payment)
        return (404, {"error": "unknown"}) if told is None else (200, told)

    def _void(self, bank: Bank, payment: str) -> Reply:
        return {None: 404, False: 409, True: 200}[bank.end(payment)], {"id": payment}

    def _capture(self, bank: Bank, payment: str, asked: Asked) -> Reply:
        if not bank.take(payment, json.loads(asked.body)["amount"]):
            return 422, {"error": "not held"}
        return 200, bank.find(None, payment)

    def _give_back(self, bank: Bank, payment: str, asked: Asked) -> Reply:
        move = bank.give_back(payment, json.loads(asked.body)["amount"], asked.headers["idempotency-key"])
        return self._refund(move) if move else (422, {"error": "not so much"})

    def _refund(self, move: dict[str, Any] | None) -> Reply:
        return (201, move) if move else (404, {"error": "unknown"})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave in two writes; without this the second waits for the first's receipt.
    disable_nagle_algorithm = True
    server: "StubServer"

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def _serve(self) -> None:
        url, server = urlsplit(self.path), self.server
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server.seen.append((url.path, dict(self.headers.items()), body))
        prefix = server.dialect.prefix
        if not url.path.startswith(prefix):
            return self._answer(404, {"error": "no such path"})
        asked = Asked(
            method=self.command,
            path=url.path.removeprefix(prefix),
            query=parse_qs(url.query),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
        )
        understood = server.dialect.understand(server.bank, asked)
        if isinstance(understood, tuple):
            return self._answer(*understood)
        return self._do(understood)

    def _do(self, understood: Understood) -> None:
        bank, operation = self.server.bank, understood.operation
        if operation is None:
            return self._answer(*understood.work())
        bank.record(Called(operation, understood.order_id or "", understood.transaction_id))
        fault = bank.take_fault(operation)
        if fault and not fault.done:
            return self._stumble(fault)
        reply = understood.work()
        bank.run_meanwhile(operation)
        return self._stumble(fault) if fault else self._answer(*reply)

    def _stumble(self, fault: Fault) -> None:
        if fault.refused:
            return self._answer(400, {"error": "refused"})
        status = 500 if fault.sent else 429
        return self._answer(status, {"error": "trouble"}, fault.retry_after_seconds)

    def _answer(self, status: int, reply: Any, retry_after_seconds: int | None = None) -> None:
        body = b"" if reply is None else json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        if retry_after_seconds is not None:
            self.send_header("Retry-After", str(retry_after_seconds))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


class StubServer(ThreadingHTTPServer):
    """Serves one bank under a path of its own; `seen` holds the requests as they came in."""

    daemon_threads = True

    def __init__(self, bank: Bank, dialect: Dialect) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bank, self.dialect = bank, dialect
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.base_url = f"http://127.0.0.1:{self.server_address[1]}{dialect.prefix}"


@contextmanager
def serving(bank: Bank, dialect: Dialect | None = None) -> Iterator[StubServer]:
    """Run the stub server meanwhile, in the native dialect unless told another."""
    server = StubServer(bank, dialect or Native())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
