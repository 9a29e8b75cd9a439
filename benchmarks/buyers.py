"""Customers who buy the same things again and again, and remember what, and how long it took."""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from benchmarks.clients import Connection, Refused

STEPS = ("item", "item 2", "checkout", "callback")
JSON = {"Content-Type": "application/json"}


@attrs.frozen
class Bought:
    """One checkout that was answered to its end. Units: `amount` in the currency's smallest."""

    order_key: str
    payment_id: int
    reference: str
    amount: int


@attrs.define(kw_only=True)
class Buyer:
    """A customer with a token and a connection of its own.

    With `copies` the gateway's news comes over each of these at once, `rounds_of_copies` times.
    Shape: `seconds` holds each step's times, in the order in which they were measured; `errors`
    what went wrong instead of being bought.
    """

    connection: Connection
    token: str
    skus: Sequence[str]
    method: str
    signing_secret: str
    number: int
    copies: Sequence[Connection] = ()
    rounds_of_copies: int = 0
    bought: list[Bought] = attrs.Factory(list)
    errors: list[str] = attrs.Factory(list)
    seconds: dict[str, list[float]] = attrs.field(factory=lambda: {step: [] for step in STEPS})
    _keys: int = 0

    def buy(self) -> bool:
        """One paid order; answers whether it was, and notes what went wrong."""
        try:
            self.bought.append(self._check_out())
        except (Refused, OSError) as trouble:
            self.connection.close()
            self.errors.append(str(trouble))
            return False
        return True

    def close(self) -> None:
        """Let go of the connections."""
        for connection in (self.connection, *self.copies):
            connection.close()

    def _check_out(self) -> Bought:
        """Item, item, checkout, callback. Raises: Refused, OSError."""
        self.fill_cart()
        self._keys += 1
        keyed = {**self._caller, "Idempotency-Key": f"{self.number}-{self._keys}"}
        out = self._timed("checkout", "POST", "/v1/cart/checkout", {"payment_method": self.method}, keyed)
        self._pay(out["payment"])
        return bought_from(out)

    def fill_cart(self) -> None:
        """Item, item. Raises: Refused, OSError."""
        for index, (step, sku) in enumerate(zip(STEPS, self.skus, strict=False)):
            # The second time a thing is put into the cart there are two of it.
            quantity = 1 + self.skus[:index].count(sku)
            self._timed(step, "PUT", f"/v1/cart/items/{sku}", {"quantity": quantity}, self._caller)

    @property
    def _caller(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token}", **JSON}

    def _pay(self, payment: Mapping[str, Any]) -> None:
        """The gateway's news, signed as it does; further copies of it arrive at the same time."""
        path, body = f"/v1/callbacks/{self.method}/{payment['order_id']}", _news_of(payment)
        headers = {**JSON, "X-Sandbox-Signature": _signature(self.signing_secret, body)}
        began = time.perf_counter()
        for _ in range(self.rounds_of_copies):
            for copy in self.copies:
                copy.send("POST", path, body, headers)
            for copy in self.copies:
                copy.answer(f"POST {path}")
        if not self.copies:
            self.connection.ask("POST", path, body, headers)
        self.seconds["callback"].append(time.perf_counter() - began)

    def _timed(self, step: str, method: str, path: str, document: object, headers: Mapping[str, str]) -> Any:
        body = json.dumps(document).encode()
        began = time.perf_counter()
        told = self.connection.ask(method, path, body, headers)
        self.seconds[step].append(time.perf_counter() - began)
        return told


def bought_from(out: Mapping[str, Any]) -> Bought:
    """What a checkout's answer tells of what was bought."""
    payment = out["payment"]
    return Bought(
        order_key=out["order_key"],
        payment_id=payment["id"],
        reference=payment["order_id"],
        amount=round(payment["amount"] * 100),
    )


def _news_of(payment: Mapping[str, Any]) -> bytes:
    news = {
        "event_id": f"evt_{payment['id']}",
        "type": "payment.captured",
        "created": int(time.time()),
        "payment": {"id": payment["transaction_id"], "merchant_ref": payment["order_id"]},
    }
    return json.dumps(news).encode()


def _signature(secret: str, body: bytes) -> str:
    at = int(time.time())
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"
