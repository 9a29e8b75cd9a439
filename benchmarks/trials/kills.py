"""Processes are killed without a word, thirty times at random, under customers who buy.

Children that serve, and workers with the relay and the janitor. Nothing is lost or doubled, and no key is
locked for more than 90 seconds.
"""

import random
import sys

from benchmarks.trials.trial import Trial, main
from tests.races.disasters import Crew, kills
from tests.races.shop import Shop
from tests.races.shoppers import LOST

SIZES = {"times": 30, "every_seconds": 8.0, "customers": 8, "processes": 4, "workers": 2, "seed": 1}


def run(trial: Trial) -> None:
    """One shop, killed piece by piece."""
    options = trial.options
    with (
        Shop.running(
            trial.folder / "shop",
            with_workers=False,
            database_url=trial.server.url(trial.server.database()),
            processes=options.processes,
        ) as shop,
        Crew.of(shop, options.workers) as crew,
    ):
        seen = kills(
            shop,
            crew,
            times=options.times,
            every_seconds=options.every_seconds,
            customers=options.customers,
            dice=random.Random(options.seed),
        )
    assert seen.told[LOST], "nobody noticed"
    trial.note("kills", times=options.times, purchases=seen.purchases)
    trial.note("answers and deaths", **seen.told)
    trial.note("waited for a key, in seconds", longest=round(seen.waited_for_key, 1))


if __name__ == "__main__":
    sys.exit(main("kills", __doc__, SIZES, run))
