"""A very cheap stand-in for the gateway: every payment it opened is captured when asked about.

It speaks just enough of the sandbox's native dialect for a paid checkout, so that what is measured
is the service and not the gateway. What it was asked is its record, which tells whether the service
really came to it. Run as `python -m benchmarks.standin`.
"""

import json
import socketserver
import threading
from typing import Any, ClassVar

RECORD = "/record"


class Standin(socketserver.StreamRequestHandler):
    """One kept-alive connection of the service."""

    disable_nagle_algorithm = True
    payments: ClassVar[dict[str, dict[str, Any]]] = {}
    asked: ClassVar[dict[str, int]] = {}
    lock: ClassVar[threading.Lock] = threading.Lock()

    def handle(self) -> None:
        """Answer request after request until the peer is done."""
        while line := self.rfile.readline():
            method, path, _ = line.decode().split()
            length = 0
            while (header := self.rfile.readline()) not in (b"\r\n", b""):
                name, _, value = header.decode().partition(":")
                length = int(value) if name.lower() == "content-length" else length
            body = json.loads(self.rfile.read(length)) if length else {}
            self.reply(*self.answer(method, path, body))

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, object]:
        """Open a payment, say that it is captured, or show the record."""
        if path == RECORD:
            return 200, self.record()
        if method == "POST":
            return 201, self.opened(body)
        payment_id = path.rpartition("/")[2]
        with self.lock:
            self.asked[payment_id] += 1
        payment = self.payments[payment_id]
        return 200, {
            **payment,
            "status": "captured",
            "amount_authorized": payment["amount"],
            "amount_captured": payment["amount"],
            "amount_refunded": 0,
            "card": {"brand": "visa", "mask": "411111******1111"},
        }

    def opened(self, body: dict[str, Any]) -> dict[str, Any]:
        """A new payment."""
        with self.lock:
            payment_id = f"pay_{len(self.payments):08d}x"
            self.payments[payment_id] = payment = {
                "id": payment_id,
                "merchant_ref": body["merchant_ref"],
                "amount": body["amount"],
                "currency": body["currency"],
                "next_step": f"http://127.0.0.1:1/pay/{payment_id}",
            }
            self.asked[payment_id] = 0
        return {**payment, "status": "created"}

    def record(self) -> dict[str, dict[str, int]]:
        """For each reference the amount, how often it was opened and how often it was asked about."""
        told: dict[str, dict[str, int]] = {}
        with self.lock:
            for payment_id, payment in self.payments.items():
                line = told.setdefault(payment["merchant_ref"], {"opened": 0, "asked": 0})
                line["amount"] = payment["amount"]
                line["opened"] += 1
                line["asked"] += self.asked[payment_id]
        return told

    def reply(self, status: int, document: object) -> None:
        """Write the answer."""
        body = json.dumps(document).encode()
        head = (
            f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.wfile.write(head.encode() + body)


class Server(socketserver.ThreadingTCPServer):
    """A thread for each connection."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256


if __name__ == "__main__":
    with Server(("127.0.0.1", 0), Standin) as server:
        print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()
