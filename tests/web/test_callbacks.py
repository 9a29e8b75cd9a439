"""News from gateways and returning customers, as they come over HTTP."""

from urllib.parse import parse_qsl, urlsplit

import attrs
import pytest

from adapters.web.callbacks import with_query
from application.gateways import Received
from tests.web.house import House


def now(house: House) -> float:
    """The shop's time, in Unix seconds."""
    return house.clock.now().timestamp()


def reference(house: House) -> str:
    """A payment under way."""
    return str(house.check_out()["payment"]["order_id"])


class TestPost:
    """A gateway posts; it is acknowledged once what it led to is committed."""

    def test_pays_the_order(self, house: House) -> None:
        """The order shows its new status as soon as the callback is acknowledged."""
        checkout = house.pay()
        order = house.call("GET", f"/v1/orders/{checkout['order_key']}").json

        assert (order["status"], order["payment_status"]) == ("PROCESSING", "1")
        assert house.call("GET", "/v1/cart", as_="customer:1").json == {"lines": [], "total": None}

    def test_is_acknowledged(self, house: House) -> None:
        """With a small document, the second time too."""
        ref = reference(house)
        house.gateway.confirm(ref)
        received = house.gateway.callback(ref, now=now(house))

        for _ in range(2):
            answered = house.deliver(received)
            assert (answered.status_code, answered.json) == (200, {"received": True})

    def test_needs_no_reference_in_the_address(self, house: House) -> None:
        """The body says what it is about."""
        ref = reference(house)
        house.gateway.confirm(ref)
        received = attrs.evolve(house.gateway.callback(ref, now=now(house)), path="/v1/callbacks/card")

        assert house.deliver(received).status_code == 200
        assert house.call("GET", "/v1/payments/1", as_="staff").json["status"] == "2"

    def test_is_kept_with_its_bytes(self, house: House) -> None:
        """The signature is checked on the raw body, whatever its media type says."""
        ref = reference(house)
        received = house.gateway.callback(ref, now=now(house))
        kind = {**received.headers, "content-type": "application/x-www-form-urlencoded"}

        assert house.deliver(attrs.evolve(received, headers=kind)).status_code == 200
        kept = house.store.tables.inbox[1]
        assert kept.body == received.body.decode()

    def test_of_an_unknown_payment_is_acknowledged(self, house: House) -> None:
        """Signed is signed."""
        assert house.deliver(house.gateway.callback("unknown", now=now(house))).status_code == 200

    def test_forged_is_403(self, house: House) -> None:
        """By another key, or too long ago."""
        ref = reference(house)
        forged = house.gateway.callback(ref, forged=True, now=now(house))
        old = house.gateway.callback(ref, now=now(house) - 301)

        for received in (forged, old):
            answered = house.deliver(received)
            assert (answered.status_code, answered.json["code"]) == (403, "forged_callback")

    @pytest.mark.parametrize("path", ["/v1/callbacks/cash", "/v1/callbacks/nothing", "/v1/callbacks/a%20b"])
    def test_where_nobody_listens_is_404(self, house: House, path: str) -> None:
        """Manual methods ask nobody."""
        for method in ("GET", "POST"):
            assert house.call(method, path, b"{}").status_code == 404

    def test_too_large_is_413(self, house: House) -> None:
        """64 KiB are read of what anybody may send."""
        fits = Received(method="POST", path="/v1/callbacks/card", query="", headers={}, body=b"x" * 65536)

        assert house.deliver(fits).status_code == 403
        assert house.deliver(attrs.evolve(fits, body=b"x" * 65537)).status_code == 413

    def test_keeps_no_nul(self, house: House) -> None:
        """Any bytes may come; every database can keep what is noted of them."""
        raw = Received(method="POST", path="/v1/callbacks/card", query="", headers={}, body=b"a\0\xffb")

        house.deliver(raw)

        assert house.store.tables.inbox[1].body == r"a\x00\xffb"

    def test_a_card_number_in_it_is_no_refusal(self, house: House) -> None:
        """It is masked when it is kept; what a gateway sends is not the client's text."""
        ref = reference(house)
        received = house.gateway.callback(ref, now=now(house), note="4111111111111111")

        assert house.deliver(received).status_code == 200
        assert "4111111111111111" not in house.store.tables.inbox[1].body


