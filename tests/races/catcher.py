"""Where gateways call back to in place of the service, so that a test decides when it hears of what."""

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import attrs
import requests

from tests.steps.http_gateway import poll

SECONDS_MAX = 15


@attrs.frozen
class Caught:
    """One callback, byte for byte as the gateway sent it."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    def deliver(self, address: str) -> requests.Response:
        """Sends it on to a service."""
        return requests.post(
            address + self.path, data=self.body, headers=dict(self.headers), timeout=SECONDS_MAX
        )


class Catcher:
    """Takes every callback, acknowledges it, and keeps it."""

    def __init__(self) -> None:
        self._caught: list[Caught] = []
        caught = self._caught

        class Taking(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {
                    name: value
                    for name, value in self.headers.items()
                    if name in {"Content-Type", "X-Sandbox-Signature"}
                }
                caught.append(Caught(self.path, headers, body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """The tests' output is for what went wrong."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """What to tell the service as its public address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def about(self, ref: str) -> Caught:
        """The first callback about a merchant reference; waits for it."""
        assert poll(lambda: bool(self._all(ref))), f"no callback about {ref}"
        return self._all(ref)[0]

    def _all(self, ref: str) -> list[Caught]:
        return [each for each in list(self._caught) if each.path.endswith(f"/{ref}")]

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
