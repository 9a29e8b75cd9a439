"""PayPal's API under `/paypal`: the token, orders, authorizations, captures and refunds."""

import base64
import binascii

import falcon

from adapters.sandbox.courier import CALL_TIMEOUT_SECONDS
from adapters.sandbox.desk import Call, Desk, Work
from adapters.sandbox.dialects.branch import Branch, Core, Route
from adapters.sandbox.dialects.oauth import Credentials, form_of
from adapters.sandbox.dialects.paypal.dialect import (
    NAME,
    Account,
    PayPal,
    authorization_document,
    capture_document,
    order_document,
    refund_document,
)
from adapters.sandbox.dialects.paypal.reading import amount_of, terms_from
from adapters.sandbox.dialects.paypal.transmissions import Transmissions
from adapters.sandbox.dialects.reading import read_json
from adapters.sandbox.documents import text_from
from adapters.sandbox.gateway import Gateway
from adapters.sandbox.idempotency import digest_of
from adapters.sandbox.intake import body_of
from adapters.sandbox.payments import HOLDS_MONEY, Payment, Refund, Status
from adapters.sandbox.refusals import Conflict, Invalid, Unknown
from adapters.sandbox.replies import Reply

_ORDER = "intent purchase_units payment_source application_context payer processing_instruction"
_KEY_LENGTH_MAX = 108


def open_paypal(account: Account, core: Core) -> Branch:
    """Opens the dialect for one merchant's application."""
    transmissions = Transmissions(account.webhook_id, core.names)
    dialect = PayPal(account, core, transmissions)
    credentials = Credentials(account.client_id, account.client_secret)
    desk = core.desk(NAME, dialect)
    orders, parts = Orders(account, core, desk, dialect), Parts(core, desk)
    routes = [
        Route("/paypal/v1/oauth2/token", Authorization(credentials)),
        Route("/paypal/v1/notifications/verify-webhook-signature", transmissions),
        Route("/paypal/v2/checkout/orders", orders),
        Route("/paypal/v2/checkout/orders/{order_id}", orders, "one"),
        Route("/paypal/v2/checkout/orders/{order_id}/capture", orders, "capture"),
        Route("/paypal/v2/checkout/orders/{order_id}/authorize", orders, "authorize"),
        Route("/paypal/v2/payments/authorizations/{part_id}", parts, "authorization"),
        Route("/paypal/v2/payments/authorizations/{part_id}/capture", parts, "capture"),
        Route("/paypal/v2/payments/authorizations/{part_id}/void", parts, "void"),
        Route("/paypal/v2/payments/captures/{part_id}", parts, "captured"),
        Route("/paypal/v2/payments/captures/{part_id}/refund", parts, "refund"),
        Route("/paypal/v2/payments/refunds/{refund_id}", parts, "refunded"),
    ]
    gates = dict.fromkeys(("/paypal/v2/", "/paypal/v1/notifications/"), credentials.gate())
    return Branch(NAME, dialect, "/paypal/", routes, gates, pages="/paypal/pay", clear=transmissions.clear)


class Authorization:
    """Hands out tokens to who shows the application's name and secret by Basic authentication."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        kind, _, text = (req.get_header("Authorization") or "").partition(" ")
        try:
            shown = base64.b64decode(text, validate=True).decode("utf-8") if kind == "Basic" else ""
        except (binascii.Error, UnicodeDecodeError):
            shown = ""
        client_id, _, client_secret = shown.partition(":")
        self._credentials.issue(resp, client_id, client_secret, form_of(req).get("grant_type", ""))


class Orders:
    """Orders: opened, approved by the buyer, and only then paid for at the merchant's word."""

    def __init__(self, account: Account, core: Core, desk: Desk, dialect: PayPal) -> None:
        self._account = account
        self._core = core
        self._desk = desk
        self._dialect = dialect

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        document = read_json(req, _ORDER)
        terms = terms_from(document, self._account.webhook_url, f"{req.prefix}/paypal")
        name = self._core.names.fresh("")[1:18].upper()

        def work(gateway: Gateway) -> Reply:
            deed = gateway.create(terms, name)
            deed.await_notices(CALL_TIMEOUT_SECONDS)
            return _order(201, deed.payment)

        self._desk.serve(req, resp, _post(req, "create", work, merchant_ref=terms.merchant_ref))

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, order_id: str) -> None:
        def work(gateway: Gateway) -> Reply:
            return _order(200, _ours(gateway.look_up(order_id)))

        self._desk.serve(req, resp, Call("status", work, payment_id=order_id))

    def on_post_capture(self, req: falcon.Request, resp: falcon.Response, order_id: str) -> None:
        self._ask_bank(req, resp, order_id, is_manual=False)

    def on_post_authorize(self, req: falcon.Request, resp: falcon.Response, order_id: str) -> None:
        self._ask_bank(req, resp, order_id, is_manual=True)

    def _ask_bank(
        self, req: falcon.Request, resp: falcon.Response, order_id: str, *, is_manual: bool
    ) -> None:
        read_json(req, "payment_source", may_be_empty=True)

        def work(gateway: Gateway) -> Reply:
            payment = _ours(gateway.payment(order_id))
            _ensure_may_be_asked(payment, is_manual=is_manual)
            payment = gateway.present_to_bank(order_id).payment
            if payment.status is Status.CREATED:
                # The bank was asked, so this is an answer: the same request gets it again, whatever the
                # buyer has done since.
                declined = Conflict("INSTRUMENT_DECLINED", "The instrument presented was declined.")
                return self._dialect.refused(declined)
            return _order(201, payment)

        # No amount moves at an authorization's creation, but faults know only one op for asking the bank.
        self._desk.serve(req, resp, _post(req, "capture", work, payment_id=order_id))