class TestReturn:
    """A customer comes back by GET and is sent on."""

    def landed(self, house: House, received: Received) -> tuple[str, dict[str, str]]:
        """Where a return leads to, and what is told there."""
        answered = house.deliver(received)
        assert answered.status_code == 303, answered.text
        location = urlsplit(answered.headers["location"])
        return f"{location.scheme}://{location.netloc}{location.path}", dict(parse_qsl(location.query))

    def test_paid_goes_to_the_success_page(self, house: House) -> None:
        """The return alone completes the payment; what the page's query had stays."""
        checkout = house.check_out()
        ref = checkout["payment"]["order_id"]
        house.gateway.confirm(ref)

        where, told = self.landed(house, house.gateway.callback(ref, method="GET", now=now(house)))

        assert where == "https://shop.example/thanks"
        assert told == {"lang": "az", "order_key": checkout["order_key"], "status": "success"}
        assert house.call("GET", "/v1/payments/1", as_="staff").json["status"] == "2"

    def test_undecided_goes_to_the_success_page(self, house: House) -> None:
        """Nobody who may have paid is told that they have not."""
        ref = reference(house)

        where, told = self.landed(house, house.gateway.callback(ref, method="GET", now=now(house)))

        assert (where, told["status"]) == ("https://shop.example/thanks", "pending")

    def test_failed_goes_to_the_failure_page(self, house: House) -> None:
        """And the order can be paid again."""
        ref = reference(house)
        house.gateway.decline(ref)

        where, told = self.landed(house, house.gateway.callback(ref, method="GET", now=now(house)))

        assert (where, told["status"]) == ("https://shop.example/sorry", "failed")

    def test_goes_where_the_checkout_said(self, house: House) -> None:
        """With its own query and fragment kept."""
        url = "https://shop.example/back?cart=7&x=%20#top"
        checkout = house.check_out(return_url=url)
        ref = checkout["payment"]["order_id"]
        answered = house.deliver(house.gateway.callback(ref, method="GET", now=now(house)))

        key = checkout["order_key"]
        expected = f"https://shop.example/back?cart=7&x=%20&order_key={key}&status=pending#top"
        assert answered.headers["location"] == expected

    def test_forged_tells_what_is_known(self, house: House) -> None:
        """The address names the payment; nothing is asked and nothing changes."""
        ref = reference(house)
        house.gateway.confirm(ref)
        forged = house.gateway.callback(ref, method="GET", forged=True, now=now(house))

        _, told = self.landed(house, forged)

        assert told["status"] == "pending"
        assert house.call("GET", "/v1/payments/1", as_="staff").json["status"] == "1"

    def test_about_nothing_known_tells_no_key(self, house: House) -> None:
        """There is nothing but the outcome."""
        bare = Received(method="GET", path="/v1/callbacks/card", query="", headers={}, body=b"")

        where, told = self.landed(house, bare)

        assert (where, told) == ("https://shop.example/thanks", {"lang": "az", "status": "pending"})


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://x.example", "https://x.example?a=b%26c"),
        ("https://x.example/?", "https://x.example/?a=b%26c"),
        ("https://x.example/p?q=1&r", "https://x.example/p?q=1&r&a=b%26c"),
        ("https://x.example/p#f", "https://x.example/p?a=b%26c#f"),
    ],
)
def test_adds_to_any_query(url: str, expected: str) -> None:
    """What was there stays, what is added is encoded."""
    assert with_query(url, {"a": "b&c"}) == expected
