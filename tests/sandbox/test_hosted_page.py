"""What buyers meet on the hosted page, and how they come back to the shop."""

import hashlib
import hmac
import re
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests

from tests.sandbox.driver import APPROVED, SIGNING_SECRET, Driver, Shop, returned


def status_after(sandbox: Driver, number: str) -> tuple[str, str | None]:
    payment = sandbox.paid(number)
    now = sandbox.payment(payment["id"])
    return now["status"], now["decline_code"]


class TestTheForm:
    def test_shows_the_amount_and_nothing_from_elsewhere(self, sandbox: Driver) -> None:
        """The page stands on its own, under a policy that would stop anything foreign."""
        payment = sandbox.create(amount=4005)

        page = sandbox.call("GET", f"/pay/{payment['id']}")

        assert page.status_code == 200
        assert "40.05 AZN" in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert "//" not in re.sub(r"<!doctype html>", "", page.text)

    def test_escapes_what_merchants_write(self, sandbox: Driver) -> None:
        """A reference is text, whatever it looks like."""
        payment = sandbox.create(merchant_ref="<script>alert('$amount')</script>")

        page = sandbox.call("GET", f"/pay/{payment['id']}").text

        assert "<script>" not in page
        assert "&lt;script&gt;alert(&#x27;$amount&#x27;)" in page

    @pytest.mark.parametrize(
        ("currency", "shown"), [("AZN", "12.34 AZN"), ("JPY", "1234 JPY"), ("KWD", "1.234 KWD")]
    )
    def test_writes_amounts_with_the_currency_s_decimals(
        self, sandbox: Driver, currency: str, shown: str
    ) -> None:
        """Smallest units are for machines."""
        payment = sandbox.create(amount=1234, currency=currency)

        assert f">{shown}<" in sandbox.call("GET", f"/pay/{payment['id']}").text

    @pytest.mark.parametrize(
        ("fields", "word"),
        [
            ({"card_number": ""}, "12 to 19 digits"),
            ({"card_number": "4111 1111"}, "12 to 19 digits"),
            ({"card_number": "4111x111111111111"}, "12 to 19 digits"),
            ({"card_number": "٤١١١١١١١١١١١١١١١"}, "12 to 19 digits"),
            ({"expiry": "13/49"}, "MM/YY"),
            ({"expiry": "01/20"}, "MM/YY"),
            ({"expiry": "soon"}, "MM/YY"),
            ({"expiry": "٠١/٤٩"}, "MM/YY"),
            ({"cvc": "12"}, "3 or 4 digits"),
            ({"cvc": "abc"}, "3 or 4 digits"),
        ],
    )
    def test_comes_again_when_filled_in_badly(
        self, sandbox: Driver, fields: dict[str, str], word: str
    ) -> None:
        """A typing mistake is 400 and the page again, and costs nothing."""
        payment = sandbox.create()

        answer = sandbox.submit(payment["id"], **fields)

        assert answer.status_code == 400
        assert word in answer.text
        assert "<form" in answer.text
        assert sandbox.payment(payment["id"])["status"] == "created"

    def test_comes_again_when_nothing_is_filled_in(self, sandbox: Driver) -> None:
        """An empty form, or bytes that are no form, harm nobody."""
        payment = sandbox.create()

        assert sandbox.call("POST", f"/pay/{payment['id']}").status_code == 400
        assert sandbox.call("POST", f"/pay/{payment['id']}", data=b"\xff\x00&&=").status_code == 400

    def test_takes_a_test_card_by_one_click(self, sandbox: Driver) -> None:
        """Every card that the page offers can be submitted by its button alone."""
        payment = sandbox.create()
        page = sandbox.call("GET", f"/pay/{payment['id']}").text
        offered = re.findall(r'name="test_card" value="(\d+)"', page)

        answers = [
            sandbox.call("POST", f"/pay/{sandbox.create()['id']}", data={"test_card": number})
            for number in offered
        ]

        assert len(offered) >= 10
        assert {answer.status_code for answer in answers} == {303}

    def test_is_not_there_for_an_unknown_payment(self, sandbox: Driver) -> None:
        """A wrong address gives a page, not a form."""
        for method, path in [("GET", "/pay/pay_x"), ("POST", "/pay/pay_x"), ("GET", "/pay/pay_x/3ds")]:
            answer = sandbox.call(method, path)
            assert answer.status_code == 404
            assert "<form" not in answer.text


