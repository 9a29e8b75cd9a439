"""A bank that does as tests tell it, and the gateway port in front of it, both in memory."""

import itertools
import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

import attrs

from adapters.gateways.reading import Unreadable
from adapters.gateways.sandbox_dialect import claim_of_notification, claim_of_return, refund_of, verdict_of
from adapters.gateways.signing import ensure_timed_header, query_signature, signed_query, timed_header
from application.backends import Settings
from application.gateways import (
    Capabilities,
    Claim,
    Instruction,
    MoneyMove,
    MoveStatus,
    Opened,
    Opening,
    Received,
)
from application.trouble import GatewayRefused, GatewayTrouble, TroubleKind
from domain.ids import GatewayOrderId
from domain.verdict import Verdict, VerdictStatus

FINAL = frozenset({"failed", "canceled", "expired"})


@attrs.frozen
class Called:
    """One use of the gateway: `operation` is initiate, verify or close."""

    operation: str
    order_id: str
    transaction_id: str | None = None
    opening: Opening | None = None


@attrs.frozen
class Fault:
    """What goes wrong with the next use. `done`: only after it had its effect; None: refused."""

    operation: str | None
    sent: bool
    done: bool
    refused: bool
    retry_after_seconds: int | None


@attrs.define
class Entry:
    """The bank's record of a payment. Units: amounts in the smallest unit; `word` as in its dialect."""

    id: str
    order_id: str
    key: object
    amount: int
    currency: str
    word: str = "created"
    authorized: int = 0
    captured: int = 0
    refunded: int = 0
    decline: str | None = None
    mask: str | None = None
    said: dict[str, Any] = attrs.Factory(dict)

    def told(self) -> dict[str, Any]:
        """What the bank says of it, in the sandbox's words; `said` overrides."""
        card = {"brand": "visa", "mask": self.mask} if self.mask else None
        record = {
            "id": self.id,
            "merchant_ref": self.order_id,
            "status": self.word,
            "amount": self.amount,
            "amount_authorized": self.authorized,
            "amount_captured": self.captured,
            "amount_refunded": self.refunded,
            "currency": self.currency,
            "card": card,
            "decline_code": self.decline,
            "created": 1_800_000_000,
            "updated": 1_800_000_000,
        }
        return {**record, **self.said}


