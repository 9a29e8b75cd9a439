"""What customers, staff and gateways do in a case: one till for each backend of one service."""

import itertools
from typing import Any

import attrs
import requests

from adapters.gateways.registry import backends
from adapters.gateways.transport import Transport
from application.gateways import Instruction, Opening
from domain.ids import GatewayOrderId
from domain.money import Currency, Money
from domain.people import Contact
from tests.accounts import SETTINGS
from tests.door import Door
from tests.races.shop import PRICE, Shop
from tests.races.wire import SECONDS_MAX
from tests.steps.http_gateway import APPROVED, poll

DECLINED = "4000 0000 0000 0116"
STOCK = 5
CUSTOMERS = 40
AZN = Currency("AZN", 2)

ONLINE = tuple(SETTINGS)
OFFLINE = ("manual", "wallet")

# A declined card leaves these open for another one, until the gateway itself ends the payment.
PATIENT = frozenset({"stripe", "paypal"})
# A callback of these names no reference of ours; it is about the payment at whose address it arrives.
NAMELESS = frozenset({"mollie"})
# Asked about one of its numbers, it tells neither our reference nor an amount.
SILENT = frozenset({"paynow"})

_numbers = itertools.count(1)


@attrs.frozen
class Opened:
    """A payment that was opened at a gateway under our reference, and where the customer goes."""

    ref: str
    next_step: str | None


@attrs.frozen
class Bought(Opened):
    """A checkout that was accepted."""

    sku: str
    token: str
    key: str
    order: Any
    payment_id: int


