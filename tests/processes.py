"""Kassa and its sandbox gateway as processes of their own, on real sockets.

Used by the behaviour tests over HTTP and by those that race, kill and restart the service.
"""

import os
import queue
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Self

import attrs
import requests

from tests.accounts import Accounts
from tests.mourner import Mourner

START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 40
TOKEN_SECONDS_MAX = 600
ROOT = Path(__file__).resolve().parents[1]
LISTENING = "listening on "

MOURNER = Mourner()


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def kassa(*arguments: str, settings: dict[str, str] | None = None, say: str = "") -> str:
    """Runs one command of Kassa to its end; fails with what it wrote when it does not succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "entrypoints.cli", *arguments],
        cwd=ROOT,
        env=_environment(settings or {}),
        input=say,
        capture_output=True,
        text=True,
        timeout=START_SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, f"kassa {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done.stdout


def _environment(settings: dict[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("KASSA_")}
    return {**inherited, "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(ROOT), **settings}


@attrs.define(kw_only=True)
class Program:
    """A command of Kassa that keeps running until it is stopped or killed.

    `address` is where it listens, from the line it prints once it is `ready`; what it writes otherwise
    is kept in `log_path`.
    """

    arguments: tuple[str, ...]
    settings: dict[str, str] = attrs.field(factory=dict)
    log_path: Path
    module: str = "entrypoints.cli"
    ready: str = LISTENING
    address: str = ""
    process: subprocess.Popen[str] | None = None

    def start(self) -> Self:
        """Returns when the program says that it is ready.

        Raises: AssertionError when it ends first, or says nothing in time.
        """
        assert self.process is None, "already running"
        with self.log_path.open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", self.module, *self.arguments],
                cwd=ROOT,
                env=_environment(self.settings),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        MOURNER.begins(self.process.pid)
        assert self.process.stdout
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=_drain, args=(self.process.stdout, lines, self.log_path), daemon=True).start()
        self.address = self._wait_for_address(lines)
        return self

    def _wait_for_address(self, lines: "queue.Queue[str | None]") -> str:
        deadline = time.monotonic() + START_SECONDS_MAX
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = lines.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                break
            if self.ready in line:
                return line.partition(self.ready)[2].strip()
        self.kill()
        raise AssertionError(
            f"{self.arguments} did not start: {self.log_path.read_text(encoding='utf-8')[-4000:]}"
        )

    def stop(self) -> int | None:
        """Asks the program to end, and answers its exit status; kills it when it will not."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Ends the program and all that it has started at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, with_signal: signal.Signals) -> int | None:
        process, self.process = self.process, None
        if process is None:
            return None
        if with_signal is signal.SIGKILL:
            _kill_group(process.pid)
        else:
            process.send_signal(with_signal)
        try:
            status = process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            _kill_group(process.pid)
            process.wait()
            raise AssertionError(f"{self.arguments} would not end") from None
        MOURNER.has_ended(process.pid)
        return status

    @property
    def is_running(self) -> bool:
        """Whether the program has neither been stopped nor died."""
        return self.process is not None and self.process.poll() is None

    @property
    def children(self) -> list[int]:
        """The processes that it has started and that have not ended."""
        assert self.process is not None
        tasks = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in tasks.read_text(encoding="ascii").split()]

    def send(self, number: signal.Signals) -> None:
        """A signal to it alone."""
        assert self.process is not None
        self.process.send_signal(number)


def _drain(pipe: IO[str], lines: "queue.Queue[str | None]", log_path: Path) -> None:
    with pipe, log_path.open("a", encoding="utf-8") as log:
        for line in pipe:
            lines.put(line)
            log.write(line)
            log.flush()
    lines.put(None)


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


@attrs.define
class Sandbox:
    """A running sandbox gateway, with the keys a shop needs and the token of its control side."""

    program: Program
    accounts: Accounts
    control_token: str

    @classmethod
    def start(cls, folder: Path, called_back_at: Callable[[str], str] = "http://shop.test/{}".format) -> Self:
        """On a free port, in every dialect, with keys of its own; accounts are called back where told."""
        accounts, token = Accounts.opened(), secrets.token_hex(16)
        options = ("--port", "0", "--control-token", token, *accounts.options(called_back_at))
        program = Program(arguments=("sandbox", *options), log_path=folder / "sandbox.log")
        return cls(program.start(), accounts, token)

    @property
    def api_key(self) -> str:
        """What merchants of the native dialect show."""
        return self.accounts.keys["api-key"]

    @property
    def signing_secret(self) -> str:
        """What callbacks of the native dialect are signed with."""
        return self.accounts.keys["signing-secret"]

    def settings(self, backend: str, *, holds: bool = False) -> dict[str, Any]:
        """A method's settings at this gateway."""
        return self.accounts.settings(backend, self.address, holds=holds)

    @property
    def address(self) -> str:
        """Where shops find it."""
        return self.program.address

    def control(self, method: str, path: str, **request: Any) -> requests.Response:
        """One call of the control side, which must be accepted."""
        answer = requests.request(
            method,
            f"{self.address}/_ctl/{path}",
            headers={"Authorization": f"Bearer {self.control_token}"},
            timeout=10,
            **request,
        )
        assert answer.ok, f"{method} /_ctl/{path}: {answer.status_code} {answer.text}"
        return answer

    def stop(self) -> None:
        """Ends the gateway; what it knew is gone."""
        self.program.stop()


