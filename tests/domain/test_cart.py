"""A cart holds what its customer chose, within bounds."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from domain.cart import LINES_MAX, QUANTITY_MAX, Cart
from domain.errors import Invalid
from domain.ids import CartId, CheckoutId, CustomerId, Sku

KETTLE, CUP = Sku("kettle"), Sku("cup")
YESTERDAY = datetime(2026, 1, 14, 23, 59, tzinfo=UTC)
NOW = datetime(2026, 1, 15, 0, 1, tzinfo=UTC)


def cart(**quantities: int) -> Cart:
    """A cart with these lines."""
    lines = {Sku(sku): count for sku, count in quantities.items()}
    return Cart(CartId("cart"), CustomerId(5), lines, changed_on=YESTERDAY.date())


class TestCartPut:
    def test_sets_the_quantity(self) -> None:
        """Putting a line again replaces its quantity."""
        chosen = cart(kettle=1)

        chosen.put(KETTLE, 3, NOW)

        assert chosen.lines == {KETTLE: 3}

    @pytest.mark.parametrize("quantity", [0, -1, QUANTITY_MAX + 1, True, 1.0, "1"])
    def test_refuses_a_quantity_out_of_bounds(self, quantity: int) -> None:
        """Nobody buys nothing, less than nothing, or a part of a thing."""
        chosen = cart()

        with pytest.raises(Invalid, match="a quantity is") as refused:
            chosen.put(KETTLE, quantity, NOW)

        assert chosen.is_empty
        assert refused.value.mistakes[0].pointer == "#/quantity"

    def test_takes_the_largest_quantity(self) -> None:
        """The bound itself is allowed."""
        chosen = cart()

        chosen.put(KETTLE, QUANTITY_MAX, NOW)

        assert chosen.lines == {KETTLE: QUANTITY_MAX}

    def test_refuses_one_line_too_many(self) -> None:
        """A cart has an end."""
        chosen = cart(**{f"sku-{number}": 1 for number in range(LINES_MAX)})

        with pytest.raises(Invalid, match="at most"):
            chosen.put(KETTLE, 1, NOW)

    def test_still_changes_a_line_of_a_full_cart(self) -> None:
        """The bound is on lines, not on changes."""
        chosen = cart(**{f"sku-{number}": 1 for number in range(LINES_MAX)})

        chosen.put(Sku("sku-0"), 2, NOW)

        assert chosen.lines[Sku("sku-0")] == 2


class TestCartRemove:
    def test_drops_a_line(self) -> None:
        """The other lines stay."""
        chosen = cart(kettle=1, cup=2)

        chosen.remove(KETTLE, NOW)

        assert chosen.lines == {CUP: 2}

    def test_does_nothing_for_a_line_that_is_not_there(self) -> None:
        """Removing twice is no error."""
        chosen = cart(cup=2)

        chosen.remove(KETTLE, NOW)

        assert chosen.lines == {CUP: 2}


class TestCartTake:
    def test_drops_what_was_bought(self) -> None:
        """A cart of which everything was bought is empty."""
        chosen = cart(kettle=2)

        chosen.take({KETTLE: 2}, NOW)

        assert chosen.is_empty

    def test_leaves_what_was_added_since(self) -> None:
        """Units and lines added after the checkout stay."""
        chosen = cart(kettle=3, cup=1)

        chosen.take({KETTLE: 2}, NOW)

        assert chosen.lines == {KETTLE: 1, CUP: 1}

    def test_takes_no_more_than_is_left(self) -> None:
        """Lines that the customer reduced or removed meanwhile go below zero nowhere."""
        chosen = cart(kettle=1)

        chosen.take({KETTLE: 2, CUP: 1}, NOW)

        assert chosen.is_empty


class TestCartChange:
    @pytest.mark.parametrize(
        "change",
        [
            lambda chosen: chosen.put(KETTLE, 1, NOW),
            lambda chosen: chosen.remove(KETTLE, NOW),
            lambda chosen: chosen.take({KETTLE: 1}, NOW),
            lambda chosen: chosen.check_out(CheckoutId("checkout"), NOW),
        ],
        ids=["put", "remove", "take", "check out"],
    )
    def test_is_remembered_by_its_day(self, change: Callable[[Cart], None]) -> None:
        """Whatever is done with a cart shows that somebody still wants it."""
        chosen = cart(kettle=2)

        change(chosen)

        assert chosen.changed_on == NOW.date()