class TestCards:
    @pytest.mark.parametrize("number", [APPROVED, "4242-4242-4242-4242", "4000000000000000"])
    def test_are_approved(self, sandbox: Driver, number: str) -> None:
        """Good cards pay, with or without spaces between the digits."""
        assert status_after(sandbox, number) == ("captured", None)

    @pytest.mark.parametrize(
        ("number", "code"),
        [
            ("4000000000000101", "101"),
            ("4000000000000102", "102"),
            ("4000000000000116", "116"),
            ("4000000000000117", "117"),
            ("4000000000000121", "121"),
            ("4000000000000209", "209"),
            ("4000000000000911", "911"),
            ("4000000000000002", "100"),
            ("4000000000009995", "116"),
            ("4000000000000777", "111"),
            ("5555555555554444", "111"),
            ("371449635398431", "111"),
            ("6011000990139424", "111"),
        ],
    )
    def test_are_declined_with_the_bank_s_code(self, sandbox: Driver, number: str, code: str) -> None:
        """The number says why; numbers that mean nothing here are unknown to the bank."""
        assert status_after(sandbox, number) == ("failed", code)

    def test_are_kept_as_a_mask_only(self, sandbox: Driver) -> None:
        """Neither the payment nor the log remembers a card number."""
        payment = sandbox.paid("4242424242424242")
        sandbox.submit(sandbox.create()["id"], "4242 4242 4242 4242", expiry="bad")

        assert sandbox.payment(payment["id"])["card"] == {"brand": "visa", "mask": "424242******4242"}
        everything = sandbox.ctl("GET", "log").text + sandbox.ctl("GET", "payments").text
        assert "4242424242" not in everything
        assert not re.search(r"4242.4242.4242", everything)
        assert "cvc=123" not in everything

    def test_can_leave_the_bank_silent_until_the_payment_expires(self, sandbox: Driver, shop: Shop) -> None:
        """The hanging card: pending, no callback, and in the end expired."""
        payment = sandbox.create()
        back = sandbox.submit(payment["id"], "4000000000009999")
        quiet = list(shop.calls)

        sandbox.advance(29 * 60)
        waiting = sandbox.payment(payment["id"])["status"]
        sandbox.advance(61)

        assert returned(back)["status"] == "pending"
        assert (quiet, waiting) == ([], "pending")
        assert sandbox.payment(payment["id"])["status"] == "expired"
        assert shop.types() == ["payment.expired"]
        assert sandbox.kinds(payment["id"]) == ["created", "expired"]

    def test_can_be_approved_after_the_buyer_has_gone(self, sandbox: Driver, shop: Shop) -> None:
        """The late card: pending at first, captured two seconds of the sandbox's clock later."""
        payment = sandbox.create()
        back = sandbox.submit(payment["id"], "4000000000008888")
        at_first = sandbox.payment(payment["id"])["status"]

        sandbox.advance(2)

        assert (returned(back)["status"], at_first) == ("pending", "pending")
        assert sandbox.payment(payment["id"])["status"] == "captured"
        assert shop.types() == ["payment.captured"]

    def test_are_not_approved_late_once_voided(self, sandbox: Driver) -> None:
        """A payment closed in the meantime takes no money."""
        payment = sandbox.paid("4000000000008888")
        sandbox.api("POST", f"/v1/payments/{payment['id']}/void")

        sandbox.advance(5)

        assert sandbox.kinds(payment["id"]) == ["created", "voided"]

    def test_can_be_charged_back(self, sandbox: Driver, shop: Shop) -> None:
        """The owner of the card takes the money back a minute later, unless it was refunded before."""
        kept, refunded = sandbox.paid("4000000000000259"), sandbox.paid("4000000000000259")
        sandbox.api("POST", f"/v1/payments/{refunded['id']}/refunds")

        sandbox.advance(60)

        assert sandbox.payment(kept["id"])["status"] == "charged_back"
        assert sandbox.kinds(kept["id"]) == ["created", "captured", "charged_back"]
        assert sandbox.payment(refunded["id"])["status"] == "refunded"
        assert "payment.charged_back" in shop.types()


class TestTheBanksOwnPage:
    def challenged(self, sandbox: Driver, number: str = "4000000000003220") -> str:
        payment = sandbox.create()
        answer = sandbox.submit(payment["id"], number)
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"/pay/{payment['id']}/3ds"
        return str(payment["id"])

    def answer(self, sandbox: Driver, payment_id: str, action: str) -> requests.Response:
        return sandbox.call("POST", f"/pay/{payment_id}/3ds", data={"action": action})

    def test_asks_before_the_money_moves(self, sandbox: Driver) -> None:
        """The payment waits for the buyer's word, shown with a masked card."""
        payment_id = self.challenged(sandbox)

        page = sandbox.call("GET", f"/pay/{payment_id}/3ds")

        assert page.status_code == 200
        assert "400000******3220" in page.text
        assert sandbox.payment(payment_id)["status"] == "requires_action"

    @pytest.mark.parametrize(
        ("number", "action", "status", "code"),
        [
            ("4000000000003220", "approve", "captured", None),
            ("4000000000003220", "deny", "failed", "3ds_denied"),
            ("4000000000003063", "approve", "failed", "3ds_denied"),
            ("4000008400001629", "approve", "failed", "100"),
        ],
    )
    def test_decides(self, sandbox: Driver, number: str, action: str, status: str, code: str | None) -> None:
        """What the buyer says and what the card is good for decide together."""
        payment_id = self.challenged(sandbox, number)

        back = self.answer(sandbox, payment_id, action)

        now = sandbox.payment(payment_id)
        assert returned(back)["status"] == status
        assert (now["status"], now["decline_code"]) == (status, code)

    def test_can_be_closed_and_opened_again(self, sandbox: Driver) -> None:
        """A closed window decides nothing; the buyer may come back, or take another card."""
        payment_id = self.challenged(sandbox)

        closed = self.answer(sandbox, payment_id, "close")
        nonsense = self.answer(sandbox, payment_id, "maybe")
        waiting = sandbox.payment(payment_id)["status"]
        sandbox.submit(payment_id)

        assert (closed.status_code, nonsense.status_code, waiting) == (200, 400, "requires_action")
        assert sandbox.payment(payment_id)["status"] == "captured"

    def test_is_only_there_while_the_bank_asks(self, sandbox: Driver) -> None:
        """Before the card it leads to the form, after the end back to the shop, and it decides once."""
        fresh = sandbox.create()["id"]
        ended = self.challenged(sandbox)
        self.answer(sandbox, ended, "approve")

        assert sandbox.call("GET", f"/pay/{fresh}/3ds").headers["Location"] == f"/pay/{fresh}"
        assert returned(self.answer(sandbox, ended, "deny"))["status"] == "captured"
        assert returned(sandbox.call("GET", f"/pay/{ended}/3ds"))["status"] == "captured"
        assert sandbox.kinds(ended) == ["created", "captured"]


