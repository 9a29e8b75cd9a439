"""Who may call what: every route against nobody, two customers and staff, and tokens that are not ours."""

import base64
import hmac
import json
from collections.abc import Mapping
from typing import Any

import pytest

from adapters.web.app import routes_of
from adapters.web.auth import Tokens
from application.accounts import Principal, Role
from domain.errors import Unauthenticated
from tests.web.house import SECRET, House, SetClock, open_house

ANYBODY = "anybody"
CUSTOMER = "customer"
STAFF = "staff"
BOTH = "both"
KEY = "key"

# Written out from the contract's section 4, not taken from the code.
EXPECTED: Mapping[str, str] = {
    "POST /v1/customers": ANYBODY,
    "POST /v1/tokens": ANYBODY,
    "GET /v1/customers/me": CUSTOMER,
    "GET /v1/wallet": CUSTOMER,
    "GET /v1/customers/{id}/wallet": STAFF,
    "POST /v1/customers/{id}/wallet": STAFF,
    "GET /v1/products": ANYBODY,
    "GET /v1/products/{sku}": ANYBODY,
    "PUT /v1/products/{sku}": STAFF,
    "GET /v1/cart": CUSTOMER,
    "DELETE /v1/cart": CUSTOMER,
    "PUT /v1/cart/items/{sku}": CUSTOMER,
    "DELETE /v1/cart/items/{sku}": CUSTOMER,
    "GET /v1/cart/payment-methods": CUSTOMER,
    "POST /v1/cart/checkout": CUSTOMER,
    "GET /v1/orders": BOTH,
    "GET /v1/orders/{key}": KEY,
    "GET /v1/orders/{key}/payment-methods": KEY,
    "POST /v1/orders/{key}/checkout": KEY,
    "POST /v1/orders/{key}/cancel": KEY,
    "POST /v1/orders/{key}/status": STAFF,
    "POST /v1/payments": CUSTOMER,
    "GET /v1/payments": BOTH,
    "GET /v1/payments/{id}": BOTH,
    "POST /v1/payments/{id}/approve": STAFF,
    "GET /v1/bills/{id}": BOTH,
    "POST /v1/bills/{id}/verify": STAFF,
    "GET /v1/payment-methods": ANYBODY,
    "GET /v1/backends": STAFF,
    "GET /v1/payment-methods/{code}": STAFF,
    "PUT /v1/payment-methods/{code}": STAFF,
    "DELETE /v1/payment-methods/{code}": STAFF,
    "GET /v1/callbacks/{code}": ANYBODY,
    "POST /v1/callbacks/{code}": ANYBODY,
    "GET /v1/callbacks/{code}/{order_id}": ANYBODY,
    "POST /v1/callbacks/{code}/{order_id}": ANYBODY,
    "GET /healthz": ANYBODY,
    "GET /readyz": ANYBODY,
    "GET /metrics": ANYBODY,
    "GET /openapi.json": ANYBODY,
    "GET /docs": ANYBODY,
    "GET /docs/{file}": ANYBODY,
    "GET /checkout/success": ANYBODY,
    "GET /checkout/failure": ANYBODY,
}

ALLOWED = {
    ANYBODY: {"nobody", "customer:1", "customer:2", "staff"},
    KEY: {"nobody", "customer:1", "customer:2", "staff"},
    CUSTOMER: {"customer:1", "customer:2"},
    STAFF: {"staff"},
    BOTH: {"customer:1", "customer:2", "staff"},
}
CALLERS = ("nobody", "customer:1", "customer:2", "staff")

# What belongs to customer 1 alone: to customer 2 it must look as if there were no such thing.
OWNED = {"GET /v1/payments/{id}", "GET /v1/bills/{id}"}

BODIES: Mapping[str, Any] = {
    "POST /v1/customers": {
        "first_name": "A",
        "last_name": "B",
        "email": "new@example.com",
        "password": "long enough",
    },
    "POST /v1/tokens": {"email": "aysel@example.com", "password": "aysel password"},
    "PUT /v1/products/{sku}": {"name": "K", "price": {"amount": 1, "currency": "AZN"}, "stock": 9},
    "PUT /v1/cart/items/{sku}": {"quantity": 1},
    "POST /v1/cart/checkout": {"payment_method": "card"},
    "POST /v1/orders/{key}/checkout": {"payment_method": "card"},
    "POST /v1/orders/{key}/status": {"status": "SHIPPED"},
    "POST /v1/customers/{id}/wallet": {"amount": {"amount": 1, "currency": "AZN"}, "reason": "sorry"},
    "POST /v1/payments": {"order_keys": ["unknown"], "payment_method": "card"},
    "PUT /v1/payment-methods/{code}": {"name": "Card", "backend": "sandbox"},
}


