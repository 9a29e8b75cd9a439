"""Payment methods: a shop's configured ways to pay, and what each accepts."""

from collections.abc import Mapping, Sequence

import attrs

from domain.errors import MethodRefused, Mistake
from domain.ids import CustomerId, MethodCode, MethodId, Sku
from domain.money import Money
from domain.wallet import WALLET


@attrs.frozen
class Purchase:
    """What somebody wants to pay for: a cart, or orders.

    `countries` are those of the addresses, with None for an order whose addresses name none; as a whole
    None while the addresses are not known yet.
    """

    total: Money
    customer_id: CustomerId | None
    skus: frozenset[Sku]
    countries: frozenset[str | None] | None = None


@attrs.frozen(kw_only=True)
class MethodRules:
    """What a method accepts; a rule left empty forbids nothing.

    `customers` names the only customers who may use it, `skus_refused` the goods it cannot pay,
    `countries` where the billing address has to be, or else the shipping address (ISO 3166-1 alpha-2).
    `fallback` refuses nothing: it is the method that takes over while this one's gateway is left alone.
    """

    min_amount: Money | None = None
    max_amount: Money | None = None
    currencies: tuple[str, ...] = ()
    customers: tuple[CustomerId, ...] = ()
    skus_refused: tuple[Sku, ...] = ()
    countries: tuple[str, ...] = ()
    fallback: MethodCode | None = None

    def reasons_against(self, purchase: Purchase) -> tuple[str, ...]:
        """Why the rules refuse this purchase, one sentence each; empty when they accept it."""
        total, currency = purchase.total, purchase.total.currency
        reasons = []
        if self.currencies and currency.code not in self.currencies:
            reasons.append(f"{currency.code} is not accepted")
        for limit in (self.min_amount, self.max_amount):
            if limit and limit.currency != currency:
                reasons.append(f"amounts are limited in {limit.currency.code}, not in {currency.code}")
        if self.min_amount and self.min_amount.currency == currency and total < self.min_amount:
            reasons.append(f"the total is below {self.min_amount}")
        if self.max_amount and self.max_amount.currency == currency and total > self.max_amount:
            reasons.append(f"the total is above {self.max_amount}")
        if self.customers and purchase.customer_id not in self.customers:
            reasons.append("it is not offered to this customer")
        refused = sorted(purchase.skus & set(self.skus_refused))
        if refused:
            reasons.append(f"it cannot pay for {', '.join(refused)}")
        if self.countries and purchase.countries is not None:
            elsewhere = sorted(country or "" for country in purchase.countries - set(self.countries))
            reasons += [f"it is not offered in {country or 'an unknown country'}" for country in elsewhere]
        return tuple(dict.fromkeys(reasons))


@attrs.frozen(kw_only=True)
class PaymentMethod:
    """A configured way to pay.

    Shape: `settings` is what the backend's schema describes, secrets included; only adapters
    look inside, but for `capture`. Source: "Payment Method Features" of the notes.
    """

    id: MethodId
    code: MethodCode
    name: str
    backend: str
    auto_approve: bool = True
    enabled: bool = True
    settings: Mapping[str, object] = attrs.field(factory=dict, repr=False)
    rules: MethodRules = attrs.Factory(MethodRules)

    @property
    def draws_on_wallet(self) -> bool:
        """Whether it pays with money that lies with ourselves."""
        return self.backend == WALLET

    @property
    def holds_first(self) -> bool:
        """Whether money is held first and taken when staff say so: a setting of every backend that can."""
        return self.settings.get("capture") == "manual"

    def reasons_against(self, purchase: Purchase) -> tuple[str, ...]:
        """Why this method cannot take the purchase; empty when it can."""
        switched_off = () if self.enabled else ("it is switched off",)
        return switched_off + self.rules.reasons_against(purchase)

    def ensure_accepts(self, purchase: Purchase) -> None:
        """Raises: MethodRefused, with every reason."""
        reasons = self.reasons_against(purchase)
        if reasons:
            raise refused(self.name, reasons)


def refused(name: str, reasons: Sequence[str]) -> MethodRefused:
    """What whoever chose this method is told."""
    mistakes = [Mistake(reason, "#/payment_method") for reason in reasons]
    return MethodRefused(f"{name}: {'; '.join(reasons)}", mistakes=mistakes)
