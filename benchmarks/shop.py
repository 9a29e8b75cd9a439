"""A shop to measure: `kassa serve` with nothing switched off, goods, a payment method and customers."""

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import attrs
from sqlalchemy import Engine, create_engine, insert, select

from adapters.sql.tables import accounts, customers
from adapters.system import SystemClock
from adapters.web.auth import Tokens
from application.accounts import Principal, Role
from benchmarks.buyers import JSON, Buyer
from benchmarks.clients import Connection
from tests.accounts import new_key
from tests.processes import Program, kassa

METHOD = "card"
PRICE = 1999
UNITS = 1_000_000_000
COPIES_AT_ONCE = 8
TOKEN_SECONDS = 24 * 3600


@attrs.frozen(kw_only=True)
class Shop:
    """A running service with its database, and what is needed to sign in and to be paid."""

    program: Program
    database_url: str
    engine: Engine
    tokens: Tokens
    signing_secret: str = attrs.field(factory=new_key)

    @property
    def address(self) -> str:
        """Where clients find it."""
        return self.program.address

    @property
    def pid(self) -> int:
        """The process that was started; those that serve may be below it."""
        assert self.program.process
        return self.program.process.pid

    def staff_token(self) -> str:
        """Somebody of the staff has signed in just now."""
        return self.tokens.issue(Principal(Role.STAFF, 1))

    def stock(self, skus: Sequence[str], units: int = UNITS) -> None:
        """Put things on sale."""
        price = {"amount": PRICE, "currency": "AZN"}
        for sku in skus:
            self._put(f"products/{sku}", name=sku.title(), price=price, stock=units)

    def accept_cards(self, gateway: str, method: str = METHOD) -> None:
        """A payment method at the gateway of that address."""
        settings = {"base_url": gateway, "api_key": "key", "signing_secret": self.signing_secret}
        self._put(f"payment-methods/{method}", name="Card", backend="sandbox", settings=settings)

    def customers(self, count: int) -> list[int]:
        """The ids of that many new customers, whose tokens are issued here instead of being asked for.

        Passwords take long to hash, on purpose; nobody signs in with these.
        """
        start = secrets.token_hex(4)
        emails = [f"{start}-{number}@example.com" for number in range(count)]
        person = {"first_name": "Buyer", "last_name": "One", "password_hash": "nobody signs in"}
        with self.engine.begin() as connection:
            rows = [{**person, "email": email, "email_key": email} for email in emails]
            connection.execute(insert(accounts), [{"email_key": email} for email in emails])
            connection.execute(insert(customers), rows)
            found = select(customers.c.id).where(customers.c.email_key.startswith(f"{start}-"))
            return list(connection.execute(found.order_by(customers.c.id)).scalars())

    def token(self, customer_id: int) -> str:
        """This customer has signed in just now."""
        return self.tokens.issue(Principal(Role.CUSTOMER, customer_id))

    def buyers(self, count: int, skus: Sequence[str] = (), *, copies: int = 0) -> list[Buyer]:
        """Customers, each with a connection and two things of its own to buy, unless all buy the same.

        With `copies` the gateway's news comes that often, over a few connections at the same time.
        """
        at_once = min(copies, COPIES_AT_ONCE)
        return [
            Buyer(
                connection=Connection(self.address),
                token=self.token(customer_id),
                skus=skus or own_skus(number),
                method=METHOD,
                signing_secret=self.signing_secret,
                number=number,
                copies=[Connection(self.address) for _ in range(at_once)],
                rounds_of_copies=copies // at_once if at_once else 1,
            )
            for number, customer_id in enumerate(self.customers(count))
        ]

    def _put(self, path: str, **document: object) -> None:
        connection = Connection(self.address)
        headers = {**JSON, "Authorization": f"Bearer {self.staff_token()}"}
        connection.ask("PUT", f"/v1/{path}", json.dumps(document).encode(), headers)
        connection.close()


@contextmanager
def open_shop(
    folder: Path,
    database_url: str,
    *,
    module: str = "entrypoints.cli",
    arguments: Sequence[str] = ("serve",),
    **settings: object,
) -> Iterator[Shop]:
    """A service on that database, migrated; `settings` are names of the environment without KASSA_.

    `module` and `arguments` may put something around it that looks on while it serves.
    """
    secret = secrets.token_hex(32)
    environment = {
        "KASSA_DATABASE_URL": database_url,
        "KASSA_SECRET": secret,
        "KASSA_PORT": "0",
        **{f"KASSA_{name.upper()}": str(value) for name, value in settings.items()},
    }
    folder.mkdir(parents=True, exist_ok=True)
    kassa("migrate", settings=environment)
    program = Program(
        arguments=tuple(arguments), settings=environment, log_path=folder / "log", module=module
    )
    engine = create_engine(database_url)
    try:
        yield Shop(
            program=program.start(),
            database_url=database_url,
            engine=engine,
            tokens=Tokens(secret=secret, clock=SystemClock(), lifetime_seconds=TOKEN_SECONDS),
        )
    finally:
        engine.dispose()
        program.stop()


def own_skus(number: int) -> tuple[str, str]:
    """The two things that only one buyer buys, so that nobody waits for anybody."""
    return f"thing-{number}-a", f"thing-{number}-b"
