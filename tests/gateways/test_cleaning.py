"""What is kept of talks with gateways."""

import json
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.gateways.cleaning import card_mask, cleaned, is_card_number, masked

PAN = "4111111111111111"


class TestMasked:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            (PAN, "411111******1111"),
            ("4111 1111 1111 1111", "411111******1111"),
            ("4111-1111-1111-1111", "411111******1111"),
            ("4111+1111%201111 - 1111", "411111******1111"),
            ("card:4111\u00a01111\u00a01111\u00a01111.", "card:411111******1111."),
            ("4000000000000116", "400000******0116"),
            ("4222222222222", "422222***2222"),
            (f"pan{PAN}and{PAN[::-1]}x", "pan411111******1111and111111******1114x"),
            ("1" * 30, "111111" + "*" * 20 + "1111"),
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
                "411111******1111",
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
            ("411111******1111", "411111******1111"),
            ("4111********1111", "4111******1111"),
            ("4111 11** **** 1111", "411111******1111"),
            ("411111XXXXXX1111", "411111******1111"),
            ("************1111", "******1111"),
            ("4111 1111 1111 1111", "411111******1111"),
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


class TestCleaned:
    def test_keeps_known_fields_only(self) -> None:
        """At any depth; what is new is not known to be harmless."""
        said = {
            "id": "p1",
            "token": "s3cret",
            "card": {"mask": "4", "cvc": "123"},
            "items": [{"id": "x", "pin": 1}],
        }

        kept = json.loads(cleaned(said, {"card", "mask", "items"}, {"id"}))

        assert kept == {"id": "p1", "card": {"mask": "4"}, "items": [{"id": "x"}]}

    def test_keeps_our_own_and_their_identifiers(self) -> None:
        """References survive although they are long rows of digits; texts with such rows do not."""
        ours, theirs = "1234567890123456", "9000000000000000017"
        said = {"ref": ours, "id": theirs, "text": f"order {ours} of {theirs}"}

        kept = json.loads(cleaned(said, {"text"}, {"id", "ref"}, {ours}))

        assert (kept["ref"], kept["id"]) == (ours, theirs)
        assert ours not in kept["text"] and theirs not in kept["text"]

    def test_keeps_no_card_even_as_an_identifier(self) -> None:
        """A card number with a right check digit is a card, whatever the field is called."""
        assert PAN not in cleaned({"id": PAN, "ref": "4111 1111 1111 1111"}, set(), {"id", "ref"})

    def test_keeps_numbers_as_they_are_but_cards(self) -> None:
        """Amounts of any size, times, decimals; a long number elsewhere is masked."""
        said = {
            "amount": 10**15,
            "created": 1_700_000_000,
            "n": int(PAN),
            "f": Decimal("40.10"),
            "b": True,
            "z": None,
        }

        kept = json.loads(cleaned(said, set(said), set()))

        assert kept == {
            **{"amount": 10**15, "created": 1_700_000_000, "n": "411111******1111"},
            **{"f": "40.10", "b": True, "z": None},
        }

    def test_keeps_what_every_database_can_hold(self) -> None:
        """No control characters, no halves of characters, not too much of it."""
        said = {"text": "a\x00b\ud800c\td" + "x" * 5000, "items": list(range(500))}

        kept = json.loads(cleaned(said, {"text", "items"}, set()))

        assert kept["text"].startswith("a\ufffdb\ufffdc\tdxxx") and len(kept["text"]) == 1000
        assert len(kept["items"]) == 50

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text() | st.just(PAN) | st.just(int(PAN)),
            lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["id", "text", "card"]), inner),
        )
    )
    def test_lets_no_card_through(self, said: object) -> None:
        """Whatever the shape."""
        assert PAN not in cleaned(said, {"text", "card"}, {"id"})
