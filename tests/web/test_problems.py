"""Everything that is not a success is a problem document, the framework's refusals included."""

import json
import logging
from typing import Any

import pytest

from adapters.web.problems import STATUSES, headers_of, instance_of, members_of, status_of
from domain import errors
from domain.errors import Invalid, Refusal, StoreUnavailable
from domain.ids import OrderKey
from tests.web.house import House

MEMBERS = {"type", "title", "status", "detail", "instance", "code"}


def ensure_problem(answered: Any, status: int) -> dict[str, Any]:
    """A problem document of that status."""
    assert answered.status_code == status, answered.text
    assert answered.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answered.json
    assert problem.keys() >= MEMBERS
    assert problem["status"] == status
    assert problem["type"] == f"/problems/{problem['code']}"
    return problem


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/v1", 404, "not_found"),
        ("GET", "/v1/products/", 404, "not_found"),
        ("GET", "/v1/products/nothing", 404, "not_found"),
        ("GET", "/v1/payment-methods/nothing", 404, "not_found"),
        ("GET", "/v1/payments/0", 404, "not_found"),
        ("GET", "/v1/payments/x", 404, "not_found"),
        ("GET", "/v1/payments/1e3", 404, "not_found"),
        ("GET", "/v1/payments/99999999999999999999", 404, "not_found"),
        ("GET", "/v1/orders/nothing", 404, "not_found"),
        ("GET", "/v1/orders/a%00b", 404, "not_found"),
        ("GET", "/v1/products/%FF", 404, "not_found"),
        ("GET", "/v1/products/" + "a" * 65, 404, "not_found"),
        ("GET", "/docs/nothing.js", 404, "not_found"),
        ("GET", "/docs/..%2F..%2Fapp.py", 404, "not_found"),
        ("PATCH", "/v1/products", 405, "method_not_allowed"),
        ("TRACE", "/v1/products", 405, "method_not_allowed"),
        ("HEAD", "/v1/products", 405, None),
        ("GET", "/v1/products?x=1", 400, "invalid"),
        ("GET", "/v1/products?limit=1&limit=1", 400, "invalid"),
        ("GET", "/v1/products?limit=%FF", 400, "invalid"),
        ("GET", "/v1/products?" + "&".join(f"a{n}=1" for n in range(30)), 400, "invalid"),
        ("DELETE", "/v1/payment-methods/nothing", 404, "not_found"),
    ],
)
def test_is_answered_for(house: House, method: str, path: str, status: int, code: str | None) -> None:
    """Status, code and shape."""
    answered = house.call(method, path, as_="staff")

    if code is None:
        assert answered.status_code == status
    else:
        assert ensure_problem(answered, status)["code"] == code


@pytest.mark.parametrize("method", ["BREW", "WEBSOCKET", "PROPFIND", "get", "SUBSCRIBE"])
def test_unknown_methods_are_405(house: House, method: str) -> None:
    """Never 501, never 400; the answer says which methods there are."""
    status, body = house.call_raw(method, "/v1/cart")

    assert status == 405
    assert json.loads(body)["code"] == "method_not_allowed"
    assert house.call("PATCH", "/v1/cart").headers["allow"] == "DELETE, GET, OPTIONS"


def test_a_path_that_cannot_be_a_name_is_a_mistake(house: House) -> None:
    """Where the path gives the name, 400 says so; elsewhere there is just no such thing."""
    body = {"name": "X", "price": {"amount": 1, "currency": "AZN"}, "stock": 1}

    refused = ensure_problem(house.call("PUT", "/v1/products/%01", body, as_="staff"), 400)

    assert refused["errors"][0]["pointer"] == "#/sku"


