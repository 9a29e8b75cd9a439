"""A furnished house for generated requests: the real wiring in-process, and something to find in it."""

import hashlib
import hmac
import itertools
import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
from schemathesis import Case, GenerationMode

from adapters.sql.migrate import upgrade
from adapters.web.auth import Tokens, Who
from adapters.web.operations import Operation
from application.accounts import Principal, Role
from application.opening import CheckedOut
from application.purchasing import Wish
from domain.ids import CustomerId, MethodCode, Sku
from domain.money import Currency, Money
from entrypoints.bootstrap import Kassa, build
from entrypoints.settings import Settings
from entrypoints.wsgi import web_app
from tests.processes import Sandbox

SECRET = "a secret for generated requests, long enough"
CUSTOMER = ("aysel@shop.test", "aysel's password")
STAFF = ("staff@shop.test", "the staff's password")
ORIGIN = "https://shop.test"
KETTLE = Sku("kettle")

# Of the requests that make sense by their form, so many are about things that there are.
FOUND_SHARE = 3


@attrs.define
class Furnished:
    """The service as it is wired for production, over a database file and a live sandbox gateway."""

    kassa: Kassa
    sandbox: Sandbox
    app: Callable[..., Any]
    operations: Mapping[tuple[str, str], Operation]
    customer_id: CustomerId
    customer: str
    staff: str
    _turn: Any = attrs.field(factory=itertools.count)

    @classmethod
    def open(
        cls, folder: Path, sandbox: Sandbox, operations: Mapping[tuple[str, str], Operation]
    ) -> "Furnished":
        """With a customer, a member of staff, a product and ways to pay."""
        environment = {
            "KASSA_DATABASE_URL": f"sqlite:///{folder / 'generated.db'}",
            "KASSA_SECRET": SECRET,
            "KASSA_RETURN_ORIGINS": ORIGIN,
        }
        settings = Settings.from_environment(environment)
        upgrade(settings.database_url)
        # Nobody listens there: what the gateway has to tell is told by the test.
        public_url = "http://127.0.0.1:9"
        kassa = build(settings, public_url)
        application = kassa.application
        person = application.register(
            first_name="Aysel", last_name="Quliyeva", email=CUSTOMER[0], password=CUSTOMER[1]
        )
        member = application.hire(email=STAFF[0], password=STAFF[1])
        price = Money(4000, Currency("AZN", 2))
        application.put_product(sku=KETTLE, name="Kettle", price=price, on_hand=10**8, seller=None)
        gateway = {
            "base_url": sandbox.address,
            "api_key": sandbox.api_key,
            "signing_secret": sandbox.signing_secret,
        }
        put = application.manage_methods.put
        put(code=MethodCode("card"), name="Card", backend="sandbox", settings=gateway)
        put(code=MethodCode("later"), name="Later", backend="manual", auto_approve=False)
        put(code=MethodCode("direct"), name="Direct", backend="manual")
        tokens = Tokens(secret=SECRET, clock=application.clock)
        return cls(
            kassa,
            sandbox,
            web_app(kassa, settings, public_url, threading.Event()),
            operations,
            person.id,
            tokens.issue(Principal(Role.CUSTOMER, person.id)),
            tokens.issue(Principal(Role.STAFF, member.id)),
        )

    def operation(self, case: Case) -> Operation:
        """What we declared of the call that the case is for."""
        return self.operations[case.operation.method.upper(), case.operation.path]

    def headers(self, case: Case) -> dict[str, str]:
        """Whoever may make this call makes it; where both may, they take turns."""
        who = self.operation(case).who
        if who in {Who.ANYBODY, Who.KEY_HOLDER}:
            return {}
        by_turns = next(self._turn) % 2 and who in {Who.CUSTOMER_OR_STAFF, Who.ANYBODY_STAFF_MORE}
        token = self.customer if who is Who.CUSTOMER or by_turns else self.staff
        return {"Authorization": f"Bearer {token}"}

    def fill_in(self, case: Case) -> None:
        """Lets most well-formed cases be about orders, payments and goods that there are."""
        is_valid = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
        if is_valid and next(self._turn) % FOUND_SHARE:
            found = FOUND.get(self.operation(case).id)
            if found:
                found(self, case)

    def ordered(self, method: str) -> CheckedOut:
        """A new order of the customer's, with its payment."""
        self.fill_cart()
        wish = Wish(method=MethodCode(method))
        return self.kassa.application.check_out_cart(customer_id=self.customer_id, wish=wish)

    def fill_cart(self) -> None:
        """A cart as new, with a kettle in it."""
        fill = self.kassa.application.fill_cart
        fill.empty(customer_id=self.customer_id)
        fill.put(customer_id=self.customer_id, sku=KETTLE, quantity=1)

    def close(self) -> None:
        """Lets go of the database."""
        self.kassa.close()


