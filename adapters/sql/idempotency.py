"""Clients' keys and what they were answered; neither can be read from the table."""

import json
from datetime import datetime, timedelta
from hashlib import sha256

import attrs
from sqlalchemy import Engine, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from adapters.sql.session import ask
from adapters.sql.tables import idempotency_keys
from application.policy import REPLIES_KEPT
from application.ports import IdempotencyScope, KeptReply, Vault
from domain.errors import IdempotencyKeyInFlight, IdempotencyKeyReused

_keys = idempotency_keys.c
_insert = insert(idempotency_keys).values(
    scope_hash=bindparam("scope"), fingerprint=bindparam("print"), locked_until=bindparam("until")
)
_NEW = _insert.excluded
_IS_FORGOTTEN = func.coalesce(_keys.kept_at, _keys.locked_until) <= bindparam("forgotten")
_IS_LEFT = and_(
    _keys.kept_at.is_(None),
    _keys.fingerprint == _NEW.fingerprint,
    _keys.locked_until <= bindparam("now"),
)
# Both databases say it in these words: take the key, or take it over from whoever left it.
_CLAIM = _insert.on_conflict_do_update(
    index_elements=[_keys.scope_hash],
    set_={
        "fingerprint": _NEW.fingerprint,
        "locked_until": _NEW.locked_until,
        "status": None,
        "body_sealed": None,
        "kept_at": None,
    },
    where=or_(_IS_FORGOTTEN, _IS_LEFT),
).returning(_keys.scope_hash)
_FIND = select(idempotency_keys).where(_keys.scope_hash == bindparam("scope"))
# Whoever took the key is known by the end of the lease: others may have taken it over since.
_MINE = (
    _keys.scope_hash == bindparam("scope"),
    _keys.locked_until == bindparam("until"),
    _keys.kept_at.is_(None),
)
_KEEP = update(idempotency_keys).where(*_MINE)
_FREE = delete(idempotency_keys).where(*_MINE)


def _hash_of(scope: IdempotencyScope) -> str:
    return sha256(json.dumps(attrs.astuple(scope)).encode()).hexdigest()


class SqlIdempotencyKeys:
    """Remembers what a client's key was answered; each call is one statement."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine, self._vault = engine, vault

    def claim(
        self, scope: IdempotencyScope, fingerprint: str, now: datetime, lease: timedelta
    ) -> KeptReply | None:
        """Take the key, or answer what it was answered before.

        Raises: IdempotencyKeyReused, IdempotencyKeyInFlight.
        """
        wanted = {
            "scope": _hash_of(scope),
            "print": fingerprint,
            "until": now + lease,
            "now": now,
            "forgotten": now - REPLIES_KEPT,
        }
        is_taken = bool(ask(self._engine, _CLAIM, wanted))
        return None if is_taken else self._answered(scope, fingerprint)

    def keep(self, scope: IdempotencyScope, until: datetime, reply: KeptReply, now: datetime) -> None:
        """Remember the answer; the first one stays."""
        sealed = self._vault.seal(reply.body.decode("latin-1"))
        kept = {"status": reply.status, "body_sealed": sealed, "kept_at": now}
        ask(self._engine, _KEEP, {"scope": _hash_of(scope), "until": until, **kept})

    def free(self, scope: IdempotencyScope, until: datetime) -> None:
        """Forget the key: the request did not succeed."""
        ask(self._engine, _FREE, {"scope": _hash_of(scope), "until": until})

    def _answered(self, scope: IdempotencyScope, fingerprint: str) -> KeptReply | None:
        row = ask(self._engine, _FIND, {"scope": _hash_of(scope)}).one_or_none()
        if row and row.fingerprint != fingerprint:
            raise IdempotencyKeyReused("the key came with another request before")
        if row and row.kept_at:
            return KeptReply(row.status, self._vault.open(row.body_sealed).encode("latin-1"))
        # Not there any more, it was freed between the two statements: whoever asks again gets it.
        raise IdempotencyKeyInFlight("the first request with this key is still running")
