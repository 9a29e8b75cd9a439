"""The floor: the four requests of a checkout as plain as they can be, with no rules at all.

Falcon, waitress and SQLAlchemy Core like the service, on the same schema, statements built once at
import; nothing is checked, signed, sealed or asked twice. What it writes are the rows of a minimal
checkout, in 26 statements and four transactions: what nobody can do without.

Run as `python -m benchmarks.floor DATABASE_URL [GATEWAY]`. With a gateway its two calls are made
too, each before the transaction that writes down what it said.
"""

import json
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import falcon
import requests
from sqlalchemy import Engine, create_engine

from benchmarks import floor_statements as floor
from benchmarks.serving import serve_like_kassa

THREADS = 8
CARD = "card"

Document = Mapping[str, Any]
Calls = Callable[[str, str, Document | None], Document]


class Item:
    """One thing in the cart."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def on_put(self, request: falcon.Request, response: falcon.Response, sku: str) -> None:
        """Put it there, and answer the cart."""
        customer, wanted = customer_of(request), json.loads(request.bounded_stream.read())
        with self._engine.begin() as connection:
            product = connection.execute(floor.PRODUCT, {"the_sku": sku}).one()
            cart = connection.execute(floor.CART, {"the_customer": customer}).one_or_none()
            lines = json.loads(cart.lines) if cart else {}
            lines[sku] = wanted["quantity"]
            row = {"id": str(customer), "customer_id": customer, "lines": json.dumps(lines)}
            connection.execute(floor.PUT_CART, row)
        line = {"sku": sku, "name": product.name, "unit_price": product.price, "currency": product.currency}
        response.data = json.dumps({"lines": lines, "put": line}).encode()


class Checkout:
    """A cart turned into an order and its payment."""

    def __init__(self, engine: Engine, call: Calls) -> None:
        self._engine, self._call = engine, call

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """Open a payment, then write everything down."""
        customer, wanted = customer_of(request), json.loads(request.bounded_stream.read())
        reference, key, scope = secrets.token_hex(10), secrets.token_urlsafe(24), secrets.token_hex(32)
        opening = {"merchant_ref": reference, "amount": 3998, "currency": "AZN"}
        opened = self._call("POST", "/v1/payments", opening)
        with self._engine.begin() as connection:
            run = connection.execute
            run(floor.TAKE_KEY, {"scope_hash": scope})
            cart = run(floor.LOCK_CART, {"the_customer": customer}).one()
            person = run(floor.CUSTOMER, {"the_customer": customer}).one()
            method = run(floor.METHOD, {"the_code": wanted["payment_method"]}).one()
            skus = list(json.loads(cart.lines))
            goods = run(floor.PRODUCTS, {"the_skus": ",".join(skus)}).all()
            order, payment = run(floor.NUMBERS).one()
            total = sum(product.price for product in goods)
            run(floor.ADD_ORDER, order_row(order, payment, customer, key, total, person))
            run(floor.ADD_LINES, line_rows(order, goods))
            run(floor.ADD_PAYMENT, payment_row(payment, customer, method.id, total, opening, opened))
            run(floor.ADD_SHARE, {"payment_id": payment, "order_id": order, "amount": total})
            run(floor.RESERVE, {"the_order": order})
            told = {"id": payment, "order_id": reference, "transaction_id": opened["id"]}
            told["amount"] = total / 100
            answer = json.dumps({"order_key": key, "payment": told, "next_step": opened["next_step"]})
            run(floor.KEEP_ANSWER, {"the_scope": scope, "body_sealed": answer})
        response.status, response.data = falcon.HTTP_201, answer.encode()


class News:
    """What the gateway says of a payment."""

    def __init__(self, engine: Engine, call: Calls) -> None:
        self._engine, self._call = engine, call

    def on_post(self, request: falcon.Request, response: falcon.Response, code: str, reference: str) -> None:
        """The money is there: write everything down."""
        body = request.bounded_stream.read().decode()
        told = self._call("GET", f"/v1/payments/{json.loads(body)['payment']['id']}", None)
        with self._engine.begin() as connection:
            run = connection.execute
            payment, customer, amount, order = run(floor.PAYMENT, {"the_reference": reference}).one()
            run(floor.ADD_NEWS, {"payment_id": payment, "path": request.path, "body": body})
            run(floor.PAY, {"the_payment": payment, "response": json.dumps(told)})
            run(floor.PROCESS, {"the_order": order})
            run(floor.SELL, {"the_order": order})
            run(floor.CLEAR_CART, {"the_customer": customer})
            event = json.dumps({"id": order, "paid": amount})
            run(floor.ADD_EVENT, {"subject_id": order, "data": event})
        response.data = b'{"received": true}'


def order_row(
    order: int, payment: int, customer: int, key: str, total: int, person: Sequence[str]
) -> Mapping[str, object]:
    """What differs from order to order."""
    return {
        "id": order,
        "key_hash": sha256(key.encode()).hexdigest(),
        "key_sealed": key,
        "checkout_id": key,
        "cart_id": str(customer),
        "customer_id": customer,
        "total": total,
        "placed_with": json.dumps({"contact": list(person)}),
        "payment_id": payment,
    }


def line_rows(order: int, goods: Sequence[Sequence[Any]]) -> Sequence[Mapping[str, object]]:
    """One row for each thing, of which one is bought."""
    return [
        {"order_id": order, "position": position, "sku": sku, "name": name, "unit_price": price}
        for position, (sku, name, price) in enumerate(goods)
    ]


def payment_row(
    payment: int, customer: int, method: int, total: int, opening: Document, opened: Document
) -> Mapping[str, object]:
    """What differs from payment to payment."""
    return {
        "id": payment,
        "order_id": opening["merchant_ref"],
        "customer_id": customer,
        "method_id": method,
        "amount": total,
        "transaction_id": opened["id"],
        "next_step": opened["next_step"],
        "request": json.dumps(opening),
        "response": json.dumps(opened),
    }


def customer_of(request: falcon.Request) -> int:
    """Whoever says so."""
    return int((request.auth or "").removeprefix("Bearer "))


def calling(gateway: str) -> Calls:
    """Calls through a plain pooled session."""
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=THREADS))

    def call(method: str, path: str, document: Document | None) -> Document:
        answer: Document = session.request(method, gateway + path, json=document, timeout=10).json()
        return answer

    return call


def calling_nobody(method: str, path: str, document: Document | None) -> Document:
    """What a gateway would have said."""
    made_up = secrets.token_hex(8)
    return {"id": made_up, "next_step": f"http://127.0.0.1:1/pay/{made_up}", "status": "captured"}


def app_over(database_url: str, call: Calls) -> falcon.App[Any, Any]:
    """The three resources over a pool of a connection for each thread."""
    engine = create_engine(database_url, pool_size=THREADS, max_overflow=0, pool_reset_on_return=None)
    app = falcon.App()
    app.add_route("/v1/cart/items/{sku}", Item(engine))
    app.add_route("/v1/cart/checkout", Checkout(engine, call))
    app.add_route("/v1/callbacks/{code}/{reference}", News(engine, call))
    return app


if __name__ == "__main__":
    call = calling(sys.argv[2]) if len(sys.argv) > 2 else calling_nobody
    serve_like_kassa(lambda: app_over(sys.argv[1], call), threads=THREADS)
