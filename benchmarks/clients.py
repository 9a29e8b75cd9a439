"""Closed-loop clients: each waits for its answer before it asks again, over one kept-alive connection."""

import hashlib
import hmac
import http.client
import json
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import attrs

STEPS = ("item", "item 2", "checkout", "callback")


@attrs.define
class Connection:
    """One client's connection to one server."""

    address: str
    _http: http.client.HTTPConnection = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        parts = urlsplit(self.address)
        self._http = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Any:
        """One request; answers the document. Raises: RuntimeError for anything but a success."""
        self._http.request(method, path, body, headers or {})
        answer = self._http.getresponse()
        told = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {told[:500]!r}")
        return json.loads(told) if told else None


@attrs.define(kw_only=True)
class Buyer:
    """A customer with a token who buys the same two products again and again."""

    connection: Connection
    token: str
    skus: Sequence[str]
    method: str
    signing_secret: str
    number: int
    bought: list[str] = attrs.Factory(list)
    seconds: dict[str, list[float]] = attrs.field(factory=lambda: {step: [] for step in STEPS})

    def buy(self) -> None:
        """Item, item, checkout, callback: one paid order."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        for step, sku in zip(STEPS, self.skus, strict=False):
            self._timed(step, "PUT", f"/v1/cart/items/{sku}", {"quantity": 1}, headers)
        keyed = {**headers, "Idempotency-Key": f"{self.number}-{len(self.bought)}"}
        out = self._timed("checkout", "POST", "/v1/cart/checkout", {"payment_method": self.method}, keyed)
        payment = out["payment"]
        news = {
            "event_id": f"evt_{payment['id']}",
            "type": "payment.captured",
            "created": int(time.time()),
            "payment": {"id": payment["transaction_id"], "merchant_ref": payment["order_id"]},
        }
        path = f"/v1/callbacks/{self.method}/{payment['order_id']}"
        self._timed("callback", "POST", path, news, {"Content-Type": "application/json"}, sign=True)
        self.bought.append(out["order_key"])

    def unpaid(self) -> list[str]:
        """The keys of those orders that are not in PROCESSING, asked one by one."""
        asked = ((key, self.connection.ask("GET", f"/v1/orders/{key}")["status"]) for key in self.bought)
        return [key for key, status in asked if status != "PROCESSING"]

    def _timed(
        self,
        step: str,
        method: str,
        path: str,
        document: object,
        headers: dict[str, str],
        *,
        sign: bool = False,
    ) -> Any:
        body = json.dumps(document).encode()
        if sign:
            at = int(time.time())
            mac = hmac.new(self.signing_secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
            headers = {**headers, "X-Sandbox-Signature": f"t={at},v1={mac.hexdigest()}"}
        began = time.perf_counter()
        told = self.connection.ask(method, path, body, headers)
        self.seconds[step].append(time.perf_counter() - began)
        return told


def run_for(seconds: float, deeds: Sequence[Callable[[], None]]) -> tuple[int, float]:
    """Do each deed over and over, on a thread each; answers how many were done and how long it took."""
    done = [0] * len(deeds)
    troubles: list[BaseException] = []
    began = time.perf_counter()

    def loop(index: int) -> None:
        try:
            while time.perf_counter() - began < seconds and not troubles:
                deeds[index]()
                done[index] += 1
        except Exception as trouble:
            troubles.append(trouble)

    threads = [threading.Thread(target=loop, args=(index,)) for index in range(len(deeds))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if troubles:
        raise troubles[0]
    return sum(done), time.perf_counter() - began
