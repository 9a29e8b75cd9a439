"""The relay: tells others what happened, at least once, in order for each order and payment."""

import logging
from datetime import timedelta

import attrs

from application.ports import Clock, Outbox, Publishes, RelayedEvent

log = logging.getLogger("kassa.relay")

BATCH = 100
LEASE = timedelta(seconds=60)
ATTEMPTS_MAX = 10
PAUSE_MAX = timedelta(hours=1)


@attrs.frozen(kw_only=True)
class Relay:
    """Delivers stored events; one that cannot be told is parked, so that it stops no other subject."""

    outbox: Outbox
    publish: Publishes
    clock: Clock

    def __call__(self) -> int:
        """Tell the events that are due; answers how many there were."""
        events = self.outbox.claim(self.clock.now(), LEASE, BATCH)
        delivered = [event.id for event in events if self._tell(event)]
        if delivered:
            self.outbox.delivered(delivered, self.clock.now())
        return len(events)

    def _tell(self, event: RelayedEvent) -> bool:
        try:
            self.publish(event)
        except Exception:
            # Whoever listens may fail in any way; the business is done and the event comes again.
            log.exception("telling an event failed", extra={"event_id": event.id, "type": event.type})
            pause = min(timedelta(seconds=2 ** min(event.attempts, 12)), PAUSE_MAX)
            parked = event.attempts >= ATTEMPTS_MAX
            self.outbox.postpone(event.id, self.clock.now() + pause, parked=parked)
            return False
        return True
