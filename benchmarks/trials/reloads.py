"""A service is reloaded 200 times and ended 50 times, beside a second one, under customers who buy.

No request fails: who is refused by one instance goes to the other, and a connection that was closed while
it was idle is opened anew. What the instances counted as answered is what the customers heard.
"""

import itertools
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence

import requests

from benchmarks.trials.roaming import Failed, Roamer, roaming
from benchmarks.trials.trial import Trial, main
from tests.processes import Program, free_port
from tests.races.shop import Shop

SIZES = {"reloads": 200, "ends": 50, "customers": 6, "processes": 2}

STOCK = 1_000_000
SECONDS_MAX = 60
OF_CUSTOMERS = re.compile(r'kassa_http_requests_total\{.*route="/v1/(?:products|cart|orders).*\} (\S+)')


def run(trial: Trial) -> None:
    """Two instances over one database, reloaded by turns and then ended by turns."""
    options = trial.options
    with Shop.running(
        trial.folder / "shop",
        database_url=trial.server.url(trial.server.database()),
        processes=options.processes,
    ) as shop:
        first = shop.service.program
        second = Program(
            arguments=("serve",),
            settings={**first.settings, "KASSA_PORT": str(free_port())},
            log_path=trial.folder / "second.log",
        ).start()
        try:
            instances = (first, second)
            visits = Visits(shop)
            reloaded(trial, instances, visits)
            ended(trial, instances, visits)
            (orders,) = shop.rows("SELECT count(*) FROM orders")[0]
            trial.note("orders", answered=len(visits.orders), stored=orders)
            if orders != len(visits.orders):
                raise Failed(f"{orders} orders are stored, {len(visits.orders)} were answered")
            shop.verify()
        finally:
            second.stop()


class Visits:
    """What a customer does again and again: look, put in the cart, check out, look at the order."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.sku = shop, shop.product(stock=STOCK)
        self.orders: set[str] = set()
        self._lock, self._keys = threading.Lock(), itertools.count(1)

    def __call__(self, roamer: Roamer) -> None:
        roamer.ask("GET", f"/v1/products/{self.sku}")
        roamer.ask("PUT", f"/v1/cart/items/{self.sku}", {"quantity": 1})
        wish = {"payment_method": "direct"}
        ordered = roamer.ask("POST", "/v1/cart/checkout", wish, key=f"visit-{next(self._keys)}")
        roamer.ask("GET", f"/v1/orders/{ordered['order_key']}")
        with self._lock:
            self.orders.add(ordered["order_key"])


def reloaded(trial: Trial, instances: Sequence[Program], visits: Visits) -> None:
    """SIGHUP to one instance after the other; each has other processes before the next."""
    before = {each.address: counted(each) for each in instances}
    roamers = crowd(trial, instances, visits)
    with roaming(roamers, visits):
        for turn in range(trial.options.reloads):
            instance = instances[turn % len(instances)]
            reload(instance)
    heard = sum((roamer.answered for roamer in roamers), Counter[str]())
    told = {each.address: counted(each) - before[each.address] for each in instances}
    report(trial, "reloads", trial.options.reloads, roamers)
    trial.note("answers to requests", counted_by_instances=sum(told.values()), heard=heard.total())
    if told != dict(heard):
        raise Failed(f"the instances answered {told}, customers heard {dict(heard)}")


def reload(instance: Program) -> None:
    """Have its processes replaced. Raises: Failed when they are not."""
    old = set(instance.children)
    instance.send(signal.SIGHUP)
    deadline = time.monotonic() + SECONDS_MAX
    while old & (now := set(instance.children)) or len(now) != len(old):
        if not instance.is_running:
            raise Failed("an instance has died")
        if time.monotonic() > deadline:
            raise Failed(f"processes {sorted(old)} were not replaced in time: there are {sorted(now)}")
        time.sleep(0.02)


def ended(trial: Trial, instances: Sequence[Program], visits: Visits) -> None:
    """SIGTERM to one instance after the other; each is back before the next goes."""
    roamers = crowd(trial, instances, visits)
    with roaming(roamers, visits):
        for turn in range(trial.options.ends):
            instance = instances[turn % len(instances)]
            status = instance.stop()
            if status != 0:
                raise Failed(f"an instance ended with {status}")
            instance.start()
    report(trial, "ends", trial.options.ends, roamers)


def crowd(trial: Trial, instances: Sequence[Program], visits: Visits) -> list[Roamer]:
    """New customers, half of them at each instance first."""
    addresses = [each.address for each in instances]
    tokens = visits.shop.customers(trial.options.customers)
    return [Roamer(addresses, token, number % len(addresses)) for number, token in enumerate(tokens)]


def counted(instance: Program) -> int:
    """How many requests of customers it has answered, all its processes together."""
    told = requests.get(f"{instance.address}/metrics", timeout=SECONDS_MAX).text
    return int(sum(map(float, OF_CUSTOMERS.findall(told))))


def report(trial: Trial, what: str, times: int, roamers: Sequence[Roamer]) -> None:
    """What the customers met with."""
    seconds = sorted(each for roamer in roamers for each in roamer.seconds)
    told = sum((roamer.told for roamer in roamers), Counter[str]())
    trial.note(what, times=times, requests=len(seconds), failed=0)
    trial.note(
        f"{what}, milliseconds",
        p50=round(seconds[len(seconds) // 2] * 1000, 1),
        p99=round(seconds[int(len(seconds) * 0.99)] * 1000, 1),
        longest=round(seconds[-1] * 1000, 1),
    )
    trial.note(f"{what}, connections", **told)


if __name__ == "__main__":
    sys.exit(main("reloads", __doc__, SIZES, run))
