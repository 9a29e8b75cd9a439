"""The server under the sandbox, spoken to in plain bytes."""

import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from adapters.sandbox.app import Access, build
from adapters.sandbox.httpd import Server
from adapters.sandbox.server import Service
from tests.sandbox.driver import API_KEY, Driver


class Wire:
    """A bare connection to the sandbox."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5)

    def send(self, *lines: str, body: bytes = b"") -> None:
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def reply(self) -> tuple[str, bytes]:
        """Reads one reply: its head, and as much body as the head promises."""
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        head, _, body = received.partition(b"\r\n\r\n")
        text = head.decode("latin-1")
        length = int(text.lower().split("content-length: ")[1].split("\r\n")[0])
        while len(body) < length:
            body += self._more()
        return text, body

    def is_over(self) -> bool:
        return self.socket.recv(1) == b""

    def _more(self) -> bytes:
        piece = self.socket.recv(65_536)
        assert piece, "the connection ended in the middle of a reply"
        return piece


@pytest.fixture
def wire(service: Service) -> Iterator[Wire]:
    wire = Wire(service.url)
    with wire.socket:
        yield wire


LOOK_UP = ("GET /v1/payments/pay_x HTTP/1.1", "Host: sandbox", f"Authorization: Bearer {API_KEY}")


class TestConnections:
    def test_carry_many_requests(self, wire: Wire) -> None:
        """A connection is kept, and pipelined requests are answered in order."""
        wire.send(*LOOK_UP)
        first, _ = wire.reply()
        wire.send(*LOOK_UP)
        second, _ = wire.reply()

        assert first.startswith("HTTP/1.1 404")
        assert second.startswith("HTTP/1.1 404")
        assert "Connection: keep-alive" in second

    @pytest.mark.parametrize(
        ("line", "header"),
        [
            ("GET /x HTTP/1.1", "Connection: close"),
            ("GET /x HTTP/1.0", "Accept: */*"),
        ],
    )
    def test_end_when_the_client_says_so(self, wire: Wire, line: str, header: str) -> None:
        """Asked to close, or of the old kind, a connection ends after its reply."""
        wire.send(line, "Host: sandbox", header)

        head, _ = wire.reply()

        assert "Connection: close" in head
        assert wire.is_over()

    def test_answer_questions_about_headers_alone(self, wire: Wire) -> None:
        """HEAD gets a length and no body, and the connection goes on."""
        wire.send("HEAD /x HTTP/1.1", "Host: sandbox")
        head = wire.socket.recv(65_536).decode()
        wire.send(*LOOK_UP)

        assert head.startswith("HTTP/1.1 404")
        assert head.endswith("\r\n\r\n")
        assert wire.reply()[0].startswith("HTTP/1.1 404")

    def test_send_a_body_that_was_waited_with(self, wire: Wire) -> None:
        """Clients that ask before they send are told to go on."""
        wire.send(
            "POST /v1/payments HTTP/1.1",
            "Host: sandbox",
            "Expect: 100-continue",
            "Content-Length: 2",
            f"Authorization: Bearer {API_KEY}",
        )
        assert wire.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.socket.sendall(b"{}")

        assert wire.reply()[0].startswith("HTTP/1.1 400")

    def test_join_repeated_headers(self, wire: Wire) -> None:
        """A header sent twice with two values is one list, so that two keys are no key."""
        wire.send(*LOOK_UP, "Authorization: Bearer another")

        assert wire.reply()[0].startswith("HTTP/1.1 401")


class TestCrowds:
    def test_are_turned_away_at_the_bound(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Beyond its bound the server closes newcomers, and can still be stopped."""
        monkeypatch.setattr("adapters.sandbox.httpd._CONNECTIONS_MAX", 1)
        monkeypatch.setattr("adapters.sandbox.httpd._PLACE_SECONDS_MAX", 0.1)
        small = Service(build(Access("key", "secret", "token")), "127.0.0.1", 0)
        small.start()
        first, second = Wire(small.url), Wire(small.url)
        with first.socket, second.socket:
            first.send("GET /x HTTP/1.1")
            assert first.reply()[0].startswith("HTTP/1.1 404")
            assert second.is_over()
        small.stop()

    def test_do_not_hide_a_fault_of_our_own(self, capsys: pytest.CaptureFixture[str]) -> None:
        """An application that breaks is reported where an operator looks; the client sees the end."""

        def broken(environ: dict[str, Any], start: object) -> list[bytes]:
            raise RuntimeError("a fault of our own")

        server = Server("127.0.0.1", 0, broken)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        wire = Wire(server.url)
        with wire.socket:
            wire.send("GET /x HTTP/1.1")
            assert wire.is_over()
        server.shutdown()
        server.server_close()
        thread.join()

        assert "a fault of our own" in capsys.readouterr().err


class TestBadRequests:
    @pytest.mark.parametrize(
        ("lines", "status"),
        [
            (("nonsense",), 400),
            (("GET /x SPDY/3",), 400),
            (("GET /x HTTP/1.1", "no colon"), 400),
            (("GET /x HTTP/1.1", "Odd : space"), 400),
            (("POST /x HTTP/1.1", "Content-Length: -1"), 400),
            (("POST /x HTTP/1.1", "Content-Length: ten"), 400),
            (("POST /x HTTP/1.1", "Content-Length: 1", "Content-Length: 2"), 400),
            (("POST /x HTTP/1.1", "Content-Length: 65537"), 413),
            (("POST /x HTTP/1.1", "Transfer-Encoding: chunked"), 411),
            (("GET /x HTTP/1.1", "Long: " + "x" * 20_000), 431),
            (("GET /x HTTP/1.1", *(f"H{n}: x" for n in range(120))), 431),
        ],
    )
    def test_are_refused_and_end_the_connection(
        self, wire: Wire, lines: tuple[str, ...], status: int
    ) -> None:
        """Each is answered in JSON, marked as the sandbox's, and never crashes anything."""
        wire.send(*lines)

        head, body = wire.reply()

        assert head.startswith(f"HTTP/1.1 {status} ")
        assert "X-Sandbox: 1" in head
        assert b'"error"' in body

    def test_may_break_off(self, wire: Wire, sandbox: Driver) -> None:
        """A body that ends too soon is a bad request, not half a payment."""
        wire.send("POST /v1/payments HTTP/1.1", "Content-Length: 100", body=b"{")
        wire.socket.shutdown(socket.SHUT_WR)

        assert wire.reply()[0].startswith("HTTP/1.1 400")
        assert sandbox.items("payments") == []

    def test_may_be_nothing_at_all(self, service: Service, sandbox: Driver) -> None:
        """Clients that connect and leave, or hang up before the answer, trouble nobody."""
        for start in (b"", b"GET /x HT", b"GET /x HTTP/1.1\r\n\r\n"):
            with Wire(service.url).socket as silent:
                silent.sendall(start)

        assert sandbox.create()["status"] == "created"

    def test_may_use_a_method_nobody_knows(self, wire: Wire) -> None:
        """An invented method is a client's mistake."""
        wire.send("BREW /v1/payments HTTP/1.1", f"Authorization: Bearer {API_KEY}")

        assert wire.reply()[0].startswith("HTTP/1.1 40")
