"""What the notes say of answers and calls, seen on the wire."""

import requests

from tests.notes.conftest import Records
from tests.steps.shop import NOBODY, Claim, Refused, Trouble


def _refusal(records: Records, method: str, path: str, body: object, who: str) -> requests.Response:
    return requests.request(
        method,
        f"{records.shop.client.address}/v1/{path}",
        json=body,
        headers={} if who == NOBODY else {"Authorization": f"Bearer {records.shop.token(who)}"},
        timeout=15,
    )


class TestAnswers:
    """Errors, callbacks and credentials, as the notes have them."""

    def test_gateway_trouble_is_503(self, records: Records) -> None:
        """Service Unavailable, with word when to try again and which order was made."""
        shop = records.shop
        shop.put_in_cart("Nigar", "Copper kettle", 1)
        shop.trouble(Trouble.ERRORS)

        try:
            code = shop.offered_code("card")
            answer = _refusal(records, "POST", "cart/checkout", {"payment_method": code}, "Nigar")
        finally:
            shop.trouble_ends()

        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        assert len(answer.json()["order_keys"]) == 1

    def test_validation_errors_are_400_with_details(self, records: Records) -> None:
        """Bad Request, and each mistake with the place it was made at."""
        path = f"cart/items/{records.shop.goods_code('Copper kettle')}"

        answer = _refusal(records, "PUT", path, {"quantity": 0}, "Aysel")

        assert answer.status_code == 400
        assert [error["pointer"] for error in answer.json()["errors"]] == ["#/quantity"]
        assert all(error["detail"] for error in answer.json()["errors"])

    def test_checkout_without_signing_in_is_401(self, records: Records) -> None:
        """A cart is a customer's own."""
        answer = _refusal(records, "POST", "cart/checkout", {"payment_method": "card"}, NOBODY)

        assert answer.status_code == 401

    def test_order_checkout_needs_no_token(self, records: Records) -> None:
        """The key is credential enough: what stops this one is the payment under way."""
        body = {"payment_method": records.shop.offered_code("card")}

        answer = _refusal(records, "POST", f"orders/{records.waiting.orders[0]}/checkout", body, NOBODY)

        assert answer.status_code == 409
        assert answer.json()["next_step"] == records.waiting.next_step

    def test_callbacks_are_taken_by_post_and_by_get(self, records: Records) -> None:
        """The gateway's report is acknowledged; the returning customer is sent on."""
        records.shop.report(records.paid.payment, Claim.CONFIRMED)

        landing = records.shop.come_back(records.paid.payment)

        assert landing.told == "success"

    def test_a_forged_callback_is_403(self, records: Records) -> None:
        """The signature is looked at before anything else."""
        reference = records.shop.payment_document(records.waiting.payment)["order_id"]
        path = f"callbacks/{records.shop.offered_code('card')}/{reference}"

        answer = _refusal(records, "POST", path, {"event_id": "evt_1"}, NOBODY)

        assert answer.status_code == 403

    def test_a_refused_answer_is_a_proper_problem(self, records: Records) -> None:
        """Every refusal is a problem document that the driver can read."""
        try:
            records.shop.payment_seen(records.waiting.payment, by="Murad")
        except Refused as refused:
            assert refused.said.startswith("404")
        else:
            raise AssertionError("another customer's payment was shown")
