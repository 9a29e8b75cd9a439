"""Whole checkouts by redirect through every gateway: the service as it is wired, real sockets behind it.

The gateways are the scripted bank in each one's own dialect; what they call back is delivered as it is.
"""

import itertools
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import attrs
import falcon.testing
import pytest

from adapters.sql.migrate import upgrade
from adapters.system import SystemClock
from adapters.web.auth import Tokens
from application.accounts import Principal, Role
from application.gateways import Received
from domain.ids import MethodCode, Sku
from domain.money import Currency, Money
from entrypoints.bootstrap import Kassa, opened
from entrypoints.settings import Settings
from entrypoints.wsgi import web_app
from tests.contract.test_gateways import ALL, DIALECTS, SIGNING
from tests.fakes import Bank
from tests.gateways.stub import Dialect, serving

KETTLE, PRICE = Sku("kettle"), 4000
SECRET = "a secret for whole checkouts, long enough"

REDIRECTING = [name for name in ALL if name != "fake"]

_numbers = itertools.count(1)


@attrs.frozen
class Counter:
    """The service with one gateway behind it, and somebody who buys there."""

    kassa: Kassa
    client: falcon.testing.TestClient
    tokens: Tokens
    code: str
    bank: Bank
    dialect: Dialect

    def call(
        self, method: str, path: str, body: Any = None, token: str | None = None
    ) -> falcon.testing.Result:
        """One call of the API."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.client.simulate_request(method, path, json=body, headers=headers)

    def customer(self) -> str:
        """The token of a new customer, with one kettle in the cart."""
        with self.kassa.application.register.begin() as uow:
            email = f"buyer-{next(_numbers)}@shop.test"
            person = uow.people.add_customer("Aysel", "Quliyeva", email, "none")
            uow.commit()
        token = self.tokens.issue(Principal(Role.CUSTOMER, person.id))
        assert self.call("PUT", f"/v1/cart/items/{KETTLE}", {"quantity": 1}, token).status_code == 200
        return token

    def check_out(self, token: str) -> falcon.testing.Result:
        """Check the cart out, whatever comes of it."""
        return self.call("POST", "/v1/cart/checkout", {"payment_method": self.code}, token)

    def waiting(self) -> tuple[str, str]:
        """A checkout whose customer was sent to the gateway: its order's key and its reference there."""
        answer = self.check_out(self.customer())
        assert answer.status_code == 201, answer.text
        assert answer.json["next_step"].startswith(f"{self.bank.address}/pay/")
        return answer.json["order_key"], answer.json["payment"]["order_id"]

    def pay(self, reference: str) -> None:
        """The customer pays; where the shop has to collect, they agree to it."""
        (self.bank.approve if self.code == "paypal" else self.bank.confirm)(reference)

    def call_back(self, reference: str, event: str = "captured", *, forged: bool = False) -> int:
        """The gateway posts its news of the payment; answers the status."""
        received = self.dialect.callback(self.bank, reference, event, forged=forged, now=time.time())
        # Who does not name the reference posts to the address that was given for it.
        names = self.code != "mollie"
        return self.deliver(received, f"/v1/callbacks/{self.code}" + ("" if names else f"/{reference}"))

    def deliver(self, received: Received, path: str) -> int:
        """Send a callback, byte for byte."""
        headers = {"content-type": "text/plain", **received.headers}
        return self.client.simulate_post(path, headers=headers, body=received.body).status_code

    def come_back(self, reference: str) -> str:
        """The customer returns; answers what they are told."""
        query = ""
        if self.code == "sandbox":
            query = self.bank.callback(reference, method="GET").query
        answer = self.client.simulate_get(f"/v1/callbacks/{self.code}/{reference}", query_string=query)
        assert answer.status_code == 303
        return answer.headers["location"].rpartition("status=")[2]

    def order(self, key: str) -> Any:
        """The order as its key shows it."""
        return self.call("GET", f"/v1/orders/{key}").json

    def status(self, key: str) -> tuple[str, str]:
        """Of the order, and of its payment."""
        order = self.order(key)
        return order["status"], order["payment_status"]

    def stock(self) -> tuple[int, int]:
        """On hand, and reserved."""
        stock = self.call("GET", f"/v1/products/{KETTLE}").json["stock"]
        return stock["on_hand"], stock["reserved"]

    def look(self) -> None:
        """The janitor looks at whatever is due."""
        while self.kassa.application.look_after_payments():
            pass


