"""What one scenario remembers, so that "the order" and "the payment" mean something."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import pytest

from tests.steps.shop import BankReport, Checkout, Landing, OrderRef, OrderSeen, PaymentRef, Refused, Shop


@attrs.define
class Story:
    """The thread of a scenario: who ordered what, and what the shop last said."""

    shop: Shop
    orders: list[OrderRef] = attrs.field(factory=list)
    owners: dict[OrderRef, str] = attrs.field(factory=dict)
    payments: list[PaymentRef] = attrs.field(factory=list)
    payers: dict[PaymentRef, str] = attrs.field(factory=dict)
    gateway_payments: list[PaymentRef] = attrs.field(factory=list)
    answers: list[str] = attrs.field(factory=list)
    checkout: Checkout | None = None
    landing: Landing | None = None
    entries: list[tuple[str, str, bool]] = attrs.field(factory=list)
    report: BankReport | None = None
    seen: Any = None
    refused: Refused | None = None
    refusal_was_read: bool = False

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Keeps a refusal for the Then that must read it: `finish` fails when none does."""
        try:
            yield
        except Refused as refused:
            self.refused = refused

    def remember(self, who: str, checkout: Checkout) -> None:
        """The answer to a checkout, with its orders and its payment."""
        self.checkout = checkout
        self.answers.append(checkout.answer)
        self._know_orders(who, checkout.orders)
        if checkout.payment not in self.payments:
            self.payments.append(checkout.payment)
            self.payers[checkout.payment] = who
        if checkout.next_step and checkout.payment not in self.gateway_payments:
            self.gateway_payments.append(checkout.payment)

    def remember_refused(self, who: str, refused: Refused) -> None:
        """The orders that a refused checkout has left behind, with the payment that is open for them."""
        self._know_orders(who, refused.orders)
        for order in refused.orders:
            for payment in self.shop.order_seen(order).payments:
                if payment not in self.payments:
                    self.payments.append(payment)
                    self.payers[payment] = who

    def _know_orders(self, who: str, orders: tuple[OrderRef, ...]) -> None:
        for order in orders:
            if order not in self.orders:
                self.orders.append(order)
            self.owners.setdefault(order, who)

    def check_out(self, who: str, method: str, **wishes: Any) -> None:
        """A checkout of the cart that the story expects to be accepted."""
        self.remember(who, self.shop.check_out(who, method, **wishes))

    def try_to_check_out(self, who: str, method: str, **wishes: Any) -> None:
        """A checkout that may be refused; either way the story knows the orders."""
        with self.attempt():
            self.check_out(who, method, **wishes)
        if self.refused:
            self.remember_refused(who, self.refused)

    def pay(self, order: OrderRef, method: str) -> None:
        """A payment of one order by its key, begun."""
        self.remember(self.owners[order], self.shop.pay_order(order, method))

    def bank_reports(self, amount: str, text: str, *, is_reversal: bool = False) -> None:
        """A new entry in the bank's statement, taken up."""
        self.entries.append((amount, text, is_reversal))
        self.take_up_again()

    def take_up_again(self) -> None:
        """The bank's last entry, taken up once more."""
        self.report = self.shop.bank_reports(f"E{len(self.entries)}", *self.entries[-1])

    @property
    def order(self) -> OrderRef:
        """The order spoken of last."""
        assert self.orders, "the story has no order yet"
        return self.orders[-1]

    def order_of(self, who: str) -> OrderRef:
        """That customer's latest order."""
        return [order for order in self.orders if self.owners[order] == who][-1]

    def order_with(self, seller: str) -> OrderRef:
        """The order that is this seller's part."""
        return next(order for order in self.orders if self.shop.order_seen(order).seller == seller)

    @property
    def payment(self) -> PaymentRef:
        """The payment spoken of last."""
        assert self.payments, "the story has no payment yet"
        return self.payments[-1]

    @property
    def gateway_payment(self) -> PaymentRef:
        """The latest payment that goes through the gateway."""
        assert self.gateway_payments, "the story has no payment at the gateway yet"
        return self.gateway_payments[-1]

    def payment_of(self, who: str) -> PaymentRef:
        """That customer's latest payment."""
        return [payment for payment in self.payments if self.payers[payment] == who][-1]

    def until(self, look: Callable[[], Any], expected: Any) -> None:
        """Waits as the driver does until `look` sees what is expected, and fails with what it saw."""
        self.shop.wait_until(lambda: look() == expected)
        assert look() == expected

    def until_order(self, order: OrderRef, **expected: Any) -> OrderSeen:
        """Waits until the order shows these values."""
        self.until(lambda: {name: getattr(self.shop.order_seen(order), name) for name in expected}, expected)
        return self.shop.order_seen(order)

    def finish(self) -> None:
        """Fails the scenario when the shop refused something and no step says that it should."""
        if self.refused and not self.refusal_was_read:
            pytest.fail(f"refused, and no step expected it: {self.refused.said}")


@pytest.fixture
def story(shop: Shop) -> Iterator[Story]:
    """A new thread for each scenario."""
    story = Story(shop)
    yield story
    story.finish()
