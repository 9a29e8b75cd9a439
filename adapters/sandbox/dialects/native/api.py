"""The native dialect's merchant API: `/v1/payments` and `/v1/refunds`."""

import falcon

from adapters.sandbox.courier import CALL_TIMEOUT_SECONDS
from adapters.sandbox.desk import Call, Desk, Work
from adapters.sandbox.dialects.branch import Branch, Core, Route, bearer
from adapters.sandbox.dialects.native.dialect import NAME, Native
from adapters.sandbox.documents import (
    amount_from,
    ensure_only,
    payment_document,
    read_object,
    refund_document,
    terms_from,
    text_from,
)
from adapters.sandbox.faults import FaultBook
from adapters.sandbox.gateway import Gateway
from adapters.sandbox.idempotency import digest_of, key_of
from adapters.sandbox.intake import body_of
from adapters.sandbox.payments import Payment, Refund
from adapters.sandbox.refusals import Invalid, Unknown
from adapters.sandbox.replies import Reply

_REASON_LENGTH_MAX = 500


def open_native(api_key: str, signing_secret: str, core: Core) -> Branch:
    """Opens the dialect that every sandbox speaks."""
    dialect = Native(core.gateway, core.clock, signing_secret)
    api = PaymentsApi(core.desk(NAME, dialect), core.faults)
    routes = [
        Route("/v1/payments", api),
        Route("/v1/payments/{payment_id}", api, "one"),
        Route("/v1/payments/{payment_id}/capture", api, "capture"),
        Route("/v1/payments/{payment_id}/void", api, "void"),
        Route("/v1/payments/{payment_id}/refunds", api, "refunds"),
        Route("/v1/refunds/{refund_id}", api, "refund"),
    ]
    return Branch(NAME, dialect, "/", routes, {"/v1/": bearer(api_key)})


class PaymentsApi:
    """What a merchant may ask of the gateway: each call is read here, and left to the desk."""

    def __init__(self, desk: Desk, faults: FaultBook) -> None:
        self._desk = desk
        self._faults = faults

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Creates a payment."""
        terms = terms_from(read_object(body_of(req)), req.prefix)
        if "fault" in terms.metadata:
            self._faults.arm_from_metadata(terms.metadata["fault"], terms.merchant_ref)

        def work(gateway: Gateway) -> Reply:
            deed = gateway.create(terms)
            deed.await_notices(CALL_TIMEOUT_SECONDS)
            return _payment(201, deed.payment)

        self._desk.serve(req, resp, _post(req, "create", work, merchant_ref=terms.merchant_ref))

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Looks a payment up by the merchant's own reference."""
        merchant_ref = req.get_param("merchant_ref")
        if not merchant_ref:
            raise Invalid("missing_field", "merchant_ref is required.", "merchant_ref")

        def work(gateway: Gateway) -> Reply:
            try:
                found = [gateway.look_up_by_ref(merchant_ref, NAME)]
            except Unknown:
                found = []
            return Reply(
                200,
                lambda lens: {"items": [payment_document(lens.payment(p)) for p in found], "next": None},
            )

        self._desk.serve(req, resp, Call("status", work, merchant_ref=merchant_ref))

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, payment_id: str) -> None:
        """Looks a payment up by its id."""
        call = Call("status", lambda gateway: _payment(200, gateway.look_up(payment_id)), None, payment_id)
        self._desk.serve(req, resp, call)

    def on_post_capture(self, req: falcon.Request, resp: falcon.Response, payment_id: str) -> None:
        document = read_object(body_of(req) or b"{}")
        ensure_only(document, frozenset({"amount"}))
        amount = amount_from(document, "amount")

        def work(gateway: Gateway) -> Reply:
            return _payment(200, gateway.capture(payment_id, amount).payment)

        self._desk.serve(req, resp, _post(req, "capture", work, payment_id=payment_id))

    def on_post_void(self, req: falcon.Request, resp: falcon.Response, payment_id: str) -> None:
        ensure_only(read_object(body_of(req) or b"{}"), frozenset())

        def work(gateway: Gateway) -> Reply:
            return _payment(200, gateway.void(payment_id).payment)

        self._desk.serve(req, resp, _post(req, "void", work, payment_id=payment_id))

    def on_post_refunds(self, req: falcon.Request, resp: falcon.Response, payment_id: str) -> None:
        document = read_object(body_of(req) or b"{}")
        ensure_only(document, frozenset({"amount", "reason"}))
        amount = amount_from(document, "amount")
        reason = text_from(document, "reason", _REASON_LENGTH_MAX)

        def work(gateway: Gateway) -> Reply:
            return _refund(201, gateway.ask_refund(payment_id, amount, reason))

        self._desk.serve(req, resp, _post(req, "refund", work, payment_id=payment_id))

    def on_get_refund(self, req: falcon.Request, resp: falcon.Response, refund_id: str) -> None:
        payment_id = self._desk.owner_of(refund_id)
        call = Call("status", lambda gateway: _refund(200, gateway.refund(refund_id)), None, payment_id)
        self._desk.serve(req, resp, call)


def _post(req: falcon.Request, op: str, work: Work, **names: str) -> Call:
    return Call(op, work, key=key_of(req), digest=digest_of(req, body_of(req)), **names)


def _payment(status: int, payment: Payment) -> Reply:
    return Reply(status, lambda lens: payment_document(lens.payment(payment)))


def _refund(status: int, refund: Refund) -> Reply:
    return Reply(status, lambda lens: refund_document(lens.refund(refund)))
