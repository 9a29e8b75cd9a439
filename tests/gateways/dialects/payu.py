"""How PayU speaks, with the scripted bank behind it."""

import hashlib
import json
from typing import Any

from application.gateways import Received
from tests.fakes import Bank
from tests.gateways.stub import Asked, Reply, Understood

CLIENT = {"client_id": "300746", "client_secret": "2ee86a66e5d97e3fadc400c9f19b065d"}
SECOND_KEY = "b6ca15b0d1020e8094d9b5f8d163db54"
TOKEN = "3e5cac39-7e38-4139-8fd6-30adc06a61bd"

WORDS = {
    "created": "NEW",
    "pending": "PENDING",
    "authorized": "WAITING_FOR_CONFIRMATION",
    "captured": "COMPLETED",
    "refunded": "COMPLETED",
    "partially_refunded": "COMPLETED",
    "failed": "CANCELED",
    "canceled": "CANCELED",
}
REFUNDS = {"succeeded": "FINALIZED", "pending": "PENDING", "failed": "CANCELED"}
NEEDED = {
    *("notifyUrl", "continueUrl", "customerIp", "merchantPosId", "description", "currencyCode"),
    *("totalAmount", "extOrderId", "products"),
}
DONE = {"statusCode": "SUCCESS"}


def no(status: int, code: str) -> Reply:
    """What is said to nonsense."""
    return status, {"status": {"statusCode": code}}


class Payu:
    """JSON in and out, behind a token."""

    backend = "payu"
    prefix = "/payu"

    def settings(self, base_url: str) -> dict[str, Any]:
        """A point of sale that collects manats."""
        return {
            "base_url": base_url,
            "pos_id": "300746",
            "second_key": SECOND_KEY,
            "currency": "AZN",
            **CLIENT,
        }

    def understand(self, bank: Bank, asked: Asked) -> Understood | Reply:
        """Whatever has no token is refused."""
        if asked.path == "/pl/standard/user/oauth/authorize":
            wanted = {"grant_type": "client_credentials", **CLIENT}
            return (
                (200, {"access_token": TOKEN, "expires_in": 43199}) if asked.form() == wanted else (401, {})
            )
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return no(401, "UNAUTHORIZED")
        if asked.path == "/api/v2_1/orders":
            return self._opening(bank, json.loads(asked.body))
        number = asked.part(4)
        if asked.path.endswith("/captures"):
            amount = int(json.loads(asked.body)["amount"])
            return Understood("capture", None, number, lambda: self._capture(bank, number, amount))
        if asked.path.endswith("/refunds"):
            refund = json.loads(asked.body)["refund"]
            return Understood("refund", None, number, lambda: self._give_back(bank, number, refund))
        if "/refunds/" in asked.path:
            return Understood("refund_status", None, number, lambda: self._refund(bank.move(asked.last)))
        if asked.method == "DELETE":
            return Understood("close", None, number, lambda: self._cancel(bank, number))
        return Understood("verify", None, number, lambda: self._status(bank, number))

    def callback(self, bank: Bank, order_id: str, event: str | None, *, forged: bool, now: float) -> Received:
        """A notification, its header's parts in an order of their own."""
        entry = bank.find(order_id, None) or {
            "id": "O1",
            "status": "captured",
            "amount": 1,
            "currency": "AZN",
        }
        order = {
            **self._order({**entry, "merchant_ref": order_id}),
            "status": WORDS[event or entry["status"]],
        }
        body = json.dumps({"order": order}).encode()
        key = "another" if forged else SECOND_KEY
        digest = hashlib.sha256(body + key.encode()).hexdigest()
        header = f"sender=checkout;signature={digest};algorithm=SHA-256;content=DOCUMENT"
        return Received(
            method="POST",
            path="/v1/callbacks/card",
            query="",
            headers={"openpayu-signature": header},
            body=body,
        )

    def _opening(self, bank: Bank, told: dict[str, Any]) -> Understood | Reply:
        if told.keys() != NEEDED:
            return no(400, "ERROR_SYNTAX")
        reference = told["extOrderId"]

        def work() -> Reply:
            entry = bank.create(reference, object(), int(told["totalAmount"]), told["currencyCode"])
            if entry is None:
                return no(400, "ERROR_ORDER_NOT_UNIQUE")
            reply = {"status": DONE, "orderId": entry.id, "extOrderId": reference}
            return 302, {**reply, "redirectUri": bank.next_step(entry)}

        return Understood("initiate", reference, None, work)

    def _order(self, entry: dict[str, Any]) -> dict[str, Any]:
        return {
            "orderId": entry["id"],
            "extOrderId": entry["merchant_ref"],
            "status": WORDS.get(entry["status"], entry["status"]),
            "totalAmount": str(entry["amount"]),
            "currencyCode": entry["currency"],
        }

    def _status(self, bank: Bank, number: str) -> Reply:
        entry = bank.find(None, number)
        return (200, {"orders": [self._order(entry)], "status": DONE}) if entry else no(404, "DATA_NOT_FOUND")

    def _cancel(self, bank: Bank, number: str) -> Reply:
        # An error like any other of its, with 200.
        return (
            (200, {"orderId": number, "status": DONE}) if bank.end(number) else no(200, "ERROR_VALUE_INVALID")
        )

    def _capture(self, bank: Bank, number: str, amount: int) -> Reply:
        return (200, {"status": DONE}) if bank.take(number, amount) else no(200, "ERROR_VALUE_INVALID")

    def _give_back(self, bank: Bank, number: str, refund: dict[str, Any]) -> Reply:
        return self._refund(bank.give_back(number, int(refund["amount"]), object()))

    def _refund(self, move: dict[str, Any] | None) -> Reply:
        if move is None:
            return no(404, "DATA_NOT_FOUND")
        told = {"refundId": move["id"], "amount": str(move["amount"]), "status": REFUNDS[move["status"]]}
        return 200, {"refund": told, "status": DONE}
