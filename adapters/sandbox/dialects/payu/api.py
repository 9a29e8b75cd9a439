"""PayU's API under `/payu`: the token, orders, captures and refunds."""

import falcon

from adapters.sandbox.courier import CALL_TIMEOUT_SECONDS
from adapters.sandbox.desk import Call, Desk
from adapters.sandbox.dialects.branch import Branch, Core, Route, is_same
from adapters.sandbox.dialects.oauth import Credentials, form_of
from adapters.sandbox.dialects.payu.dialect import (
    NAME,
    SUCCESS,
    Account,
    PayU,
    order_document,
    refund_document,
)
from adapters.sandbox.dialects.reading import Document, currency, digits, inner, read_json, text, url
from adapters.sandbox.gateway import Gateway
from adapters.sandbox.payments import Payment, Terms
from adapters.sandbox.refusals import Conflict, Invalid, Unknown
from adapters.sandbox.replies import Reply

_ORDER = (
    "notifyUrl continueUrl customerIp merchantPosId description additionalDescription visibleDescription "
    "statementDescription currencyCode totalAmount extOrderId validityTime buyer products settings payMethods"
)
_PRODUCT = "name unitPrice quantity virtual listingDate"
_REFUND = "description amount currencyCode bankDescription type extRefundId"


def open_payu(account: Account, core: Core) -> Branch:
    """Opens the dialect for one merchant."""
    dialect = PayU(account, core)
    credentials = Credentials(account.client_id, account.client_secret)
    desk = core.desk(NAME, dialect)
    orders, refunds = Orders(account, core, desk), Refunds(core, desk)
    home = "/payu/api/v2_1/orders"
    routes = [
        Route("/payu/pl/standard/user/oauth/authorize", Authorization(credentials)),
        Route(home, orders),
        Route(f"{home}/{{order_id}}", orders, "one"),
        Route(f"{home}/{{order_id}}/captures", orders, "capture"),
        Route(f"{home}/{{order_id}}/refunds", refunds),
        Route(f"{home}/{{order_id}}/refunds/{{refund_id}}", refunds, "one"),
    ]
    return Branch(NAME, dialect, "/payu/", routes, {"/payu/api/": credentials.gate()}, pages="/payu/pay")


