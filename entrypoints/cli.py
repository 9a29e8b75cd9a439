"""The command line: kassa demo | serve | sandbox | worker | migrate | verify | staff | bank | conformance."""

import argparse
import getpass
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import attrs

from adapters.bank.reading import UnreadableStatement
from adapters.sandbox.server import add_arguments as add_sandbox_arguments
from adapters.sandbox.server import run as run_sandbox
from adapters.sql.migrate import upgrade
from application.proof import Breach, Proof
from domain.errors import EmailTaken, Unavailable
from entrypoints.banking import bank_import
from entrypoints.bootstrap import DatabaseUnfit, Kassa, build, opened
from entrypoints.conformance.command import add_arguments as add_conformance_arguments
from entrypoints.conformance.command import conformance
from entrypoints.conformance.recordings import UnreadableRecordings
from entrypoints.demo import run_demo
from entrypoints.ending import end_when_asked, wait_for
from entrypoints.logs import set_up_logs
from entrypoints.plugins import BackendRefused
from entrypoints.service import run_service, working
from entrypoints.serving import CannotListen
from entrypoints.settings import Settings, SettingsError

PASSWORD_LENGTH_MIN = 8

# What the shell answers for a program that Ctrl-C has ended.
INTERRUPTED = 130

# What a command cannot be done with; each says what is wrong.
REFUSALS = (
    SettingsError,
    BackendRefused,
    DatabaseUnfit,
    CannotListen,
    UnreadableStatement,
    UnreadableRecordings,
)

Command = Callable[[argparse.Namespace, Mapping[str, str]], int]

log = logging.getLogger("kassa")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; answers the exit code: 0 done, 1 something is wrong, 2 it cannot be done as asked."""
    options = parser().parse_args(arguments)
    set_up_logs()
    return _attempt(options.command, options)


def _attempt(command: Command, options: argparse.Namespace) -> int:
    try:
        return command(options, os.environ)
    except REFUSALS as problem:
        return _complain(str(problem), 2)
    except (Unavailable, OSError) as trouble:
        return _complain(_with_reason(trouble), 1)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception:
        # Nothing that goes wrong may spill what it was working on; the log hides secrets.
        log.exception("this should not have happened")
        return 1


def _complain(text: str, code: int) -> int:
    print(f"kassa: {text}", file=sys.stderr)
    return code


def _with_reason(trouble: Exception) -> str:
    reason = getattr(trouble.__cause__, "orig", None)
    return f"{trouble}: {reason} (see KASSA_DATABASE_URL)" if reason else str(trouble)


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="kassa", description="A checkout and payment service.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    demo = _command(commands, "demo", "everything on one machine, to try it out", demo_command)
    demo.add_argument("--port", type=_port, help="instead of KASSA_PORT; 0 takes a free port")
    served = _command(commands, "serve", "the service", serve_command)
    served.add_argument("--port", type=_port, help="instead of KASSA_PORT; 0 takes a free port")
    served.add_argument("--host", help="instead of KASSA_HOST")
    served.add_argument("--no-worker", action="store_true", help="leave background work to `kassa worker`")
    sandbox = _command(commands, "sandbox", "the sandbox gateway", sandbox_command)
    add_sandbox_arguments(sandbox)
    _command(commands, "worker", "the background work alone: relay, janitor, pruning", worker_command)
    _command(commands, "migrate", "bring the database to the newest shape", migrate_command)
    _command(commands, "verify", "recompute the invariants", verify_command)
    staff = commands.add_parser("staff", help="accounts of staff")
    staff_commands = staff.add_subparsers(required=True, metavar="COMMAND")
    adding = _command(staff_commands, "add", "an account; its password comes from standard input", staff_add)
    adding.add_argument("email")
    bank = commands.add_parser("bank", help="what banks report")
    bank_commands = bank.add_subparsers(required=True, metavar="COMMAND")
    importing = _command(bank_commands, "import", "take up a statement, CAMT.053 or CSV", bank_import)
    importing.add_argument("file", type=Path)
    trying = _command(commands, "conformance", "what every gateway adapter has to keep to", conformance)
    add_conformance_arguments(trying)
    return top


def demo_command(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Everything on one machine."""
    return run_demo(options.port, environment)


def serve_command(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """The service, with the background work on threads of it unless told otherwise."""
    settings = Settings.from_environment(environment)
    settings = attrs.evolve(
        settings,
        host=options.host or settings.host,
        port=settings.port if options.port is None else options.port,
    )
    run_service(settings, with_workers=not options.no_worker)
    return 0


def sandbox_command(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """The sandbox gateway, which knows nothing of ours."""
    return run_sandbox(options)


def worker_command(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Relay, janitor and pruning until SIGTERM or Ctrl-C."""
    settings = Settings.from_environment(environment)
    ending = threading.Event()
    with opened(settings, settings.likely_url) as kassa, working(kassa, settings):
        end_when_asked(ending)
        print("working", flush=True)
        wait_for(ending)
    return 0


def migrate_command(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Bring the database to the newest shape."""
    settings = Settings.from_environment(environment)
    try:
        upgrade(settings.database_url, behind_pgbouncer=settings.pgbouncer)
    except RuntimeError as trouble:
        raise DatabaseUnfit(str(trouble)) from trouble
    print("the database has the newest shape")
    return 0


def verify_command(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Recompute the invariants; exits with 1 and names each breach when there is one."""
    settings = Settings.from_environment(environment)
    with opened(settings, settings.likely_url) as kassa:
        proof = _proof(kassa)
    print("looked at " + (", ".join(f"{count} {what}" for what, count in proof.checked.items()) or "nothing"))
    for breach in proof.breaches:
        print(f"{breach.rule}: {breach.what}")
    print("no breach" if proof.is_clean else f"breaches: {len(proof.breaches)}")
    return 0 if proof.is_clean else 1


def _proof(kassa: Kassa) -> Proof:
    try:
        return kassa.application.prove()
    except ValueError as unreadable:
        return Proof({}, (Breach("I22", f"a record cannot be read: {unreadable}"),))


def staff_add(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """An account for a member of staff, whose password is a line of standard input."""
    settings = Settings.from_environment(environment)
    password = _password()
    if len(password) < PASSWORD_LENGTH_MIN or not password.isprintable():
        return _complain(f"a password has {PASSWORD_LENGTH_MIN} characters or more, all printable", 2)
    if not all(options.email.partition("@")) or not options.email.isprintable():
        return _complain("an e-mail address is expected", 2)
    with closing(build(settings, settings.likely_url)) as kassa:
        try:
            kassa.application.hire(email=options.email, password=password)
        except EmailTaken:
            return _complain(f"{options.email} has an account already", 1)
    print(f"{options.email} is on the staff")
    return 0


def _password() -> str:
    if sys.stdin.isatty():
        return getpass.getpass("password: ")
    return sys.stdin.readline().rstrip("\r\n")


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, purpose: str, run: Command
) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=purpose, description=purpose)
    made.set_defaults(command=run)
    return made


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"a port is 0 to 65535, not {text[:20]!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