class Bank:
    """The scripted bank: every method but `create`, `find`, `take` and `end` is for tests. Thread-safe."""

    def __init__(self, secret: str = "whsec_test_of_the_bank", address: str = "https://bank.test") -> None:
        self.secret = secret
        self.address = address
        self.calls: list[Called] = []
        self._entries: dict[str, Entry] = {}
        self._faults: list[Fault] = []
        self._lasting: list[Fault] = []
        self._moves: dict[object, dict[str, Any]] = {}
        self._meanwhile: dict[str, Callable[[], None]] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()
        self.ensure_may_be_called: Callable[[], None] = lambda: None

    # What the customer and the bank do.

    def confirm(self, order_id: str, amount: int | None = None, currency: str | None = None) -> None:
        """The money is taken: what is due, or another amount or currency (smallest units)."""
        with self._lock:
            entry = self._entries[order_id]
            entry.captured = entry.amount if amount is None else amount
            entry.amount, entry.currency = entry.captured, currency or entry.currency
            entry.word, entry.mask, entry.decline = "captured", "411111******1111", None

    def confirm_part(self, order_id: str, captured: int) -> None:
        """Only a part of what is due is taken."""
        self._change(order_id, word="captured", captured=captured)

    def authorise(self, order_id: str) -> None:
        """The money is held, not taken."""
        with self._lock:
            self._change(order_id, word="authorized", authorized=self._entries[order_id].amount)

    def decline(self, order_id: str, code: str = "116") -> None:
        """The card is declined."""
        self._change(order_id, word="failed", decline=code)

    def cancel(self, order_id: str) -> None:
        """The customer gives up."""
        self._change(order_id, word="canceled")

    def approve(self, order_id: str) -> None:
        """The customer agrees, and the gateway waits for the shop to collect."""
        self._change(order_id, word="approved")

    def hesitate(self, order_id: str) -> None:
        """The bank has not decided yet."""
        self._change(order_id, word="pending")

    def pay_back(self, order_id: str, amount: int | None = None) -> None:
        """Money taken is given back, in part if an amount is given."""
        with self._lock:
            entry = self._entries[order_id]
            entry.refunded = entry.captured if amount is None else amount
            entry.word = "refunded" if entry.refunded == entry.captured else "partially_refunded"

    def dispute(self, order_id: str) -> None:
        """The customer disputes the payment at the bank."""
        self._change(order_id, word="charged_back")

    def forget(self, order_id: str) -> None:
        """It never heard of the payment."""
        with self._lock:
            self._entries.pop(order_id, None)

    def hide(self, order_id: str) -> Entry:
        """It does not know the payment for now; answers what to `show` again."""
        with self._lock:
            return self._entries.pop(order_id)

    def show(self, entry: Entry, name: str | None = None) -> None:
        """It knows a hidden payment again; beside a newer one of its reference by another name."""
        with self._lock:
            self._entries[name or entry.order_id] = entry

    def say(self, order_id: str, **fields: Any) -> None:
        """From now on it says this of the payment, in its own field names: merchant_ref, status, id..."""
        with self._lock:
            self._entries[order_id].said.update(fields)

    def knows(self, order_id: str) -> bool:
        """Whether there is such a payment."""
        with self._lock:
            return order_id in self._entries

    def status(self, order_id: str) -> str:
        """How the payment stands, in the bank's own word."""
        with self._lock:
            return self._entries[order_id].word

    def refunded(self, order_id: str) -> int:
        """How much was given back."""
        with self._lock:
            return self._entries[order_id].refunded

    def move_becomes(self, move_id: str, word: str) -> None:
        """From now on that refund stands so, in the sandbox's words."""
        with self._lock:
            next(told for told in self._moves.values() if told["id"] == move_id)["status"] = word

    def _change(self, order_id: str, **fields: Any) -> None:
        with self._lock:
            for name, value in fields.items():
                setattr(self._entries[order_id], name, value)

    # What goes wrong.

    def trouble(
        self,
        times: int | None = 1,
        *,
        operation: str | None = None,
        sent: bool = True,
        done: bool = False,
        retry_after_seconds: int | None = None,
    ) -> None:
        """The next uses (None: all until `recover`) end in trouble.

        `operation` limits it to initiate, verify or close. `sent`: it may have reached the bank;
        `done`: it did, and had its effect.
        """
        fault = Fault(operation, sent or done, done, False, retry_after_seconds)
        with self._lock:
            self._arm(fault, times)

    def refuse(self, times: int | None = 1) -> None:
        """The next openings (None: all until `recover`) are refused for good."""
        with self._lock:
            self._arm(Fault("initiate", True, False, True, None), times)

    def _arm(self, fault: Fault, times: int | None) -> None:
        if times is None:
            self._lasting.append(fault)
        else:
            self._faults += [fault] * times

    def recover(self) -> None:
        """Nothing goes wrong any more."""
        with self._lock:
            self._faults, self._lasting = [], []

    def meanwhile(self, operation: str, action: Callable[[], None]) -> None:
        """Do this once, at the next use of that operation: after its effect, before it is answered."""
        with self._lock:
            self._meanwhile[operation] = action

    def called(self, operation: str) -> list[Called]:
        """The uses of that operation so far, oldest first."""
        with self._lock:
            return [call for call in self.calls if call.operation == operation]

    def take_fault(self, operation: str) -> Fault | None:
        """The fault that strikes this use, if any; each strikes once."""
        with self._lock:
            for index, fault in enumerate(self._faults):
                if fault.operation in {None, operation}:
                    return self._faults.pop(index)
            lasting = (fault for fault in self._lasting if fault.operation in {None, operation})
            return next(lasting, None)

    def run_meanwhile(self, operation: str) -> None:
        """Run what was to happen during this operation, once."""
        with self._lock:
            action = self._meanwhile.pop(operation, None)
        if action:
            action()

    # What the gateway port's adapters ask for.

    def record(self, called: Called) -> None:
        """Note a use, which must be one at which a gateway may be called."""
        self.ensure_may_be_called()
        with self._lock:
            self.calls.append(called)

    def create(self, order_id: str, key: object, amount: int, currency: str) -> Entry | None:
        """Open a payment; the same key gets the same one, another key for the reference None."""
        with self._lock:
            known = self._entries.get(order_id)
            if known:
                return known if known.key == key else None
            entry = Entry(f"pay_{next(self._numbers):06d}", order_id, key, amount, currency)
            self._entries[order_id] = entry
            return entry

    def next_step(self, entry: Entry) -> str:
        """Where the customer pays it."""
        return f"{self.address}/pay/{entry.id}"

    def take(self, transaction_id: str, amount: int) -> bool:
        """Take money that is held; whether there was so much of it."""
        with self._lock:
            for entry in self._entries.values():
                if entry.id == transaction_id and entry.word == "authorized" and amount <= entry.authorized:
                    entry.captured, entry.word = amount, "captured"
                    return True
            return False

    def give_back(self, transaction_id: str, amount: int, key: object) -> dict[str, Any] | None:
        """Refund so much of what was taken; the same key gets the same refund, None for too much."""
        with self._lock:
            if key in self._moves:
                return self._moves[key]
            for entry in self._entries.values():
                if entry.id == transaction_id and 0 < amount <= entry.captured - entry.refunded:
                    self.pay_back(entry.order_id, entry.refunded + amount)
                    told = {"id": f"re_{next(self._numbers):06d}", "status": "succeeded", "amount": amount}
                    self._moves[key] = told
                    return told
            return None

    def move(self, move_id: str) -> dict[str, Any] | None:
        """A refund by its id; tests may change what it says."""
        with self._lock:
            return next((told for told in self._moves.values() if told["id"] == move_id), None)

    def find(self, order_id: str | None, transaction_id: str | None) -> dict[str, Any] | None:
        """What it says of the payment with that id, or with that reference."""
        with self._lock:
            for entry in self._entries.values():
                if transaction_id is None and entry.order_id == order_id:
                    return entry.told()
                if transaction_id is not None and entry.id == transaction_id:
                    return entry.told()
            return None

    def end(self, transaction_id: str) -> bool | None:
        """Close it if no money was taken: whether it did, None for an unknown one."""
        with self._lock:
            for entry in self._entries.values():
                if entry.id == transaction_id:
                    if entry.captured or entry.word in FINAL:
                        return False
                    entry.word = "canceled"
                    return True
            return None

    # What it tells us.

    def callback(
        self,
        order_id: str,
        event: str | None = None,
        *,
        method: str = "POST",
        forged: bool = False,
        now: float | None = None,
        **fields: Any,
    ) -> Received:
        """A callback about the payment: a signed POST, or the customer's return by GET.

        `event` is the bank's word (as it stands, if None); `fields` override the payment's (POST)
        or the query's (GET); `forged` is signed with another key; `now` in Unix seconds.
        """
        at = int(time.time() if now is None else now)
        told = self.find(order_id, None) or {"id": "pay_unknown", "merchant_ref": order_id}
        word = event or told.get("status", "captured")
        secret = "another secret altogether" if forged else self.secret
        if method == "POST":
            return self._notification(order_id, {**told, "status": word, **fields}, secret, at)
        told = {"payment_id": told["id"], "merchant_ref": order_id, "status": word, **fields}
        return self._return(order_id, told, secret, at)

    def unreadable_callback(self, order_id: str, now: float) -> Received:
        """Signed as it should be, but no JSON."""
        headers = {"x-sandbox-signature": timed_header(self.secret, b"nonsense", int(now))}
        return Received(method="POST", path=_path(order_id), query="", headers=headers, body=b"nonsense")

    def _notification(self, order_id: str, told: Mapping[str, Any], secret: str, at: int) -> Received:
        event = {
            "event_id": f"evt_{next(self._numbers):06d}",
            "type": f"payment.{told['status']}",
            "created": at,
            "payment": told,
        }
        body = json.dumps(event).encode()
        headers = {
            "content-type": "application/json",
            "x-sandbox-signature": timed_header(secret, body, at),
        }
        return Received(method="POST", path=_path(order_id), query="", headers=headers, body=body)

    def _return(self, order_id: str, told: Mapping[str, Any], secret: str, at: int) -> Received:
        fields = [(name, str(value)) for name, value in {**told, "ts": at}.items()]
        query = urlencode([*fields, ("sig", query_signature(secret, fields))])
        return Received(method="GET", path=_path(order_id), query=query, headers={}, body=b"")


