"""Serving: where it listens, and an end that drops nobody."""

import http.client
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import pytest

from entrypoints import ending, serving
from entrypoints.ending import end_when_asked, wait_for
from entrypoints.serving import CannotListen, address_of, bind, serve

PATIENCE_SECONDS = 10


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
class Client:
    """A connection kept open, driven from a thread of its own while the main one serves."""

    connection: http.client.HTTPConnection
    answers: list[tuple[int, str | None]] = attrs.field(factory=list)

    def get(self, path: str) -> None:
        """One request; its status and its word on the connection."""
        self.connection.request("GET", path)
        answer = self.connection.getresponse()
        answer.read()
        self.answers.append((answer.status, answer.getheader("Connection")))


def listening() -> socket.socket:
    """A socket that takes connections already, for clients that are quicker than the server."""
    bound = bind("127.0.0.1", 0)
    bound.listen()
    return bound


def ask_to_end() -> None:
    """As `kill` does."""
    os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def meanwhile(do: Callable[[], None], draining: threading.Event) -> Iterator[None]:
    """Something done beside what the block does; its failure fails the test."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            do()
        except BaseException as failure:
            failures.append(failure)
            if not draining.is_set():
                ask_to_end()

    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join(PATIENCE_SECONDS)
    assert not failures, failures


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


class TestServe:
    def test_says_that_a_port_was_taken_meanwhile(self) -> None:
        """Two may bind the same port; only one may listen."""
        with bind("127.0.0.1", 0) as first, bind("127.0.0.1", first.getsockname()[1]) as second:
            first.listen()

            with pytest.raises(CannotListen, match="Address already in use"):
                serve(SlowShop(), second, 1, threading.Event())

    def test_answers_what_is_under_way_when_asked_to_end(self, capsys: pytest.CaptureFixture[str]) -> None:
        """The slow answer is given, is the last of its connection, and nobody new is let in."""
        shop, draining = SlowShop(), threading.Event()
        bound = listening()
        address = bound.getsockname()
        slow, idle = (Client(http.client.HTTPConnection(*address, timeout=10)) for _ in range(2))
        refused = []
        waiting = threading.Thread(target=slow.get, args=("/slow",))

        def drive() -> None:
            idle.get("/")
            waiting.start()
            assert shop.asked.wait(PATIENCE_SECONDS)
            ask_to_end()
            assert draining.wait(PATIENCE_SECONDS)
            time.sleep(serving.GREETING_SECONDS + 0.3)
            with socket.socket() as late:
                refused.append(late.connect_ex(address))
            shop.may_answer.set()

        with meanwhile(drive, draining):
            serve(shop, bound, 2, draining)
        waiting.join(PATIENCE_SECONDS)
        for client in (slow, idle):
            client.connection.close()

        assert capsys.readouterr().out == f"listening on http://127.0.0.1:{address[1]}\n"
        assert (idle.answers, slow.answers) == ([(200, None)], [(200, "close")])
        assert refused != [0]

    def test_finishes_what_a_client_did_not_wait_for(self) -> None:
        """Who hangs up during a checkout has still checked out."""
        shop, draining = SlowShop(), threading.Event()
        bound = listening()
        done = []

        def drive() -> None:
            with socket.create_connection(bound.getsockname()) as impatient:
                impatient.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
                assert shop.asked.wait(PATIENCE_SECONDS)
            ask_to_end()
            time.sleep(serving.GREETING_SECONDS + 0.5)
            done.append("answered")
            shop.may_answer.set()

        with meanwhile(drive, draining):
            serve(shop, bound, 1, draining)

        assert done == ["answered"]

    def test_does_not_wait_for_ever(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A request that never ends must not keep the process."""
        monkeypatch.setattr(serving, "DRAIN_SECONDS_MAX", 0.2)
        shop, draining = SlowShop(), threading.Event()
        bound = listening()
        client = Client(http.client.HTTPConnection(*bound.getsockname(), timeout=10))

        def drive() -> None:
            with pytest.raises((http.client.HTTPException, OSError)):
                client.get("/slow")

        def end() -> None:
            assert shop.asked.wait(PATIENCE_SECONDS)
            ask_to_end()

        with (
            caplog.at_level(logging.WARNING, "waitress"),
            meanwhile(drive, draining),
            meanwhile(end, draining),
        ):
            serve(shop, bound, 1, draining)

        shop.may_answer.set()
        client.connection.close()
        assert "1 thread(s) still running" in caplog.text
        assert client.answers == []


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
