"""What the database alone can do: the rows of a minimal checkout, written by pgbench in prepared statements.

The script is made of the floor's own statements, those that write, in the same four transactions;
every client has a customer and two things of its own, as the buyers have.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs
from sqlalchemy import Dialect, Executable
from sqlalchemy.dialects import postgresql

from benchmarks import floor_statements as floor
from tests.postgres import Postgres

THREADS = 2

_DIALECT: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]

_SKUS = [f"'thing-' || :client_id || '-{which}'" for which in "ab"]
# Different for each order, and of the length that keys and digests have.
_UNIQUE = "lpad(:order::text, 64, 'a')"
_CARTS = [f"'{{\"' || {sku} || '\": 1}}'" for sku in _SKUS]
_ANSWER = "repeat('x', 180)"

Values = Mapping[str, str]
Step = tuple[Executable, Values]


def _item(cart: str) -> Sequence[Step]:
    return [(floor.PUT_CART, {"id": ":customer", "customer_id": ":customer", "lines": cart})]


def _line(position: int) -> Step:
    values = {"order_id": ":order", "position": str(position), "sku": _SKUS[position]}
    return floor.ADD_LINES, {**values, "name": "'Thing'", "unit_price": "1999"}


_ORDER: Values = {
    "id": ":order",
    "key_hash": _UNIQUE,
    "key_sealed": _UNIQUE,
    "checkout_id": _UNIQUE,
    "cart_id": ":customer",
    "customer_id": ":customer",
    "payment_id": ":payment",
    "total": "3998",
    "placed_with": "repeat('x', 60)",
}
_PAYMENT: Values = {
    "id": ":payment",
    "order_id": ":payment",
    "customer_id": ":customer",
    "method_id": "1",
    "amount": "3998",
    "transaction_id": ":payment",
    "next_step": "repeat('x', 40)",
    "request": "repeat('x', 70)",
    "response": "repeat('x', 100)",
}

_CHECKOUT: Sequence[Step] = [
    (floor.NUMBERS, {}),
    (floor.TAKE_KEY, {"scope_hash": _UNIQUE}),
    (floor.ADD_ORDER, _ORDER),
    _line(0),
    _line(1),
    (floor.ADD_PAYMENT, _PAYMENT),
    (floor.ADD_SHARE, {"payment_id": ":payment", "order_id": ":order", "amount": "3998"}),
    (floor.RESERVE, {"the_order": ":order"}),
    (floor.KEEP_ANSWER, {"the_scope": _UNIQUE, "body_sealed": _ANSWER}),
]

_CALLBACK: Sequence[Step] = [
    (floor.ADD_NEWS, {"payment_id": ":payment", "path": "repeat('x', 40)", "body": _ANSWER}),
    (floor.PAY, {"the_payment": ":payment", "response": "repeat('x', 100)"}),
    (floor.PROCESS, {"the_order": ":order"}),
    (floor.SELL, {"the_order": ":order"}),
    (floor.CLEAR_CART, {"the_customer": ":customer"}),
    (floor.ADD_EVENT, {"subject_id": ":order", "data": "repeat('x', 30)"}),
]

TRANSACTIONS: Sequence[Sequence[Step]] = [_item(_CARTS[0]), _item(_CARTS[1]), _CHECKOUT, _CALLBACK]


class NoPgbench(Exception):
    """The program is in neither of the places where it comes with PostgreSQL."""


@attrs.frozen
class Written:
    """What one run did. Shape: as pgbench says it at its end."""

    checkouts: int
    per_second: float


def script(first_customer: int) -> str:
    """The four transactions for pgbench, whose clients are numbered from 0."""
    lines = [rf"\set customer :client_id + {first_customer}"]
    for steps in TRANSACTIONS:
        lines += ["BEGIN;", *(rendered(statement, values) for statement, values in steps), "COMMIT;"]
    return "\n".join([*lines, ""])


def rendered(statement: Executable, values: Values) -> str:
    """A statement with pgbench's expressions in the place of its parameters; what it selects is kept."""
    keys = [name for name in values if not name.startswith("the_")]
    text = str(statement.compile(dialect=_DIALECT, column_keys=keys))  # type: ignore[attr-defined]
    text = re.sub(r"%\((\w+)\)s", lambda found: values[found[1]], " ".join(text.split()))
    return f"{text} \\gset" if text.startswith("SELECT") else f"{text};"


def program_of(server: Postgres) -> Path:
    """pgbench as it came with the server, or else the system's. Raises: NoPgbench."""
    carried = server.programs.folder / "pgbench"
    found = carried if carried.exists() else shutil.which("pgbench")
    if not found:
        raise NoPgbench("there is no pgbench beside the server nor on PATH: install postgresql-contrib")
    return Path(found)


def run(server: Postgres, database: str, folder: Path, *, clients: int, seconds: float) -> Written:
    """Let it write for so long. Raises: RuntimeError when anything failed."""
    told = subprocess.run(
        [
            *(str(program_of(server)), "--protocol=prepared", "--no-vacuum"),
            *(f"--client={clients}", f"--jobs={THREADS}", f"--time={max(1, round(seconds))}"),
            f"--file={folder / 'checkout.sql'}",
            server.url(database),
        ],
        capture_output=True,
        text=True,
    )
    if told.returncode:
        raise RuntimeError(told.stdout + told.stderr)
    return read(told.stdout)


def read(told: str) -> Written:
    """What pgbench says at its end. Raises: RuntimeError for a transaction that failed."""
    failed = re.search(r"number of failed transactions: (\d+)", told)
    done = re.search(r"number of transactions actually processed: (\d+)", told)
    rate = re.search(r"tps = ([\d.]+)", told)
    if not done or not rate or (failed and int(failed[1])):
        raise RuntimeError(told)
    return Written(int(done[1]), float(rate[1]))
