"""Every call of the API and every step of the background work, about as many things as one likes."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.ids import Sku
from tests.builders import make_cart, make_product
from tests.web.house import House

AYSEL = "customer:1"

Act = Callable[[], Any]
# Prepares so many of whatever it is about, and answers what is then to be watched.
Deed = Callable[[House, int], Act]


def call(method: str, path: str, body: Any = None, **how: Any) -> Deed:
    """A call that needs no preparation."""
    return lambda house, _: _calling(house, method, path, body, **how)


def _calling(house: House, method: str, path: str, body: Any = None, **how: Any) -> Act:
    def act() -> None:
        answer = house.call(method, path, body, **how)
        assert answer.status_code < 400, answer.text

    return act


def _goods(house: House, many: int) -> list[Sku]:
    """Goods, each of a seller of its own."""
    skus = [Sku(f"thing-{number:03}") for number in range(many)]
    with house.storage.begin() as uow:
        for sku in skus:
            uow.products.add(make_product(sku, seller=f"Seller of {sku}", on_hand=1000))
        uow.commit()
    return skus


def _cart(house: House, many: int) -> list[Sku]:
    """Aysel's cart, with a line for each of them."""
    skus = _goods(house, many)
    with house.storage.begin() as uow:
        uow.carts.save(make_cart(1, **dict.fromkeys(skus, 2)))
        uow.commit()
    return skus


def _checkout(house: House, many: int, method: str = "card") -> Any:
    """A checkout of as many orders, under one payment."""
    _cart(house, many)
    answer = house.call("POST", "/v1/cart/checkout", {"payment_method": method}, as_=AYSEL)
    assert answer.status_code == 201, answer.text
    return answer.json


def _callback(house: House, checkout: Any, path: str | None = None, method: str = "POST") -> Act:
    reference = checkout["payment"]["order_id"]
    now = house.clock.now().timestamp()
    received = house.gateway.callback(reference, method=method, now=now)

    def act() -> None:
        answer = house.client.simulate_request(
            received.method,
            path or received.path,
            query_string=received.query,
            headers=dict(received.headers),
            body=received.body,
        )
        assert answer.status_code in {200, 303}, answer.text

    return act


def _confirmed(house: House, many: int) -> Any:
    checkout = _checkout(house, many)
    house.gateway.confirm(checkout["payment"]["order_id"])
    return checkout


def put_cart_item(house: House, many: int) -> Act:
    """One more line beside the others."""
    _cart(house, many)
    return _calling(house, "PUT", "/v1/cart/items/kettle", {"quantity": 1}, as_=AYSEL)


def delete_cart_item(house: House, many: int) -> Act:
    """One line less, where others stay."""
    (sku, *_) = _cart(house, many + 1)
    return _calling(house, "DELETE", f"/v1/cart/items/{sku}", as_=AYSEL)


def with_cart(method: str, path: str, body: Any = None, **how: Any) -> Deed:
    """A call about a full cart."""

    def deed(house: House, many: int) -> Act:
        _cart(house, many)
        return _calling(house, method, path, body, as_=AYSEL, **how)

    return deed


def check_out_anew(house: House, many: int) -> Act:
    """The bank has refused the first time."""
    checkout = _checkout(house, many)
    house.gateway.decline(checkout["payment"]["order_id"])
    _callback(house, checkout)()
    return _calling(house, "POST", "/v1/cart/checkout", {"payment_method": "card"}, as_=AYSEL, key="again")


def replay(house: House, many: int) -> Act:
    """The same call with the same key once more."""
    _cart(house, many)
    again = _calling(house, "POST", "/v1/cart/checkout", {"payment_method": "card"}, as_=AYSEL, key="same")
    again()
    return again


def of_order(method: str, rest: str = "", body: Any = None, *, paid_by: str = "cash", **how: Any) -> Deed:
    """A call about one of several orders that one payment is for."""

    def deed(house: House, many: int) -> Act:
        key = _checkout(house, many, paid_by)["order_key"]
        return _calling(house, method, f"/v1/orders/{key}{rest}", body, **how)

    return deed


def check_out_order(house: House, many: int) -> Act:
    """One of several orders is paid in another way, which ends the payment of the others."""
    return of_order("POST", "/checkout", CHECKOUT, key="k")(house, many + 1)


