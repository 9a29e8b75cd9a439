"""Where an address is."""

import pytest

from domain.people import Address, country_of


class TestCountry:
    @pytest.mark.parametrize(
        ("addresses", "country"),
        [
            (({"country": "AZ"}, {"country": "DE"}), "AZ"),
            ((None, {"country": "DE"}), "DE"),
            (({"city": "Bakı"}, {"country": " de "}), "DE"),
            (({"country": "Azerbaijan"}, {"country": "DE"}), "DE"),
            (({"country": "ÄZ"},), None),
            ((None, {}), None),
            ((), None),
        ],
    )
    def test_is_that_of_the_first_address_that_names_one(
        self, addresses: tuple[Address | None, ...], country: str | None
    ) -> None:
        """By its code; a name in words could be any of many."""
        assert country_of(*addresses) == country
