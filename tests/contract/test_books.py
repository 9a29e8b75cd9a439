"""The books show everything that is stored, a sheet at a time."""

from application.books import OrderEntry, StockEntry, Told
from domain.ids import OrderId, PaymentId, Sku
from domain.order_status import OrderStatus
from domain.people import Customer
from tests.builders import NOON, SOMEBODY, make_order, make_payment, make_product
from tests.contract.storages import Storage


def fill(storage: Storage) -> None:
    """Two orders held for one payment, another one cancelled, and three products."""
    with storage.begin() as uow:
        pair = (make_order(1), make_order(2))
        for order in pair:
            order.hold(PaymentId(7), SOMEBODY, NOON)
            uow.orders.add(order)
        uow.payments.add(make_payment(7, pair))
        given_up = make_order(3)
        given_up.cancel(SOMEBODY, NOON)
        uow.orders.add(given_up)
        for sku, reserved in (("kettle", 4), ("lamp", 1), ("anvil", 0)):
            uow.products.add(make_product(sku, reserved=reserved))
        uow.commit()


class TestBooks:
    """Everything that is stored, for whoever checks it."""

    def test_show_an_order_whole(self, storage: Storage, aysel: Customer) -> None:
        """With its stored total, all its payments and its events."""
        fill(storage)

        (entry, _) = storage.books.orders(0, 2)

        with storage.begin() as uow:
            order, payment = uow.orders.lock([OrderId(1)])[0], uow.payments.lock([PaymentId(7)])[0]
        assert order.payment_ids == (7,)
        assert entry == OrderEntry(order=order, total=8000, payments=(payment,), told=Told(1, 1, 1))

    def test_show_a_payment_whole(self, storage: Storage, aysel: Customer) -> None:
        """With its orders' shares; one that nothing has happened to has no events."""
        fill(storage)

        (entry,) = storage.books.payments(0, 9)

        with storage.begin() as uow:
            assert entry.payment == uow.payments.lock([PaymentId(7)])[0]
        assert entry.told == Told()

    def test_are_read_a_sheet_at_a_time(self, storage: Storage, aysel: Customer) -> None:
        """By id, each record on one sheet; after the last there is nothing."""
        fill(storage)
        books = storage.books

        sheets = [[entry.order.id for entry in books.orders(after, 2)] for after in (0, 1, 2, 3)]

        assert sheets == [[1, 2], [2, 3], [3], []]
        assert [len(books.payments(after, 9)) for after in (0, 6, 7)] == [1, 1, 0]

    def test_tell_from_which_event_to_which(self, storage: Storage, aysel: Customer) -> None:
        """And how many there are, of orders and payments apart."""
        with storage.begin() as uow:
            order = make_order(1)
            order.hold(PaymentId(7), SOMEBODY, NOON)
            order.cancel(SOMEBODY, NOON)
            uow.orders.add(order)
            uow.payments.add(make_payment(7, (order,)))
            uow.commit()

        (entry,) = storage.books.orders(0, 9)

        assert entry.told == Told(1, 2, 2)

    def test_count_what_orders_hold(self, storage: Storage, aysel: Customer) -> None:
        """Of every product, beside what is reserved."""
        fill(storage)

        assert sorted(storage.books.stock(), key=lambda entry: entry.sku) == [
            StockEntry(sku=Sku("anvil"), reserved=0, held=0),
            StockEntry(sku=Sku("kettle"), reserved=4, held=4),
            StockEntry(sku=Sku("lamp"), reserved=1, held=0),
        ]

    def test_hand_out_copies(self, storage: Storage, aysel: Customer) -> None:
        """What a reader does with an entry changes nothing that is stored."""
        fill(storage)
        (entry, *_) = storage.books.orders(0, 9)

        entry.order.status = OrderStatus.FAILED
        entry.payments[0].bill.next_step = "https://elsewhere.example"

        (again, *_) = storage.books.orders(0, 9)
        assert again.order.status is OrderStatus.HOLD
        assert again.payments[0].bill.next_step is None
