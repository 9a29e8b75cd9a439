"""Hearsay: news that anybody could have sent makes us ask a gateway only so often in a while."""

import threading
from collections import OrderedDict
from collections.abc import Callable

import attrs

from application.policy import HEARSAY_ASKS_MAX, HEARSAY_WINDOW_SECONDS
from domain.ids import PaymentId

# So many payments are remembered; of those that are forgotten too early somebody may ask again.
PAYMENTS_MAX = 10_000


@attrs.frozen(eq=False)
class Hearsay:
    """How often unsigned news made us ask about each payment lately; each process counts for itself."""

    monotonic: Callable[[], float]
    _asked: OrderedDict[PaymentId, tuple[float, int]] = attrs.field(factory=OrderedDict, init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def is_enough(self, payment_id: PaymentId) -> bool:
        """Whether more such news is not worth asking right now; it counts where it is."""
        now = self.monotonic()
        with self._lock:
            since, asked = self._asked.pop(payment_id, (now, 0))
            if now - since >= HEARSAY_WINDOW_SECONDS:
                since, asked = now, 0
            is_enough = asked >= HEARSAY_ASKS_MAX
            self._asked[payment_id] = (since, asked + (not is_enough))
            if len(self._asked) > PAYMENTS_MAX:
                self._asked.popitem(last=False)
        return is_enough
