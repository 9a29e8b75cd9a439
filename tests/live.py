"""The processes that one test session shares: a sandbox gateway, and a service for each pace."""

from pathlib import Path

import attrs

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
    """Each process is started when a test first needs it, and ended with the session."""

    folder: Path
    _services: dict[Pace, Service] = attrs.field(factory=dict)
    _sandbox: Sandbox | None = None

    @property
    def sandbox(self) -> Sandbox:
        """The gateway that every service of the session uses."""
        if self._sandbox is None:
            self._sandbox = Sandbox.start(self.folder)
        return self._sandbox

    def service(self, pace: Pace = Pace.CALM) -> Service:
        """The service set up for this pace."""
        if pace not in self._services:
            self._services[pace] = Service.start(
                self.folder / pace.name.lower(),
                gateway_timeout_seconds=GATEWAY_TIMEOUT_SECONDS,
                **SETTINGS[pace],
            )
        return self._services[pace]

    def stop(self) -> None:
        """Ends every process that was started."""
        for service in self._services.values():
            service.stop()
        if self._sandbox:
            self._sandbox.stop()
