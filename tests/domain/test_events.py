"""Every event is known by its type, and every move has one."""

import inspect

import pytest

from domain import events
from domain.bill import PAYMENT_TRANSITIONS
from domain.events import EVENT_TYPES, Event, OrderEvent, PaymentEvent
from domain.ids import Actor
from domain.order_status import ORDER_TRANSITIONS
from tests.domain.builders import NOW

KINDS = [
    kind
    for _, kind in inspect.getmembers(events, inspect.isclass)
    if issubclass(kind, Event) and kind not in {Event, OrderEvent, PaymentEvent}
]


class TestEventTypes:
    def test_name_every_event_class(self) -> None:
        """No event can be stored that cannot be read back."""
        assert set(EVENT_TYPES.values()) == set(KINDS)
        assert len(KINDS) == 15

    @pytest.mark.parametrize("kind", KINDS)
    def test_are_named_after_their_subject(self, kind: type[Event]) -> None:
        """The part before the point says what the event is about."""
        assert EVENT_TYPES[kind.type] is kind
        assert kind.type.startswith(f"{kind.subject}.")

    def test_are_those_of_the_contract(self) -> None:
        """What others subscribe to keeps its name; approvals are told besides."""
        assert set(EVENT_TYPES) == {
            "order.placed",
            "order.held",
            "order.paid",
            "order.failed",
            "order.cancelled",
            "order.shipped",
            "order.delivered",
            "order.completed",
            "order.refunded",
            "payment.started",
            "payment.succeeded",
            "payment.approved",
            "payment.failed",
            "payment.in_doubt",
            "payment.review",
        }

    def test_cover_every_move(self) -> None:
        """An edge of either table leads to an event that others can be told."""
        told = {*ORDER_TRANSITIONS.values(), *PAYMENT_TRANSITIONS.values()} - {None}

        assert told <= set(EVENT_TYPES.values())


class TestEvent:
    def test_belongs_to_an_order_or_a_payment(self) -> None:
        """There is no event about nothing."""
        event = Event(sequence=1, occurred_at=NOW, by=Actor("janitor"), reason=None, snapshot={})

        with pytest.raises(AttributeError, match="about an order or a payment"):
            _ = event.subject_id

    @pytest.mark.parametrize("kind", KINDS)
    def test_cannot_be_changed(self, kind: type[Event]) -> None:
        """What happened has happened."""
        subject = {"order_id": 1} if kind.subject == "order" else {"payment_id": 1}
        event = kind(sequence=1, occurred_at=NOW, by=Actor("janitor"), reason=None, snapshot={}, **subject)

        with pytest.raises(AttributeError):
            event.sequence = 2  # type: ignore[misc]

        assert event.subject_id == 1
