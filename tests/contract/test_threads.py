"""Many at once: nothing is lost, nothing is given to two, nobody sees an error."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import cycle
from typing import TypeVar

from application.ports import IdempotencyScope
from application.repositories import People
from domain.bill import BillState
from domain.errors import EmailTaken, IdempotencyKeyInFlight
from domain.ids import Sku
from domain.people import Customer
from tests.builders import NOON, SOMEBODY, later, make_order, make_payment, make_product
from tests.contract.storages import Storage

THREADS = 8
ROUNDS = 50

T = TypeVar("T")


def at_once(work: Callable[[], T], threads: int = THREADS) -> list[T]:
    """What each thread answers; an error in any of them comes out here."""
    with ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(work) for _ in range(threads)]]


class TestManyAtOnce:
    """Threads that want the same things."""

    def test_loses_no_update(self, storage: Storage) -> None:
        """Eight writers of fifty transactions each count one product down to the last unit."""
        with storage.begin() as uow:
            uow.products.add(make_product("kettle", on_hand=THREADS * ROUNDS))
            uow.commit()

        def buy() -> None:
            for _ in range(ROUNDS):
                with storage.begin() as uow:
                    kettle = uow.products.lock([Sku("kettle")])[Sku("kettle")]
                    kettle.stock.reserve(1)
                    uow.products.save(kettle)
                    uow.commit()

        at_once(buy)

        product = storage.queries.product(Sku("kettle"))
        assert product is not None
        assert product.stock.available == 0

    def test_takes_each_number_once(self, storage: Storage) -> None:
        """Ids of orders and payments are never given to two."""

        def take() -> list[tuple[tuple[int, ...], int]]:
            taken = []
            for _ in range(10):
                with storage.begin() as uow:
                    numbers = uow.numbers(3)
                    uow.commit()
                taken.append((numbers.orders, numbers.payment))
            return taken

        taken = [numbers for each in at_once(take) for numbers in each]

        assert len({order_id for orders, _ in taken for order_id in orders}) == THREADS * 10 * 3
        assert len({payment_id for _, payment_id in taken}) == THREADS * 10

    def test_claims_each_due_payment_once(self, storage: Storage, aysel: Customer) -> None:
        """Two janitors side by side never look at one payment."""
        order = make_order(1)
        with storage.begin() as uow:
            uow.orders.add(order)
            for number in range(1, 31):
                uow.payments.add(make_payment(number, (order,), look_at=NOON, bill_state=BillState.FAILED))
            uow.commit()

        def claim() -> list[int]:
            claimed: list[int] = []
            while True:
                with storage.begin() as uow:
                    found = uow.payments.claim_due(NOON, later(hours=1), 2)
                    uow.commit()
                if not found:
                    return claimed
                claimed.extend(found)

        assert sorted(number for each in at_once(claim, 2) for number in each) == list(range(1, 31))

    def test_claims_each_event_once(self, storage: Storage) -> None:
        """Two relays side by side never tell one event."""
        with storage.begin() as uow:
            for number in range(1, 31):
                order = make_order(number)
                order.cancel(SOMEBODY, NOON)
                uow.orders.add(order)
            uow.commit()

        def claim() -> list[int]:
            claimed: list[int] = []
            while found := storage.outbox.claim(NOON, later(hours=1), 2):
                claimed.extend(event.subject_id for event in found)
            return claimed

        assert sorted(number for each in at_once(claim, 2) for number in each) == list(range(1, 31))

    def test_gives_an_address_to_one(self, storage: Storage) -> None:
        """Of eight who register or are hired under one address at once, one has it in the end."""
        adds: list[Callable[[People], object]] = [
            lambda people: people.add_customer("A", "B", "both@example.com", "hash"),
            lambda people: people.add_staff("Both@example.com", "hash"),
        ]
        turns = cycle(adds)

        def take() -> bool:
            add = next(turns)
            try:
                with storage.begin() as uow:
                    add(uow.people)
                    uow.commit()
            except EmailTaken:
                return False
            return True

        assert sum(at_once(take)) == 1
        with storage.begin() as uow:
            people = uow.people
            owners = [people.customer_by_email("both@example.com"), people.staff_by_email("both@example.com")]
        assert sum(owner is not None for owner in owners) == 1

    def test_lets_one_request_through(self, storage: Storage) -> None:
        """Of eight with one key, one acts and the others are told to wait."""
        scope = IdempotencyScope(caller="c", operation="o", target="t", key="k")

        def claim() -> bool:
            try:
                storage.idempotency.claim(scope, "print", NOON, timedelta(minutes=1))
            except IdempotencyKeyInFlight:
                return False
            return True

        assert sum(at_once(claim)) == 1

    def test_reads_while_somebody_writes(self, storage: Storage) -> None:
        """A question waits for no writer, and sees nothing that is not committed."""
        with storage.begin() as uow:
            uow.products.add(make_product("kettle", on_hand=5))
            uow.commit()

        with storage.begin() as uow:
            kettle = uow.products.lock([Sku("kettle")])[Sku("kettle")]
            kettle.stock.reserve(1)
            uow.products.save(kettle)
            seen = storage.queries.product(Sku("kettle"))
            uow.commit()

        assert seen is not None
        assert seen.stock.reserved == 0
