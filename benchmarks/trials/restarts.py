"""PostgreSQL ends at once and comes back, every twenty seconds for ten minutes, under customers who buy.

They hear 503 and nothing else; a checkout repeated after one may find its own payment under way (409), and
goes on with that. Within five seconds after it is back somebody is served; nothing is lost or doubled.
"""

import sys

from benchmarks.trials.trial import Trial, main
from tests.races.disasters import restarts
from tests.races.shop import Shop

SIZES = {"minutes": 10.0, "every_seconds": 20.0, "customers": 8, "processes": 2}


def run(trial: Trial) -> None:
    """One shop, restarted under."""
    options = trial.options
    with Shop.running(
        trial.folder / "shop",
        database_url=trial.server.url(trial.server.database()),
        processes=options.processes,
    ) as shop:
        times = int(options.minutes * 60 / options.every_seconds)
        seen = restarts(
            shop, trial.server, times=times, every_seconds=options.every_seconds, customers=options.customers
        )
    back = sorted(seen.back_seconds)
    trial.note("restarts", times=len(back), purchases=seen.purchases)
    trial.note("back after, in seconds", median=round(back[len(back) // 2], 2), longest=round(back[-1], 2))
    trial.note("answers", **seen.told)
    trial.note("waited for a key, in seconds", longest=round(seen.waited_for_key, 1))


if __name__ == "__main__":
    sys.exit(main("restarts", __doc__, SIZES, run))
