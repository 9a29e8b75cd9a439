"""The sandbox gateway as a program: its options, its start and its end."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

import attrs

from adapters.sandbox.app import Access, Sandbox, build, create_app
from adapters.sandbox.dialects.roster import KINDS
from adapters.sandbox.httpd import Server

_REFUSED = 2
_TURN_SECONDS = 0.5


class Service:
    """A sandbox that listens. Port 0 takes a free port; `url` tells which."""

    def __init__(self, sandbox: Sandbox, host: str, port: int) -> None:
        self._sandbox = sandbox
        self._server = Server(host, port, create_app(sandbox))
        self._thread = threading.Thread(target=self._server.serve_forever, name="sandbox-http", daemon=True)
        self.url = self._server.url

    def start(self) -> None:
        self._sandbox.start()
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._sandbox.stop()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declares the options of `kassa sandbox`; the secrets' defaults are for a developer's own machine."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument(
        "--port", type=_port, default=8090, help="port to listen on, 0 for a free one (default: %(default)s)"
    )
    parser.add_argument("--api-key", type=_secret, default="sandbox-api-key", help="what merchants show")
    parser.add_argument(
        "--signing-secret",
        type=_secret,
        default="sandbox-signing-secret",
        help="what callbacks are signed with",
    )
    parser.add_argument(
        "--control-token",
        type=_secret,
        default="sandbox-control-token",
        help="what testers show under /_ctl/",
    )
    for option, field in _account_options():
        parser.add_argument(option, type=_secret, help=field.metadata["help"])
    parser.add_argument(
        "--with-parent",
        action="store_true",
        help="end when standard input does, as it does with the program that started this one",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serves until SIGTERM or Ctrl-C; answers the exit code."""
    if os.environ.get("KASSA_ENV", "").strip().lower() == "production":
        sys.stderr.write(
            "The sandbox gateway takes no real money and does not start with KASSA_ENV=production.\n"
        )
        return _REFUSED
    try:
        accounts = accounts_from(arguments)
    except ValueError as problem:
        sys.stderr.write(f"{problem}\n")
        return _REFUSED
    access = Access(arguments.api_key, arguments.signing_secret, arguments.control_token, accounts)
    try:
        service = Service(build(access), arguments.host, arguments.port)
    except OSError as problem:
        sys.stderr.write(f"Cannot listen on {arguments.host}:{arguments.port}: {problem.strerror}.\n")
        return _REFUSED
    is_over = _ended_by_signal()
    if arguments.with_parent:
        threading.Thread(target=_end_with_input, args=(is_over,), daemon=True).start()
    service.start()
    sys.stdout.write(f"listening on {service.url}\n")
    sys.stdout.flush()
    # In turns, because a signal that the kernel gives to another thread does not end a wait.
    while not is_over.wait(_TURN_SECONDS):
        continue
    service.stop()
    return 0


def accounts_from(arguments: argparse.Namespace) -> dict[str, object]:
    """Reads which dialects are to be spoken: those of which any option was given.

    Raises: ValueError, naming the option, when one is given and another that it needs is not.
    """
    accounts = {}
    for name, kind in KINDS.items():
        fields = {field.name: field for field in attrs.fields(kind.account)}
        given = {field: getattr(arguments, f"{name}_{field}") for field in fields}
        given = {field: value for field, value in given.items() if value is not None}
        if not given:
            continue
        for field, declared in fields.items():
            if field not in given and declared.default is attrs.NOTHING:
                raise ValueError(f"{_option(name, field)} is needed beside the others of {name}.")
        accounts[name] = kind.account(**given)
    return accounts


def _account_options() -> Iterator[tuple[str, Any]]:
    for name, kind in KINDS.items():
        for field in attrs.fields(kind.account):
            yield _option(name, field.name), field


def _option(name: str, field: str) -> str:
    return f"--{name}-{field.replace('_', '-')}"


def _ended_by_signal() -> threading.Event:
    is_over = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        is_over.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return is_over


def _end_with_input(is_over: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        continue
    is_over.set()


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 65_535:
        return int(text)
    raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")


def _secret(text: str) -> str:
    if text and text.isascii() and text.isprintable():
        return text
    raise argparse.ArgumentTypeError("must be printable ASCII, and not empty")
