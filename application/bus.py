"""The in-process event bus: what happened is drained, reacted to and handed on, within one commit."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from application.storage import UnitOfWork
from domain.events import Event

EVENTS_MAX = 2_000

# A reaction names the kind of event it takes; the table is what brings the two together.
Reaction = Callable[[Any, UnitOfWork], None]


@attrs.frozen
class Bus:
    """Runs the reactions to each event inside the transaction that caused it.

    Shape: `reactions` has an entry for every event class; `relayed` are those told to others.
    """

    reactions: Mapping[type[Event], Sequence[Reaction]]
    relayed: frozenset[type[Event]]

    def __call__(self, uow: UnitOfWork, pull: Callable[[], Sequence[Event]]) -> Sequence[Event]:
        """React until nothing more happens, and answer the events to relay, in order.

        Raises: RuntimeError when reactions set off more than EVENTS_MAX events.
        """
        happened: list[Event] = []
        while events := pull():
            happened.extend(events)
            if len(happened) > EVENTS_MAX:
                raise RuntimeError("the reactions do not come to an end")
            for event in events:
                for react in self.reactions[type(event)]:
                    react(event, uow)
        return [event for event in happened if type(event) in self.relayed]
