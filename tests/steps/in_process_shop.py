"""The driver in the same process: the use cases over memory, a scripted bank, a clock that it turns."""

from collections.abc import Callable, Iterator

from application.storage import Page
from application.views import Listed, PaymentView, T
from domain.bank import BankEntry
from domain.errors import NotFound
from domain.ids import OrderKey, PaymentId
from domain.order_status import OrderStatus
from domain.payment import Payment
from tests.live import HOLD_SECONDS
from tests.steps import in_process_views as views
from tests.steps.in_process_counter import InProcessCounter
from tests.steps.in_process_views import refusing
from tests.steps.shop import (
    NOBODY,
    STAFF,
    BankReport,
    BillSeen,
    Claim,
    Heard,
    Landing,
    OrderRef,
    OrderSeen,
    PaymentRef,
    PaymentSeen,
    Signature,
    Trouble,
)

GRACE_SECONDS = 3
WAIT_SECONDS = 10
TICK_SECONDS = 0.3
PAGE = 100


class InProcessShop(InProcessCounter):
    """One story's shop: whatever it is asked, it asks of the use cases and of nothing else."""

    # what is seen

    @refusing()
    def order_seen(self, order: OrderRef) -> OrderSeen:
        """An order by its key."""
        stored = self.app.queries.order(OrderKey(order))
        if stored is None:
            raise NotFound("there is no such order")
        return views.order_seen(stored)

    @refusing()
    def orders_seen(self, by: str) -> tuple[OrderSeen, ...]:
        """The orders that somebody is shown."""
        owner = self.door.principal(by).customer_id
        return tuple(map(views.order_seen, _all(lambda page: self.app.queries.orders(page, owner))))

    @refusing()
    def payments_seen(self, by: str) -> tuple[PaymentRef, ...]:
        """The payments that somebody is shown."""
        owner = self.door.principal(by).customer_id
        listed = _all(lambda page: self.app.queries.payments(page, owner))
        return tuple(PaymentRef(view.payment.id) for view in listed)

    @refusing()
    def payment_seen(self, payment: PaymentRef, *, by: str = STAFF) -> PaymentSeen:
        """One payment, searched for what it should not hold."""
        view = self._view(payment, by)
        return views.payment_seen(view, self.leaks(view))

    @refusing()
    def bill_seen(self, payment: PaymentRef, *, by: str = STAFF) -> BillSeen:
        """The bill of a payment."""
        return views.bill_seen(self._view(payment, by).payment)

    def _view(self, payment: PaymentRef, by: str) -> PaymentView:
        view = self.app.queries.payment(PaymentId(payment), self.door.principal(by).customer_id)
        if view is None:
            raise NotFound("there is no such payment")
        return view

    def _payment(self, payment: PaymentRef) -> Payment:
        return self._view(payment, STAFF).payment

    # what is done with orders and payments

    @refusing()
    def move(self, order: OrderRef, status: str, *, by: str = STAFF) -> None:
        """Moves an order on."""
        self.app.move_order(order_key=OrderKey(order), to=OrderStatus(status), by=self.door.staff(by))

    @refusing()
    def cancel(self, order: OrderRef, *, by: str = NOBODY) -> None:
        """Cancels an order; its key is enough."""
        self.app.cancel_order(order_key=OrderKey(order), by=self.door.key_holder(by))

    @refusing()
    def approve(self, payment: PaymentRef, *, by: str = STAFF) -> None:
        """Says that the orders of a payment may be sent."""
        self.app.approve_payment(by=self.door.staff(by), payment_id=PaymentId(payment))

    @refusing()
    def verify_bill(self, payment: PaymentRef, *, by: str = STAFF) -> None:
        """Has the gateway asked about a bill."""
        self.app.verify_bill(by=self.door.staff(by), payment_id=PaymentId(payment))

    # at the bank

    def bank_reports(self, entry: str, amount: str, text: str, is_reversal: bool) -> BankReport:
        """Takes up one entry of the bank's."""
        taken = self.app.take_up_entry(
            BankEntry(
                account="AZ21NABZ00000000137010001944",
                reference=entry,
                booked_on=self.world.clock.now().date(),
                amount=self.money(amount),
                text=text,
            ),
            is_reversal=is_reversal,
        )
        owed = taken.judged.owed if taken.judged else None
        return BankReport(fate=str(taken.fate), owed=str(owed) if owed and owed.minor else None)

    # at the gateway

    def open_gateway_page(self, payment: PaymentRef) -> None:
        """Looks for the page to which the customer is sent."""
        assert self.bank.has_page(self._payment(payment))

    def confirm(self, payment: PaymentRef, amount: str, *, heard: Heard = Heard.BOTH) -> Landing | None:
        """The bank takes the money: what is due, or another amount."""
        return self.bank.confirm(self._payment(payment), amount, heard)

    def hold(self, payment: PaymentRef) -> None:
        """The bank holds the money, and takes nothing yet."""
        self.bank.hold(self._payment(payment))

    def refuse(self, payment: PaymentRef, *, heard: Heard = Heard.BOTH) -> Landing | None:
        """The bank refuses the card."""
        return self.bank.refuse(self._payment(payment), heard)

    def give_up(self, payment: PaymentRef) -> Landing | None:
        """The customer presses cancel."""
        return self.bank.give_up(self._payment(payment))

    def leave_undecided(self, payment: PaymentRef) -> Landing | None:
        """The bank says nothing yet."""
        return self.bank.hesitate(self._payment(payment))

    def take_by_hand(self, payment: PaymentRef) -> None:
        """The bank takes held money, and tells nobody."""
        self.bank.take_by_hand(self._payment(payment))

    def send_money_late(self, payment: PaymentRef) -> None:
        """The bank takes the money although the payment was over."""
        self.bank.send_late(self._payment(payment))

    def come_back(self, payment: PaymentRef, *, forged: bool = False) -> Landing:
        """The customer's browser opens the return address, once more or with a query of its own making."""
        return self.bank.come_back(self._payment(payment), forged=forged)

    @refusing()
    def report(
        self,
        payment: PaymentRef | None,
        claim: Claim,
        *,
        signature: Signature = Signature.GOOD,
        about: PaymentRef | None = None,
        times: int = 1,
    ) -> None:
        """Sends reports as the gateway would, or as a stranger would."""
        sent_for = self._payment(payment) if payment else None
        code = sent_for.method_code if sent_for else self.offered_code("card")
        subject = self._payment(about) if about else sent_for
        self.bank.report(code, sent_for, subject, claim, signature, times)

    def trouble(self, kind: Trouble) -> None:
        """Lets the gateway fail until it is told to stop."""
        self.bank.fail(kind)

    def trouble_ends(self) -> None:
        """The gateway answers as it should again."""
        self.bank.recover()

    def asked_of_gateway(self, payment: PaymentRef) -> tuple[str, ...]:
        """The amounts that the gateway was asked to collect."""
        return self.bank.asked(self._payment(payment))

    def taken_at_gateway(self, payment: PaymentRef) -> str:
        """What the gateway has taken for a payment, less what went back."""
        return self.bank.taken(self._payment(payment))

    # time

    def let_hold_run_out(self, order: OrderRef) -> None:
        """Lets time pass until the order has been let go, or long enough to see that it has not."""
        self._pass(HOLD_SECONDS + GRACE_SECONDS, lambda: self.order_seen(order).status != "HOLD")

    def let_shop_ask(self, payment: PaymentRef) -> None:
        """Lets time pass until the shop has asked the gateway about the payment."""
        assert self._pass(WAIT_SECONDS, lambda: self.payment_seen(payment).status != "not completed")

    def wait_until(self, check: Callable[[], bool]) -> bool:
        """Looks again and again, for some seconds of the shop's own time."""
        return self._pass(WAIT_SECONDS, check)

    def _pass(self, seconds: float, check: Callable[[], bool]) -> bool:
        for _ in range(round(seconds / TICK_SECONDS)):
            if check():
                return True
            self.world.clock.turn(seconds=TICK_SECONDS)
            self.app.look_after_payments()
        return check()


def _all(ask: Callable[[Page], Listed[T]]) -> Iterator[T]:
    after: int | None = None
    while True:
        listed = ask(Page(PAGE, after))
        yield from listed.items
        after = listed.next
        if after is None:
            return
