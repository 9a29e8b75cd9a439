"""The built wheel, installed elsewhere and started there, as an operator would."""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest
import requests

from tests.processes import LISTENING, ROOT, START_SECONDS_MAX, STOP_SECONDS_MAX

PACKAGES = ("domain", "application", "adapters", "entrypoints")
SOURCES = (*PACKAGES, "pyproject.toml", "setup.cfg", "README.md", "LICENSE")
OWNERS = "import importlib.metadata as m, json; print(json.dumps(m.packages_distributions()))"


@attrs.frozen
class Installed:
    """A wheel, and the environment that nothing but it was installed into."""

    wheel: Path
    programs: Path
    elsewhere: Path

    def environment(self) -> Mapping[str, str]:
        """Nothing of ours but a database; nothing that points to the sources."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        return {**kept, "KASSA_DATABASE_URL": f"sqlite:///{self.elsewhere / 'shop.db'}"}

    def run(self, program: str, *arguments: str) -> str:
        """What a program of that environment writes, which must succeed."""
        return _done([str(self.programs / program), *arguments], self.elsewhere, self.environment())

    @contextmanager
    def running(self, *arguments: str) -> Iterator[str]:
        """The address at which a command of the installed Kassa listens, until the block ends."""
        process = subprocess.Popen(
            [str(self.programs / "kassa"), *arguments],
            cwd=self.elsewhere,
            env=self.environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            try:
                yield _first_line(process).strip().removeprefix(LISTENING)
            finally:
                process.send_signal(signal.SIGTERM)
                status = process.wait(STOP_SECONDS_MAX)
            assert status == 0


def _done(command: list[str], folder: Path, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def _first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda pipe: lines.put(pipe.readline()), args=(process.stdout,)).start()
    return lines.get(timeout=START_SECONDS_MAX)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Built from a copy, so that nothing but what is copied can be found."""
    folder = tmp_path_factory.mktemp("packaging")
    sources, elsewhere = folder / "sources", folder / "elsewhere"
    elsewhere.mkdir()
    sources.mkdir()
    for name in SOURCES:
        _copy(ROOT / name, sources / name)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    _done([*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(sources)], folder)
    (wheel,) = folder.glob("*.whl")
    _done([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], folder)
    _done([*pip, "--python", str(folder / "venv"), "install", str(wheel)], folder)
    return Installed(wheel, folder / "venv" / "bin", elsewhere)


def _copy(whence: Path, whither: Path) -> None:
    if whence.is_dir():
        shutil.copytree(whence, whither, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(whence, whither)


class TestTheWheel:
    def test_holds_what_the_program_reads(self, installed: Installed) -> None:
        """Migrations, pages and static files are easily left out; nothing else shows it."""
        names = set(zipfile.ZipFile(installed.wheel).namelist())

        wanted = {
            path.relative_to(ROOT).as_posix()
            for package in PACKAGES
            for path in (ROOT / package).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert wanted <= names
        assert "adapters/sql/migrations/versions/0001_first_shape.py" in wanted
        assert any(name.startswith("adapters/web/static/") for name in wanted)
        assert any(name.startswith("adapters/sandbox/pages/") for name in wanted)

    def test_holds_nothing_else(self, installed: Installed) -> None:
        """Tests, features and benchmarks stay with the sources."""
        tops = {name.partition("/")[0] for name in zipfile.ZipFile(installed.wheel).namelist()}

        assert {top for top in tops if not top.startswith("kassa-")} == set(PACKAGES)

    def test_alone_owns_its_packages(self, installed: Installed) -> None:
        """Such plain names are taken by others; two owners would overwrite each other."""
        owners = json.loads(installed.run("python", "-c", OWNERS))

        assert {package: owners[package] for package in PACKAGES} == {name: ["kassa"] for name in PACKAGES}


class TestTheInstalledKassa:
    def test_serves_from_anywhere(self, installed: Installed) -> None:
        """Migrated and started far from the sources, it answers, pages and static files too."""
        installed.run("kassa", "migrate")

        with installed.running("serve", "--port", "0") as address:
            answers = {path: _get(f"{address}{path}") for path in ("/healthz", "/readyz", "/docs")}
            files = [_get(f"{address}/docs/{name}") for name in ("docs.js", "swagger-ui.css")]
            bundle = _get(f"{address}/docs/swagger-ui-bundle.js")

        assert all("swagger" in text.lower() for text in (answers["/docs"], bundle))
        assert json.loads(answers["/readyz"])["status"] == "ok"
        assert all(files)

    def test_tries_its_own_adapters(self, installed: Installed) -> None:
        """The conformance kit and its recordings have come along."""
        told = installed.run("kassa", "conformance", "paynow", "--case", "ask/s")

        assert "passed    ask/succeeded:CONFIRMED\n" in told

    def test_has_its_sandbox_with_it(self, installed: Installed) -> None:
        """The hosted page is made of files, which must have come along."""
        with installed.running("sandbox", "--port", "0", "--api-key", "key") as address:
            opened = requests.post(
                f"{address}/v1/payments",
                headers={"Authorization": "Bearer key"},
                json={
                    "merchant_ref": f"r{time.time_ns()}",
                    "amount": 4000,
                    "currency": "AZN",
                    "return_url": "http://shop.test/",
                    "cancel_url": "http://shop.test/",
                    "notify_url": "http://127.0.0.1:9/",
                },
                timeout=10,
            )
            page = _get(opened.json()["next_step"])

        assert 'name="card_number"' in page
        assert "<style" in page


def _get(url: str) -> str:
    answer = requests.get(url, timeout=10)
    assert answer.status_code == 200, f"{url}: {answer.status_code}"
    return answer.text
