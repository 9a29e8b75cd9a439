"""The yardsticks' server is the service's own, with a parent and a child like it."""

import socket
import threading
from collections.abc import Callable
from typing import Any

from entrypoints.prefork import prefork
from entrypoints.service import stay
from entrypoints.serving import address_of, announce, bind, listen, serve


def serve_like_kassa(make: Callable[[], Callable[..., Any]], *, processes: int = 1, threads: int = 8) -> None:
    """Serve what each process makes for itself on a free port, until told to stop."""

    def work(_: int, line: socket.socket) -> None:
        app = make()
        stay()
        serve(app, bound, line, threads, threading.Event())

    with bind("127.0.0.1", 0) as bound:
        listen(bound)
        prefork(bound, processes, work, when_up=lambda: announce(address_of(bound)))
