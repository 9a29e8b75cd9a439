"""The service as a process runs it: wired, looked after in the background, served until the end."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from entrypoints.bootstrap import Kassa, opened
from entrypoints.serving import address_of, bind, serve
from entrypoints.settings import Settings
from entrypoints.workers import Workers
from entrypoints.wsgi import web_app

Prepares = Callable[[Kassa, str], None]


def run_service(
    settings: Settings, *, with_workers: bool = True, prepare: Prepares = lambda kassa, address: None
) -> None:
    """Serve until told to stop; `prepare` gets what was wired, and the address, before anybody else.

    Raises: CannotListen, DatabaseUnfit, SettingsError, StoreUnavailable.
    """
    with bind(settings.host, settings.port) as bound:
        address = address_of(bound)
        public_url = settings.public_url or address
        with opened(settings, public_url) as kassa:
            prepare(kassa, address)
            draining = threading.Event()
            app = web_app(kassa, settings, public_url, draining)
            with working(kassa, settings) if with_workers else nullcontext():
                serve(app, bound, settings.threads, draining)


@contextmanager
def working(kassa: Kassa, settings: Settings) -> Iterator[None]:
    """The background work on threads of this process; their rounds under way end before we go on."""
    workers = Workers(kassa.application, settings.janitor_seconds)
    workers.start()
    try:
        yield
    finally:
        workers.stop()
