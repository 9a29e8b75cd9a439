"""Idempotency keys: the same request twice gets one effect and one answer."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable

import attrs
import falcon

from adapters.sandbox.refusals import Conflict, Invalid, KeyReused
from adapters.sandbox.replies import Reply

_KEY_LENGTH_MAX = 255
_KEYS_MAX = 200_000


@attrs.define
class _Claim:
    digest: bytes
    reply: Reply | None = None


class IdempotencyKeys:
    """Remembers which keys were used, for what, and how they were answered.

    Only successes are kept: a refusal had no effect, so the same key may try again, as may one whose request
    met a fault before it took effect. The oldest keys make room when there are too many.

    Raises: KeyReused for another request under a key, Conflict while the first is still under way.
    """

    def __init__(self, lock: threading.Condition) -> None:
        self._lock = lock
        self._claims: OrderedDict[str, _Claim] = OrderedDict()

    def once(self, key: str, digest: bytes, work: Callable[[], Reply], *, keeps: bool) -> tuple[Reply, bool]:
        """Does the work unless it was done under this key; answers the reply and whether it is a repetition.

        `keeps` is False where the gateway is to forget what it did; then the key is free again.
        """
        kept = self._claim(key, digest)
        if kept is not None:
            return kept, True
        reply = None
        try:
            reply = work()
        finally:
            self._settle(key, reply if keeps else None)
        return reply, False

    def clear(self) -> None:
        with self._lock:
            self._claims.clear()

    def _claim(self, key: str, digest: bytes) -> Reply | None:
        with self._lock:
            earlier = self._claims.get(key)
            if earlier is None:
                self._claims[key] = _Claim(digest)
                if len(self._claims) > _KEYS_MAX:
                    self._claims.popitem(last=False)
                return None
            if earlier.digest != digest:
                raise KeyReused("idempotency_key_reused", "This Idempotency-Key came with another request.")
            if earlier.reply is None:
                raise Conflict("idempotency_key_in_flight", "The first request with this key is under way.")
            return earlier.reply

    def _settle(self, key: str, reply: Reply | None) -> None:
        with self._lock:
            if reply is None:
                self._claims.pop(key, None)
            elif key in self._claims:
                self._claims[key].reply = reply


def key_of(req: falcon.Request) -> str | None:
    """Reads the request's key. Raises: Invalid."""
    key = req.get_header("Idempotency-Key")
    if key is not None and not 0 < len(key) <= _KEY_LENGTH_MAX:
        raise Invalid("invalid_idempotency_key", f"A key has 1 to {_KEY_LENGTH_MAX} characters.")
    return key


def digest_of(req: falcon.Request, body: bytes) -> bytes:
    """Tells one request from another, by method, path and body."""
    return hashlib.sha256(f"{req.method} {req.path}\n".encode() + body).digest()
