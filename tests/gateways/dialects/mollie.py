"""How Mollie speaks, with the scripted bank behind it."""

import json
from typing import Any

from application.gateways import Received
from tests.fakes import Bank
from tests.gateways.stub import Asked, Reply, Understood

KEY = "test_of_the_shop"

WORDS = {
    "created": "open",
    "pending": "pending",
    "authorized": "authorized",
    "captured": "paid",
    "refunded": "paid",
    "partially_refunded": "paid",
    "failed": "failed",
    "canceled": "canceled",
    "expired": "expired",
}
REFUNDS = {"succeeded": "refunded", "pending": "queued", "failed": "failed"}
NEEDED = {"amount", "description", "redirectUrl", "webhookUrl", "metadata"}


def minor(amount: dict[str, str]) -> int:
    """Two decimals, as text."""
    whole, point, decimals = amount["value"].partition(".")
    assert point and len(decimals) == 2
    return int(whole + decimals)


class Mollie:
    """JSON in and out."""

    backend = "mollie"
    prefix = "/mollie"

    def settings(self, base_url: str) -> dict[str, Any]:
        """One key, and where it is."""
        return {"base_url": base_url, "api_key": KEY}

    def understand(self, bank: Bank, asked: Asked) -> Understood | Reply:
        """Unknown fields are refused."""
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            return 401, {"status": 401}
        told = json.loads(asked.body or b"{}")
        once = asked.headers.get("idempotency-key")
        if asked.path == "/v2/payments":
            return self._opening(bank, told, once)
        number = asked.part(3)
        if asked.path.endswith("/captures"):
            return Understood(
                "capture", None, number, lambda: self._capture(bank, number, minor(told["amount"]))
            )
        if asked.path.endswith("/refunds"):
            return Understood("refund", None, number, lambda: self._give_back(bank, number, told, once))
        if "/refunds/" in asked.path:
            return Understood("refund_status", None, number, lambda: self._refund(bank.move(asked.last)))
        if asked.method == "DELETE":
            return Understood("close", None, number, lambda: self._cancel(bank, number))
        return Understood("verify", None, number, lambda: self._status(bank, number))

    def callback(self, bank: Bank, order_id: str, event: str | None, *, forged: bool, now: float) -> Received:
        """A form with a name in it."""
        entry = bank.find(order_id, None) or {"id": "tr_unknown"}
        body = f"id={entry['id']}".encode()
        return Received(method="POST", path="/v1/callbacks/card", query="", headers={}, body=body)

    def _opening(self, bank: Bank, told: dict[str, Any], once: str | None) -> Understood | Reply:
        if told.keys() - {"captureMode"} != NEEDED:
            return 422, {"status": 422}
        reference = told["metadata"]["bill_id"]

        def work() -> Reply:
            entry = bank.create(reference, once, minor(told["amount"]), told["amount"]["currency"])
            if entry is None:
                return 422, {"status": 422}
            links = {"checkout": {"href": bank.next_step(entry), "type": "text/html"}}
            return 201, {**self._payment(entry.told()), "status": "open", "_links": links}

        return Understood("initiate", reference, None, work)

    def _payment(self, entry: dict[str, Any]) -> dict[str, Any]:
        def money(value: int) -> dict[str, str]:
            return {"currency": entry["currency"], "value": f"{value // 100}.{value % 100:02d}"}

        return {
            "resource": "payment",
            "id": entry["id"],
            "status": WORDS.get(entry["status"], entry["status"]),
            "amount": money(entry["amount"]),
            "amountCaptured": money(entry["amount_captured"]),
            "amountRefunded": money(entry["amount_refunded"]),
            "metadata": {"bill_id": entry["merchant_ref"]},
        }

    def _status(self, bank: Bank, number: str) -> Reply:
        entry = bank.find(None, number)
        return (200, self._payment(entry)) if entry else (404, {"status": 404})

    def _cancel(self, bank: Bank, number: str) -> Reply:
        return self._status(bank, number) if bank.end(number) else (422, {"status": 422})

    def _capture(self, bank: Bank, number: str, amount: int) -> Reply:
        done = bank.take(number, amount)
        return (201, {"id": "cpt_1", "status": "succeeded"}) if done else (422, {"status": 422})

    def _give_back(self, bank: Bank, number: str, told: dict[str, Any], once: str | None) -> Reply:
        move = bank.give_back(number, minor(told["amount"]), once)
        return self._refund(move) if move else (422, {"status": 422})

    def _refund(self, move: dict[str, Any] | None) -> Reply:
        return (
            (201, {"id": move["id"], "status": REFUNDS[move["status"]]}) if move else (404, {"status": 404})
        )
