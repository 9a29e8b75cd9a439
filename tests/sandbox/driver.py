"""Drives a sandbox over its real socket, and plays the shop that it calls back."""

import itertools
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
import requests

API_KEY = "api-key-of-the-tests"
SIGNING_SECRET = "signing-secret-of-the-tests"
CONTROL_TOKEN = "control-token-of-the-tests"

APPROVED = "4111 1111 1111 1111"
WAIT_SECONDS_MAX = 20.0


def eventually(question: Callable[[], Any], seconds_max: float = WAIT_SECONDS_MAX) -> Any:
    """Asks until the answer is true, for a bounded time; answers the last answer."""
    deadline = time.monotonic() + seconds_max
    while not (answer := question()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return answer


@attrs.frozen
class Call:
    """One request the shop received."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)


class _Server(ThreadingHTTPServer):
    request_queue_size = 512


class Shop:
    """A shop's callback address: notes what comes and answers as it is told."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.answers: list[int] = []
        self.delay_seconds = 0.0
        self._numbers = itertools.count(1)
        self.on_call: Callable[[Call], None] = lambda call: None
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def forget(self) -> None:
        self.calls, self.answers, self.delay_seconds = [], [], 0.0
        self.on_call = lambda call: None

    def count(self) -> int:
        """Numbers whatever needs a number, each time another."""
        return next(self._numbers)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def posts(self) -> list[Call]:
        return [call for call in self.calls if call.method == "POST"]

    def types(self) -> list[str]:
        return [call.event["type"] for call in self.posts()]

    def wait_for(self, count: int) -> list[Call]:
        eventually(lambda: len(self.calls) >= count)
        return self.calls

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                parts = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                query = dict(parse_qsl(parts.query))
                call = Call(self.command, parts.path, query, headers, body, time.monotonic())
                shop.calls.append(call)
                shop.on_call(call)
                time.sleep(shop.delay_seconds)
                status = shop.answers.pop(0) if shop.answers else 200
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST  # noqa: N815 - the base class looks for this name

            def log_message(self, *args: object) -> None:
                """Keeps quiet."""

        return Handler


class Driver:
    """Everybody who speaks to the sandbox: the merchant, the buyer's browser and the control side."""

    def __init__(self, url: str, shop: Shop) -> None:
        self.url = url
        self.shop = shop
        self._session = requests.Session()
        self._session.trust_env = False
        self._count = 0

    def close(self) -> None:
        self._session.close()

    def call(self, method: str, path: str, token: str | None = None, **more: Any) -> requests.Response:
        headers = dict(more.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self._session.request(
            method, self.url + path, headers=headers, allow_redirects=False, timeout=15, **more
        )

    def api(self, method: str, path: str, json: Any = None, key: str | None = None) -> requests.Response:
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.call(method, path, API_KEY, json=json, headers=headers)

    def ctl(self, method: str, path: str, json: Any = None) -> requests.Response:
        return self.call(method, f"/_ctl/{path}", CONTROL_TOKEN, json=json)

    def items(self, path: str) -> list[dict[str, Any]]:
        answer = self.ctl("GET", path).json()
        assert answer["next"] is None
        return answer["items"]

    def order(self, **changes: Any) -> dict[str, Any]:
        """A sound request to create a payment, under a fresh reference."""
        self._count += 1
        order = {
            "merchant_ref": f"ref-{self._count}",
            "amount": 4000,
            "currency": "AZN",
            "return_url": f"{self.shop.url}/return",
            "cancel_url": f"{self.shop.url}/cancel",
            "notify_url": f"{self.shop.url}/notify",
        }
        return order | changes

    def create(self, **changes: Any) -> dict[str, Any]:
        answer = self.api("POST", "/v1/payments", self.order(**changes))
        assert answer.status_code == 201, answer.text
        return answer.json()

    def payment(self, payment_id: str) -> dict[str, Any]:
        answer = self.api("GET", f"/v1/payments/{payment_id}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def truth(self, payment_id: str) -> dict[str, Any]:
        """The payment as the control side sees it, past all faults."""
        return next(item for item in self.items("payments") if item["id"] == payment_id)

    def submit(self, payment_id: str, number: str = APPROVED, **fields: str) -> requests.Response:
        form = {"card_number": number, "expiry": "12/49", "cvc": "123"} | fields
        return self.call("POST", f"/pay/{payment_id}", data=form)

    def paid(self, number: str = APPROVED, **changes: Any) -> dict[str, Any]:
        payment = self.create(**changes)
        assert self.submit(payment["id"], number).status_code == 303
        return payment

    def arm(self, op: str, action: str, **more: Any) -> str:
        answer = self.ctl("POST", "faults", {"op": op, "action": action, **more})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def advance(self, seconds: float) -> None:
        assert self.ctl("POST", "clock/advance", {"seconds": seconds}).status_code == 200

    def kinds(self, payment_id: str) -> list[str]:
        return [entry["kind"] for entry in self.items("journal") if entry["payment_id"] == payment_id]


def returned(answer: requests.Response) -> dict[str, str]:
    """The query a buyer is sent back to the shop with."""
    assert answer.status_code == 303, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query, keep_blank_values=True))
