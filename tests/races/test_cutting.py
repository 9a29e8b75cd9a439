"""The connection to the database breaks after any message of a transaction, the answer to COMMIT included.

The same as `python -m benchmarks.trials.cuts`, which cuts everywhere; here at every message of each
COMMIT, and at some of all others.
"""

from collections.abc import Iterator

import pytest

from tests.postgres import Postgres
from tests.races.catcher import Catcher
from tests.races.cutting import Cutting
from tests.races.scissors import Scissors
from tests.races.shop import Shop

DEEDS = range(7)


@pytest.fixture(scope="module")
def cutting(
    postgres: Postgres, catcher: Catcher, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cutting]:
    """A service of one thread, with nothing going on in it but what the test does."""
    folder = tmp_path_factory.mktemp("cutting")
    with (
        Scissors(postgres.port) as scissors,
        Shop.running(
            folder,
            with_workers=False,
            database_url=scissors.through(postgres.url(postgres.database())),
            public_url=catcher.address,
            threads=1,
        ) as shop,
    ):
        yield Cutting(shop, catcher, scissors)


class TestCutWires:
    @pytest.mark.parametrize("number", DEEDS)
    def test_at_commit_leave_nothing_half_done(self, cutting: Cutting, number: int) -> None:
        """Done or not, which nobody hears: done again it is done once."""
        with cutting.deeds() as deeds:
            cuts = cutting.everywhere(deeds[number], within="COMMIT")

        assert {cut.to_server for cut in cuts.places} == {True, False} or deeds[number].name == "relay"

    @pytest.mark.parametrize("number", DEEDS)
    def test_anywhere_leave_nothing_half_done(self, cutting: Cutting, number: int) -> None:
        """Every so many messages."""
        with cutting.deeds() as deeds:
            assert len(deeds) == len(DEEDS)
            cuts = cutting.everywhere(deeds[number], step=13)

        assert len(cuts.places) > 1

    def test_leave_the_books_in_order(self, cutting: Cutting) -> None:
        """Whatever was cut."""
        cutting.shop.verify()
