"""The proof: recomputes money = bills = orders = stock from what is stored, and names each breach."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import attrs

from application.books import Books, OrderEntry, PaymentEntry, StockEntry, Told, WalletEntry
from domain.bank import EntryVerdict
from domain.bill import OPEN, BillState
from domain.money import Money
from domain.order_status import ORDER_TRANSITIONS, OrderStatus

SHEET = 500

# From here on an order's money must be there.
PAID_FOR = frozenset(
    {OrderStatus.PROCESSING, OrderStatus.SHIPPED, OrderStatus.DELIVERED, OrderStatus.COMPLETED}
)

E = TypeVar("E")


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

    books: Books

    def __call__(self) -> Proof:
        """Look at everything, a sheet at a time: no more of it is held than that and what is wrong."""
        books, counted, breaches = self.books, dict[str, int](), list[Breach]()

        def look(what: str, entries: Iterator[E], check: Callable[[E], Iterator[Breach]]) -> None:
            counted[what] = 0
            for entry in entries:
                counted[what] += 1
                breaches.extend(check(entry))

        look("orders", _entries(books.orders, lambda entry: entry.order.id), breaches_of_order)
        look("payments", _entries(books.payments, lambda entry: entry.payment.id), breaches_of_payment)
        look("products", iter(books.stock()), breaches_of_stock)
        look("wallets", iter(books.wallets()), breaches_of_wallet)
        return Proof(counted, tuple(breaches))


def _entries(read: Callable[[int, int], Sequence[E]], position: Callable[[E], int]) -> Iterator[E]:
    after = 0
    while sheet := read(after, SHEET):
        yield from sheet
        after = position(sheet[-1])


def breaches_of_order(entry: OrderEntry) -> Iterator[Breach]:
    """I1, I2, I4, I6, I7, I13, I18: paid at most once, with enough money; its history is legal."""
    order, own = entry.order, entry.payments
    name = f"order {order.number}"
    paid = [payment for payment in own if payment.bill.state is BillState.PAID]
    if len(paid) > 1 and order.status is not OrderStatus.CANCELLED:
        yield Breach("I1", f"{name} is paid {len(paid)} times")
    yield from breaches_of_total(entry)
    if order.status in PAID_FOR and not any(payment.bill.verified for payment in paid):
        yield Breach("I4", f"{name} is {order.status} without a verified bill")
    yield from breaches_of_history(entry)
    waits = order.status is OrderStatus.HOLD and not order.is_paid
    if waits and not any(payment.bill.state in OPEN for payment in own):
        yield Breach("I7", f"{name} is held and no payment of it is open")
    moments = (order.created_at, *(move.at for move in order.history))
    yield from breaches_of_events(f"order {order.id}", order.sequence, entry.told, moments)
    if sum(payment.is_under_way for payment in own) > 1:
        yield Breach("I18", f"{name} has more than one open payment")


def breaches_of_total(entry: OrderEntry) -> Iterator[Breach]:
    """I2: an order is the sum of its lines, and what a payment asks for it is just that."""
    order = entry.order
    if entry.total != order.total.minor:
        yield Breach("I2", f"order {order.id}: {entry.total} is stored, its lines come to {order.total}")
    for payment in entry.payments:
        for share in payment.shares:
            if share.order_id == order.id and share.amount != order.total:
                yield Breach("I2", f"payment {payment.id} asks {share.amount} for order {order.number}")


def breaches_of_history(entry: OrderEntry) -> Iterator[Breach]:
    """I6: a path through the table of transitions, which ends where the order is."""
    order, status = entry.order, OrderStatus.NEW
    for move in order.history:
        if move.moved_from is not status or (move.moved_from, move.to) not in ORDER_TRANSITIONS:
            yield Breach("I6", f"order {order.number} went from {status} to {move.to}")
        status = move.to
    if status is not order.status:
        yield Breach("I6", f"order {order.number} is {order.status}, its history ends in {status}")


def breaches_of_payment(entry: PaymentEntry) -> Iterator[Breach]:
    """I2, I5, I8, I12, I13: a payment is the sum of its shares, and is verified only by a stored answer."""
    payment = entry.payment
    shared = Money.sum(share.amount for share in payment.shares)
    if shared != payment.amount:
        yield Breach("I2", f"payment {payment.id}: {payment.amount} is stored, its orders come to {shared}")
    answered = payment.is_offline or payment.bill.response != "{}"
    if payment.bill.verified and not answered:
        yield Breach("I5", f"payment {payment.id} is verified without an answer of its gateway")
    # When its later events happened is told by nothing but themselves: the payment must be as old.
    moments = (payment.created_at,) * payment.sequence
    yield from breaches_of_events(f"payment {payment.id}", payment.sequence, entry.told, moments)
    yield from breaches_of_reports(entry)
    yield from breaches_of_drawing(entry)


def breaches_of_reports(entry: PaymentEntry) -> Iterator[Breach]:
    """I8: a payment that a bank's entry approved is paid, by that one alone, which covers it."""
    payment, name = entry.payment, f"payment {entry.payment.id}"
    approved = [each for each in entry.reported if each.verdict is EntryVerdict.APPROVED]
    is_by_bank = payment.is_offline and payment.bill.verified and payment.bill.transaction_id is not None
    if len(approved) != is_by_bank:
        yield Breach("I8", f"{name} was approved by {len(approved)} entries of a bank, not {int(is_by_bank)}")
    for judged in approved:
        if judged.entry.amount != payment.amount + judged.owed:
            came, owed = judged.entry.amount, judged.owed
            yield Breach("I8", f"{name} is {payment.amount}: {came} came for it, of which {owed} are owed")


