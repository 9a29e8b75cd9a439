"""Clients that keep us waiting, and those that must not wait for them."""

import resource
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import pytest
from waitress import wasyncore

from entrypoints import connections
from entrypoints.connections import (
    CONNECTIONS_LET_GO,
    CONNECTIONS_MAX,
    CONNECTIONS_SPARE,
    FILES_BESIDE,
    PATIENCE_SECONDS_MIN,
    SECONDS_MAX,
    Awaited,
    Connection,
    Server,
    room_for_connections,
)
from entrypoints.serving import bind, listen

PATIENCE_SECONDS = 10
BUFFER, BIG = 16 * 1024, 800 * 1024


@attrs.define
class Shop:
    """Answers at once, but for /slow when it may and /big with more than a socket takes."""

    may_answer: threading.Event = attrs.field(factory=threading.Event)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if environ["PATH_INFO"] == "/slow":
            self.may_answer.wait(PATIENCE_SECONDS)
        body = b"x" * (BIG if environ["PATH_INFO"] == "/big" else 2)
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]


@attrs.define
class House:
    """A server whose turns and seconds a test makes pass."""

    server: Server
    shop: Shop
    now: float = 1000.0
    clients: list[socket.socket] = attrs.field(factory=list)

    def turns(self, are_enough: Callable[[], bool]) -> None:
        """Let it work until that is so."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not are_enough():
            assert time.monotonic() < deadline
            self.turn()

    def turn(self) -> None:
        """Whatever there is to do just now."""
        wasyncore.loop(timeout=0.01, use_poll=True, map=self.server._map, count=1)

    def client(self, says: bytes = b"", awaited: Awaited = Awaited.REQUEST) -> Connection:
        """One that has connected and said that much."""
        known = self.server.clients
        client = socket.socket()
        client.settimeout(PATIENCE_SECONDS)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        client.connect(self.server.socket.getsockname())
        self.clients.append(client)
        self.turns(lambda: len(self.server.clients) > len(known))
        (connection,) = (each for each in self.server.clients if each not in known)
        client.sendall(says)
        self.turns(lambda: connection.awaited is awaited)
        return connection

    def has_something_to_read(self, number: int) -> bool:
        """Whether that client has been answered."""
        return bool(select.select([self.clients[number]], [], [], 0)[0])

    def pass_by(self, seconds: float) -> None:
        """The server looks after its connections that much later."""
        self.now += seconds
        self.server.maintenance(0)


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Open, without clients."""
    shop, bound = Shop(), bind("127.0.0.1", 0)
    # Otherwise the system would take a big answer for clients that do not read it.
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
    listen(bound)
    house = House(Server.over(shop, bound, 2), shop)
    monkeypatch.setattr(house.server, "clock", lambda: house.now)
    # Its own look every second would be one more.
    house.server.next_channel_cleanup = float("inf")
    yield house
    shop.may_answer.set()
    for client in house.clients:
        client.close()
    house.server.task_dispatcher.shutdown(timeout=PATIENCE_SECONDS)
    wasyncore.close_all(house.server._map)


POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n"
GET = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"


