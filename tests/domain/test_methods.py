"""A payment method takes what its rules allow, and says why not otherwise."""

import attrs
import pytest

from domain.errors import MethodRefused
from domain.ids import CustomerId, MethodCode, MethodId, Sku
from domain.methods import MethodRules, PaymentMethod, Purchase
from domain.money import Money
from tests.domain.builders import USD, azn


def purchase(minor: int = 8000, customer: int | None = 5, skus: tuple[str, ...] = ("kettle",)) -> Purchase:
    """Something that somebody wants to pay."""
    customer_id = CustomerId(customer) if customer else None
    return Purchase(azn(minor), customer_id, frozenset(map(Sku, skus)))


def method(rules: MethodRules | None = None, *, enabled: bool = True) -> PaymentMethod:
    """A card method with these rules."""
    return PaymentMethod(
        id=MethodId(1),
        code=MethodCode("card"),
        name="Card",
        backend="sandbox",
        enabled=enabled,
        rules=rules or MethodRules(),
    )


class TestMethodRules:
    @pytest.mark.parametrize(
        "rules",
        [
            MethodRules(),
            MethodRules(min_amount=azn(8000), max_amount=azn(8000)),
            MethodRules(currencies=("USD", "AZN")),
            MethodRules(customers=(CustomerId(5),)),
            MethodRules(skus_refused=(Sku("cup"),)),
        ],
    )
    def test_accept_what_they_allow(self, rules: MethodRules) -> None:
        """A rule left empty forbids nothing, and bounds belong to what they bound."""
        assert rules.reasons_against(purchase()) == ()

    @pytest.mark.parametrize(
        ("rules", "reason"),
        [
            (MethodRules(min_amount=azn(8001)), "the total is below 80.01 AZN"),
            (MethodRules(max_amount=azn(7999)), "the total is above 79.99 AZN"),
            (MethodRules(currencies=("USD",)), "AZN is not accepted"),
            (MethodRules(customers=(CustomerId(6),)), "it is not offered to this customer"),
            (MethodRules(skus_refused=(Sku("kettle"),)), "it cannot pay for kettle"),
            (MethodRules(min_amount=Money(1, USD)), "amounts are limited in USD, not in AZN"),
            (
                MethodRules(min_amount=Money(1, USD), max_amount=Money(9, USD)),
                "amounts are limited in USD, not in AZN",
            ),
        ],
    )
    def test_say_why_they_refuse(self, rules: MethodRules, reason: str) -> None:
        """Each reason is one sentence for people, said once."""
        assert rules.reasons_against(purchase()) == (reason,)

    def test_refuse_strangers_where_customers_are_named(self) -> None:
        """Somebody without an account is none of the named customers."""
        rules = MethodRules(customers=(CustomerId(5),))

        assert rules.reasons_against(purchase(customer=None)) == ("it is not offered to this customer",)

    def test_name_every_refused_product_in_order(self) -> None:
        """The answer does not change from one call to the next."""
        rules = MethodRules(skus_refused=(Sku("tea"), Sku("cup")))

        assert rules.reasons_against(purchase(skus=("tea", "cup"))) == ("it cannot pay for cup, tea",)

    @pytest.mark.parametrize(
        ("countries", "reasons"),
        [
            (None, ()),
            ({"AZ"}, ()),
            ({"AZ", "TR"}, ()),
            ({"AZ", "DE"}, ("it is not offered in DE",)),
            ({None}, ("it is not offered in an unknown country",)),
            (
                {"GE", None, "DE"},
                tuple(f"it is not offered in {c}" for c in ("an unknown country", "DE", "GE")),
            ),
        ],
    )
    def test_are_offered_in_some_countries(
        self, countries: set[str | None] | None, reasons: tuple[str, ...]
    ) -> None:
        """Where all of the addresses have to be, once they are known."""
        rules = MethodRules(countries=("AZ", "TR"))
        bought = attrs.evolve(purchase(), countries=None if countries is None else frozenset(countries))

        assert rules.reasons_against(bought) == reasons
        assert MethodRules().reasons_against(bought) == ()


class TestPaymentMethod:
    def test_accepts_what_its_rules_accept(self) -> None:
        """Nothing is raised for a purchase that fits."""
        method().ensure_accepts(purchase())

    def test_refuses_with_every_reason(self) -> None:
        """A customer learns all that is in the way at once."""
        switched_off = method(MethodRules(max_amount=azn(1)), enabled=False)

        with pytest.raises(MethodRefused, match="Card: it is switched off; the total is above") as refused:
            switched_off.ensure_accepts(purchase())

        assert [mistake.pointer for mistake in refused.value.mistakes] == ["#/payment_method"] * 2

    def test_never_shows_its_settings(self) -> None:
        """Secrets do not get into logs by way of a representation."""
        secret = PaymentMethod(
            id=MethodId(1), code=MethodCode("card"), name="Card", backend="sandbox", settings={"key": "hush"}
        )

        assert "hush" not in repr(secret)
