"""The sandbox as a program of its own, started the way people start it."""

import argparse
import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from adapters.sandbox import server
from tests.sandbox.driver import API_KEY, CONTROL_TOKEN, SIGNING_SECRET, Driver, Shop

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = ["--api-key", API_KEY, "--signing-secret", SIGNING_SECRET, "--control-token", CONTROL_TOKEN]


def start(*options: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "adapters.sandbox", *options],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def program() -> Iterator[subprocess.Popen[str]]:
    process = start("--port", "0", *OPTIONS)
    yield process
    process.kill()
    process.communicate(timeout=10)


def url_of(program: subprocess.Popen[str]) -> str:
    assert program.stdout is not None
    line = program.stdout.readline()
    assert line.startswith("listening on http://127.0.0.1:")
    return line.removeprefix("listening on ").strip()


class TestTheProgram:
    def test_pays_two_hundred_at_once_and_ends_when_told(
        self, program: subprocess.Popen[str], shop: Shop
    ) -> None:
        """Two hundred buyers at a time are served; SIGTERM ends it cleanly, having said one line."""
        url = url_of(program)
        drivers = [Driver(url, shop) for _ in range(200)]

        def buy(number: int) -> str:
            payment = drivers[number].create(merchant_ref=f"many-{number}")
            drivers[number].submit(payment["id"])
            return str(drivers[number].payment(payment["id"])["status"])

        with ThreadPoolExecutor(200) as crowd:
            statuses = list(crowd.map(buy, range(200)))
        for driver in drivers:
            driver.close()
        program.send_signal(signal.SIGTERM)
        out, err = program.communicate(timeout=10)

        assert statuses == ["captured"] * 200
        assert len(shop.calls) == 200
        assert (program.returncode, out, err) == (0, "", "")

    def test_ends_cleanly_on_ctrl_c(self, program: subprocess.Popen[str]) -> None:
        """The keyboard's way out is a clean one."""
        url_of(program)

        program.send_signal(signal.SIGINT)

        assert program.wait(timeout=10) == 0

    def test_does_not_start_in_production(self) -> None:
        """A gateway that takes no real money must not stand where real money is expected."""
        out, err = (process := start("--port", "0", KASSA_ENV="production")).communicate(timeout=20)

        assert process.returncode == 2
        assert out == ""
        assert "production" in err


class TestRunning:
    def arguments(self, *options: str) -> argparse.Namespace:
        parser = argparse.ArgumentParser()
        server.add_arguments(parser)
        return parser.parse_args([*options])

    def test_needs_no_option(self) -> None:
        """Everything has a default fit for a developer's own machine."""
        arguments = self.arguments()

        assert (arguments.host, arguments.port) == ("127.0.0.1", 8090)
        assert all((arguments.api_key, arguments.signing_secret, arguments.control_token))

    @pytest.mark.parametrize(
        "options", [["--port", "70000"], ["--port", "x"], ["--api-key", ""], ["--api-key", "\n"]]
    )
    def test_refuses_options_that_make_no_sense(
        self, options: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The usual exit code, and a word about the option."""
        with pytest.raises(SystemExit) as ended:
            self.arguments(*options)

        assert ended.value.code == 2
        assert options[0] in capsys.readouterr().err

    def test_opens_the_dialects_whose_options_are_given(self) -> None:
        """Each needs all its options, save those with a usual value; without any it is not spoken."""
        mollie = self.arguments("--mollie-api-key", "test_x")
        payu = self.arguments(
            *("--payu-pos-id", "1", "--payu-client-id", "1"),
            *("--payu-client-secret", "x", "--payu-second-key", "y"),
        )

        assert server.accounts_from(self.arguments()) == {}
        assert list(server.accounts_from(mollie)) == ["mollie"]
        assert list(server.accounts_from(payu)) == ["payu"]

    def test_says_which_option_of_a_dialect_is_missing(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Half an account is none."""
        arguments = self.arguments("--port", "0", "--epoint-public-key", "i000000001")

        assert server.run(arguments) == 2
        assert "--epoint-private-key is needed" in capsys.readouterr().err

    def test_says_why_it_cannot_listen(
        self, service: server.Service, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A port taken by somebody else is told in one line."""
        port = service.url.rpartition(":")[2]

        assert server.run(self.arguments("--port", port)) == 2
        assert f"Cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err

    def test_refuses_production(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The environment alone decides, whatever the options."""
        monkeypatch.setenv("KASSA_ENV", "production")

        assert server.run(self.arguments("--port", "0")) == 2
        assert "does not start" in capsys.readouterr().err

    def test_is_a_module_to_run(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """`python -m` reads the same options and gives the same exit code."""
        monkeypatch.setenv("KASSA_ENV", "Production ")
        monkeypatch.setattr("sys.argv", ["sandbox", "--port", "0"])

        with pytest.raises(SystemExit) as ended:
            runpy.run_module("adapters.sandbox", run_name="__main__")

        assert ended.value.code == 2
        assert "does not start" in capsys.readouterr().err

    def test_serves_until_a_signal(self, capsys: pytest.CaptureFixture[str]) -> None:
        """It says where it listens, waits, and ends with 0."""
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        alarm = threading.Timer(0.3, signal.raise_signal, [signal.SIGTERM])
        alarm.start()
        try:
            code = server.run(self.arguments("--port", "0", "--host", "::1"))
        finally:
            alarm.join()
            for number, handler in before.items():
                signal.signal(number, handler)

        assert code == 0
        assert capsys.readouterr().out.startswith("listening on http://[::1]:")