class TestDeadlines:
    @pytest.mark.parametrize(
        ("says", "awaited", "byte"),
        [
            (b"", Awaited.REQUEST, b""),
            (b"GET / HT", Awaited.HEADERS, b"x"),
            (POST, Awaited.BODY, b"x"),
        ],
        ids=["silence", "headers", "body"],
    )
    def test_are_for_the_whole(self, house: House, says: bytes, awaited: Awaited, byte: bytes) -> None:
        """A byte now and then changes nothing."""
        connection = house.client(says, awaited)
        house.pass_by(0)
        for _ in range(10):
            house.clients[0].sendall(byte)
            house.pass_by(SECONDS_MAX[awaited] / 10)
            house.turn()
        assert not connection.will_close

        house.pass_by(0.1)

        assert connection.will_close
        house.turns(lambda: house.server.clients == [])
        assert house.clients[0].recv(1) == b""

    def test_are_not_moved_by_empty_lines(self, house: House) -> None:
        """They may stand before a request, and are none."""
        connection = house.client()
        house.pass_by(0)
        house.pass_by(SECONDS_MAX[Awaited.REQUEST] - 1)
        house.clients[0].sendall(b"\r\n")
        house.turns(lambda: connection.awaited is Awaited.HEADERS)
        house.pass_by(0)
        house.clients[0].sendall(b"\r\n")
        house.turns(lambda: connection.awaited is Awaited.REQUEST)

        house.pass_by(2)

        assert connection.will_close

    def test_are_set_anew_by_every_answer(self, house: House) -> None:
        """A client that keeps asking is kept."""
        connection = house.client()
        for _ in range(5):
            house.pass_by(0)
            house.pass_by(SECONDS_MAX[Awaited.REQUEST] - 1)
            house.clients[0].sendall(GET % b"/")
            house.turns(lambda: house.has_something_to_read(0))
            house.turns(lambda: connection.awaited is Awaited.REQUEST)
            assert b"200 OK" in house.clients[0].recv(4096)

        assert not connection.will_close

    def test_are_none_of_the_clients_while_we_work(self, house: House) -> None:
        """However long that takes; it has deadlines of its own."""
        connection = house.client(GET % b"/slow", Awaited.ANSWER)
        house.pass_by(0)

        house.pass_by(3600)

        assert not connection.will_close

    def test_are_for_reading_too(self, house: House) -> None:
        """Whoever asks and does not read holds what was meant for them in memory."""
        connection = house.client(GET % b"/big", Awaited.READER)
        house.pass_by(0)
        house.clients[0].recv(1000)
        house.pass_by(SECONDS_MAX[Awaited.READER])
        assert not connection.will_close

        house.clients[0].recv(1000)
        house.pass_by(0.1)

        assert connection.will_close
        house.turns(lambda: house.server.clients == [])


class TestRoom:
    @pytest.fixture(autouse=True)
    def small(self, house: House) -> None:
        """There is room for four, besides the spare places."""
        house.server.adj.connection_limit = CONNECTIONS_SPARE + 4

    def test_is_made_by_those_who_kept_us_waiting(self, house: House) -> None:
        """Whoever is being answered stays, and whoever has only just come."""
        idle = house.client()
        slow = house.client(GET[:5], Awaited.HEADERS)
        asked = house.client(GET % b"/slow", Awaited.ANSWER)
        house.pass_by(0)
        house.pass_by(PATIENCE_SECONDS_MIN)
        new = house.client()
        house.pass_by(0)
        assert not idle.will_close

        newest = house.client()

        assert [each.will_close for each in (idle, slow, asked, new, newest)] == [
            True,
            True,
            False,
            False,
            False,
        ]

    def test_is_made_by_the_idle_first(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        """Then by those whose requests trickle in, the longest first."""
        monkeypatch.setattr(connections, "CONNECTIONS_LET_GO", 1)
        waiting = [
            house.client(GET[:5], Awaited.HEADERS),
            house.client(POST + b"x", Awaited.BODY),
            house.client(),
        ]
        house.pass_by(0)
        house.pass_by(PATIENCE_SECONDS_MIN)
        went = []
        for _ in range(3):
            house.server.make_room(house.now)
            went.append([each.will_close for each in waiting])

        assert went == [[False, False, True], [True, False, True], [True, True, True]]

    def test_is_made_for_many_at_a_time(self, house: House) -> None:
        """To look at everybody for each newcomer would be slow."""
        idle = [house.client() for _ in range(4)]
        house.pass_by(0)
        house.pass_by(PATIENCE_SECONDS_MIN)

        house.client()

        assert len(idle) <= CONNECTIONS_LET_GO
        assert all(each.will_close for each in idle)

    @pytest.mark.parametrize(
        ("soft", "hard", "asked", "room"),
        [
            (1024, 500_000, CONNECTIONS_MAX + FILES_BESIDE, CONNECTIONS_MAX),
            (1024, -1, CONNECTIONS_MAX + FILES_BESIDE, CONNECTIONS_MAX),
            (1024, 1024, 1024, 1024 - FILES_BESIDE),
            (256, 256, 256, 128),
            (500_000, 500_000, None, CONNECTIONS_MAX),
            (-1, -1, None, CONNECTIONS_MAX),
        ],
    )
    def test_is_what_the_system_gives(
        self, monkeypatch: pytest.MonkeyPatch, soft: int, hard: int, asked: int | None, room: int
    ) -> None:
        """Every connection is an open file, and so is much else."""
        set_to: list[tuple[int, int]] = []
        monkeypatch.setattr(resource, "getrlimit", lambda _: (soft, hard))
        monkeypatch.setattr(resource, "setrlimit", lambda _, limits: set_to.append(limits))

        assert room_for_connections() == room
        assert set_to == ([] if asked is None else [(asked, hard)])
