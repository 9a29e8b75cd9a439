"""Calling out over real sockets: deadlines, limits, and what is known of a call that broke."""

import datetime
import gzip
import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from adapters.gateways import deadline
from adapters.gateways.deadline import look_up
from adapters.gateways.transport import Answer, Transport
from application.trouble import GatewayTrouble
from tests.gateways.raw import Script, dripping, peer, replying, resetting, stalling

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def transport() -> Iterator[Transport]:
    """A transport with time enough for a busy machine."""
    transport = Transport(timeout_seconds=8, body_bytes_max=4096)
    yield transport
    transport.close()


@pytest.fixture
def hasty() -> Iterator[Transport]:
    """A transport that allows half a second in total."""
    transport = Transport(timeout_seconds=0.5)
    yield transport
    transport.close()


def get(transport: Transport, url: str, method: str = "GET") -> Answer:
    """Ask, within the transport's own deadline."""
    return transport.call(method, url, {}, b"{}" if method == "POST" else None, transport.deadline())


def trouble(transport: Transport, url: str, method: str = "POST") -> GatewayTrouble:
    """The trouble that asking gives."""
    with pytest.raises(GatewayTrouble) as caught:
        get(transport, url, method)
    return caught.value


class TestDeadline:
    @pytest.mark.parametrize(
        "script",
        [
            stalling(b""),
            stalling(b"HTTP/1.1 200 OK\r\n"),
            stalling(HEAD),
            stalling(HEAD + b"{"),
            stalling(CHUNKED + b"5\r\n"),
            dripping(b"", b"H", 0.05),
            dripping(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", 0.05),
            dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.05),
            dripping(HEAD, b" ", 0.05),
            dripping(CHUNKED, b"1\r\n \r\n", 0.05),
            dripping(CHUNKED + b"0\r\n", b"X: y\r\n", 0.05),
        ],
        ids=[
            *("silent", "silent head", "silent body", "silent in body", "silent chunk"),
            *("dripped status", "dripped head", "dripped 100s", "dripped body", "dripped chunks", "trailers"),
        ],
    )
    def test_no_peer_holds_a_call_longer(self, hasty: Transport, script: Script) -> None:
        """However slowly it answers, bytes buy no time, and the call is in doubt afterwards."""
        with peer(script) as there:
            began = time.monotonic()
            error = trouble(hasty, there.url)

            assert 0.4 < time.monotonic() - began < 3
        assert error.sent

    def test_covers_a_connection_that_is_never_accepted(self, hasty: Transport) -> None:
        """A full queue of connections: nothing was sent, and it ends in time."""
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            with ThreadPoolExecutor(4) as pool:
                url = f"http://127.0.0.1:{full.getsockname()[1]}"
                errors = list(pool.map(lambda _: trouble(hasty, url), range(4)))

        assert any(not error.sent for error in errors)

    def test_covers_the_handshake_of_tls(self, hasty: Transport) -> None:
        """A peer that never shakes hands has seen nothing of the request."""
        with peer(lambda sock: time.sleep(5)) as there:
            began = time.monotonic()
            error = trouble(hasty, there.url.replace("http:", "https:"))

            assert time.monotonic() - began < 3
        assert not error.sent

    def test_covers_a_request_that_is_never_read(self, hasty: Transport) -> None:
        """A peer that reads nothing: sending ends in time too."""
        with peer(lambda sock: time.sleep(5)) as there, pytest.raises(GatewayTrouble) as caught:
            began = time.monotonic()
            hasty.call("POST", there.url, {}, b"x" * 20_000_000, hasty.deadline())
        assert time.monotonic() - began < 3
        assert caught.value.sent

    def test_covers_the_resolver(self, hasty: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
        """A name that nobody resolves is left behind in time."""
        over = threading.Event()
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(10) and [])
        began = time.monotonic()

        error = trouble(hasty, "http://bank.test/")

        over.set()
        assert time.monotonic() - began < 3
        assert not error.sent

    def test_is_shared_by_calls_that_belong_together(self, hasty: Transport) -> None:
        """A deadline taken once holds for the second call too."""
        with peer(stalling(b"")) as there:
            until = hasty.deadline(0.2)
            for _ in range(2):
                with pytest.raises(GatewayTrouble):
                    hasty.call("POST", there.url, {}, b"{}", until)
            assert there.accepted == 1

    def test_is_never_longer_than_the_timeout(self) -> None:
        """`within_seconds` shortens, never lengthens. The time is the given clock's."""
        transport = Transport(timeout_seconds=10, monotonic=lambda: 100.0)

        assert [transport.deadline(within) for within in (None, 3, 30)] == [110, 103, 110]

    def test_sends_nothing_when_time_is_over(self, hasty: Transport) -> None:
        """A deadline in the past is trouble before any connection."""
        with peer(replying(OK)) as there, pytest.raises(GatewayTrouble) as caught:
            hasty.call("POST", there.url, {}, b"{}", time.monotonic() - 1)
        assert not caught.value.sent
        assert there.accepted == 0