@attrs.define
class Service:
    """A Kassa service on a database file of its own, with one member of staff.

    It can be killed and started again on the same database and the same port.
    """

    program: Program
    staff_email: str
    staff_password: str
    folder: Path
    _staff_token: tuple[str, float] = ("", float("-inf"))

    SUCCESS_URL = "http://shop.test/paid"
    FAILURE_URL = "http://shop.test/not-paid"
    OWN_ORIGIN = "http://own.shop.test"

    @classmethod
    def start(
        cls, folder: Path, *, with_workers: bool = True, module: str = "entrypoints.cli", **settings: object
    ) -> Self:
        """Migrated, staffed and answering; `settings` are the names of the environment without KASSA_."""
        folder.mkdir(parents=True, exist_ok=True)
        port = free_port()
        environment = {
            "KASSA_DATABASE_URL": f"sqlite:///{folder / 'kassa.db'}",
            "KASSA_HOST": "127.0.0.1",
            "KASSA_PORT": str(port),
            "KASSA_PUBLIC_URL": f"http://127.0.0.1:{port}",
            "KASSA_SECRET": secrets.token_hex(32),
            "KASSA_SUCCESS_URL": cls.SUCCESS_URL,
            "KASSA_FAILURE_URL": cls.FAILURE_URL,
            "KASSA_RETURN_ORIGINS": cls.OWN_ORIGIN,
            **{f"KASSA_{name.upper()}": str(value) for name, value in settings.items()},
        }
        email, password = "staff@shop.test", secrets.token_urlsafe(16)
        kassa("migrate", settings=environment)
        kassa("staff", "add", email, settings=environment, say=password + "\n")
        arguments = ("serve",) if with_workers else ("serve", "--no-worker")
        log = folder / "serve.log"
        program = Program(arguments=arguments, settings=environment, log_path=log, module=module)
        return cls(program.start(), email, password, folder)

    @property
    def address(self) -> str:
        """Where clients find it."""
        return self.program.address

    def staff_token(self) -> str:
        """A token of the member of staff, signed in anew before it can expire."""
        token, since = self._staff_token
        if time.monotonic() - since > TOKEN_SECONDS_MAX:
            answer = requests.post(
                f"{self.address}/v1/tokens",
                json={"email": self.staff_email, "password": self.staff_password},
                timeout=10,
            )
            assert answer.status_code == 201, answer.text
            token = answer.json()["access_token"]
            self._staff_token = (token, time.monotonic())
        return token

    def kill(self) -> None:
        """Ends the service without a word of warning."""
        self.program.kill()

    def restart(self) -> None:
        """Starts the service again on what the database holds."""
        self.program.start()

    def stop(self) -> None:
        """Ends the service in good order."""
        self.program.stop()


@attrs.define
class Demo:
    """A running demo: service and gateway, with what it printed for people to use."""

    program: Program
    shop: str
    gateway: str
    printed: str

    @classmethod
    def start(cls, folder: Path, **settings: str) -> Self:
        """On free ports, once both of its processes have said where they listen."""
        log = folder / "demo.log"
        program = Program(arguments=("demo", "--port", "0"), settings=settings, log_path=log)
        gateway = program.start().address
        deadline = time.monotonic() + START_SECONDS_MAX
        while (printed := log.read_text(encoding="utf-8")).count(LISTENING) < 2:
            assert program.is_running and time.monotonic() < deadline, printed
            time.sleep(0.05)
        return cls(program, printed.rpartition(LISTENING)[2].split()[0], gateway, printed)

    @property
    def passwords(self) -> dict[str, str]:
        """Each account's password as a request's body has it, with the one that was printed in its place."""
        told = re.findall(r"(\S+@\S+) +password (\S+)", self.printed)
        shown = {"aysel@example.com": "demo-customer", "staff@example.com": "demo-staff-password"}
        return {
            f'"{email}", "password": "{shown[email]}"': f'"{email}", "password": "{password}"'
            for email, password in told
        }
