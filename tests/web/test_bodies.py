"""What clients may send: everything else is refused with 400 and its place, and never with 500."""

import json
from typing import Any

import pytest

from tests.web.house import House

CARD = "4111111111111111"
CUSTOMER = {"first_name": "A", "last_name": "B", "email": "c@example.com", "password": "long enough"}


def register(house: House, body: Any, **options: Any) -> Any:
    """Send a body to the plainest call that takes one."""
    return house.call("POST", "/v1/customers", body, **options)


def pointers(answered: Any) -> list[str]:
    """Where the mistakes are."""
    assert answered.status_code == 400, answered.text
    assert answered.headers["content-type"] == "application/problem+json"
    return [mistake["pointer"] for mistake in answered.json["errors"]]


def with_name(raw: bytes) -> bytes:
    """A customer whose first name is written exactly so."""
    return b'{"first_name": %s, "last_name": "B", "email": "c@e.org", "password": "long enough"}' % raw


HOSTILE: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "#"),
    "white space": (b"   ", "#"),
    "an open brace": (b"{", "#"),
    "two documents": (b"{}{}", "#"),
    "a comment": (b"{} // x", "#"),
    "single quotes": (b"{'a': 1}", "#"),
    "a trailing comma": (b'{"a": 1,}', "#"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "#"),
    "bad UTF-8": (with_name(b'"\xff\xfe"'), "#"),
    "overlong UTF-8": (with_name(b'"\xc0\xaf"'), "#"),
    "encoded surrogates": (with_name(b'"\xed\xa0\x80"'), "#"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "#"),
    "a control character": (with_name(b'"a\x01b"'), "#"),
    "a list": (b"[]", "#"),
    "a text": (b'"x"', "#"),
    "null": (b"null", "#"),
    "a NUL": (with_name(b'"a\\u0000b"'), "#/first_name"),
    "half a surrogate pair": (with_name(b'"\\ud800"'), "#/first_name"),
    "surrogates the wrong way round": (with_name(b'"\\udc00\\ud800"'), "#/first_name"),
    "an escaped control character": (with_name(b'"a\\u0001b"'), "#/first_name"),
    "a C1 control character": (with_name(b'"a\\u0085b"'), "#/first_name"),
    "a line feed": (with_name(b'"a\\nb"'), "#/first_name"),
    "only spaces": (with_name(b'"  "'), "#/first_name"),
    "an empty text": (with_name(b'""'), "#/first_name"),
    "201 characters": (with_name(b'"%s"' % (b"a" * 201)), "#/first_name"),
    "a number for a text": (with_name(b"1"), "#/first_name"),
    "true for a text": (with_name(b"true"), "#/first_name"),
    "null for a text": (with_name(b"null"), "#/first_name"),
    "NaN": (with_name(b"NaN"), "#/first_name"),
    "infinity": (with_name(b"-Infinity"), "#/first_name"),
    "1e400": (with_name(b"1e400"), "#/first_name"),
    "-1e400": (with_name(b"-1e400"), "#/first_name"),
    "19 digits": (with_name(b"1234567890123456789"), "#/first_name"),
    "5000 digits": (with_name(b"1" * 5000), "#/first_name"),
    "a name twice": (b'{"email": "a@b", "email": "a@b"}', "#"),
    "a name twice, further in": (with_name(b'{"a": 1, "a": 2}'), "#/first_name"),
    "17 levels": (with_name(b"[" * 16 + b"]" * 16), "#/first_name" + "/0" * 15),
    "30,000 levels": (b"[" * 30000, "#"),
    "30,000 levels of objects": (b'{"a":' * 10000, "#"),
    "a NUL in a name": (b'{"a\\u0000": 1}', "#"),
    "half a surrogate pair in a name": (b'{"\\udfff": 1}', "#"),
    "an unknown name": (b'{"a/b~c": 1}', "#/a~1b~0c"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_refuses_hostile_json(house: House, name: str) -> None:
    """A 400 problem that says where, and nothing stored."""
    raw, pointer = HOSTILE[name]

    answered = register(house, raw, headers={"Content-Type": "application/json"})

    assert pointer in pointers(answered)
    assert house.store.tables.customers.keys() == {1, 2}


def test_16_levels_are_deep_enough(house: House) -> None:
    """What is at the bound passes the parser; only the settings' own schema might object."""
    settings: Any = "x"
    for _ in range(14):
        settings = [settings]
    body = {"name": "Deep", "backend": "sandbox", "settings": {"x": settings}}

    assert house.call("PUT", "/v1/payment-methods/deep", body, as_="staff").status_code == 201
    body["settings"] = {"x": [settings]}
    assert house.call("PUT", "/v1/payment-methods/deep", body, as_="staff").status_code == 400


def test_tells_every_mistake_at_once(house: House) -> None:
    """Whoever fills in a form mends it in one go."""
    body = {"first_name": "", "email": "nobody", "password": "short", "role": "staff"}

    found = pointers(register(house, body))

    assert sorted(found) == ["#/email", "#/first_name", "#/last_name", "#/password", "#/role"]


def test_never_repeats_what_was_sent(house: House) -> None:
    """A secret in the wrong field stays out of answers and logs."""
    answered = register(house, {**CUSTOMER, "email": "hunter2 hunter2", "password": ["hunter2"]})

    assert "hunter2" not in answered.text


@pytest.mark.parametrize(
    "text",
    ["Zoë", "\U0001f600", "e\u0301", "\u00e9", "\u202eabc", "O'Neil; DROP TABLE", "<b>&", "\ufeffx", "%00"],
)
def test_what_is_taken_is_kept_as_it_is(house: House, text: str) -> None:
    """No normalising, no trimming, no replacing."""
    answered = register(house, {**CUSTOMER, "first_name": text})

    assert (answered.status_code, answered.json["first_name"]) == (201, text)


class TestMassAssignment:
    """Fields that only the service sets are unknown to every body."""

    @pytest.mark.parametrize("field", ["status", "verified", "user_id", "id", "amount", "customer_id", "key"])
    @pytest.mark.parametrize(
        ("method", "path", "body", "who"),
        [
            ("POST", "/v1/customers", CUSTOMER, None),
            ("POST", "/v1/cart/checkout", {"payment_method": "card"}, "customer:1"),
            ("POST", "/v1/payments", {"payment_method": "card", "order_keys": ["x"]}, "customer:1"),
            ("PUT", "/v1/cart/items/kettle", {"quantity": 1}, "customer:1"),
            ("POST", "/v1/payments/1/approve", {}, "staff"),
        ],
    )
    def test_is_refused(
        self, house: House, field: str, method: str, path: str, body: Any, who: str | None
    ) -> None:
        """400, pointing at the field."""
        assert f"#/{field}" in pointers(house.call(method, path, {**body, field: 1}, as_=who))


class TestContentType:
    """Only JSON in UTF-8 is read."""

    @pytest.mark.parametrize(
        "kind",
        [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/json; charset=latin-1",
            "*/*",
            "application/json; boundary=x",
            "application/jsonx",
            "application/problem+json",
            "",
        ],
    )
    def test_refuses_other_kinds(self, house: House, kind: str) -> None:
        """415, before anything is parsed."""
        answered = register(house, b"{}", headers={"Content-Type": kind})

        assert (answered.status_code, answered.json["code"]) == (415, "unsupported_media_type")

    @pytest.mark.parametrize(
        "kind",
        [
            "application/json",
            "APPLICATION/JSON",
            "application/json; charset=utf-8",
            'application/json;charset="UTF-8"',
        ],
    )
    def test_takes_json(self, house: House, kind: str) -> None:
        """However it is written."""
        body = json.dumps(CUSTOMER).encode()

        assert register(house, body, headers={"Content-Type": kind}).status_code == 201

    def test_refuses_a_body_of_no_kind(self, house: House) -> None:
        """Guessing is how two readers come to different ends."""
        answered = house.client.simulate_post("/v1/customers", body=json.dumps(CUSTOMER).encode())

        assert answered.status_code == 415


class TestCallsWithoutBody:
    """Cancel, approve and verify take no body, or an empty object."""

    @pytest.mark.parametrize("body", [None, b"{}", b" { } "])
    def test_takes_nothing(self, house: House, body: bytes | None) -> None:
        """Both are the same."""
        house.check_out()

        assert house.call("POST", "/v1/bills/1/verify", body, as_="staff").status_code == 200

    @pytest.mark.parametrize("body", [b"[]", b"null", b'{"x": 1}', b"x", b"0"])
    def test_refuses_something(self, house: House, body: bytes) -> None:
        """What is sent means something to whoever sent it, so it is not passed over."""
        house.check_out()

        assert house.call("POST", "/v1/bills/1/verify", body, as_="staff").status_code == 400

    def test_an_empty_body_needs_no_kind(self, house: House) -> None:
        """Nor does a kind without body hurt."""
        house.check_out()
        kind = {"Content-Type": "text/plain"}

        assert house.call("POST", "/v1/bills/1/verify", b"", as_="staff").status_code == 200
        assert house.call("POST", "/v1/bills/1/verify", as_="staff", headers=kind).status_code == 415


class TestSize:
    """64 KiB are read, however they come."""

    def test_refuses_more(self, house: House) -> None:
        """One byte more is 413."""
        fits = json.dumps(CUSTOMER).encode().ljust(65536)

        assert register(house, fits).status_code == 201
        assert register(house, fits + b" ").json["code"] == "too_large"

    def test_refuses_more_without_a_length(self, house: House) -> None:
        """A chunked body is counted while it is read."""
        options = {"extras": {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}}
        fits = json.dumps(CUSTOMER).encode().ljust(65536)

        assert register(house, fits, **options).status_code == 201
        assert register(house, fits + b" ", **options).status_code == 413

    @pytest.mark.parametrize("length", ["-1", "x", "1e3"])
    def test_refuses_a_length_that_is_none(self, house: House, length: str) -> None:
        """400, not a guess."""
        kind = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": length}

        assert house.call_raw("POST", "/v1/customers", b"{}", **kind)[0] == 400

    def test_reads_no_further_than_promised(self, house: House) -> None:
        """A server that does not end the stream is believed about its length."""
        kind = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": ""}

        status, answered = house.call_raw("POST", "/v1/customers", b"{}", **kind)

        assert (status, json.loads(answered)["errors"][0]["pointer"]) == (400, "#")

    def test_refuses_two_lengths(self, house: House) -> None:
        """Content-Length and Transfer-Encoding together are how requests are smuggled."""
        answered = register(house, CUSTOMER, headers={"Transfer-Encoding": "chunked"})

        assert answered.status_code == 400
        assert "Transfer-Encoding" in answered.json["detail"]

    def test_takes_one_of_them(self, house: House) -> None:
        """A chunked body alone is ordinary."""
        options = {"extras": {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}}
        headers = {"Transfer-Encoding": "chunked"}

        assert register(house, CUSTOMER, headers=headers, **options).status_code == 201


class TestCardNumbers:
    """A card number is refused wherever it stands, and never repeated."""

    @pytest.mark.parametrize(
        "text",
        [
            CARD,
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            f"my card is {CARD}.",
            "378282246310005",
            "%34111111111111111",
            "4111%201111%201111%201111",
            "٤١١١١١١١١١١١١١١١",
        ],
    )
    def test_in_a_value(self, house: House, text: str) -> None:
        """Spaced, encoded, in other digits, of any brand."""
        answered = register(house, {**CUSTOMER, "first_name": text})

        assert pointers(answered) == ["#/first_name"]
        assert answered.json["code"] == "card_number"
        assert text not in answered.text

    def test_in_a_name(self, house: House) -> None:
        """The place is then that of the object, so that the number is not repeated."""
        body = {"payment_method": "card", "shipping_address": {CARD: "x"}}
        answered = house.call("POST", "/v1/cart/checkout", body, as_="customer:1")

        assert pointers(answered) == ["#/shipping_address"]
        assert CARD not in answered.text

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", f"/v1/products/{CARD}"),
            ("GET", f"/v1/payments/{CARD}"),
            ("GET", f"/v1/orders/{CARD}"),
            ("GET", f"/v1/products?after={CARD}"),
            ("GET", f"/v1/products?{CARD}=1"),
            ("GET", "/v1/products?limit=4111%201111%201111%201111"),
            ("DELETE", f"/v1/cart/items/{CARD}"),
        ],
    )
    def test_in_the_address(self, house: House, method: str, path: str) -> None:
        """In the path and in the query alike; `instance` hides it."""
        who = "customer:1"

        answered = house.call(method, path, as_=who)

        assert (answered.status_code, answered.json["code"]) == (400, "card_number")
        assert CARD not in answered.text

    def test_in_an_idempotency_key(self, house: House) -> None:
        """Keys are texts too."""
        answered = house.call(
            "POST", "/v1/cart/checkout", {"payment_method": "card"}, as_="customer:1", key=CARD
        )

        assert answered.json["code"] == "card_number"

    def test_a_uuid_is_no_card_number(self, house: House) -> None:
        """Its digits may happen to look like one; a client cannot help that."""
        key = "4111-1111-1111-1111".replace("-", "") + "a" * 16
        put = house.call("PUT", "/v1/cart/items/kettle", {"quantity": 1}, as_="customer:1")
        answered = house.call(
            "POST", "/v1/cart/checkout", {"payment_method": "card"}, as_="customer:1", key=key
        )

        assert (put.status_code, answered.status_code) == (200, 201)


