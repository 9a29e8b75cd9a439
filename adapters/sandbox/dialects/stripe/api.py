"""Stripe's API under `/stripe/v1`: sessions, payment intents and refunds."""

import base64
import hashlib

import falcon

from adapters.sandbox.courier import CALL_TIMEOUT_SECONDS
from adapters.sandbox.desk import Call, Desk, Work
from adapters.sandbox.dialects.branch import Branch, Core, Gate, Route, is_same
from adapters.sandbox.dialects.stripe.dialect import (
    NAME,
    Account,
    Stripe,
    intent_document,
    refund_document,
    session_document,
)
from adapters.sandbox.dialects.stripe.forms import (
    CANCEL,
    CAPTURE,
    LISTING,
    NOTHING,
    REFUND,
    SESSION,
    Form,
    read_form,
    reason_from,
    required,
    terms_from,
    whole,
)
from adapters.sandbox.gateway import Gateway
from adapters.sandbox.idempotency import key_of
from adapters.sandbox.payments import TAKES_A_CARD, Payment, Refund
from adapters.sandbox.refusals import Conflict, Stranger, Unknown
from adapters.sandbox.replies import Reply


def open_stripe(account: Account, core: Core) -> Branch:
    """Opens the dialect for one merchant's account."""
    dialect = Stripe(account, core)
    desk = core.desk(NAME, dialect)
    sessions = Sessions(account, core, desk)
    intents, refunds = Intents(desk), Refunds(core, desk)
    routes = [
        Route("/stripe/v1/checkout/sessions", sessions),
        Route("/stripe/v1/checkout/sessions/{session_id}", sessions, "one"),
        Route("/stripe/v1/checkout/sessions/{session_id}/expire", sessions, "expire"),
        Route("/stripe/v1/payment_intents/{intent_id}", intents),
        Route("/stripe/v1/payment_intents/{intent_id}/capture", intents, "capture"),
        Route("/stripe/v1/payment_intents/{intent_id}/cancel", intents, "cancel"),
        Route("/stripe/v1/refunds", refunds),
        Route("/stripe/v1/refunds/{refund_id}", refunds, "one"),
    ]
    gates = {"/stripe/v1/": _key_gate(account.secret_key)}
    return Branch(NAME, dialect, "/stripe/", routes, gates, pages="/stripe/pay")


def _key_gate(secret_key: str) -> Gate:
    """Lets in who shows the key as a bearer token or as the user of Basic authentication."""
    basic = base64.b64encode(f"{secret_key}:".encode()).decode("ascii")

    def gate(req: falcon.Request) -> None:
        shown = req.get_header("Authorization") or ""
        if not (is_same(shown, f"Bearer {secret_key}") or is_same(shown, f"Basic {basic}")):
            raise Stranger("invalid_api_key", "Invalid API Key provided.")

    return gate


class Sessions:
    """Checkout Sessions."""

    def __init__(self, account: Account, core: Core, desk: Desk) -> None:
        self._account = account
        self._core = core
        self._desk = desk

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        form = read_form(req, SESSION)
        origin = f"{req.prefix}/stripe"
        terms = terms_from(form, self._core.clock.now(), self._account.webhook_url, origin)
        name = self._core.names.fresh("cs_test")

        def work(gateway: Gateway) -> Reply:
            deed = gateway.create(terms, name)
            deed.await_notices(CALL_TIMEOUT_SECONDS)
            return _session(deed.payment)

        call = _post(req, form, "create", work, merchant_ref=terms.merchant_ref)
        self._desk.serve(req, resp, call)

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, session_id: str) -> None:
        read_form(req, NOTHING)

        def work(gateway: Gateway) -> Reply:
            return _session(_ours(gateway.look_up(session_id)))

        self._desk.serve(req, resp, Call("status", work, payment_id=session_id))

    def on_post_expire(self, req: falcon.Request, resp: falcon.Response, session_id: str) -> None:
        form = read_form(req, NOTHING)

        def work(gateway: Gateway) -> Reply:
            if _ours(gateway.payment(session_id)).status not in TAKES_A_CARD:
                raise Conflict("session_not_open", "Only open Checkout Sessions can be expired.")
            return _session(gateway.void(session_id).payment)

        self._desk.serve(req, resp, _post(req, form, "void", work, payment_id=session_id))