def check_out_orders(house: House, many: int) -> Act:
    """All orders of a checkout that failed, by one payment."""
    checkout = _checkout(house, many)
    house.gateway.decline(checkout["payment"]["order_id"])
    _callback(house, checkout)()
    body = {"payment_method": "card", "order_keys": checkout["order_keys"]}
    return _calling(house, "POST", "/v1/payments", body, as_=AYSEL, key="k")


def move_order(house: House, many: int) -> Act:
    """A paid one is shipped."""
    checkout = _confirmed(house, many)
    _callback(house, checkout)()
    path = f"/v1/orders/{checkout['order_key']}/status"
    return _calling(house, "POST", path, {"status": "SHIPPED"}, as_="staff")


def of_payment(method: str, path: str, *, paid_by: str = "cash", **how: Any) -> Deed:
    """A call about a payment for several orders."""

    def deed(house: House, many: int) -> Act:
        payment = _checkout(house, many, paid_by)["payment"]
        return _calling(house, method, path.format(id=payment["id"]), **how)

    return deed


def listing(path: str, prepare: Callable[[House, int], object], as_: str | None) -> Deed:
    """A list with as many items."""

    def deed(house: House, many: int) -> Act:
        prepare(house, many)
        return _calling(house, "GET", path, query_string="limit=100", as_=as_)

    return deed


def _payments(house: House, many: int) -> None:
    (sku,) = _goods(house, 1)
    for number in range(many):
        with house.storage.begin() as uow:
            uow.carts.save(make_cart(1, f"cart-{number}", **{sku: 1}))
            uow.commit()
        _calling(house, "POST", "/v1/cart/checkout", {"payment_method": "cash"}, as_=AYSEL)()


def _methods(house: House, many: int) -> None:
    for number in range(many):
        body = {"name": "Cash", "backend": "manual"}
        _calling(house, "PUT", f"/v1/payment-methods/cash-{number}", body, as_="staff")()


def hear_callback(house: House, many: int) -> Act:
    """The bank has confirmed the payment of several orders."""
    return _callback(house, _confirmed(house, many))


def hear_callback_again(house: House, many: int) -> Act:
    """What it tells is known already."""
    again = _callback(house, _confirmed(house, many))
    again()
    return again


def land(house: House, many: int) -> Act:
    """The customer comes back from paying."""
    return _callback(house, _confirmed(house, many), method="GET")


def at_the_method(method: str) -> Deed:
    """The same at the address that names no payment."""
    return lambda house, many: _callback(house, _confirmed(house, many), "/v1/callbacks/card", method)


def relay(house: House, many: int) -> Act:
    """The events of several orders."""
    _checkout(house, many)
    return house.application.relay


def look(house: House, many: int) -> Act:
    """A payment that nobody has made in time."""
    _checkout(house, many)
    house.clock.advance(hours=1)
    return house.application.look_after_payments


def prune(house: House, many: int) -> Act:
    """What a long time has left."""
    checkout = _confirmed(house, many)
    _callback(house, checkout)()
    while house.application.relay():
        pass
    house.clock.advance(days=4000)
    return house.application.prune


CHECKOUT = {"payment_method": "card"}
PERSON = {"first_name": "A", "last_name": "B", "email": "new@example.com", "password": "a long password"}
SIGN_IN = {"email": "aysel@example.com", "password": "aysel password"}
PRODUCT = {"name": "Lamp", "price": {"amount": 5, "currency": "AZN"}, "stock": 5}
CREDIT = {"amount": {"amount": 500, "currency": "AZN"}, "reason": "a late parcel"}
METHOD = {"name": "Cash", "backend": "manual"}