class TestNumbers:
    """Quantities and amounts: whole, bounded, exact."""

    @pytest.mark.parametrize("quantity", [0, -1, 1.0, 1.5, True, "1", None, 10**6 + 1, 10**17, [1]])
    def test_refuses_quantities(self, house: House, quantity: Any) -> None:
        """Only whole numbers from 1."""
        body = {"quantity": quantity}

        assert pointers(house.call("PUT", "/v1/cart/items/kettle", body, as_="customer:1")) == ["#/quantity"]

    @pytest.mark.parametrize(
        ("price", "pointer"),
        [
            ({"amount": -1, "currency": "AZN"}, "#/price/amount"),
            ({"amount": 1.5, "currency": "AZN"}, "#/price/amount"),
            ({"amount": 1.0, "currency": "AZN"}, "#/price/amount"),
            ({"amount": True, "currency": "AZN"}, "#/price/amount"),
            ({"amount": "1", "currency": "AZN"}, "#/price/amount"),
            ({"amount": 1, "currency": "azn"}, "#/price/currency"),
            ({"amount": 1, "currency": "ABC"}, "#/price/currency"),
            ({"amount": 1, "currency": "XAU"}, "#/price/currency"),
            ({"amount": 1}, "#/price/currency"),
            (40, "#/price"),
        ],
    )
    def test_refuses_prices(self, house: House, price: Any, pointer: str) -> None:
        """Money is an integer and a currency that there is."""
        body = {"name": "X", "price": price, "stock": 1}

        assert pointers(house.call("PUT", "/v1/products/x", body, as_="staff")) == [pointer]

    def test_a_total_too_large_is_refused_and_not_kept(self, house: House) -> None:
        """A cart that could not be counted could never be looked at again."""
        price = {"amount": 10**18 - 1, "currency": "AZN"}
        body = {"name": "Gold", "price": price, "stock": 5}
        assert house.call("PUT", "/v1/products/gold", body, as_="staff").json["price"] == price

        assert house.call("PUT", "/v1/cart/items/gold", {"quantity": 2}, as_="customer:1").status_code == 400
        assert house.call("GET", "/v1/cart", as_="customer:1").json == {"lines": [], "total": None}
        one = house.call("PUT", "/v1/cart/items/gold", {"quantity": 1}, as_="customer:1")
        assert one.json["total"] == price


