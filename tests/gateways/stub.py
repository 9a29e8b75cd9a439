"""A small HTTP server in front of the scripted bank, speaking the sandbox's native dialect."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes import Bank, Called, Fault

API_KEY = "key_test_of_the_shop"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave in two writes; without this the second waits for the first's receipt.
    disable_nagle_algorithm = True
    server: "StubServer"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == f"{self.server.prefix}/v1/payments":
            reference = parse_qs(url.query)["merchant_ref"][0]
            self._serve("verify", reference, None)
        else:
            self._serve("verify", None, unquote(url.path.rsplit("/", 1)[1]))

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.seen.append((path, dict(self.headers.items()), body))
        if path == f"{self.server.prefix}/v1/payments":
            self._serve("initiate", None, None, json.loads(body))
        elif path.endswith("/void"):
            self._serve("close", None, unquote(path.split("/")[-2]))
        else:
            self._answer(404, {"error": "no such path"})

    def _serve(self, operation: str, reference: str | None, payment: str | None, asked: Any = None) -> None:
        bank = self.server.bank
        if self.headers.get("Authorization") != f"Bearer {API_KEY}":
            return self._answer(401, {"error": "who are you?"})
        bank.record(Called(operation, asked["merchant_ref"] if asked else reference or "", payment))
        fault = bank.take_fault(operation)
        if fault and not fault.done:
            return self._stumble(fault)
        status, reply = self._result(operation, reference, payment, asked)
        bank.run_meanwhile(operation)
        if fault:
            return self._stumble(fault)
        return self._answer(status, reply)

    def _result(
        self, operation: str, reference: str | None, payment: str | None, asked: Any
    ) -> tuple[int, Any]:
        bank = self.server.bank
        if operation == "initiate":
            key = self.headers["Idempotency-Key"]
            entry = bank.create(asked["merchant_ref"], key, asked["amount"], asked["currency"])
            if entry is None:
                return 409, {"error": "merchant_ref is taken"}
            return 201, {**entry.told(), "status": "created", "next_step": bank.next_step(entry)}
        if operation == "close":
            done = bank.end(str(payment))
            return {None: 404, False: 409, True: 200}[done], {"id": payment}
        told = bank.find(reference, payment)
        if payment is not None:
            return (404, {"error": "unknown"}) if told is None else (200, told)
        return 200, {"items": [told] if told else []}

    def _stumble(self, fault: Fault) -> None:
        if fault.refused:
            return self._answer(400, {"error": "refused"})
        status = 500 if fault.sent else 429
        return self._answer(status, {"error": "trouble"}, fault.retry_after_seconds)

    def _answer(self, status: int, reply: Any, retry_after_seconds: int | None = None) -> None:
        body = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if retry_after_seconds is not None:
            self.send_header("Retry-After", str(retry_after_seconds))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


class StubServer(ThreadingHTTPServer):
    """Serves one bank under a path of its own; `seen` holds the POSTs as they came in."""

    daemon_threads = True
    prefix = "/some/path"

    def __init__(self, bank: Bank) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bank = bank
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.base_url = f"http://127.0.0.1:{self.server_address[1]}{self.prefix}"


@contextmanager
def serving(bank: Bank) -> Iterator[StubServer]:
    """Run the stub server meanwhile."""
    server = StubServer(bank)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
