"""One run's folder, server and gateway, and the houses that sell there: the service and the floor.

Each house has processes, rows and customers of its own; what is answered to its end is looked up
in its database after every turn.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import attrs
from sqlalchemy import Engine, create_engine, insert, select

from adapters.sql.tables import accounts, customers, metadata, payment_methods, products
from benchmarks.buyers import Buyer
from benchmarks.clients import Connection, run_for
from benchmarks.database import calls
from benchmarks.measuring import Subject, wait_until
from benchmarks.shop import METHOD, UNITS, Shop, open_shop, own_skus
from benchmarks.verifying import Books, Mark, breaches, record_of, sold_by, undelivered
from tests.postgres import Postgres
from tests.processes import Program

CLIENTS = 8
RELAY_SECONDS_MAX = 120


C = TypeVar("C", Buyer, Connection)


class Unsound(Exception):
    """A checkout that was answered to its end is not there as it should be."""


@attrs.define(slots=False)
class Lab:
    """What it starts ends with its stack."""

    folder: Path
    server: Postgres
    stack: ExitStack

    @cached_property
    def gateway(self) -> str:
        """The stand-in's address."""
        return self.start("standin").address

    def start(self, name: str, *arguments: str) -> Program:
        """One of the benchmarks' own servers."""
        log = self._new(name).with_suffix(".log")
        program = Program(module=f"benchmarks.{name}", arguments=arguments, log_path=log).start()
        self.stack.callback(program.stop)
        return program

    def shop(self, database_url: str, skus: Sequence[str] = (), **how: Any) -> Shop:
        """A service on that database, with something to sell and a way to pay."""
        shop = self.stack.enter_context(open_shop(self._new("shop"), database_url, **how))
        shop.accept_cards(self.gateway)
        shop.stock(skus or [sku for number in range(CLIENTS) for sku in own_skus(number)])
        return shop

    def copied(self, shop: Shop) -> tuple[str, Engine, list[int]]:
        """Another migrated database with the same goods and people, who have bought nothing yet."""
        database = self.server.database()
        engine = create_engine(self.server.url(database))
        self.stack.callback(engine.dispose)
        with shop.engine.connect() as theirs, engine.begin() as ours:
            for table in (products, accounts, customers, payment_methods):
                rows = theirs.execute(select(metadata.tables[table.name])).mappings()
                ours.execute(insert(table), [dict(row) for row in rows])
            ours.execute(products.update().values(on_hand=UNITS, reserved=0))
            people = list(ours.execute(select(customers.c.id).order_by(customers.c.id)).scalars())
        return database, engine, people

    def closing(self, clients: Sequence[C]) -> Sequence[C]:
        """The same, whose connections end with the rest."""
        for client in clients:
            self.stack.callback(client.close)
        return clients

    def _new(self, name: str) -> Path:
        return self.folder / f"{name}-{len(list(self.folder.iterdir()))}"


@attrs.frozen(kw_only=True)
class House:
    """Somebody who sells, with buyers.

    `tells_all` where each change leaves an event, `relays` where somebody tells others of them;
    without a `gateway` nobody is asked. `database` is its name on the server, if it is there.
    """

    engine: Engine
    buyers: Sequence[Buyer]
    pid: int
    server: Postgres
    database: str | None = None
    gateway: str | None = None
    tells_all: bool = True
    relays: bool = True

    def subject(self, name: str) -> Subject:
        """To be measured."""
        database = self.database
        return Subject(
            name=name,
            run=lambda seconds: run_for(seconds, [buyer.buy for buyer in self.buyers]),
            settle=self._settling(),
            statements=counting(self.server, database) if database else None,
            service_pid=self.pid,
            database_pid=pid_of(self.server) if database else None,
            steps=lambda: steps_of(self.buyers),
            errors=lambda: [error for buyer in self.buyers for error in buyer.errors],
        )

    def _settling(self) -> Callable[[], None]:
        """Looks at everything that was bought since it last did. Raises: Unsound, naming some of it."""
        mark, seen = Mark.read(self.engine), [len(buyer.bought) for buyer in self.buyers]

        def settle() -> None:
            nonlocal mark, seen
            if self.relays:
                wait_until(
                    lambda: not undelivered(self.engine), RELAY_SECONDS_MAX, "the relay does not keep up"
                )
            pairs = zip(self.buyers, seen, strict=True)
            new = [each for buyer, count in pairs for each in buyer.bought[count:]]
            books = Books.read(self.engine, mark, tells_all=self.tells_all)
            sold = sold_by((buyer.skus, len(buyer.bought)) for buyer in self.buyers)
            record = record_of(self.gateway) if self.gateway else None
            if wrong := breaches(books, new, sold, UNITS, record):
                raise Unsound(f"{len(wrong)} things are not as they should be: {'; '.join(wrong[:5])}")
            mark, seen = Mark.read(self.engine), [len(buyer.bought) for buyer in self.buyers]

        return settle


def service(lab: Lab, *, buying: Sequence[str] = (), copies: int = 0, **how: Any) -> tuple[Shop, House]:
    """Kassa on PostgreSQL; `buying` is what everybody buys, `copies` how often the gateway calls at once."""
    database = lab.server.database()
    shop = lab.shop(lab.server.url(database), sorted(set(buying)), **how)
    house = House(
        engine=shop.engine,
        buyers=lab.closing(shop.buyers(CLIENTS, buying, copies=copies)),
        pid=shop.pid,
        server=lab.server,
        database=database,
        gateway=lab.gateway,
        relays="--no-worker" not in shop.program.arguments,
    )
    return shop, house


def service_on_sqlite(lab: Lab, **how: Any) -> tuple[Shop, House]:
    """Kassa on a file; the database's time is the service's own."""
    name = f"kassa-{len(list(lab.folder.iterdir()))}.db"
    shop = lab.shop(f"sqlite:///{lab.folder / name}", **how)
    house = House(
        engine=shop.engine,
        buyers=lab.closing(shop.buyers(CLIENTS)),
        pid=shop.pid,
        server=lab.server,
        gateway=lab.gateway,
        relays="--no-worker" not in shop.program.arguments,
    )
    return shop, house


def floor(lab: Lab, like: Shop, *, calls_gateway: bool = False) -> House:
    """The four requests with no rules, with or without the gateway's two calls."""
    database, engine, people = lab.copied(like)
    gateway = [lab.gateway] if calls_gateway else []
    program = lab.start("floor", lab.server.url(database), *gateway)
    buyers = [
        Buyer(
            connection=Connection(program.address),
            token=str(customer),
            skus=own_skus(number),
            method=METHOD,
            signing_secret="none",
            number=number,
        )
        for number, customer in enumerate(people[:CLIENTS])
    ]
    return House(
        engine=engine,
        buyers=lab.closing(buyers),
        pid=pid_of(program),
        server=lab.server,
        database=database,
        gateway=lab.gateway if calls_gateway else None,
        tells_all=False,
        relays=False,
    )


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


def pid_of(what: Program | Postgres) -> int:
    """The process that was started."""
    assert what.process
    return what.process.pid