def _ensure_may_be_asked(payment: Payment, *, is_manual: bool) -> None:
    if payment.terms.is_manual is not is_manual:
        raise Conflict("ACTION_DOES_NOT_MATCH_INTENT", "The order was created with another intent.")
    if payment.status in HOLDS_MONEY or (payment.status is Status.PENDING and not payment.awaits_merchant):
        raise Conflict("ORDER_ALREADY_CAPTURED", "The order was captured before.")
    if payment.status is Status.AUTHORIZED:
        raise Conflict("ORDER_ALREADY_AUTHORIZED", "The order was authorized before.")
    if not payment.awaits_merchant:
        raise Conflict("ORDER_NOT_APPROVED", "The buyer has not approved the order.")


class Parts:
    """What an order's money becomes: an authorization, a capture, refunds."""

    def __init__(self, core: Core, desk: Desk) -> None:
        self._core = core
        self._desk = desk

    def on_get_authorization(self, req: falcon.Request, resp: falcon.Response, part_id: str) -> None:
        def work(gateway: Gateway) -> Reply:
            payment = _ours(gateway.look_up(_order_id(part_id, "A")))
            if not payment.amount_authorized:
                raise Unknown("INVALID_RESOURCE_ID", "There is no such authorization.")
            return Reply(200, lambda lens: authorization_document(lens.payment(payment)))

        self._desk.serve(req, resp, Call("status", work, payment_id=_order_id(part_id, "A")))

    def on_get_captured(self, req: falcon.Request, resp: falcon.Response, part_id: str) -> None:
        def work(gateway: Gateway) -> Reply:
            payment = _ours(gateway.look_up(_order_id(part_id, "C")))
            if payment.status not in HOLDS_MONEY:
                raise Unknown("INVALID_RESOURCE_ID", "There is no such capture.")
            return Reply(200, lambda lens: capture_document(lens.payment(payment)))

        self._desk.serve(req, resp, Call("status", work, payment_id=_order_id(part_id, "C")))

    def on_post_capture(self, req: falcon.Request, resp: falcon.Response, part_id: str) -> None:
        known = "amount invoice_id final_capture note_to_payer soft_descriptor"
        wish, order_id = read_json(req, known, may_be_empty=True), _order_id(part_id, "A")

        def work(gateway: Gateway) -> Reply:
            payment = _ours(gateway.payment(order_id))
            payment = gateway.capture(order_id, amount_of(wish, payment.terms.currency)).payment
            return Reply(201, lambda lens: capture_document(lens.payment(payment)))

        self._desk.serve(req, resp, _post(req, "capture", work, payment_id=order_id))

    def on_post_void(self, req: falcon.Request, resp: falcon.Response, part_id: str) -> None:
        read_json(req, "", may_be_empty=True)
        order_id = _order_id(part_id, "A")

        def work(gateway: Gateway) -> Reply:
            if _ours(gateway.payment(order_id)).status is not Status.AUTHORIZED:
                raise Conflict("AUTHORIZATION_CANNOT_BE_VOIDED", "The authorization is not open.")
            gateway.void(order_id)
            return Reply(204, None)

        self._desk.serve(req, resp, _post(req, "void", work, payment_id=order_id))

    def on_post_refund(self, req: falcon.Request, resp: falcon.Response, part_id: str) -> None:
        known = "amount custom_id invoice_id note_to_payer"
        wish, order_id = read_json(req, known, may_be_empty=True), _order_id(part_id, "C")
        note = text_from(wish, "note_to_payer", 255)
        name = self._core.names.fresh("")[1:18].upper()

        def work(gateway: Gateway) -> Reply:
            payment = _ours(gateway.payment(order_id))
            amount = amount_of(wish, payment.terms.currency)
            return _refund(201, gateway.ask_refund(order_id, amount, note, name))

        self._desk.serve(req, resp, _post(req, "refund", work, payment_id=order_id))

    def on_get_refunded(self, req: falcon.Request, resp: falcon.Response, refund_id: str) -> None:
        call = Call(
            "status",
            lambda gateway: _refund(200, gateway.refund(refund_id)),
            payment_id=self._desk.owner_of(refund_id),
        )
        self._desk.serve(req, resp, call)


def _post(req: falcon.Request, op: str, work: Work, **names: str) -> Call:
    key = req.get_header("PayPal-Request-Id")
    if key is not None and not 0 < len(key) <= _KEY_LENGTH_MAX:
        raise Invalid("INVALID_STRING_LENGTH", f"A request's id has 1 to {_KEY_LENGTH_MAX} characters.")
    return Call(op, work, key=key, digest=digest_of(req, body_of(req)), **names)


def _order_id(part_id: str, kind: str) -> str:
    """Finds the order of an authorization or a capture, each of which is named after it."""
    return part_id[:-1] if part_id.endswith(kind) else ""


def _order(status: int, payment: Payment) -> Reply:
    return Reply(status, lambda lens: order_document(lens.payment(payment)))


def _refund(status: int, refund: Refund) -> Reply:
    return Reply(status, lambda lens: refund_document(lens.refund(refund)))


def _ours(payment: Payment) -> Payment:
    if payment.terms.dialect != NAME:
        raise Unknown("INVALID_RESOURCE_ID", "Specified resource ID does not exist.")
    return payment