class TestFaults:
    """What goes wrong on our side is told to nobody but the log."""

    def test_says_nothing_and_notes_everything(
        self, house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A 500 without detail; the log names the route, never the path with its key."""
        monkeypatch.setattr(type(house.application.queries), "order", lambda *_: 1 / 0)

        with caplog.at_level(logging.ERROR):
            answered = house.call("GET", "/v1/orders/secret-key-of-an-order")

        problem = ensure_problem(answered, 500)
        assert problem["code"] == "internal"
        assert "ZeroDivision" not in answered.text
        assert problem["instance"] == "/v1/orders/***"
        assert "/v1/orders/{key}" in caplog.text
        assert "ZeroDivisionError" in caplog.text
        assert "secret-key-of-an-order" not in "".join(r.getMessage() for r in caplog.records)

    def test_an_unreachable_store_is_503(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        """With a time to come back."""

        def fail(*_: object) -> None:
            raise StoreUnavailable("the database is busy")

        monkeypatch.setattr(type(house.application.queries), "products", fail)
        answered = house.call("GET", "/v1/products")

        assert ensure_problem(answered, 503)["code"] == "store_unavailable"
        assert answered.headers["retry-after"] == "5"

    def test_a_broken_stream_is_no_success(self, house: House) -> None:
        """A body that breaks off is less than JSON."""
        answered = house.client.simulate_post(
            "/v1/customers",
            headers={"Content-Type": "application/json"},
            body=b'{"first_name"',
        )

        ensure_problem(answered, 400)


class TestTable:
    """The one table from refusals to statuses."""

    def test_every_refusal_has_a_status(self) -> None:
        """Named here one by one, from the contract."""
        expected = {
            "Invalid": 400, "CurrencyMismatch": 400, "EmptyCart": 400, "ShortStock": 400,
            "MethodRefused": 400, "CardNumberFound": 400, "PaymentRefused": 400,
            "Unauthenticated": 401, "WrongPassword": 401, "Forbidden": 403, "ForgedCallback": 403,
            "NotFound": 404, "Conflict": 409, "IllegalTransition": 409, "OrderAlreadyPaid": 409,
            "PaymentUnderWay": 409, "NotYetPaid": 409, "TotalChanged": 409, "EmailTaken": 409,
            "IdempotencyKeyInFlight": 409, "IdempotencyKeyReused": 422, "TooManyFailures": 429,
            "Unavailable": 503, "GatewayUnavailable": 503, "StoreUnavailable": 503,
        }  # fmt: skip
        kinds = [
            kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Refusal)
        ]
        found = {kind.__name__: status_of(kind.__new__(kind)) for kind in kinds if kind is not Refusal}

        assert found == expected
        assert set(STATUSES.values()) == {400, 401, 403, 404, 409, 413, 415, 422, 429, 503}

    def test_a_refusal_of_no_kind_is_400(self) -> None:
        """It is the client's to mend, whatever it is."""
        assert status_of(Refusal("no")) == 400

    def test_what_refusals_tell_besides(self) -> None:
        """The evidence that a client can go on with."""
        key = OrderKey("k")

        assert members_of(errors.OrderAlreadyPaid(key)) == {"order_key": key}
        under_way = errors.PaymentUnderWay(key, "https://x", "wait")
        assert members_of(under_way) == {"order_key": key, "next_step": "https://x"}
        assert members_of(errors.PaymentRefused("no", [key])) == {
            "errors": [{"detail": "no", "pointer": "#/payment_method"}],
            "order_keys": [key],
        }
        assert members_of(errors.GatewayUnavailable("silent", [key])) == {"order_keys": [key]}
        assert members_of(errors.GatewayUnavailable("full")) == {}
        assert members_of(errors.NotFound("gone")) == {}

    def test_when_to_come_back(self) -> None:
        """Never at once."""
        assert headers_of(StoreUnavailable("x", 0)) == {"Retry-After": "1"}
        assert headers_of(errors.TooManyFailures("x", 60)) == {"Retry-After": "60"}
        assert headers_of(errors.IdempotencyKeyInFlight("x")) == {"Retry-After": "1"}
        assert headers_of(Invalid("x")) == {}


class TestInstance:
    """The path as a problem repeats it."""

    @pytest.mark.parametrize(
        ("path", "told"),
        [
            ("/v1/orders/secret", "/v1/orders/***"),
            ("/v1/orders/secret/cancel", "/v1/orders/***/cancel"),
            ("/v1/orders", "/v1/orders"),
            ("/v1/products/a b", "/v1/products/a%20b"),
            ("/x/4111111111111111", "/x/4111******1111"),
            ("/x\r\ny", "/x%0D%0Ay"),
            ("/\u00e9", "/%C3%A9"),
        ],
    )
    def test_hides_what_is_secret(self, path: str, told: str) -> None:
        """Order keys and card numbers; nothing undecoded remains."""
        assert instance_of(path) == told

    def test_has_no_query(self, house: House) -> None:
        """A query may hold anything."""
        problem = ensure_problem(house.call("GET", "/v1/orders/nope/cancel?token=x"), 405)

        assert problem["instance"] == "/v1/orders/***/cancel"


class TestHeaders:
    """What is true of every answer."""

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/v1/products"),
            ("GET", "/v1/cart"),
            ("GET", "/nothing"),
            ("PATCH", "/v1/cart"),
            ("GET", "/healthz"),
            ("GET", "/docs"),
            ("OPTIONS", "/v1/cart"),
            ("GET", "/v1/callbacks/card"),
        ],
    )
    def test_are_set(self, house: House, method: str, path: str) -> None:
        """No sniffing, no referrer, no storing, a policy; and no banner."""
        headers = house.call(method, path).headers

        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "default-src" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "server" not in headers

    def test_json_says_what_it_is(self, house: House) -> None:
        """A media type on every answer with a body."""
        assert house.call("GET", "/v1/products").headers["content-type"] == "application/json"

    def test_options_answers_what_there_is(self, house: House) -> None:
        """Asking for the methods changes nothing."""
        answered = house.call("OPTIONS", "/v1/cart")

        assert (answered.status_code, answered.headers["allow"]) == (200, "DELETE, GET")
