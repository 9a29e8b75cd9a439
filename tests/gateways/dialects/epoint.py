"""How epoint.az speaks, with the scripted bank behind it."""

import base64
import hashlib
import json
from typing import Any
from urllib.parse import urlencode

from application.gateways import Received
from tests.fakes import Bank
from tests.gateways.stub import Asked, Reply, Understood

PUBLIC, PRIVATE = "i000000001", "sandbox_private_key_0000000001"

WORDS = {
    "created": "new",
    "pending": "new",
    "captured": "success",
    "authorized": "success",
    "failed": "error",
    "canceled": "returned",
    "refunded": "returned",
    "partially_refunded": "returned",
}


def signature(private_key: str, data: str) -> str:
    """As the vendor's document has it."""
    return base64.b64encode(hashlib.sha1((private_key + data + private_key).encode()).digest()).decode()


def major(minor: int) -> str:
    """Decimal text."""
    return f"{minor // 100}.{minor % 100:02d}"


class Epoint:
    """Two fields in, JSON out, failures with 200."""

    backend = "epoint"
    prefix = "/bank"

    def settings(self, base_url: str) -> dict[str, Any]:
        """What has no default, and where it is."""
        return {"base_url": base_url, "public_key": PUBLIC, "private_key": PRIVATE}

    def understand(self, bank: Bank, asked: Asked) -> Understood | Reply:
        """Whatever is not signed is refused, in its own way."""
        form = asked.form()
        if form.keys() != {"data", "signature"} or form["signature"] != signature(PRIVATE, form["data"]):
            return 200, {"status": "error", "message": "Signature did not match"}
        told = json.loads(base64.b64decode(form["data"], validate=True))
        if told.pop("public_key") != PUBLIC:
            return 403, {"status": "error"}
        number = told.get("transaction")
        calls = {
            "/api/1/request": ("initiate", lambda: self._open(bank, told)),
            "/api/1/pre-auth-request": ("initiate", lambda: self._open(bank, told)),
            "/api/1/get-status": ("verify", lambda: self._status(bank, told)),
            "/api/1/reverse": ("refund", lambda: self._reverse(bank, told)),
            "/api/1/pre-auth-complete": ("capture", lambda: self._complete(bank, told)),
        }
        if asked.path not in calls:
            return 404, {"status": "error"}
        operation, work = calls[asked.path]
        return Understood(operation, told.get("order_id"), number, work)

    def callback(self, bank: Bank, order_id: str, event: str | None, *, forged: bool, now: float) -> Received:
        """A form of two fields; it knows no time."""
        entry = bank.find(order_id, None) or {"id": "te_unknown", "amount": 1, "status": "captured"}
        status = {"captured": "success", "failed": "failed"}.get(event or entry["status"], "sparkling")
        told = {
            "order_id": order_id,
            "status": status,
            "transaction": entry["id"],
            "amount": entry["amount"] / 100,
            "other_attr": None,
        }
        data = base64.b64encode(json.dumps(told).encode()).decode()
        sign = signature("another_private_key" if forged else PRIVATE, data)
        return Received(
            method="POST",
            path="/v1/callbacks/card",
            query="",
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=urlencode({"data": data, "signature": sign}).encode(),
        )

    def _open(self, bank: Bank, told: dict[str, Any]) -> Reply:
        whole, _, part = told["amount"].partition(".")
        entry = bank.create(told["order_id"], object(), int(whole + part), told["currency"])
        if entry is None:
            return 200, {"status": "error", "message": "order_id already exists"}
        return 200, {"status": "success", "transaction": entry.id, "redirect_url": bank.next_step(entry)}

    def _status(self, bank: Bank, told: dict[str, Any]) -> Reply:
        entry = bank.find(None, told["transaction"])
        if entry is None:
            return 200, {"status": "error", "message": "transaction is unknown"}
        reply = {
            "status": WORDS.get(entry["status"], entry["status"]),
            "code": entry["decline_code"],
            "transaction": entry["id"],
            "amount": major(entry["amount"]),
            "card_mask": entry["card"] and entry["card"]["mask"],
            "other_attr": None,
        }
        return 200, reply

    def _reverse(self, bank: Bank, told: dict[str, Any]) -> Reply:
        entry = bank.find(None, told["transaction"])
        if entry is None:
            return 200, {"status": "error"}
        if entry["status"] == "authorized":
            return 200, {"status": "success" if bank.end(entry["id"]) else "failed"}
        amount = round(float(told["amount"]) * 100) if told.get("amount") else entry["amount_captured"]
        return 200, {"status": "success" if bank.give_back(entry["id"], amount, object()) else "failed"}

    def _complete(self, bank: Bank, told: dict[str, Any]) -> Reply:
        amount = round(float(told["amount"]) * 100)
        return 200, {"status": "success" if bank.take(told["transaction"], amount) else "failed"}
