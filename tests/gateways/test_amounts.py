"""Amounts as gateways write them: read exactly, or not at all."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.gateways.amounts import (
    exponent_of,
    minor_from_major,
    minor_from_major_or_none,
    minor_from_text,
)
from adapters.gateways.reading import Unreadable
from domain.money import MINOR_MAX, Currency, Money


class TestMajorUnits:
    @given(st.integers(0, 10**15), st.integers(0, 4))
    def test_are_read_as_money_is_written(self, minor: int, exponent: int) -> None:
        """Whatever we write we read back, as text and as a number."""
        text = Money(minor, Currency("XTS", exponent)).decimal()

        for value in (text, Decimal(text)):
            assert minor_from_major({"a": value}, "a", exponent) == minor

    @pytest.mark.parametrize(
        "value",
        [
            *(
                None,
                True,
                "",
                " 1",
                "1 ",
                "+1",
                "-1",
                "1.",
                ".5",
                "1,5",
                "1e2",
                "٣",
                "0x1",
                "1.005",
                1.5,
                [1],
            ),
            *(Decimal("-1"), Decimal("1.005"), Decimal("1E+17"), "9" * 17, -1),
        ],
    )
    def test_are_never_guessed(self, value: object) -> None:
        """However clear it looks."""
        with pytest.raises(Unreadable):
            minor_from_major({"a": value}, "a", 2)

    def test_have_an_end(self) -> None:
        """Beyond it no reader keeps integers whole."""
        assert minor_from_major({"a": "9" * 16 + ".99"}, "a", 2) == MINOR_MAX
        with pytest.raises(Unreadable):
            minor_from_major({"a": "9" * 16 + ".999"}, "a", 3)

    def test_may_be_missing(self) -> None:
        """Where that is allowed."""
        assert minor_from_major_or_none({}, "a", 2) is minor_from_major_or_none({"a": None}, "a", 2) is None
        assert minor_from_major_or_none({"a": "1"}, "a", 2) == 100


class TestText:
    def test_is_digits(self) -> None:
        """Of the smallest unit."""
        assert minor_from_text({"a": "0004000"}, "a") == 4000

    @pytest.mark.parametrize("value", [None, 4000, "", "-1", "40.00", "4e3", "9" * 19, "٣", True])
    def test_is_nothing_else(self, value: object) -> None:
        """A number is not what was promised."""
        with pytest.raises(Unreadable):
            minor_from_text({"a": value}, "a")


class TestExponents:
    @pytest.mark.parametrize(("code", "exponent"), [("AZN", 2), ("JPY", 0), ("KWD", 3), ("UGX", 0)])
    def test_are_those_of_the_standard(self, code: str, exponent: int) -> None:
        """Source: ISO 4217."""
        assert exponent_of(code) == exponent

    @pytest.mark.parametrize("code", ["XXQ", "", "azn", "XAU"])
    def test_belong_to_currencies(self, code: str) -> None:
        """Others have none."""
        with pytest.raises(Unreadable):
            exponent_of(code)
