"""The only wiring: settings in, the application and its resources out, by straight-line constructor calls."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
from sqlalchemy import Engine

from adapters.gateways.settings import SettingsDesk
from adapters.gateways.transport import Transport
from adapters.sql.books import SqlBooks
from adapters.sql.engine import open_engine
from adapters.sql.idempotency import SqlIdempotencyKeys
from adapters.sql.migrate import is_current
from adapters.sql.outbox import SqlOutbox
from adapters.sql.pruning import SqlPruning
from adapters.sql.queries import SqlQueries
from adapters.sql.unit_of_work import SqlUnitOfWork
from adapters.system import Argon2Passwords, IsoCurrencies, LogPublisher, RandomKeys, SecretVault, SystemClock
from application.backends import Backend
from application.connecting import Gateways
from application.guarding import Guards
from application.reactions import BUS
from application.service import Application, Outside
from application.shop import ManageMethods
from domain.errors import Invalid
from domain.methods import PaymentMethod
from entrypoints.plugins import all_backends
from entrypoints.settings import Settings, SettingsError

# No thread holds two connections at once; those of the workers wait for each other, not for requests.
WORKERS_CONNECTIONS = 2


class DatabaseUnfit(Exception):
    """The database has another shape than this version needs, or does not keep what it is given."""


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


@contextmanager
def opened(settings: Settings, public_url: str) -> Iterator[Kassa]:
    """Everything wired, fit for use, and let go of afterwards.

    Raises: BackendRefused, DatabaseUnfit, SettingsError, StoreUnavailable.
    """
    kassa = build(settings, public_url)
    try:
        ensure_fit(kassa, settings)
        yield kassa
    finally:
        kassa.close()


def build(settings: Settings, public_url: str) -> Kassa:
    """Wire everything. Raises: BackendRefused, DatabaseUnfit, StoreUnavailable."""
    transport = Transport(timeout_seconds=settings.gateway_timeout_seconds)
    backends = all_backends(transport)
    engine = _engine(settings)
    vault, clock, policy = SecretVault(settings.secret), SystemClock(), settings.policy(public_url)
    application = Application.over(
        Outside(
            begin=lambda: SqlUnitOfWork(engine, vault, BUS),
            queries=SqlQueries(engine, vault),
            books=SqlBooks(engine, vault),
            outbox=SqlOutbox(engine),
            prunes=SqlPruning(engine),
            idempotency=SqlIdempotencyKeys(engine, vault),
            gateways=Gateways(backends, Guards(policy, time.monotonic)),
            settings=SettingsDesk(https_only=settings.is_production),
            clock=clock,
            keys=RandomKeys(),
            passwords=Argon2Passwords(),
            currencies=IsoCurrencies(),
            publish=LogPublisher(),
            policy=policy,
        )
    )
    return Kassa(application, engine, transport)


def _engine(settings: Settings) -> Engine:
    try:
        engine = open_engine(
            settings.database_url,
            connections_max=settings.threads + WORKERS_CONNECTIONS,
            # While processes are replaced there is one more of them.
            pools=settings.processes + 1,
            behind_pgbouncer=settings.pgbouncer,
        )
    except RuntimeError as trouble:
        raise DatabaseUnfit(str(trouble)) from trouble
    if not is_current(engine):
        engine.dispose()
        raise DatabaseUnfit("the database is behind: run `kassa migrate` first")
    return engine


def ensure_fit(kassa: Kassa, settings: Settings) -> None:
    """Look at the stored payment methods before anybody uses them. Raises: SettingsError."""
    manage = kassa.application.manage_methods
    try:
        methods = kassa.application.queries.methods()
    except ValueError:
        raise SettingsError("KASSA_SECRET: this database was sealed with another secret") from None
    for method in methods:
        backend = manage.gateways.backends.get(method.backend)
        if backend is None:
            raise SettingsError(f"payment method {method.code}: backend {method.backend} is not installed")
        if settings.is_production:
            _ensure_fit_for_production(manage, backend, method)


def _ensure_fit_for_production(manage: ManageMethods, backend: Backend, method: PaymentMethod) -> None:
    try:
        manage.settings.checked(backend, {}, method.settings)
    except Invalid as mistake:
        raise SettingsError(
            f"KASSA_ENV: payment method {method.code}: {mistake.mistakes[0].detail}"
        ) from None
