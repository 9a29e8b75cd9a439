"""The words of the features: money read in one place, and sentences that leave no doubt."""

import pytest

from tests.steps.money import format_money, parse_money
from tests.steps.shop import Refusal
from tests.steps.words import Phrase


class TestMoney:
    """Money is written with exactly the decimals of its currency."""

    @pytest.mark.parametrize(
        ("text", "minor"),
        [("80.00 AZN", 8000), ("0.05 AZN", 5), ("-1.00 AZN", -100), ("900 JPY", 900), ("1.250 KWD", 1250)],
    )
    def test_reads_and_writes_the_same(self, text: str, minor: int) -> None:
        """What is read is what would be written."""
        assert parse_money(text) == (minor, text[-3:])
        assert format_money(minor, text[-3:]) == text

    @pytest.mark.parametrize(
        "text", ["80 AZN", "80.0 AZN", "80.000 AZN", "900.00 JPY", "80.00", "1,000.00 AZN", "8 XYZ"]
    )
    def test_refuses_other_decimals(self, text: str) -> None:
        """A slip of the pen in a feature is found, not guessed at."""
        with pytest.raises(ValueError, match=text[-3:]):
            parse_money(text)


class TestPhrase:
    """A sentence with placeholders reads one text only."""

    def test_reads_every_kind_of_word(self) -> None:
        """People, numbers, goods and money come out as what they are."""
        phrase = Phrase("{who} has {n} {goods} for {money} in {their} cart")

        assert phrase.parse_arguments('Aysel has 2 "Tea glass" for 4.70 AZN in her cart') == {
            "who": "Aysel",
            "n": 2,
            "goods": "Tea glass",
            "money": "4.70 AZN",
            "their": "her",
        }

    def test_reads_reasons_from_the_closed_list(self) -> None:
        """A reason that no driver knows is not a reason."""
        phrase = Phrase("it is refused, because {reason}")

        assert phrase.parse_arguments("it is refused, because the cart is empty") == {
            "reason": Refusal.EMPTY_CART
        }
        assert not phrase.is_matching("it is refused, because of the weather")

    def test_reads_the_whole_text_or_nothing(self) -> None:
        """A longer text is another sentence."""
        phrase = Phrase("{who} has ordered {n} {goods}")

        assert phrase.parse_arguments('Aysel has ordered 2 "Tea glass" by bank transfer') is None

    def test_may_leave_out_a_word_in_brackets(self) -> None:
        """One order, two orders."""
        phrase = Phrase("{who} has {n} order(s)")

        assert phrase.is_matching("Aysel has 1 order")
        assert phrase.is_matching("Aysel has 2 orders")
