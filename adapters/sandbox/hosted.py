"""The hosted page: where buyers enter a card, answer their bank, and are sent back to the shop."""

import time
from collections.abc import Mapping
from urllib.parse import parse_qs

import falcon

from adapters.sandbox.bank import Deed
from adapters.sandbox.cards import Card, form_errors, outcome_of, read_number
from adapters.sandbox.clock import Clock
from adapters.sandbox.courier import CALL_TIMEOUT_SECONDS, Courier
from adapters.sandbox.deliveries import Dialect
from adapters.sandbox.faults import FaultBook, has
from adapters.sandbox.gateway import Gateway
from adapters.sandbox.intake import body_of
from adapters.sandbox.payments import TAKES_A_CARD, Payment, Status
from adapters.sandbox.refusals import Unknown
from adapters.sandbox.rendering import SECURITY_HEADERS, challenge_page, declined_page, notice_page, pay_page
from adapters.sandbox.wire import wire_of

_TEST_CARD_EXPIRY_YEARS = 2
_YEAR_SECONDS = 365 * 24 * 3600


class HostedPages:
    """Browser calls carry no token: knowing a payment's address is being its buyer."""

    def __init__(
        self,
        gateway: Gateway,
        courier: Courier,
        faults: FaultBook,
        clock: Clock,
        dialects: Mapping[str, Dialect],
    ) -> None:
        self._gateway = gateway
        self._courier = courier
        self._faults = faults
        self._clock = clock
        self._dialects = dialects

    def on_get(self, req: falcon.Request, resp: falcon.Response, payment_id: str) -> None:
        payment = self._shown(payment_id)
        if payment.status in TAKES_A_CARD:
            _show(resp, 200, pay_page(payment))
        else:
            self._send_back(req, resp, payment)

    def on_post(self, req: falcon.Request, resp: falcon.Response, payment_id: str) -> None:
        form = _form(req)
        payment = self._shown(payment_id)
        if form.get("action") == "cancel":
            deed = self._gateway.cancel(payment_id)
            deed.await_notices(CALL_TIMEOUT_SECONDS)
            self._send_back(req, resp, deed.payment)
        elif payment.status not in TAKES_A_CARD:
            self._send_back(req, resp, payment)
        else:
            self._take_card(req, resp, payment, self._completed(form))

    def on_get_challenge(self, req: falcon.Request, resp: falcon.Response, payment_id: str) -> None:
        payment = self._shown(payment_id)
        if payment.status is Status.REQUIRES_ACTION:
            _show(resp, 200, challenge_page(payment))
        elif payment.status in TAKES_A_CARD:
            raise falcon.HTTPSeeOther(req.path.removesuffix("/3ds"))
        else:
            self._send_back(req, resp, payment)

    def on_post_challenge(self, req: falcon.Request, resp: falcon.Response, payment_id: str) -> None:
        payment = self._shown(payment_id)
        action = _form(req).get("action", "")
        if payment.status is not Status.REQUIRES_ACTION:
            self.on_get_challenge(req, resp, payment_id)
        elif action == "close":
            _show(resp, 200, notice_page("Window closed", "Your bank is still waiting for your answer."))
        elif action in {"approve", "deny"}:
            is_approved = action == "approve"
            self._conclude(req, resp, self._gateway.answer_challenge(payment_id, is_approved=is_approved))
        else:
            _show(resp, 400, challenge_page(payment))

    def _take_card(
        self, req: falcon.Request, resp: falcon.Response, payment: Payment, form: dict[str, str]
    ) -> None:
        filled = {name: form.get(name, "") for name in ("card_number", "expiry", "cvc")}
        wrong = form_errors(filled["card_number"], filled["expiry"], filled["cvc"], self._clock.now())
        number = read_number(filled["card_number"])
        if wrong or number is None:
            _show(resp, 400, pay_page(payment, wrong))
            return
        deed = self._gateway.pay(payment.id, Card.seen(number), outcome_of(number))
        if deed.payment.status is Status.REQUIRES_ACTION:
            resp.status = falcon.HTTP_303
            resp.location = f"{req.path}/3ds"
        else:
            self._conclude(req, resp, deed)

    def _completed(self, form: dict[str, str]) -> dict[str, str]:
        """Fills in the rest for a test card chosen by a click."""
        if "test_card" not in form:
            return form
        later = time.gmtime(self._clock.now() + _TEST_CARD_EXPIRY_YEARS * _YEAR_SECONDS)
        return {"card_number": form["test_card"], "expiry": time.strftime("%m/%y", later), "cvc": "123"}

    def _conclude(self, req: falcon.Request, resp: falcon.Response, deed: Deed) -> None:
        """Lets the shop hear of the decision first, as gateways do, and then sends the buyer back."""
        deed.await_notices(CALL_TIMEOUT_SECONDS)
        if deed.payment.status in TAKES_A_CARD:
            _show(resp, 200, declined_page(deed.payment))
        else:
            self._send_back(req, resp, deed.payment)

    def _send_back(self, req: falcon.Request, resp: falcon.Response, payment: Payment) -> None:
        strikes = self._faults.strike("return", payment.terms.merchant_ref, payment.id)
        wire_of(req).faults = tuple(strike.action for strike in strikes)
        if has(strikes, "never_returns"):
            _show(resp, 200, notice_page("Thank you", "You may close this window."))
            return
        url = self._dialects[payment.terms.dialect].way_back(payment, strikes)
        if has(strikes, "double_click"):
            self._courier.visit(payment, url)
        resp.status = falcon.HTTP_303
        # Set as it is: escaped a second time it would no longer be what was signed.
        resp.set_header("Location", url)

    def _shown(self, payment_id: str) -> Payment:
        try:
            return self._gateway.payment(payment_id)
        except Unknown as unknown:
            raise NoSuchPage from unknown


class NoSuchPage(Exception):
    """A buyer followed an address that leads to no payment."""


def show_no_such_page(
    req: falcon.Request, resp: falcon.Response, problem: NoSuchPage, params: dict[str, object]
) -> None:
    """Answers a lost buyer in words, where a merchant would get JSON."""
    _show(resp, 404, notice_page("No such payment", "Please go back to the shop and try again."))


def _form(req: falcon.Request) -> dict[str, str]:
    fields = parse_qs(body_of(req).decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=None)
    return {name: values[0] for name, values in fields.items()}


def _show(resp: falcon.Response, status: int, page: str) -> None:
    resp.status = status
    resp.content_type = falcon.MEDIA_HTML
    resp.text = page
    resp.set_headers(SECURITY_HEADERS)
