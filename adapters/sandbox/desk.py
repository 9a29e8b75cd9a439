"""Where merchants' calls are taken, whatever dialect they come in."""

from collections.abc import Callable, Sequence

import attrs
import falcon

from adapters.sandbox.faults import FaultBook, Strike, has
from adapters.sandbox.gateway import Gateway
from adapters.sandbox.idempotency import IdempotencyKeys
from adapters.sandbox.payments import Payment
from adapters.sandbox.refusals import Refusal, Unknown
from adapters.sandbox.replies import BROKEN, Reply, Wording, dress, unavailable
from adapters.sandbox.wire import wire_of

_HIDDEN_MS_USUALLY = 1000

Work = Callable[[Gateway], Reply]


@attrs.frozen
class Call:
    """A merchant's request, as far as faults and repetitions are concerned.

    Attributes:
        op: what faults know it by.
        work: does it, to the gateway it is given: the true one, or one that will forget.
        key: the idempotency key, where the dialect has such and the merchant sent one.
        digest: tells this request from another under the same key.
    """

    op: str
    work: Work
    merchant_ref: str | None = None
    payment_id: str | None = None
    key: str | None = None
    digest: bytes = b""


class Desk:
    """One dialect's counter.

    Each call is perhaps struck by faults, then done once per idempotency key, and answered, perhaps not as it
    was done.
    """

    def __init__(
        self, name: str, wording: Wording, gateway: Gateway, faults: FaultBook, keys: IdempotencyKeys
    ) -> None:
        self._name = name
        self._wording = wording
        self._gateway = gateway
        self._faults = faults
        self._keys = keys

    def serve(self, req: falcon.Request, resp: falcon.Response, call: Call) -> None:
        payment = self._subject(call)
        merchant_ref = call.merchant_ref if payment is None else payment.terms.merchant_ref
        payment_id = call.payment_id if payment is None else payment.id
        strikes = self._faults.strike(call.op, merchant_ref, payment_id)
        wire = wire_of(req)
        wire.faults = tuple(strike.action for strike in strikes)
        sent = unavailable(self._wording, strikes, wire) if strikes else None
        if sent is None:
            # Twice, because a payment can be hidden before it is asked about, but not before it is made.
            self._hide(merchant_ref, strikes)
            reply, headers = self._do(call, strikes)
            self._hide(merchant_ref, strikes)
            sent = dress(self._wording, reply, strikes, wire, headers)
        sent.put_into(resp)

    def owner_of(self, refund_id: str) -> str | None:
        """Finds the payment that a refund belongs to, for a call about the refund to name."""
        try:
            return self._gateway.refund(refund_id).payment_id
        except Unknown:
            return None

    def _subject(self, call: Call) -> Payment | None:
        """Finds the payment that a call is about, by whichever name it gives."""
        try:
            if call.payment_id is not None:
                return self._gateway.payment(call.payment_id)
            if call.op != "create" and call.merchant_ref is not None:
                return self._gateway.payment_by_ref(call.merchant_ref, self._name)
        except Unknown:
            return None
        return None

    def _do(self, call: Call, strikes: Sequence[Strike]) -> tuple[Reply, dict[str, str]]:
        """Does the work once for each idempotency key; what is forgotten, its key forgets too."""
        forgets = has(strikes, "forget") is not None
        gateway = self._gateway.phantom(is_blank=call.op == "status") if forgets else self._gateway
        failed = has(strikes, "http_500_after")

        def work() -> Reply:
            reply = call.work(gateway)
            return self._wording.refused(BROKEN) if failed and failed.flag("kept") else reply

        try:
            if call.key is None:
                return work(), {}
            key = f"{self._name} {call.key}"
            reply, is_repeated = self._keys.once(key, call.digest, work, keeps=not forgets)
        except Refusal as refusal:
            return self._wording.refused(refusal), {}
        return reply, {"Idempotent-Replayed": "true"} if is_repeated else {}

    def _hide(self, merchant_ref: str | None, strikes: Sequence[Strike]) -> None:
        hiding = has(strikes, "status_404_for_ms")
        if hiding is not None and merchant_ref is not None:
            self._gateway.hide(merchant_ref, self._name, hiding.number("ms", _HIDDEN_MS_USUALLY) / 1000)
