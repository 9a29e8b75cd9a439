"""The service as `kassa serve` runs it: a parent that binds, and children that are wired, serve and work."""

import gc
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from adapters.web.metrics import Metrics, forget_dead
from entrypoints.bootstrap import Kassa, opened
from entrypoints.folders import own_folder
from entrypoints.prefork import prefork
from entrypoints.serving import address_of, announce, bind, listen, serve
from entrypoints.settings import Settings
from entrypoints.workers import Workers
from entrypoints.wsgi import web_app

Prepares = Callable[[Kassa, str], None]

# Production has a balancer in front, which sends clients here until it has asked for our readiness again.
NOTICE_SECONDS_IN_PRODUCTION = 5.0


def run_service(
    settings: Settings, *, with_workers: bool = True, prepare: Prepares = lambda kassa, address: None
) -> None:
    """Serve until told to stop; `prepare` gets what was wired, and the address, before anybody else.

    Raises: CannotListen, DatabaseUnfit, SettingsError, StoreUnavailable.
    """
    with bind(settings.host, settings.port) as bound, own_folder("kassa-numbers-") as numbers:
        address = address_of(bound)
        public_url = settings.public_url or address
        # What is wrong is found out once, here, and not by children who die of it again and again.
        # Nothing that was opened outlives this: a connection cannot be shared with them.
        with opened(settings, public_url) as kassa:
            prepare(kassa, address)

        notice = NOTICE_SECONDS_IN_PRODUCTION if settings.is_production else 0.0

        def work(seat: int, line: socket.socket) -> None:
            draining = threading.Event()
            metrics = Metrics.of_one_of_many(numbers, seat)
            with opened(settings, public_url) as kassa:
                app = web_app(kassa, settings, public_url, draining, metrics)
                stay()
                with working(kassa, settings) if with_workers else nullcontext():
                    serve(app, bound, line, settings.threads, draining, notice_seconds=notice)

        listen(bound)
        prefork(
            bound,
            settings.processes,
            work,
            when_up=lambda: announce(address),
            when_dead=lambda seat: forget_dead(numbers, seat),
        )


def stay() -> None:
    """What there is by now is there to stay: nobody has to look again and again whether it is garbage."""
    gc.collect()
    gc.freeze()


@contextmanager
def working(kassa: Kassa, settings: Settings) -> Iterator[None]:
    """The background work on threads of this process; their rounds under way end before we go on."""
    workers = Workers(kassa.application, settings.janitor_seconds)
    workers.start()
    try:
        yield
    finally:
        workers.stop()
