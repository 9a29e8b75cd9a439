"""One gateway hangs on every call, its breaker kept shut, while others check out by another method.

Turns without it and turns beside it take each other's place, in one run: the others keep at least 0.7 of
their calm throughput. Whoever is told to come back later does so when told, and asks again.
"""

import json
import re
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

import attrs

from benchmarks.buyers import JSON, Buyer
from benchmarks.clients import Connection, Refused, run_for
from benchmarks.lab import CLIENTS
from benchmarks.measuring import Subject, in_rounds, ratio, wait_until
from benchmarks.parts import a_lab
from benchmarks.shop import Shop
from benchmarks.trials.roaming import Failed
from benchmarks.trials.trial import Trial, main
from tests.races.hanging import Hanging, hanging

SIZES = {"rounds": 7, "seconds": 8.0, "stuck": 16, "threads": 8, "kept_min": 0.7}

METHOD = "hanging"
SKU = "never-paid"

# As long as those are told to wait who are turned away, and some who were answered nothing.
RETRY_AFTER_SECONDS = 1.0
FREE_SECONDS_MAX = 60
UNDER_WAY = re.compile(rb"^kassa_http_requests_under_way (\S+)$", re.MULTILINE)


def run(trial: Trial) -> None:
    """Calm and hanging turns of the same buyers, one after the other."""
    options = trial.options
    with hanging() as gateway, a_lab(trial.server) as lab:
        database = lab.server.database()
        shop = lab.shop(lab.server.url(database), threads=options.threads)
        shop.accept_cards(gateway.address, METHOD)
        shop.stock([SKU])
        buyers, crowd = lab.closing(shop.buyers(CLIENTS)), Crowd.of(shop, gateway, options.stuck)
        subjects = [calm(shop, buyers), beside(shop, buyers, crowd)]
        turns = in_rounds(subjects, options.rounds, options.seconds, trial.say)
    kept = ratio(turns["beside it"], turns["calm"])
    each = [round(a.rate / b.rate, 2) for a, b in zip(turns["beside it"], turns["calm"], strict=True)]
    trial.note("kept of the calm throughput", median=round(kept, 3), rounds=each)
    trial.note("at the gateway that hangs", waiting_at_most=crowd.waiting_at_most, **crowd.told)
    errors = [error for buyer in buyers for error in buyer.errors]
    if errors:
        raise Failed(f"{len(errors)} were refused beside it: {errors[0]}")
    if kept < options.kept_min:
        raise Failed(f"beside a gateway that hangs only {kept:.2f} of the throughput was left")


def calm(shop: Shop, buyers: Sequence[Buyer]) -> Subject:
    """Nobody else is there, nor any thread still at work for somebody who was."""

    def turn(seconds: float) -> tuple[int, float]:
        wait_until(lambda: not under_way(shop), FREE_SECONDS_MAX, "threads are still at work")
        return run_for(seconds, [buyer.buy for buyer in buyers])

    return Subject(name="calm", run=turn)


def beside(shop: Shop, buyers: Sequence[Buyer], crowd: "Crowd") -> Subject:
    """All the while others want to pay at the gateway that hangs."""

    def turn(seconds: float) -> tuple[int, float]:
        with crowd.at_it():
            return run_for(seconds, [buyer.buy for buyer in buyers])

    return Subject(name="beside it", run=turn)


def under_way(shop: Shop) -> int:
    """How many threads of the service are at work, but for the one that answers this."""
    connection = Connection(shop.address)
    connection.send("GET", "/metrics")
    _, told = connection.receive()
    connection.close()
    found = UNDER_WAY.search(told)
    assert found, told
    return int(float(found[1])) - 1


@attrs.define
class Crowd:
    """Customers who want to pay at the gateway that hangs, and do not give up.

    `told` counts how often they were told what, `waiting_at_most` how many waited there at once.
    """

    shop: Shop
    gateway: Hanging
    tokens: Sequence[str]
    told: Counter[str] = attrs.field(factory=Counter)
    waiting_at_most: int = 0
    _over: threading.Event = attrs.field(factory=threading.Event)

    @classmethod
    def of(cls, shop: Shop, gateway: Hanging, count: int) -> Self:
        """So many, each with something in the cart."""
        crowd = cls(shop, gateway, [shop.token(number) for number in shop.customers(count)])
        for token in crowd.tokens:
            crowd.ask(token, "PUT", f"/v1/cart/items/{SKU}", {"quantity": 1})
        return crowd

    @contextmanager
    def at_it(self) -> Iterator[None]:
        """Meanwhile; everybody has gone home afterwards. Raises: Failed when the gateway was left alone."""
        self._over.clear()
        threads = [threading.Thread(target=self._want, args=(token,)) for token in self.tokens]
        for thread in threads:
            thread.start()
        try:
            wait_until(lambda: self.gateway.waiting > 0, FREE_SECONDS_MAX, "nobody waits there")
            yield
            self.waiting_at_most = max(self.waiting_at_most, self.gateway.waiting)
            self._ensure_shut()
        finally:
            self._over.set()
            for thread in threads:
                thread.join()

    def ask(self, token: str, method: str, path: str, body: object) -> None:
        """One request on a connection of its own. Raises: Refused."""
        connection = Connection(self.shop.address)
        headers = {"Authorization": f"Bearer {token}", **JSON}
        try:
            connection.ask(method, path, json.dumps(body).encode(), headers)
        finally:
            connection.close()

    def _want(self, token: str) -> None:
        while not self._over.is_set():
            try:
                self.ask(token, "POST", "/v1/cart/checkout", {"payment_method": METHOD})
            except Refused as refused:
                kind = "after waiting" if b"order_keys" in refused.body else "at once"
                self.told[f"{refused.status} {kind}"] += 1
            self._over.wait(RETRY_AFTER_SECONDS)

    def _ensure_shut(self) -> None:
        connection = Connection(self.shop.address)
        breakers = connection.ask("GET", "/readyz")["checks"]["gateways"]
        connection.close()
        if breakers[METHOD] != "closed":
            raise Failed(f"its breaker is {breakers[METHOD]}: nothing was tried")


if __name__ == "__main__":
    sys.exit(main("hanging", __doc__, SIZES, run))
