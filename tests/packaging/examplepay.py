"""Examplepay, the gateway of the template: it opens payments, takes money on a page, notifies and tells."""

import hashlib
import hmac
import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests

API_KEY, SIGNING_KEY = "key-of-the-shop", "signing-key-of-the-shop"

Payment = dict[str, Any]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Examplepay"

    def do_GET(self) -> None:
        self._serve(None)

    def do_POST(self) -> None:
        self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _serve(self, body: bytes | None) -> None:
        parts = self.path.strip("/").split("/")
        if parts[0] == "pay":
            where = self.server.pay(parts[1])
            return self._answer(303, {}, Location=where)
        if self.headers["Authorization"] != f"Bearer {API_KEY}":
            return self._answer(401, {"error": "who_are_you"})
        if body is not None and parts == ["payments"]:
            return self._answer(201, self.server.open(json.loads(body), self.headers["Idempotency-Key"]))
        told = next((each for each in self.server.payments.values() if each["id"] == parts[-1]), None)
        return self._answer(200, told) if told else self._answer(404, {"error": "no_such_payment"})

    def _answer(self, status: int, told: Any, **headers: str) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


class Examplepay(ThreadingHTTPServer):
    """What it knows is by idempotency key; `told` are the statuses its notifications were answered with."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.payments: dict[str, Payment] = {}
        self.told: list[int] = []
        self._numbers = itertools.count(1)
        self.address = f"http://127.0.0.1:{self.server_address[1]}"

    def open(self, asked: Payment, key: str) -> Payment:
        """A new payment, or the one that this key opened before."""
        if key not in self.payments:
            number = f"ex-{next(self._numbers)}"
            page = f"{self.address}/pay/{number}"
            self.payments[key] = {**asked, "id": number, "state": "waiting", "paid": 0, "page": page}
        return self.payments[key]

    def pay(self, number: str) -> str:
        """The customer pays: the shop is notified, and the customer sent back there."""
        payment = next(each for each in self.payments.values() if each["id"] == number)
        payment.update(state="paid", paid=payment["amount"])
        event = {"event": f"ev-{number}", "id": number, "reference": payment["reference"], "state": "paid"}
        body, at = json.dumps(event).encode(), int(time.time())
        mac = hmac.new(SIGNING_KEY.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Example-Signature": f"t={at},v1={mac}"}
        answer = requests.post(payment["notify_url"], data=body, headers=headers, timeout=10)
        self.told.append(answer.status_code)
        return str(payment["return_url"])


@contextmanager
def examplepay() -> Iterator[Examplepay]:
    """It runs meanwhile."""
    with Examplepay() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