def everything() -> list[str]:
    """Every route of the router itself."""
    house = open_house()
    routes = routes_of(house.application, house.edge)
    return [f"{op.method} {op.path}" for route in routes.values() for op in route.operations]


ROUTES = everything()


def test_every_route_has_an_entry_and_every_entry_a_route() -> None:
    """A route that nobody has thought about must not go out."""
    assert sorted(ROUTES) == sorted(EXPECTED)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("route", ROUTES)
def test_lets_in_whom_the_contract_names(house: House, route: str, caller: str) -> None:
    """Nobody is 401, the wrong role 403, and whoever is allowed gets past both."""
    checkout = house.check_out()
    method, _, template = route.partition(" ")
    parts = {"sku": "kettle", "code": "card", "key": checkout["order_key"], "id": "1", "file": "docs.js"}
    path = template.format(order_id="reference", **parts)

    body = BODIES.get(route)
    answered = house.call(method, path, body, as_=None if caller == "nobody" else caller)

    if caller in ALLOWED[EXPECTED[route]]:
        assert answered.status_code not in {401, 403, 405, 500} or template.startswith("/v1/callbacks")
        if route in OWNED:
            assert answered.status_code == (404 if caller == "customer:2" else 200)
    elif caller == "nobody":
        assert answered.status_code == 401
        assert answered.headers["www-authenticate"] == "Bearer"
    else:
        assert answered.status_code == 403


@pytest.mark.parametrize("template", ["/v1/payments/{}", "/v1/bills/{}"])
def test_somebody_elses_looks_like_nothing(house: House, template: str) -> None:
    """What is not yours is answered word for word like what does not exist."""
    house.check_out("customer:1")

    theirs = house.call("GET", template.format(1), as_="customer:2")
    missing = house.call("GET", template.format(2), as_="customer:2")

    assert theirs.text.replace("/1", "/2") == missing.text
    assert theirs.status_code == 404
    assert {**theirs.headers} == {**missing.headers}


def test_orders_of_others_cannot_be_paid_together(house: House) -> None:
    """With a login one pays one's own orders only, even knowing the key."""
    key = house.check_out("customer:1")["order_key"]
    body = {"order_keys": [key], "payment_method": "card"}

    assert house.call("POST", "/v1/payments", body, as_="customer:2").status_code == 404
    assert house.call("GET", "/v1/orders", as_="customer:2").json["items"] == []
    assert [o["key"] for o in house.call("GET", "/v1/orders", as_="staff").json["items"]] == [key]


def test_a_key_is_enough_and_a_token_is_not_looked_at(house: House) -> None:
    """Whoever holds the key may act, whatever token comes along."""
    key = house.check_out()["order_key"]

    assert house.call("GET", f"/v1/orders/{key}", as_="rubbish").status_code == 200
    assert house.call("POST", f"/v1/orders/{key}/cancel", as_="rubbish").status_code == 200


def test_refusals_come_in_order(house: House) -> None:
    """First who, then what: a stranger learns nothing from a bad path or body."""
    path, body = "/v1/payments/999/approve?x=4111111111111111", b"{"

    assert house.call("POST", path, body).status_code == 401
    assert house.call("POST", path, body, as_="customer:1").status_code == 403
    assert house.call("POST", path, body, as_="staff").status_code == 400


class TestPaymentMethods:
    """The one address that everybody may see and staff see more of."""

    def test_shows_names_of_the_enabled_to_everybody(self, house: House) -> None:
        """No backend, no settings, nothing that is switched off."""
        expected = {
            "items": [{"code": "cash", "name": "Cash"}, {"code": "card", "name": "Card"}],
            "next": None,
        }

        assert house.call("GET", "/v1/payment-methods").json == expected
        assert house.call("GET", "/v1/payment-methods", as_="customer:1").json == expected

    def test_shows_whole_methods_to_staff(self, house: House) -> None:
        """Staff see what is off, too."""
        items = house.call("GET", "/v1/payment-methods", as_="staff").json["items"]

        assert [item["code"] for item in items] == ["off", "cash", "card"]
        assert items[2]["backend"] == "sandbox"

    def test_refuses_a_bad_token(self, house: House) -> None:
        """A token that is shown has to be good."""
        assert house.call("GET", "/v1/payment-methods", as_="rubbish").status_code == 401


