"""Mollie's API under `/mollie/v2`: payments, captures and refunds."""

import falcon

from adapters.sandbox.courier import CALL_TIMEOUT_SECONDS
from adapters.sandbox.desk import Call, Desk, Work
from adapters.sandbox.dialects.branch import Branch, Core, Route, bearer
from adapters.sandbox.dialects.mollie.dialect import (
    NAME,
    Account,
    Mollie,
    capture_document,
    payment_document,
    refund_document,
)
from adapters.sandbox.dialects.reading import Document, currency, inner, read_json, text, url
from adapters.sandbox.documents import text_from
from adapters.sandbox.gateway import Gateway
from adapters.sandbox.idempotency import digest_of, key_of
from adapters.sandbox.intake import body_of
from adapters.sandbox.money import minor_from
from adapters.sandbox.payments import Payment, Terms
from adapters.sandbox.refusals import Invalid, Unknown
from adapters.sandbox.replies import Reply

_PAYMENT = (
    "amount description redirectUrl cancelUrl webhookUrl metadata captureMode locale method "
    "sequenceType lines billingAddress shippingAddress restrictPaymentMethodsToCountry testmode profileId"
)
_DESCRIPTION_LENGTH_MAX = 255


def open_mollie(account: Account, core: Core) -> Branch:
    """Opens the dialect for one merchant's account."""
    dialect = Mollie(core)
    desk = core.desk(NAME, dialect)
    payments, parts = Payments(core, desk), Parts(core, desk)
    home = "/mollie/v2/payments"
    routes = [
        Route(home, payments),
        Route(f"{home}/{{payment_id}}", payments, "one"),
        Route(f"{home}/{{payment_id}}/captures", parts, "captures"),
        Route(f"{home}/{{payment_id}}/refunds", parts, "refunds"),
        Route(f"{home}/{{payment_id}}/refunds/{{refund_id}}", parts, "refund"),
    ]
    gates = {"/mollie/v2/": bearer(account.api_key)}
    return Branch(NAME, dialect, "/mollie/", routes, gates, pages="/mollie/pay")


class Payments:
    """Payments, from their opening to their cancellation."""

    def __init__(self, core: Core, desk: Desk) -> None:
        self._core = core
        self._desk = desk

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        terms = _terms(read_json(req, _PAYMENT), f"{req.prefix}/mollie")
        name = self._core.names.fresh("tr")

        def work(gateway: Gateway) -> Reply:
            deed = gateway.create(terms, name)
            deed.await_notices(CALL_TIMEOUT_SECONDS)
            return _shown(201, deed.payment)

        call = _post(req, "create", work, merchant_ref=terms.merchant_ref)
        self._desk.serve(req, resp, call)

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, payment_id: str) -> None:
        def work(gateway: Gateway) -> Reply:
            return _shown(200, _ours(gateway.look_up(payment_id)))

        self._desk.serve(req, resp, Call("status", work, payment_id=payment_id))

    def on_delete_one(self, req: falcon.Request, resp: falcon.Response, payment_id: str) -> None:
        read_json(req, "testmode", may_be_empty=True)

        def work(gateway: Gateway) -> Reply:
            _ours(gateway.payment(payment_id))
            return _shown(200, gateway.void(payment_id).payment)

        self._desk.serve(req, resp, _post(req, "void", work, payment_id=payment_id))


def _terms(document: Document, origin: str) -> Terms:
    amount = inner(document, "amount", "currency value")
    code = currency(amount, "currency")
    mode = document.get("captureMode") or "automatic"
    if mode not in {"automatic", "manual"}:
        raise Invalid("invalid_capture", "captureMode must be automatic or manual.", "captureMode")
    back = url(document, "redirectUrl")
    return Terms(
        # What the merchant calls it is his own affair here; without an order_id it is called nothing.
        merchant_ref=_merchant_ref(document.get("metadata")),
        amount=minor_from(amount.get("value"), code, "amount"),
        currency=code,
        is_manual=mode == "manual",
        return_url=back,
        cancel_url=url(document, "cancelUrl") if document.get("cancelUrl") else back,
        notify_url=url(document, "webhookUrl") if document.get("webhookUrl") else None,
        metadata={
            "description": text(document, "description", _DESCRIPTION_LENGTH_MAX),
            "metadata": document.get("metadata"),
        },
        dialect=NAME,
        origin=origin,
        is_ref_unique=False,
    )


