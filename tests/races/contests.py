"""What many want at once and one may have, a round at a time and as large as the caller's crowd."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlencode, urlsplit

import attrs
import psycopg

from tests.races import stored
from tests.races.catcher import Catcher
from tests.races.crowd import Said, Told, rush
from tests.races.shop import Shop
from tests.races.wire import code_of
from tests.steps.http_gateway import APPROVED, DECLINED, poll

BY_CARD = json.dumps({"payment_method": "card"}).encode()
FORM = {"Content-Type": "application/x-www-form-urlencoded"}

# Of the many that bring the same news: the customer, and staff; the others are the gateway.
RETURNS, VERIFICATIONS = 3, 1

# How long the one who locks the wrong way round holds a row, and lets the others have it.
HOLDS_SECONDS, LETS_GO_SECONDS = 0.02, 0.01
CROWDS_MAX = 10
# Whoever waits so long looks for a circle, once, and is thrown out of it: the buyers.
LOOKS_MILLISECONDS = 100
# The database tells of it a little later.
STATISTICS_SECONDS = 3


@attrs.frozen
class Contests:
    """Rounds at a service whose callbacks are caught, so that a round decides when it hears of what.

    Each fails for whatever it finds wrong, and answers what was said, counted; 503 counts how often
    somebody was asked to come back later, and did.
    """

    shop: Shop
    catcher: Catcher

    def last_unit(self, tokens: Sequence[str]) -> Counter[str]:
        """All want the one unit and are released together: one gets it, nobody else is charged."""
        sku = self.shop.product(stock=1)
        self.shop.fill_all(tokens, sku)

        answers = self._release(
            [Said.of("POST", "/v1/cart/checkout", BY_CARD, token=token, key=sku) for token in tokens]
        )

        told = Counter(map(code_of, answers))
        assert told == {"201": 1, "400 short_stock": len(tokens) - 1}, told
        (won,) = [answer.json() for answer in answers if answer.status_code == 201]
        self._pay([won])
        assert self.shop.order(won["order_key"])["status"] == "PROCESSING"
        assert self.shop.stock(sku) == (0, 0)
        return told + _turned_away(answers)

    def same_news(self, bills: int, copies: int, dice: random.Random) -> Counter[str]:
        """Each bill's one success is told so many times, those of all bills mixed, while the janitor
        looks too; answers who it was that settled them, counted."""
        sku, sold = self._sell(bills)
        locations = self._use_pages(sold, APPROVED)
        crowd = []
        for each, location in zip(sold, locations, strict=True):
            back, bill_id = urlsplit(location), each["payment"]["bill_id"]
            crowd += [self._news(each)] * (copies - RETURNS - VERIFICATIONS)
            crowd += [Said.of("GET", f"{back.path}?{back.query}")] * RETURNS
            crowd += [Said.of("POST", f"/v1/bills/{bill_id}/verify", token=self.shop.staff)] * VERIFICATIONS
        dice.shuffle(crowd)
        due = "UPDATE payments SET look_at = created_at WHERE id = ?"
        stored.change(self.shop.database_url, due, [(each["payment"]["id"],) for each in sold])

        answers = self._release(crowd)

        returned = bills * RETURNS
        told = Counter(map(code_of, answers))
        assert told == {"200": bills * copies - returned, "303": returned}, told
        assert all("status=success" in a.headers["Location"] for a in answers if a.status_code == 303)
        assert self.shop.stock(sku) == (0, 0)
        orders = [self.shop.order(each["order_key"]) for each in sold]
        moves = [move for order in orders for move in order["history"] if move["to"] == "PROCESSING"]
        assert len(moves) == bills, Counter(move["by"] for move in moves)
        return Counter(str(move["by"]) for move in moves) + _turned_away(answers)

    def two_tabs(self, orders: int, tabs: int) -> Counter[str]:
        """Cards were refused, and each customer tries again in so many tabs: one payment each opens."""
        sku, sold = self._sell(orders)
        self._pay(sold, DECLINED)
        keys = sorted(each["order_key"] for each in sold)
        assert {self.shop.order(key)["status"] for key in keys} == {"FAILED"}

        paths = [f"/v1/orders/{key}/checkout" for key in keys for _ in range(tabs)]
        answers = self._release([Said.of("POST", path, BY_CARD) for path in paths])

        told = Counter(map(code_of, answers))
        assert told == {"201": orders, "409 payment_under_way": orders * (tabs - 1)}, told
        opened = [answer.json() for answer in answers if answer.status_code == 201]
        assert sorted(each["order_key"] for each in opened) == keys
        self._pay(opened)
        assert {self.shop.order(key)["status"] for key in keys} == {"PROCESSING"}
        assert self.shop.stock(sku) == (0, 0)
        return told + _turned_away(answers)

    def inversion(self, buyers: int) -> Counter[str]:
        """Buyers of two products meet somebody who locks the same two the wrong way round, for as long
        as they are there: the circles are broken at the buyers' cost, and all of them buy in the end.

        More buyers come until somebody did wait in a circle."""
        told = Counter[str]()
        for _ in range(CROWDS_MAX):
            told += self._inverted(buyers)
            if told["deadlocks"]:
                return told
        raise AssertionError(f"nobody waited in a circle: {told}")

    def _inverted(self, buyers: int) -> Counter[str]:
        tokens = self.shop.customers(buyers)
        skus = sorted(self.shop.product(stock=buyers) for _ in range(2))
        self.shop.fill_all(tokens, *skus)
        before = self._deadlocks()

        with self._seeing_circles_soon(), self._locking(skus[::-1]):
            answers = self._check_out(tokens)

        poll(lambda: self._deadlocks() > before, STATISTICS_SECONDS)
        assert [self.shop.stock(sku) for sku in skus] == [(buyers, buyers)] * 2
        broken = Counter(deadlocks=self._deadlocks() - before)
        return Counter(map(code_of, answers)) + _turned_away(answers) + broken

    def _release(self, crowd: Sequence[Said]) -> list[Told]:
        """Everybody at once, each answer held to the service's own description."""
        answers = rush(self.shop.service.address, crowd)
        for said, told in zip(crowd, answers, strict=True):
            self.shop.wire.ensure_declared(said.method, said.path, told)
        return answers

    def _sell(self, count: int) -> tuple[str, list[Any]]:
        """So many new customers check one unit of a new product out; answers its sku and what they heard."""
        tokens, sku = self.shop.customers(count), self.shop.product(stock=count)
        self.shop.fill_all(tokens, sku)
        return sku, [told.json() for told in self._check_out(tokens)]

    def _check_out(self, tokens: Sequence[str]) -> list[Told]:
        answers = self._release(
            [Said.of("POST", "/v1/cart/checkout", BY_CARD, token=token, key="once") for token in tokens]
        )
        assert {told.status_code for told in answers} == {201}, Counter(map(code_of, answers))
        return answers

    def _pay(self, checkouts: Sequence[Any], card: str = APPROVED) -> None:
        """Customers use their pages, and the service hears of it once."""
        self._use_pages(checkouts, card)
        answers = self._release([self._news(each) for each in checkouts])
        assert {told.status_code for told in answers} == {200}, Counter(map(code_of, answers))

    def _use_pages(self, checkouts: Sequence[Any], card: str) -> list[str]:
        """Customers send their pages' forms; answers where each is sent back to."""
        form = urlencode({"card_number": card, "expiry": "12/40", "cvc": "123"}).encode()
        pages = [urlsplit(each["next_step"]).path for each in checkouts]
        crowd = [Said.of("POST", page, form, headers=FORM) for page in pages]
        answers = rush(self.shop.sandbox.address, crowd)
        assert {told.status_code for told in answers} == {303}, Counter(told.text for told in answers)
        return [told.headers["Location"] for told in answers]

    def _news(self, checkout: Any) -> Said:
        """The gateway's callback about a checkout, byte for byte."""
        caught = self.catcher.about(checkout["payment"]["order_id"])
        return Said.of("POST", caught.path, caught.body, headers=caught.headers)

    def _deadlocks(self) -> int:
        """How many circles the database has broken so far."""
        asked = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        return int(self.shop.rows(asked)[0][0])

    @contextmanager
    def _locking(self, skus: Sequence[str]) -> Iterator[None]:
        """Somebody locks these products one after the other, over and over."""
        over = threading.Event()
        with ThreadPoolExecutor(1) as somebody:
            locking = somebody.submit(_lock, self.shop.database_url, skus, over)
            try:
                yield
            finally:
                over.set()
            locking.result()

    @contextmanager
    def _seeing_circles_soon(self) -> Iterator[None]:
        # Said of the server, for connections that are open keep what they began with.
        self._set("deadlock_timeout", f"'{LOOKS_MILLISECONDS}ms'")
        try:
            yield
        finally:
            self._set("deadlock_timeout", "DEFAULT")

    def _set(self, name: str, value: str) -> None:
        with psycopg.connect(self.shop.database_url, autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET {name} = {value}")
            connection.execute("SELECT pg_reload_conf()")


def _turned_away(answers: Sequence[Told]) -> Counter[str]:
    return Counter({"503": sum(told.turned_away for told in answers)})


def _lock(url: str, skus: Sequence[str], over: threading.Event) -> None:
    # PgBouncer may be in between: nothing may be prepared on a connection of the server.
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        while not over.wait(LETS_GO_SECONDS):
            # One who had looked already when the circle closed does not look again: then this one does.
            with suppress(psycopg.errors.DeadlockDetected), connection.transaction():
                connection.execute(f"SET LOCAL deadlock_timeout = {10 * LOOKS_MILLISECONDS}")
                for sku in skus:
                    connection.execute("SELECT 1 FROM products WHERE sku = %s FOR UPDATE", [sku])
                    time.sleep(HOLDS_SECONDS)
