"""How Stripe speaks, with the scripted bank behind it: sessions, the intents behind them, refunds."""

import hashlib
import hmac
import json
from typing import Any

from application.gateways import Received
from tests.fakes import Bank
from tests.gateways.stub import Asked, Reply, Understood

KEY, SECRET = "sk_test_of_the_shop", "whsec_test_secret"

NEEDED = {
    "mode",
    "success_url",
    "cancel_url",
    "client_reference_id",
    "metadata[bill_id]",
    "line_items[0][quantity]",
    "line_items[0][price_data][currency]",
    "line_items[0][price_data][unit_amount]",
    "line_items[0][price_data][product_data][name]",
}
# How a session and its intent stand, by the bank's word.
SESSIONS = {
    "created": ("open", "unpaid"),
    "pending": ("open", "unpaid"),
    "captured": ("complete", "paid"),
    "refunded": ("complete", "paid"),
    "partially_refunded": ("complete", "paid"),
    "authorized": ("complete", "unpaid"),
    "failed": ("complete", "unpaid"),
    "canceled": ("expired", "unpaid"),
}
INTENTS = {"authorized": "requires_capture", "captured": "succeeded", "failed": "requires_payment_method"}


def error(status: int, kind: str, code: str) -> Reply:
    """What is said to nonsense."""
    return status, {"error": {"type": kind, "code": code, "message": "no"}}


class Stripe:
    """Forms with brackets in, JSON out."""

    backend = "stripe"
    prefix = "/stripe"

    def settings(self, base_url: str) -> dict[str, Any]:
        """Two secrets, and where it is."""
        return {"base_url": base_url, "secret_key": KEY, "webhook_secret": SECRET}

    def understand(self, bank: Bank, asked: Asked) -> Understood | Reply:
        """Unknown parameters are refused."""
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            return error(401, "invalid_request_error", "key")
        if asked.path == "/v1/checkout/sessions" and asked.method == "POST":
            return self._opening(bank, asked)
        if asked.path == "/v1/refunds":
            return Understood("refund", None, None, lambda: self._refund(bank, asked))
        if asked.path.startswith("/v1/refunds/"):
            return Understood("refund_status", None, None, lambda: self._one_refund(bank, asked.last))
        if asked.path.startswith("/v1/checkout/sessions/"):
            return self._about_session(bank, asked)
        return self._about_intent(bank, asked)

    def callback(self, bank: Bank, order_id: str, event: str | None, *, forged: bool, now: float) -> Received:
        """An event about the session."""
        entry = bank.find(order_id, None) or {"id": "cs_unknown", "status": "captured"}
        word = event or entry["status"]
        kind = {"captured": "completed", "failed": "async_payment_failed"}.get(word, "expired")
        about = {
            "id": entry["id"],
            "object": "checkout.session",
            "client_reference_id": order_id,
            "payment_status": SESSIONS.get(word, ("open", "unpaid"))[1],
        }
        told = {
            "id": "evt_1",
            "object": "event",
            "type": f"checkout.session.{kind}",
            "data": {"object": about},
        }
        body = json.dumps(told).encode()
        secret = "whsec_of_another" if forged else SECRET
        mac = hmac.new(secret.encode(), f"{int(now)}.".encode() + body, hashlib.sha256).hexdigest()
        headers = {"stripe-signature": f"t={int(now)},v1={mac}"}
        return Received(method="POST", path="/v1/callbacks/card", query="", headers=headers, body=body)

    def _opening(self, bank: Bank, asked: Asked) -> Understood | Reply:
        form = asked.form()
        if form.keys() - {"payment_intent_data[capture_method]"} != NEEDED or form["mode"] != "payment":
            return error(400, "invalid_request_error", "parameter_unknown")
        reference, item = form["client_reference_id"], "line_items[0][price_data]"

        def work() -> Reply:
            amount, currency = int(form[f"{item}[unit_amount]"]), form[f"{item}[currency]"].upper()
            entry = bank.create(reference, asked.headers["idempotency-key"], amount, currency)
            if entry is None:
                return error(400, "idempotency_error", "idempotency")
            return 200, {**self._session(entry.told()), "status": "open", "url": bank.next_step(entry)}

        return Understood("initiate", reference, None, work)

    def _about_session(self, bank: Bank, asked: Asked) -> Understood:
        number = asked.part(4)
        if asked.method == "POST":
            return Understood("close", None, number, lambda: self._expire(bank, number))
        return Understood("verify", None, number, lambda: self._shown(bank.find(None, number), self._session))

    def _about_intent(self, bank: Bank, asked: Asked) -> Understood:
        number = asked.part(3).removeprefix("pi_")
        if asked.path.endswith("/capture"):
            amount = int(asked.form()["amount_to_capture"])
            return Understood("capture", None, number, lambda: self._capture(bank, number, amount))
        if asked.path.endswith("/cancel"):
            return Understood("close", None, number, lambda: self._cancel(bank, number))
        return Understood(None, None, number, lambda: self._shown(bank.find(None, number), self._intent))

    def _session(self, entry: dict[str, Any]) -> dict[str, Any]:
        status, paid = SESSIONS.get(entry["status"], (entry["status"], "unpaid"))
        return {
            "id": entry["id"],
            "object": "checkout.session",
            "status": status,
            "payment_status": paid,
            "payment_intent": f"pi_{entry['id']}" if status == "complete" else None,
            "amount_total": entry["amount"],
            "currency": entry["currency"].lower(),
            "client_reference_id": entry["merchant_ref"],
        }

    def _intent(self, entry: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": f"pi_{entry['id']}",
            "object": "payment_intent",
            "status": INTENTS.get(entry["status"], "canceled"),
            "amount": entry["amount"],
            "amount_capturable": entry["amount_authorized"],
            "amount_received": entry["amount_captured"],
            "currency": entry["currency"].lower(),
        }

    def _shown(self, entry: dict[str, Any] | None, show: Any) -> Reply:
        return (200, show(entry)) if entry else error(404, "invalid_request_error", "resource_missing")

    def _expire(self, bank: Bank, number: str) -> Reply:
        entry = bank.find(None, number)
        if entry is None:
            return error(404, "invalid_request_error", "resource_missing")
        if self._session(entry)["status"] != "open":
            return error(400, "invalid_request_error", "not_open")
        bank.end(number)
        return self._shown(bank.find(None, number), self._session)

    def _cancel(self, bank: Bank, number: str) -> Reply:
        if not bank.end(number):
            return error(400, "invalid_request_error", "payment_intent_unexpected_state")
        return self._shown(bank.find(None, number), self._intent)

    def _capture(self, bank: Bank, number: str, amount: int) -> Reply:
        if not bank.take(number, amount):
            return error(400, "invalid_request_error", "payment_intent_unexpected_state")
        return self._shown(bank.find(None, number), self._intent)

    def _refund(self, bank: Bank, asked: Asked) -> Reply:
        form = asked.form()
        number = form["payment_intent"].removeprefix("pi_")
        told = bank.give_back(number, int(form["amount"]), asked.headers["idempotency-key"])
        return (200, told) if told else error(400, "invalid_request_error", "charge_already_refunded")

    def _one_refund(self, bank: Bank, number: str) -> Reply:
        told = bank.move(number)
        return (200, told) if told else error(404, "invalid_request_error", "resource_missing")
