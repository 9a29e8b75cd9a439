"""A whole Kassa in memory: the real use cases, a scripted bank, a clock that tests turn."""

import itertools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.gateways.manual import Manual
from adapters.gateways.wallet import Wallet
from adapters.memory.books import MemoryBooks
from adapters.memory.pruning import MemoryPruning
from adapters.memory.queries import MemoryIdempotencyKeys, MemoryOutbox, MemoryQueries
from adapters.memory.store import MemoryStore, MemoryUnitOfWork
from application.backends import Backend, ChecksSettings, Settings
from application.connecting import Gateways
from application.guarding import Guards
from application.opening import CheckedOut
from application.policy import Policy
from application.ports import Keys, RelayedEvent
from application.purchasing import Wish
from application.reactions import BUS
from application.service import Application, Outside
from domain.ids import (
    Actor,
    CartId,
    CheckoutId,
    CustomerId,
    GatewayOrderId,
    MethodCode,
    OrderKey,
    PaymentId,
    Sku,
)
from domain.methods import MethodRules
from domain.money import Currency, Money
from domain.order import Order
from domain.payment import Payment
from tests.fakes import FakeBackend

CURRENCIES = {
    code: Currency(code, exponent) for code, exponent in [("AZN", 2), ("USD", 2), ("JPY", 0), ("KWD", 3)]
}
AZN = CURRENCIES["AZN"]
STAFF = Actor("staff:1")


def azn(minor: int) -> Money:
    """An amount in qepik."""
    return Money(minor, AZN)


class TurnedClock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)

    def now(self) -> datetime:
        """The time it was turned to."""
        return self.time

    def turn(self, **units: float) -> None:
        """Let that much time pass."""
        self.time += timedelta(**units)


class CountedKeys:
    """Names that are different, if not secret."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def order_key(self) -> OrderKey:
        """A new key."""
        return OrderKey(f"key-{next(self._numbers):04d}-of-an-order")

    def gateway_order_id(self) -> GatewayOrderId:
        """A new reference."""
        return GatewayOrderId(f"REF{next(self._numbers):04d}")

    def cart_id(self) -> CartId:
        """A new cart's name."""
        return CartId(f"cart-{next(self._numbers)}")

    def checkout_id(self) -> CheckoutId:
        """A new checkout's name."""
        return CheckoutId(f"checkout-{next(self._numbers)}")


