"""Paid gateway checkouts over HTTP, beside a bare Falcon "hello" on the same server in the same run.

`make bench` prints a table of ratios: machines are noisy, so only what is measured side by side is
compared, in alternating rounds of which the median counts. Every counted checkout is confirmed to
be in PROCESSING. The service runs as `kassa serve` with nothing switched off.
"""

import argparse
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import attrs
import requests

from adapters.system import SystemClock
from adapters.web.auth import Tokens
from application.accounts import Principal, Role
from benchmarks.clients import STEPS, Buyer, Connection, run_for
from benchmarks.counted import read

CLIENTS = 8
REQUESTS_PER_CHECKOUT = len(STEPS)
STATEMENTS_AIM = 36
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@attrs.frozen
class Round:
    """What one round measured: checkouts and hellos a second, CPU and SQL statements a checkout."""

    checkouts: float
    hellos: float
    cpu_milliseconds: float
    statements: float


def main() -> int:
    """Measure and print; exits with 1 when a checkout was not paid."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="the length of each half of a round")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        counter = Path(folder) / "statements"
        secret = secrets.token_hex(32)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("KASSA_")},
            "KASSA_DATABASE_URL": f"sqlite:///{folder}/bench.db",
            "KASSA_SECRET": secret,
            "KASSA_PORT": "0",
        }
        kassa = [sys.executable, "-m", "entrypoints.cli"]
        subprocess.run([*kassa, "migrate"], env=environment, check=True, stdout=subprocess.DEVNULL)
        standin, _ = stack.enter_context(running([sys.executable, "-m", "benchmarks.standin", "0"]))
        hello, _ = stack.enter_context(running([sys.executable, "-m", "benchmarks.hello"]))
        command = [sys.executable, "-m", "benchmarks.counted", str(counter), "serve"]
        service, pid = stack.enter_context(running(command, environment))
        buyers = furnish(service, standin, Tokens(secret=secret, clock=SystemClock()))
        rounds = [measure(buyers, hello, pid, counter, options.seconds) for _ in range(options.rounds)]
        unpaid = [key for buyer in buyers for key in buyer.unpaid()]
    report(rounds, buyers, unpaid)
    return 1 if unpaid else 0


@contextmanager
def running(command: list[str], environment: dict[str, str] | None = None) -> Iterator[tuple[str, int]]:
    """A server as a process; answers its address and process id."""
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("listening on "):
                yield line.removeprefix("listening on ").strip(), process.pid
                return
        raise RuntimeError(f"{command} did not start")
    finally:
        process.terminate()
        process.wait()


def furnish(service: str, standin: str, tokens: Tokens) -> list[Buyer]:
    """Goods enough for everybody, a payment method, and a customer of its own for each client."""
    staff = {"Authorization": f"Bearer {tokens.issue(Principal(Role.STAFF, 1))}"}
    signing_secret = secrets.token_hex(16)
    settings = {"base_url": standin, "api_key": "key", "signing_secret": signing_secret}
    put(service, "payment-methods/card", staff, name="Card", backend="sandbox", settings=settings)
    buyers = []
    for number in range(CLIENTS):
        skus = [f"thing-{number}-{which}" for which in "ab"]
        for sku in skus:
            price = {"amount": 1999, "currency": "AZN"}
            put(service, f"products/{sku}", staff, name=sku.title(), price=price, stock=1_000_000)
        person = {"first_name": "Buyer", "last_name": "One", "email": f"b{number}@example.com"}
        answer = requests.post(
            f"{service}/v1/customers", json={**person, "password": "a long password"}, timeout=30
        )
        token = tokens.issue(Principal(Role.CUSTOMER, answer.json()["id"]))
        buyers.append(
            Buyer(
                connection=Connection(service),
                token=token,
                skus=skus,
                method="card",
                signing_secret=signing_secret,
                number=number,
            )
        )
    return buyers


def put(service: str, path: str, headers: dict[str, str], **document: object) -> None:
    """One of staff's settings."""
    answer = requests.put(f"{service}/v1/{path}", json=document, headers=headers, timeout=30)
    answer.raise_for_status()


def measure(buyers: list[Buyer], hello: str, pid: int, counter: Path, seconds: float) -> Round:
    """One round: hellos first, then checkouts."""
    connections = [Connection(hello) for _ in range(CLIENTS)]
    hellos, hello_seconds = run_for(
        seconds, [lambda each=each: each.ask("GET", "/hello") for each in connections]
    )
    cpu, statements = cpu_seconds(pid), read(counter)
    checkouts, checkout_seconds = run_for(seconds, [buyer.buy for buyer in buyers])
    return Round(
        checkouts=checkouts / checkout_seconds,
        hellos=hellos / hello_seconds,
        cpu_milliseconds=(cpu_seconds(pid) - cpu) * 1000 / checkouts,
        statements=(read(counter) - statements) / checkouts,
    )


def cpu_seconds(pid: int) -> float:
    """What a process has used so far, in user and system mode."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def report(rounds: list[Round], buyers: list[Buyer], unpaid: list[str]) -> None:
    """The table, medians over the rounds."""

    def median(name: str) -> float:
        return statistics.median(getattr(each, name) for each in rounds)

    ratio = statistics.median(r.checkouts * REQUESTS_PER_CHECKOUT / r.hellos for r in rounds)
    bought = sum(len(buyer.bought) for buyer in buyers)
    print(f"paid gateway checkouts, SQLite, 1 process x 8 threads, {CLIENTS} clients, {len(rounds)} rounds")
    print(f"  checkouts a second             {median('checkouts'):8.1f}")
    print(f"  bare Falcon hellos a second    {median('hellos'):8.1f}")
    print(f"  requests beside hellos         {ratio:8.3f}   (four requests a checkout)")
    print(f"  CPU of the service, ms each    {median('cpu_milliseconds'):8.2f}")
    print(f"  SQL data statements each       {median('statements'):8.2f}   (aim: at most {STATEMENTS_AIM})")
    for step in STEPS:
        times = sorted(seconds for buyer in buyers for seconds in buyer.seconds[step])
        p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
        print(f"  {step:<10} p50 / p99, ms       {p50 * 1000:8.1f} / {p99 * 1000:.1f}")
    print(f"  confirmed in PROCESSING        {bought - len(unpaid):8d} of {bought}")


if __name__ == "__main__":
    sys.exit(main())