class Authorization:
    """Hands out tokens."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        form = form_of(req)
        names = ("client_id", "client_secret", "grant_type")
        self._credentials.issue(resp, *(form.get(name, "") for name in names))


class Orders:
    """Orders, from their opening to their capture or cancellation."""

    def __init__(self, account: Account, core: Core, desk: Desk) -> None:
        self._account = account
        self._core = core
        self._desk = desk

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        terms = self._terms(read_json(req, _ORDER), f"{req.prefix}/payu")
        name = self._core.names.fresh("")[1:].upper()

        def work(gateway: Gateway) -> Reply:
            payment = gateway.create(terms, name)
            payment.await_notices(CALL_TIMEOUT_SECONDS)
            page = f"{terms.page}/{name}"
            said = {"status": SUCCESS, "redirectUri": page, "orderId": name, "extOrderId": terms.merchant_ref}
            return Reply(302, lambda lens: said, {"Location": page})

        self._desk.serve(req, resp, Call("create", work, terms.merchant_ref))

    def _terms(self, document: Document, origin: str) -> Terms:
        pos_id = text(document, "merchantPosId")
        is_manual = is_same(pos_id, self._account.holding_pos_id)
        if not (is_manual or is_same(pos_id, self._account.pos_id)):
            raise Invalid("wrong_pos", "This point of sale is not the merchant's.", "merchantPosId")
        memory = {name: text(document, name, 4000) for name in ("description", "customerIp")}
        return Terms(
            merchant_ref=text(document, "extOrderId") if "extOrderId" in document else "",
            amount=digits(document, "totalAmount"),
            currency=currency(document, "currencyCode"),
            is_manual=is_manual,
            return_url=url(document, "continueUrl"),
            cancel_url=url(document, "continueUrl"),
            notify_url=url(document, "notifyUrl") if "notifyUrl" in document else None,
            metadata=memory | {"merchantPosId": pos_id, "products": _products(document)},
            dialect=NAME,
            origin=origin,
            is_ref_unique="extOrderId" in document,
        )

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, order_id: str) -> None:
        def work(gateway: Gateway) -> Reply:
            payment = _ours(gateway.look_up(order_id))
            return Reply(
                200, lambda lens: {"orders": [order_document(lens.payment(payment))], "status": SUCCESS}
            )

        self._desk.serve(req, resp, Call("status", work, payment_id=order_id))

    def on_delete_one(self, req: falcon.Request, resp: falcon.Response, order_id: str) -> None:
        def work(gateway: Gateway) -> Reply:
            _ours(gateway.payment(order_id))
            gateway.void(order_id)
            return Reply(200, lambda lens: {"orderId": order_id, "status": SUCCESS})

        self._desk.serve(req, resp, Call("void", work, payment_id=order_id))

    def on_post_capture(self, req: falcon.Request, resp: falcon.Response, order_id: str) -> None:
        document = read_json(req, "amount currencyCode", may_be_empty=True)
        amount = digits(document, "amount") if "amount" in document else None

        def work(gateway: Gateway) -> Reply:
            _ours(gateway.payment(order_id))
            gateway.capture(order_id, amount)
            return Reply(200, lambda lens: {"status": SUCCESS})

        self._desk.serve(req, resp, Call("capture", work, payment_id=order_id))


class Refunds:
    """Refunds of an order."""

    def __init__(self, core: Core, desk: Desk) -> None:
        self._core = core
        self._desk = desk

    def on_post(self, req: falcon.Request, resp: falcon.Response, order_id: str) -> None:
        wish = inner(read_json(req, "refund"), "refund", _REFUND)
        reason = text(wish, "description", 4000)
        amount = digits(wish, "amount") if "amount" in wish else None
        name = self._core.names.fresh("rf")

        def work(gateway: Gateway) -> Reply:
            _ours(gateway.payment(order_id))
            try:
                refund = gateway.ask_refund(order_id, amount, reason, name)
            except Conflict as conflict:
                raise Invalid(conflict.code, conflict.message, conflict.param) from conflict
            return Reply(
                200,
                lambda lens: {
                    "orderId": order_id,
                    "refund": refund_document(lens.refund(refund)),
                    "status": SUCCESS,
                },
            )

        self._desk.serve(req, resp, Call("refund", work, payment_id=order_id))

    def on_get(self, req: falcon.Request, resp: falcon.Response, order_id: str) -> None:
        def work(gateway: Gateway) -> Reply:
            _ours(gateway.look_up(order_id))
            found = gateway.refunds(order_id)
            return Reply(200, lambda lens: {"refunds": [refund_document(lens.refund(r)) for r in found]})

        self._desk.serve(req, resp, Call("status", work, payment_id=order_id))

    def on_get_one(self, req: falcon.Request, resp: falcon.Response, order_id: str, refund_id: str) -> None:
        def work(gateway: Gateway) -> Reply:
            refund = gateway.refund(refund_id)
            if refund.payment_id != order_id:
                raise Unknown("unknown_refund", "There is no such refund.")
            return Reply(200, lambda lens: refund_document(lens.refund(refund)))

        self._desk.serve(req, resp, Call("status", work, payment_id=order_id))


def _products(document: Document) -> list[Document]:
    listed = document.get("products")
    if not isinstance(listed, list) or not listed:
        raise Invalid("missing_field", "products are required.", "products")
    products = [inner({"product": product}, "product", _PRODUCT) for product in listed]
    for product in products:
        text(product, "name")
        digits(product, "unitPrice")
        digits(product, "quantity")
    return products


def _ours(payment: Payment) -> Payment:
    if payment.terms.dialect != NAME:
        raise Unknown("unknown_order", "There is no such order.")
    return payment