@pytest.fixture(scope="module", params=REDIRECTING)
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    """The service in front of one gateway."""
    code, bank, dialect = request.param, Bank(), DIALECTS[request.param]
    database = f"sqlite:///{tmp_path_factory.mktemp('whole') / 'kassa.db'}"
    upgrade(database)
    settings = Settings(
        database_url=database,
        secret=SECRET,
        janitor_seconds=0.01,
        gateway_timeout_seconds=5,
        host="127.0.0.1",
    )
    with ExitStack() as stack:
        server = stack.enter_context(serving(bank, dialect))
        kassa = stack.enter_context(opened(settings, "http://shop.test"))
        application = kassa.application
        price = Money(PRICE, Currency("AZN", 2))
        application.put_product(sku=KETTLE, name="Kettle", price=price, on_hand=1000, seller=None)
        application.manage_methods.put(
            code=MethodCode(code), name=code, backend=code, settings=dialect.settings(server.base_url)
        )
        app = web_app(kassa, settings, "http://shop.test", Draining())
        client = falcon.testing.TestClient(app)
        yield Counter(kassa, client, Tokens(SECRET, SystemClock()), code, bank, dialect)


class Draining:
    """An end that never begins."""

    def is_set(self) -> bool:
        """No."""
        return False


@pytest.fixture(autouse=True)
def at_peace(shop: Counter) -> Iterator[None]:
    """Takes back what a test armed."""
    yield
    shop.bank.recover()


class TestSuccess:
    def test_by_callback_alone(self, shop: Counter) -> None:
        """The customer closes the browser after paying."""
        key, reference = shop.waiting()
        on_hand, reserved = shop.stock()
        shop.pay(reference)

        assert shop.call_back(reference) == 200
        assert shop.status(key) == ("PROCESSING", "1")
        assert shop.stock() == (on_hand - 1, reserved - 1)

    def test_by_return_alone(self, shop: Counter) -> None:
        """The callback is lost."""
        key, reference = shop.waiting()
        shop.pay(reference)

        assert shop.come_back(reference) == "success"
        assert shop.status(key) == ("PROCESSING", "1")

    def test_by_the_janitor_alone(self, shop: Counter) -> None:
        """Both are lost."""
        key, reference = shop.waiting()
        shop.pay(reference)
        time.sleep(0.02)
        shop.look()

        assert shop.status(key) == ("PROCESSING", "1")

    def test_by_both_and_again(self, shop: Counter) -> None:
        """Exactly once, however often it is told."""
        key, reference = shop.waiting()
        on_hand, _ = shop.stock()
        shop.pay(reference)
        told = [shop.call_back(reference), shop.come_back(reference), shop.call_back(reference)]

        assert told == [200, "success", 200]
        assert [move["to"] for move in shop.order(key)["history"]].count("PROCESSING") == 1
        assert shop.stock()[0] == on_hand - 1

    def test_before_the_opening_is_answered(self, shop: Counter) -> None:
        """The gateway's news overtakes its own reply."""
        told: list[int] = []

        def meanwhile() -> None:
            reference = shop.bank.called("initiate")[-1].order_id
            shop.pay(reference)
            told.append(shop.call_back(reference))

        shop.bank.meanwhile("initiate", meanwhile)
        answer = shop.check_out(shop.customer())
        reference = answer.json["payment"]["order_id"]
        shop.come_back(reference)

        assert (answer.status_code, told) == (201, [200])
        assert shop.status(answer.json["order_key"]) == ("PROCESSING", "1")