def _path(order_id: str) -> str:
    return f"/v1/callbacks/card/{order_id}"


class FakeGateway(Bank):
    """The gateway port right in front of the scripted bank, for tests of the core.

    `capabilities` may be set, to see what the core does without one.
    """

    capabilities = Capabilities(asks_by_reference=True, tells_holds=True)

    @property
    def base_url(self) -> str:
        """Where it is."""
        return self.address

    def initiate(self, opening: Opening) -> Opened:
        """Open a payment there. Raises: GatewayRefused, GatewayTrouble."""
        self.record(Called("initiate", opening.order_id, None, opening))
        fault = self._stumble("initiate")
        due = opening.amount
        entry = self.create(opening.order_id, opening.idempotency_key, due.minor, due.currency.code)
        self._finish("initiate", fault)
        if entry is None:
            raise GatewayTrouble("the gateway answered 409")
        request = {"merchant_ref": opening.order_id, "amount": due.minor, "currency": due.currency.code}
        step = self.next_step(entry)
        reply = json.dumps({"id": entry.id, "status": "created", "next_step": step})
        return Opened(transaction_id=entry.id, next_step=step, request=json.dumps(request), response=reply)

    def parse_callback(self, received: Received, now: float) -> Claim:
        """Read a callback. Raises: BadSignature, Malformed."""
        if received.method == "POST":
            header = received.headers.get("x-sandbox-signature")
            ensure_timed_header(header, self.secret, received.body, now)
            return claim_of_notification(received.body)
        return claim_of_return(signed_query(received.query, self.secret))

    def verify(
        self, order_id: GatewayOrderId, transaction_id: str | None, within_seconds: float | None = None
    ) -> Verdict:
        """Ask the bank. Raises: GatewayTrouble."""
        self.record(Called("verify", order_id, transaction_id))
        fault = self._stumble("verify")
        if within_seconds is not None and within_seconds <= 0:
            raise GatewayTrouble("the gateway did not answer in time", TroubleKind.NOT_SENT)
        self._finish("verify", fault)
        return self._verdict(order_id, transaction_id)

    def close(self, order_id: GatewayOrderId, transaction_id: str | None) -> Verdict:
        """Close the payment there and say how it stands. Raises: GatewayTrouble."""
        self.record(Called("close", order_id, transaction_id))
        fault = self._stumble("close")
        told = self.find(order_id, transaction_id) or self.find(order_id, None)
        if told:
            self.end(told["id"])
        self._finish("close", fault)
        return self._verdict(order_id, transaction_id)

    def void(self, order_id: GatewayOrderId, transaction_id: str) -> Verdict:
        """Let held money go and say how it stands. Raises: GatewayTrouble."""
        return self.close(order_id, transaction_id)

    def capture(self, instruction: Instruction) -> MoneyMove:
        """Take held money. Raises: GatewayTrouble."""
        fault = self._stumble("capture")
        taken = self.take(instruction.transaction_id, instruction.amount.minor)
        self._finish("capture", fault)
        return MoneyMove(status=MoveStatus.DONE if taken else MoveStatus.DECLINED, move_id=None)

    def refund(self, instruction: Instruction) -> MoneyMove:
        """Give money back. Raises: GatewayTrouble."""
        fault = self._stumble("refund")
        told = self.give_back(
            instruction.transaction_id, instruction.amount.minor, instruction.idempotency_key
        )
        self._finish("refund", fault)
        return refund_of(told) if told else MoneyMove(status=MoveStatus.DECLINED, move_id=None)

    def refund_status(self, transaction_id: str, move_id: str) -> MoneyMove:
        """How a refund stands. Raises: GatewayTrouble."""
        self._finish("refund_status", self._stumble("refund_status"))
        told = self.move(move_id)
        if told is None:
            raise GatewayTrouble("the gateway answered 404")
        return refund_of(told)

    def _stumble(self, operation: str) -> Fault | None:
        fault = self.take_fault(operation)
        if fault and fault.refused:
            self.run_meanwhile(operation)
            raise GatewayRefused("the gateway answered 400", '{"amount": 1}', '{"error": "refused"}')
        if fault and not fault.done:
            raise self._trouble(fault)
        return fault

    def _finish(self, operation: str, fault: Fault | None) -> None:
        self.run_meanwhile(operation)
        if fault:
            raise self._trouble(fault)

    def _trouble(self, fault: Fault) -> GatewayTrouble:
        return GatewayTrouble(
            "the gateway broke off",
            TroubleKind.UNKNOWN if fault.sent else TroubleKind.NOT_SENT,
            retry_after_seconds=fault.retry_after_seconds,
        )

    def _verdict(self, order_id: str, transaction_id: str | None) -> Verdict:
        told = self.find(order_id, transaction_id) if transaction_id else None
        told = told or self.find(order_id, None)
        if told is None:
            return Verdict(status=VerdictStatus.ABSENT)
        try:
            return verdict_of(told, GatewayOrderId(order_id))
        except Unreadable as error:
            raise GatewayTrouble(f"the gateway's answer makes no sense: {error}") from None


