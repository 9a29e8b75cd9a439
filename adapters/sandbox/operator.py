"""The operator's page: what is going on, for a person with a browser and the control token."""

import base64
import binascii

import falcon

from adapters.sandbox.courier import Courier
from adapters.sandbox.dialects.branch import Gate, bearer, is_same
from adapters.sandbox.faults import FaultBook
from adapters.sandbox.gateway import Gateway
from adapters.sandbox.money import major_text
from adapters.sandbox.refusals import Stranger
from adapters.sandbox.rendering import SECURITY_HEADERS, operator_page

PATH = "/_ctl/"

_SHOWN_MAX = 200


class OperatorPage:
    """Lists payments, callbacks and armed faults, newest first."""

    def __init__(self, gateway: Gateway, courier: Courier, faults: FaultBook) -> None:
        self._gateway = gateway
        self._courier = courier
        self._faults = faults

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        resp.content_type = falcon.MEDIA_HTML
        resp.set_headers(SECURITY_HEADERS)
        resp.text = operator_page(self._payments(), self._deliveries(), self._rules())

    def _payments(self) -> list[tuple[str, ...]]:
        newest = list(reversed(self._gateway.payments()))[:_SHOWN_MAX]
        return [
            (
                payment.id,
                payment.terms.merchant_ref,
                payment.terms.dialect,
                f"{major_text(payment.terms.amount, payment.terms.currency)} {payment.terms.currency}",
                str(payment.status),
            )
            for payment in newest
        ]

    def _deliveries(self) -> list[tuple[str, ...]]:
        newest = list(reversed(self._courier.deliveries()))[:_SHOWN_MAX]
        return [
            (
                delivery.event.type,
                delivery.event.payment.terms.merchant_ref,
                f"{delivery.method} {delivery.url}",
                f"{delivery.attempts}, last {delivery.response_status or 'unanswered'}",
                str(delivery.state),
            )
            for delivery in newest
        ]

    def _rules(self) -> list[tuple[str, ...]]:
        return [
            (rule.action, rule.op, rule.merchant_ref or rule.payment_id or "any", str(rule.struck))
            for rule in self._faults.rules()[:_SHOWN_MAX]
        ]


def control_gate(token: str) -> Gate:
    """Lets testers in by the control token; browsers may give it as a password, but to the page alone."""
    by_token = bearer(token)

    def gate(req: falcon.Request) -> None:
        try:
            by_token(req)
        except Stranger as stranger:
            if req.path != PATH or req.method != "GET":
                raise
            if not is_same(_password(req), token):
                raise falcon.HTTPUnauthorized(challenges=['Basic realm="sandbox"']) from stranger

    return gate


def _password(req: falcon.Request) -> str:
    kind, _, text = (req.get_header("Authorization") or "").partition(" ")
    try:
        shown = base64.b64decode(text, validate=True).decode("utf-8") if kind == "Basic" else ""
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return shown.partition(":")[2]