class TestAddresses:
    """Addresses are objects of texts."""

    @pytest.mark.parametrize(
        "address",
        [
            {"city": 1},
            {"city": None},
            {"": "x"},
            {"a": "x" * 201},
            {str(n): "x" for n in range(21)},
            ["x"],
            "x",
        ],
    )
    def test_refuses(self, house: House, address: Any) -> None:
        """Bounded in every direction."""
        body = {"payment_method": "card", "billing_address": address}
        found = pointers(house.call("POST", "/v1/cart/checkout", body, as_="customer:1"))

        assert all(pointer.startswith("#/billing_address") for pointer in found)

    def test_keeps_what_was_said(self, house: House) -> None:
        """With the order, as it was."""
        said: dict[str, Any] = {
            "shipping_address": {"city": "Bakı"},
            "billing_address": {},
            "note": "Ring\ntwice",
        }
        order = house.check_out(**said)["orders"][0]

        assert {name: order[name] for name in said} == said


class TestReturnUrls:
    """Customers are only sent where the shop trusts."""

    @pytest.mark.parametrize(
        "url",
        [
            "https://evil.example/",
            "//shop.example",
            "javascript:alert(1)",
            "https://shop.example@evil.example",
            "https://shop.example\\@evil.example",
            "data:text/html,x",
            "/back",
            "https://shop.example:444/",
            "",
            "https://shop.example/\u00e9",
            "https://shop.example/ x",
            "http://shop.example/",
            "https://",
        ],
    )
    def test_refuses(self, house: House, url: str) -> None:
        """Another origin, or an address that two readers might read differently."""
        body = {"payment_method": "card", "return_url": url}

        found = pointers(house.call("POST", "/v1/cart/checkout", body, as_="customer:1"))

        assert found == ["#/return_url"]
