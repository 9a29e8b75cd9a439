"""Two processes that serve on one socket, as an operator sees them."""

import os
import pty
import re
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.entrypoints.test_processes import answers, eventually
from tests.processes import ROOT, Program, free_port, kassa

PROCESSES = 2


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of a service with a migrated database."""
    folder = tmp_path_factory.mktemp("children")
    settings = {
        "KASSA_DATABASE_URL": f"sqlite:///{folder / 'shop.db'}",
        "KASSA_PORT": "0",
        "KASSA_PROCESSES": str(PROCESSES),
        "TMPDIR": str(folder),
    }
    kassa("migrate", settings=settings)
    return settings


@pytest.fixture
def service(settings: dict[str, str], tmp_path: Path) -> Iterator[Program]:
    """It serves; the test may end it."""
    program = Program(arguments=("serve", "--no-worker"), settings=settings, log_path=tmp_path / "log")
    program.start()
    assert eventually(lambda: len(program.children) == PROCESSES)
    yield program
    program.kill()


def requests_told(service: Program) -> int:
    """How many requests to /healthz were answered, by /metrics."""
    told = requests.get(f"{service.address}/metrics", timeout=10).text
    found = re.search(r'kassa_http_requests_total\{.*route="/healthz".*\} (\d+)', told)
    return int(found[1]) if found else 0


def ask(service: Program) -> bool:
    """One request over a connection of its own."""
    return requests.get(f"{service.address}/healthz", timeout=10).ok


class TestChildren:
    def test_are_replaced_when_killed(self, service: Program) -> None:
        """What the dead had counted still counts, and those who live go on serving."""
        first, second = service.children
        assert all(ask(service) for _ in range(20))

        os.kill(first, signal.SIGKILL)

        assert eventually(lambda: len(service.children) == PROCESSES and first not in service.children)
        assert second in service.children
        assert all(ask(service) for _ in range(5))
        assert requests_told(service) == 25

    def test_are_counted_together(self, service: Program) -> None:
        """Whichever is asked for its numbers tells those of all."""
        with ThreadPoolExecutor(4) as crowd:
            assert all(crowd.map(lambda _: ask(service), range(40)))

        assert {requests_told(service) for _ in range(8)} == {40}

    def test_are_replaced_one_by_one_when_asked(self, service: Program) -> None:
        """Nobody who comes meanwhile is refused or dropped."""
        old = set(service.children)
        asked = []

        service.send(signal.SIGHUP)
        while old & set(service.children):
            asked.append(ask(service))
            assert len(service.children) <= PROCESSES + 1
            assert len(asked) < 10_000

        assert all(asked)
        assert eventually(lambda: len(service.children) == PROCESSES)
        assert requests_told(service) == len(asked)

    def test_do_not_hear_what_the_group_is_sent(self, service: Program) -> None:
        """A terminal's Ctrl-C reaches them too, and would be a second one with that of their parent."""
        assert service.process is not None

        os.killpg(service.process.pid, signal.SIGINT)

        assert service.process.wait(20) == 0
        assert service.log_path.read_text().count("drained") == PROCESSES

    def test_end_when_their_parent_is_killed(self, service: Program) -> None:
        """By themselves, and in good order."""
        assert service.process is not None

        service.process.kill()

        assert service.process.wait(20) == -signal.SIGKILL
        assert eventually(lambda: not answers(service.address))
        assert eventually(lambda: service.log_path.read_text().count("drained") == PROCESSES)

    def test_leave_nothing_behind(self, service: Program, settings: dict[str, str]) -> None:
        """Their numbers were in a folder that goes with their parent."""
        ask(service)
        folders = set(Path(settings["TMPDIR"]).glob("kassa-*"))

        assert service.stop() == 0

        assert len(folders - set(Path(settings["TMPDIR"]).glob("kassa-*"))) == 1

    def test_leave_no_more_behind_than_the_next_removes(
        self, service: Program, settings: dict[str, str]
    ) -> None:
        """However all of them ended."""
        left = set(Path(settings["TMPDIR"]).glob("kassa-*"))
        service.kill()

        service.start()

        assert left
        assert not left & set(Path(settings["TMPDIR"]).glob("kassa-*"))


class TestTerminal:
    def test_takes_the_service_with_it(self, settings: dict[str, str]) -> None:
        """It sends the signal that asks for new children; whoever closes a window wants none."""
        address = f"http://127.0.0.1:{free_port()}"
        environment = {**os.environ, **settings, "KASSA_PORT": address.rpartition(":")[2]}
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(ROOT)
            os.execve(sys.executable, [sys.executable, "-m", "entrypoints.cli", "serve"], environment)
        said = b""
        while b"listening on" not in said:
            said += os.read(terminal, 1024)
        assert answers(address)

        os.close(terminal)

        has_ended = eventually(lambda: not answers(address))
        if not has_ended:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0
