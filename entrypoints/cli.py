"""The command line: kassa demo | serve | sandbox | worker | migrate | verify | staff add."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence

import attrs

from adapters.sandbox.server import add_arguments as add_sandbox_arguments
from adapters.sandbox.server import run as run_sandbox
from adapters.sql.migrate import upgrade
from domain.errors import EmailTaken, Unavailable
from entrypoints.bootstrap import DatabaseBehind, Kassa, build
from entrypoints.demo import run_demo
from entrypoints.logs import set_up_logs
from entrypoints.serving import address_of, bind, serve
from entrypoints.settings import Settings, SettingsError
from entrypoints.workers import Workers
from entrypoints.wsgi import web_app

PASSWORD_LENGTH_MIN = 8


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; answers the exit code: 0 done, 1 something is wrong, 2 it was asked wrongly."""
    options = parser().parse_args(arguments)
    command: Callable[[argparse.Namespace, Mapping[str, str]], int] = options.command
    try:
        return command(options, os.environ)
    except (SettingsError, DatabaseBehind) as problem:
        print(f"kassa: {problem}", file=sys.stderr)
        return 2
    except (Unavailable, OSError) as trouble:
        print(f"kassa: {trouble}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="kassa", description="A checkout and payment service.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    demo = _command(commands, "demo", "everything on one machine, to try it out", demo_command)
    demo.add_argument("--port", type=_port, default=8080, help="where to listen; 0 takes a free port")
    served = _command(commands, "serve", "the service", serve_command)
    served.add_argument("--port", type=_port, help="instead of KASSA_PORT; 0 takes a free port")
    served.add_argument("--host", help="instead of KASSA_HOST")
    served.add_argument("--no-worker", action="store_true", help="leave relay and janitor to `kassa worker`")
    sandbox = _command(commands, "sandbox", "the sandbox gateway", sandbox_command)
    add_sandbox_arguments(sandbox)
    _command(commands, "worker", "the event relay and the janitor alone", worker_command)
    _command(commands, "migrate", "bring the database to the newest shape", migrate_command)
    _command(commands, "verify", "recompute the invariants", verify_command)
    staff = commands.add_parser("staff", help="accounts of staff")
    staff_commands = staff.add_subparsers(required=True, metavar="COMMAND")
    adding = _command(staff_commands, "add", "an account; its password comes from standard input", staff_add)
    adding.add_argument("email")
    return top


def demo_command(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Everything on one machine."""
    return run_demo(options.port, environment)


def serve_command(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """The service, with relay and janitor on threads of it unless told otherwise."""
    settings = Settings.from_environment(environment)
    settings = attrs.evolve(
        settings,
        host=options.host or settings.host,
        port=settings.port if options.port is None else options.port,
    )
    set_up_logs()
    bound = bind(settings.host, settings.port)
    public_url = settings.public_url or address_of(bound)
    kassa = build(settings, public_url)
    draining = threading.Event()
    app = web_app(kassa, settings, public_url, draining)
    workers = None if options.no_worker else start_workers(kassa, settings)
    try:
        serve(app, bound, settings.threads, draining)
    finally:
        if workers:
            workers.stop()
        kassa.close()
    return 0


def sandbox_command(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """The sandbox gateway, which knows nothing of ours."""
    return run_sandbox(options)


def worker_command(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Relay and janitor until SIGTERM or Ctrl-C."""
    settings = Settings.from_environment(environment)
    set_up_logs()
    kassa = build(settings, settings.public_url or f"http://{settings.host}:{settings.port}")
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    workers = start_workers(kassa, settings)
    print("working", flush=True)
    ending.wait()
    workers.stop()
    kassa.close()
    return 0


def migrate_command(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Bring the database to the newest shape."""
    upgrade(Settings.from_environment(environment).database_url)
    print("the database has the newest shape")
    return 0


def verify_command(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Recompute the invariants; exits with 1 and names each breach when there is one."""
    kassa = build(Settings.from_environment(environment), "http://localhost")
    proof = kassa.application.prove()
    kassa.close()
    print("looked at " + ", ".join(f"{count} {what}" for what, count in proof.checked.items()))
    for breach in proof.breaches:
        print(f"{breach.rule}: {breach.what}")
    print("no breach" if proof.is_clean else f"{len(proof.breaches)} breaches")
    return 0 if proof.is_clean else 1


def staff_add(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """An account for a member of staff, whose password is a line of standard input."""
    password = sys.stdin.readline().rstrip("\r\n")
    if len(password) < PASSWORD_LENGTH_MIN or "@" not in options.email:
        print(
            f"kassa: an e-mail address and a password of {PASSWORD_LENGTH_MIN} characters or more, please",
            file=sys.stderr,
        )
        return 2
    kassa = build(Settings.from_environment(environment), "http://localhost")
    try:
        kassa.application.hire(email=options.email, password=password)
    except EmailTaken:
        print(f"kassa: {options.email} has an account already", file=sys.stderr)
        return 1
    finally:
        kassa.close()
    print(f"{options.email} is on the staff")
    return 0


def start_workers(kassa: Kassa, settings: Settings) -> Workers:
    """Relay and janitor on threads of this process."""
    workers = Workers(kassa.application, settings.janitor_seconds)
    workers.start()
    return workers


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    purpose: str,
    run: Callable[[argparse.Namespace, Mapping[str, str]], int],
) -> argparse.ArgumentParser:
    made = commands.add_parser(name, help=purpose, description=purpose)
    made.set_defaults(command=run)
    return made


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port is 0 to 65535, not {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
