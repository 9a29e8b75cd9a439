"""Idempotency-Key: the same request acts once, and is answered the same, byte for byte."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from adapters.web.idempotency import CAUGHT_UP_MAX, REPLAYED
from application.policy import IDEMPOTENCY_LEASE
from application.ports import IdempotencyScope
from domain.errors import StoreUnavailable
from tests.web.house import House

CARD = {"payment_method": "card"}
KEY = "7d4c3c1e-3b3a-4c5d-9a39-0d6f5b0f4a11"


Away = Callable[..., AbstractContextManager[None]]


@pytest.fixture
def away(house: House) -> Away:
    """Makes one thing that the store does for keys fail; `after`: it was done, but nobody heard."""
    keys = type(house.application.idempotency)

    @contextmanager
    def failing(name: str, *, after: bool = False) -> Iterator[None]:
        done, is_away = getattr(keys, name), [True]

        def fail(*values: Any) -> Any:
            result = done(*values) if after or not is_away[0] else None
            if is_away[0]:
                raise StoreUnavailable("busy")
            return result

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(keys, name, fail)
            yield
        is_away[0] = False

    return failing


def fill(house: House, customer: str = "customer:1", quantity: int = 2) -> None:
    """Something to buy."""
    put = house.call("PUT", "/v1/cart/items/kettle", {"quantity": quantity}, as_=customer)
    assert put.status_code == 200


def check_out(house: House, body: Any = None, key: str | None = KEY, as_: str = "customer:1") -> Any:
    """Check the cart out under a key."""
    return house.call("POST", "/v1/cart/checkout", CARD if body is None else body, as_=as_, key=key)


class TestReplay:
    """The second time nothing happens, and the first answer comes again."""

    def test_is_the_same_bytes(self, house: House) -> None:
        """Whatever has happened since."""
        fill(house)
        first = check_out(house)
        house.gateway.confirm(first.json["payment"]["order_id"])
        house.call("POST", "/v1/bills/1/verify", as_="staff")

        again = check_out(house)

        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content
        assert REPLAYED not in first.headers
        assert again.headers[REPLAYED] == "true"
        assert again.headers["content-type"] == "application/json"
        assert len(house.gateway.called("initiate")) == 1

    def test_does_not_care_how_the_json_is_written(self, house: House) -> None:
        """Spaces and order say nothing."""
        fill(house)
        check_out(house, b'{"payment_method":"card","note":"x"}')

        assert (
            check_out(house, b'{ "note" : "\\u0078", "payment_method" : "card" }').headers[REPLAYED] == "true"
        )

    @pytest.mark.parametrize("call", ["checkout", "cancel", "approve", "together"])
    def test_is_honoured_by_every_call_that_moves_money(self, house: House, call: str) -> None:
        """The orders' checkouts, cancelling and approving too."""
        order = house.check_out(method="cash")
        path, body, who, status = {
            "checkout": (f"/v1/orders/{order['order_key']}/checkout", CARD, None, 201),
            "cancel": (f"/v1/orders/{order['order_key']}/cancel", None, None, 200),
            "approve": ("/v1/payments/1/approve", None, "staff", 200),
            "together": ("/v1/payments", {"order_keys": [order["order_key"]], **CARD}, "customer:1", 201),
        }[call]

        first = house.call("POST", path, body, as_=who, key=KEY)
        again = house.call("POST", path, body, as_=who, key=KEY)

        assert (first.status_code, again.status_code) == (status, status), first.text
        assert again.content == first.content
        assert again.headers[REPLAYED] == "true"

    def test_no_body_and_an_empty_object_are_the_same(self, house: House) -> None:
        """Both say nothing."""
        key = house.check_out(method="cash")["order_key"]
        house.call("POST", f"/v1/orders/{key}/cancel", key=KEY)

        assert house.call("POST", f"/v1/orders/{key}/cancel", {}, key=KEY).headers[REPLAYED] == "true"

    def test_ends_after_72_hours(self, house: House) -> None:
        """Then the key is as good as new."""
        fill(house)
        check_out(house)
        house.clock.advance(hours=73)

        assert REPLAYED not in check_out(house).headers


class TestOtherRequests:
    """A key belongs to one request of one caller."""

    def test_another_body_is_422(self, house: House) -> None:
        """And does nothing."""
        fill(house)
        check_out(house)

        refused = check_out(house, {**CARD, "note": "other"})

        assert (refused.status_code, refused.json["code"]) == (422, "idempotency_key_reused")

    def test_another_caller_has_keys_of_their_own(self, house: House) -> None:
        """Nobody is answered with somebody else's checkout."""
        for customer in ("customer:1", "customer:2"):
            fill(house, customer)

        first, second = check_out(house), check_out(house, as_="customer:2")

        assert second.status_code == 201
        assert first.json["order_key"] != second.json["order_key"]

    def test_another_path_has_keys_of_its_own(self, house: House) -> None:
        """The order in the path is part of it."""
        keys = [house.check_out(customer, "cash")["order_key"] for customer in ("customer:1", "customer:2")]

        cancelled = [house.call("POST", f"/v1/orders/{key}/cancel", key=KEY).json["key"] for key in keys]

        assert cancelled == keys

    def test_still_running_is_409(self, house: House) -> None:
        """With a time to come back."""
        fill(house)
        inside: list[Any] = []
        house.gateway.meanwhile("initiate", lambda: inside.append(check_out(house)))

        check_out(house)

        assert (inside[0].status_code, inside[0].json["code"]) == (409, "idempotency_key_in_flight")
        assert inside[0].headers["retry-after"] == "1"


