"""Workers killed with SIGKILL at the worst moments, on both databases: others go on with their work."""

import json
import secrets
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
import requests

from adapters.sql.migrate import upgrade
from application.purchasing import Wish
from domain.ids import CustomerId, MethodCode, Sku
from domain.money import Currency, Money
from domain.order import Order
from entrypoints.bootstrap import Kassa, build
from entrypoints.settings import Settings
from tests.live import Live
from tests.processes import ROOT, _environment
from tests.races.catcher import Catcher
from tests.races.serve_and_die import Moment
from tests.races.stored import rows
from tests.steps.http_gateway import APPROVED, poll

DIES_SECONDS_MAX = 30
SETTLED_SECONDS_MAX = 30
LEASE_SECONDS = 1.5
GATEWAY_TIMEOUT_SECONDS = 1
WORKERS, MURDERS, ORDERS = 3, 6, 12
PRICE = Money(1500, Currency("AZN", 2))
LOOKS = (
    Moment.BEFORE_A_LOOK_ASKS,
    Moment.AFTER_A_LOOK_HAS_ASKED,
    Moment.BEFORE_A_LOOK_COMMITS,
    Moment.AFTER_A_LOOK_COMMITTED,
)


@attrs.frozen
class Told:
    """An event as a worker's log has it."""

    id: int
    subject: str
    sequence: int
    at: str


@attrs.define
class Crew:
    """A shop without a server, whose workers are processes, each with a log of its own."""

    settings: dict[str, str]
    folder: Path
    kassa: Kassa
    _logs: list[Path] = attrs.field(factory=list)

    @property
    def url(self) -> str:
        """Its database."""
        return self.settings["KASSA_DATABASE_URL"]

    def start(self, **settings: str) -> "subprocess.Popen[bytes]":
        """One more worker, with short leases."""
        self._logs.append(self.folder / f"worker-{len(self._logs)}.log")
        with self._logs[-1].open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tests.races.serve_and_die", "worker"],
                cwd=ROOT,
                env=_environment({**self.settings, **settings}),
                stdout=subprocess.DEVNULL,
                stderr=log,
                # Who dies takes its whole group along, which must not be that of the tests.
                start_new_session=True,
            )

    def let_one_die(self, moment: Moment) -> None:
        """A worker that comes to that moment and not further."""
        status = self.start(DIE_AT=str(moment)).wait(DIES_SECONDS_MAX)
        assert status == -signal.SIGKILL, self._logs[-1].read_text(encoding="utf-8")

    @contextmanager
    def working(self) -> Iterator[None]:
        """One that lives."""
        worker = self.start()
        try:
            yield
        finally:
            worker.terminate()
            worker.wait(DIES_SECONDS_MAX)

    def told(self) -> Sequence[Told]:
        """What all of them have told, in the order in which they did."""
        lines = [line for path in self._logs for line in path.read_text(encoding="utf-8").splitlines()]
        found = [json.loads(line) for line in lines if '"event_id"' in line and '"sequence"' in line]
        names = ("event_id", "subject", "sequence", "timestamp")
        told = [Told(*(each[name] for name in names)) for each in found]
        return sorted(told, key=lambda each: each.at)

    def buy(self, customer: int, method: str) -> Order:
        """An order of that customer's, paid at the gateway's page if it has one."""
        app, who = self.kassa.application, CustomerId(customer)
        app.fill_cart.put(customer_id=who, sku=Sku("kettle"), quantity=1)
        out = app.check_out_cart(customer_id=who, wish=Wish(method=MethodCode(method)))
        if out.payment.bill.next_step:
            form = {"card_number": APPROVED, "expiry": "12/40", "cvc": "123"}
            page = requests.post(out.payment.bill.next_step, data=form, timeout=10, allow_redirects=False)
            assert page.status_code == 303, page.text
        return out.orders[0]

    def await_everything_told(self) -> None:
        """Returns when no event is left to tell."""
        left = "SELECT count(*) FROM outbox WHERE delivered_at IS NULL"
        assert poll(lambda: rows(self.url, left) == [(0,)], SETTLED_SECONDS_MAX), self.told()

    def await_paid(self, count: int) -> None:
        """Returns when so many orders are paid."""
        paid = "SELECT count(*) FROM orders WHERE status = 'PROCESSING'"
        assert poll(lambda: rows(self.url, paid) == [(count,)], SETTLED_SECONDS_MAX), rows(self.url, paid)

    def ensure_all_told_in_order(self) -> None:
        """Each stored event at least once under its own number, each subject's in their order."""
        stored = rows(self.url, "SELECT id, subject, subject_id, sequence FROM outbox")
        told = self.told()
        assert {(one.id, one.subject, one.sequence) for one in told} == {
            (id_, f"{subject}:{subject_id}", sequence) for id_, subject, subject_id, sequence in stored
        }
        for subject in {one.subject for one in told}:
            first = dict.fromkeys(one.sequence for one in told if one.subject == subject)
            assert list(first) == list(range(1, len(first) + 1)), (subject, told)

    def ensure_sold_once(self, count: int) -> None:
        """So many orders were paid and sold, each once, and everything adds up."""
        types = Counter(type_ for (type_,) in rows(self.url, "SELECT type FROM outbox"))
        assert (types["order.paid"], types["payment.succeeded"]) == (count, count)
        assert rows(self.url, "SELECT on_hand, reserved FROM products") == [(100 - count, 0)]
        assert self.kassa.application.prove().breaches == ()