def _path(case: Case, name: str, value: object) -> None:
    case.path_parameters = {**case.path_parameters, name: value}


def _body(case: Case, **values: object) -> None:
    case.body = {**case.body, **values} if isinstance(case.body, dict) else values


def _of(name: str, value: object) -> Callable[[Furnished, Case], None]:
    return lambda _, case: _path(case, name, value)


def _order(method: str) -> Callable[[Furnished, Case], None]:
    return lambda house, case: _path(case, "key", house.ordered(method).orders[0].key)


def _payment(method: str) -> Callable[[Furnished, Case], None]:
    return lambda house, case: _path(case, "id", house.ordered(method).payment.id)


def _sign_in(_: Furnished, case: Case) -> None:
    _body(case, email=CUSTOMER[0], password=CUSTOMER[1])


def _check_out_cart(house: Furnished, case: Case) -> None:
    house.fill_cart()
    _body(case, payment_method="card", return_url=f"{ORIGIN}/back", expected_total=None)


def _check_out_order(house: Furnished, case: Case) -> None:
    _order("later")(house, case)
    _body(case, payment_method="card", return_url=f"{ORIGIN}/back")


def _check_out_orders(house: Furnished, case: Case) -> None:
    keys = [house.ordered("later").orders[0].key for _ in range(2)]
    _body(case, order_keys=keys, payment_method="card", return_url=None)


def _move_order(house: Furnished, case: Case) -> None:
    _order("direct")(house, case)
    _body(case, status="SHIPPED")


def _put_product(house: Furnished, case: Case) -> None:
    _path(case, "sku", f"spare-{next(house._turn) % 4}")


def _put_method(house: Furnished, case: Case) -> None:
    _path(case, "code", f"spare-{next(house._turn) % 4}")
    _body(case, backend="manual", settings={"kind": "direct"}, rules=None)


def _delete_method(house: Furnished, case: Case) -> None:
    code = MethodCode(f"spare-{next(house._turn)}")
    house.kassa.application.manage_methods.put(code=code, name="Spare", backend="manual")
    _path(case, "code", code)


def _hear(house: Furnished, case: Case) -> None:
    done = house.ordered("card")
    _path(case, "code", "card")
    if "order_id" in case.path_parameters:
        _path(case, "order_id", done.payment.order_id)
    event = {
        "event_id": "evt_1",
        "type": "payment.captured",
        "payment": {"merchant_ref": done.payment.order_id},
    }
    body, seconds = json.dumps(event).encode(), int(time.time())
    signed = hmac.new(house.sandbox.signing_secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256)
    case.body, case.media_type = body, "application/octet-stream"
    if next(house._turn) % 4:
        case.headers["X-Sandbox-Signature"] = f"t={seconds},v1={signed.hexdigest()}"


FOUND: Mapping[str, Callable[[Furnished, Case], None]] = {
    "sign_in": _sign_in,
    "get_product": _of("sku", KETTLE),
    "put_product": _put_product,
    "put_cart_item": _of("sku", KETTLE),
    "delete_cart_item": _of("sku", KETTLE),
    "check_out_cart": _check_out_cart,
    "check_out_order": _check_out_order,
    "check_out_orders": _check_out_orders,
    "get_order": _order("later"),
    "list_order_payment_methods": _order("later"),
    "cancel_order": _order("later"),
    "move_order": _move_order,
    "get_payment": _payment("later"),
    "get_bill": _payment("later"),
    "approve_payment": _payment("later"),
    "verify_bill": _payment("card"),
    "get_payment_method": _of("code", "card"),
    "put_payment_method": _put_method,
    "delete_payment_method": _delete_method,
    "hear_callback": _hear,
    "hear_callback_about": _hear,
    "land": _of("code", "card"),
    "land_from": _of("code", "card"),
    "get_docs_file": _of("file", "docs.js"),
}
