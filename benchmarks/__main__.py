"""Paid gateway checkouts over HTTP, beside yardsticks that run on the same machine in the same minutes.

`make bench` prints tables of ratios: machines are noisy, so only what is measured side by side is
compared, in alternating rounds of which the median counts. The service runs as `kassa serve` with
nothing switched off, on a PostgreSQL that keeps what it is given; every checkout that was answered
to its end is looked up in the database. A run fails when a demand is not met, and says which.
"""

import argparse
import sys

from benchmarks import results, table
from benchmarks.database import durable_postgres, settings_of
from benchmarks.gates import error_gate
from benchmarks.parts import PARTS, Pace

SIZES = "1000,100000,1000000"


def main() -> int:
    """Measure, print, keep; exits with 1 when a demand is not met."""
    options, commit = parser().parse_args(), results.commit()
    pace = Pace(
        rounds=options.rounds,
        seconds=options.seconds,
        sizes=[int(size) for size in options.sizes.split(",")],
    )
    with durable_postgres() as server:
        settings = {**settings_of(server), "rounds": pace.rounds, "seconds": pace.seconds}
        sections = []
        for name in options.parts.split(","):
            print(f"\n## {name}\n", flush=True)
            section = PARTS[name](server, pace, lambda line: print(line, flush=True))
            sections.append(section)
            print("\n".join(["", *table.section_lines(section)]), flush=True)
    if options.save:
        print(f"kept as {results.keep(sections, settings, commit)}")
    gates = [gate for section in sections for gate in (*section.gates, error_gate(section.turns))]
    failed = [gate.line for gate in gates if not gate.holds]
    print("\n".join(["", *(failed or ["every demand is met"])]))
    return 1 if failed else 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    made.add_argument("--parts", default=",".join(PARTS), help=f"of {', '.join(PARTS)}")
    made.add_argument("--rounds", type=int, default=5)
    made.add_argument("--seconds", type=float, default=4.0, help="the length of each turn")
    made.add_argument("--sizes", default=SIZES, help="the numbers of orders between which growth is judged")
    made.add_argument("--save", action="store_true", help="keep what was found in benchmarks/results")
    return made


if __name__ == "__main__":
    sys.exit(main())