def breaches_of_drawing(entry: PaymentEntry) -> Iterator[Breach]:
    """I12: a payment from a wallet took its amount there, no other took anything, and no more came back."""
    payment = entry.payment
    due = payment.amount.minor if payment.drew_on_wallet and payment.bill.verified else 0
    if entry.drawn != due:
        yield Breach("I12", f"payment {payment.id} took {entry.drawn} from a wallet, not {due}")
    if entry.returned > entry.drawn:
        yield Breach("I12", f"payment {payment.id} gave back {entry.returned}, and took {entry.drawn}")


def breaches_of_wallet(entry: WalletEntry) -> Iterator[Breach]:
    """I12: a balance is the sum of its entries and never below zero; every posting sums to zero."""
    name = f"the wallet of customer {entry.customer_id} in {entry.currency}"
    if entry.balance != entry.posted or entry.balance < 0:
        yield Breach("I12", f"{name}: {entry.balance} is stored, its entries come to {entry.posted}")
    if entry.lopsided:
        yield Breach("I12", f"{name}: {entry.lopsided} postings do not sum to zero")


def breaches_of_stock(entry: StockEntry) -> Iterator[Breach]:
    """I3: what is reserved is what orders in HOLD hold."""
    if entry.reserved != entry.held:
        yield Breach("I3", f"{entry.sku}: {entry.reserved} reserved, its orders hold {entry.held}")


def breaches_of_events(name: str, sequence: int, told: Told, moments: Sequence[datetime]) -> Iterator[Breach]:
    """I13: each change has left exactly one event, numbered without gaps.

    The earliest may have been pruned, but only those that happened before what was pruned.
    Shape: `moments` says of each event when it happened, or a moment before that.
    """
    gone = told.first - 1 if told.total else sequence
    if told.total and (told.last, told.total) != (sequence, sequence - gone):
        yield Breach("I13", f"{name}: {told.total} events from {told.first} to {told.last}, not {sequence}")
    elif gone and not _may_be_gone(moments[gone - 1 : gone], told.gone_before):
        yield Breach("I13", f"{name}: the first {gone} of {sequence} events are missing")


def _may_be_gone(moment: Sequence[datetime], before: datetime | None) -> bool:
    return before is not None and all(at < before for at in moment)