class TestNoSuccess:
    def test_a_decline_and_a_second_attempt(self, shop: Counter) -> None:
        """The goods are free again, and the order may be paid after all."""
        key, reference = shop.waiting()
        _, reserved = shop.stock()
        shop.bank.decline(reference)
        told = shop.call_back(reference, "failed")
        after = (shop.status(key), shop.stock()[1])
        again = shop.call("POST", f"/v1/orders/{key}/checkout", {"payment_method": shop.code})
        shop.pay(again.json["payment"]["order_id"])
        shop.come_back(again.json["payment"]["order_id"])

        assert (told, after) == (200, (("FAILED", "2"), reserved - 1))
        assert again.json["payment"]["order_id"] != reference
        assert shop.status(key) == ("PROCESSING", "1")

    def test_a_return_without_payment(self, shop: Counter) -> None:
        """Which address was hit proves nothing."""
        key, reference = shop.waiting()

        assert shop.come_back(reference) == "pending"
        assert shop.status(key) == ("HOLD", "0")

    def test_a_callback_without_payment(self, shop: Counter) -> None:
        """Signed as it may be: the gateway itself says otherwise."""
        key, reference = shop.waiting()

        assert shop.call_back(reference) == 200
        assert shop.status(key) == ("HOLD", "0")

    def test_a_forged_callback(self, shop: Counter) -> None:
        """Refused, and nothing is asked; where nothing is signed, asking is all that it leads to."""
        key, reference = shop.waiting()
        asked = len(shop.bank.called("verify"))
        is_unsigned = shop.code == "mollie"

        assert shop.call_back(reference, forged=True) == (200 if is_unsigned else 403)
        assert len(shop.bank.called("verify")) - asked == (1 if is_unsigned else 0)
        assert shop.status(key) == ("HOLD", "0")

    def test_a_callback_about_another_bill(self, shop: Counter) -> None:
        """Validly signed, posted to a stranger's address: it is about whom it names, and proves nothing."""
        mine, my_reference = shop.waiting()
        theirs, their_reference = shop.waiting()
        shop.pay(my_reference)
        received = shop.dialect.callback(shop.bank, my_reference, "captured", forged=False, now=time.time())

        assert shop.deliver(received, f"/v1/callbacks/{shop.code}/{their_reference}") == 200
        assert shop.status(theirs) == ("HOLD", "0")
        shop.come_back(my_reference)
        assert shop.status(mine) == ("PROCESSING", "1")

    def test_a_callback_about_nobody(self, shop: Counter) -> None:
        """Acknowledged; nothing changes."""
        assert shop.call_back("nobody-s-reference") == 200

    def test_another_amount(self, shop: Counter) -> None:
        """Under review until a person decides, where the gateway tells amounts at all."""
        key, reference = shop.waiting()
        shop.bank.confirm(reference, amount=PRICE - 1)
        shop.call_back(reference)

        tells = shop.code != "paynow"
        assert shop.status(key) == (("HOLD", "0") if tells else ("PROCESSING", "1"))

    def test_a_refusal_to_open(self, shop: Counter) -> None:
        """400, and the order has failed."""
        shop.bank.refuse()
        answer = shop.check_out(shop.customer())

        assert (answer.status_code, answer.json["code"]) == (400, "payment_refused")
        assert shop.status(answer.json["order_keys"][0]) == ("FAILED", "2")


class TestSilence:
    @pytest.mark.parametrize("done", [True, False])
    def test_when_opening_leaves_the_order_to_be_paid(self, shop: Counter, done: bool) -> None:
        """503 with the order's key; checking out again leads somewhere, and nobody pays twice."""
        token = shop.customer()
        shop.bank.trouble(operation="initiate", done=done)
        lost = shop.check_out(token)
        answer = shop.check_out(token)
        key, reference = answer.json["order_key"], answer.json["payment"]["order_id"]
        shop.pay(reference)
        shop.come_back(reference)

        assert (lost.status_code, lost.json["order_keys"]) == (503, [key])
        assert answer.status_code == 201
        assert shop.status(key) == ("PROCESSING", "1")

    def test_when_asked_leaves_everything_as_it_is(self, shop: Counter) -> None:
        """The callback is acknowledged all the same, and the janitor makes up for it."""
        key, reference = shop.waiting()
        shop.pay(reference)
        shop.bank.trouble(None, operation="verify")
        told = shop.call_back(reference)
        before = shop.status(key)
        shop.bank.recover()
        time.sleep(0.02)
        shop.look()

        assert (told, before) == (200, ("HOLD", "0"))
        assert shop.status(key) == ("PROCESSING", "1")


def test_all_who_sign_are_here(shop: Counter) -> None:
    """What is refused when forged is tried with each of them."""
    assert set(SIGNING) - {"fake"} <= set(REDIRECTING)
    assert shop.kassa.application.prove().is_clean
