"""What is kept of talks with gateways."""

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from adapters.gateways.cleaning import cleaned

PAN = "4111111111111111"


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
            "amount": 10**15,
            "created": 1_700_000_000,
            "n": "4111******1111",
            "f": "40.10",
            "b": True,
            "z": None,
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
