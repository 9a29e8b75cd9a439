"""A very cheap stand-in for the gateway: every payment it opened is captured when asked about.

It speaks just enough of the sandbox's native dialect for a paid checkout, so that what is measured
is the service and not the gateway. Run as `python -m benchmarks.standin PORT`.
"""

import json
import socketserver
import sys
import threading


class Standin(socketserver.StreamRequestHandler):
    """One kept-alive connection of the service."""

    disable_nagle_algorithm = True
    payments: dict[str, dict[str, object]] = {}
    lock = threading.Lock()

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

    def answer(self, method: str, path: str, body: dict[str, object]) -> tuple[int, object]:
        """Open a payment, or say that it is captured."""
        if method == "POST":
            with self.lock:
                payment_id = f"pay_{len(self.payments):08d}x"
                self.payments[payment_id] = {
                    "id": payment_id,
                    "merchant_ref": body["merchant_ref"],
                    "amount": body["amount"],
                    "currency": body["currency"],
                    "next_step": f"http://127.0.0.1:1/pay/{payment_id}",
                }
            return 201, {**self.payments[payment_id], "status": "created"}
        payment = self.payments[path.rpartition("/")[2]]
        return 200, {
            **payment,
            "status": "captured",
            "amount_authorized": payment["amount"],
            "amount_captured": payment["amount"],
            "amount_refunded": 0,
            "card": {"brand": "visa", "mask": "411111******1111"},
        }

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
    with Server(("127.0.0.1", int(sys.argv[1])), Standin) as server:
        print(f"listening on http://127.0.0.1:{server.server_address[1]}", flush=True)
        server.serve_forever()
