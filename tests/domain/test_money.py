"""Money is exact, whatever is done with it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import CurrencyMismatch, Invalid
from domain.money import MINOR_MAX, Currency, Money
from tests.domain.builders import AZN, JPY, USD, azn

CURRENCIES = (JPY, AZN, Currency("KWD", 3), Currency("CLF", 4))

currencies = st.sampled_from(CURRENCIES)
minors = st.integers(-MINOR_MAX, MINOR_MAX)
halves = st.integers(-4 * 10**17, 4 * 10**17)
weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any)


class TestCurrency:
    @pytest.mark.parametrize("code", ["azn", "AZ", "AZNN", "A1N", "AZN\n", ""])
    def test_refuses_a_code_that_is_not_three_capital_letters(self, code: str) -> None:
        """A currency's code has the form of ISO 4217."""
        with pytest.raises(ValueError, match="three capital letters"):
            Currency(code, 2)

    @pytest.mark.parametrize("exponent", [-1, 5, True, 2.0, "2"])
    def test_refuses_an_exponent_that_no_currency_has(self, exponent: int) -> None:
        """A currency has none to four decimals."""
        with pytest.raises(ValueError, match="0 to 4"):
            Currency("AZN", exponent)


class TestMoney:
    @pytest.mark.parametrize("minor", [True, False, 1.0, 0.5, "1", None, Decimal(1)])
    def test_refuses_what_is_not_a_whole_number(self, minor: int) -> None:
        """No float, bool or text ever counts money."""
        with pytest.raises(TypeError, match="whole units"):
            Money(minor, AZN)

    @pytest.mark.parametrize("minor", [MINOR_MAX, -MINOR_MAX, 0])
    def test_holds_up_to_eighteen_digits(self, minor: int) -> None:
        """The bounds themselves are amounts."""
        assert Money(minor, AZN).minor == minor

    @pytest.mark.parametrize("minor", [MINOR_MAX + 1, -MINOR_MAX - 1, 10**40])
    def test_refuses_more_than_eighteen_digits(self, minor: int) -> None:
        """What no column could hold is refused, not cut."""
        with pytest.raises(Invalid, match="too large") as refused:
            Money(minor, AZN)

        assert refused.value.mistakes[0].pointer == "#/amount"

    def test_equals_only_the_same_amount_of_the_same_currency(self) -> None:
        """Comparing for equality never raises, and never confuses currencies."""
        assert azn(100) == azn(100)
        assert azn(100) != azn(101)
        assert azn(100) != Money(100, USD)
        assert azn(100) != 100

    def test_reads_as_people_write_it(self) -> None:
        """Texts for people show major units and the code."""
        assert str(azn(-15000)) == "-150.00 AZN"

    def test_has_a_zero(self) -> None:
        """Nothing is an amount too."""
        assert Money.zero(AZN) == azn(0)


class TestDecimalText:
    @given(minors, currencies)
    def test_comes_back_from_its_own_text(self, minor: int, currency: Currency) -> None:
        """Writing and reading an amount loses nothing, for any number of decimals."""
        money = Money(minor, currency)

        assert Money.parse(money.decimal(), currency) == money

    @given(minors, currencies)
    def test_says_what_a_decimal_would_say(self, minor: int, currency: Currency) -> None:
        """The text is the exact quotient, with exactly the currency's decimals."""
        text = Money(minor, currency).decimal()

        assert Decimal(text) == Decimal(minor).scaleb(-currency.exponent)
        assert len(text.partition(".")[2]) == currency.exponent

    @pytest.mark.parametrize(
        ("text", "minor"),
        [
            ("150", 15000),
            ("150.5", 15050),
            ("150.00", 15000),
            ("150.000000", 15000),
            ("-0.01", -1),
            ("007.10", 710),
            ("-0", 0),
        ],
    )
    def test_reads_missing_and_needless_decimals(self, text: str, minor: int) -> None:
        """Zeros after the last digit that counts may be there or not."""
        assert Money.parse(text, AZN) == azn(minor)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " 1",
            "1 ",
            "1,50",
            ".5",
            "5.",
            "+1",
            "1e3",
            "NaN",
            "Infinity",
            "0x10",
            "1_000",
            "--1",
            "١٢",
            "1.5\n",
            "1" * 19,
            "1." + "0" * 19,
        ],
    )
    def test_refuses_what_is_not_a_plain_decimal(self, text: str) -> None:
        """Exponents, spaces, other digits and other spellings are nobody's amount."""
        with pytest.raises(Invalid, match="is not an amount"):
            Money.parse(text, AZN)

    @pytest.mark.parametrize(
        ("text", "currency"), [("10.005", AZN), ("1.5", JPY), ("0.00001", CURRENCIES[3])]
    )
    def test_refuses_more_decimals_than_the_currency_has(self, text: str, currency: Currency) -> None:
        """Nothing is ever rounded."""
        with pytest.raises(Invalid, match="decimals"):
            Money.parse(text, currency)

    def test_refuses_a_text_beyond_eighteen_digits(self) -> None:
        """Decimals count as digits too."""
        with pytest.raises(Invalid, match="too large"):
            Money.parse("9" * 18, AZN)


