"""A shop's age costs nothing: what is only kept for a while goes, and the books still add up."""

from datetime import timedelta

import pytest

from application.policy import FAILURES_KEPT, REPLIES_KEPT
from application.ports import IdempotencyScope, KeptReply
from domain.order_status import OrderStatus
from tests.world import STAFF, World

LEASE = timedelta(minutes=1)


@pytest.fixture
def world() -> World:
    return World()


def tell_everything(world: World) -> None:
    """Until nothing is due."""
    while world.app.relay():
        pass


def prune_everything(world: World) -> int:
    """Until nothing is old; answers how many things went."""
    gone = 0
    while step := world.app.prune():
        gone += step
    return gone


class TestPruning:
    def test_keeps_each_kind_for_its_time(self) -> None:
        """Not a day less, and not much more."""
        world = World(carts_kept=timedelta(days=60))
        scope = IdempotencyScope(caller="c", operation="o", target="t", key="k")
        world.fill(1, customer=world.customer_called("murad"))
        until = world.clock.now() + LEASE
        world.app.idempotency.claim(scope, "print", world.clock.now(), LEASE)
        world.app.idempotency.keep(scope, until, KeptReply(201, b""), until)
        out = world.buy(2)
        world.bank.decline(out.payment.order_id)
        world.hear(out.payment)
        tell_everything(world)
        tables, policy = world.store.tables, world.app.prune.policy

        def left() -> list[int]:
            prune_everything(world)
            carts = sum(cart is not None for cart in tables.carts.values())
            keys = sum(claim is not None for claim in tables.claims.values())
            return [len(tables.outbox), len(tables.inbox), carts, keys, len(tables.failures)]

        began, all_of_it = world.clock.now(), left()
        ages = [policy.events_kept, policy.callbacks_kept, policy.carts_kept, REPLIES_KEPT, FAILURES_KEPT]
        assert all(all_of_it)
        for kind, age in sorted(enumerate(ages), key=lambda item: item[1]):
            world.clock.time = began + age - timedelta(hours=1)
            assert left()[kind] == all_of_it[kind]
            world.clock.time = began + age + timedelta(days=1)
            assert left()[kind] == 0

    def test_leaves_the_proof_clean(self, world: World) -> None:
        """At every step, in a shop where things happen before, between and after."""
        first = world.buy(1, "cash")
        waiting = world.buy(1)
        tell_everything(world)
        world.clock.turn(days=80)
        world.app.move_order(order_key=first.orders[0].key, to=OrderStatus.SHIPPED, by=STAFF)
        tell_everything(world)
        world.clock.turn(days=20)
        world.bank.confirm(waiting.payment.order_id)
        world.hear(waiting.payment)

        gone = 0
        while world.app.prune():
            gone += 1
            assert world.app.prove().is_clean

        assert gone == 1
        assert [event.sequence for event in self.events_of(world, first.orders[0].id)] == [4]
        tell_everything(world)
        world.clock.turn(days=100)
        assert prune_everything(world) > 0
        assert world.store.tables.outbox == {}
        assert world.app.prove().is_clean

    def test_hides_no_event_that_is_missing(self, world: World) -> None:
        """What is too young to have been pruned, or not at the beginning, was lost."""
        old = world.buy(1, "cash")
        tell_everything(world)
        world.clock.turn(days=100)
        world.app.move_order(order_key=old.orders[0].key, to=OrderStatus.SHIPPED, by=STAFF)
        world.app.move_order(order_key=old.orders[0].key, to=OrderStatus.COMPLETED, by=STAFF)
        young = world.buy(1)
        prune_everything(world)
        outbox = world.store.tables.outbox
        assert world.app.prove().is_clean

        for event_id, kept in list(outbox.items()):
            del outbox[event_id]
            found = {breach.rule for breach in world.app.prove().breaches}
            outbox[event_id] = kept
            assert found == {"I13"}, kept.event
        ids = {event.id for event in self.events_of(world, young.orders[0].id)}
        for event_id in ids:
            del outbox[event_id]
        (breach,) = world.app.prove().breaches
        assert breach.what == f"order {young.orders[0].id}: the first 2 of 2 events are missing"

    def test_waits_for_what_is_still_to_be_told(self, world: World) -> None:
        """However long others cannot be reached."""
        world.buy(1, "cash")
        events = len(world.events())
        world.clock.turn(days=1000)

        world.app.prune()

        assert len(world.events()) == events

    def test_keeps_the_cart_of_a_payment_under_way(self, world: World) -> None:
        """Whoever looks long enough for the money finds the cart as it was."""
        out = world.buy(1)
        world.clock.turn(days=100)
        world.app.prune()
        assert world.cart() == {"kettle": 1}

        world.bank.decline(out.payment.order_id)
        world.hear(out.payment)
        world.app.prune()

        assert world.cart() == {}

    @staticmethod
    def events_of(world: World, order_id: int):
        """Those of one order that are left."""
        events = [kept.event for _, kept in sorted(world.store.tables.outbox.items())]
        return [event for event in events if (event.subject, event.subject_id) == ("order", order_id)]
