"""Two thousand strange answers and callbacks of each gateway, against the running service.

True answers of the sandbox are changed on their way, at any depth, or replaced; so are callbacks, which are
signed after that. The service answers as it has declared to, never with 500, and in the end its memory is at
most five per cent above what it was after the first five hundred.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.trials.roaming import Failed
from benchmarks.trials.trial import Trial, main
from tests.faults.matrix import GATEWAYS
from tests.strange.crowd import Crowd, crowds, visits

SIZES = {"strange": 2000, "first": 500, "visits": 50, "growth_max": 0.05, "seed": 1}


def run(trial: Trial) -> None:
    """One gateway after the other, at one service."""
    database_url = trial.server.url(trial.server.database())
    with crowds(trial.folder, GATEWAYS, database_url=database_url) as found:
        for crowd in found:
            strange_at(trial, crowd)
        found[0].shop.verify()


def strange_at(trial: Trial, crowd: Crowd) -> None:
    """Visits until it was strange enough. Raises: Failed when memory has grown."""
    options, before, rounds, first = trial.options, crowd.strange, 0, 0.0
    while (strange := crowd.strange - before) < options.strange:
        if not first and strange >= options.first:
            first = memory_of(crowd.shop.service.program.children)
        visits(crowd, options.visits, number=options.seed + rounds)
        rounds += 1
    last = memory_of(crowd.shop.service.program.children)
    trial.note(
        crowd.gateway,
        visits=rounds * options.visits,
        strange=strange,
        mib_after_the_first=round(first, 1),
        mib_in_the_end=round(last, 1),
    )
    if last > first * (1 + options.growth_max):
        raise Failed(f"memory grew from {first:.1f} to {last:.1f} MiB at {crowd.gateway}")


def memory_of(pids: Iterable[int]) -> float:
    """What these processes hold, as the system counts it. Units: MiB."""
    told = (Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines() for pid in pids)
    return sum(int(line.split()[1]) for lines in told for line in lines if line.startswith("VmRSS")) / 1024


if __name__ == "__main__":
    sys.exit(main("strange", __doc__, SIZES, run))
