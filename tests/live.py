"""The processes that one test session shares: a sandbox gateway, and a service for each pace and database."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import attrs

from domain.ids import CustomerId
from tests.beside import customers
from tests.door import Door
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
CUSTOMERS_AT_ONCE = 30


@attrs.define
class Live:
    """Each process is started when a test first needs it, and ended with the session.

    `database` makes a new database for the service in that folder, and answers the settings that lead to it.
    `door` is where gateways call back that know one address for all payments: a story leads it to its own.
    """

    folder: Path
    database: Callable[[Path], Mapping[str, object]]
    door: Door = attrs.field(factory=Door)
    _services: dict[Pace, Service] = attrs.field(factory=dict)
    _sandbox: Sandbox | None = None
    _customers: dict[tuple[str, str], list[CustomerId]] = attrs.field(factory=dict)

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
        """The gateway that every service of the session uses; its accounts are called back at the door."""
        if self._sandbox is None:
            self._sandbox = Sandbox.start(self.folder, f"{self.door.address}/{{}}".format)
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

    def customer(self, service: Service, first_name: str) -> CustomerId:
        """Somebody of that name who has long had an account at a service, and has bought nothing yet."""
        waiting = self._customers.setdefault((service.address, first_name), [])
        if not waiting:
            waiting += customers(service, CUSTOMERS_AT_ONCE, first_name)
        return waiting.pop()

    def stop(self) -> None:
        """Ends every process that was started."""
        for service in self._services.values():
            service.stop()
        if self._sandbox:
            self._sandbox.stop()
        self.door.close()
