"""References that people write on a transfer."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cards import holds_card_number
from domain.ids import PaymentId
from domain.references import payments_named_in, reference_of

payment_ids = (st.integers(1, 10**9 - 1) | st.integers(10**9, 2**63 - 1)).map(PaymentId)


def mod_97_10(text: str) -> int:
    """The remainder as ISO 7064 has it, digit by digit, for texts that end with their check digits."""
    remainder = 0
    for character in text:
        value = string.digits.find(character)
        value = value if value >= 0 else 10 + string.ascii_uppercase.index(character)
        remainder = (remainder * (10 if value < 10 else 100) + value) % 97
    return remainder


class TestReferences:
    def test_are_creditor_references(self) -> None:
        """One as the standard's own example is checked, one of ours, and none where there is no payment."""
        assert mod_97_10("539007547034" + "RF18") == 1
        assert reference_of(PaymentId(123)) == "RF51K000000123"
        assert reference_of(PaymentId(10**9 + 123)) == "RF02L0000000001K000000123"
        for unnumbered in (0, 10**19):
            with pytest.raises(ValueError, match="no payment's number"):
                reference_of(PaymentId(unnumbered))

    @given(payment_ids)
    def test_hold_by_their_check_digits(self, payment_id: PaymentId) -> None:
        """For every payment, within the standard's length, and never like a card number."""
        reference = reference_of(payment_id)

        assert mod_97_10(reference[4:] + reference[:4]) == 1
        assert len(reference) <= 25
        assert not holds_card_number(reference)

    @given(
        payment_ids, st.lists(st.sampled_from(["", " ", "-", "\n", "  ", "\u00a0"]), min_size=25, max_size=25)
    )
    def test_are_found_however_they_are_spaced(self, payment_id: PaymentId, gaps: list[str]) -> None:
        """In small letters, in groups, in the middle of other words."""
        written = "".join(
            character + gap for character, gap in zip(reference_of(payment_id).lower(), gaps, strict=False)
        )

        assert payments_named_in(f"Order:{written} 2026-03-12 thanks") == {payment_id}

    @given(payment_ids, st.integers(0, 20), st.sampled_from(string.digits))
    def test_show_a_slip_of_the_pen(self, payment_id: PaymentId, which: int, digit: str) -> None:
        """One digit wrong, and the reference is nobody's."""
        reference = reference_of(payment_id)
        places = [place for place, character in enumerate(reference) if character.isdigit()]
        place = places[which % len(places)]
        slipped = reference[:place] + digit + reference[place + 1 :]

        assert payments_named_in(slipped) == ({payment_id} if slipped == reference else frozenset())

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "thank you",
            "RF51K0000001234",
            "RF51K00000012",
            "RF18539007547034",
            "RF20K000000000",
            "RF51L0000000000K000000123",
            "RF02L000000001K000000123",
            "K000123",
        ],
    )
    def test_are_not_found_in_other_texts(self, text: str) -> None:
        """Too long, too short, somebody else's, no payment's."""
        assert payments_named_in(text) == frozenset()

    def test_may_be_several(self) -> None:
        """Two in one text are both found, one written twice once."""
        first, second = reference_of(PaymentId(1)), reference_of(PaymentId(2))

        assert payments_named_in(f"{first} and {second}, that is {first}") == {1, 2}