class TestFailures:
    """Only successes are kept: after anything else the same key tries again."""

    def test_a_refusal_frees_the_key(self, house: House) -> None:
        """An empty cart now, a full one later."""
        assert check_out(house).status_code == 400
        fill(house)

        assert check_out(house).status_code == 201

    def test_a_silent_gateway_frees_the_key(self, house: House) -> None:
        """The 503 is not repeated for ever; the same payment is resumed."""
        fill(house)
        house.gateway.trouble(operation="initiate")
        first = check_out(house)
        second = check_out(house)

        assert first.status_code == 503
        assert second.status_code == 201
        assert second.json["order_keys"] == first.json["order_keys"]
        assert len({called.order_id for called in house.gateway.called("initiate")}) == 1

    def test_a_fault_frees_the_key(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        """Even one of ours."""
        fill(house)
        with monkeypatch.context() as patch:
            patch.setattr(type(house.application.check_out_cart), "__call__", lambda *_, **__: 1 / 0)
            assert check_out(house).status_code == 500

        assert check_out(house).status_code == 201

    def test_a_bad_request_takes_no_key(self, house: House) -> None:
        """What is refused before it begins may come again, mended."""
        fill(house)

        assert check_out(house, {"method": "card"}).status_code == 400
        assert check_out(house).status_code == 201

    def test_a_reply_that_cannot_be_kept_is_still_given(self, house: House, away: Away) -> None:
        """It is done; saying otherwise would be a lie. It is kept as soon as it can be."""
        fill(house)

        with away("keep"):
            first = check_out(house)

        again = check_out(house)
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.content == first.content
        assert again.headers[REPLAYED] == "true"

    def test_a_key_that_cannot_be_freed_hides_no_refusal(self, house: House, away: Away) -> None:
        """The client hears what was wrong, and the key is free as soon as it can be."""
        with away("free"):
            assert check_out(house).json["code"] == "empty_cart"
            fill(house)
            assert check_out(house).status_code == 409

        assert check_out(house).status_code == 201

    def test_a_claim_whose_answer_was_lost_takes_no_key(self, house: House, away: Away) -> None:
        """It was taken, and nobody knew: it is free for whoever asks again."""
        fill(house)
        with away("claim", after=True):
            assert check_out(house).json["code"] == "store_unavailable"

        assert check_out(house).status_code == 201

    def test_a_key_taken_over_is_not_freed_late(self, house: House, away: Away) -> None:
        """What could not be written down in time counts no more."""
        with away("free"):
            check_out(house)
        fill(house)
        house.clock.advance(seconds=IDEMPOTENCY_LEASE.total_seconds())

        assert check_out(house).status_code == 201
        assert check_out(house).headers[REPLAYED] == "true"

    def test_much_is_caught_up_with_bit_by_bit(self, house: House, away: Away) -> None:
        """One request does not pay for all that an outage has left."""
        with away("free"):
            for number in range(CAUGHT_UP_MAX + 2):
                check_out(house, key=f"key-{number}")
        fill(house)

        assert check_out(house, key=f"key-{CAUGHT_UP_MAX + 1}").status_code == 409
        assert check_out(house, key=f"key-{CAUGHT_UP_MAX + 1}").status_code == 201


class TestKeys:
    """1 to 255 visible ASCII characters."""

    @pytest.mark.parametrize("key", ["", " ", "a b", "a\tb", "a" * 256, "\xe9", "\x7f"])
    def test_refuses(self, house: House, key: str) -> None:
        """400 before anything is done."""
        fill(house)
        status, _ = house.call_raw(
            "POST",
            "/v1/orders/unknown/cancel",
            HTTP_IDEMPOTENCY_KEY=key,
        )

        assert status == 400

    @pytest.mark.parametrize("key", ["a", "!~", "a" * 255])
    def test_takes(self, house: House, key: str) -> None:
        """At the bounds."""
        fill(house)

        assert check_out(house, key=key).status_code == 201

    def test_does_nothing_elsewhere(self, house: House) -> None:
        """On calls that move no money it is not looked at."""
        assert house.call("GET", "/v1/products", key="a b").status_code == 200

    def test_nothing_secret_is_kept_in_clear(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither the order's key nor the client's own."""
        key = house.check_out(method="cash")["order_key"]
        scopes: list[IdempotencyScope] = []
        kept: Any = type(house.application.idempotency).claim

        def noted(self: Any, scope: IdempotencyScope, *rest: Any) -> Any:
            scopes.append(scope)
            return kept(self, scope, *rest)

        monkeypatch.setattr(type(house.application.idempotency), "claim", noted)

        house.call("POST", f"/v1/orders/{key}/cancel", key=KEY)

        assert key not in str(scopes)
        assert KEY not in str(scopes)
        assert scopes[0].operation == "POST /v1/orders/{key}/cancel"
