"""The service itself: probes, numbers, the description of the API, plain pages."""

import base64
import json
import re
from hashlib import sha256
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from prometheus_client import CollectorRegistry

from adapters.web.app import routes_of
from adapters.web.metrics import Metrics
from adapters.web.texts import NAME_PATTERN, SKU_PATTERN
from tests.web.house import House


def described(house: House) -> Any:
    """The OpenAPI document as served."""
    return house.call("GET", "/openapi.json").json


class TestHealth:
    """Whether it lives, and whether it can work."""

    def test_lives(self, house: House) -> None:
        """Whatever else is broken."""
        house.checks["database"] = "down"

        assert house.call("GET", "/healthz").json == {"status": "ok"}

    def test_is_ready(self, house: House) -> None:
        """With what was checked."""
        answered = house.call("GET", "/readyz")

        assert (answered.status_code, answered.json) == (200, {"status": "ok", "checks": {"database": "ok"}})

    def test_is_not_ready(self, house: House) -> None:
        """A problem like any other, with what is amiss and a time to come back."""
        house.checks["database"] = "down"

        answered = house.call("GET", "/readyz")

        assert (answered.status_code, answered.json["code"]) == (503, "not_ready")
        assert answered.json["checks"] == {"database": "down"}
        assert answered.headers["retry-after"] == "5"


class TestMetrics:
    """Numbers by route and status."""

    def test_count_and_time_requests(self, house: House) -> None:
        """By the route's template, with nothing of anybody's in a label."""
        key = house.check_out()["order_key"]
        house.call("GET", f"/v1/orders/{key}")
        house.call("GET", f"/secret/{key}")
        house.call_raw("BREW", "/v1/cart")

        numbers = house.call("GET", "/metrics")

        line = 'kassa_http_requests_total{method="GET",route="/v1/orders/{key}",status="200"} 1.0'
        unknown = 'kassa_http_requests_total{method="GET",route="unknown",status="404"} 1.0'
        assert line in numbers.text
        assert unknown in numbers.text
        assert 'kassa_http_request_seconds_count{method="GET",route="/v1/orders/{key}"} 1.0' in numbers.text
        assert key not in numbers.text
        assert "BREW" not in numbers.text
        assert numbers.headers["content-type"].startswith("text/plain")

    def test_may_be_shown_from_elsewhere(self) -> None:
        """Several processes have one place where they are summed up."""
        summed = CollectorRegistry()
        there = Metrics(summed)
        there.observe("GET", "/x", 200, 0.1)

        assert b'route="/x"' in Metrics(shown=summed).exposition()


class TestDescription:
    """The OpenAPI document: valid, whole, and true."""

    def test_is_valid(self, house: House) -> None:
        """By the specification's own validator."""
        document = described(house)

        validate(document)
        assert document["openapi"].startswith("3.1")

    def test_has_every_route_and_no_other(self, house: House) -> None:
        """The inventory of the API."""
        routes = routes_of(house.application, house.edge)
        served = {(path, op.method.lower()) for path, route in routes.items() for op in route.operations}
        documented = {(path, method) for path, item in described(house)["paths"].items() for method in item}

        assert served == documented
        assert not any("refund" in path or "capture" in path or "void" in path for path, _ in documented)

    def test_names_every_operation_once(self, house: House) -> None:
        """So that generated clients have one function for each."""
        names = [op["operationId"] for item in described(house)["paths"].values() for op in item.values()]

        assert len(names) == len(set(names))

    def test_declares_who_may_call(self, house: House) -> None:
        """Tokens where they are looked at, and nowhere else."""
        paths = described(house)["paths"]

        assert paths["/v1/cart"]["get"]["security"] == [{"token": []}]
        assert paths["/v1/payment-methods"]["get"]["security"] == [{}, {"token": []}]
        assert paths["/v1/orders/{key}"]["get"]["security"] == []

    def test_declares_headers(self, house: House) -> None:
        """Those that clients rely on."""
        paths = described(house)["paths"]
        checkout = paths["/v1/cart/checkout"]["post"]
        landing = paths["/v1/callbacks/{code}"]["get"]

        assert "Idempotent-Replayed" in checkout["responses"]["201"]["headers"]
        assert "Retry-After" in checkout["responses"]["503"]["headers"]
        assert landing["responses"]["303"]["headers"]["Location"]["required"] is True
        assert [p["name"] for p in checkout["parameters"]] == ["Idempotency-Key"]

    def test_every_refusal_is_a_problem(self, house: House) -> None:
        """Also those that no call names."""
        for item in described(house)["paths"].values():
            for operation in item.values():
                refusals = {s: r for s, r in operation["responses"].items() if s[0] not in "23"}
                assert "default" in refusals
                assert all(list(r["content"]) == ["application/problem+json"] for r in refusals.values())

    def test_answers_are_as_described(self, house: House) -> None:
        """Real answers held against their schemas."""
        key = house.pay()["order_key"]
        document = described(house)
        calls = {
            "/v1/orders": "/v1/orders",
            "/v1/orders/{key}": f"/v1/orders/{key}",
            "/v1/payments": "/v1/payments",
            "/v1/bills/{id}": "/v1/bills/1",
            "/v1/products": "/v1/products",
            "/v1/payment-methods": "/v1/payment-methods",
        }
        for template, path in calls.items():
            content = document["paths"][template]["get"]["responses"]["200"]["content"]
            schema = {**content["application/json"]["schema"], "components": document["components"]}
            Draft202012Validator(schema).validate(house.call("GET", path, as_="staff").json)

    def test_patterns_are_plain(self) -> None:
        """They mean the same to every reader of regular expressions."""
        for pattern in (NAME_PATTERN, SKU_PATTERN):
            assert "(?" not in pattern
            assert re.search(pattern, "Çay 1")
            assert not re.search(pattern, "a\x00b")


