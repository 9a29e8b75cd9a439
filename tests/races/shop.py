"""A shop for races: its people and goods made quickly, its answers read strictly, its books counted."""

import itertools
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import attrs
import requests

from adapters.web.auth import Tokens
from domain.cart import Cart
from domain.ids import CustomerId, Sku
from tests.beside import beside, customers, token_of, tokens
from tests.processes import Sandbox, Service, kassa
from tests.races import stored
from tests.races.wire import SECONDS_MAX, Wire
from tests.steps.http_gateway import APPROVED, GatewaySide, poll

PRICE = 1500
T = TypeVar("T")

_numbers = itertools.count(1)


def at_once(deeds: Sequence[Callable[[], T]]) -> list[T]:
    """Does everything at the same moment, each on a thread of its own; answers in the same order."""
    ready = threading.Barrier(len(deeds))

    def run(deed: Callable[[], T]) -> T:
        ready.wait(SECONDS_MAX)
        return deed()

    with ThreadPoolExecutor(len(deeds)) as threads:
        return list(threads.map(run, deeds))


@attrs.define
class Shop:
    """A running service and its gateway, with a method `card` there and whatever a race needs.

    `received` counts the units that were put in stock, of each product.
    """

    service: Service
    sandbox: Sandbox
    staff: str = ""
    received: dict[str, int] = attrs.field(factory=dict)

    @classmethod
    @contextmanager
    def running(cls, folder: Path, **settings: Any) -> Iterator[Self]:
        """A service with these settings, at a gateway that has no other merchant."""
        folder.mkdir(parents=True, exist_ok=True)
        sandbox = Sandbox.start(folder)
        service = Service.start(folder, **settings)
        yield cls(service, sandbox).open()
        service.stop()
        sandbox.stop()

    def open(self) -> Self:
        """Signs staff in and sets the methods up."""
        self.staff = self.service.staff_token()
        gateway = self.sandbox.settings("sandbox")
        self.put("payment-methods/card", {"name": "Card", "backend": "sandbox", "settings": gateway})
        slow = {"name": "Card, approved", "backend": "sandbox", "settings": gateway, "auto_approve": False}
        self.put("payment-methods/approved", slow)
        self.put("payment-methods/direct", {"name": "On account", "backend": "manual"})
        self.put("payment-methods/later", {"name": "Later", "backend": "manual", "auto_approve": False})
        return self

    @property
    def database_url(self) -> str:
        """Where its books are."""
        return self.service.program.settings["KASSA_DATABASE_URL"]

    @property
    def wire(self) -> Wire:
        """The service's HTTP side."""
        return Wire(self.service.address)

    @cached_property
    def gateway(self) -> GatewaySide:
        """The gateway's pages and its control side."""
        return GatewaySide(self.sandbox)

    def put(self, path: str, body: Any) -> Any:
        """Staff set something up."""
        answer = self.wire("PUT", f"/v1/{path}", body, token=self.staff)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()

    def product(self, stock: int, price: int = PRICE, seller: str | None = None) -> str:
        """A product of its own; answers its sku."""
        sku = f"sku-{next(_numbers)}"
        self.restock(sku, stock, price, seller)
        self.received[sku] = stock
        return sku

    def restock(self, sku: str, stock: int, price: int = PRICE, seller: str | None = None) -> None:
        """Sets the units on hand."""
        about = {"name": sku, "price": {"amount": price, "currency": "AZN"}, "stock": stock}
        self.put(f"products/{sku}", about | ({"seller": seller} if seller else {}))

    @property
    def tokens(self) -> Tokens:
        """What the service knows people by."""
        return tokens(self.service)

    def customers(self, count: int) -> list[str]:
        """Tokens of so many new customers."""
        return [token_of(self.service, customer) for customer in customers(self.service, count)]

    def fill_all(self, tokens: Iterable[str], *skus: str) -> None:
        """Has each of many customers want one of each of these, and nothing else."""
        ids = [CustomerId(self.tokens.principal(token).id) for token in tokens]
        with beside(self.service) as application, application.register.begin() as uow:
            keys, today = application.fill_cart.keys, application.clock.now().date()
            for customer_id in ids:
                cart = uow.carts.of(customer_id) or Cart(keys.cart_id(), customer_id, changed_on=today)
                cart.lines, cart.checkout_id = {Sku(sku): 1 for sku in skus}, None
                uow.carts.save(cart)
            uow.commit()

    def filled(self, *skus: str, quantity: int = 1) -> str:
        """The token of a new customer with these in the cart."""
        (token,) = self.customers(1)
        for sku in skus:
            self.fill(token, sku, quantity)
        return token

    def fill(self, token: str, sku: str, quantity: int = 1) -> None:
        """Puts units in a customer's cart."""
        put = self.wire("PUT", f"/v1/cart/items/{sku}", {"quantity": quantity}, token=token)
        assert put.status_code == 200, put.text

    def check_out(self, token: str, *, key: str | None = None, method: str = "card") -> requests.Response:
        """Checks a cart out, whatever comes of it."""
        return self.wire("POST", "/v1/cart/checkout", {"payment_method": method}, token=token, key=key)

    def checked_out(self, token: str, method: str = "card") -> Any:
        """The answer of a checkout that must succeed."""
        answer = self.check_out(token, method=method)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def use_page(self, ref: str, **form: str) -> str:
        """The customer uses the hosted page that the gateway has for this reference; answers the return."""
        (payment,) = self.gateway.payments(ref)
        form = form or {"card_number": APPROVED, "expiry": "12/40", "cvc": "123"}
        page = f"{self.sandbox.address}/pay/{payment['id']}"
        answer = requests.post(page, data=form, timeout=SECONDS_MAX, allow_redirects=False)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def come_back(self, location: str) -> requests.Response:
        """The customer follows the signed return to the service."""
        parts = urlsplit(location)
        return self.wire("GET", f"{parts.path}?{parts.query}")

    def struck(self) -> int:
        """How often the faults that are armed now have struck."""
        return sum(rule["struck"] for rule in self.sandbox.control("GET", "faults").json()["items"])

    def order(self, key: str) -> Any:
        """An order as its key shows it."""
        return self.wire("GET", f"/v1/orders/{key}").json()

    def await_order(self, key: str, status: str, seconds: float = 20) -> Any:
        """Waits until the order has that status."""
        assert poll(lambda: self.order(key)["status"] == status, seconds), self.order(key)
        return self.order(key)

    def payment(self, payment_id: int) -> Any:
        """A payment as staff see it."""
        return self.wire("GET", f"/v1/payments/{payment_id}", token=self.staff).json()

    def bill(self, payment_id: int) -> Any:
        """Its bill as staff see it."""
        return self.wire("GET", f"/v1/bills/{payment_id}", token=self.staff).json()

    def cart(self, token: str) -> dict[str, int]:
        """What is in a customer's cart."""
        lines = self.wire("GET", "/v1/cart", token=token).json()["lines"]
        return {line["sku"]: line["quantity"] for line in lines}

    def stock(self, sku: str) -> tuple[int, int]:
        """Units on hand, and reserved."""
        stock = self.wire("GET", f"/v1/products/{sku}").json()["stock"]
        return stock["on_hand"], stock["reserved"]

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database says, read without the service."""
        return stored.rows(self.database_url, sql, *values)

    def events(self, subject: str, subject_id: int) -> list[str]:
        """The types of all events of one order or payment, in order."""
        found = self.rows(
            "SELECT type FROM outbox WHERE subject = ? AND subject_id = ? ORDER BY sequence",
            subject,
            subject_id,
        )
        return [type_ for (type_,) in found]

    def journal(self, *refs: str) -> Counter[str]:
        """How often each kind of move happened to the money of these references, at the gateway."""
        items = self.sandbox.control("GET", "journal").json()["items"]
        return Counter(entry["kind"] for entry in items if entry["merchant_ref"] in refs)

    def refs(self, *order_ids: int) -> list[str]:
        """The references of all payments that these orders ever had."""
        marks = ", ".join("?" * len(order_ids))
        found = self.rows(
            "SELECT p.order_id FROM payments p JOIN payment_orders o ON o.payment_id = p.id"
            f" WHERE o.order_id IN ({marks})",
            *order_ids,
        )
        return [ref for (ref,) in found]

    def ensure_sold_once(self, order: Mapping[str, Any]) -> None:
        """An order that is paid: one transition, one event, one capture, in each of the books."""
        key, order_id = order["key"], order["id"]
        now = self.order(key)
        assert (now["status"], now["payment_status"]) == ("PROCESSING", "1"), now
        assert [move["to"] for move in now["history"]].count("PROCESSING") == 1, now["history"]
        assert self.events("order", order_id).count("order.paid") == 1
        succeeded = [self.events("payment", id_).count("payment.succeeded") for id_ in now["payments"]]
        assert sum(succeeded) == 1, succeeded
        assert self.journal(*self.refs(order_id))["captured"] == 1

    def verify(self) -> None:
        """`kassa verify` finds nothing wrong."""
        assert "no breach" in kassa("verify", settings=self.service.program.settings)
