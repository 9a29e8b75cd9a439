"""The books of the store in memory."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from adapters.memory.store import MemoryStore
from adapters.memory.tables import Tables, copy_of_order, copy_of_payment
from application.books import OrderEntry, PaymentEntry, StockEntry, Told, WalletEntry
from application.ports import Perishable
from domain.ids import CustomerId, PaymentId, Sku
from domain.order_status import OrderStatus


class MemoryBooks:
    """Everything that is stored, for whoever checks it."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def orders(self, after: int, limit: int) -> Sequence[OrderEntry]:
        """The next orders by id."""
        with self._store.reading() as tables:
            told = _told(tables, "order")
            ids = sorted(order_id for order_id in tables.orders if order_id > after)[:limit]
            found = [copy_of_order(tables.orders[order_id]) for order_id in ids]
            return [
                OrderEntry(
                    order=order,
                    total=order.total.minor,
                    payments=tuple(copy_of_payment(tables.payments[id_]) for id_ in order.payment_ids),
                    told=told[order.id],
                )
                for order in found
            ]

    def payments(self, after: int, limit: int) -> Sequence[PaymentEntry]:
        """The next payments by id."""
        with self._store.reading() as tables:
            told = _told(tables, "payment")
            ids = sorted(payment_id for payment_id in tables.payments if payment_id > after)[:limit]
            found = [copy_of_payment(tables.payments[payment_id]) for payment_id in ids]
            reported = list(tables.bank_entries.values())
            moved = defaultdict[PaymentId | None, list[int]](list)
            for _, posting in tables.postings.values():
                moved[posting.payment_id].append(posting.amount.minor)
            return [
                PaymentEntry(
                    payment=each,
                    told=told[each.id],
                    reported=tuple(entry for entry in reported if entry.payment_id == each.id),
                    drawn=-sum(minor for minor in moved[each.id] if minor < 0),
                    returned=sum(minor for minor in moved[each.id] if minor > 0),
                )
                for each in found
            ]

    def stock(self) -> Sequence[StockEntry]:
        """Every product."""
        with self._store.reading() as tables:
            held = Counter[Sku]()
            for order in tables.orders.values():
                if order.status is OrderStatus.HOLD:
                    held.update(order.quantities)
            goods = [(sku, stored.product.stock.reserved) for sku, stored in tables.products.items()]
        return [StockEntry(sku=sku, reserved=reserved, held=held[sku]) for sku, reserved in goods]

    def wallets(self) -> Sequence[WalletEntry]:
        """Every wallet; a posting in memory is told once, and cannot contradict itself."""
        with self._store.reading() as tables:
            posted = Counter[tuple[CustomerId, str]]()
            for owner, posting in tables.postings.values():
                posted[owner, posting.amount.currency.code] += posting.amount.minor
            held = [(key, wallet.balance.minor) for key, wallet in tables.wallets.items()]
        return [
            WalletEntry(customer_id=key[0], currency=key[1], balance=balance, posted=posted[key], lopsided=0)
            for key, balance in held
        ]


def _told(tables: Tables, subject: str) -> Mapping[int, Told]:
    gone_before = tables.pruned.get(Perishable.EVENTS)
    told = defaultdict[int, Told](lambda: Told(gone_before=gone_before))
    events = [stored.event for stored in tables.outbox.values() if stored.event.subject == subject]
    for event in sorted(events, key=lambda event: event.sequence):
        so_far = told[event.subject_id]
        first = so_far.first or event.sequence
        told[event.subject_id] = Told(first, event.sequence, so_far.total + 1, gone_before)
    return told
