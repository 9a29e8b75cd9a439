"""The connection to PostgreSQL is cut after each message of what a shop does, COMMIT's answer included.

Every deed is done with each cut in turn: it succeeds or is told to come back, nothing is half done, and
done again it is done once.
"""

import sys
from contextlib import closing

from benchmarks.trials.trial import Trial, main
from tests.races.catcher import Catcher
from tests.races.cutting import Cutting, statements
from tests.races.scissors import Scissors
from tests.races.shop import Shop

SIZES = {"step": 1}


def run(trial: Trial) -> None:
    """Deed after deed."""
    with (
        closing(Catcher()) as catcher,
        Scissors(trial.server.port) as scissors,
        Shop.running(
            trial.folder / "shop",
            with_workers=False,
            database_url=scissors.through(trial.server.url(trial.server.database())),
            public_url=catcher.address,
            threads=1,
        ) as shop,
    ):
        cutting = Cutting(shop, catcher, scissors)
        with cutting.deeds() as deeds:
            for deed in deeds:
                cuts = cutting.everywhere(deed, step=trial.options.step)
                places = {f"in {word}": count for word, count in statements(cuts.places).items()}
                trial.note(deed.name, cuts=len(cuts.places), **cuts.told, **places)
        shop.verify()


if __name__ == "__main__":
    sys.exit(main("cuts", __doc__, SIZES, run))
