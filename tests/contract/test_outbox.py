"""Stored events reach others at least once, each subject's in their order."""

from datetime import timedelta

import pytest

from domain.ids import Actor, OrderId, PaymentId
from domain.order import Order
from tests.builders import NOON, SOMEBODY, later, make_line, make_order
from tests.contract.storages import Storage

LEASE = timedelta(minutes=1)
CLAIM = NOON + LEASE


def place(storage: Storage, order_id: int) -> Order:
    """An order that was placed, held and cancelled: three events."""
    template = make_order(order_id)
    order = Order.place(
        id=OrderId(order_id),
        key=template.key,
        checkout_id=template.checkout_id,
        cart_id=None,
        customer_id=None,
        seller="Kassa",
        lines=[make_line()],
        placed_with=template.placed_with,
        by=SOMEBODY,
        now=NOON,
    )
    order.hold(PaymentId(1), SOMEBODY, NOON)
    order.cancel(Actor("staff:1"), later(seconds=1), "changed her mind")
    with storage.begin() as uow:
        uow.orders.add(order)
        uow.commit()
    return order


class TestOutbox:
    """The stored events that still have to be told."""

    def test_tells_an_event_whole(self, storage: Storage) -> None:
        """With its subject's snapshot, who did it and why, in JSON's types."""
        order = place(storage, 1)
        for _ in range(2):
            (event,) = storage.outbox.claim(NOON, CLAIM, 10)
            storage.outbox.delivered([event.id], CLAIM, NOON)

        (event,) = storage.outbox.claim(later(seconds=1), CLAIM, 10)

        assert (event.type, event.subject, event.subject_id) == ("order.cancelled", "order", 1)
        assert (event.sequence, event.occurred_at, event.attempts) == (3, later(seconds=1), 0)
        extra = {"by": "staff:1", "reason": "changed her mind", "moved_from": "HOLD"}
        assert event.data == {**order.snapshot(), **extra}

    def test_keeps_each_subjects_order(self, storage: Storage) -> None:
        """A later event is not given away before the earlier one was told."""
        place(storage, 1)
        place(storage, 2)

        rounds = []
        for _ in range(4):
            events = storage.outbox.claim(later(hours=1), later(hours=2), 10)
            storage.outbox.delivered([event.id for event in events], later(hours=2), NOON)
            rounds.append([(event.subject_id, event.sequence) for event in events])

        assert rounds == [[(1, 1), (2, 1)], [(1, 2), (2, 2)], [(1, 3), (2, 3)], []]

    def test_gives_an_event_to_one_at_a_time(self, storage: Storage) -> None:
        """During the lease nobody else gets it; afterwards it comes again, under the same id."""
        place(storage, 1)
        first = storage.outbox.claim(NOON, CLAIM, 10)

        assert storage.outbox.claim(CLAIM - timedelta(microseconds=1), CLAIM + LEASE, 10) == []
        again = storage.outbox.claim(CLAIM, CLAIM + LEASE, 10)

        assert [event.id for event in again] == [event.id for event in first]
        assert [event.attempts for event in again] == [0]

    def test_counts_what_could_not_be_told(self, storage: Storage) -> None:
        """And nothing else: who claims an event may never come to it."""
        place(storage, 1)
        counted = []
        for number in range(3):
            moment = NOON + number * LEASE
            (event,) = storage.outbox.claim(moment, moment + LEASE, 10)
            storage.outbox.postpone(event.id, moment + LEASE, moment + LEASE, parked=False)
            counted.append(event.attempts)

        assert counted == [0, 1, 2]

    def test_believes_nobody_whose_claim_is_over(self, storage: Storage) -> None:
        """Once somebody else has an event, the one who had it before can neither end nor put it off."""
        place(storage, 1)
        (event,) = storage.outbox.claim(NOON, CLAIM, 10)
        assert storage.outbox.claim(CLAIM, CLAIM + LEASE, 10)

        storage.outbox.delivered([event.id], CLAIM, CLAIM)
        storage.outbox.postpone(event.id, CLAIM, later(days=1), parked=True)

        (again,) = storage.outbox.claim(CLAIM + LEASE, CLAIM + 2 * LEASE, 10)
        assert (again.id, again.attempts) == (event.id, 0)

    def test_believes_whoever_was_late_and_not_overtaken(self, storage: Storage) -> None:
        """A claim that is over and that nobody took is as good as before: the event was told."""
        place(storage, 1)
        (event,) = storage.outbox.claim(NOON, CLAIM, 10)

        storage.outbox.delivered([event.id], CLAIM, later(hours=1))

        (following,) = storage.outbox.claim(later(hours=1), later(hours=2), 10)
        assert following.sequence == event.sequence + 1

    def test_takes_the_oldest_first_within_the_limit(self, storage: Storage) -> None:
        """No more than asked for, in the order in which they were stored."""
        for order_id in (3, 1, 2):
            place(storage, order_id)

        first = storage.outbox.claim(NOON, CLAIM, 2)
        rest = storage.outbox.claim(NOON, CLAIM, 2)

        assert [event.subject_id for event in (*first, *rest)] == [3, 1, 2]

    def test_does_not_tell_before_it_is_due(self, storage: Storage) -> None:
        """A postponed event waits, and the later ones of its subject with it."""
        place(storage, 1)
        (event,) = storage.outbox.claim(NOON, CLAIM, 10)
        storage.outbox.postpone(event.id, CLAIM, later(hours=1), parked=False)

        assert storage.outbox.claim(later(minutes=59), later(hours=2), 10) == []
        assert [e.id for e in storage.outbox.claim(later(hours=1), later(hours=2), 10)] == [event.id]

    def test_parks_without_holding_up_others(self, storage: Storage) -> None:
        """A parked event never comes again and holds back its own subject alone."""
        place(storage, 1)
        place(storage, 2)
        poison, _ = storage.outbox.claim(NOON, CLAIM, 10)

        storage.outbox.postpone(poison.id, CLAIM, NOON, parked=True)

        later_on = storage.outbox.claim(later(days=1), later(days=2), 10)
        assert [event.subject_id for event in later_on] == [2]

    @pytest.mark.parametrize("committed", [True, False])
    def test_tells_only_what_was_committed(self, storage: Storage, committed: bool) -> None:
        """An event of a transaction that was rolled back never happened."""
        with storage.begin() as uow:
            order = make_order(1)
            order.cancel(SOMEBODY, NOON)
            uow.orders.add(order)
            if committed:
                uow.commit()

        assert len(storage.outbox.claim(NOON, CLAIM, 10)) == committed

    def test_relays_what_the_reactions_answer(self, storage: Storage) -> None:
        """What is not to be relayed is not stored for others."""

        def relay_nothing(uow, pull):
            pull()
            return []

        with storage.begin(relay_nothing) as uow:
            order = make_order(1)
            order.cancel(SOMEBODY, NOON)
            uow.orders.add(order)
            uow.commit()

        assert storage.outbox.claim(NOON, CLAIM, 10) == []

    def test_has_nothing_to_do_for_nothing(self, storage: Storage) -> None:
        """Telling that nothing was delivered changes nothing."""
        place(storage, 1)

        storage.outbox.delivered([], CLAIM, NOON)

        assert len(storage.outbox.claim(NOON, CLAIM, 10)) == 1
