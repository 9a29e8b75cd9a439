"""The command line: what each command does, writes and answers."""

import io
import os
import shutil
import signal
import socket
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import requests

from adapters.sandbox.server import Service
from adapters.sql.migrate import downgrade
from application.purchasing import Wish
from domain.ids import CustomerId, MethodCode, Sku
from entrypoints import cli, demo
from entrypoints.bootstrap import Kassa, build
from entrypoints.cli import main
from entrypoints.settings import Settings
from tests.processes import free_port

PATIENCE_SECONDS = 30


class Terminal(io.StringIO):
    """Standard input at which a person sits."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a text on standard input."""
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


@contextmanager
def ended_after(do: Callable[[], None]) -> Iterator[list[object]]:
    """Runs something beside the block, then asks this process to end; answers what went wrong with it."""
    failures: list[object] = []

    def run() -> None:
        try:
            do()
        except Exception as failure:
            failures.append(failure)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=run)
    thread.start()
    yield failures
    thread.join(PATIENCE_SECONDS)


def wait_for(address: str) -> None:
    """Until something answers there that it is ready."""
    for _ in range(PATIENCE_SECONDS * 20):
        try:
            assert requests.get(f"{address}/readyz", timeout=5).status_code == 200
            return
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError(f"nobody answers at {address}")


@contextmanager
def opened(database: Path) -> Iterator[Kassa]:
    """Kassa over this database."""
    with closing(build(Settings(database_url=f"sqlite:///{database}"), "http://x.test")) as kassa:
        yield kassa


def raising(trouble: BaseException) -> Callable[..., None]:
    """In place of something that works."""

    def fail(*_: object, **__: object) -> None:
        raise trouble

    return fail


