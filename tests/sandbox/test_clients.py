"""The stand-ins for PayPal and Paynow, driven by clients that others wrote; PayPal's is the vendor's own.

Those of Stripe, Mollie and epoint drive their stand-ins in the tests of these.
"""

from typing import Any

import pytest
from paynow_sdk import PayNow
from paynow_sdk.dto.payment import Buyer, OrderItem, Payment
from paynow_sdk.services import request as paynow_request
from paypalserversdk.configuration import Configuration, Server
from paypalserversdk.exceptions.error_exception import ErrorException
from paypalserversdk.http.auth.o_auth_2 import ClientCredentialsAuthCredentials
from paypalserversdk.models.capture_request import CaptureRequest
from paypalserversdk.models.money import Money
from paypalserversdk.models.order_request import OrderRequest
from paypalserversdk.models.refund_request import RefundRequest
from paypalserversdk.paypal_serversdk_client import PaypalServersdkClient

from tests.sandbox.accounts import PAYNOW_KEY, PAYPAL_ID, PAYPAL_SECRET, SIGNATURE_KEY
from tests.sandbox.driver import Driver, Shop
from tests.sandbox.test_paynow import pay
from tests.sandbox.test_paypal import approve, wish


@pytest.fixture
def paypal(sandbox: Driver) -> PaypalServersdkClient:
    class Here(Configuration):
        def get_base_uri(self, server: Any = Server.DEFAULT) -> str:
            return f"{sandbox.url}/paypal"

    account = ClientCredentialsAuthCredentials(PAYPAL_ID, PAYPAL_SECRET)
    return PaypalServersdkClient(config=Here(client_credentials_auth_credentials=account))


def opened(paypal: PaypalServersdkClient, shop: Shop, **changes: Any) -> Any:
    body = OrderRequest.from_dictionary(wish(shop, **changes))
    return paypal.orders.create_order({"body": body, "prefer": "return=representation"}).body


class TestPayPal:
    def test_opens_captures_and_refunds(self, sandbox: Driver, shop: Shop, paypal: Any) -> None:
        """Each answer is read into the vendor's own types."""
        order = opened(paypal, shop)
        (page,) = [link.href for link in order.links if link.rel == "payer-action"]
        approve(sandbox, order.id)
        stood = paypal.orders.get_order({"id": order.id}).body.status
        paid = paypal.orders.capture_order({"id": order.id, "prefer": "return=representation"}).body
        (capture,) = paid.purchase_units[0].payments.captures
        given = {"capture_id": capture.id, "body": RefundRequest(amount=Money("EUR", "10.00"))}
        refund = paypal.payments.refund_captured_payment({**given, "prefer": "return=representation"}).body

        assert (order.status, stood, paid.status) == ("PAYER_ACTION_REQUIRED", "APPROVED", "COMPLETED")
        assert page == f"{sandbox.url}/paypal/pay/{order.id}"
        assert (capture.status, capture.amount.value, capture.final_capture) == ("COMPLETED", "40.00", True)
        assert (refund.status, refund.amount.value) == ("COMPLETED", "10.00")
        assert paypal.payments.get_refund({"refund_id": refund.id}).body.status == "COMPLETED"
        after = paypal.payments.get_captured_payment({"capture_id": capture.id}).body
        assert after.status == "PARTIALLY_REFUNDED"

    def test_holds_takes_and_lets_go(self, sandbox: Driver, shop: Shop, paypal: Any) -> None:
        """Of two orders, each is authorized; one is captured, the other voided."""
        taken, left = (self._held(sandbox, shop, paypal, f"bill-{number}") for number in range(2))
        asked = {"authorization_id": taken, "body": CaptureRequest(final_capture=True)}
        capture = paypal.payments.capture_authorized_payment({**asked, "prefer": "return=representation"})
        paypal.payments.void_payment({"authorization_id": left})

        stood = [
            paypal.payments.get_authorized_payment({"authorization_id": each}).body.status
            for each in (taken, left)
        ]
        assert (capture.body.status, stood) == ("COMPLETED", ["CAPTURED", "VOIDED"])

    def _held(self, sandbox: Driver, shop: Shop, paypal: Any, reference: str) -> str:
        (unit,) = wish(shop)["purchase_units"]
        units = [{**unit, "custom_id": reference, "invoice_id": reference}]
        order = opened(paypal, shop, intent="AUTHORIZE", purchase_units=units)
        approve(sandbox, order.id)
        held = paypal.orders.authorize_order({"id": order.id, "prefer": "return=representation"}).body
        (authorization,) = held.purchase_units[0].payments.authorizations
        assert authorization.status == "CREATED"
        return str(authorization.id)

    @pytest.mark.parametrize("deed", ["get_order", "capture_order"])
    def test_is_refused_in_its_own_words(self, sandbox: Driver, shop: Shop, paypal: Any, deed: str) -> None:
        """Name, issue and message are found where the vendor's client looks for them."""
        order = opened(paypal, shop)
        number = order.id if deed == "capture_order" else "O-NOBODY-KNOWS"
        with pytest.raises(ErrorException) as refused:
            getattr(paypal.orders, deed)({"id": number})

        told = (refused.value.response_code, refused.value.name)
        assert (
            told
            == {
                "get_order": (404, "RESOURCE_NOT_FOUND"),
                "capture_order": (422, "UNPROCESSABLE_ENTITY"),
            }[deed]
        )
        assert refused.value.message


class TestPaynow:
    def test_opens_and_asks(self, sandbox: Driver, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its signatures hold, over a body and over none."""
        monkeypatch.setattr(paynow_request, "SANDBOX_URL", f"{sandbox.url}/paynow/v3/")
        client = PayNow(PAYNOW_KEY, SIGNATURE_KEY)
        wanted = Payment(
            amount=4000,
            currency="PLN",
            description="Kettle",
            externalId="bill-1",
            buyer=Buyer("aysel@example.com", "Aysel", "Quliyeva"),
            orderItems=[OrderItem("Kettle", 1, 4000, "kitchen")],
            continueUrl=f"{shop.url}/back",
        )
        number, page, _ = client.create_payment(wanted)
        before = client.get_payment_status(number)
        pay(sandbox, number)

        assert (page, before) == (f"{sandbox.url}/paynow/pay/{number}", "NEW")
        assert client.get_payment_status(number) == "CONFIRMED"
        assert sandbox.items("payments")[0]["merchant_ref"] == "bill-1"

    def test_is_refused_with_another_key(
        self, sandbox: Driver, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The signature is looked at."""
        monkeypatch.setattr(paynow_request, "SANDBOX_URL", f"{sandbox.url}/paynow/v3/")
        with pytest.raises(ConnectionError):
            PayNow(PAYNOW_KEY, "another key").get_payment_status("P1")
