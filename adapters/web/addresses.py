"""Turning away network addresses from which too many guesses came, where an operator wants it."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import attrs

from application.policy import FAILURES_WINDOW
from application.ports import Clock
from domain.errors import NotFound, TooManyFailures, WrongPassword

# Several people may share an address, so it may fail more often than one account.
ADDRESS_FAILURES_MAX = 20
ADDRESSES_MAX = 10_000


@attrs.define
class Addresses:
    """Counts guesses of passwords and order keys by address, in this process; successes never count."""

    clock: Clock
    _failures: OrderedDict[str, list[datetime]] = attrs.field(factory=OrderedDict, init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False, repr=False)

    @contextmanager
    def watching(self, address: str) -> Iterator[None]:
        """Note a wrong guess made inside. Raises: TooManyFailures before another one is made."""
        if self._count(address) >= ADDRESS_FAILURES_MAX:
            wait = int(FAILURES_WINDOW.total_seconds())
            raise TooManyFailures("too many wrong guesses from this address", wait)
        try:
            yield
        except (WrongPassword, NotFound):
            self._note(address)
            raise

    def _count(self, address: str) -> int:
        since = self.clock.now() - FAILURES_WINDOW
        with self._lock:
            return sum(at > since for at in self._failures.get(address, ()))

    def _note(self, address: str) -> None:
        now = self.clock.now()
        with self._lock:
            # Only so many are remembered of each, and of addresses: memory is bounded, not abuse.
            earlier = self._failures.pop(address, [])
            self._failures[address] = [*earlier, now][-ADDRESS_FAILURES_MAX:]
            if len(self._failures) > ADDRESSES_MAX:
                self._failures.popitem(last=False)