class PlainPasswords:
    """Hashes that take no time."""

    def hash(self, password: str) -> str:
        """Something that is not the password."""
        return f"hash of {password}"

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the right one."""
        return password_hash == self.hash(password)


class AnySettings:
    """Takes any settings; those named secret are not shown."""

    def checked(self, backend: Backend, kept: Settings, given: Settings | None) -> Settings:
        """What was given, over kept secrets."""
        return {**{name: value for name, value in kept.items() if name == "secret"}, **(given or {})}

    def shown(self, backend: Backend, settings: Settings) -> Settings:
        """All but the secret."""
        return {name: value for name, value in settings.items() if name != "secret"}


class World:
    """Kassa over memory, with one customer, one method of each kind, and goods to buy.

    `is_furnished`: false for a shop in which there is nothing and nobody yet.
    """

    def __init__(
        self,
        *,
        is_furnished: bool = True,
        backend: FakeBackend | None = None,
        elsewhere: FakeBackend | None = None,
        keys: Keys | None = None,
        settings: ChecksSettings | None = None,
        **policy: Any,
    ) -> None:
        self.clock = TurnedClock()
        self.keys = keys or CountedKeys()
        self.store = MemoryStore()
        self.backend = backend or FakeBackend()
        self.bank = self.backend.gateway
        self.bank.ensure_may_be_called = self.store.ensure_not_writing
        self._quicker: dict[int, Callable[[], object]] = {}
        self.told: list[RelayedEvent] = []
        self.publish: Callable[[RelayedEvent], None] = self.told.append
        others: tuple[Backend, ...] = (Manual(), Wallet())
        named = {backend.name: backend for backend in others}
        beside = {elsewhere.name: elsewhere} if elsewhere else {}
        self.backends: Mapping[str, Backend] = {"sandbox": self.backend, **beside, **named}
        rules = Policy(return_origins=("https://shop.example",), **policy)
        self.guards = Guards(rules, lambda: self.clock.now().timestamp())
        self.app = Application.over(
            Outside(
                begin=self._begin,
                queries=MemoryQueries(self.store),
                books=MemoryBooks(self.store),
                outbox=MemoryOutbox(self.store),
                prunes=MemoryPruning(self.store),
                idempotency=MemoryIdempotencyKeys(self.store),
                gateways=Gateways(self.backends, self.guards),
                settings=settings or AnySettings(),
                clock=self.clock,
                keys=self.keys,
                passwords=PlainPasswords(),
                currencies=CURRENCIES,
                publish=self._publish,
                policy=rules,
            )
        )
        if is_furnished:
            self._furnish()

    def _furnish(self) -> None:
        self.customer = self.customer_called("aysel")
        self.offer("kettle", 40_00, 5)
        self.method("card")
        self.method("transfer", backend="manual", auto_approve=False)
        self.method("cash", backend="manual")

    def meanwhile(self, transaction: int, action: Callable[[], object]) -> None:
        """Somebody else is quicker: just before that transaction (1: the next one) they do this."""
        self._quicker = {transaction: action}

    def _begin(self) -> MemoryUnitOfWork:
        self._quicker = {number - 1: action for number, action in self._quicker.items()}
        action = self._quicker.pop(0, None)
        if action:
            action()
        return self.store.begin(BUS)

    def _publish(self, event: RelayedEvent) -> None:
        # Tests may put another listener in place at any time.
        self.publish(event)

    def customer_called(self, name: str) -> CustomerId:
        """A new customer."""
        email = f"{name}@example.com"
        customer = self.app.register(first_name=name, last_name="Doe", email=email, password="secret-1234")
        return customer.id

    def offer(self, sku: str, minor: int, on_hand: int, seller: str | None = None, code: str = "AZN") -> None:
        """A product in stock."""
        price = Money(minor, CURRENCIES[code])
        self.app.put_product(sku=Sku(sku), name=sku.title(), price=price, on_hand=on_hand, seller=seller)

    def method(
        self,
        code: str,
        backend: str = "sandbox",
        auto_approve: bool = True,
        settings: Settings | None = None,
        enabled: bool = True,
        **rules: Any,
    ) -> None:
        """A payment method."""
        self.app.manage_methods.put(
            code=MethodCode(code),
            name=code.title(),
            backend=backend,
            auto_approve=auto_approve,
            enabled=enabled,
            settings=settings,
            rules=MethodRules(**rules),
        )

    def fill(self, quantity: int = 2, sku: str = "kettle", customer: CustomerId | None = None) -> None:
        """Put goods in the cart."""
        self.app.fill_cart.put(customer_id=customer or self.customer, sku=Sku(sku), quantity=quantity)

    def check_out(self, method: str = "card", customer: CustomerId | None = None, **wish: Any) -> CheckedOut:
        """Check out the cart."""
        return self.app.check_out_cart(
            customer_id=customer or self.customer, wish=Wish(method=MethodCode(method), **wish)
        )

    def buy(self, quantity: int = 2, method: str = "card", **wish: Any) -> CheckedOut:
        """Fill the cart and check out."""
        self.fill(quantity)
        return self.check_out(method, **wish)

    def pay(self, *orders: Order, method: str = "card", customer: CustomerId | None = None) -> CheckedOut:
        """Pay orders by their keys."""
        return self.app.check_out_orders(
            order_keys=[order.key for order in orders],
            wish=Wish(method=MethodCode(method)),
            customer_id=customer,
        )

    def hear(self, payment: Payment, event: str | None = None, **how: Any) -> None:
        """The gateway's callback about a payment."""
        received = self.bank.callback(payment.order_id, event, now=self.clock.now().timestamp(), **how)
        self.app.hear_callback(code=payment.method_code, order_id=payment.order_id, received=received)

    def order(self, order: Order) -> Order:
        """The order as it is stored now."""
        stored = self.app.queries.order(order.key)
        assert stored is not None
        return stored

    def payment(self, payment: Payment | PaymentId) -> Payment:
        """The payment as it is stored now."""
        payment_id = payment.id if isinstance(payment, Payment) else payment
        view = self.app.queries.payment(payment_id, None)
        assert view is not None
        return view.payment

    def stock(self, sku: str = "kettle") -> tuple[int, int]:
        """Units on hand and reserved."""
        product = self.app.queries.product(Sku(sku))
        assert product is not None
        return product.stock.on_hand, product.stock.reserved

    def cart(self, customer: CustomerId | None = None) -> dict[str, int]:
        """What is in the cart."""
        lines = self.app.queries.cart(customer or self.customer).lines
        return {line.product.sku: line.quantity for line in lines}

    def events(self) -> list[str]:
        """The types of all events so far, in order."""
        return [stored.event.type for _, stored in sorted(self.store.tables.outbox.items())]
