"""Clients' keys and what they were answered; neither can be read from the table."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import attrs
from sqlalchemy import Connection, Engine, bindparam, delete, insert, select, update

from adapters.sql.mapping import AnyRow
from adapters.sql.tables import idempotency_keys
from adapters.sql.trouble import translated
from application.ports import IdempotencyScope, KeptReply, Vault
from application.storage import StaleVersion
from domain.errors import IdempotencyKeyInFlight, IdempotencyKeyReused

REPLIES_KEPT = timedelta(hours=72)

_keys = idempotency_keys.c
_INSERT = insert(idempotency_keys)
_FIND = select(idempotency_keys).where(_keys.scope_hash == bindparam("scope")).with_for_update()
_TAKE_OVER = (
    update(idempotency_keys)
    .where(_keys.scope_hash == bindparam("scope"), _keys.locked_until == bindparam("seen"))
    .values(status=None, body_sealed=None, kept_at=None)
)
_UNANSWERED = (_keys.scope_hash == bindparam("scope"), _keys.kept_at.is_(None))
_KEEP = update(idempotency_keys).where(*_UNANSWERED)
_FREE = delete(idempotency_keys).where(*_UNANSWERED)


def _hash_of(scope: IdempotencyScope) -> str:
    return sha256(json.dumps(attrs.astuple(scope)).encode()).hexdigest()


def _is_forgotten(row: AnyRow, now: datetime) -> bool:
    return bool((row.kept_at or row.locked_until) + REPLIES_KEPT <= now)


class SqlIdempotencyKeys:
    """Remembers what a client's key was answered; each call is a transaction."""

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine, self._vault = engine, vault

    def claim(
        self, scope: IdempotencyScope, fingerprint: str, now: datetime, lease: timedelta
    ) -> KeptReply | None:
        """Take the key, or answer what it was answered before.

        Raises: IdempotencyKeyReused, IdempotencyKeyInFlight.
        """
        wanted = {"fingerprint": fingerprint, "locked_until": now + lease}
        try:
            with translated(), self._engine.begin() as connection:
                connection.execute(_INSERT, [{"scope_hash": _hash_of(scope), **wanted}])
            return None
        except StaleVersion:
            with translated(), self._engine.begin() as connection:
                return self._claim_again(connection, _hash_of(scope), wanted, now)

    def keep(self, scope: IdempotencyScope, reply: KeptReply, now: datetime) -> None:
        """Remember the answer; the first one stays."""
        sealed = self._vault.seal(reply.body.decode("latin-1"))
        values = {"scope": _hash_of(scope), "status": reply.status, "body_sealed": sealed, "kept_at": now}
        with translated(), self._engine.begin() as connection:
            connection.execute(_KEEP, values)

    def free(self, scope: IdempotencyScope) -> None:
        """Forget the key: the request did not succeed."""
        with translated(), self._engine.begin() as connection:
            connection.execute(_FREE, {"scope": _hash_of(scope)})

    def _claim_again(
        self, connection: Connection, scope: str, wanted: Mapping[str, Any], now: datetime
    ) -> KeptReply | None:
        row = connection.execute(_FIND, {"scope": scope}).one_or_none()
        if row and not _is_forgotten(row, now):
            if row.fingerprint != wanted["fingerprint"]:
                raise IdempotencyKeyReused("the key came with another request before")
            if row.kept_at:
                return KeptReply(row.status, self._vault.open(row.body_sealed).encode("latin-1"))
        # Whoever comes second finds nothing to take over, be it freed or taken between the two statements.
        is_free = row and (_is_forgotten(row, now) or row.locked_until <= now)
        taking = {**wanted, "scope": scope, "seen": row.locked_until if row else now}
        if not is_free or connection.execute(_TAKE_OVER, taking).rowcount != 1:
            raise IdempotencyKeyInFlight("the first request with this key is still running")
        return None
