"""The notes' Bill, field by field, as the service sends it."""

import pytest

from tests.notes.conftest import Records
from tests.steps.http_views import moment

FIELDS = {
    "id",
    "backend",
    "amount",
    "transaction_id",
    "extra",
    "next_step",
    "verified",
    "created_at",
    "updated_at",
}


@pytest.fixture
def waiting(records: Records) -> dict:
    """The bill of a payment whose customer has not paid yet."""
    return dict(records.shop.bill_document(records.waiting.payment))


@pytest.fixture
def paid(records: Records) -> dict:
    """The bill of a payment that the gateway has confirmed."""
    return dict(records.shop.bill_document(records.paid.payment))


class TestBill:
    """Each field has the type and the meaning that the notes give it."""

    def test_has_every_field(self, waiting: dict, paid: dict) -> None:
        """No field of the notes is missing, whatever the state of the bill."""
        assert waiting.keys() >= FIELDS
        assert paid.keys() >= FIELDS

    def test_id_is_a_unique_integer(self, waiting: dict, paid: dict) -> None:
        """Two bills have two ids."""
        assert type(waiting["id"]) is type(paid["id"]) is int
        assert waiting["id"] != paid["id"]

    def test_backend_is_the_identifier_of_the_gateway_kind(self, records: Records, waiting: dict) -> None:
        """The backend is that of the payment method."""
        offline = records.shop.bill_document(records.offline.payment)

        assert waiting["backend"] == records.shop.method_seen("card").backend == "sandbox"
        assert offline["backend"] == "manual"

    def test_amount_is_in_the_smallest_unit(self, waiting: dict) -> None:
        """80.00 AZN are 8000 qəpik."""
        assert type(waiting["amount"]) is int
        assert waiting["amount"] == 8000

    def test_transaction_id_is_the_gateways_own(self, records: Records, paid: dict) -> None:
        """It is the gateway's word for the payment, not ours."""
        payment = records.shop.payment_document(records.paid.payment)

        assert isinstance(paid["transaction_id"], str)
        assert paid["transaction_id"] == payment["transaction_id"] != payment["order_id"]

    def test_extra_links_orders_and_payment_method(self, records: Records, waiting: dict) -> None:
        """`order_pk` is the first order, `order_pks` are all, `payment_method_pk` is the method's id."""
        order = records.shop.order_seen(records.waiting.orders[0])

        assert waiting["extra"]["order_pk"] == order.id
        assert waiting["extra"]["order_pks"] == [order.id]
        assert waiting["extra"]["payment_method_pk"] == records.shop.method_seen("card").id
        assert waiting["extra"]["payment_id"] == records.waiting.payment

    def test_next_step_is_the_gateways_page_where_one_is_needed(
        self, records: Records, waiting: dict
    ) -> None:
        """A redirect has an address; an offline method has none."""
        offline = records.shop.bill_document(records.offline.payment)

        assert waiting["next_step"] == records.waiting.next_step
        assert waiting["next_step"].startswith("http")
        assert offline["next_step"] is None

    def test_verified_is_whether_the_gateway_confirmed(self, waiting: dict, paid: dict) -> None:
        """Nothing but the gateway's own answer makes it true."""
        assert waiting["verified"] is False
        assert paid["verified"] is True

    def test_created_at_is_a_moment(self, waiting: dict) -> None:
        """ISO 8601, in UTC."""
        assert moment(waiting["created_at"])

    def test_updated_at_is_the_moment_of_the_last_change(self, paid: dict) -> None:
        """ISO 8601, in UTC, later than the making once the bill has been paid."""
        assert moment(paid["updated_at"]) > moment(paid["created_at"])
