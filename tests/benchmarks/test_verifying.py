"""A checkout that was answered to its end and is not there, or not once, is found."""

from collections.abc import Mapping
from typing import Any

import attrs
import pytest

from benchmarks.buyers import Bought
from benchmarks.verifying import Books, breaches, sold_by

BOUGHT = Bought(order_key="k", payment_id=7, reference="ref", amount=3998)
BOOKS = Books(paid={7: ("ref", 3998)}, told_wrongly=(), stock={"kettle": (99, 0)})
RECORD = {"ref": {"opened": 1, "asked": 1, "amount": 3998}}


def found(
    books: Books = BOOKS,
    *bought: Bought,
    sold: Mapping[str, int] | None = None,
    record: Mapping[str, Mapping[str, int]] = RECORD,
) -> list[str]:
    """What is wrong when one thing was bought, of which there were a hundred."""
    return breaches(books, bought or (BOUGHT,), sold or {"kettle": 1}, 100, record)


class TestBooks:
    def test_that_fit_are_left_in_peace(self) -> None:
        """Nothing is found where nothing is wrong."""
        assert found() == []

    @pytest.mark.parametrize(
        ("change", "what"),
        [
            ({"paid": {}}, "payment 7 is not paid"),
            ({"paid": {7: ("ref", 1)}}, "payment 7 is ('ref', 1)"),
            ({"paid": {**BOOKS.paid, 8: ("x", 1)}}, "payment 8 was bought by nobody"),
            ({"told_wrongly": ["order 3"]}, "order 3 has not its events"),
            ({"stock": {"kettle": (98, 0)}}, "kettle: (98, 0) on hand and reserved, 1 sold"),
            ({"stock": {"kettle": (99, 1)}}, "kettle: (99, 1) on hand and reserved, 1 sold"),
            ({"stock": {}}, "kettle: None on hand and reserved, 1 sold"),
        ],
    )
    def test_that_do_not_are_named(self, change: dict[str, Any], what: str) -> None:
        """Each with what it says instead."""
        assert found(attrs.evolve(BOOKS, **change)) == [what]

    @pytest.mark.parametrize(
        "line",
        [
            {},
            {"opened": 2, "asked": 1, "amount": 3998},
            {"opened": 1, "asked": 0, "amount": 3998},
            {"opened": 1, "asked": 1, "amount": 3999},
        ],
    )
    def test_are_compared_with_the_gateways(self, line: dict[str, int]) -> None:
        """It was asked to open the payment once, for that amount, and how it stands."""
        assert found(record={"ref": line}) == [f"the gateway knows ref as {line}"]


class TestSold:
    def test_counts_a_thing_as_often_as_it_is_in_the_cart(self) -> None:
        """Who buys two of one thing has bought two."""
        assert sold_by([(("a", "b"), 3), (("a", "a"), 2)]) == {"a": 7, "b": 3}
