"""The WSGI application over a wired Kassa, and one that any WSGI server can load: `entrypoints.wsgi:app`."""

import os
import threading
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from adapters.sql.migrate import is_current
from adapters.web.app import Edge, create_app
from adapters.web.auth import Tokens
from adapters.web.metrics import Metrics
from adapters.web.system import FAILURE_PATH, SUCCESS_PATH
from entrypoints.bootstrap import Kassa, build, ensure_fit
from entrypoints.logs import set_up_logs
from entrypoints.settings import Settings


def web_app(
    kassa: Kassa,
    settings: Settings,
    public_url: str,
    draining: threading.Event,
    metrics: Metrics | None = None,
) -> Callable[..., Any]:
    """The HTTP edge over the application; `draining` turns readiness off."""

    def readiness() -> tuple[bool, Mapping[str, object]]:
        checks = {"draining": draining.is_set(), "database": _database_answers(kassa)}
        # Told, but no reason to take the service away: it can still do all else, and say so.
        breakers = {code: str(state) for code, state in kassa.application.guards.states().items()}
        return checks["database"] and not checks["draining"], {**checks, "gateways": breakers}

    edge = Edge(
        tokens=Tokens(secret=settings.secret, clock=kassa.application.clock),
        success_url=settings.success_url or f"{public_url}{SUCCESS_PATH}",
        failure_url=settings.failure_url or f"{public_url}{FAILURE_PATH}",
        readiness=readiness,
        metrics=metrics or Metrics(),
        address_limits=settings.address_limits,
    )
    return create_app(kassa.application, edge)


def _database_answers(kassa: Kassa) -> bool:
    try:
        return is_current(kassa.engine)
    except Exception:
        # Whatever it is, it means that requests would fail as well.
        return False


@cache
def load() -> Callable[..., Any]:
    """The application as the environment says, for another WSGI server; workers run apart from it."""
    settings = Settings.from_environment(os.environ)
    set_up_logs()
    kassa = build(settings, settings.likely_url)
    ensure_fit(kassa, settings)
    return web_app(kassa, settings, settings.likely_url, threading.Event())


def __getattr__(name: str) -> Callable[..., Any]:
    # Only who asks for `app` has it made: importing this module must not open a database.
    if name == "app":
        return load()
    raise AttributeError(name)
