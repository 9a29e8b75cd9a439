"""What happens to a shop while customers buy: its database is restarted, its processes are killed."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import attrs

from tests.postgres import Postgres
from tests.processes import Program
from tests.races.books import Books
from tests.races.shop import Shop
from tests.races.shoppers import LATER, Bought, Prober, Shopper, shopping
from tests.races.wire import code_of
from tests.steps.http_gateway import poll

SETTLED_SECONDS_MAX = 150
BACK_SECONDS_MAX = 5.0
KEY_SECONDS_MAX = 90.0
STOCK = 1_000_000


@attrs.frozen
class Survived:
    """What a run has seen: purchases, answers by code, and the longest waits in seconds."""

    purchases: int
    told: Counter[str]
    back_seconds: Sequence[float] = ()
    waited_for_key: float = 0.0


def shoppers(shop: Shop, count: int, *, forgiving: bool = False) -> list[Shopper]:
    """So many customers, each of whom wants two products that all of them want."""
    skus = [shop.product(stock=STOCK) for _ in range(2)]
    return [Shopper(shop, token, skus, forgives=forgiving) for token in shop.customers(count)]


def restarts(shop: Shop, server: Postgres, times: int, every_seconds: float, customers: int) -> Survived:
    """The database ends at once and comes back, again and again: 503 is all that anybody hears of it.

    Whoever then repeats a checkout may find it under way, which shoppers hear only after a 503.
    """
    crowd = shoppers(shop, customers)
    prober = Prober(shop, shop.customers(1)[0], crowd[0].skus[0])
    back_at = []

    with prober.probing(), shopping(crowd):
        for _ in range(times):
            time.sleep(every_seconds)
            server.halt(signal.SIGQUIT)
            server.run()
            back_at.append(time.monotonic())
        time.sleep(every_seconds)

    ensure_nothing_lost(shop, crowd)
    told = sum((shopper.told for shopper in crowd), Counter())
    assert {status for _, status in prober.answers} == {200, 503}
    back = [prober.back_after(moment) for moment in back_at]
    assert max(back) < BACK_SECONDS_MAX, back
    return Survived(_count(crowd), told, back, _waited(crowd))


@attrs.frozen
class Crew:
    """The processes of a shop that may die: the children that serve, and workers beside them."""

    parent: int
    workers: Sequence[Program]

    @classmethod
    @contextmanager
    def of(cls, shop: Shop, workers: int) -> Iterator[Self]:
        """So many workers beside a service that has none of its own."""
        serving = shop.service.program
        assert serving.process
        programs = [
            Program(
                arguments=("worker",),
                settings=serving.settings,
                log_path=shop.service.folder / f"worker-{number}.log",
                module=serving.module,
                ready="working",
            ).start()
            for number in range(workers)
        ]
        yield cls(serving.process.pid, programs)
        for program in programs:
            program.stop()

    def victims(self) -> Mapping[str, list[int]]:
        """Who could be killed now, by what they do."""
        tasks = Path(f"/proc/{self.parent}/task").glob("*/children")
        children = [int(pid) for task in tasks for pid in task.read_text(encoding="ascii").split()]
        workers = [worker.process.pid for worker in self.workers if worker.process]
        return {"child": children, "worker": workers}

    def kill(self, pid: int) -> None:
        """Without a word; who has no parent to replace it is started again."""
        os.kill(pid, signal.SIGKILL)
        for worker in self.workers:
            if worker.process and worker.process.pid == pid:
                worker.kill()
                worker.start()


def kills(
    shop: Shop, crew: Crew, *, times: int, every_seconds: float, customers: int, dice: random.Random
) -> Survived:
    """Now and then one of the processes dies without a word."""
    crowd, died = shoppers(shop, customers, forgiving=True), Counter[str]()

    with shopping(crowd):
        for _ in range(times):
            time.sleep(dice.uniform(0.5, 1.5) * every_seconds)
            victims = {what: pids for what, pids in crew.victims().items() if pids}
            what = dice.choice(sorted(victims))
            crew.kill(dice.choice(victims[what]))
            died[f"killed {what}"] += 1
        time.sleep(every_seconds)

    ensure_nothing_lost(shop, crowd)
    waited = _waited(crowd)
    assert waited < KEY_SECONDS_MAX, waited
    told = sum((shopper.told for shopper in crowd), Counter())
    return Survived(_count(crowd), told + died, (), waited)


def ensure_nothing_lost(shop: Shop, crowd: Sequence[Shopper]) -> None:
    """Everything that was acknowledged is there once, paid, delivered and told; and nothing else is."""
    assert poll(lambda: not Books.of(shop).breaches(shop.received), SETTLED_SECONDS_MAX), Books.of(
        shop
    ).breaches(shop.received)
    bought = [each for shopper in crowd for each in shopper.bought]
    ids = [shop.order(each.order_key)["id"] for each in bought]
    assert len(set(ids)) == len(ids), "two purchases led to one order"
    books = Books.of(shop)
    assert books.sold_once(ids) == []
    ours = {order for order, sku, *_ in books.lines if sku == crowd[0].skus[0]}
    alive = {id_ for id_ in ours if books.orders[id_].status not in {"FAILED", "CANCELLED"}}
    assert alive == set(ids), f"orders that nobody knows: {alive - set(ids)}"
    for shopper in crowd:
        for each in shopper.bought:
            ensure_replayed(shopper, each)
    shop.verify()


def ensure_replayed(shopper: Shopper, bought: Bought) -> None:
    """The same key gives the same bytes; where they could not be kept, it does nothing anew."""
    if not bought.was_disturbed or bought.reply is None:
        return
    again = shopper.replay(bought)
    if again.status_code == 201:
        assert again.content == bought.reply
    else:
        assert code_of(again) in LATER | {"400 empty_cart"}, again.text


def _count(crowd: Sequence[Shopper]) -> int:
    return sum(len(shopper.bought) for shopper in crowd)


def _waited(crowd: Sequence[Shopper]) -> float:
    return max(shopper.waited_for_key for shopper in crowd)
