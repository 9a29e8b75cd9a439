"""Honouring Idempotency-Key: the same request acts once and is answered the same, byte for byte."""

import json
import logging
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import attrs

from adapters.web.auth import Who
from adapters.web.codecs import rendered
from adapters.web.operations import Answer, Call, Operation
from application.policy import IDEMPOTENCY_LEASE
from application.ports import Clock, IdempotencyKeys, IdempotencyScope, KeptReply

log = logging.getLogger("kassa.web")

REPLAYED = "Idempotent-Replayed"


@attrs.frozen(kw_only=True)
class Once:
    """Runs a call once for each key of its caller."""

    keys: IdempotencyKeys
    clock: Clock

    def __call__(self, scope: IdempotencyScope, fingerprint: str, run: Callable[[], Answer]) -> Answer:
        """The answer, or the one given before. Raises: IdempotencyKeyReused, IdempotencyKeyInFlight."""
        kept = self.keys.claim(scope, fingerprint, self.clock.now(), IDEMPOTENCY_LEASE)
        if kept is not None:
            return Answer(status=kept.status, content=kept.body, headers={REPLAYED: "true"})
        try:
            answer = run()
            assert answer.document is not None  # noqa: S101 -- every call that takes keys answers one
            body = rendered(answer.document)
        except BaseException:
            self._free(scope)
            raise
        self._keep(scope, KeptReply(answer.status, body))
        return Answer(status=answer.status, content=body, headers=answer.headers)

    def _free(self, scope: IdempotencyScope) -> None:
        try:
            self.keys.free(scope)
        except Exception:
            # The lease ends by itself; what the request failed of is what the client must hear.
            log.exception("an idempotency key could not be freed")

    def _keep(self, scope: IdempotencyScope, reply: KeptReply) -> None:
        try:
            self.keys.keep(scope, reply, self.clock.now())
        except Exception:
            # It is done: saying otherwise would be worse than a key that cannot be replayed.
            log.exception("an answer could not be kept for its idempotency key")


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


def fingerprint_of(document: object) -> str:
    """The same for the same JSON, however it was written."""
    return _hash(json.dumps(document, sort_keys=True, separators=(",", ":")))


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
