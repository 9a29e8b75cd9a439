"""What is only kept for a while goes when it is old, and nothing else does."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from application.ports import IdempotencyScope, KeptReply, Perishable
from application.repositories import InboxEntry
from domain.bill import BillState
from domain.ids import CheckoutId, MethodCode, OrderKey, PaymentId
from domain.order_status import OrderStatus
from domain.people import Customer
from tests.builders import NOON, SOMEBODY, later, make_cart, make_order, make_payment
from tests.contract.storages import Storage

LEASE = timedelta(minutes=1)
FULFILMENT = (OrderStatus.SHIPPED, OrderStatus.DELIVERED)
SCOPE = IdempotencyScope(caller="customer:1", operation="checkout", target="/", key="k-1")


def happen(storage: Storage, order_id: int, times: int = 1) -> None:
    """So many events of one order."""
    with storage.begin() as uow:
        order = make_order(order_id, status=OrderStatus.HOLD)
        order.mark_paid(SOMEBODY, NOON)
        for status in FULFILMENT[: times - 1]:
            order.fulfil(status, SOMEBODY, NOON)
        uow.orders.add(order)
        uow.commit()


def tell(storage: Storage, at: datetime) -> list[int]:
    """Tell what is due, one event of each order; answers their numbers."""
    claim = at + LEASE
    ids = [event.id for event in storage.outbox.claim(at, claim, 100)]
    storage.outbox.delivered(ids, claim, at)
    return ids


def told(storage: Storage) -> dict[int, tuple[int, int]]:
    """Of each order of which any event is left, the first and the last."""
    entries = storage.books.orders(0, 100)
    return {entry.order.id: (entry.told.first, entry.told.last) for entry in entries if entry.told.total}


class TestEvents:
    """Events that were told."""

    def test_go_when_they_were_told_long_ago(self, storage: Storage) -> None:
        """By when they were told, not by when they happened."""
        for order_id in (1, 2):
            happen(storage, order_id)
        (first, _) = storage.outbox.claim(NOON, NOON + LEASE, 100)
        storage.outbox.delivered([first.id], NOON + LEASE, NOON)
        tell(storage, later(hours=1))

        assert storage.prunes(Perishable.EVENTS, NOON, 100) == 0
        assert storage.prunes(Perishable.EVENTS, later(seconds=1), 100) == 1

        assert told(storage) == {2: (1, 1)}

    @pytest.mark.parametrize("parked", [True, False])
    def test_stay_until_they_were_told(self, storage: Storage, parked: bool) -> None:
        """However old: those to be told later, those that never can be, and those after them."""
        happen(storage, 1, times=3)
        tell(storage, NOON)
        (event,) = storage.outbox.claim(NOON, NOON + LEASE, 100)
        storage.outbox.postpone(event.id, NOON + LEASE, later(hours=1), parked=parked)

        assert storage.prunes(Perishable.EVENTS, later(days=1000), 100) == 1

        assert told(storage) == {1: (2, 3)}

    def test_leave_no_gap(self, storage: Storage) -> None:
        """Clocks differ: an earlier event may seem to have been told later, and keeps those after it."""
        happen(storage, 1, times=3)
        for at in (NOON, later(hours=1), later(minutes=1)):
            tell(storage, at)

        assert storage.prunes(Perishable.EVENTS, later(minutes=2), 100) == 1
        assert told(storage) == {1: (2, 3)}

        assert storage.prunes(Perishable.EVENTS, later(hours=2), 100) == 2
        assert told(storage) == {}

    def test_go_a_few_at_a_time(self, storage: Storage) -> None:
        """The oldest first."""
        for order_id in range(1, 6):
            happen(storage, order_id)
        tell(storage, NOON)

        gone = [storage.prunes(Perishable.EVENTS, later(days=1), 2) for _ in range(4)]

        assert gone == [2, 2, 1, 0]

    def test_never_come_again(self, storage: Storage) -> None:
        """Nothing is told because what came before it is gone, and no number is used twice."""
        happen(storage, 1, times=2)
        before = [*tell(storage, NOON), *tell(storage, NOON)]
        storage.prunes(Perishable.EVENTS, later(days=1), 100)
        assert storage.outbox.claim(later(days=1), later(days=2), 100) == []

        happen(storage, 2)

        (event,) = storage.outbox.claim(later(days=1), later(days=2), 100)
        assert event.id > max(before)

    def test_are_pruned_by_one_at_a_time(self, storage: Storage) -> None:
        """Any number side by side: each event goes once, and no order is left with a gap."""
        for order_id in range(1, 31):
            happen(storage, order_id, times=3)
        for _ in range(3):
            tell(storage, NOON)

        def prune() -> int:
            gone = 0
            for _ in range(100):
                gone += storage.prunes(Perishable.EVENTS, later(days=1), 7)
                assert all(last == 3 for _, last in told(storage).values())
            return gone

        with ThreadPoolExecutor(4) as pool:
            gone = sum(future.result() for future in [pool.submit(prune) for _ in range(4)])

        assert gone == 90
        assert told(storage) == {}

    def test_leave_a_note_of_what_may_be_gone(self, storage: Storage) -> None:
        """As late as ever, though somebody whose clock is behind prunes as well; nothing gone, no note."""
        for order_id in (1, 2):
            happen(storage, order_id)
        (first, second) = storage.outbox.claim(NOON, NOON + LEASE, 100)

        def gone_before() -> datetime | None:
            (entry, _) = storage.books.orders(0, 100)
            return entry.told.gone_before

        storage.prunes(Perishable.EVENTS, later(days=3), 100)
        assert gone_before() is None
        storage.outbox.delivered([first.id], NOON + LEASE, NOON)
        storage.prunes(Perishable.EVENTS, later(days=2), 100)
        assert gone_before() == later(days=2)
        storage.outbox.delivered([second.id], NOON + LEASE, NOON)
        storage.prunes(Perishable.EVENTS, later(days=1), 100)
        assert gone_before() == later(days=2)


class TestCallbacks:
    """Callbacks as they were received."""

    def receive(self, storage: Storage, verdict: str, at: datetime = NOON) -> None:
        """One callback that led to this."""
        with storage.begin() as uow:
            uow.inbox.add(
                InboxEntry(
                    method_code=MethodCode("card"),
                    received_at=at,
                    http_method="POST",
                    path="/",
                    query="",
                    body="",
                    verdict=verdict,
                )
            )
            uow.commit()

    @pytest.mark.parametrize("verdict", ["forged", "malformed", "unknown", "repeated", "settled"])
    def test_go_when_they_are_old(self, storage: Storage, verdict: str) -> None:
        """Whatever they were worth."""
        self.receive(storage, verdict)
        self.receive(storage, verdict, later(seconds=1))

        assert storage.prunes(Perishable.CALLBACKS, NOON, 100) == 0
        assert storage.prunes(Perishable.CALLBACKS, later(seconds=1), 100) == 1

        assert [entry.received_at for entry in storage.received()] == [later(seconds=1)]

    @pytest.mark.parametrize("verdict", ["received", "unconfirmed"])
    def test_stay_while_nobody_knows_what_they_are_worth(self, storage: Storage, verdict: str) -> None:
        """Unknown is not over."""
        self.receive(storage, verdict)

        assert storage.prunes(Perishable.CALLBACKS, later(days=1000), 100) == 0


class TestCarts:
    """Carts that nobody wants any more."""

    def test_go_when_nobody_has_changed_them_for_long(self, storage: Storage, aysel: Customer) -> None:
        """By the day."""
        with storage.begin() as uow:
            uow.carts.save(make_cart(aysel.id, kettle=1))
            uow.commit()

        assert storage.prunes(Perishable.CARTS, NOON.replace(hour=23), 100) == 0
        assert storage.prunes(Perishable.CARTS, later(days=1), 100) == 1

        with storage.begin() as uow:
            assert uow.carts.of(aysel.id) is None
            uow.carts.save(make_cart(aysel.id, "another", kettle=1))
            uow.commit()

    @pytest.mark.parametrize(
        ("status", "goes"),
        [
            (OrderStatus.NEW, 0),
            (OrderStatus.HOLD, 0),
            (OrderStatus.FAILED, 1),
            (OrderStatus.CANCELLED, 1),
            (OrderStatus.PROCESSING, 1),
        ],
    )
    def test_stay_while_their_payment_is_under_way(
        self, storage: Storage, aysel: Customer, status: OrderStatus, goes: int
    ) -> None:
        """An order that waits for its money may fail, and then the cart is as it was."""
        for number, checkout in enumerate(("older", "newer"), start=1):
            with storage.begin() as uow:
                uow.orders.add(
                    make_order(
                        number,
                        key=OrderKey(checkout),
                        checkout_id=CheckoutId(checkout),
                        status=OrderStatus.HOLD if checkout == "older" else status,
                    )
                )
                uow.commit()
        with storage.begin() as uow:
            cart = make_cart(aysel.id, kettle=1)
            cart.check_out(CheckoutId("newer"), NOON)
            uow.carts.save(cart)
            uow.commit()

        assert storage.prunes(Perishable.CARTS, later(days=1000), 100) == goes


class TestKeys:
    """Clients' keys with what they were answered."""

    def test_go_when_they_are_forgotten(self, storage: Storage) -> None:
        """By when they were answered; one that was never answered by the end of its lease."""
        storage.idempotency.claim(SCOPE, "print", NOON, LEASE)
        storage.idempotency.keep(SCOPE, NOON + LEASE, KeptReply(201, b"reply"), later(hours=1))
        storage.idempotency.claim(_scope("left behind"), "print", NOON, LEASE)

        assert storage.prunes(Perishable.KEYS, NOON + LEASE, 100) == 0
        assert storage.prunes(Perishable.KEYS, later(hours=1), 100) == 1
        assert storage.idempotency.claim(SCOPE, "print", later(hours=1), LEASE) is not None
        assert storage.prunes(Perishable.KEYS, later(hours=2), 100) == 1

        assert storage.idempotency.claim(SCOPE, "print", later(hours=2), LEASE) is None


