"""The books, gone through by somebody who shares no code with the shop.

What the database holds is compared with itself and with the gateway's own journal, both ways. The
rules' numbers are those of the README's table; `kassa verify` looks at the same from the inside.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping

import attrs

from tests.races.shop import Shop

BEYOND_HOLD = frozenset({"PROCESSING", "SHIPPED", "DELIVERED", "COMPLETED"})
# Money that is not delivered lies with a person.
OWNED = frozenset({"paid", "review"})
UNDECIDED = frozenset({"unsent", "in_doubt"})

_PAYMENTS = "SELECT id, order_id, state, amount, currency, is_offline FROM payments"
_ORDERS = "SELECT id, status, total FROM orders"
_SHARES = "SELECT payment_id, order_id, amount FROM payment_orders"
_LINES = "SELECT order_id, sku, quantity, unit_price FROM order_lines"
_STOCK = "SELECT sku, on_hand, reserved FROM products"
_EVENTS = "SELECT subject, subject_id, sequence, type, delivered_at FROM outbox"


@attrs.frozen
class Bill:
    """A payment with its bill, as stored."""

    id: int
    ref: str
    state: str
    amount: int
    currency: str
    is_offline: bool


@attrs.frozen
class Order:
    """An order, as stored."""

    id: int
    status: str
    total: int


@attrs.frozen
class Books:
    """Everything that the database holds, and what the gateway says happened to money."""

    bills: Mapping[int, Bill]
    orders: Mapping[int, Order]
    shares: list[tuple[int, int, int]]
    lines: list[tuple[int, str, int, int]]
    stock: Mapping[str, tuple[int, int]]
    events: list[tuple[str, int, int, str, str | None]]
    captured: Mapping[str, list[tuple[int, str]]]
    refunded: Mapping[str, int]

    @classmethod
    def of(cls, shop: Shop) -> "Books":
        """Read them all. The gateway must be this shop's own."""
        captured, refunded = defaultdict(list), Counter[str]()
        for entry in shop.sandbox.control("GET", "journal").json()["items"]:
            if entry["kind"] == "captured":
                captured[entry["merchant_ref"]].append((entry["amount"], entry["currency"]))
            elif entry["kind"] == "refunded":
                refunded[entry["merchant_ref"]] += entry["amount"]
        return cls(
            bills={row[0]: Bill(*row) for row in shop.rows(_PAYMENTS)},
            orders={row[0]: Order(*row) for row in shop.rows(_ORDERS)},
            shares=shop.rows(_SHARES),
            lines=shop.rows(_LINES),
            stock={sku: (on_hand, reserved) for sku, on_hand, reserved in shop.rows(_STOCK)},
            events=shop.rows(_EVENTS),
            captured=captured,
            refunded=refunded,
        )

    def breaches(self, received: Mapping[str, int], *, at_rest: bool = True) -> list[str]:
        """What is wrong; nothing should be.

        `received`: the units of each product that were ever put in stock. `at_rest`: the gateway has
        been heard of everything and the relay has told everything.
        """
        found = [*self._money(), *self._sums(), *self._goods(received), *self._told()]
        return found + list(self._unsettled()) if at_rest else found

    def _money(self) -> Iterator[str]:
        """I1, I4, I8, I9, I10: all money has an owner, and nothing was sold without."""
        by_ref = {bill.ref: bill for bill in self.bills.values()}
        yield from (f"I8: money came for {ref}" for ref in self.captured.keys() - by_ref.keys())
        for bill in by_ref.values():
            taken = self.captured.get(bill.ref, [])
            if len(taken) > 1:
                yield f"I10: {bill.ref} was captured {len(taken)} times"
            if taken and taken[0] != (bill.amount, bill.currency):
                yield f"I10: {bill.ref} asked {bill.amount} {bill.currency}, the gateway took {taken[0]}"
            if bill.state == "paid" and not (taken or bill.is_offline):
                yield f"I4: {bill.ref} is paid, and the gateway has nothing"
            kept = sum(amount for amount, _ in taken) - self.refunded.get(bill.ref, 0)
            if bill.state == "failed" and kept:
                yield f"I9: {bill.ref} failed, and the gateway keeps {kept}"
        paid_for = Counter(order for id_, order, _ in self.shares if self.bills[id_].state == "paid")
        for order in self.orders.values():
            if paid_for[order.id] > 1 and order.status != "CANCELLED":
                yield f"I1: order {order.id} is paid {paid_for[order.id]} times"
            if order.status in BEYOND_HOLD and not paid_for[order.id]:
                yield f"I4: order {order.id} is {order.status} and nobody paid"

    def _sums(self) -> Iterator[str]:
        """I2: a payment is the sum of its orders, an order the sum of its lines."""
        of_bill, of_order = Counter[int](), Counter[int]()
        for id_, order, amount in self.shares:
            of_bill[id_] += amount
            if amount != self.orders[order].total:
                yield f"I2: payment {id_} asks {amount} of order {order}"
        for order, _, quantity, price in self.lines:
            of_order[order] += quantity * price
        yield from (f"I2: payment {b.id}" for b in self.bills.values() if of_bill[b.id] != b.amount)
        yield from (f"I2: order {o.id}" for o in self.orders.values() if of_order[o.id] != o.total)

    def _goods(self, received: Mapping[str, int]) -> Iterator[str]:
        """I3: what came in is on hand or sold, and what is reserved is what orders hold."""
        held, sold = Counter[str](), Counter[str]()
        for order, sku, quantity, _ in self.lines:
            status = self.orders[order].status
            held[sku] += quantity if status == "HOLD" else 0
            sold[sku] += quantity if status in BEYOND_HOLD else 0
        for sku, (on_hand, reserved) in self.stock.items():
            if reserved != held[sku]:
                yield f"I3: {sku}: {reserved} reserved, orders hold {held[sku]}"
            if sku in received and on_hand + sold[sku] != received[sku]:
                yield f"I3: {sku}: {received[sku]} came in, {sold[sku]} sold, {on_hand} on hand"

    def _told(self) -> Iterator[str]:
        """I13: one event for each change, numbered from 1 without gaps; an order is paid once."""
        numbers, kinds = defaultdict(list), Counter[tuple[str, int, str]]()
        for subject, id_, sequence, kind, _ in self.events:
            numbers[subject, id_].append(sequence)
            kinds[subject, id_, kind] += 1
        for (subject, id_), found in numbers.items():
            if sorted(found) != list(range(1, len(found) + 1)):
                yield f"I13: {subject} {id_} has events {sorted(found)}"
        for (subject, id_, kind), count in kinds.items():
            if kind in {"order.placed", "order.paid", "payment.started", "payment.succeeded"} and count > 1:
                yield f"I13: {subject} {id_}: {count} times {kind}"
        named = {("order", id_) for id_ in self.orders} | {("payment", id_) for id_ in self.bills}
        yield from (f"I13: nothing was told of {which}" for which in named ^ numbers.keys())

    def _unsettled(self) -> Iterator[str]:
        """I10: after a while nothing is open that the gateway knows, and everything was told."""
        for bill in self.bills.values():
            if bill.state in UNDECIDED:
                yield f"I10: {bill.ref} is still {bill.state}"
            elif bill.ref in self.captured and bill.state not in OWNED:
                yield f"I8: {bill.ref} is {bill.state}, and the gateway has the money"
        late = sum(delivered is None for *_, delivered in self.events)
        if late:
            yield f"I13: {late} events were never told"

    def sold_once(self, order_ids: Collection[int]) -> list[str]:
        """Those of these orders that are not in PROCESSING, paid by one bill that the gateway captured."""
        bills = defaultdict(list)
        for bill_id, order_id, _ in self.shares:
            bills[order_id].append(self.bills[bill_id])
        wrong = []
        for id_ in order_ids:
            order = self.orders.get(id_)
            paid = [b for b in bills[id_] if b.state == "paid" and len(self.captured[b.ref]) == 1]
            if order is None or order.status != "PROCESSING" or len(paid) != 1:
                wrong.append(f"order {id_}: {order}, {bills[id_]}")
        return wrong