class TestComingBack:
    def test_is_signed_over_the_whole_query(self, sandbox: Driver, shop: Shop) -> None:
        """The shop can check every parameter, its own included, with the signing secret."""
        payment = sandbox.create(return_url=f"{shop.url}/return?lang=az&empty=#top")

        answer = sandbox.submit(payment["id"])

        parts = urlsplit(answer.headers["Location"])
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        query = dict(pairs)
        signed = urlencode(sorted(pair for pair in pairs if pair[0] != "sig"))
        expected = hmac.new(SIGNING_SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest()
        assert query["sig"] == expected
        assert (query["lang"], query["empty"], parts.fragment) == ("az", "", "top")
        assert query["payment_id"] == payment["id"]
        assert query["merchant_ref"] == payment["merchant_ref"]
        assert query["status"] == "captured"
        assert abs(int(query["ts"]) - datetime.now(UTC).timestamp()) < 60

    @pytest.mark.parametrize("ref", ["100% sure", "a&b=c", "ə/ü?#", "a+b c%20d", "'\"<>"])
    def test_carries_any_reference_unharmed(self, sandbox: Driver, ref: str) -> None:
        """What the merchant named comes back as it was, and the signature still holds."""
        answer = sandbox.submit(sandbox.create(merchant_ref=ref)["id"])

        pairs = parse_qsl(urlsplit(answer.headers["Location"]).query)
        signed = urlencode(sorted(pair for pair in pairs if pair[0] != "sig"))
        expected = hmac.new(SIGNING_SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest()
        assert returned(answer)["merchant_ref"] == ref
        assert returned(answer)["sig"] == expected

    def test_leads_to_the_return_address_after_a_decline(self, sandbox: Driver, shop: Shop) -> None:
        """A decline ends the payment; the shop hears of it at its usual address."""
        payment = sandbox.create()

        answer = sandbox.submit(payment["id"], "4000000000000116")

        assert answer.headers["Location"].startswith(f"{shop.url}/return?")
        assert returned(answer)["status"] == "failed"

    def test_leads_to_the_cancel_address_after_giving_up(self, sandbox: Driver, shop: Shop) -> None:
        """Cancelling wins over whatever else is in the form, and the payment is closed."""
        payment = sandbox.create()

        answer = sandbox.submit(payment["id"], action="cancel")

        assert answer.headers["Location"].startswith(f"{shop.url}/cancel?")
        assert returned(answer)["status"] == "canceled"
        assert sandbox.kinds(payment["id"]) == ["created", "voided"]

    @pytest.mark.parametrize(("action", "status"), [("", "captured"), ("cancel", "captured")])
    def test_changes_nothing_after_the_end(
        self, sandbox: Driver, shop: Shop, action: str, status: str
    ) -> None:
        """An ended payment's page only leads back, however often it is posted."""
        payment = sandbox.paid()

        again = sandbox.submit(payment["id"], "4000000000000116", action=action)
        looked_at = sandbox.call("GET", f"/pay/{payment['id']}")

        assert returned(again)["status"] == returned(looked_at)["status"] == status
        assert sandbox.kinds(payment["id"]) == ["created", "captured"]
        assert len(shop.calls) == 1

    def test_takes_no_money_after_expiry(self, sandbox: Driver) -> None:
        """Thirty minutes of the sandbox's clock, and the page is closed."""
        payment = sandbox.create()
        sandbox.advance(30 * 60)

        late = sandbox.submit(payment["id"])

        assert returned(late)["status"] == "expired"
        assert sandbox.kinds(payment["id"]) == ["created", "expired"]

    def test_does_not_let_a_buyer_cancel_held_money(self, sandbox: Driver) -> None:
        """After the bank has agreed, only the merchant can let go."""
        payment = sandbox.paid(capture="manual")

        back = sandbox.call("POST", f"/pay/{payment['id']}", data={"action": "cancel"})

        assert returned(back)["status"] == "authorized"