def corrupt(database: Path, *statements: str) -> None:
    """What no command of ours would do."""
    with closing(sqlite3.connect(database)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


class TestAskingWrongly:
    @pytest.mark.parametrize(
        "arguments", [[], ["pay"], ["serve", "--port", "x"], ["serve", "--port", "70000"], ["staff", "add"]]
    )
    def test_is_told_with_the_usage(self, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        """As every program does."""
        with pytest.raises(SystemExit) as ended:
            main(arguments)

        assert ended.value.code == 2
        assert "usage: kassa" in capsys.readouterr().err

    @pytest.mark.parametrize("command", ["demo", "serve", "worker", "migrate", "verify"])
    def test_names_the_bad_setting_and_nothing_else(
        self, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """One line on standard error, whatever the command."""
        monkeypatch.setenv("KASSA_THREADS", "many")

        assert main([command]) == 2

        said = capsys.readouterr()
        assert said.err == "kassa: KASSA_THREADS: a whole number from 1 to 256 is expected, not 'many'\n"
        assert said.out == ""

    @pytest.mark.parametrize(
        "command", [["serve", "--port", "0"], ["worker"], ["verify"], ["staff", "add", "a@b.c"]]
    )
    def test_wants_a_migrated_database(
        self, command: list[str], say: Callable[[str], None], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """And says what to do."""
        say("long enough\n")

        assert main(command) == 2
        assert capsys.readouterr().err == "kassa: the database is behind: run `kassa migrate` first\n"

    def test_is_told_of_a_database_that_is_behind(
        self, database: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """An old shape is like none."""
        downgrade(f"sqlite:///{database}", "base")

        assert main(["serve", "--port", "0"]) == 2
        assert "kassa migrate" in capsys.readouterr().err

    def test_is_told_of_another_secret(
        self, database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """What was sealed with one secret cannot be opened with another."""
        with opened(database) as kassa:
            demo._offer_methods(kassa.application, demo.Sandbox("http://127.0.0.1:1", "a", "b", "c"))
        monkeypatch.setenv("KASSA_SECRET", "another secret, long enough for everybody")

        assert main(["serve", "--port", "0"]) == 2
        assert (
            capsys.readouterr().err == "kassa: KASSA_SECRET: this database was sealed with another secret\n"
        )

    def test_is_told_of_a_taken_port(self, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """With the address, in one line."""
        port = free_port()
        with socket.create_server(("127.0.0.1", port)):
            assert main(["serve", "--port", str(port)]) == 2

        assert (
            capsys.readouterr().err == f"kassa: cannot listen on 127.0.0.1:{port}: Address already in use\n"
        )


class TestProduction:
    @pytest.fixture(autouse=True)
    def production(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The environment of a shop that takes real money."""
        monkeypatch.setenv("KASSA_ENV", "production")
        monkeypatch.setenv("KASSA_SECRET", Settings().secret)

    def test_wants_a_secret_of_its_own(self, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """The development secret is known to all."""
        assert main(["serve"]) == 2
        assert "KASSA_SECRET: production needs" in capsys.readouterr().err

    def test_wants_no_plain_http_gateway(
        self, database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """One that was configured before counts too."""
        secret = "a secret of its own, and long enough for production"
        settings = Settings(database_url=f"sqlite:///{database}", secret=secret)
        with closing(build(settings, "http://x.test")) as kassa:
            demo._offer_methods(kassa.application, demo.Sandbox("http://127.0.0.1:1", "a", "b", "c"))
        monkeypatch.setenv("KASSA_SECRET", secret)
        monkeypatch.setenv("KASSA_PUBLIC_URL", "https://pay.shop.example")

        assert main(["serve", "--port", "0"]) == 2
        assert "KASSA_ENV: payment method card: in production" in capsys.readouterr().err

    @pytest.mark.parametrize("command", ["demo", "sandbox"])
    def test_has_no_debug_aids(self, command: str, capsys: pytest.CaptureFixture[str]) -> None:
        """Known passwords and play money have no place there."""
        assert main([command, "--port", "0"]) == 2

        said = capsys.readouterr()
        assert "KASSA_ENV" in said.err
        assert said.out == ""


class TestTrouble:
    def test_with_the_database_says_why(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """And where to look."""
        monkeypatch.setenv("KASSA_DATABASE_URL", "sqlite:////nowhere/shop.db")

        assert main(["migrate"]) == 1
        assert "unable to open database file (see KASSA_DATABASE_URL)" in capsys.readouterr().err

    def test_with_something_else_says_what_is_known(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Without a traceback: it is nobody's mistake."""
        monkeypatch.setattr(cli, "upgrade", raising(OSError("disk on fire")))

        assert main(["migrate"]) == 1
        assert capsys.readouterr().err == "kassa: disk on fire\n"

    def test_of_our_own_making_goes_to_the_log(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Where secrets are hidden."""
        card = "4111111111111111"
        monkeypatch.setattr(cli, "upgrade", raising(ZeroDivisionError(card)))

        assert main(["migrate"]) == 1

        said = capsys.readouterr().err
        assert "this should not have happened" in said
        assert card not in said

    def test_may_be_a_person_pressing_ctrl_c(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Before a command has begun to listen to it."""
        monkeypatch.setattr(cli, "upgrade", raising(KeyboardInterrupt()))

        assert main(["migrate"]) == 130


class TestMigrate:
    def test_may_be_repeated(self, capsys: pytest.CaptureFixture[str]) -> None:
        """It brings the database to a shape, from whichever."""
        assert (main(["migrate"]), main(["migrate"])) == (0, 0)

        said = capsys.readouterr()
        assert (said.out, said.err) == ("the database has the newest shape\n" * 2, "")

    def test_knows_no_shape_of_later_versions(
        self, database: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Going back to an older version of Kassa is told, not tried."""
        corrupt(database, "UPDATE alembic_version SET version_num = '9999'")

        assert main(["migrate"]) == 2
        assert "9999" in capsys.readouterr().err

    def test_is_told_of_a_database_that_keeps_no_promise(
        self, database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Durability that cannot be had stops the service before it starts."""

        trouble = RuntimeError("the database answers 'delete' for journal_mode, not 'wal'")
        monkeypatch.setattr("entrypoints.bootstrap.open_engine", raising(trouble))

        assert main(["serve", "--port", "0"]) == 2
        assert "journal_mode" in capsys.readouterr().err


class TestStaffAdd:
    def test_makes_an_account(
        self, database: Path, say: Callable[[str], None], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Its password is a line of standard input."""
        say("correct horse\n")

        assert main(["staff", "add", "boss@shop.example"]) == 0

        assert capsys.readouterr().out == "boss@shop.example is on the staff\n"
        with opened(database) as kassa:
            signed_in = kassa.application.sign_in(email="boss@shop.example", password="correct horse")
        assert signed_in.role == "staff"

    def test_makes_it_once(
        self, database: Path, say: Callable[[str], None], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A second one would change nobody's password."""
        for _ in range(2):
            say("correct horse\n")
            code = main(["staff", "add", "boss@shop.example"])

        assert code == 1
        assert "has an account already" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("email", "password"),
        [
            ("boss@shop.example", "short\n"),
            ("boss@shop.example", ""),
            ("boss@shop.example", "bell\a in it\n"),
            ("boss", "long enough\n"),
            ("@shop.example", "long enough\n"),
            ("boss\n@shop.example", "long enough\n"),
        ],
    )
    def test_wants_an_address_and_a_password(
        self, database: Path, email: str, password: str, say: Callable[[str], None]
    ) -> None:
        """Neither is guessed."""
        say(password)

        assert main(["staff", "add", email]) == 2

    def test_asks_a_person_without_showing(self, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """At a terminal the password is not for the eyes of those behind."""
        monkeypatch.setattr(sys, "stdin", Terminal())
        monkeypatch.setattr("getpass.getpass", lambda prompt: "correct horse")

        assert main(["staff", "add", "boss@shop.example"]) == 0


class TestVerify:
    @pytest.fixture
    def bought(self, database: Path) -> Path:
        """A database with a paid and an unpaid order."""
        with opened(database) as kassa:
            app = kassa.application
            demo.furnish(app, demo.Sandbox("http://127.0.0.1:1", "a", "b", "c"))
            buyer = CustomerId(app.sign_in(email=demo.CUSTOMER[0], password=demo.CUSTOMER[1]).id)
            for method in ("direct", "cash_on_delivery"):
                app.fill_cart.put(customer_id=buyer, sku=Sku("tea-glass"), quantity=2)
                app.check_out_cart(customer_id=buyer, wish=Wish(method=MethodCode(method)))
        return database

    def test_finds_nothing_wrong(self, bought: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """And says what it has looked at."""
        assert main(["verify"]) == 0
        assert capsys.readouterr().out == "looked at 2 orders, 2 payments, 3 products, 0 wallets\nno breach\n"

    @pytest.mark.parametrize(
        ("rule", "statement"),
        [
            ("I2", "UPDATE payments SET amount = amount + 1 WHERE id = 1"),
            ("I2", "UPDATE orders SET total = total + 1 WHERE id = 1"),
            ("I2", "UPDATE order_lines SET quantity = quantity + 1"),
            ("I22", "UPDATE orders SET history = 'torn' WHERE id = 1"),
            ("I3", "UPDATE products SET reserved = reserved + 1 WHERE sku = 'tea-glass'"),
            ("I6", "UPDATE orders SET status = 'PROCESSING' WHERE status = 'HOLD'"),
            ("I13", "DELETE FROM outbox WHERE id = (SELECT max(id) FROM outbox)"),
        ],
    )
    def test_names_each_breach(
        self, bought: Path, rule: str, statement: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """By the number of its rule, with an exit code that scripts notice."""
        corrupt(bought, statement)

        assert main(["verify"]) == 1

        said = capsys.readouterr().out
        assert f"\n{rule}: " in said
        assert "breaches: " in said


class TestServe:
    @pytest.mark.parametrize("options", [[], ["--no-worker"]])
    def test_serves_until_told_to_end(
        self, database: Path, options: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """With and without the background work; the address is the only line it prints."""
        port = free_port()

        with ended_after(lambda: wait_for(f"http://127.0.0.1:{port}")) as failures:
            assert main(["serve", "--host", "127.0.0.1", "--port", str(port), *options]) == 0

        assert failures == []
        assert capsys.readouterr().out == f"listening on http://127.0.0.1:{port}\n"


class TestWorker:
    def test_works_until_told_to_end(self, database: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """It listens nowhere."""
        with ended_after(lambda: time.sleep(1.5)):
            assert main(["worker"]) == 0

        assert capsys.readouterr().out == "working\n"


class TestDemo:
    def test_brings_everything_up(self, capfd: pytest.CaptureFixture[str]) -> None:
        """Service, gateway, something to buy and the words to use; all of it ends with it."""
        port = free_port()

        with ended_after(lambda: wait_for(f"http://127.0.0.1:{port}")) as failures:
            assert main(["demo", "--port", str(port)]) == 0

        said = capfd.readouterr().out
        assert failures == []
        assert said.count("listening on http://127.0.0.1:") == 2
        assert f"listening on http://127.0.0.1:{port}\n" in said
        for word in (*demo.CUSTOMER, *demo.STAFF, "control token"):
            assert word in said
        gateway = said.partition("listening on ")[2].split()[0]
        with pytest.raises(requests.ConnectionError):
            requests.get(gateway, timeout=5)

    def test_may_be_repeated_on_a_kept_database(
        self, database: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Accounts and goods are there already; the gateway is a new one."""
        sandbox = demo.Sandbox("http://127.0.0.1:1", "a", "b", "c")

        with opened(database) as kassa:
            demo.furnish(kassa.application, sandbox)
            demo.furnish(kassa.application, sandbox)

            assert len(kassa.application.queries.methods()) == 4

    def test_leaves_at_once_while_it_starts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """And leaves no gateway and no folder behind."""
        seen: list[Path] = []

        def end(url: str, **_: object) -> None:
            seen.append(Path(url.removeprefix("sqlite:///")).parent)
            signal.raise_signal(signal.SIGTERM)

        monkeypatch.setattr(demo, "upgrade", end)

        with pytest.raises(SystemExit) as ended:
            main(["demo", "--port", "0"])

        assert ended.value.code == 0
        assert not seen[0].exists()

    def test_says_that_the_gateway_does_not_start(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Rather than offering a card that nobody charges."""
        monkeypatch.setattr(sys, "executable", shutil.which("true"))

        assert main(["demo", "--port", "0"]) == 1
        assert "the sandbox gateway did not start" in capsys.readouterr().err

    def test_kills_a_gateway_that_will_not_end(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """The demo's own end does not wait for ever."""
        deaf = tmp_path / "deaf"
        deaf.write_text("#!/bin/sh\ntrap '' TERM\necho listening on http://127.0.0.1:1\nexec sleep 60\n")
        deaf.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(deaf))
        monkeypatch.setattr(demo, "SANDBOX_SECONDS_MAX", 0.3)

        with demo.running_sandbox() as sandbox:
            assert sandbox.url == "http://127.0.0.1:1"


class TestSandbox:
    def test_is_the_gateway(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Ends when its parent does, if asked to."""
        read, write = os.pipe()
        monkeypatch.setattr(sys, "stdin", os.fdopen(read))
        started = Service.start

        def start(service: Service) -> None:
            started(service)
            os.write(write, b"still here\n")
            os.close(write)

        monkeypatch.setattr(Service, "start", start)

        with sys.stdin:
            assert main(["sandbox", "--port", "0", "--with-parent"]) == 0
        assert capsys.readouterr().out.startswith("listening on http://127.0.0.1:")