class TestDocs:
    """The page that shows the description, offline."""

    def test_loads_from_here_alone(self, house: House) -> None:
        """No script or style from elsewhere, none within the page."""
        page = house.call("GET", "/docs")

        assert page.headers["content-type"] == "text/html; charset=utf-8"
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'self'; img-src 'self' data:;")
        assert "unsafe" not in policy
        assert re.findall(r'(?:src|href)="([^"]*)"', page.text) == [
            "/docs/swagger-ui.css",
            "/docs/swagger-ui-bundle.js",
            "/docs/docs.js",
        ]
        assert not re.search(r"<script>|<style|\son\w+=", page.text)

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("swagger-ui-bundle.js", "text/javascript"),
            ("swagger-ui.css", "text/css"),
            ("docs.js", "text/javascript"),
        ],
    )
    def test_has_its_files(self, house: House, name: str, kind: str) -> None:
        """Each as what it is; they may be kept a while."""
        answered = house.call("GET", f"/docs/{name}")

        assert answered.status_code == 200
        assert answered.headers["content-type"].startswith(kind)
        assert "max-age" in answered.headers["cache-control"]

    def test_serves_nothing_else(self, house: House) -> None:
        """Licences lie beside the files, for those who have the source."""
        assert house.call("GET", "/docs/LICENSE-swagger-ui").status_code == 404


class TestLandingPages:
    """Where customers land who were sent nowhere else."""

    @pytest.mark.parametrize(
        ("path", "says"),
        [
            ("/checkout/success", "has arrived"),
            ("/checkout/success?status=success&order_key=x", "has arrived"),
            ("/checkout/success?status=pending", "still being confirmed"),
            ("/checkout/failure?status=failed", "did not work"),
        ],
    )
    def test_say_how_it_went(self, house: House, path: str, says: str) -> None:
        """In a sentence."""
        page = house.call("GET", path)

        assert page.status_code == 200
        assert says in page.text

    def test_show_nothing_that_was_sent(self, house: House) -> None:
        """Not even escaped."""
        page = house.call("GET", "/checkout/failure?status=%3Cscript%3E&x=%3Cscript%3E&order_key=%22%3E")

        assert "script" not in page.text

    def test_allow_their_own_style_alone(self, house: House) -> None:
        """The policy names the style by its hash."""
        page = house.call("GET", "/checkout/success")
        style = re.search(r"<style>(.*)</style>", page.text, re.DOTALL)
        assert style
        hashed = base64.b64encode(sha256(style[1].encode()).digest()).decode()

        policy = page.headers["content-security-policy"]
        assert f"style-src 'sha256-{hashed}'" in policy
        assert policy.startswith("default-src 'none'")


def test_the_description_is_json(house: House) -> None:
    """And says so."""
    answered = house.call("GET", "/openapi.json")

    assert answered.headers["content-type"] == "application/json"
    assert json.loads(answered.text)["info"]["title"] == "Kassa"
