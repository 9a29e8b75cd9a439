"""The stand-in for Mollie, driven by the vendor's own client."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
from mollie.api.client import Client
from mollie.api.error import NotFoundError, UnauthorizedError, UnprocessableEntityError

from tests.sandbox.accounts import MOLLIE_KEY
from tests.sandbox.driver import APPROVED, Driver, Shop


@pytest.fixture
def client(sandbox: Driver) -> Iterator[Client]:
    client = Client(api_endpoint=f"{sandbox.url}/mollie", retry=0)
    client.set_api_key(MOLLIE_KEY)
    yield client
    if hasattr(client, "_client"):
        client._client.close()


def wish(shop: Shop, **changes: Any) -> dict[str, Any]:
    usual = {
        "amount": {"currency": "EUR", "value": "40.00"},
        "description": "Kettle",
        "redirectUrl": f"{shop.url}/back",
        "cancelUrl": f"{shop.url}/gone",
        "webhookUrl": f"{shop.url}/hook",
        "metadata": {"order_id": "bill-1"},
    }
    return usual | changes


def pay(sandbox: Driver, payment: Any, number: str = APPROVED, **more: str) -> requests.Response:
    card = {"card_number": number, "expiry": "12/49", "cvc": "123"} | more
    return sandbox.call("POST", f"/mollie/pay/{payment.id}", data=card)


class TestAPayment:
    def test_is_opened_paid_and_called_about(self, sandbox: Driver, shop: Shop, client: Client) -> None:
        """The call says an id and is not signed; the payment says everything else."""
        payment = client.payments.create(wish(shop))

        back = pay(sandbox, payment)

        (call,) = shop.calls
        after = client.payments.get(payment.id)
        assert (payment.is_open(), payment.checkout_url) == (True, f"{sandbox.url}/mollie/pay/{payment.id}")
        assert dict(parse_qsl(call.body.decode())) == {"id": payment.id}
        assert (after.is_paid(), after.amount, after.metadata) == (
            True,
            {"currency": "EUR", "value": "40.00"},
            {"order_id": "bill-1"},
        )
        assert back.headers["Location"] == f"{shop.url}/back"
        assert sandbox.items("payments")[0]["merchant_ref"] == "bill-1"

    def test_fails_expires_or_is_canceled(self, sandbox: Driver, shop: Shop, client: Client) -> None:
        """By the bank, by time, by the buyer, by the merchant; and each is called about."""
        failed, canceled, deleted, expired = (client.payments.create(wish(shop)) for _ in range(4))

        pay(sandbox, failed, "4000000000000116")
        gone = pay(sandbox, canceled, action="cancel")
        client.payments.delete(deleted.id)
        sandbox.advance(1800)

        words = [client.payments.get(payment.id).status for payment in (failed, canceled, deleted, expired)]
        assert words == ["failed", "canceled", "canceled", "expired"]
        assert gone.headers["Location"] == f"{shop.url}/gone"
        assert len(shop.calls) == 4
        with pytest.raises(UnprocessableEntityError):
            client.payments.delete(failed.id)

    def test_is_held_and_captured(self, sandbox: Driver, shop: Shop, client: Client) -> None:
        """Authorized first, then paid as far as it was captured."""
        payment = client.payments.create(wish(shop, captureMode="manual"))
        pay(sandbox, payment)
        assert client.payments.get(payment.id).is_authorized()

        capture = payment.captures.create({"amount": {"currency": "EUR", "value": "25.00"}})

        after = client.payments.get(payment.id)
        assert (capture.amount["value"], after.status) == ("25.00", "paid")
        assert after.amount_captured["value"] == "25.00"

    def test_is_refunded_in_parts(self, sandbox: Driver, shop: Shop, client: Client) -> None:
        """It stays paid, and says how much is left."""
        payment = client.payments.create(wish(shop))
        pay(sandbox, payment)

        refund = payment.refunds.create({"amount": {"currency": "EUR", "value": "10.00"}})

        after = client.payments.get(payment.id)
        assert (refund.is_refunded(), payment.refunds.get(refund.id).amount["value"]) == (True, "10.00")
        assert len(payment.refunds.list()) == 1
        assert (after.status, after.amount_refunded["value"], after.amount_remaining["value"]) == (
            "paid",
            "10.00",
            "30.00",
        )
        for amount in ({"currency": "EUR", "value": "30.01"}, {"currency": "USD", "value": "1.00"}, None):
            with pytest.raises(UnprocessableEntityError):
                payment.refunds.create({"amount": amount})
        with pytest.raises(NotFoundError):
            payment.refunds.get("re_x")


class TestStrictness:
    @pytest.mark.parametrize(
        "changes",
        [
            {"colour": "red"},
            {"amount": {"currency": "EUR", "value": 40}},
            {"amount": {"currency": "EUR", "value": "40"}},
            {"amount": {"currency": "EUR", "value": "0.00"}},
            {"amount": {"currency": "JPY", "value": "40.00"}},
            {"amount": {"currency": "eur", "value": "40.00"}},
            {"amount": {"currency": "EUR", "value": "40.00", "more": 1}},
            {"amount": None},
            {"description": None},
            {"redirectUrl": "shop"},
            {"captureMode": "later"},
        ],
    )
    def test_refuses_what_the_vendor_would(
        self, sandbox: Driver, shop: Shop, client: Client, changes: Any
    ) -> None:
        """Decimals must be exactly the currency's, fields must be known."""
        with pytest.raises(UnprocessableEntityError):
            client.payments.create(wish(shop, **changes))

        assert sandbox.items("payments") == []

    def test_knows_its_merchant_and_its_payments(self, sandbox: Driver, shop: Shop, client: Client) -> None:
        """Another key is 401, an unknown payment 404, a form no JSON."""
        with pytest.raises(NotFoundError):
            client.payments.get("tr_x")
        client.set_api_key("test_" + "x" * 30)
        with pytest.raises(UnauthorizedError):
            client.payments.get("tr_x")
        path = "/mollie/v2/payments"
        assert sandbox.call("POST", path, MOLLIE_KEY, data={"a": "b"}).json()["status"] == 400
        assert sandbox.call("GET", f"{path}/{sandbox.create()['id']}", MOLLIE_KEY).status_code == 404

    def test_repeats_an_answer(self, shop: Shop, client: Client) -> None:
        """The same key gives the same payment; without a webhook nobody is called."""
        first, second = (client.payments.create(wish(shop, webhookUrl=None), "k") for _ in range(2))

        assert first.id == second.id