def _merchant_ref(metadata: object) -> str:
    """Finds the merchant's reference in his own words, as shops put it there."""
    named = metadata if isinstance(metadata, dict) else {}
    found = next((named[name] for name in ("order_id", "merchant_ref", "bill_id") if name in named), metadata)
    return found if isinstance(found, str) else ""


class Parts:
    """What belongs to a payment: its capture and its refunds."""

    def __init__(self, core: Core, desk: Desk) -> None:
        self._core = core
        self._desk = desk

    def on_post_captures(self, req: falcon.Request, resp: falcon.Response, payment_id: str) -> None:
        wish = read_json(req, "amount description metadata testmode", may_be_empty=True)
        name = self._core.names.fresh("cpt")

        def work(gateway: Gateway) -> Reply:
            amount = _amount(wish, _ours(gateway.payment(payment_id)))
            payment = gateway.capture(payment_id, amount).payment
            return Reply(201, lambda lens: capture_document(lens.payment(payment), name))

        self._desk.serve(req, resp, _post(req, "capture", work, payment_id=payment_id))

    def on_post_refunds(self, req: falcon.Request, resp: falcon.Response, payment_id: str) -> None:
        wish = read_json(req, "amount description metadata testmode")
        reason = text_from(wish, "description", _DESCRIPTION_LENGTH_MAX)
        name = self._core.names.fresh("re")

        def work(gateway: Gateway) -> Reply:
            payment = _ours(gateway.payment(payment_id))
            amount = _amount(wish, payment)
            if amount is None:
                raise Invalid("missing_field", "The amount is required.", "amount")
            refund = gateway.ask_refund(payment_id, amount, reason, name)
            return Reply(201, lambda lens: refund_document(lens.refund(refund), payment.terms.origin))

        self._desk.serve(req, resp, _post(req, "refund", work, payment_id=payment_id))

    def on_get_refunds(self, req: falcon.Request, resp: falcon.Response, payment_id: str) -> None:
        def work(gateway: Gateway) -> Reply:
            origin = _ours(gateway.look_up(payment_id)).terms.origin
            found = list(reversed(gateway.refunds(payment_id)))
            return Reply(
                200,
                lambda lens: {
                    "count": len(found),
                    "_embedded": {"refunds": [refund_document(lens.refund(r), origin) for r in found]},
                    "_links": {"self": None, "previous": None, "next": None},
                },
            )

        self._desk.serve(req, resp, Call("status", work, payment_id=payment_id))

    def on_get_refund(
        self, req: falcon.Request, resp: falcon.Response, payment_id: str, refund_id: str
    ) -> None:
        def work(gateway: Gateway) -> Reply:
            origin = _ours(gateway.payment(payment_id)).terms.origin
            refund = gateway.refund(refund_id)
            if refund.payment_id != payment_id:
                raise Unknown("unknown_refund", "There is no such refund.")
            return Reply(200, lambda lens: refund_document(lens.refund(refund), origin))

        self._desk.serve(req, resp, Call("status", work, payment_id=payment_id))


def _post(req: falcon.Request, op: str, work: Work, **names: str) -> Call:
    digest = digest_of(req, body_of(req))
    return Call(op, work, key=key_of(req), digest=digest, **names)


def _amount(wish: Document, payment: Payment) -> int | None:
    """Reads an amount in the payment's own currency; absent is None. Raises: Invalid."""
    if wish.get("amount") is None:
        return None
    amount = inner(wish, "amount", "currency value")
    if currency(amount, "currency") != payment.terms.currency:
        raise Invalid("invalid_currency", "The payment is in another currency.", "amount")
    return minor_from(amount.get("value"), payment.terms.currency, "amount")


def _shown(status: int, payment: Payment) -> Reply:
    return Reply(status, lambda lens: payment_document(lens.payment(payment)))


def _ours(payment: Payment) -> Payment:
    if payment.terms.dialect != NAME:
        raise Unknown("unknown_payment", "No payment exists with this token.")
    return payment
