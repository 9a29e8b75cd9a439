"""One turn of one subject, and the medians over many."""

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import attrs

from benchmarks.buyers import STEPS
from benchmarks.cpu import used

WARM_UP_SECONDS = 1.0
DONE_AND_SECONDS = tuple[float, float]


@attrs.frozen(kw_only=True)
class Subject:
    """Something to measure.

    `run` does checkouts for so many seconds and answers how many, and how long it took; `settle`
    looks afterwards whether they are all there, and raises if not; `statements` counts those of
    the database so far. Whose processor time counts is told by the processes' ids.
    """

    name: str
    run: Callable[[float], DONE_AND_SECONDS]
    settle: Callable[[], None] = lambda: None
    statements: Callable[[], int] | None = None
    service_pid: int | None = None
    database_pid: int | None = None
    steps: Callable[[], Mapping[str, Sequence[float]]] = dict
    errors: Callable[[], Sequence[str]] = tuple


@attrs.frozen(kw_only=True)
class Turn:
    """What one turn measured. Units: checkouts a second; milliseconds and statements for each checkout.

    Shape: `steps` holds the seconds that each step took, in this turn.
    """

    rate: float
    checkouts: float
    service_ms: float | None
    database_ms: float | None
    statements: float | None
    errors: int
    steps: Mapping[str, Sequence[float]]


def take_turn(subject: Subject, seconds: float) -> Turn:
    """Measure once. Raises: whatever `run` or `settle` do.

    Once something went wrong it cannot be told any more what should be there: the errors speak then.
    """
    errors = len(subject.errors())
    steps = {name: len(times) for name, times in subject.steps().items()}
    counted = subject.statements() if subject.statements else None
    service, database = _cpu(subject.service_pid), _cpu(subject.database_pid)
    done, took = subject.run(seconds)
    service_after, database_after = _cpu(subject.service_pid), _cpu(subject.database_pid)
    turn = Turn(
        rate=done / took,
        checkouts=done,
        service_ms=_each(service, service_after, done, 1000),
        database_ms=_each(database, database_after, done, 1000),
        statements=_each(counted, subject.statements(), done, 1) if subject.statements else None,
        errors=len(subject.errors()) - errors,
        steps={name: times[steps.get(name, 0) :] for name, times in subject.steps().items()},
    )
    if not subject.errors():
        subject.settle()
    return turn


def _cpu(pid: int | None) -> float | None:
    return None if pid is None else used(pid).total


def _each(before: float | None, after: float | None, done: float, unit: float) -> float | None:
    return None if before is None or after is None or not done else (after - before) * unit / done


def in_rounds(
    subjects: Sequence[Subject], rounds: int, seconds: float, tell: Callable[[str], object] = lambda _: None
) -> Mapping[str, Sequence[Turn]]:
    """Each subject's turns: they alternate, so that whatever else the machine does meets them all."""
    for subject in subjects:
        take_turn(subject, WARM_UP_SECONDS)
    turns: dict[str, list[Turn]] = {subject.name: [] for subject in subjects}
    for number in range(rounds):
        for subject in subjects:
            turns[subject.name].append(take_turn(subject, seconds))
        told = ", ".join(f"{name} {told[-1].rate:.0f}" for name, told in turns.items())
        tell(f"round {number + 1} of {rounds}, checkouts/s: {told}")
    return turns


def median(turns: Iterable[Turn], field: str) -> float | None:
    """The middle one of what the turns measured, None where that is not measured."""
    found = [value for turn in turns if (value := getattr(turn, field)) is not None]
    return statistics.median(found) if found else None


def ratio(above: Sequence[Turn], below: Sequence[Turn]) -> float:
    """The median of the rounds' ratios of checkouts a second: only what stood side by side is compared."""
    return statistics.median(a.rate / b.rate for a, b in zip(above, below, strict=True))


def percentiles(turns: Sequence[Turn]) -> Mapping[str, tuple[float, float]]:
    """The median and the 99th percentile of each step, over all turns. Units: milliseconds."""
    told = {}
    for step in STEPS:
        times = sorted(seconds * 1000 for turn in turns for seconds in turn.steps.get(step, ()))
        if times:
            told[step] = (times[len(times) // 2], times[int(len(times) * 0.99)])
    return told


def wait_until(is_done: Callable[[], bool], seconds_max: float, what: str) -> None:
    """Look again and again. Raises: TimeoutError."""
    deadline = time.monotonic() + seconds_max
    while not is_done():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)
