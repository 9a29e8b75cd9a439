"""Card numbers that must not be kept: hidden wherever they stand."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cards import card_mask, is_card_number, masked

PAN = "4111111111111111"


class TestMasked:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            (PAN, "4111******1111"),
            ("4111 1111 1111 1111", "4111******1111"),
            ("4111-1111-1111-1111", "4111******1111"),
            ("4111+1111%201111 - 1111", "4111******1111"),
            ("card:4111\u00a01111\u00a01111\u00a01111.", "card:4111******1111."),
            ("4000000000000116", "4000******0116"),
            ("4222222222222", "4222******2222"),
            (f"pan{PAN}and{PAN[::-1]}x", "pan4111******1111and1111******1114x"),
            ("1" * 30, "1111******1111"),
        ],
    )
    def test_stars_whatever_could_be_a_card(self, text: str, shown: str) -> None:
        """With or without a right check digit, glued to other text or not."""
        assert masked(text) == shown

    @pytest.mark.parametrize(
        "text",
        [
            *(
                "",
                "4111******1111",
                "1700000000",
                "2026-11-23T06:22:00.123456+00:00",
                "2026-11-23 06:22:00",
            ),
            *("+994 50 123 45 67", "123456789012", "pay_0a1b2c3d4e5f", "192.168.100.100:8080", "100.50"),
        ],
    )
    def test_leaves_all_else(self, text: str) -> None:
        """Masks, times, phone numbers, short numbers."""
        assert masked(text) == text

    @given(st.text(), st.from_regex(r"[0-9]{13,19}", fullmatch=True), st.text())
    def test_lets_no_card_through(self, before: str, pan: str, after: str) -> None:
        """Wherever it stands."""
        assert not re.search(r"[0-9]{13,}", masked(before + pan + after), re.ASCII)


class TestCardMask:
    @pytest.mark.parametrize(
        ("told", "shown"),
        [
            ("411111******1111", "4111******1111"),
            ("4111********1111", "4111******1111"),
            ("4111 11** **** 1111", "4111******1111"),
            ("411111XXXXXX1111", "4111******1111"),
            ("************1111", "******1111"),
            ("4111 1111 1111 1111", "4111******1111"),
        ],
    )
    def test_shows_at_most_ten_digits(self, told: str, shown: str) -> None:
        """The gateway's mask in our form; a whole number is masked first."""
        assert card_mask(told) == shown

    @pytest.mark.parametrize(
        "told", ["", "visa", "1111", "41111111**1111111", "<b>****1111", "411111*****11111"]
    )
    def test_shows_nothing_else(self, told: str) -> None:
        """What is no mask is not kept."""
        assert card_mask(told) is None


class TestIsCardNumber:
    @pytest.mark.parametrize("text", [PAN, "4111 1111 1111 1111", "5555-5555-5555-4444", "378282246310005"])
    def test_knows_a_card(self, text: str) -> None:
        """By its length and check digit."""
        assert is_card_number(text)

    @pytest.mark.parametrize(
        "text", ["4111111111111112", "0000000000000000", "pay_" + PAN, "42", "", "1700000000000"]
    )
    def test_knows_what_is_none(self, text: str) -> None:
        """Another check digit, another first digit, more than the number."""
        assert not is_card_number(text)
