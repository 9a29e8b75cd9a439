"""A few of the strange answers and callbacks of each gateway, against the running service."""

from collections.abc import Iterator, Mapping

import pytest

from tests.faults.matrix import GATEWAYS
from tests.strange.crowd import Crowd, crowds, visits
from tests.strange.news import DOCUMENTS
from tests.strange.twisting import GONE, Twist

VISITS = 20


@pytest.fixture(scope="module")
def crowd_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Crowd]]:
    """The crowd of each gateway."""
    with crowds(tmp_path_factory.mktemp("strange"), GATEWAYS) as found:
        yield {crowd.gateway: crowd for crowd in found}


class TestStrangeness:
    @pytest.mark.parametrize("gateway", GATEWAYS)
    def test_is_answered_as_declared(self, crowd_at: Mapping[str, Crowd], gateway: str) -> None:
        """Whatever a gateway says."""
        crowd = crowd_at[gateway]
        before = crowd.strange

        visits(crowd, VISITS)

        assert crowd.strange - before >= 2 * VISITS

    def test_is_not_all_turned_away(self, crowd_at: Mapping[str, Crowd]) -> None:
        """What is left true is taken for true: the calls get through to where they matter."""
        for crowd in crowd_at.values():
            answer = crowd.open_in_peace()
            told = crowd.call_back(answer["payment"], Twist())
            assert (told.status_code, answer["payment"]["status"]) == (200, "1"), told.text

    def test_leaves_the_books_in_order(self, crowd_at: Mapping[str, Crowd]) -> None:
        """After all of it."""
        crowd_at["sandbox"].shop.verify()

    def test_has_news_of_every_gateway(self) -> None:
        """None is left out."""
        assert set(DOCUMENTS) == set(GATEWAYS)


class TestTwist:
    def test_changes_a_leaf_counted_round_and_round(self) -> None:
        """By its number."""
        true = b'{"a": {"b": 1}, "c": [2]}'

        assert Twist(changes=((1, 7),)).document(true) == b'{"a": {"b": 7}, "c": [2]}'
        assert Twist(changes=((5, 7),)).document(true) == b'{"a": {"b": 7}, "c": [2]}'
        assert Twist(changes=((0, GONE),)).document(true) == b'{"c": [2]}'

    def test_cuts_and_adds(self) -> None:
        """What is no JSON as well."""
        assert Twist(cut=3, tail=b"!").document(b"token") == b"tok!"
        assert Twist().document(b'{"a":1.50}') == b'{"a":1.50}'
