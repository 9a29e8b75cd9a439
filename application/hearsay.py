"""Hearsay: news that anybody could have sent makes us ask a gateway only so often in a while."""

import threading
from collections import OrderedDict
from collections.abc import Callable

import attrs

from application.policy import HEARSAY_ASKS_MAX, HEARSAY_CONFIRMATIONS_MAX, HEARSAY_WINDOW_SECONDS
from domain.ids import MethodCode, PaymentId

# So many payments are remembered; of those that are forgotten too early somebody may ask again.
PAYMENTS_MAX = 10_000


_Key = tuple[PaymentId | MethodCode, bool]


@attrs.frozen(eq=False)
class Hearsay:
    """How often news that anybody could have sent made us ask lately; each process counts for itself."""

    monotonic: Callable[[], float]
    # By the payment, and whether it was asked about or a callback about it was to be confirmed; what is
    # about none that could change is counted by its method.
    _asked: OrderedDict[_Key, tuple[float, int]] = attrs.field(factory=OrderedDict, init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    def is_enough(self, payment_id: PaymentId) -> bool:
        """Whether more news of a payment is not worth asking right now; it counts where it is."""
        return self._is_enough((payment_id, False), HEARSAY_ASKS_MAX)

    def is_confirmed_enough(self, about: PaymentId | MethodCode) -> bool:
        """The same for asking its gateway whether it has sent something about it.

        Rubbish about one payment is thereby too little for the gateway's breaker to open by it.
        """
        return self._is_enough((about, True), HEARSAY_CONFIRMATIONS_MAX)

    def _is_enough(self, key: _Key, asks_max: int) -> bool:
        now = self.monotonic()
        with self._lock:
            since, asked = self._asked.pop(key, (now, 0))
            if now - since >= HEARSAY_WINDOW_SECONDS:
                since, asked = now, 0
            is_enough = asked >= asks_max
            self._asked[key] = (since, asked + (not is_enough))
            if len(self._asked) > PAYMENTS_MAX:
                self._asked.popitem(last=False)
        return is_enough