def _scope(key: str) -> IdempotencyScope:
    return IdempotencyScope(caller="customer:1", operation="checkout", target="/", key=key)


class TestFailures:
    """Failed tries."""

    def test_go_when_they_count_no_more(self, storage: Storage) -> None:
        """Each by itself."""
        with storage.begin() as uow:
            for at in (NOON, NOON, later(hours=1)):
                uow.failures.add(["somebody"], at)
            uow.commit()

        assert storage.prunes(Perishable.FAILURES, NOON, 100) == 0
        assert storage.prunes(Perishable.FAILURES, later(hours=1), 100) == 2

        with storage.begin() as uow:
            assert uow.failures.count(["somebody"], NOON) == 1


class TestMoney:
    """What a shop has earned and owes."""

    def test_is_kept_for_ever(self, storage: Storage, aysel: Customer) -> None:
        """Orders and payments, however old."""
        order = make_order(1, customer_id=aysel.id)
        with storage.begin() as uow:
            uow.orders.add(order)
            uow.payments.add(make_payment(1, (order,), bill_state=BillState.FAILED))
            uow.commit()

        for what in Perishable:
            storage.prunes(what, later(days=100_000), 100)

        with storage.begin() as uow:
            assert [found.id for found in uow.orders.find([order.id])] == [1]
            assert [found.id for found in uow.payments.lock([PaymentId(1)])] == [1]


class TestNothing:
    """A shop that has just opened."""

    @pytest.mark.parametrize("what", list(Perishable))
    def test_is_pruned_where_nothing_is(self, storage: Storage, what: Perishable) -> None:
        """Of any kind."""
        assert storage.prunes(what, later(days=1), 100) == 0
