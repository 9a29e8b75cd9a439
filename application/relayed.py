"""What an event looks like to others: its snapshot with who did it and why."""

from collections.abc import Mapping

from domain.events import Event, OrderEvent


def data_of(event: Event) -> Mapping[str, object]:
    """The `data` of a relayed event, in JSON's types."""
    data = {**event.snapshot, "by": event.by, "reason": event.reason}
    if isinstance(event, OrderEvent):
        data["moved_from"] = event.moved_from and str(event.moved_from)
    return data