# By the call's method and path, as the API declares them; what stands in brackets tells cases apart.
DEEDS: Mapping[str, Deed] = {
    "POST /v1/customers": call("POST", "/v1/customers", PERSON),
    "POST /v1/tokens": call("POST", "/v1/tokens", SIGN_IN),
    "GET /v1/customers/me": call("GET", "/v1/customers/me", as_=AYSEL),
    "GET /v1/products": listing("/v1/products", _goods, None),
    "GET /v1/products/{sku}": call("GET", "/v1/products/kettle"),
    "PUT /v1/products/{sku}": call("PUT", "/v1/products/lamp", PRODUCT, as_="staff"),
    "PUT /v1/products/{sku} (again)": call("PUT", "/v1/products/kettle", PRODUCT, as_="staff"),
    "GET /v1/cart": with_cart("GET", "/v1/cart"),
    "DELETE /v1/cart": with_cart("DELETE", "/v1/cart"),
    "PUT /v1/cart/items/{sku}": put_cart_item,
    "PUT /v1/cart/items/{sku} (the first)": call("PUT", "/v1/cart/items/kettle", {"quantity": 1}, as_=AYSEL),
    "DELETE /v1/cart/items/{sku}": delete_cart_item,
    "GET /v1/cart/payment-methods": with_cart("GET", "/v1/cart/payment-methods"),
    "POST /v1/cart/checkout": with_cart("POST", "/v1/cart/checkout", CHECKOUT, key="k"),
    "POST /v1/cart/checkout (after a refusal)": check_out_anew,
    "POST /v1/cart/checkout (the same key)": replay,
    "POST /v1/orders/{key}/checkout": check_out_order,
    "POST /v1/payments": check_out_orders,
    "GET /v1/payments": listing("/v1/payments", _payments, AYSEL),
    "GET /v1/payments (staff)": listing("/v1/payments", _payments, "staff"),
    "GET /v1/orders": listing("/v1/orders", _checkout, AYSEL),
    "GET /v1/orders (staff)": listing("/v1/orders", _checkout, "staff"),
    "GET /v1/orders/{key}": of_order("GET"),
    "POST /v1/orders/{key}/cancel": of_order("POST", "/cancel", {}, key="k"),
    "POST /v1/orders/{key}/cancel (card)": of_order("POST", "/cancel", {}, paid_by="card", key="k"),
    "POST /v1/orders/{key}/status": move_order,
    "GET /v1/payments/{id}": of_payment("GET", "/v1/payments/{id}", as_=AYSEL),
    "POST /v1/payments/{id}/approve": of_payment("POST", "/v1/payments/{id}/approve", as_="staff", key="k"),
    "GET /v1/bills/{id}": of_payment("GET", "/v1/bills/{id}", as_=AYSEL),
    "POST /v1/bills/{id}/verify": of_payment("POST", "/v1/bills/{id}/verify", paid_by="card", as_="staff"),
    "GET /v1/payment-methods": listing("/v1/payment-methods", _methods, None),
    "GET /v1/payment-methods/{code}": call("GET", "/v1/payment-methods/card", as_="staff"),
    "PUT /v1/payment-methods/{code}": call("PUT", "/v1/payment-methods/new", METHOD, as_="staff"),
    "PUT /v1/payment-methods/{code} (again)": call("PUT", "/v1/payment-methods/cash", METHOD, as_="staff"),
    "DELETE /v1/payment-methods/{code}": call("DELETE", "/v1/payment-methods/cash", as_="staff"),
    "GET /v1/backends": call("GET", "/v1/backends", as_="staff"),
    "GET /v1/orders/{key}/payment-methods": of_order("GET", "/payment-methods"),
    "POST /v1/callbacks/{code}": at_the_method("POST"),
    "GET /v1/callbacks/{code}": at_the_method("GET"),
    "POST /v1/callbacks/{code}/{order_id}": hear_callback,
    "POST /v1/callbacks/{code}/{order_id} (again)": hear_callback_again,
    "GET /v1/callbacks/{code}/{order_id}": land,
    "GET /v1/wallet": call("GET", "/v1/wallet", as_=AYSEL),
    "GET /v1/customers/{id}/wallet": call("GET", "/v1/customers/1/wallet", as_="staff"),
    "POST /v1/customers/{id}/wallet": call("POST", "/v1/customers/1/wallet", CREDIT, as_="staff", key="k"),
    "relay": relay,
    "relay (nothing to tell)": lambda house, _: house.application.relay,
    "janitor": look,
    "janitor (nothing due)": lambda house, _: house.application.look_after_payments,
    "pruning": prune,
    "pruning (nothing old)": lambda house, _: house.application.prune,
}
