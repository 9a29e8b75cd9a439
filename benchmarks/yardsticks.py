"""What is no shop and yet measured beside it: a bare hello, and the rows alone."""

from benchmarks import pgbench
from benchmarks.clients import Connection, run_for
from benchmarks.lab import CLIENTS, Lab, Unsound, counting, pid_of
from benchmarks.measuring import Subject
from benchmarks.shop import Shop
from benchmarks.verifying import Books, Mark

REQUESTS_PER_CHECKOUT = 4


def hello(lab: Lab) -> Subject:
    """A bare "hello" on the same server: four of them are one checkout."""
    program = lab.start("hello")
    connections = lab.closing([Connection(program.address) for _ in range(CLIENTS)])
    deeds = [lambda each=each: each.ask("GET", "/hello") for each in connections]

    def run(seconds: float) -> tuple[float, float]:
        done, took = run_for(seconds, deeds)
        return done / REQUESTS_PER_CHECKOUT, took

    return Subject(name="hello", run=run, service_pid=pid_of(program))


def rows_alone(lab: Lab, like: Shop) -> Subject:
    """The rows of a minimal checkout by pgbench."""
    database, engine, people = lab.copied(like)
    (lab.folder / "checkout.sql").write_text(pgbench.script(people[0]), encoding="utf-8")
    sold = 0

    def run(seconds: float) -> tuple[float, float]:
        nonlocal sold
        written = pgbench.run(lab.server, database, lab.folder, clients=CLIENTS, seconds=seconds)
        sold += written.checkouts
        return written.checkouts, written.checkouts / written.per_second

    def settle() -> None:
        found = len(Books.read(engine, Mark(0, 0), tells_all=False).paid)
        if found != sold:
            raise Unsound(f"pgbench has done {sold} checkouts, of which {found} are paid")

    return Subject(
        name="pgbench",
        run=run,
        settle=settle,
        statements=counting(lab.server, database),
        database_pid=pid_of(lab.server),
    )