class Unclosing(FakeGateway):
    """A gateway where nothing can be closed: a page that the customer has stays open there."""

    close = None  # type: ignore[assignment]
    void = None  # type: ignore[assignment]


class OneWord(FakeGateway):
    """A gateway that says the same of held and of taken money, and gives back either when told to let go."""

    capabilities = Capabilities(asks_by_reference=True, tells_holds=False)

    def void(self, order_id: GatewayOrderId, transaction_id: str) -> Verdict:
        """Whatever it has goes back. Raises: GatewayTrouble."""
        self.pay_back(order_id)
        return super().void(order_id, transaction_id)

    def _verdict(self, order_id: str, transaction_id: str | None) -> Verdict:
        verdict = super()._verdict(order_id, transaction_id)
        said = {
            VerdictStatus.SUCCEEDED: VerdictStatus.AUTHORISED,
            VerdictStatus.REFUNDED: VerdictStatus.FAILED,
        }
        return attrs.evolve(verdict, status=said.get(verdict.status, verdict.status))


class FakeBackend:
    """A backend whose every method is connected to one scripted gateway; records the settings."""

    gateway_type = FakeGateway

    def __init__(self, gateway: FakeGateway | None = None, name: str = "sandbox") -> None:
        self.name = name
        self.gateway = gateway or FakeGateway()
        self.settings_schema: Mapping[str, object] = {"type": "object"}
        self.connected: list[Settings] = []

    def connect(self, settings: Settings) -> FakeGateway:
        """The scripted gateway, whatever the settings."""
        self.connected.append(settings)
        return self.gateway