class Intents:
    """Payment intents, each of which belongs to a session that a buyer has begun to pay."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def on_get(self, req: falcon.Request, resp: falcon.Response, intent_id: str) -> None:
        read_form(req, NOTHING)
        name = _session_id(intent_id)

        def work(gateway: Gateway) -> Reply:
            return _intent(_begun(gateway.look_up(name)))

        self._desk.serve(req, resp, Call("status", work, payment_id=name))

    def on_post_capture(self, req: falcon.Request, resp: falcon.Response, intent_id: str) -> None:
        form = read_form(req, CAPTURE)
        amount = whole(form, "amount_to_capture") if "amount_to_capture" in form else None
        name = _session_id(intent_id)

        def work(gateway: Gateway) -> Reply:
            _begun(gateway.payment(name))
            return _intent(gateway.capture(name, amount).payment)

        self._desk.serve(req, resp, _post(req, form, "capture", work, payment_id=name))

    def on_post_cancel(self, req: falcon.Request, resp: falcon.Response, intent_id: str) -> None:
        form = read_form(req, CANCEL)
        name = _session_id(intent_id)

        def work(gateway: Gateway) -> Reply:
            _begun(gateway.payment(name))
            return _intent(gateway.void(name).payment)

        self._desk.serve(req, resp, _post(req, form, "void", work, payment_id=name))


class Refunds:
    """Refunds of what a payment intent has taken."""

    def __init__(self, core: Core, desk: Desk) -> None:
        self._core = core
        self._desk = desk

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        form = read_form(req, REFUND)
        name = _session_id(form.get("payment_intent") or required(form, "charge"))
        amount = whole(form, "amount") if "amount" in form else None
        reason = reason_from(form)
        refund_id = self._core.names.fresh("re")

        def work(gateway: Gateway) -> Reply:
            _begun(gateway.payment(name))
            return _refund(gateway.ask_refund(name, amount, reason, refund_id))

        self._desk.serve(req, resp, _post(req, form, "refund", work, payment_id=name))

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        form = read_form(req, LISTING)
        name = _session_id(form.get("payment_intent") or required(form, "charge"))

        def work(gateway: Gateway) -> Reply:
            found = list(reversed(gateway.refunds(name)))
            return Reply(
                200,
                lambda lens: {
                    "object": "list",
                    "url": "/v1/refunds",
                    "has_more": False,
                    "data": [refund_document(lens.refund(refund)) for refund in found],
                },
            )

        self._desk.serve(req, resp, Call("status", work, payment_id=name))

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, refund_id: str) -> None:
        read_form(req, NOTHING)
        call = Call(
            "status",
            lambda gateway: _refund(gateway.refund(refund_id)),
            payment_id=self._desk.owner_of(refund_id),
        )
        self._desk.serve(req, resp, call)


def _post(req: falcon.Request, form: Form, op: str, work: Work, **names: str) -> Call:
    """Makes a call that may be repeated; the same parameters in another order are the same request."""
    digest = hashlib.sha256(repr((req.path, sorted(form.items()))).encode()).digest()
    return Call(op, work, key=key_of(req), digest=digest, **names)


def _session_id(name: str) -> str:
    """Finds the session behind an intent or a charge."""
    kind, _, rest = name.partition("_")
    return f"cs_test_{rest}" if kind in {"pi", "ch"} else ""


def _ours(payment: Payment) -> Payment:
    if payment.terms.dialect != NAME:
        raise Unknown("resource_missing", "No such object.")
    return payment


def _begun(payment: Payment) -> Payment:
    if payment.card is None:
        raise Unknown("resource_missing", "No such payment_intent.")
    return _ours(payment)


def _session(payment: Payment) -> Reply:
    return Reply(200, lambda lens: session_document(lens.payment(payment)))


def _intent(payment: Payment) -> Reply:
    return Reply(200, lambda lens: intent_document(lens.payment(payment)))


def _refund(refund: Refund) -> Reply:
    return Reply(200, lambda lens: refund_document(lens.refund(refund)))
