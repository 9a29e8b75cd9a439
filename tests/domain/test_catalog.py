"""Stock is never oversold, and what is held is freed or sold exactly once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.catalog import DEFAULT_SELLER, Product, Stock
from domain.errors import Conflict, ShortStock
from domain.ids import Sku
from tests.domain.builders import azn

KETTLE = Sku("kettle")


class TestStock:
    @pytest.mark.parametrize(("on_hand", "reserved"), [(-1, 0), (1, 2), (1, -1)])
    def test_refuses_counts_that_cannot_be(self, on_hand: int, reserved: int) -> None:
        """Nobody can have reserved more than there is."""
        with pytest.raises(ValueError, match="reserved"):
            Stock(KETTLE, on_hand, reserved)

    def test_has_available_what_nobody_reserved(self) -> None:
        """Available units are those on hand less those held."""
        assert Stock(KETTLE, 5, 2).available == 3

    def test_holds_units_for_a_payment(self) -> None:
        """Reserving moves nothing out of the shop."""
        stock = Stock(KETTLE, 5)

        stock.reserve(5)

        assert (stock.on_hand, stock.reserved, stock.available) == (5, 5, 0)

    def test_reserves_no_more_than_is_available(self) -> None:
        """The last unit is held for one buyer only."""
        stock = Stock(KETTLE, 1, 1)

        with pytest.raises(ShortStock, match="0 of kettle are available") as refused:
            stock.reserve(1)

        assert stock.reserved == 1
        assert refused.value.mistakes[0].pointer == "#"

    def test_reserves_no_negative_number(self) -> None:
        """Holding less than nothing would free what others hold."""
        stock = Stock(KETTLE, 5, 2)

        with pytest.raises(ValueError, match="cannot be reserved"):
            stock.reserve(-1)

        assert stock.reserved == 2

    def test_names_the_field_of_a_quantity_that_is_too_large(self) -> None:
        """A customer sees which field asks for too much."""
        with pytest.raises(ShortStock) as refused:
            Stock(KETTLE, 1).ensure_available(2)

        assert refused.value.mistakes[0].pointer == "#/quantity"

    def test_frees_what_was_held(self) -> None:
        """Released units can be sold to others."""
        stock = Stock(KETTLE, 5, 2)

        stock.release(2)

        assert (stock.on_hand, stock.reserved) == (5, 0)

    def test_sells_what_was_held(self) -> None:
        """Taken units are gone from the shop and from those held."""
        stock = Stock(KETTLE, 5, 2)

        stock.take(2)

        assert (stock.on_hand, stock.reserved, stock.available) == (3, 0, 3)

    @pytest.mark.parametrize("quantity", [3, -1])
    def test_neither_frees_nor_sells_what_was_not_held(self, quantity: int) -> None:
        """A second release or sale of the same units is a defect that must be seen."""
        stock = Stock(KETTLE, 5, 2)

        for move in (stock.release, stock.take):
            with pytest.raises(ValueError, match="reserved"):
                move(quantity)

        assert (stock.on_hand, stock.reserved) == (5, 2)

    def test_is_counted_anew_by_staff(self) -> None:
        """A count sets what is on hand and leaves what is held."""
        stock = Stock(KETTLE, 5, 2)

        stock.count(2)

        assert (stock.on_hand, stock.reserved) == (2, 2)

    @pytest.mark.parametrize(("reserved", "on_hand"), [(2, 1), (0, -1)])
    def test_is_not_counted_below_what_is_held(self, reserved: int, on_hand: int) -> None:
        """What payments under way hold stays theirs."""
        stock = Stock(KETTLE, 5, reserved)

        with pytest.raises(Conflict, match="are reserved"):
            stock.count(on_hand)

        assert stock.on_hand == 5

    @given(st.lists(st.tuples(st.sampled_from(["reserve", "release", "take", "count"]), st.integers(-2, 6))))
    def test_keeps_its_counts_in_bounds_whatever_happens(self, moves: list[tuple[str, int]]) -> None:
        """After any moves, refused ones included: 0 <= reserved <= on hand, and no unit is made up."""
        stock, sold = Stock(KETTLE, 5), 0

        for name, quantity in moves:
            before = stock.on_hand, stock.reserved
            try:
                getattr(stock, name)(quantity)
            except (ShortStock, Conflict, ValueError):
                assert (stock.on_hand, stock.reserved) == before
            else:
                sold += quantity if name == "take" else 0

        assert 0 <= stock.reserved <= stock.on_hand
        assert sold >= 0


class TestProduct:
    def test_carries_its_stock(self) -> None:
        """A product is told apart by sku and belongs to a seller."""
        product = Product(KETTLE, "Copper kettle", azn(4000), DEFAULT_SELLER, Stock(KETTLE, 5))

        assert product.stock.available == 5
        assert product.seller == "Kassa"
