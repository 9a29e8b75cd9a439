"""The proof: recomputes money = bills = orders = stock from what is stored, and names each breach."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping

import attrs

from application.storage import Page
from application.views import Listed, PaymentView, Queries, T
from domain.bill import OPEN, BillState
from domain.ids import PaymentId, Sku
from domain.money import Money
from domain.order import ORDER_TRANSITIONS, Order, OrderStatus
from domain.payment import Payment

PAGE = 100

# From here on an order's money must be there.
PAID_FOR = frozenset(
    {OrderStatus.PROCESSING, OrderStatus.SHIPPED, OrderStatus.DELIVERED, OrderStatus.COMPLETED}
)


@attrs.frozen
class Breach:
    """Something that must never be so. `rule` numbers it as in the README's table of invariants."""

    rule: str
    what: str


@attrs.frozen
class Proof:
    """What was looked at, and what was wrong with it."""

    checked: Mapping[str, int]
    breaches: tuple[Breach, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was wrong."""
        return not self.breaches


@attrs.frozen(kw_only=True)
class Prove:
    """Recomputes every invariant that the stored records alone can show."""

    queries: Queries

    def __call__(self) -> Proof:
        """Look at everything; what changed while we looked is looked at again before it counts."""
        first = self._look()
        if first.is_clean:
            return first
        again = self._look()
        return Proof(again.checked, tuple(breach for breach in again.breaches if breach in first.breaches))

    def _look(self) -> Proof:
        payments = {view.payment.id: view.payment for view in self._all(self._payments)}
        orders = list(self._all(self._orders))
        reserved = Counter[Sku]()
        for order in orders:
            if order.status is OrderStatus.HOLD:
                reserved.update(order.quantities)
        products = list(self._all(self.queries.products))
        counted = self.queries.event_counts()
        breaches = [
            *(breach for order in orders for breach in breaches_of_order(order, payments)),
            *(
                Breach("I2", f"{sum_.what}: {sum_.stored} is stored, its parts come to {sum_.summed}")
                for sum_ in self.queries.sums()
            ),
            *breaches_of_links(orders, payments),
            *(breach for payment in payments.values() for breach in breaches_of_payment(payment)),
            *(
                Breach("I3", f"{p.sku}: {p.stock.reserved} reserved, its orders hold {reserved[p.sku]}")
                for p in products
                if p.stock.reserved != reserved[p.sku]
            ),
            *breaches_of_events("order", {order.id: order.sequence for order in orders}, counted),
            *breaches_of_events("payment", {p.id: p.sequence for p in payments.values()}, counted),
        ]
        checked = {"orders": len(orders), "payments": len(payments), "products": len(products)}
        return Proof(checked, tuple(breaches))

    def _orders(self, page: Page) -> Listed[Order]:
        return self.queries.orders(page, None)

    def _payments(self, page: Page) -> Listed[PaymentView]:
        return self.queries.payments(page, None)

    def _all(self, ask: Callable[[Page], Listed[T]]) -> Iterator[T]:
        after: int | None = None
        while True:
            listed = ask(Page(PAGE, after))
            yield from listed.items
            after = listed.next
            if after is None:
                return


def breaches_of_order(order: Order, payments: Mapping[PaymentId, Payment]) -> Iterator[Breach]:
    """I1, I4, I6, I7: an order is paid at most once, and only with money; its history is legal."""
    name, own = f"order {order.number}", [payments[id_] for id_ in order.payment_ids if id_ in payments]
    paid = [payment for payment in own if payment.bill.state is BillState.PAID]
    if len(paid) > 1 and order.status is not OrderStatus.CANCELLED:
        yield Breach("I1", f"{name} is paid {len(paid)} times")
    if order.status in PAID_FOR and not any(payment.bill.verified for payment in paid):
        yield Breach("I4", f"{name} is {order.status} without a verified bill")
    status = OrderStatus.NEW
    for move in order.history:
        if move.moved_from is not status or (move.moved_from, move.to) not in ORDER_TRANSITIONS:
            yield Breach("I6", f"{name} went from {status} to {move.to}")
        status = move.to
    if status is not order.status:
        yield Breach("I6", f"{name} is {order.status}, its history ends in {status}")
    waits = order.status is OrderStatus.HOLD and not order.is_paid
    if waits and not any(payment.bill.state in OPEN for payment in own):
        yield Breach("I7", f"{name} is held and no payment of it is open")
    if sum(payment.is_under_way for payment in own) > 1:
        yield Breach("I18", f"{name} has more than one open payment")


def breaches_of_payment(payment: Payment) -> Iterator[Breach]:
    """I2, I5: a payment is the sum of its shares, and is verified only by a stored answer."""
    if Money.sum(share.amount for share in payment.shares) != payment.amount:
        yield Breach("I2", f"payment {payment.id} is not the sum of its orders")
    answered = payment.is_offline or payment.bill.response != "{}"
    if payment.bill.verified and not answered:
        yield Breach("I5", f"payment {payment.id} is verified without an answer of its gateway")


def breaches_of_links(orders: list[Order], payments: Mapping[PaymentId, Payment]) -> Iterator[Breach]:
    """I2: what a payment asks for an order is that order's total."""
    shares: dict[int, list[tuple[Payment, Money]]] = defaultdict(list)
    for payment in payments.values():
        for share in payment.shares:
            shares[share.order_id].append((payment, share.amount))
    for order in orders:
        for payment, amount in shares[order.id]:
            if amount != order.total:
                yield Breach("I2", f"payment {payment.id} asks {amount} for order {order.number}")


def breaches_of_events(
    subject: str, sequences: Mapping[int, int], counted: Mapping[tuple[str, int], tuple[int, int]]
) -> Iterator[Breach]:
    """I13: each change has left exactly one event, numbered without gaps."""
    for subject_id, sequence in sequences.items():
        last, count = counted.get((subject, subject_id), (0, 0))
        if (last, count) != (sequence, sequence):
            yield Breach("I13", f"{subject} {subject_id}: {count} events up to {last}, not {sequence}")
