"""Several relays side by side, of which some die: all is told, and first in its order."""

import random
import threading
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

import attrs
import pytest

from adapters.system import SystemClock
from application import relay as relaying
from application.ports import RelayedEvent
from application.relay import Relay
from domain.order_status import OrderStatus
from tests.builders import NOON, SOMEBODY, make_order
from tests.contract.storages import Storage

ORDERS, EVENTS = 20, 3
RELAYS = 4
SECONDS_MAX = 40


class Died(BaseException):
    """A relay that is killed does not get to clean up."""


@attrs.define
class Listener:
    """Hears what is told; now and then it fails, or whoever tells it dies before or after telling."""

    heard: list[RelayedEvent] = attrs.field(factory=list)
    _dice: random.Random = attrs.field(factory=lambda: random.Random(7))
    _lock: threading.Lock = attrs.field(factory=threading.Lock)

    def __call__(self, event: RelayedEvent) -> None:
        with self._lock:
            fate = self._dice.randrange(20)
            if fate == 0:
                raise Died
            if fate == 1:
                raise RuntimeError("not now")
            self.heard.append(event)
            if fate == 2:
                raise Died


def fill(storage: Storage) -> None:
    """Orders with a few events each."""
    with storage.begin() as uow:
        for number in range(1, ORDERS + 1):
            order = make_order(number, status=OrderStatus.HOLD)
            order.mark_paid(SOMEBODY, NOON)
            for status in (OrderStatus.SHIPPED, OrderStatus.DELIVERED):
                order.fulfil(status, SOMEBODY, NOON)
            uow.orders.add(order)
        uow.commit()


def relay_until(everything_is_told: threading.Event, relay: Relay) -> None:
    """Round after round; one that dies is started again."""
    while not everything_is_told.wait(0.005):
        try:
            relay()
        except Died:
            continue


def first_tellings(heard: Sequence[RelayedEvent]) -> dict[int, list[int]]:
    """Of each order its events by their sequence, in the order in which they were first heard."""
    found: dict[int, list[int]] = defaultdict(list)
    for event in heard:
        if event.sequence not in found[event.subject_id]:
            found[event.subject_id].append(event.sequence)
    return found


class TestRelays:
    def test_lose_nothing_and_keep_the_order(self, storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever dies, however often: told at least once, under one number, and marked in the end."""
        monkeypatch.setattr(relaying, "LEASE", timedelta(seconds=0.3))
        monkeypatch.setattr(relaying, "BATCH", 5)
        monkeypatch.setattr(relaying, "PAUSE_MAX", timedelta(seconds=0.05))
        monkeypatch.setattr(relaying, "ATTEMPTS_MAX", 1000)
        fill(storage)
        listener, clock, done = Listener(), SystemClock(), threading.Event()
        relays = [Relay(outbox=storage.outbox, publish=listener, clock=clock) for _ in range(RELAYS)]
        threads = [threading.Thread(target=relay_until, args=(done, relay)) for relay in relays]

        for thread in threads:
            thread.start()
        deadline = clock.now() + timedelta(seconds=SECONDS_MAX)
        while clock.now() < deadline and len({event.id for event in listener.heard}) < ORDERS * EVENTS:
            done.wait(0.05)
        done.wait(0.5)
        done.set()
        for thread in threads:
            thread.join()

        expected = {number: list(range(1, EVENTS + 1)) for number in range(1, ORDERS + 1)}
        assert first_tellings(listener.heard) == expected
        assert len({(event.subject_id, event.sequence) for event in listener.heard}) == ORDERS * EVENTS
        assert len({event.id for event in listener.heard}) == ORDERS * EVENTS
        assert len(listener.heard) > ORDERS * EVENTS
