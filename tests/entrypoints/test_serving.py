"""Serving: where it listens, and an end that drops nobody."""

import errno
import http.client
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import attrs
import pytest

from entrypoints import ending, serving
from entrypoints.children import Child, Order
from entrypoints.ending import end_when_asked, wait_for
from entrypoints.serving import CannotListen, address_of, announce, bind, listen, serve

PATIENCE_SECONDS = 10

Answer = tuple[int, str | None]


@attrs.define
class SlowShop:
    """A WSGI application whose answer to /slow waits until it may be given."""

    asked: threading.Event = attrs.field(factory=threading.Event)
    may_answer: threading.Event = attrs.field(factory=threading.Event)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        if environ["PATH_INFO"] == "/slow":
            self.asked.set()
            self.may_answer.wait(PATIENCE_SECONDS)
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]


@attrs.define
class House:
    """A socket that children of a test serve on, each on a thread of it."""

    bound: socket.socket
    clients: ThreadPoolExecutor = attrs.field(factory=lambda: ThreadPoolExecutor(16))
    children: list[tuple[Child, threading.Thread]] = attrs.field(factory=list)
    connections: list[http.client.HTTPConnection] = attrs.field(factory=list)

    def child(self, app: Callable[..., Any], draining: threading.Event | None = None, **more: Any) -> Child:
        """One that answers already."""
        line, theirs = socket.socketpair()
        line.settimeout(PATIENCE_SECONDS)
        # A copy of the socket is what a child has after the fork.
        arguments = {"threads": 2, "draining": draining or threading.Event(), **more}
        life = threading.Thread(
            target=serve, args=(app, self.bound.dup(), theirs), kwargs=arguments, daemon=True
        )
        child = Child(pid=0, seat=0, line=line, since=0.0)
        self.children.append((child, life))
        life.start()
        assert not child.has_died()
        assert child.is_up
        return child

    def connection(self) -> http.client.HTTPConnection:
        """A client's, which is kept open."""
        host, port = self.bound.getsockname()
        connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_SECONDS)
        connection.connect()
        self.connections.append(connection)
        return connection

    def ask(self, path: str, connection: http.client.HTTPConnection | None = None) -> "Future[Answer]":
        """One request: its status, and what it is told about the connection."""
        asking = connection or self.connection()

        def ask() -> Answer:
            asking.request("GET", path)
            answer = asking.getresponse()
            answer.read()
            return answer.status, answer.getheader("Connection")

        return self.clients.submit(ask)

    def end(self) -> None:
        """As the parent does: it closes its socket, and tells everybody."""
        self.bound.close()
        for child, _ in self.children:
            child.tell(Order.END)

    def wait(self) -> None:
        """Until all children have ended."""
        for _, life in self.children:
            life.join(PATIENCE_SECONDS)
            assert not life.is_alive()

    def tear_down(self) -> None:
        """Nothing is left."""
        self.end()
        self.wait()
        for connection in self.connections:
            connection.close()
        for child, _ in self.children:
            child.line.close()
        self.clients.shutdown()


@pytest.fixture
def house() -> Iterator[House]:
    """A socket that listens; whoever serves on it has ended afterwards."""
    bound = bind("127.0.0.1", 0)
    listen(bound)
    house = House(bound)
    yield house
    house.tear_down()


@pytest.fixture
def shop() -> Iterator[SlowShop]:
    """An application that keeps nobody waiting when the test is over."""
    shop = SlowShop()
    yield shop
    shop.may_answer.set()


def becomes_closed(address: tuple[str, int]) -> bool:
    """Whether nobody listens there any more, soon."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(address) == errno.ECONNREFUSED:
                return True
    return False


class TestBind:
    def test_takes_a_free_port(self) -> None:
        """Port 0 is whichever is free, told by the address."""
        with bind("127.0.0.1", 0) as bound:
            assert address_of(bound) == f"http://127.0.0.1:{bound.getsockname()[1]}"

    def test_knows_ipv6(self) -> None:
        """Its addresses stand in brackets."""
        with bind("::1", 0) as bound:
            assert address_of(bound).startswith("http://[::1]:")

    @pytest.mark.parametrize(
        ("host", "reason"),
        [
            ("192.0.2.1", "Cannot assign"),
            ("a\udcff", "no such host"),
            ("shop.invalid", "not known|resolution"),
        ],
    )
    def test_says_why_it_cannot(self, host: str, reason: str) -> None:
        """In one line, with the address."""
        with pytest.raises(CannotListen, match=reason):
            bind(host, 0)

    def test_says_that_a_port_is_taken(self) -> None:
        """The most frequent reason."""
        with bind("127.0.0.1", 0) as taken:
            taken.listen()
            port = taken.getsockname()[1]

            with pytest.raises(CannotListen, match=f"127.0.0.1:{port}: Address already in use"):
                bind("127.0.0.1", port)

    def test_says_that_a_port_was_taken_meanwhile(self) -> None:
        """Two may bind the same port; only one may listen."""
        with bind("127.0.0.1", 0) as first, bind("127.0.0.1", first.getsockname()[1]) as second:
            listen(first)

            with pytest.raises(CannotListen, match="Address already in use"):
                listen(second)

    def test_is_announced_in_one_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Whoever started us waits for it."""
        announce("http://127.0.0.1:8080")

        assert capsys.readouterr().out == "listening on http://127.0.0.1:8080\n"


