"""What is measured side by side: the yardsticks and the service, each with processes and rows of its own."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import attrs
from sqlalchemy import Engine, create_engine, insert, select

from adapters.sql.tables import customers, metadata, payment_methods, products
from benchmarks import pgbench
from benchmarks.buyers import Bought, Buyer
from benchmarks.clients import Connection, run_for
from benchmarks.database import calls
from benchmarks.measuring import Subject, wait_until
from benchmarks.shop import METHOD, UNITS, Shop, open_shop, own_skus
from benchmarks.verifying import Books, Mark, breaches, record_of, sold_by, undelivered
from tests.postgres import Postgres
from tests.processes import Program

CLIENTS = 8
REQUESTS_PER_CHECKOUT = 4
RELAY_SECONDS_MAX = 120


class Unsound(Exception):
    """A checkout that was answered to its end is not there as it should be."""


@attrs.define
class Lab:
    """A folder, a server and a gateway for one run; what it starts ends with its stack."""

    folder: Path
    server: Postgres
    stack: ExitStack
    _gateway: str = ""

    @property
    def gateway(self) -> str:
        """The stand-in's address."""
        if not self._gateway:
            self._gateway = self.start("standin").address
        return self._gateway

    def start(self, name: str, *arguments: str) -> Program:
        """One of the benchmarks' own servers."""
        number = len(list(self.folder.glob(f"{name}*")))
        log = self.folder / f"{name}-{number}.log"
        program = Program(module=f"benchmarks.{name}", arguments=arguments, log_path=log).start()
        self.stack.callback(program.stop)
        return program

    def shop(self, database_url: str, skus: Sequence[str] = (), **how: object) -> Shop:
        """A service on that database, with something to sell and a way to pay."""
        number = len(list(self.folder.glob("shop*")))
        shop = self.stack.enter_context(open_shop(self.folder / f"shop-{number}", database_url, **how))  # type: ignore[arg-type]
        shop.accept_cards(self.gateway)
        shop.stock(skus or [sku for number in range(CLIENTS) for sku in own_skus(number)])
        return shop


def hello(lab: Lab) -> Subject:
    """A bare "hello" on the same server: four of them are one checkout."""
    program = lab.start("hello")
    connections = [Connection(program.address) for _ in range(CLIENTS)]
    deeds = [lambda each=each: each.ask("GET", "/hello") for each in connections]

    def run(seconds: float) -> tuple[float, float]:
        done, took = run_for(seconds, deeds)
        return done / REQUESTS_PER_CHECKOUT, took

    return Subject(name="hello", run=run, service_pid=_pid(program))


def floor(lab: Lab, like: Shop, *, calls_gateway: bool) -> Subject:
    """The four requests with no rules, with or without the gateway's two calls."""
    name = "floor and gateway" if calls_gateway else "floor"
    database, engine, people = _copied(lab, like)
    url = lab.server.url(database)
    program = lab.start("floor", url, *([lab.gateway] if calls_gateway else []))
    buyers = [
        Buyer(
            connection=Connection(program.address),
            token=str(customer),
            skus=own_skus(number),
            method=METHOD,
            signing_secret="none",
            number=number,
        )
        for number, customer in enumerate(people)
    ]
    gateway = lab.gateway if calls_gateway else None
    return Subject(
        name=name,
        run=lambda seconds: run_for(seconds, [buyer.buy for buyer in buyers]),
        settle=settling(engine, buyers, gateway, tells_all=False),
        statements=counting(lab.server, database),
        service_pid=_pid(program),
        database_pid=_pid(lab.server),
        steps=lambda: steps_of(buyers),
    )


def rows_alone(lab: Lab, like: Shop) -> Subject:
    """The rows of a minimal checkout by pgbench."""
    database, engine, people = _copied(lab, like)
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
        database_pid=_pid(lab.server),
    )


def service(
    shop: Shop,
    name: str,
    buyers: Sequence[Buyer],
    gateway: str,
    *,
    statements: Callable[[], int] | None = None,
    server: Postgres | None = None,
    relays: bool = True,
) -> Subject:
    """The service itself; on SQLite the database's time is the service's own."""
    return Subject(
        name=name,
        run=lambda seconds: run_for(seconds, [buyer.buy for buyer in buyers]),
        settle=settling(shop.engine, buyers, gateway, tells_all=True, relays=relays),
        statements=statements,
        service_pid=shop.pid,
        database_pid=_pid(server) if server else None,
        steps=lambda: steps_of(buyers),
    )


def settling(
    engine: Engine, buyers: Sequence[Buyer], gateway: str | None, *, tells_all: bool, relays: bool = False
) -> Callable[[], None]:
    """Looks at everything that was bought since it last did. Raises: Unsound, naming some of it."""
    mark, seen = Mark.read(engine), [len(buyer.bought) for buyer in buyers]

    def settle() -> None:
        nonlocal mark, seen
        if relays:
            wait_until(lambda: not undelivered(engine), RELAY_SECONDS_MAX, "the relay does not keep up")
        new: list[Bought] = [
            each for buyer, count in zip(buyers, seen, strict=True) for each in buyer.bought[count:]
        ]
        books = Books.read(engine, mark, tells_all=tells_all)
        sold = sold_by((buyer.skus, len(buyer.bought)) for buyer in buyers)
        wrong = breaches(books, new, sold, UNITS, record_of(gateway) if gateway else None)
        if wrong:
            raise Unsound(f"{len(wrong)} things are not as they should be: {'; '.join(wrong[:5])}")
        mark, seen = Mark.read(engine), [len(buyer.bought) for buyer in buyers]

    return settle


def counting(server: Postgres, database: str) -> Callable[[], int]:
    """The data statements that ran in that database so far, as the server counts them."""
    return lambda: sum(calls(server, database).values())


def steps_of(buyers: Sequence[Buyer]) -> Mapping[str, Sequence[float]]:
    """Each step's times, of all buyers."""
    steps: dict[str, list[float]] = {}
    for buyer in buyers:
        for step, times in buyer.seconds.items():
            steps.setdefault(step, []).extend(times)
    return steps


def _copied(lab: Lab, like: Shop) -> tuple[str, Engine, list[int]]:
    """Another migrated database with the same goods and people, who have bought nothing yet."""
    database = lab.server.database()
    engine = create_engine(lab.server.url(database))
    lab.stack.callback(engine.dispose)
    copied = (metadata.tables[table.name] for table in (products, customers, payment_methods))
    with like.engine.connect() as theirs, engine.begin() as ours:
        for table in copied:
            rows = [dict(row._mapping) for row in theirs.execute(select(table))]
            ours.execute(insert(table), rows)
        ours.execute(products.update().values(on_hand=UNITS, reserved=0))
        people = list(ours.execute(select(customers.c.id).order_by(customers.c.id)).scalars())
    return database, engine, people


def _pid(what: Program | Postgres) -> int:
    assert what.process
    return what.process.pid
