"""The address that gateways are told: a proxy before the service, which a test may have lead elsewhere."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

SECONDS_MAX = 30
_OF_THE_CONNECTION = {"host", "connection", "content-length", "accept-encoding"}


class Door:
    """Passes on what comes, byte for byte, and answers what is answered.

    `behind` is where everything leads by its own path; `ways` are the paths that lead to another address.
    """

    def __init__(self, behind: str = "") -> None:
        self.behind = behind
        self.ways: dict[str, str] = {}
        self._server = _Server(("127.0.0.1", 0), _Passing)
        self._server.door = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """What gateways and customers are told."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def leads_to(self, path: str) -> str:
        """Where a request for this path goes."""
        return self.ways.get(path) or self.behind + path

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    door: Door


class _Passing(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        kept = {name: value for name, value in self.headers.items() if name.lower() not in _OF_THE_CONNECTION}
        answer = requests.request(
            self.command,
            self.server.door.leads_to(self.path),
            data=self.rfile.read(int(self.headers.get("Content-Length", 0))),
            headers=kept,
            timeout=SECONDS_MAX,
            allow_redirects=False,
        )
        self.send_response(answer.status_code)
        for name in ("Content-Type", "Location"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_: object) -> None:
        """The tests' output is for what went wrong."""
