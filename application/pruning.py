"""Pruning: what is only kept for a while goes in small steps, so that a shop's age costs nothing."""

from collections.abc import Mapping
from datetime import timedelta

import attrs

from application.policy import FAILURES_KEPT, REPLIES_KEPT, Policy
from application.ports import Clock, Perishable, Prunes

BATCH = 1000


@attrs.frozen(kw_only=True)
class Prune:
    """Removes what was kept for long enough; orders, payments, products and people stay for ever."""

    prunes: Prunes
    clock: Clock
    policy: Policy

    def __call__(self) -> int:
        """One step for each kind; answers how many things went."""
        now = self.clock.now()
        return sum(self.prunes(what, now - age, BATCH) for what, age in self._ages().items())

    def _ages(self) -> Mapping[Perishable, timedelta]:
        return {
            Perishable.EVENTS: self.policy.events_kept,
            Perishable.CALLBACKS: self.policy.callbacks_kept,
            Perishable.CARTS: self.policy.carts_kept,
            Perishable.KEYS: REPLIES_KEPT,
            Perishable.FAILURES: FAILURES_KEPT,
        }