@attrs.frozen
class Till:
    """One backend of the service, with everybody who has to do with it."""

    backend: str
    shop: Shop
    door: Door
    transport: Transport
    tokens: list[str]

    # the customer

    def customer(self) -> str:
        """The token of somebody who has bought nothing yet."""
        if not self.tokens:
            self.tokens.extend(self.shop.customers(CUSTOMERS))
        return self.tokens.pop()

    def check_out(self, token: str, method: str | None = None) -> requests.Response:
        """Checks the cart out, whatever comes of it."""
        return self.shop.check_out(token, method=method or self.backend)

    def filled(self) -> tuple[str, str]:
        """A customer with one unit of a new product in the cart; answers the token and the sku."""
        token, sku = self.customer(), self.shop.product(stock=STOCK)
        self.shop.fill(token, sku)
        return token, sku

    def bought(self) -> Bought:
        """A checkout by this backend's method."""
        token, sku = self.filled()
        return accepted(self.check_out(token), token, sku)

    def unheard(self, answer: requests.Response, token: str, sku: str) -> Bought:
        """A checkout whose opening at the gateway nobody has heard the end of."""
        assert answer.status_code == 503, answer.text
        (key,) = answer.json()["order_keys"]
        order = self.shop.order(key)
        payment = self.shop.payment(order["payments"][0])
        return Bought(payment["order_id"], None, sku, token, key, order, payment["id"])

    def bought_on_hold(self) -> Bought:
        """A checkout by the method that holds money here; an account's callbacks are its own meanwhile."""
        token, sku = self.filled()
        code = held(self.backend)
        self.door.ways[f"/v1/callbacks/{self.backend}"] = f"{self.door.behind}/v1/callbacks/{code}"
        return accepted(self.check_out(token, code), token, sku)

    def buy_again(self, before: Bought) -> Bought:
        """Pays for the same order anew, by its key."""
        path, body = f"/v1/orders/{before.key}/checkout", {"payment_method": self.backend}
        return accepted(self.shop.wire("POST", path, body), before.token, before.sku)

    def cancel(self, bought: Bought) -> requests.Response:
        """The customer gives the order up, whatever comes of it."""
        return self.shop.wire("POST", f"/v1/orders/{bought.key}/cancel")

    def pay(self, bought: Opened, card: str = APPROVED) -> str:
        """The customer fills the gateway's page in, and is answered when the shop has heard of it.

        Answers where they are sent on to; nowhere where they may try another card.
        """
        form = {"card_number": card, "expiry": "12/40", "cvc": "123"}
        return self._browse("POST", bought, data=form)

    def look_at_page(self, bought: Opened) -> str:
        """The customer opens the gateway's page once more; answers where that sends them."""
        return self._browse("GET", bought)

    def _browse(self, method: str, bought: Opened, **more: Any) -> str:
        assert bought.next_step
        answer = requests.request(
            method, bought.next_step, timeout=SECONDS_MAX, allow_redirects=False, **more
        )
        assert answer.status_code in {200, 303}, answer.text[:500]
        return answer.headers.get("Location", "")

    def come_back(self, location: str) -> str:
        """The customer comes back to the shop; answers what they are told there."""
        assert location.startswith(self.door.address), location
        answer = self.shop.come_back(location)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"].rpartition("status=")[2]

    # the gateway

    def arm(self, op: str, action: str, bought: Bought | None = None, *, nth: int = 1, **params: Any) -> None:
        """Arms a fault for one payment as long as it lasts, or for the next one to be opened."""
        rule: dict[str, Any] = {"op": op, "action": action, "nth": nth, "params": params}
        whose = {"merchant_ref": bought.ref, "times": None} if bought else {"times": 1}
        self.shop.sandbox.control("POST", "faults", json={**rule, **whose})

    def at_peace(self) -> None:
        """Takes every fault back, and lets every path lead where it says."""
        self.shop.sandbox.control("DELETE", "faults")
        self.door.ways.clear()

    def refuse(self, bought: Bought) -> None:
        """The bank says no, and where a customer might try on, the gateway ends the payment at last."""
        self.pay(bought, DECLINED)
        if self.backend in PATIENT:
            assert self.shop.order(bought.key)["status"] == "HOLD"
            self.shop.gateway.force(bought.ref, "expired")

    def reports(self, bought: Opened) -> list[dict[str, Any]]:
        """The callbacks about a payment, each with what the service said to it."""
        deliveries = self.shop.sandbox.control("GET", "deliveries").json()["items"]
        return [each for each in deliveries if each["merchant_ref"] == bought.ref]

    def answers(self, bought: Opened) -> set[int | None]:
        """What the service said to the callbacks about a payment, once it has answered them all."""

        def told() -> set[int | None]:
            return {each["response_status"] for each in self.reports(bought)}

        poll(lambda: told() and None not in told())
        return told()

    def report_again(self, bought: Bought) -> int | None:
        """The gateway sends its last callback about a payment once more, as it should be."""
        last = self.reports(bought)[-1]["id"]
        status = self.shop.sandbox.control("POST", f"deliveries/{last}/replay").json()["response_status"]
        return status if status is None else int(status)

    def misdirect(self, bought: Bought, to: Bought) -> None:
        """Whoever carries the callbacks about one payment takes them to the address of another."""
        path = f"/v1/callbacks/{self.backend}"
        elsewhere = f"{self.door.behind}{path}/{to.ref}"
        self.door.ways |= {path: elsewhere, f"{path}/{bought.ref}": elsewhere}

    # what stands in the books

    def status(self, bought: Bought) -> tuple[str, str]:
        """Of the order, and of its payment."""
        order = self.shop.order(bought.key)
        return order["status"], order["payment_status"]

    def await_status(self, bought: Bought, status: str) -> None:
        """Waits until the order has it."""
        self.shop.await_order(bought.key, status)

    def ensure_sold_once(self, bought: Bought) -> None:
        """Paid and sold, once in every book: the order's, the payment's, the stock's and the gateway's."""
        self.await_status(bought, "PROCESSING")
        self.shop.ensure_sold_once(bought.order)
        assert self.shop.stock(bought.sku) == (STOCK - 1, 0)

    def ensure_undecided(self, bought: Bought) -> None:
        """The order waits, its goods are held, and nothing is taken for paid."""
        assert self.status(bought) == ("HOLD", "0")
        assert self.shop.payment(bought.payment_id)["status"] == "1"
        assert self.shop.stock(bought.sku) == (STOCK, 1)

    def ensure_waiting(self, bought: Bought) -> None:
        """Nobody has paid, and nobody doubts that anybody will."""
        self.ensure_undecided(bought)
        assert self.bill(bought)["state"] == "waiting"

    def ensure_free(self, bought: Bought) -> None:
        """The order has failed, and its goods are free."""
        self.await_status(bought, "FAILED")
        assert self.status(bought) == ("FAILED", "2")
        assert self.shop.stock(bought.sku) == (STOCK, 0)

    def bill(self, bought: Bought) -> Any:
        """The gateway's side of the payment, as staff see it."""
        return self.shop.bill(self.shop.payment(bought.payment_id)["bill_id"])

    def ask(self, bought: Bought) -> None:
        """Staff have the gateway asked."""
        path = f"/v1/bills/{self.bill(bought)['id']}/verify"
        assert self.shop.wire("POST", path, token=self.shop.staff).status_code == 200

    def moves(self, bought: Bought, kind: str) -> list[int]:
        """The amounts of one kind of move that the gateway's own journal has of a payment."""
        items = self.shop.sandbox.control("GET", "journal").json()["items"]
        return [
            each["amount"] for each in items if (each["merchant_ref"], each["kind"]) == (bought.ref, kind)
        ]

    def known(self) -> dict[str, dict[str, bool]]:
        """What each backend can do, as the service itself tells."""
        shown = self.shop.wire("GET", "/v1/backends", token=self.shop.staff).json()["items"]
        return {each["name"]: each["capabilities"] for each in shown}

    # the adapter, driven by itself: what it can do that no call of ours asks for yet

    def adapter(self, *, holds: bool = False) -> Any:
        """Connected as the service's method is."""
        kind: Any = backends(self.transport)[self.backend]
        return kind.connect(self.shop.sandbox.settings(self.backend, holds=holds))

    def strangers_payment(self) -> Opened:
        """A payment in the merchant's own account that the service never opened."""
        ref = GatewayOrderId(f"strangers-{next(_numbers)}")
        opening = Opening(
            order_id=ref,
            amount=Money(PRICE, AZN),
            callback_url=f"{self.door.address}/v1/callbacks/{self.backend}/{ref}",
            idempotency_key=f"{ref}:create:1",
            buyer=Contact("aysel@example.com", "Aysel", "Quliyeva"),
        )
        return Opened(ref, self.adapter().initiate(opening).next_step)

    def instruction(self, bought: Bought, minor: int) -> Instruction:
        """To move this much of a payment's money."""
        return Instruction(
            order_id=GatewayOrderId(bought.ref),
            transaction_id=self.bill(bought)["transaction_id"],
            amount=Money(minor, AZN),
            of=Money(PRICE, AZN),
            idempotency_key=f"{bought.ref}:move:{next(_numbers)}",
        )


def accepted(answer: requests.Response, token: str, sku: str) -> Bought:
    """The checkout that an answer tells of."""
    assert answer.status_code == 201, answer.text
    told = answer.json()
    payment = told["payment"]
    order, next_step = told["orders"][0], told["next_step"]
    return Bought(payment["order_id"], next_step, sku, token, told["order_key"], order, payment["id"])


def held(backend: str) -> str:
    """The method that holds money at this backend."""
    return f"{backend}-held"
