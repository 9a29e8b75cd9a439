"""Honouring Idempotency-Key: the same request acts once and is answered the same, byte for byte."""

import json
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from typing import Any

import attrs

from adapters.web.auth import Who
from adapters.web.codecs import rendered
from adapters.web.operations import Answer, Call, Operation
from application.policy import IDEMPOTENCY_LEASE
from application.ports import Clock, IdempotencyKeys, IdempotencyScope, KeptReply
from domain.errors import Unavailable

log = logging.getLogger("kassa.web")

REPLAYED = "Idempotent-Replayed"

# What could not be written down is remembered for so many keys, and caught up with so many at a time.
UNWRITTEN_MAX = 1000
CAUGHT_UP_MAX = 8


@attrs.frozen(kw_only=True)
class Once:
    """Runs a call once for each key of its caller."""

    keys: IdempotencyKeys
    clock: Clock
    _unwritten: deque[Callable[[], None]] = attrs.field(factory=lambda: deque(maxlen=UNWRITTEN_MAX), eq=False)

    def __call__(self, scope: IdempotencyScope, fingerprint: str, run: Callable[[], Answer]) -> Answer:
        """The answer, or the one given before. Raises: IdempotencyKeyReused, IdempotencyKeyInFlight."""
        self._catch_up()
        now = self.clock.now()
        until = now + IDEMPOTENCY_LEASE
        free = partial(self.keys.free, scope, until)
        try:
            kept = self.keys.claim(scope, fingerprint, now, IDEMPOTENCY_LEASE)
        except Unavailable:
            # Nobody knows whether the key was taken.
            self._unwritten.append(free)
            raise
        if kept is not None:
            return Answer(status=kept.status, content=kept.body, headers={REPLAYED: "true"})
        try:
            answer = run()
            assert answer.document is not None  # noqa: S101 -- every call that takes keys answers one
            body = rendered(answer.document)
        except BaseException:
            self._write(free)
            raise
        self._write(partial(self.keys.keep, scope, until, KeptReply(answer.status, body), now))
        return Answer(status=answer.status, content=body, headers=answer.headers)

    def _write(self, deed: Callable[[], None]) -> bool:
        """Free a key or keep a reply, at once if that can be; the client hears of the request alone."""
        try:
            deed()
        except Exception:
            # The lease ends by itself, but whoever asks again should not have to wait for that.
            log.exception("what became of an idempotency key could not be written down")
            self._unwritten.append(deed)
            return False
        return True

    def _catch_up(self) -> None:
        """Write down what could not be while the database was away; it may have been long ago."""
        for _ in range(CAUGHT_UP_MAX):
            if not (self._unwritten and self._write(self._unwritten.popleft())):
                return


def scope_of(operation: Operation, call: Call[Any], key: str) -> IdempotencyScope:
    """Whose key it is and for what; secrets in the path are only told by their hashes."""
    secret = call.path.get("key")
    caller = f"key:{_hash(secret or '')}" if operation.who is Who.KEY_HOLDER else str(call.actor)
    parts = {name: _hash(text) if name == "key" else text for name, text in call.path.items()}
    return IdempotencyScope(
        caller=caller,
        operation=f"{operation.method} {operation.path}",
        target=operation.path.format(**parts),
        key=_hash(key),
    )


def mark_of(scope: IdempotencyScope, fingerprint: str) -> str:
    """The name of one request of one caller, whoever looks at it."""
    return _hash(json.dumps([*attrs.astuple(scope), fingerprint]))


def fingerprint_of(document: object) -> str:
    """The same for the same JSON, however it was written."""
    return _hash(json.dumps(document, sort_keys=True, separators=(",", ":")))


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