class TestBrokenCalls:
    @pytest.mark.parametrize(
        "script",
        [
            resetting(b""),
            resetting(HEAD + b"{"),
            replying(b""),
            replying(HEAD + b"{}"),
            replying(CHUNKED + b"5\r\n{}"),
            replying(CHUNKED + b"zz\r\n{}"),
            replying(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
            replying(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000),
            replying(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"),
            replying(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b" " * 9999),
            replying(CHUNKED + b"2000\r\n" + b" " * 0x2000 + b"\r\n0\r\n\r\n"),
        ],
        ids=[
            *("reset", "reset in body", "closed", "short", "short chunk", "bad chunk", "no http"),
            *("long line", "many headers", "long body", "long chunks"),
        ],
    )
    def test_leave_in_doubt_what_happened(self, transport: Transport, script: Script) -> None:
        """The request was sent, so it may have had its effect."""
        with peer(script) as there:
            assert trouble(transport, there.url).sent

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:1/",
            "http://no-such-host.invalid/",
            "http://" + "a" * 70 + ".test/",
            "http://[::1/",
            "http:///",
            "ftp://bank.test/",
            "nonsense",
        ],
    )
    def test_know_when_nothing_was_sent(self, transport: Transport, url: str) -> None:
        """No connection, no effect."""
        assert not trouble(transport, url).sent

    def test_send_no_key_that_is_no_header(self, transport: Transport) -> None:
        """A key with a line break or a letter beyond ASCII never leaves, nor shows in the trouble."""
        for key in ("a\r\nX-Evil: 1", "Bearer ключ"):
            with pytest.raises(GatewayTrouble) as caught:
                transport.call(
                    "GET", "http://127.0.0.1:1", {"Authorization": key}, None, transport.deadline()
                )
            assert (caught.value.sent, key in caught.value.detail) == (False, False)

    def test_try_every_address_of_a_name(self, transport: Transport, monkeypatch: pytest.MonkeyPatch) -> None:
        """The first address refuses, the second answers."""
        with peer(replying(OK)) as there:
            found = [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in (1, there.port)
            ]
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
            assert get(transport, "http://bank.test/").status == 200

    def test_say_so_when_a_name_has_no_address(
        self, transport: Transport, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An empty answer of the resolver is no connection."""
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])

        assert not trouble(transport, "http://bank.test/").sent

    def test_names_no_host_name_can_have(self) -> None:
        """What the resolver cannot even encode is not found."""
        with pytest.raises(OSError, match="host name"):
            look_up("." * 3 + "x" * 80, 80, 1)


class TestKeptConnections:
    def test_are_used_again(self, transport: Transport) -> None:
        """Two calls, one connection."""
        with peer(replying(OK, OK)) as there:
            assert [get(transport, there.url).body, get(transport, there.url).body] == [b"{}", b"{}"]
            assert there.accepted == 1

    def test_are_used_again_after_chunks(self, transport: Transport) -> None:
        """An answer in chunks is read to its end as well."""
        chunks = CHUNKED + b"2\r\n{}\r\n0\r\n\r\n"
        with peer(replying(chunks, chunks)) as there:
            assert [get(transport, there.url).body, get(transport, there.url).body] == [b"{}", b"{}"]
            assert there.accepted == 1

    @pytest.mark.parametrize(
        "script", [replying(OK, b""), lambda sock: (replying(OK)(sock), resetting(b"")(sock))]
    )
    def test_that_broke_are_made_anew_for_a_get(self, transport: Transport, script: Script) -> None:
        """Closed while the question was on its way: asking again costs nothing."""
        with peer(script, replying(OK)) as there:
            assert [get(transport, there.url).status for _ in range(2)] == [200, 200]
            assert there.accepted == 2

    def test_that_broke_are_not_for_a_post(self, transport: Transport) -> None:
        """What may have had an effect is repeated only by whoever knows the key."""
        with peer(replying(OK, b""), replying(OK)) as there:
            get(transport, there.url, "POST")
            assert trouble(transport, there.url, "POST").sent
            assert there.accepted == 1

    def test_are_tried_once_more_only(self, transport: Transport) -> None:
        """A peer that always hangs up is trouble at the second try."""
        with peer(replying(OK, b""), replying(b"")) as there:
            get(transport, there.url)
            assert trouble(transport, there.url, "GET").sent
            assert there.accepted == 2

    def test_are_not_repeated_once_a_byte_was_heard(self, transport: Transport) -> None:
        """Half an answer says that the peer was there."""
        with peer(replying(OK, b"HTTP/1.1 2"), replying(OK)) as there:
            get(transport, there.url)
            assert trouble(transport, there.url, "GET").sent
            assert there.accepted == 1

    def test_are_not_trusted_after_a_pause(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Something between us may have forgotten the connection without a word."""
        monkeypatch.setattr(deadline, "IDLE_SECONDS_MAX", 0.0)
        transport = Transport(timeout_seconds=2)
        with peer(replying(OK, OK)) as there:
            get(transport, there.url)
            get(transport, there.url)
            transport.close()
            assert there.accepted == 2

    def test_are_not_kept_after_too_long_an_answer(self, transport: Transport) -> None:
        """What was not read must not be taken for the next answer."""
        long = b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b" " * 9999
        with peer(replying(long, OK), replying(OK)) as there:
            trouble(transport, there.url)
            assert get(transport, there.url).body == b"{}"
            assert there.accepted == 2

    def test_serve_many_threads(self, httpserver: HTTPServer) -> None:
        """Each thread gets the answer to its own question."""
        httpserver.expect_request("/echo").respond_with_handler(
            lambda request: Response(request.query_string)
        )
        transport = Transport(timeout_seconds=10, connections_max=4)
        with ThreadPoolExecutor(8) as pool:
            urls = [httpserver.url_for(f"/echo?{number}") for number in range(80)]
            bodies = list(pool.map(lambda url: get(transport, url).body, urls))
        transport.close()

        assert bodies == [str(number).encode() for number in range(80)]


class TestAnswers:
    def test_come_whole(self, transport: Transport, httpserver: HTTPServer) -> None:
        """Status, headers in lower case, body; the request as it was given."""

        def handler(request: Request) -> Response:
            return Response(request.get_data() + request.headers["X-Key"].encode(), 422, {"X-Thing": "a"})

        httpserver.expect_request("/", method="POST").respond_with_handler(handler)
        answer = transport.call("POST", httpserver.url_for("/"), {"X-Key": "k"}, b"{}", transport.deadline())

        assert (answer.status, answer.headers["x-thing"], answer.body) == (422, "a", b"{}k")
        assert not answer.is_success

    def test_are_never_followed_elsewhere(self, transport: Transport, httpserver: HTTPServer) -> None:
        """A redirect is an answer as any other; nobody sends our key to another address."""
        elsewhere = {"Location": httpserver.url_for("/elsewhere")}
        httpserver.expect_request("/").respond_with_data("", 302, elsewhere)
        httpserver.expect_request("/elsewhere").respond_with_data("{}")

        assert get(transport, httpserver.url_for("/")).status == 302
        assert [request.path for request, _ in httpserver.log] == ["/"]

    def test_leave_no_cookie(self, transport: Transport, httpserver: HTTPServer) -> None:
        """Nothing a gateway sets comes back to it on another customer's behalf."""
        httpserver.expect_request("/").respond_with_data("{}", headers={"Set-Cookie": "a=b"})
        for _ in range(2):
            get(transport, httpserver.url_for("/"))

        assert all("Cookie" not in request.headers for request, _ in httpserver.log)

    def test_come_without_a_proxy(
        self, transport: Transport, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        """The machine's proxies and password files are not looked at."""
        netrc = tmp_path / "netrc"
        netrc.write_text("machine localhost login a password b\nmachine 127.0.0.1 login a password b\n")
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
        httpserver.expect_request("/").respond_with_data("{}")

        assert get(transport, httpserver.url_for("/")).body == b"{}"
        assert "Authorization" not in httpserver.log[0][0].headers

    def test_are_not_unpacked(self, transport: Transport, httpserver: HTTPServer) -> None:
        """Compression is neither asked for nor undone: a small bomb stays small."""
        bomb = gzip.compress(b" " * 3_000_000)
        httpserver.expect_request("/").respond_with_data(bomb, headers={"Content-Encoding": "gzip"})

        assert get(transport, httpserver.url_for("/")).body == bomb
        assert httpserver.log[0][0].headers["Accept-Encoding"] == "identity"

    def test_are_as_long_as_allowed(self, transport: Transport, httpserver: HTTPServer) -> None:
        """The last byte of the limit still passes."""
        httpserver.expect_request("/").respond_with_data(b" " * 4096)

        assert len(get(transport, httpserver.url_for("/")).body) == 4096

    @pytest.mark.parametrize(
        "body", [b"", b"<html>", b"[]", b"1", b'{"a":', b'{"a":NaN}', b"\xff", b'{"a":' + b"9" * 40 + b"}"]
    )
    def test_without_a_json_object_are_trouble(self, body: bytes) -> None:
        """Whatever the status says, what happened is not known then."""
        with pytest.raises(GatewayTrouble) as caught:
            Answer(200, {}, body).json()
        assert caught.value.sent

    @pytest.mark.parametrize(
        ("status", "sent"), [(401, False), (403, False), (429, False), (500, True), (503, True), (302, True)]
    )
    def test_tell_what_surely_had_no_effect(self, status: int, sent: bool) -> None:
        """Refused at the door, or not known."""
        assert Answer(status, {}, b"").trouble().sent is sent

    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({}, None),
            ({"retry-after": "7"}, 7),
            ({"retry-after": " 7 "}, 7),
            ({"retry-after": "999999"}, 3600),
            ({"retry-after": "9" * 5000}, None),
            ({"retry-after": "-1"}, None),
            ({"retry-after": "²"}, None),
            ({"retry-after": "soon"}, None),
            ({"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
            (
                {
                    "date": "Wed, 21 Oct 2026 07:28:00 GMT",
                    "retry-after": "Wed, 21 Oct 2026 07:28:30 GMT",
                },
                30,
            ),
            (
                {"date": "Wed, 21 Oct 2026 07:28:00 GMT", "retry-after": "Wed, 21 Oct 2020 07:28:30 GMT"},
                0,
            ),
            ({"date": "Wed, 21 Oct 2026 07:28:00", "retry-after": "Wed, 21 Oct 2026 07:28:30 GMT"}, None),
        ],
    )
    def test_tell_when_to_ask_again(self, headers: dict[str, str], seconds: int | None) -> None:
        """Seconds, or a date measured against the gateway's own; nonsense is no wish."""
        assert Answer(429, headers, b"").trouble().retry_after_seconds == seconds


class TestTls:
    def test_refuses_a_stranger_before_anything_is_sent(self, transport: Transport, tmp_path: Path) -> None:
        """A certificate that nobody vouches for: our key does not leave."""
        heard: queue.Queue[bytes] = queue.Queue()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_self_signed(tmp_path))

        def script(sock: socket.socket) -> None:
            with context.wrap_socket(sock, server_side=True) as secure:
                heard.put(secure.recv(10))

        with peer(script) as there:
            assert not trouble(transport, there.url.replace("http:", "https:")).sent
        assert heard.empty()

    @pytest.fixture
    def trusted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
        """The context of a server whose certificate is vouched for."""
        pem = _self_signed(tmp_path)
        monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(pem))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        return context

    def test_keeps_the_deadline_inside(self, hasty: Transport, trusted: ssl.SSLContext) -> None:
        """An encrypted drip buys no time either."""

        def script(sock: socket.socket) -> None:
            with trusted.wrap_socket(sock, server_side=True) as secure:
                dripping(b"", b"H", 0.05)(secure)

        with peer(script) as there:
            began = time.monotonic()
            assert trouble(hasty, there.url.replace("http:", "https:")).sent
            assert time.monotonic() - began < 3

    def test_keeps_connections(self, transport: Transport, trusted: ssl.SSLContext) -> None:
        """Two calls, one handshake."""

        def script(sock: socket.socket) -> None:
            with trusted.wrap_socket(sock, server_side=True) as secure:
                replying(OK, OK)(secure)

        with peer(script) as there:
            url = there.url.replace("http:", "https:")
            assert [get(transport, url).body for _ in range(2)] == [b"{}", b"{}"]
            assert there.accepted == 1


def _self_signed(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bank.test")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "bank.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return pem
