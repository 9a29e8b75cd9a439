"""Crowds at several processes on one PostgreSQL: what one may have, one gets, whoever comes at once.

A thousand buyers for one unit, a hundred times; five hundred bills, each paid once and told sixteen
times from all sides; two tabs for one order; buyers who wait in circles. Afterwards the books agree
with each other and with the gateway's journal, both ways.
"""

import random
import sys
import time
from collections import Counter
from contextlib import closing

from benchmarks.trials.trial import Trial, main
from tests.races.books import Books
from tests.races.catcher import Catcher
from tests.races.contests import Contests
from tests.races.shop import Shop
from tests.steps.http_gateway import poll

SIZES = {
    "processes": 8,
    "buyers": 1000,
    "rounds": 100,
    "bills": 500,
    "copies": 16,
    "tabs_orders": 200,
    "circles": 10,
    "seed": 1,
}
# So many bills are told of at once: all their copies have a connection each.
BILLS_AT_ONCE = 50
TOLD_SECONDS_MAX = 60


def run(trial: Trial) -> None:
    """All contests, straight at the database."""
    contest(trial, database_url=trial.server.url(trial.server.database()))


def contest(trial: Trial, **database: object) -> None:
    """All contests at a shop on this database, then the books."""
    with (
        closing(Catcher()) as catcher,
        Shop.running(
            trial.folder / "shop",
            processes=trial.options.processes,
            public_url=catcher.address,
            janitor_seconds=30,
            **database,
        ) as shop,
    ):
        contests = Contests(shop, catcher)
        last_units(trial, contests)
        same_news(trial, contests)
        two_tabs(trial, contests)
        circles(trial, contests)
        ensure_in_order(trial, shop)


def ensure_in_order(trial: Trial, shop: Shop) -> None:
    """Inside, and beside the gateway's journal."""
    shop.verify()
    poll(lambda: not Books.of(shop).breaches(shop.received), TOLD_SECONDS_MAX)
    books = Books.of(shop)
    assert books.breaches(shop.received) == []
    trial.note("books", orders=len(books.orders), payments=len(books.bills), captured=len(books.captured))


def last_units(trial: Trial, contests: Contests) -> None:
    """Everybody wants the one unit."""
    tokens, told, took = contests.shop.customers(trial.options.buyers), Counter[str](), []
    for _ in range(trial.options.rounds):
        began = time.monotonic()
        told += contests.last_unit(tokens)
        took.append(time.monotonic() - began)
    trial.note("last unit", rounds=len(took), seconds_of_a_round_max=round(max(took), 1), **told)


def same_news(trial: Trial, contests: Contests) -> None:
    """Who settled each bill is counted: everybody tries."""
    dice, settled = random.Random(trial.options.seed), Counter[str]()
    for begin in range(0, trial.options.bills, BILLS_AT_ONCE):
        bills = min(BILLS_AT_ONCE, trial.options.bills - begin)
        settled += contests.same_news(bills, trial.options.copies, dice)
    trial.note("same news", bills=trial.options.bills, copies=trial.options.copies, **settled)


def two_tabs(trial: Trial, contests: Contests) -> None:
    """Of two tabs one opens a payment."""
    told = Counter[str]()
    for begin in range(0, trial.options.tabs_orders, BILLS_AT_ONCE):
        told += contests.two_tabs(min(BILLS_AT_ONCE, trial.options.tabs_orders - begin), tabs=2)
    trial.note("two tabs", **told)


def circles(trial: Trial, contests: Contests) -> None:
    """Somebody locks the wrong way round."""
    told = sum((contests.inversion(buyers=16) for _ in range(trial.options.circles)), Counter[str]())
    trial.note("circles", **told)


if __name__ == "__main__":
    sys.exit(main("races", __doc__, SIZES, run))
