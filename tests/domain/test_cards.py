"""Card numbers are found however they are written, and other long numbers are left alone."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cards import holds_card_number, mask, masked

PLAIN = [
    "4111111111111111",
    "4242424242424242",
    "4012888888881881",
    "4222222222222",
    "4000000000000000006",
    "5555555555554444",
    "5105105105105100",
    "2223003122003222",
    "2720992593319364",
    "2200000000000004",
    "378282246310005",
    "371449635398431",
    "30569309025904",
    "38520000023237",
    "36227206271667",
    "3530111333300000",
    "3566002020360505",
    "6011111111111117",
    "6011000990139424",
    "6200000000000005",
    "6205500000000000004",
    "6759649826438453",
    "5019717010103742",
    "8600000000000007",
    "9792000000000003",
    "9860000000000000",
    "67034200554565015",
    "560000000000000003",
]
WRITTEN = [
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "4111.1111.1111.1111",
    "4111_1111_1111_1111",
    "4111+1111+1111+1111",
    "4111  1111  1111  1111",
    "4111 - 1111 - 1111 - 1111",
    "4111\t1111\n1111\r1111",
    "4111\u00a01111\u20091111\u202f1111",
    "4111\u20131111\u20111111\u22121111",
    "4111\u200b1111\u00ad1111\ufeff1111",
    "41111111 11111111",
    "411111 1111111111",
    "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
    "3782 822463 10005",
    "3056-930902-5904",
    "4111111111111111",
    "4111%2d1111 1111%201111",
    "%34111111111111111",
    "%2534111111111111111",
    "４１１１１１１１１１１１１１１１",
    "４１１１ １１１１ １１１１ １１１１",
    quote("4111 1111 1111 1111"),
    quote(quote("4111 1111 1111 1111")),
    quote(quote("4111-1111-1111-1111".replace("4", "%34"), safe=""), safe=""),
    quote("4111111111111111"),
]
EMBEDDED = [
    "my card is {} please",
    "card={}&cvc=123",
    '{{"note":"{}"}}',
    "PAN{}x",
    "({})",
    "{} 12/27",
    "{} 12/27 123",
    "{}-123",
    "{}.",
    "order 12345 {}",
    "12 {} 34",
    "a{}b{}c",
    "0000 0000 {}",
    "+{}",
    ";{}=27121010000000000?",
    "%B{}^NAME/A^2712101",
]
INNOCENT = [
    "",
    "hello",
    "4111111111111112",
    "411111111111",
    "41111111111111111111",
    "1234567890123456",
    "0000000000000000",
    "1111111111111111",
    "1795415740123",
    "1795415740123456",
    "1795415740123456789",
    "20261123063540",
    "20261123063540123",
    "2026-11-23T06:35:40.123456Z",
    "2026-11-23 06:35:40",
    "4006381333931",
    "4012345678901",
    "9780306406157",
    "5901234123457",
    "04006381333931",
    "K000012",
    "K4111111",
    "te001234567",
    "te0000000001",
    "pay_4f1c9a",
    "d9f2a3b4c5d6e7f8a9b0c1d2e3f4a5b6",
    "550e8400-e29b-41d4-a716-446655440000",
    "XQ3kLr0PzT9mVbYw1uNsAe7HcGfDjRi5",
    "+994 50 123 45 67",
    "+44 7911 123456",
    "+49 1512 3456789",
    "+4915123456704",
    "tel:%2B4915123456704",
    "4006381333023",
    "DE08 3704 0044 0532 0131 00",
    "DK4100400440116211",
    "pay DK41 0040 0440 1162 11 by Monday",
    "00 49 1512 3456780",
    "(012) 493-12-34",
    "AZ21 NABZ 0000 0000 1370 1000 1944",
    "DE89 3704 0044 0532 0130 00",
    "DE89370400440532013000",
    "PL61 1090 1014 0000 0712 1981 2874",
    "DK50 0040 0440 1162 43",
    "4111******1111",
    "411111******1111",
    "40.00 20.00 30.00 10.05",
    "4111,1111,1111,1111",
    "12/27 123",
    "192.168.100.200",
    "100%",
    "%zz4111%",
]


class TestHoldsCardNumber:
    @pytest.mark.parametrize("text", [*PLAIN, *WRITTEN])
    def test_finds_it_however_it_is_written(self, text: str) -> None:
        """Brands, separators, other digits and encodings do not hide a card number."""
        assert holds_card_number(text)

    @pytest.mark.parametrize("around", EMBEDDED)
    @pytest.mark.parametrize("number", ["4111111111111111", "4111 1111 1111 1111", "3782 822463 10005"])
    def test_finds_it_wherever_it_stands(self, around: str, number: str) -> None:
        """Words, dates, codes and other numbers around a card number do not hide it."""
        assert holds_card_number(around.replace("{}", number))

    @pytest.mark.parametrize("text", INNOCENT)
    def test_leaves_other_numbers_alone(self, text: str) -> None:
        """Timestamps, article numbers, accounts, telephones and our own references are no cards."""
        assert not holds_card_number(text)

    def test_is_tried_on_fifty_patterns_at_least(self) -> None:
        """The two lists of ways to write a card number stay long."""
        assert len({*PLAIN, *WRITTEN}) >= 50

    def test_does_not_take_an_account_number_as_an_excuse(self) -> None:
        """A card number next to a bank account is found, and so is one that only looks like a part of it."""
        assert holds_card_number("DE89 3704 0044 0532 0130 00, or 4111 1111 1111 1111")
        assert holds_card_number("DE12 4111 1111 1111 1111")

    def test_stops_decoding_somewhere(self) -> None:
        """A text that can be decoded again and again is not followed for ever."""
        deeply = "4111111111111111".replace("4", "%2525252525252534")

        assert not holds_card_number(deeply)

    def test_is_quick_on_long_texts(self) -> None:
        """Nobody can make us busy with digits: a body of the largest size is read at once."""
        assert not holds_card_number("1 " * 32_000)
        assert not holds_card_number("1" * 64_000)
        assert not holds_card_number("%25" * 21_000)


class TestMasked:
    @pytest.mark.parametrize("text", [*PLAIN, *WRITTEN])
    def test_leaves_no_card_number(self, text: str) -> None:
        """What is stored holds no card number, not even after decoding it."""
        assert not holds_card_number(masked(text))

    @pytest.mark.parametrize("around", EMBEDDED)
    def test_keeps_the_text_around(self, around: str) -> None:
        """Only the card number is starred out."""
        text = masked(around.replace("{}", "4111111111111111"))

        assert "4111******1111" in text
        assert "1111111" not in text

    def test_stars_each_number(self) -> None:
        """Two cards are two masks."""
        assert masked("4111 1111 1111 1111 or 378282246310005") == "4111******1111 or 3782******0005"

    def test_leaves_encodings_as_they_are_where_they_hide_nothing(self) -> None:
        """Nothing is decoded without need."""
        assert masked("a=%20%41&b=4111111111111111") == "a=%20%41&b=4111******1111"

    def test_decodes_as_deep_as_a_number_is_hidden(self) -> None:
        """A plain number does not cover for an encoded one, nor an encoding for another."""
        once = "".join(f"%{ord(digit):x}" for digit in "4242424242424242")
        twice = quote(once)

        assert masked(f"a=4111111111111111&b={once}") == "a=4111******1111&b=4242******4242"
        assert masked(f"a={once}&b={twice}") == "a=4242******4242&b=4242******4242"

    @given(st.text(alphabet="0123456789 -.%+abc2534", max_size=80))
    def test_is_clean_and_stable(self, text: str) -> None:
        """Whatever comes in, nothing is left to mask, and masking again changes nothing."""
        once = masked(text)

        assert not holds_card_number(once)
        assert masked(once) == once

    @given(
        st.sampled_from(PLAIN),
        st.text(alphabet="abcXYZ,;:=&{}\"'/ \n", max_size=20),
        st.text(alphabet="abcXYZ,;:=&{}\"'/ \n", max_size=20),
    )
    def test_hides_any_card_in_any_words(self, number: str, before: str, after: str) -> None:
        """No words around it give a card number away."""
        kept = masked(f"{before}{number}{after}")

        assert number not in kept
        assert kept == f"{before}{mask(number)}{after}"
