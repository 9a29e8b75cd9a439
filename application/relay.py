"""The relay: tells others what happened, at least once, in order for each order and payment."""

import logging
from datetime import datetime, timedelta

import attrs

from application.ports import Clock, Outbox, Publishes, RelayedEvent

log = logging.getLogger("kassa.relay")

BATCH = 500
# What a killed relay had claimed is told by another one when the lease is over. Nobody begins to tell an
# event in the second half of it, so that telling may take that long.
LEASE = timedelta(seconds=20)
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
        now = self.clock.now()
        claim, enough = now + LEASE, now + LEASE / 2
        events = self.outbox.claim(now, claim, BATCH)
        told = [event.id for event in events if self.clock.now() < enough and self._tell(event, claim)]
        if told:
            self.outbox.delivered(told, claim, self.clock.now())
        return len(events)

    def _tell(self, event: RelayedEvent, claim: datetime) -> bool:
        try:
            self.publish(event)
        except Exception:
            # Whoever listens may fail in any way; the business is done and the event comes again.
            log.exception("telling an event failed", extra={"event_id": event.id, "type": event.type})
            attempts = event.attempts + 1
            pause = min(timedelta(seconds=2 ** min(attempts, 12)), PAUSE_MAX)
            parked = attempts >= ATTEMPTS_MAX
            self.outbox.postpone(event.id, claim, self.clock.now() + pause, parked=parked)
            return False
        return True
