"""A gateway whose answers are twisted on their way: the sandbox, with somebody in between."""

import http.client
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.strange.twisting import Twist

# Without a token nothing else is ever asked.
SPARED = "/oauth"

# PayPal alone can tell what it has signed, and nobody can sign for it: whatever is asked about, it did.
CONFIRMING = "/verify-webhook-signature"
CONFIRMED = b'{"verification_status": "SUCCESS"}'
SECONDS_MAX = 15


class Twisted(ThreadingHTTPServer):
    """Hands every question on to the true gateway, and what it answers on, changed; counts those."""

    daemon_threads = True

    def __init__(self, address: str) -> None:
        super().__init__(("127.0.0.1", 0), _Between)
        where = urlsplit(address)
        self.host, self.port = where.hostname or "", where.port or 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.twisted = 0
        self._twists: list[Twist] = []
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def arm(self, twists: Iterable[Twist]) -> None:
        """The next answers come like this; when they are used up, the true ones."""
        with self._lock:
            self._twists = list(twists)

    def take(self) -> Twist:
        """How the next answer comes."""
        with self._lock:
            twist = self._twists.pop(0) if self._twists else Twist()
            self.twisted += twist != Twist()
            return twist

    def close(self) -> None:
        """Ends it."""
        self.shutdown()
        self.server_close()
        self._thread.join()


class _Between(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Twisted

    def do_POST(self) -> None:
        status, headers, body = self._true_answer()
        if CONFIRMING in self.path:
            status, body = 200, CONFIRMED
        elif SPARED not in self.path:
            twist = self.server.take()
            status, body = twist.status or status, twist.document(body)
        self.send_response(status)
        for name in ("Content-Type", "Location", "Retry-After"):
            if name in headers:
                self.send_header(name, headers[name])
        if status == 204:
            body = b""
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_DELETE = do_POST  # noqa: N815 - the base class looks for these names

    def _true_answer(self) -> tuple[int, dict[str, str], bytes]:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        connection = http.client.HTTPConnection(self.server.host, self.server.port, timeout=SECONDS_MAX)
        try:
            connection.request(self.command, self.path, body, dict(self.headers.items()))
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def log_message(self, *args: object) -> None:
        """Keeps quiet."""
