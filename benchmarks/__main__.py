"""Paid gateway checkouts over HTTP, beside yardsticks that run on the same machine in the same minutes.

`make bench` prints a table of ratios: machines are noisy, so only what is measured side by side is
compared, in alternating rounds of which the median counts. The service runs as `kassa serve` with
nothing switched off, on a PostgreSQL that keeps what it is given; every checkout that was answered
to its end is looked up in the database.
"""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from benchmarks import lab as subjects
from benchmarks import table
from benchmarks.database import durable_postgres
from benchmarks.gates import floor_gates, speed_gates
from benchmarks.lab import CLIENTS, Lab, counting
from benchmarks.measuring import Subject, in_rounds, take_turn


def main() -> int:
    """Measure and print; exits with 1 when a demand is not met."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0, help="the length of each turn")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        lab = Lab(Path(folder), stack.enter_context(durable_postgres()), stack)
        statements = statements_of_a_checkout(lab)
        turns = in_rounds(main_subjects(lab), options.rounds, options.seconds, print)
    gates = [*floor_gates(turns), *speed_gates(turns, statements)]
    told = [*table.lines(turns), "", *table.step_lines(turns), "", *(gate.line for gate in gates)]
    print("\n".join(["", *told]))
    return 0 if all(gate.holds for gate in gates) else 1


def main_subjects(lab: Lab) -> list[Subject]:
    """Yardsticks and service, on PostgreSQL and on SQLite."""
    database = lab.server.database()
    shop = lab.shop(lab.server.url(database))
    lite = lab.shop(f"sqlite:///{lab.folder}/kassa.db")
    on_postgresql = subjects.service(
        shop,
        "PostgreSQL",
        shop.buyers(CLIENTS),
        lab.gateway,
        statements=counting(lab.server, database),
        server=lab.server,
    )
    return [
        subjects.hello(lab),
        subjects.floor(lab, shop, calls_gateway=False),
        subjects.floor(lab, shop, calls_gateway=True),
        subjects.rows_alone(lab, shop),
        on_postgresql,
        subjects.service(lite, "SQLite", lite.buyers(CLIENTS), lab.gateway),
    ]


def statements_of_a_checkout(lab: Lab) -> float:
    """What requests cause, and nobody else: for this count alone relay and janitor are left out."""
    database = lab.server.database()
    shop = lab.shop(lab.server.url(database), arguments=("serve", "--no-worker"))
    counted, buyers = counting(lab.server, database), shop.buyers(CLIENTS)
    subject = subjects.service(shop, "counted", buyers, lab.gateway, statements=counted, relays=False)
    # What is done once for each connection is over then.
    take_turn(subject, 1.0)
    turn = take_turn(subject, 1.0)
    shop.program.stop()
    assert turn.statements
    return turn.statements


if __name__ == "__main__":
    sys.exit(main())
