"""How PayPal speaks, with the scripted bank behind it: an order, and the hold or the capture in it."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from application.gateways import Received
from tests.fakes import Bank
from tests.gateways.stub import Asked, Reply, Understood

CLIENT, SECRET, WEBHOOK = "client-of-the-shop", "secret-of-the-shop", "WH-1"
TOKEN = "A21AAFEpH4PsADK7qSS7pSRsgz"
GOOD_SIGNATURE = "c2lnbmVk"

ORDERS = {
    "created": "PAYER_ACTION_REQUIRED",
    "pending": "PAYER_ACTION_REQUIRED",
    "approved": "APPROVED",
    "canceled": "COMPLETED",
    "authorized": "COMPLETED",
    "captured": "COMPLETED",
    "refunded": "COMPLETED",
    "partially_refunded": "COMPLETED",
    "failed": "COMPLETED",
}
CAPTURES = {
    "captured": "COMPLETED",
    "refunded": "REFUNDED",
    "partially_refunded": "PARTIALLY_REFUNDED",
    "failed": "DECLINED",
}
HOLDS = {"authorized": "CREATED", "canceled": "VOIDED"}
REFUNDS = {"succeeded": "COMPLETED", "pending": "PENDING", "failed": "FAILED"}


def minor(amount: dict[str, str]) -> int:
    """Two decimals, as text."""
    whole, point, decimals = amount["value"].partition(".")
    assert point and len(decimals) == 2
    return int(whole + decimals)


def no(issue: str) -> Reply:
    """What is said to what cannot be done."""
    return 422, {"name": "UNPROCESSABLE_ENTITY", "details": [{"issue": issue}]}


class Paypal:
    """JSON in and out, behind a token."""

    backend = "paypal"
    prefix = "/paypal"

    def settings(self, base_url: str) -> dict[str, Any]:
        """An application and its webhook."""
        return {"base_url": base_url, "client_id": CLIENT, "client_secret": SECRET, "webhook_id": WEBHOOK}

    def understand(self, bank: Bank, asked: Asked) -> Understood | Reply:
        """Whatever has no token is refused."""
        if asked.path == "/v1/oauth2/token":
            basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            known = asked.headers.get("authorization") == f"Basic {basic}"
            is_right = known and asked.form() == {"grant_type": "client_credentials"}
            return (200, {"access_token": TOKEN, "expires_in": 32400}) if is_right else (401, {})
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, {"name": "AUTHENTICATION_FAILURE"}
        told, once = json.loads(asked.body or b"{}"), asked.headers.get("paypal-request-id")
        if asked.path == "/v1/notifications/verify-webhook-signature":
            is_ours = told["webhook_id"] == WEBHOOK and told["transmission_sig"] == GOOD_SIGNATURE
            status = "SUCCESS" if is_ours else "FAILURE"
            return Understood("confirm", None, None, lambda: (200, {"verification_status": status}))
        if asked.path == "/v2/checkout/orders":
            return self._opening(bank, told, once)
        if asked.path.startswith("/v2/checkout/orders/"):
            return self._about_order(bank, asked)
        return self._about_payment(bank, asked, told, once)

    def callback(self, bank: Bank, order_id: str, event: str | None, *, forged: bool, now: float) -> Received:
        """A notification about a capture."""
        entry = bank.find(order_id, None) or {"id": "O1", "status": "captured"}
        word = CAPTURES.get(event or entry["status"], "SPARKLING")
        resource = {
            "id": f"cap_{entry['id']}",
            "custom_id": order_id,
            "supplementary_data": {"related_ids": {"order_id": entry["id"]}},
        }
        told = {"id": "WH-EVT-1", "event_type": f"PAYMENT.CAPTURE.{word}", "resource": resource}
        moment = datetime.fromtimestamp(int(now), UTC).isoformat().replace("+00:00", "Z")
        headers = {
            "paypal-transmission-id": "69cd13f0",
            "paypal-transmission-time": moment,
            "paypal-transmission-sig": "Zm9yZ2Vk" if forged else GOOD_SIGNATURE,
            "paypal-cert-url": "https://api.paypal.com/v1/notifications/certs/CERT-1",
            "paypal-auth-algo": "SHA256withRSA",
        }
        body = json.dumps(told).encode()
        return Received(method="POST", path="/v1/callbacks/card", query="", headers=headers, body=body)

    def _opening(self, bank: Bank, told: dict[str, Any], once: str | None) -> Understood | Reply:
        if told.keys() != {"intent", "purchase_units", "payment_source"}:
            return 400, {"name": "INVALID_REQUEST"}
        (unit,) = told["purchase_units"]
        reference = unit["custom_id"]

        def work() -> Reply:
            entry = bank.create(reference, once, minor(unit["amount"]), unit["amount"]["currency_code"])
            if entry is None:
                return no("DUPLICATE_INVOICE_ID")
            links = [{"rel": "self", "href": "x"}, {"rel": "payer-action", "href": bank.next_step(entry)}]
            return 200, {**self._order(entry.told()), "status": "PAYER_ACTION_REQUIRED", "links": links}

        return Understood("initiate", reference, None, work)

    def _about_order(self, bank: Bank, asked: Asked) -> Understood:
        number = asked.part(4)
        if asked.path.endswith("/capture"):
            return Understood("collect", None, number, lambda: self._collect(bank, number, bank.confirm))
        if asked.path.endswith("/authorize"):
            return Understood("collect", None, number, lambda: self._collect(bank, number, bank.authorise))
        return Understood("verify", None, number, lambda: self._shown(bank, number))

    def _about_payment(self, bank: Bank, asked: Asked, told: dict[str, Any], once: str | None) -> Understood:
        number = asked.part(4).partition("_")[2]
        if asked.path.startswith("/v2/payments/refunds/"):
            return Understood("refund_status", None, None, lambda: self._refund(bank.move(asked.last)))
        if asked.path.endswith("/void"):
            return Understood("close", None, number, lambda: self._void(bank, number))
        amount = minor(told["amount"])
        if asked.path.endswith("/refund"):
            return Understood("refund", None, number, lambda: self._give_back(bank, number, amount, once))
        return Understood("capture", None, number, lambda: self._capture(bank, number, amount))

    def _order(self, entry: dict[str, Any]) -> dict[str, Any]:
        amount = {"currency_code": entry["currency"], "value": f"{entry['amount'] / 100:.2f}"}
        payments: dict[str, Any] = {}
        for kind, prefix, words in (("captures", "cap", CAPTURES), ("authorizations", "aut", HOLDS)):
            if entry["status"] in words:
                about = {"id": f"{prefix}_{entry['id']}", "status": words[entry["status"]], "amount": amount}
                payments[kind] = [about]
        return {
            "id": entry["id"],
            "status": ORDERS.get(entry["status"], entry["status"]),
            "purchase_units": [{"custom_id": entry["merchant_ref"], "amount": amount, "payments": payments}],
        }

    def _shown(self, bank: Bank, number: str) -> Reply:
        entry = bank.find(None, number)
        return (200, self._order(entry)) if entry else (404, {"name": "RESOURCE_NOT_FOUND"})

    def _collect(self, bank: Bank, number: str, deed: Any) -> Reply:
        entry = bank.find(None, number)
        if entry is None or entry["status"] != "approved":
            return no("ORDER_NOT_APPROVED")
        deed(entry["merchant_ref"])
        return self._shown(bank, number)

    def _void(self, bank: Bank, number: str) -> Reply:
        return (204, None) if bank.end(number) else no("PREVIOUSLY_CAPTURED")

    def _capture(self, bank: Bank, number: str, amount: int) -> Reply:
        done = bank.take(number, amount)
        return (201, {"id": f"cap_{number}", "status": "COMPLETED"}) if done else no("AUTHORIZATION_VOIDED")

    def _give_back(self, bank: Bank, number: str, amount: int, once: str | None) -> Reply:
        move = bank.give_back(number, amount, once)
        return self._refund(move) if move else no("REFUND_AMOUNT_EXCEEDED")

    def _refund(self, move: dict[str, Any] | None) -> Reply:
        if move is None:
            return 404, {"name": "RESOURCE_NOT_FOUND"}
        return 201, {"id": move["id"], "status": REFUNDS[move["status"]]}
