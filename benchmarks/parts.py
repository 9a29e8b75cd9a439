"""The parts of a run: each starts what it needs, measures it side by side, and tells what it found."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import attrs

from benchmarks import traced
from benchmarks.gates import Gate, Turns, floor_gates, growth_gates, speed_gates
from benchmarks.growth import grow, rows_of
from benchmarks.lab import CLIENTS, House, Lab, floor, service, service_on_sqlite
from benchmarks.measuring import in_rounds, take_turn
from benchmarks.profiled import Profile, profiled
from benchmarks.yardsticks import hello, rows_alone
from tests.postgres import Postgres

PROFILE_SECONDS = 20
COUNT_SECONDS = 2
ONE_THING = ("thing", "thing")
COPIES = 64

Tell = Callable[[str], object]


@attrs.frozen(kw_only=True)
class Pace:
    """How long to measure. Units: `seconds` is the length of one turn."""

    rounds: int
    seconds: float
    sizes: Sequence[int] = ()


@attrs.frozen(kw_only=True)
class Section:
    """What one part found. Shape: `rows` from a size to its tables' rows, where it had some loaded."""

    name: str
    turns: Turns
    gates: Sequence[Gate] = ()
    statements: Mapping[str, float] = attrs.Factory(dict)
    profile: Profile | None = None
    rows: Mapping[str, Mapping[str, int]] = attrs.Factory(dict)


@contextmanager
def a_lab(server: Postgres) -> Iterator[Lab]:
    """For one part: its processes end with it."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        yield Lab(Path(folder), server, stack)


def speed(server: Postgres, pace: Pace, tell: Tell) -> Section:
    """The service on both databases beside all yardsticks, its statements and its profile."""
    with a_lab(server) as lab:
        statements = {"PostgreSQL": _statements(lab), "SQLite": _statements_on_sqlite(lab)}
        shop, house = service(lab)
        on_postgresql = house.subject("PostgreSQL")
        subjects = [
            hello(lab),
            floor(lab, shop).subject("floor"),
            floor(lab, shop, calls_gateway=True).subject("floor and gateway"),
            rows_alone(lab, shop),
            on_postgresql,
            service_on_sqlite(lab)[1].subject("SQLite"),
        ]
        turns = in_rounds(subjects, pace.rounds, pace.seconds, tell)
        profile = profiled(on_postgresql, lab.folder, PROFILE_SECONDS)
    gates = [*floor_gates(turns), *speed_gates(turns, statements["PostgreSQL"])]
    return Section(name="speed", turns=turns, gates=gates, statements=statements, profile=profile)


def crowds(server: Postgres, pace: Pace, tell: Tell) -> Section:
    """Everybody buys one product, and every callback comes 64 times."""
    with a_lab(server) as lab:
        houses = {
            "PostgreSQL": service(lab)[1],
            "one product": service(lab, buying=ONE_THING)[1],
            f"{COPIES} callbacks": service(lab, copies=COPIES)[1],
        }
        subjects = [house.subject(name) for name, house in houses.items()]
        return Section(name="crowds", turns=in_rounds(subjects, pace.rounds, pace.seconds, tell))


def processes(server: Postgres, pace: Pace, tell: Tell) -> Section:
    """One process and two, on a machine whose cores they share with the database and the clients."""
    with a_lab(server) as lab:
        houses = {f"processes {count}": service(lab, processes=count)[1] for count in (1, 2)}
        subjects = [house.subject(name) for name, house in houses.items()]
        return Section(name="processes", turns=in_rounds(subjects, pace.rounds, pace.seconds, tell))


def growth(server: Postgres, pace: Pace, tell: Tell) -> Section:
    """Shops with few and with very many orders, each beside a floor that has as many."""
    rows = {}
    with a_lab(server) as lab:
        subjects = []
        for size in pace.sizes:
            shop, house = service(lab)
            below = floor(lab, shop)
            for each in (house, below):
                tell(f"{size} orders are loaded")
                _fill(each, size)
            rows[f"{size}"] = rows_of(house.engine)
            subjects += [house.subject(f"{size} orders"), below.subject(f"floor, {size} orders")]
        turns = in_rounds(subjects, pace.rounds, pace.seconds, tell)
    gates = growth_gates(turns, pace.sizes)
    return Section(name="growth", turns=turns, gates=gates, rows=rows)


PARTS: Mapping[str, Callable[[Postgres, Pace, Tell], Section]] = {
    "speed": speed,
    "crowds": crowds,
    "processes": processes,
    "growth": growth,
}


def _fill(house: House, size: int) -> None:
    """One checkout of each buyer and a cart that is left behind, copied; then nobody waits any more."""
    for buyer in house.buyers:
        if not buyer.buy():
            raise RuntimeError(buyer.errors[0])
    house.buyers[0].fill_cart()
    house.subject("template").settle()
    grow(house.engine, size)


def _statements(lab: Lab) -> float:
    """What requests cause, and nobody else: for this count alone relay and janitor are left out."""
    return _counted(service(lab, arguments=("serve", "--no-worker"))[1])


def _statements_on_sqlite(lab: Lab) -> float:
    count = lab.folder / "statements"
    around = {"module": "benchmarks.traced", "arguments": (str(count), "serve", "--no-worker")}
    _, house = service_on_sqlite(lab, **around)
    return _counted(house, lambda: traced.counted(count))


def _counted(house: House, statements: Callable[[], int] | None = None) -> float:
    subject = house.subject("counted")
    subject = attrs.evolve(subject, statements=statements) if statements else subject
    # What is done once for each connection is over when the second turn begins.
    take_turn(subject, COUNT_SECONDS)
    turn = take_turn(subject, COUNT_SECONDS)
    assert turn.statements and not turn.errors and len(house.buyers) == CLIENTS
    return turn.statements
