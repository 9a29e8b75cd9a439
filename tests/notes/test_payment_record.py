"""The notes' Payment, field by field, as the service sends it."""

import json
import re
from decimal import Decimal

import pytest

from tests.notes.conftest import Records
from tests.steps.http_views import moment
from tests.steps.shop import STAFF

FIELDS = {
    "id",
    "user_id",
    "user",
    "order_id",
    "amount",
    "currency_name",
    "transaction_id",
    "status",
    "card_number",
    "json_request",
    "json_response",
    "created",
    "updated",
}


@pytest.fixture
def waiting(records: Records) -> dict:
    """A payment whose customer has not paid yet."""
    return dict(records.shop.payment_document(records.waiting.payment))


@pytest.fixture
def paid(records: Records) -> dict:
    """A payment that the gateway has confirmed."""
    return dict(records.shop.payment_document(records.paid.payment))


class TestPayment:
    """Each field has the type and the meaning that the notes give it."""

    def test_has_every_field(self, waiting: dict, paid: dict) -> None:
        """No field of the notes is missing, whatever the status of the payment."""
        assert waiting.keys() >= FIELDS
        assert paid.keys() >= FIELDS

    def test_id_is_a_unique_growing_integer(self, waiting: dict, paid: dict) -> None:
        """The payment made later has the greater id."""
        assert type(waiting["id"]) is int
        assert paid["id"] > waiting["id"]

    def test_user_id_is_the_customer(self, waiting: dict, paid: dict) -> None:
        """Each payment belongs to the customer who checked out."""
        assert type(waiting["user_id"]) is int
        assert waiting["user_id"] == waiting["user"]["id"]
        assert waiting["user_id"] != paid["user_id"]

    def test_user_is_the_customer_by_name_and_address(self, waiting: dict) -> None:
        """The customer comes with the payment."""
        user = waiting["user"]

        assert {"id", "first_name", "last_name", "email"} <= user.keys()
        assert (user["first_name"], user["last_name"]) == ("Aysel", "Quliyeva")
        assert user["email"].startswith("aysel.")

    def test_order_id_is_unique_and_made_by_us(self, waiting: dict, paid: dict) -> None:
        """It is a text of our own making, and what the gateway was told."""
        assert isinstance(waiting["order_id"], str)
        assert waiting["order_id"] != paid["order_id"]
        assert waiting["order_id"] in waiting["json_request"]

    def test_amount_is_the_sum_of_the_orders_with_exact_decimals(
        self, records: Records, waiting: dict
    ) -> None:
        """80 manat are written 80.00, by the payment and by its orders."""
        payment = f"payments/{records.waiting.payment}"
        text = records.shop.client.call("GET", payment, token=records.shop.token(STAFF)).text

        assert waiting["amount"] == sum(order["amount"] for order in waiting["orders"]) == Decimal("80.00")
        assert len(re.findall(r'"amount": ?80\.00[,}]', text)) == 2

    def test_currency_name_is_a_currency_code(self, waiting: dict) -> None:
        """ISO 4217."""
        assert waiting["currency_name"] == "AZN"

    def test_transaction_id_comes_from_the_gateway(self, records: Records, waiting: dict) -> None:
        """The gateway's name for it is known as soon as it has answered."""
        assert isinstance(waiting["transaction_id"], str)
        assert waiting["transaction_id"] in waiting["json_response"]
        assert records.shop.payment_document(records.offline.payment)["transaction_id"] is None

    def test_status_is_one_of_three_texts(self, waiting: dict, paid: dict) -> None:
        """ "1" is not completed, "2" is success; "3" is seen in the next test."""
        assert waiting["status"] == "1"
        assert paid["status"] == "2"

    def test_status_of_a_refused_payment_is_3(self, records: Records) -> None:
        """The bank's refusal makes it "3", and its order's own code is "2"."""
        shop = records.shop
        shop.put_in_cart("Kamran", "Copper kettle", 1)
        refused = shop.check_out("Kamran", "card")
        shop.refuse(refused.payment)

        assert shop.payment_document(refused.payment)["status"] == "3"
        assert shop.client.read("GET", f"orders/{refused.orders[0]}")["payment_status"] == "2"

    def test_card_number_is_masked(self, waiting: dict, paid: dict) -> None:
        """At most the first four and the last four digits are ever shown."""
        assert waiting["card_number"] is None
        assert re.fullmatch(r"(4111)?\*+1111", paid["card_number"])

    def test_json_request_is_what_was_sent(self, paid: dict) -> None:
        """A text that holds JSON, with our amount in it and none of our secrets."""
        request = json.loads(paid["json_request"])

        assert isinstance(paid["json_request"], str)
        assert 8000 in request.values()

    def test_json_response_is_what_was_received(self, paid: dict) -> None:
        """A text that holds JSON: the gateway's latest answer."""
        assert isinstance(paid["json_response"], str)
        assert json.loads(paid["json_response"])
        assert paid["transaction_id"] in paid["json_response"]
        assert '"captured"' in paid["json_response"]

    def test_request_and_response_hold_no_secret(self, records: Records) -> None:
        """Neither keys nor card numbers are kept with a payment."""
        assert records.shop.payment_seen(records.paid.payment).leaks == ()

    def test_created_is_a_moment(self, waiting: dict) -> None:
        """ISO 8601, in UTC."""
        assert moment(waiting["created"])

    def test_updated_is_the_moment_of_the_last_change(self, paid: dict) -> None:
        """ISO 8601, in UTC, later than the making once it has been paid."""
        assert moment(paid["updated"]) > moment(paid["created"])

    def test_orders_are_linked_with_their_amounts(self, records: Records, waiting: dict) -> None:
        """Each link names the order and its share."""
        order = records.shop.order_seen(records.waiting.orders[0])

        (link,) = waiting["orders"]
        assert (link["id"], link["amount"]) == (order.id, Decimal("80.00"))
        assert isinstance(link["number"], str)
