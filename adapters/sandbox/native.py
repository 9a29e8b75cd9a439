"""The native dialect's merchant API: `/v1/payments` and `/v1/refunds`."""

import json
from collections.abc import Callable, Sequence

import falcon

from adapters.sandbox.clock import Clock
from adapters.sandbox.courier import CALL_TIMEOUT_SECONDS
from adapters.sandbox.documents import (
    amount_from,
    ensure_only,
    payment_document,
    read_object,
    refund_document,
    terms_from,
    text_from,
)
from adapters.sandbox.faults import FaultBook, Strike, has
from adapters.sandbox.gateway import Gateway
from adapters.sandbox.idempotency import IdempotencyKeys, Reply, digest_of, key_of
from adapters.sandbox.intake import body_of
from adapters.sandbox.payments import Invalid, Payment, Refund, Refusal, Status, Terms, Unknown
from adapters.sandbox.replies import Sent, dress, refused, unavailable
from adapters.sandbox.rules import CREATING
from adapters.sandbox.wire import wire_of

DIALECT = "native"

_HIDDEN_MS_USUALLY = 1000
_REASON_LENGTH_MAX = 500

Work = Callable[[bool], Reply]


class PaymentsApi:
    """What a merchant may ask of the gateway.

    Each call is first read, then perhaps struck by faults, then done once per idempotency key, and answered,
    perhaps not as it was done.
    """

    def __init__(self, gateway: Gateway, faults: FaultBook, keys: IdempotencyKeys, clock: Clock) -> None:
        self._gateway = gateway
        self._faults = faults
        self._keys = keys
        self._clock = clock

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Creates a payment."""
        terms = terms_from(read_object(body_of(req)), req.prefix)
        if "fault" in terms.metadata:
            self._faults.arm_from_metadata(terms.metadata["fault"], terms.merchant_ref)
        self._answer(
            req, resp, "create", terms.merchant_ref, None, lambda forgets: self._create(terms, forgets)
        )

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Looks a payment up by the merchant's own reference."""
        merchant_ref = req.get_param("merchant_ref")
        if not merchant_ref:
            raise Invalid("missing_field", "merchant_ref is required.", "merchant_ref")
        payment = self._gateway.payment_by_ref(merchant_ref, DIALECT)
        payment_id = None if payment is None else payment.id

        def look_up(forgets: bool) -> Reply:
            found = [] if payment_id is None else [self._gateway.payment(payment_id)]
            items = [payment_document(p) for p in found if not (forgets or self._is_hidden(p))]
            return _reply(200, {"items": items, "next": None})

        self._answer(req, resp, "status", merchant_ref, payment_id, look_up)

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, payment_id: str) -> None:
        """Looks a payment up by its id."""

        def look_up(forgets: bool) -> Reply:
            payment = self._gateway.payment(payment_id)
            if forgets or self._is_hidden(payment):
                raise Unknown("unknown_payment", "There is no such payment.")
            return _reply(200, payment_document(payment))

        self._answer(req, resp, "status", self._ref_of(payment_id), payment_id, look_up)

    def on_post_capture(self, req: falcon.Request, resp: falcon.Response, payment_id: str) -> None:
        document = read_object(body_of(req) or b"{}")
        ensure_only(document, frozenset({"amount"}))
        amount = amount_from(document, "amount")

        def work(forgets: bool) -> Reply:
            if not forgets:
                return _shown(self._gateway.capture(payment_id, amount).payment)
            payment = self._gateway.payment(payment_id)
            payment.capture(amount, self._clock.now())
            return _shown(payment)

        self._answer(req, resp, "capture", self._ref_of(payment_id), payment_id, work)

    def on_post_void(self, req: falcon.Request, resp: falcon.Response, payment_id: str) -> None:
        ensure_only(read_object(body_of(req) or b"{}"), frozenset())

        def work(forgets: bool) -> Reply:
            if not forgets:
                return _shown(self._gateway.void(payment_id).payment)
            payment = self._gateway.payment(payment_id)
            payment.cancel(self._clock.now())
            return _shown(payment)

        self._answer(req, resp, "void", self._ref_of(payment_id), payment_id, work)

    def on_post_refunds(self, req: falcon.Request, resp: falcon.Response, payment_id: str) -> None:
        document = read_object(body_of(req) or b"{}")
        ensure_only(document, frozenset({"amount", "reason"}))
        amount = amount_from(document, "amount")
        reason = text_from(document, "reason", _REASON_LENGTH_MAX)

        def work(forgets: bool) -> Reply:
            if not forgets:
                return _refund_shown(201, self._gateway.ask_refund(payment_id, amount, reason))
            payment = self._gateway.payment(payment_id)
            return _refund_shown(201, self._gateway.draft_refund(payment, amount, reason))

        self._answer(req, resp, "refund", self._ref_of(payment_id), payment_id, work)

    def on_get_refund(self, req: falcon.Request, resp: falcon.Response, refund_id: str) -> None:
        def look_up(forgets: bool) -> Reply:
            if forgets:
                raise Unknown("unknown_refund", "There is no such refund.")
            return _refund_shown(200, self._gateway.refund(refund_id))

        merchant_ref, payment_id = self._owner_of(refund_id)
        self._answer(req, resp, "status", merchant_ref, payment_id, look_up)

    def _create(self, terms: Terms, forgets: bool) -> Reply:
        if forgets:
            self._gateway.ensure_new(terms)
            return _reply(201, payment_document(self._gateway.draft(terms)))
        payment = self._gateway.create(terms)
        early = has(self._faults.strike(CREATING, terms.merchant_ref, payment.id), "before_create_reply")
        if early:
            word = early.word("status", "")
            status = Status(word) if word in set(Status) else Status.CREATED
            self._gateway.force(payment.id, status).await_notices(CALL_TIMEOUT_SECONDS)
        return _reply(201, payment_document(payment))

    def _answer(
        self,
        req: falcon.Request,
        resp: falcon.Response,
        op: str,
        merchant_ref: str | None,
        payment_id: str | None,
        work: Work,
    ) -> None:
        strikes = self._faults.strike(op, merchant_ref, payment_id)
        wire = wire_of(req)
        wire.faults = tuple(strike.action for strike in strikes)
        sent = unavailable(strikes, wire) if strikes else None
        if sent is None:
            # Twice, because a payment can be hidden before it is asked about, but not before it is made.
            self._hide(merchant_ref, strikes)
            reply, headers = self._do(req, work, forgets=has(strikes, "forget") is not None)
            self._hide(merchant_ref, strikes)
            sent = dress(reply, strikes, wire, headers)
        _write(resp, sent)

    def _do(self, req: falcon.Request, work: Work, *, forgets: bool) -> tuple[Reply, dict[str, str]]:
        """Does the work once for each idempotency key; what is forgotten, its key forgets too."""
        try:
            key = key_of(req) if req.method == "POST" else None
            if key is None:
                return work(forgets), {}
            digest = digest_of(req, body_of(req))
            reply, is_repeated = self._keys.once(key, digest, lambda: work(forgets), keeps=not forgets)
        except Refusal as refusal:
            return refused(refusal), {}
        return reply, {"Idempotent-Replayed": "true"} if is_repeated else {}

    def _hide(self, merchant_ref: str | None, strikes: Sequence[Strike]) -> None:
        hiding = has(strikes, "status_404_for_ms")
        if hiding is not None and merchant_ref is not None:
            self._gateway.hide(merchant_ref, DIALECT, hiding.number("ms", _HIDDEN_MS_USUALLY) / 1000)

    def _is_hidden(self, payment: Payment) -> bool:
        return payment.hidden_until is not None and self._clock.now() < payment.hidden_until

    def _ref_of(self, payment_id: str) -> str | None:
        try:
            return self._gateway.payment(payment_id).terms.merchant_ref
        except Unknown:
            return None

    def _owner_of(self, refund_id: str) -> tuple[str | None, str | None]:
        try:
            refund = self._gateway.refund(refund_id)
        except Unknown:
            return None, None
        return refund.merchant_ref, refund.payment_id


def _reply(status: int, document: dict[str, object]) -> Reply:
    return Reply(status, json.dumps(document).encode("utf-8"))


def _shown(payment: Payment) -> Reply:
    return _reply(200, payment_document(payment))


def _refund_shown(status: int, refund: Refund) -> Reply:
    return _reply(status, refund_document(refund))


def _write(resp: falcon.Response, sent: Sent) -> None:
    resp.status = sent.status
    resp.content_type = sent.content_type
    resp.data = sent.body
    resp.set_headers(dict(sent.headers))
