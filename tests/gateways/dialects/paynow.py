"""How Paynow speaks, with the scripted bank behind it."""

import base64
import hashlib
import hmac
import json
from typing import Any

from application.gateways import Received
from tests.fakes import Bank
from tests.gateways.stub import Asked, Reply, Understood

KEY, SIGNATURE_KEY = "paynow-api-key-for-tests", "paynow-signature-key-for-tests"

WORDS = {
    "created": "NEW",
    "pending": "PENDING",
    "captured": "CONFIRMED",
    "failed": "REJECTED",
    "expired": "EXPIRED",
}
REFUNDS = {"succeeded": "SUCCESSFUL", "pending": "PENDING", "failed": "FAILED"}
NEEDED = {"amount", "currency", "externalId", "description", "continueUrl", "buyer"}


def signature(key: str, message: bytes) -> str:
    """As the vendor's document has it."""
    return base64.b64encode(hmac.new(key.encode(), message, hashlib.sha256).digest()).decode()


class Paynow:
    """JSON in and out, every call signed."""

    backend = "paynow"
    prefix = "/paynow"

    def settings(self, base_url: str) -> dict[str, Any]:
        """Two keys, and where it is."""
        return {"base_url": base_url, "api_key": KEY, "signature_key": SIGNATURE_KEY}

    def understand(self, bank: Bank, asked: Asked) -> Understood | Reply:
        """Whatever is not signed over headers and body is refused."""
        once = asked.headers.get("idempotency-key", "")
        signed = {
            "headers": {"Api-Key": asked.headers.get("api-key"), "Idempotency-Key": once},
            "parameters": {},
            "body": asked.body.decode(),
        }
        expected = signature(SIGNATURE_KEY, json.dumps(signed, separators=(",", ":")).encode())
        if asked.headers.get("api-key") != KEY or asked.headers.get("signature") != expected:
            return 401, {"errors": [{"errorType": "VERIFICATION_FAILED"}]}
        if not 1 <= len(once) <= 45:
            return 400, {"errors": [{"errorType": "VALIDATION_ERROR"}]}
        if asked.path == "/v3/payments":
            return self._opening(bank, json.loads(asked.body), once)
        number = asked.part(3)
        if asked.path.startswith("/v3/refunds/"):
            return Understood("refund_status", None, None, lambda: self._refund(bank.move(number)))
        if asked.path.endswith("/refunds"):
            amount = json.loads(asked.body)["amount"]
            return Understood("refund", None, number, lambda: self._give_back(bank, number, amount, once))
        return Understood("verify", None, number, lambda: self._status(bank, number))

    def callback(self, bank: Bank, order_id: str, event: str | None, *, forged: bool, now: float) -> Received:
        """A notification, signed over its bytes; it tells no amount."""
        entry = bank.find(order_id, None) or {"id": "P1", "status": "captured"}
        status = WORDS.get(event or entry["status"], "SPARKLING")
        body = json.dumps({"paymentId": entry["id"], "externalId": order_id, "status": status}).encode()
        headers = {"signature": signature("another" if forged else SIGNATURE_KEY, body)}
        return Received(method="POST", path="/v1/callbacks/card", query="", headers=headers, body=body)

    def _opening(self, bank: Bank, told: dict[str, Any], once: str) -> Understood | Reply:
        if told.keys() != NEEDED or not told["buyer"].get("email"):
            return 400, {"errors": [{"errorType": "VALIDATION_ERROR"}]}
        reference = told["externalId"]

        def work() -> Reply:
            entry = bank.create(reference, once, told["amount"], told["currency"])
            if entry is None:
                return 409, {"errors": [{"errorType": "CONFLICT"}]}
            return 201, {"paymentId": entry.id, "status": "NEW", "redirectUrl": bank.next_step(entry)}

        return Understood("initiate", reference, None, work)

    def _status(self, bank: Bank, number: str) -> Reply:
        entry = bank.find(None, number)
        if entry is None:
            return 404, {"errors": [{"errorType": "NOT_FOUND"}]}
        return 200, {"paymentId": entry["id"], "status": WORDS.get(entry["status"], entry["status"])}

    def _give_back(self, bank: Bank, number: str, amount: int, once: str) -> Reply:
        move = bank.give_back(number, amount, once)
        return self._refund(move) if move else (400, {"errors": [{"errorType": "VALIDATION_ERROR"}]})

    def _refund(self, move: dict[str, Any] | None) -> Reply:
        if move is None:
            return 404, {"errors": [{"errorType": "NOT_FOUND"}]}
        return 200, {"refundId": move["id"], "status": REFUNDS[move["status"]]}
