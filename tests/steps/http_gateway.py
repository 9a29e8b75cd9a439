"""What customers, banks and strangers do at the sandbox gateway, over its pages and its control side."""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import attrs
import requests

from tests.accounts import ASKED_BEFORE
from tests.processes import Sandbox
from tests.steps.shop import Claim, Signature, Trouble

SECONDS_MAX = 15
APPROVED = "4111111111111111"
DECLINED = "4000000000000002"
UNDECIDED = "4000000000009999"
CARDS = (APPROVED, DECLINED, UNDECIDED)
FAULTS: dict[Trouble, tuple[tuple[str, str, dict[str, Any]], ...]] = {
    Trouble.SILENT: tuple((op, "drop_before", {}) for op in ("create", "status", "void")),
    Trouble.ERRORS: tuple((op, "http_500_before", {}) for op in ("create", "status", "void")),
    Trouble.NONSENSE: tuple((op, "html_200", {}) for op in ("create", "status", "void")),
    Trouble.SLOW: tuple((op, "delay_ms", {"ms": 4000}) for op in ("create", "status", "void")),
    Trouble.LOST_ANSWERS: (("create", "drop_after", {}), ("status", "drop_before", {})),
    Trouble.EARLY: (("callback", "before_create_reply", {}),),
}
ENDED = ("captured", "failed", "canceled")
CLAIMED = {Claim.CONFIRMED: "captured", Claim.REFUSED: "failed"}


def poll(check: Callable[[], bool], seconds: float = 10) -> bool:
    """Looks again and again until it is so, or the time is up; answers which."""
    deadline = time.monotonic() + seconds
    pause = 0.02
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)
    return True


@attrs.define
class GatewaySide:
    """The sandbox gateway as a story meets it, in one dialect; faults armed here are gone with the story."""

    sandbox: Sandbox
    backend: str = "sandbox"
    _faults: list[str] = attrs.field(factory=list)

    def settings(self, *, holds: bool) -> dict[str, Any]:
        """A method's settings here; `holds`: money is held until it is taken."""
        return self.sandbox.settings(self.backend, holds=holds)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody may be shown of them."""
        return self.sandbox.accounts.secrets(self.backend)

    def arm(
        self,
        op: str,
        action: str,
        *,
        ref: str | None = None,
        times: int | None = None,
        nth: int = 1,
        **params: Any,
    ) -> str:
        """Arms one fault, for one merchant reference or for whoever comes."""
        rule = {"op": op, "action": action, "times": times, "nth": nth, "params": params}
        if ref:
            rule["merchant_ref"] = ref
        fault = self.sandbox.control("POST", "faults", json=rule).json()["id"]
        self._faults.append(fault)
        return str(fault)

    def disarm(self) -> None:
        """Takes back every fault of this story."""
        while self._faults:
            self.sandbox.control("DELETE", f"faults/{self._faults.pop()}")

    def payments(self, ref: str) -> list[dict[str, Any]]:
        """What the gateway holds under a merchant reference: nothing, or one payment."""
        return [payment for payment in self._pages("payments") if payment["merchant_ref"] == ref]

    def _pages(self, path: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        after: dict[str, Any] = {}
        while True:
            page = self.sandbox.control("GET", path, params={"limit": 100, **after}).json()
            items += page["items"]
            if not page["next"]:
                return items
            after = {"after": page["next"]}

    def lie(self, action: str, ref: str, **params: Any) -> None:
        """Has the gateway speak of other money than it took, once it has taken it."""
        self.arm("status", action, ref=ref, nth=1 + ASKED_BEFORE.get(self.backend, 0), **params)

    def answered_reports(self, gateway_id: str) -> int:
        """How many reports on a payment the shop has answered so far."""
        return sum(
            1
            for delivery in self._pages("deliveries")
            if delivery["payment_id"] == gateway_id and delivery["response_status"]
        )

    def use_page(self, page: str, ref: str, *, wait_for_report: bool, **form: str) -> str:
        """Sends the hosted page's form; answers where the customer is sent next.

        When the deed changed the payment and the shop is to be told, waits until the shop has answered.
        Where a declined card or a customer who leaves is not the end, the gateway ends the payment at last.
        """
        before = self.payments(ref)[0]
        reports = self.answered_reports(before["id"])
        answer = requests.post(page, data=form, timeout=SECONDS_MAX, allow_redirects=False)
        assert answer.status_code in {200, 303}, f"{answer.status_code} {answer.text}"
        after = self.payments(ref)[0]
        if after["status"] == "created":
            self.force(ref, "expired", is_heard=wait_for_report)
            return self.way_back(page)
        if wait_for_report and before["status"] != after["status"] in ENDED:
            self._await_report(before["id"], reports)
        return answer.headers["Location"]

    def way_back(self, page: str) -> str:
        """Where a payment's page sends a customer who opens it once it is over."""
        answer = requests.get(page, timeout=SECONDS_MAX, allow_redirects=False)
        assert answer.status_code == 303, f"{answer.status_code} {answer.text}"
        return answer.headers["Location"]

    def _await_report(self, gateway_id: str, reports: int) -> None:
        assert poll(lambda: self.answered_reports(gateway_id) > reports), "the shop answered no report"

    def force(self, ref: str, status: str, *, is_heard: bool = True) -> None:
        """Lets something happen that no customer does, and waits until the shop has heard, if it is to."""
        gateway_id = self.payments(ref)[0]["id"]
        reports = self.answered_reports(gateway_id)
        self.sandbox.control("POST", f"payments/{gateway_id}/force", json={"status": status})
        if is_heard:
            self._await_report(gateway_id, reports)

    def report_again(self, ref: str) -> None:
        """Sends the last report on a payment once more, as the gateway does, and has it taken."""
        last = [each for each in self._pages("deliveries") if each["merchant_ref"] == ref][-1]
        again = self.sandbox.control("POST", f"deliveries/{last['id']}/replay").json()
        assert again["response_status"] == 200, again

    def report(self, ref: str, gateway_id: str, claim: Claim, amount: int, currency: str) -> bytes:
        """The body of a report that claims something of a payment."""
        status = CLAIMED[claim]
        taken = amount if claim is Claim.CONFIRMED else 0
        event = {
            "event_id": f"evt_{secrets.token_hex(8)}",
            "type": f"payment.{status}",
            "created": int(time.time()),
            "payment": {
                "id": gateway_id,
                "merchant_ref": ref,
                "status": status,
                "amount": amount,
                "amount_authorized": taken,
                "amount_captured": taken,
                "amount_refunded": 0,
                "currency": currency,
            },
        }
        return json.dumps(event).encode()

    def signature(self, body: bytes, kind: Signature) -> dict[str, str]:
        """The header that signs a report, well or badly."""
        if kind is Signature.NONE:
            return {}
        seconds = int(time.time()) - (3600 if kind is Signature.OLD else 0)
        secret = "another merchant's secret" if kind is Signature.ANOTHER else self.sandbox.signing_secret
        digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
        if kind is Signature.SPOILT:
            digest = digest[:-1] + ("0" if digest[-1] != "0" else "1")
        return {"X-Sandbox-Signature": f"t={seconds},v1={digest}"}

    def forged_query(self, ref: str, gateway_id: str) -> str:
        """The query of a return that says a payment was made, without the secret to sign that with."""
        said = {"payment_id": gateway_id, "merchant_ref": ref, "status": "captured"}
        return urlencode({**said, "ts": str(int(time.time())), "sig": "0" * 64})
