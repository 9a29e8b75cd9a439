"""Paynow's API under `/paynow/v3`: payments and refunds, every call signed."""

import falcon

from adapters.sandbox.courier import CALL_TIMEOUT_SECONDS
from adapters.sandbox.desk import Call, Desk, Work
from adapters.sandbox.dialects.branch import Branch, Core, Gate, Route, is_same
from adapters.sandbox.dialects.paynow.dialect import NAME, Account, Paynow, sign_request, word_of
from adapters.sandbox.dialects.reading import Document, currency, inner, read_json, text, url
from adapters.sandbox.documents import amount_from, text_from
from adapters.sandbox.gateway import Gateway
from adapters.sandbox.idempotency import digest_of
from adapters.sandbox.intake import body_of
from adapters.sandbox.payments import Payment, Refund, RefundStatus, Terms
from adapters.sandbox.refusals import Conflict, Invalid, Stranger, Unknown
from adapters.sandbox.replies import Reply

_PAYMENT = (
    "amount currency externalId description continueUrl buyer paymentMethodId authorizationCode "
    "orderItems validityTime payoutAccount paymentMethodToken"
)
_BUYER = "email firstName lastName phone address locale externalId deviceFingerprint"
_KEY_LENGTH_MAX = 45
_REFUNDS = {RefundStatus.PENDING: "PENDING", RefundStatus.SUCCEEDED: "SUCCESSFUL"}


def open_paynow(account: Account, core: Core) -> Branch:
    """Opens the dialect for one merchant's account."""
    dialect = Paynow(account, core)
    desk = core.desk(NAME, dialect)
    payments, refunds = Payments(account, core, desk), Refunds(core, desk)
    routes = [
        Route("/paynow/v3/payments", payments),
        Route("/paynow/v3/payments/{payment_id}/status", payments, "status"),
        Route("/paynow/v3/payments/{payment_id}/refunds", refunds),
        Route("/paynow/v3/refunds/{refund_id}/status", refunds, "status"),
    ]
    gates = {"/paynow/v3/": _signature_gate(account)}
    return Branch(NAME, dialect, "/paynow/", routes, gates, pages="/paynow/pay")


def _signature_gate(account: Account) -> Gate:
    """Lets in what carries the key and is signed over its key, its idempotency key and its body."""

    def gate(req: falcon.Request) -> None:
        key = req.get_header("Idempotency-Key") or ""
        if not is_same(req.get_header("Api-Key") or "", account.api_key):
            raise Stranger("unauthorized", "The Api-Key is not right.")
        if not 0 < len(key) <= _KEY_LENGTH_MAX:
            raise Invalid("invalid_idempotency_key", f"A key has 1 to {_KEY_LENGTH_MAX} characters.")
        if req.query_string:
            raise Invalid("unknown_parameter", "There are no parameters here.")
        expected = sign_request(account, key, body_of(req).decode("utf-8", "replace"))
        if not is_same(req.get_header("Signature") or "", expected):
            raise Stranger("bad_signature", "The signature is not right.")

    return gate


class Payments:
    """Payments and their status; an amount is told to nobody."""

    def __init__(self, account: Account, core: Core, desk: Desk) -> None:
        self._account = account
        self._core = core
        self._desk = desk

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        terms = self._terms(read_json(req, _PAYMENT), f"{req.prefix}/paynow")
        name = self._core.names.fresh("")[1:].upper()

        def work(gateway: Gateway) -> Reply:
            deed = gateway.create(terms, name)
            deed.await_notices(CALL_TIMEOUT_SECONDS)
            page = f"{terms.page}/{name}"
            return Reply(
                201,
                lambda lens: {
                    "redirectUrl": page,
                    "paymentId": name,
                    "status": word_of(lens.payment(deed.payment)),
                },
            )

        self._desk.serve(req, resp, _post(req, "create", work, merchant_ref=terms.merchant_ref))

    def _terms(self, document: Document, origin: str) -> Terms:
        text(inner(document, "buyer", _BUYER), "email")
        text(document, "description")
        return Terms(
            merchant_ref=text(document, "externalId"),
            amount=_amount(document),
            currency=currency(document, "currency") if "currency" in document else "PLN",
            return_url=url(document, "continueUrl"),
            cancel_url=url(document, "continueUrl"),
            notify_url=self._account.notification_url,
            dialect=NAME,
            origin=origin,
            is_ref_unique=False,
        )

    def on_get_status(self, req: falcon.Request, resp: falcon.Response, payment_id: str) -> None:
        def work(gateway: Gateway) -> Reply:
            payment = _ours(gateway.look_up(payment_id))
            return Reply(
                200, lambda lens: {"paymentId": payment_id, "status": word_of(lens.payment(payment))}
            )

        self._desk.serve(req, resp, Call("status", work, payment_id=payment_id))


class Refunds:
    """Refunds of confirmed payments, and their status."""

    def __init__(self, core: Core, desk: Desk) -> None:
        self._core = core
        self._desk = desk

    def on_post(self, req: falcon.Request, resp: falcon.Response, payment_id: str) -> None:
        document = read_json(req, "amount reason")
        amount, reason = _amount(document), text_from(document, "reason", 255)
        name = self._core.names.fresh("")[1:].upper()

        def work(gateway: Gateway) -> Reply:
            _ours(gateway.payment(payment_id))
            try:
                refund = gateway.ask_refund(payment_id, amount, reason, name)
            except Conflict as conflict:
                raise Invalid(conflict.code, conflict.message) from conflict
            return _refund(201, refund)

        self._desk.serve(req, resp, _post(req, "refund", work, payment_id=payment_id))

    def on_get_status(self, req: falcon.Request, resp: falcon.Response, refund_id: str) -> None:
        call = Call(
            "status",
            lambda gateway: _refund(200, gateway.refund(refund_id)),
            payment_id=self._desk.owner_of(refund_id),
        )
        self._desk.serve(req, resp, call)


def _post(req: falcon.Request, op: str, work: Work, **names: str) -> Call:
    key = req.get_header("Idempotency-Key")
    return Call(op, work, key=key, digest=digest_of(req, body_of(req)), **names)


def _amount(document: Document) -> int:
    amount = amount_from(document, "amount")
    if amount is None:
        raise Invalid("missing_field", "amount is required.", "amount")
    return amount


def _refund(status: int, refund: Refund) -> Reply:
    return Reply(
        status,
        lambda lens: {
            "refundId": refund.id,
            "status": _REFUNDS.get(lens.refund(refund).status, "FAILED"),
        },
    )


def _ours(payment: Payment) -> Payment:
    if payment.terms.dialect != NAME:
        raise Unknown("unknown_payment", "There is no such payment.")
    return payment