def b64(value: Any) -> str:
    """A part of a token."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def forged(claims: Any, header: Mapping[str, Any] | None = None, key: bytes | None = None) -> str:
    """A token as somebody might make one who knows, or does not know, our key."""
    signed = f"{b64({'alg': 'HS256', 'typ': 'JWT', **(header or {})})}.{b64(claims)}"
    real = hmac.digest(SECRET.encode(), b"kassa access tokens v1", "sha256")
    return f"{signed}.{b64(hmac.digest(real if key is None else key, signed.encode(), 'sha256'))}"


NOW = int(SetClock().now().timestamp())
GOOD = {"iss": "kassa", "aud": "kassa", "sub": "customer:1", "iat": NOW, "exp": NOW + 900}


def without(name: str) -> dict[str, Any]:
    """The good claims but one."""
    return {claim: value for claim, value in GOOD.items() if claim != name}


BAD_TOKENS = {
    "unsigned": f"{b64({'alg': 'none'})}.{b64(GOOD)}.",
    "none with a signature": forged(GOOD, {"alg": "none"}),
    "another algorithm": forged(GOOD, {"alg": "HS512"}),
    "an asymmetric algorithm": forged(GOOD, {"alg": "RS256"}),
    "another key": forged(GOOD, key=b"another key altogether, long enough"),
    "the bare secret": forged(GOOD, key=SECRET.encode()),
    "a key in the header": forged(GOOD, {"jwk": {"kty": "oct", "k": b64(b"mine")}}, b"mine"),
    "a key by address": forged(GOOD, {"jku": "https://evil.example/keys", "kid": "../../dev/null"}, b""),
    "critical extensions": forged(GOOD, {"crit": ["exp"]}),
    "an unencoded payload": forged(GOOD, {"b64": False, "crit": ["b64"]}),
    "no expiry": forged(without("exp")),
    "no issue time": forged(without("iat")),
    "no subject": forged(without("sub")),
    "no audience": forged(without("aud")),
    "no issuer": forged(without("iss")),
    "expired": forged({**GOOD, "exp": NOW - 1}),
    "expires now": forged({**GOOD, "exp": NOW}),
    "issued in the future": forged({**GOOD, "iat": NOW + 60}),
    "not valid before": forged({**GOOD, "nbf": NOW + 60}),
    "another audience": forged({**GOOD, "aud": "other"}),
    "another issuer": forged({**GOOD, "iss": "other"}),
    "an expiry in words": forged({**GOOD, "exp": "tomorrow"}),
    "an expiry without end": forged({**GOOD, "exp": None}),
    "a subject of a list": forged({**GOOD, "sub": ["customer:1"]}),
    "a number for a subject": forged({**GOOD, "sub": 1}),
    "a role there is not": forged({**GOOD, "sub": "admin:1"}),
    "no number": forged({**GOOD, "sub": "customer:"}),
    "a negative number": forged({**GOOD, "sub": "customer:-1"}),
    "a number in other digits": forged({**GOOD, "sub": "customer:\u0661"}),
    "a huge number": forged({**GOOD, "sub": "customer:" + "9" * 400}),
    "claims of a list": forged([1]),
    "claims that nest": forged(("[" * 20000 + "]" * 20000).encode()),
    "two parts": forged(GOOD).rpartition(".")[0],
    "five parts": forged(GOOD) + ".x.y",
    "no part": "token",
    "dots": "...",
    "huge": "a" * 100_000,
    "not of this alphabet": "ä.ö.ü",
    "spaces": forged(GOOD).replace(".", " . "),
}


class TestTokens:
    """Only what was signed under our key, for us, lately, by the one algorithm, lets anybody in."""

    @pytest.mark.parametrize("name", BAD_TOKENS)
    def test_refuses(self, name: str) -> None:
        """Whatever is wrong with a token, the answer is the same."""
        with pytest.raises(Unauthenticated):
            Tokens(SECRET, SetClock()).principal(BAD_TOKENS[name])

    @pytest.mark.parametrize("name", [n for n in BAD_TOKENS if BAD_TOKENS[n].isascii()])
    def test_answers_401_over_http(self, house: House, name: str) -> None:
        """No bad token is ever a fault of ours."""
        assert house.call("GET", "/v1/cart", as_=BAD_TOKENS[name]).status_code == 401

    def test_the_good_claims_are_good(self) -> None:
        """What the bad tokens differ from is accepted, so that each tests its own flaw."""
        assert Tokens(SECRET, SetClock()).principal(forged(GOOD)) == Principal(Role.CUSTOMER, 1)

    @pytest.mark.parametrize("principal", [Principal(Role.CUSTOMER, 5), Principal(Role.STAFF, 1)])
    def test_reads_what_it_issued(self, principal: Principal) -> None:
        """A token says who it is for."""
        tokens = Tokens(SECRET, SetClock())

        assert tokens.principal(tokens.issue(principal)) == principal

    def test_ends(self) -> None:
        """A token is good for its lifetime and not a second longer."""
        clock = SetClock()
        tokens = Tokens(SECRET, clock, 900)
        token = tokens.issue(Principal(Role.STAFF, 1))

        clock.advance(seconds=898)
        assert tokens.principal(token).id == 1
        clock.advance(seconds=3)
        with pytest.raises(Unauthenticated):
            tokens.principal(token)

    def test_lives_a_quarter_of_an_hour_at_least(self) -> None:
        """The contract promises it."""
        with pytest.raises(ValueError, match="900"):
            Tokens(SECRET, SetClock(), 899)

    def test_does_not_show_its_secret(self) -> None:
        """Nothing that prints the record prints what signs tokens."""
        assert SECRET not in repr(Tokens(SECRET, SetClock()))

    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "bearer", "Token x"])
    def test_refuses_other_headers(self, house: House, header: str) -> None:
        """Only bearer tokens are read."""
        answered = house.call("GET", "/v1/cart", headers={"Authorization": header})

        assert answered.status_code == 401

    def test_reads_the_scheme_in_any_case(self, house: House) -> None:
        """Schemes are told apart without regard to case (RFC 9110)."""
        token = house.token(Role.CUSTOMER, 1)

        answered = house.call("GET", "/v1/cart", headers={"Authorization": f"bEARER {token}"})

        assert answered.status_code == 200


class TestSigningIn:
    """Registering, signing in, and who one is."""

    def test_a_registered_customer_signs_in(self, house: House) -> None:
        """The token that is answered opens what is theirs."""
        body = {**BODIES["POST /v1/customers"], "first_name": "Zoë \U0001f600"}
        registered = house.call("POST", "/v1/customers", body)
        signed_in = house.call("POST", "/v1/tokens", {"email": body["email"], "password": body["password"]})
        me = house.call("GET", "/v1/customers/me", as_=signed_in.json["access_token"])

        assert (registered.status_code, signed_in.status_code) == (201, 201)
        assert signed_in.json["token_type"] == "Bearer"
        assert signed_in.json["expires_in"] == 3600
        assert me.json == registered.json
        assert me.json == {"id": 3, "first_name": "Zoë \U0001f600", "last_name": "B", "email": body["email"]}

    def test_staff_sign_in_at_the_same_place(self, house: House) -> None:
        """Their token opens what is for staff."""
        body = {"email": "staff@kassa.example", "password": "staff password"}
        token = house.call("POST", "/v1/tokens", body).json["access_token"]

        assert house.call("GET", "/v1/payment-methods/card", as_=token).status_code == 200

    def test_wrong_password_and_unknown_address_read_the_same(self, house: House) -> None:
        """Nobody learns who has an account."""
        wrong = house.call("POST", "/v1/tokens", {"email": "aysel@example.com", "password": "x"})
        unknown = house.call("POST", "/v1/tokens", {"email": "nobody@example.com", "password": "x"})

        assert wrong.text == unknown.text
        assert (wrong.status_code, wrong.json["code"]) == (401, "wrong_password")

    def test_too_many_wrong_passwords_are_turned_away(self, house: House) -> None:
        """After ten failures 429 says when to come back; other accounts are not touched."""
        wrong = {"email": "aysel@example.com", "password": "x"}
        statuses = [house.call("POST", "/v1/tokens", wrong).status_code for _ in range(11)]
        refused = house.call("POST", "/v1/tokens", BODIES["POST /v1/tokens"])
        other = {"email": "murad@example.com", "password": "murad password"}

        assert statuses == [401] * 10 + [429]
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "900")
        assert house.call("POST", "/v1/tokens", other).status_code == 201

    def test_a_taken_address_is_a_conflict(self, house: House) -> None:
        """In whatever case it is written."""
        body = {**BODIES["POST /v1/customers"], "email": "AYSEL@example.com"}

        assert house.call("POST", "/v1/customers", body).json["code"] == "email_taken"

    def test_a_token_outlives_no_customer(self, house: House) -> None:
        """A token for somebody who is not there finds nobody."""
        assert house.call("GET", "/v1/customers/me", as_="customer:99").status_code == 404
