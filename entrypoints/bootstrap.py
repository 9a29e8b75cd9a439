"""The only wiring: settings in, the application and its resources out, by straight-line constructor calls."""

import attrs
from sqlalchemy import Engine

from adapters.gateways.registry import backends
from adapters.gateways.settings import SettingsDesk
from adapters.gateways.transport import Transport
from adapters.sql.engine import open_engine
from adapters.sql.idempotency import SqlIdempotencyKeys
from adapters.sql.migrate import is_current
from adapters.sql.outbox import SqlOutbox
from adapters.sql.queries import SqlQueries
from adapters.sql.unit_of_work import SqlUnitOfWork
from adapters.system import Argon2Passwords, IsoCurrencies, LogPublisher, RandomKeys, SecretVault, SystemClock
from application.asking import Gateways
from application.reactions import BUS
from application.service import Application, Outside
from entrypoints.settings import Settings


class DatabaseBehind(Exception):
    """The database has not been migrated to the shape that this version needs."""


@attrs.frozen
class Kassa:
    """The application and what it stands on."""

    application: Application
    engine: Engine
    transport: Transport

    def close(self) -> None:
        """Let go of connections."""
        self.transport.close()
        self.engine.dispose()


def build(settings: Settings, public_url: str) -> Kassa:
    """Wire everything. Raises: DatabaseBehind, StoreUnavailable."""
    # Every thread that serves or works may hold one connection, and question another.
    engine = open_engine(settings.database_url, connections_max=2 * settings.threads + 4)
    if not is_current(engine):
        raise DatabaseBehind("the database is behind: run `kassa migrate` first")
    transport = Transport(timeout_seconds=settings.gateway_timeout_seconds)
    vault, clock = SecretVault(settings.secret), SystemClock()
    application = Application.over(
        Outside(
            begin=lambda: SqlUnitOfWork(engine, vault, BUS),
            queries=SqlQueries(engine, vault),
            outbox=SqlOutbox(engine),
            idempotency=SqlIdempotencyKeys(engine, vault),
            gateways=Gateways(backends(transport)),
            settings=SettingsDesk(https_only=settings.is_production),
            clock=clock,
            keys=RandomKeys(),
            passwords=Argon2Passwords(),
            currencies=IsoCurrencies(),
            publish=LogPublisher(),
            policy=settings.policy(public_url),
        )
    )
    return Kassa(application, engine, transport)