@pytest.fixture(params=["sqlite", "postgresql"])
def crew(request: pytest.FixtureRequest, tmp_path: Path, live: Live, catcher: Catcher) -> Iterator[Crew]:
    """On each database in turn: a product, customers, and the methods cash and card."""
    url = f"sqlite:///{tmp_path / 'kassa.db'}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres")
        url = server.url(server.database())
    upgrade(url)
    settings = {
        "KASSA_DATABASE_URL": url,
        "KASSA_SECRET": secrets.token_hex(32),
        "KASSA_PUBLIC_URL": catcher.address,
        "KASSA_JANITOR_SECONDS": "0.2",
        "KASSA_GATEWAY_TIMEOUT_SECONDS": str(GATEWAY_TIMEOUT_SECONDS),
        "WORK_LEASE_SECONDS": str(LEASE_SECONDS),
    }
    kassa = build(Settings.from_environment(settings), catcher.address)
    _furnish(kassa, live)
    yield Crew(settings, tmp_path, kassa)
    kassa.close()


def _furnish(kassa: Kassa, live: Live) -> None:
    app, sandbox = kassa.application, live.sandbox
    app.put_product(sku=Sku("kettle"), name="Kettle", price=PRICE, on_hand=100)
    keys = {"api_key": sandbox.api_key, "signing_secret": sandbox.signing_secret}
    gateway: dict[str, Any] = {"base_url": sandbox.address, **keys}
    app.manage_methods.put(code=MethodCode("card"), name="Card", backend="sandbox", settings=gateway)
    app.manage_methods.put(code=MethodCode("cash"), name="Cash", backend="manual", settings={})
    with app.register.begin() as uow:
        for number in range(1, ORDERS + 1):
            uow.people.add_customer("Aysel", "Quliyeva", f"{number}@shop.test", "none")
        uow.commit()


class TestKilledRelay:
    @pytest.mark.parametrize(
        ("moment", "twice"),
        [
            (Moment.BEFORE_AN_EVENT_IS_TOLD, 0),
            (Moment.AFTER_AN_EVENT_WAS_TOLD, 1),
            (Moment.AFTER_IT_IS_WRITTEN_DOWN_AS_TOLD, 0),
        ],
        ids=str,
    )
    def test_leaves_all_to_be_told(self, crew: Crew, moment: Moment, twice: int) -> None:
        """At least once, under the same number: twice only what it had told and not yet written down."""
        for customer in (1, 2):
            crew.buy(customer, "cash")

        crew.let_one_die(moment)

        with crew.working():
            crew.await_everything_told()
        crew.ensure_all_told_in_order()
        told = Counter(one.id for one in crew.told())
        assert sum(count - 1 for count in told.values()) == twice


class TestKilledJanitor:
    @pytest.mark.parametrize("moment", LOOKS, ids=str)
    def test_leaves_the_money_to_be_found(self, crew: Crew, moment: Moment) -> None:
        """Nobody calls back: another janitor finds it when the lease is over, and the order is sold once."""
        crew.buy(1, "card")

        crew.let_one_die(moment)

        paid = rows(crew.url, "SELECT status FROM orders") == [("PROCESSING",)]
        assert paid is (moment is Moment.AFTER_A_LOOK_COMMITTED)
        with crew.working():
            crew.await_paid(1)
            crew.await_everything_told()
        crew.ensure_sold_once(1)
        crew.ensure_all_told_in_order()

    def test_holds_a_payment_for_no_longer_than_its_lease(self, crew: Crew) -> None:
        """What the crash left in the database is a moment that is near."""
        crew.buy(1, "card")

        crew.let_one_die(Moment.BEFORE_A_LOOK_ASKS)

        ((look_at,),) = rows(crew.url, "SELECT look_at FROM payments")
        if isinstance(look_at, str):
            look_at = datetime.fromisoformat(look_at).replace(tzinfo=UTC)
        lease = timedelta(seconds=2 * GATEWAY_TIMEOUT_SECONDS + LEASE_SECONDS)
        assert look_at - datetime.now(UTC) <= lease


class TestManyWorkers:
    def test_lose_nothing_however_often_one_is_killed(self, crew: Crew) -> None:
        """Three side by side, and again and again one is killed and another takes its place."""
        workers = [crew.start() for _ in range(WORKERS)]
        buying = threading.Thread(target=self.buy_all, args=(crew,))

        buying.start()
        for number in range(MURDERS):
            threading.Event().wait(0.7)
            workers[number % WORKERS].kill()
            workers[number % WORKERS].wait()
            workers[number % WORKERS] = crew.start()
        buying.join()
        crew.await_paid(ORDERS)
        crew.await_everything_told()
        for worker in workers:
            worker.terminate()
            worker.wait(DIES_SECONDS_MAX)

        crew.ensure_sold_once(ORDERS)
        crew.ensure_all_told_in_order()

    def buy_all(self, crew: Crew) -> None:
        """One after another, by card."""
        for customer in range(1, ORDERS + 1):
            crew.buy(customer, "card")