class TestEnd:
    def test_answers_what_is_under_way(self, house: House, shop: SlowShop) -> None:
        """The slow answer is given, is the last of its connection, and nobody new is let in."""
        draining, address = threading.Event(), house.bound.getsockname()
        house.child(shop, draining)
        idle = house.ask("/")
        slow = house.ask("/slow")
        assert shop.asked.wait(PATIENCE_SECONDS)

        house.end()

        assert draining.wait(PATIENCE_SECONDS)
        assert becomes_closed(address)
        assert not slow.done()
        shop.may_answer.set()
        assert (idle.result(), slow.result()) == ((200, None), (200, "close"))
        house.wait()

    def test_comes_when_the_parent_has_died(self, house: House, shop: SlowShop) -> None:
        """Nobody is left who could tell."""
        draining = threading.Event()
        child = house.child(shop, draining)

        child.line.close()

        assert draining.wait(PATIENCE_SECONDS)

    def test_lets_those_in_who_have_connected(
        self, house: House, shop: SlowShop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """They wait in the socket's queue: closing it would reset them."""
        asked: list[Future[Answer]] = []
        close_the_door = serving._let_nobody_connect

        def at_the_last_moment(bound: socket.socket) -> None:
            asked.extend(house.ask("/", each) for each in [house.connection() for _ in range(12)])
            close_the_door(bound)

        monkeypatch.setattr(serving, "_let_nobody_connect", at_the_last_moment)
        house.child(shop)

        for child, _ in house.children:
            child.tell(Order.END)
        house.wait()

        assert [each.result() for each in asked] == [(200, "close")] * 12

    def test_closes_the_door_without_a_gap(self, house: House) -> None:
        """Between the last who is let in and the end nobody connects whom nobody would answer."""
        address = house.bound.getsockname()
        before = house.connection()

        serving._let_nobody_connect(house.bound)

        accepted, _ = house.bound.accept()
        with accepted, socket.socket() as late:
            late.settimeout(0.2)
            with pytest.raises(TimeoutError):
                late.connect(address)
            before.sock.sendall(b"x")
            assert accepted.recv(1) == b"x"

    def test_gives_notice(self, house: House, shop: SlowShop) -> None:
        """Balancers hear that we are not ready while clients whom they send are still answered."""
        draining = threading.Event()
        house.child(shop, draining, notice_seconds=0.5)
        house.children[0][0].tell(Order.END)
        assert draining.wait(PATIENCE_SECONDS)

        assert house.ask("/").result() == (200, "close")

        house.wait()

    def test_finishes_what_a_client_did_not_wait_for(self, house: House, shop: SlowShop) -> None:
        """Who hangs up during a checkout has still checked out."""
        house.child(shop)
        impatient = house.connection()
        impatient.request("GET", "/slow")
        assert shop.asked.wait(PATIENCE_SECONDS)
        impatient.close()

        house.end()

        _, life = house.children[0]
        life.join(3 * serving.GREETING_SECONDS)
        assert life.is_alive()
        shop.may_answer.set()
        house.wait()

    def test_does_not_wait_for_ever(
        self,
        house: House,
        shop: SlowShop,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """A request that never ends must not keep the process."""
        monkeypatch.setattr(serving, "DRAIN_SECONDS_MAX", 0.2)
        house.child(shop)
        endless = house.ask("/slow")
        assert shop.asked.wait(PATIENCE_SECONDS)

        with caplog.at_level(logging.WARNING, "waitress"):
            house.end()
            house.wait()

        assert "1 thread(s) still running" in caplog.text
        assert isinstance(endless.exception(), http.client.HTTPException | OSError)


class TestRetirement:
    def test_leaves_newcomers_to_the_others(self, house: House, shop: SlowShop) -> None:
        """What is under way is answered by who began it, and who connects by who stays."""
        draining, other = threading.Event(), SlowShop()
        old = house.child(shop, draining)
        slow = house.ask("/slow")
        assert shop.asked.wait(PATIENCE_SECONDS)

        old.tell(Order.RETIRE)
        newcomers = [house.ask("/") for _ in range(3)]
        house.child(other)

        assert [each.result()[0] for each in newcomers] == [200] * 3
        shop.may_answer.set()
        assert slow.result() == (200, "close")
        _, life = house.children[0]
        life.join(PATIENCE_SECONDS)
        assert not life.is_alive()
        assert not draining.is_set()


class TestEnding:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_is_asked_for_by_either_signal(self, number: signal.Signals) -> None:
        """`kill` and Ctrl-C mean the same."""
        asked = threading.Event()
        end_when_asked(asked)
        threading.Timer(0.05, os.kill, [os.getpid(), number]).start()

        wait_for(asked)

        assert asked.is_set()

    def test_is_immediate_when_asked_for_twice(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever asks again will not wait."""
        asked, exits, woken = threading.Event(), [], []
        monkeypatch.setattr(ending.os, "_exit", exits.append)
        end_when_asked(asked, wake=lambda: woken.append(True))

        signal.raise_signal(signal.SIGINT)
        assert exits == []
        signal.raise_signal(signal.SIGTERM)

        assert exits == [1]
        assert woken

    def test_is_waited_for_in_turns(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A wait that nothing wakes still looks around."""
        monkeypatch.setattr(ending, "_TURN_SECONDS", 0.01)
        asked = threading.Event()
        threading.Timer(0.1, asked.set).start()

        wait_for(asked)

        assert asked.is_set()