class TestArithmetic:
    @given(halves, halves, currencies)
    def test_takes_away_what_it_added(self, one: int, other: int, currency: Currency) -> None:
        """Adding and taking away are each other's inverse."""
        first, second = Money(one, currency), Money(other, currency)

        assert first + second - second == first
        assert (first + second).minor == one + other

    @given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=20))
    def test_sums_like_whole_numbers(self, parts: list[int]) -> None:
        """A sum is the sum of its units, in any order."""
        assert Money.sum(map(azn, parts)) == azn(sum(parts)) == Money.sum(map(azn, reversed(parts)))

    def test_has_no_sum_of_nothing(self) -> None:
        """Without an amount there is no currency to answer in."""
        with pytest.raises(ValueError, match="not enough values"):
            Money.sum([])

    @given(st.integers(-(10**9), 10**9), st.integers(-(10**8), 10**8))
    def test_multiplies_exactly(self, minor: int, times: int) -> None:
        """A line's total is its price as often as its quantity."""
        assert (azn(minor) * times).minor == minor * times

    @pytest.mark.parametrize("times", [True, 2.0, "2"])
    def test_is_not_multiplied_by_parts(self, times: int) -> None:
        """A quantity is a whole number."""
        with pytest.raises(TypeError, match="whole numbers"):
            azn(100) * times

    def test_refuses_a_product_too_large(self) -> None:
        """A billion of the dearest thing is refused, not wrapped around."""
        with pytest.raises(Invalid, match="too large"):
            azn(MINOR_MAX) * 2

    @pytest.mark.parametrize("other", [Money(100, USD), Money(100, Currency("AZN", 3))])
    def test_never_mixes_currencies(self, other: Money) -> None:
        """Two currencies, or one with two exponents, have no sum, difference or order."""
        for mix in (azn(1).__add__, azn(1).__sub__, azn(1).__lt__, azn(1).__gt__):
            with pytest.raises(CurrencyMismatch, match="cannot be mixed"):
                mix(other)

    @given(minors, minors, currencies)
    def test_compares_like_decimals(self, one: int, other: int, currency: Currency) -> None:
        """Which amount is larger agrees with the decimals that people read."""
        first, second = Money(one, currency), Money(other, currency)
        left, right = Decimal(first.decimal()), Decimal(second.decimal())

        assert (first < second) is (left < right)
        assert (first > second) is (left > right)
        assert (first == second) is (left == right)


class TestAllocation:
    @given(minors, weights)
    def test_sums_back_exactly(self, minor: int, shares_wanted: list[int]) -> None:
        """Sharing out loses no unit and makes none."""
        assert Money.sum(azn(minor).allocate(shares_wanted)) == azn(minor)

    @given(minors, weights)
    def test_is_fair_within_one_unit(self, minor: int, shares_wanted: list[int]) -> None:
        """No share is a whole unit away from its exact part."""
        whole = sum(shares_wanted)

        shares = azn(minor).allocate(shares_wanted)

        assert all(
            abs(share.minor * whole - minor * weight) < whole
            for share, weight in zip(shares, shares_wanted, strict=True)
        )

    @given(minors, weights)
    def test_keeps_the_sign(self, minor: int, shares_wanted: list[int]) -> None:
        """Nobody gets money from a debt, nor a debt from money; who has no weight gets nothing."""
        shares = azn(minor).allocate(shares_wanted)

        assert all(share.minor * minor >= 0 for share in shares)
        assert all(share.minor == 0 for share, w in zip(shares, shares_wanted, strict=True) if w == 0)

    def test_gives_what_is_left_to_the_largest_remainders_first(self) -> None:
        """Equal remainders are served from the first share on."""
        assert azn(100).allocate([1, 1, 1]) == (azn(34), azn(33), azn(33))
        assert azn(10).allocate([1, 2, 5]) == (azn(1), azn(3), azn(6))

    @pytest.mark.parametrize("bad", [[], [0, 0], [1, -1]])
    def test_refuses_weights_that_share_nothing_out(self, bad: list[int]) -> None:
        """Without a weight above zero, or with one below, there is no fair share."""
        with pytest.raises(ValueError, match="weights"):
            azn(100).allocate(bad)
