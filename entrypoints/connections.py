"""The clients of one process: each is waited for, none of them for ever, and none at the cost of others.

A byte now and then must not hold a connection (slow loris), so what is waited for has a deadline from
its first byte on, however it trickles.
"""

import logging
import resource
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from heapq import nsmallest
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer
from waitress.task import WSGITask

BACKLOG = 2048

# When only the spare ones are left, those who have been waited for the longest go, so many at a time.
CONNECTIONS_MAX, CONNECTIONS_SPARE, CONNECTIONS_LET_GO = 2000, 100, 25

# Whoever has come just now has not kept anybody waiting yet.
PATIENCE_SECONDS_MIN = 1.0

# What a process opens beside its clients: the database, gateways, logs, numbers.
FILES_BESIDE = 400


class Awaited(Enum):
    """What is waited for next on a connection: a request's first byte, its headers, its body, our answer,
    that the client reads it.
    """

    REQUEST = "request"
    HEADERS = "headers"
    BODY = "body"
    ANSWER = "answer"
    READER = "reader"


# Units: seconds for the whole of it. Our answers have deadlines of their own, those of what they need.
SECONDS_MAX: Mapping[Awaited, float] = {
    Awaited.REQUEST: 30.0,
    Awaited.HEADERS: 10.0,
    Awaited.BODY: 20.0,
    Awaited.ANSWER: float("inf"),
    Awaited.READER: 60.0,
}

# Who keeps us waiting for these may have nothing to say.
THEIRS = frozenset({Awaited.REQUEST, Awaited.HEADERS, Awaited.BODY})


class _Answering(WSGITask):
    """One answer; once the process leaves it is its connection's last, and says so."""

    def build_response_header(self) -> bytes:
        server: Any = self.channel.server
        if server.is_leaving:
            asked: Any = self.request
            asked.headers["CONNECTION"] = "close"
        return bytes(super().build_response_header())


class Connection(HTTPChannel):
    """One client, and since when what is waited for."""

    task_class = _Answering

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._turns = 0
        self._noted: tuple[int, dict[Awaited, float]] = (0, {})

    @property
    def awaited(self) -> Awaited:
        """What comes next here."""
        if self.requests:
            return Awaited.ANSWER
        if self.total_outbufs_len:
            return Awaited.READER
        if self.request is None:
            return Awaited.REQUEST
        return Awaited.BODY if self.request.headers_finished else Awaited.HEADERS

    def service(self) -> None:
        """Answer one request."""
        self._turns += 1
        super().service()

    def waits(self, now: float) -> float:
        """For how long this has been waited for, since it was first seen. Units: seconds.

        What goes and comes back before the next answer counts on.
        """
        turns, since = self._noted
        if turns != self._turns:
            since = {}
            self._noted = (self._turns, since)
        return now - since.setdefault(self.awaited, now)


class Server(TcpWSGIServer):
    """Lets clients in and go; `is_leaving` once no more requests are wanted on open connections."""

    channel_class = Connection
    is_leaving = False
    # A clock that is set anew must not end every connection.
    clock: Callable[[], float] = staticmethod(time.monotonic)
    active_channels: Any
    socket: Any
    _map: Any

    @property
    def clients(self) -> Sequence[Connection]:
        """All that are connected."""
        return list(self.active_channels.values())

    @classmethod
    def over(cls, app: Callable[..., Any], bound: socket.socket, threads: int) -> "Server":
        """One that serves the application on a socket that listens already."""
        # One line for each queued request would drown everything else.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        adjustments = Adjustments(
            threads=threads,
            ident=None,
            backlog=BACKLOG,
            connection_limit=room_for_connections(),
            expose_tracebacks=False,
            clear_untrusted_proxy_headers=True,
            max_request_header_size=16 * 1024,
            max_request_body_size=256 * 1024,
            cleanup_interval=1,
        )
        where = (bound.family, bound.type, bound.proto, bound.getsockname())
        return cls(app, map={}, _sock=bound, adj=adjustments, sockinfo=where, bind_socket=False)

    def maintenance(self, _: float) -> None:
        """Let go of those who were waited for in vain; the server looks every second."""
        now = self.clock()
        for client in self.clients:
            if client.waits(now) > SECONDS_MAX[client.awaited]:
                client.will_close = True

    def handle_accept(self) -> None:
        """Let a client in, and before the house is full, others go."""
        if len(self.active_channels) >= self.adj.connection_limit - CONNECTIONS_SPARE:
            self.make_room(self.clock())
        super().handle_accept()

    def make_room(self, now: float) -> None:
        """Let those go who are idle, then those whose requests trickle in, the longest first."""
        waiting = [each for each in self.clients if each.awaited in THEIRS and not each.will_close]
        kept = nsmallest(
            CONNECTIONS_LET_GO,
            waiting,
            key=lambda each: (each.awaited is not Awaited.REQUEST, -each.waits(now)),
        )
        for client in kept:
            if client.waits(now) >= PATIENCE_SECONDS_MIN:
                client.will_close = True


def room_for_connections() -> int:
    """How many the system lets us have open, asked for as many as we want."""
    wanted = CONNECTIONS_MAX + FILES_BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if 0 <= soft < wanted:
        soft = wanted if hard < 0 else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return CONNECTIONS_MAX if soft < 0 else min(CONNECTIONS_MAX, max(soft // 2, soft - FILES_BESIDE))
