"""The processes that one test session shares: a sandbox gateway, and a service for each pace and database."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import attrs

from tests.pgbouncer import PgBouncer
from tests.postgres import Postgres
from tests.processes import Sandbox, Service
from tests.steps.shop import Pace

HOLD_SECONDS = 3
SETTINGS: dict[Pace, dict[str, object]] = {
    Pace.CALM: {"hold_minutes": 30, "janitor_seconds": 120},
    Pace.WATCHFUL: {"hold_minutes": 30, "janitor_seconds": 0.3},
    Pace.HASTY: {"hold_minutes": HOLD_SECONDS / 60, "janitor_seconds": 0.3},
}
GATEWAY_TIMEOUT_SECONDS = 1.5


@attrs.define
class Live:
    """Each process is started when a test first needs it, and ended with the session.

    `database` makes a new database for the service in that folder, and answers the settings that lead to it.
    """

    folder: Path
    database: Callable[[Path], Mapping[str, object]]
    _services: dict[Pace, Service] = attrs.field(factory=dict)
    _sandbox: Sandbox | None = None

    @classmethod
    def on_sqlite(cls, folder: Path) -> Self:
        """Each service on a file in its own folder."""
        return cls(folder, lambda own: {"database_url": f"sqlite:///{own / 'kassa.db'}"})

    @classmethod
    def on_postgresql(cls, folder: Path, server: Postgres) -> Self:
        """Each service on a database of its own on that server."""
        return cls(folder, lambda _: {"database_url": server.url(server.database())})

    @classmethod
    def through_pgbouncer(cls, folder: Path, bouncer: PgBouncer) -> Self:
        """The same, with PgBouncer in between."""
        return cls(folder, lambda _: {"database_url": bouncer.url(bouncer.server.database()), "pgbouncer": 1})

    @property
    def sandbox(self) -> Sandbox:
        """The gateway that every service of the session uses."""
        if self._sandbox is None:
            self._sandbox = Sandbox.start(self.folder)
        return self._sandbox

    def service(self, pace: Pace = Pace.CALM) -> Service:
        """The service set up for this pace."""
        if pace not in self._services:
            folder = self.folder / pace.name.lower()
            self._services[pace] = Service.start(
                folder,
                gateway_timeout_seconds=GATEWAY_TIMEOUT_SECONDS,
                **self.database(folder),
                **SETTINGS[pace],
            )
        return self._services[pace]

    def stop(self) -> None:
        """Ends every process that was started."""
        for service in self._services.values():
            service.stop()
        if self._sandbox:
            self._sandbox.stop()
