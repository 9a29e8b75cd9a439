"""One merchant for each dialect, all to be driven alike."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import attrs
import requests
import stripe

from tests.sandbox import test_epoint, test_mollie, test_paynow, test_paypal, test_payu
from tests.sandbox.accounts import (
    EPOINT_PRIVATE_KEY,
    EPOINT_PUBLIC_KEY,
    MOLLIE_KEY,
    SECOND_KEY,
    SIGNATURE_KEY,
    STRIPE_KEY,
    WEBHOOK_SECRET,
)
from tests.sandbox.driver import APPROVED, Call, Driver, Shop

Document = dict[str, Any]


@attrs.frozen
class Speaker:
    """What a merchant of one dialect does and hears.

    Attributes:
        create: opens a payment of 40.00.
        name_in: finds the payment's name in the answer to that.
        ask: asks about a payment.
        said: finds the document in a callback's body.
        is_genuine: whether a callback is signed as it must be; None where nothing is signed.
        pages: where the hosted pages are.
        relied_on: the path of the field that goes missing first.
    """

    create: Callable[[Driver, Shop], requests.Response]
    name_in: Callable[[Document], str]
    ask: Callable[[Driver, str], requests.Response]
    said: Callable[[Call], Document]
    is_genuine: Callable[[Driver, Call], bool] | None
    pages: str
    relied_on: tuple[str, ...]

    def opened(self, sandbox: Driver, shop: Shop) -> str:
        return self.name_in(self.create(sandbox, shop).json())

    def pay(self, sandbox: Driver, name: str, number: str = APPROVED, **more: str) -> requests.Response:
        form = {"card_number": number, "expiry": "12/49", "cvc": "123"} | more
        back = sandbox.call("POST", f"{self.pages}/{name}", data=form)
        if self.pages == "/paypal/pay" and number == APPROVED and not more:
            test_paypal.captured(sandbox, name)
        return back

    def paid(self, sandbox: Driver, shop: Shop) -> str:
        name = self.opened(sandbox, shop)
        self.pay(sandbox, name)
        return name


def _stripe_form(shop: Shop) -> dict[str, str]:
    price = "line_items[0][price_data]"
    return {
        "mode": "payment",
        "success_url": f"{shop.url}/paid",
        "cancel_url": f"{shop.url}/not-paid",
        "client_reference_id": f"bill-{shop.count()}",
        "line_items[0][quantity]": "1",
        f"{price}[currency]": "azn",
        f"{price}[unit_amount]": "4000",
        f"{price}[product_data][name]": "Kettle",
    }


def _epoint_wish(shop: Shop) -> dict[str, object]:
    urls = {"success_redirect_url": f"{shop.url}/paid", "error_redirect_url": f"{shop.url}/not-paid"}
    return test_epoint.wish(order_id=f"bill-{shop.count()}", **urls)


def _sealed_json(call: Call) -> Document:
    data = parse_qs(call.body.decode("ascii"))["data"][0]
    return dict(json.loads(base64.b64decode(data)))


def _is_sealed(sandbox: Driver, call: Call) -> bool:
    fields = {name: values[0] for name, values in parse_qs(call.body.decode("ascii")).items()}
    text = f"{EPOINT_PRIVATE_KEY}{fields['data']}{EPOINT_PRIVATE_KEY}"
    digest = hashlib.sha1(text.encode()).digest()
    return fields.get("signature") == base64.b64encode(digest).decode()


def _is_from_stripe(sandbox: Driver, call: Call) -> bool:
    header = call.headers.get("stripe-signature", "")
    try:
        signed = stripe.WebhookSignature.verify_header
        return signed(call.body.decode("utf-8", "replace"), header, WEBHOOK_SECRET, tolerance=300)
    except stripe.SignatureVerificationError:
        return False


def _is_from_payu(sandbox: Driver, call: Call) -> bool:
    return test_payu.signature(call) == hashlib.sha256(call.body + SECOND_KEY.encode()).hexdigest()


def _is_from_paynow(sandbox: Driver, call: Call) -> bool:
    mac = hmac.new(SIGNATURE_KEY.encode(), call.body, hashlib.sha256)
    return call.headers.get("signature") == base64.b64encode(mac.digest()).decode()


def _json_said(call: Call) -> Document:
    return call.event


SPEAKERS = {
    "epoint": Speaker(
        create=lambda sandbox, shop: test_epoint.send(sandbox, "/api/1/request", _epoint_wish(shop)),
        name_in=lambda answer: answer["transaction"],
        ask=lambda sandbox, name: test_epoint.send(
            sandbox, "/api/1/get-status", {"public_key": EPOINT_PUBLIC_KEY, "transaction": name}
        ),
        said=_sealed_json,
        is_genuine=_is_sealed,
        pages="/pay",
        relied_on=("transaction",),
    ),
    "stripe": Speaker(
        create=lambda sandbox, shop: sandbox.call(
            "POST", "/stripe/v1/checkout/sessions", STRIPE_KEY, data=_stripe_form(shop)
        ),
        name_in=lambda answer: answer["id"],
        ask=lambda sandbox, name: sandbox.call("GET", f"/stripe/v1/checkout/sessions/{name}", STRIPE_KEY),
        said=_json_said,
        is_genuine=_is_from_stripe,
        pages="/stripe/pay",
        relied_on=("data", "object", "id"),
    ),
    "payu": Speaker(
        create=lambda sandbox, shop: test_payu.ask(
            sandbox, "POST", "", test_payu.wish(shop, extOrderId=f"bill-{shop.count()}")
        ),
        name_in=lambda answer: answer["orderId"],
        ask=lambda sandbox, name: test_payu.ask(sandbox, "GET", f"/{name}"),
        said=_json_said,
        is_genuine=_is_from_payu,
        pages="/payu/pay",
        relied_on=("order", "orderId"),
    ),
    "paynow": Speaker(
        create=lambda sandbox, shop: test_paynow.ask(
            sandbox, "POST", "payments", test_paynow.wish(shop), f"key-{shop.count()}"
        ),
        name_in=lambda answer: answer["paymentId"],
        ask=lambda sandbox, name: test_paynow.ask(sandbox, "GET", f"payments/{name}/status"),
        said=_json_said,
        is_genuine=_is_from_paynow,
        pages="/paynow/pay",
        relied_on=("paymentId",),
    ),
    "paypal": Speaker(
        create=lambda sandbox, shop: test_paypal.ask(
            sandbox, "POST", "v2/checkout/orders", test_paypal.wish(shop)
        ),
        name_in=lambda answer: answer["id"],
        ask=lambda sandbox, name: test_paypal.ask(sandbox, "GET", f"v2/checkout/orders/{name}"),
        said=_json_said,
        is_genuine=test_paypal.is_ours,
        pages="/paypal/pay",
        relied_on=("resource", "id"),
    ),
    "mollie": Speaker(
        create=lambda sandbox, shop: sandbox.call(
            "POST", "/mollie/v2/payments", MOLLIE_KEY, json=test_mollie.wish(shop)
        ),
        name_in=lambda answer: answer["id"],
        ask=lambda sandbox, name: sandbox.call("GET", f"/mollie/v2/payments/{name}", MOLLIE_KEY),
        said=lambda call: {name: values[0] for name, values in parse_qs(call.body.decode()).items()},
        is_genuine=None,
        pages="/mollie/pay",
        relied_on=("id",),
    ),
}
