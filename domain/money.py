"""Money: whole numbers of a currency's smallest unit. No float ever comes near it."""

import re
from collections.abc import Iterable, Sequence

import attrs

from domain.errors import CurrencyMismatch, Invalid

# Eighteen digits fit a signed 64-bit column and every JSON reader that keeps integers whole.
MINOR_MAX = 10**18 - 1

_DECIMAL = re.compile(r"(-?)([0-9]{1,18})(?:\.([0-9]{1,18}))?", re.ASCII)


def _is_exponent(_: object, attribute: "attrs.Attribute[int]", value: int) -> None:
    if type(value) is not int or not 0 <= value <= 4:
        raise ValueError(f"{attribute.name} is 0 to 4, not {value!r}")


def _is_code(_: object, attribute: "attrs.Attribute[str]", value: str) -> None:
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise ValueError(f"{attribute.name} is three capital letters, not {value!r}")


def _is_minor(_: object, attribute: "attrs.Attribute[int]", value: int) -> None:
    if type(value) is not int:
        raise TypeError(f"money is counted in whole units, not in {type(value).__name__}")
    if abs(value) > MINOR_MAX:
        raise Invalid("the amount is too large", "#/amount")


@attrs.frozen
class Currency:
    """A currency and how many decimals its amounts have.

    Units: `exponent` counts decimals (JPY 0, AZN 2, KWD 3, CLF 4).
    Source: ISO 4217; the exponent is kept with every row, since currencies leave the list.
    """

    code: str = attrs.field(validator=_is_code)
    exponent: int = attrs.field(validator=_is_exponent)


@attrs.frozen(order=False)
class Money:
    """An exact amount of one currency.

    Units: `minor` counts the currency's smallest unit (qepik, cent, yen).
    Raises: TypeError for a bool or a float, Invalid beyond 18 digits.
    """

    minor: int = attrs.field(validator=_is_minor)
    currency: Currency

    @classmethod
    def parse(cls, text: str, currency: Currency) -> "Money":
        """Read a decimal text such as "150.00" exactly; missing decimals count as zeros.

        Raises: Invalid for anything else, more decimals than the currency has included.
        """
        matched = _DECIMAL.fullmatch(text)
        if not matched:
            raise Invalid(f"{text!r} is not an amount of {currency.code}", "#/amount")
        sign, whole, decimals = matched[1], matched[2], matched[3] or ""
        if len(decimals.rstrip("0")) > currency.exponent:
            raise Invalid(f"{currency.code} has {currency.exponent} decimals", "#/amount")
        padded = decimals[: currency.exponent].ljust(currency.exponent, "0")
        return cls(int(f"{sign}{whole}{padded}"), currency)

    @classmethod
    def zero(cls, currency: Currency) -> "Money":
        """Nothing, in this currency."""
        return cls(0, currency)

    @classmethod
    def sum(cls, amounts: Iterable["Money"]) -> "Money":
        """Add up one or more amounts of one currency. Raises: CurrencyMismatch, ValueError for none."""
        first, *rest = amounts
        for amount in rest:
            first = first + amount
        return first

    def decimal(self) -> str:
        """The amount in major units as decimal text with the currency's exact decimals: "150.00"."""
        digits = str(abs(self.minor)).rjust(self.currency.exponent + 1, "0")
        cut = len(digits) - self.currency.exponent
        sign = "-" if self.minor < 0 else ""
        return f"{sign}{digits[:cut]}.{digits[cut:]}" if self.currency.exponent else f"{sign}{digits}"

    def __str__(self) -> str:
        return f"{self.decimal()} {self.currency.code}"

    def __add__(self, other: "Money") -> "Money":
        self._ensure_same_currency(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._ensure_same_currency(other)
        return Money(self.minor - other.minor, self.currency)

    def __mul__(self, times: int) -> "Money":
        if type(times) is not int:
            raise TypeError(f"money is multiplied by whole numbers, not by {type(times).__name__}")
        return Money(self.minor * times, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._ensure_same_currency(other)
        return self.minor < other.minor

    def __gt__(self, other: "Money") -> bool:
        return other < self

    def allocate(self, weights: Sequence[int]) -> tuple["Money", ...]:
        """Share the amount out by weights, losing nothing: the shares sum back to it exactly.

        The largest remainders get the units left over, earlier shares first.
        Raises: ValueError for no weights, a negative one, or none above zero.
        """
        if not weights or min(weights) < 0 or not any(weights):
            raise ValueError("weights are whole numbers, none negative, one at least above zero")
        sign, units, whole = (-1 if self.minor < 0 else 1), abs(self.minor), sum(weights)
        shares = [units * weight // whole for weight in weights]
        by_remainder = sorted(range(len(weights)), key=lambda i: -(units * weights[i] % whole))
        for index in by_remainder[: units - sum(shares)]:
            shares[index] += 1
        return tuple(Money(sign * share, self.currency) for share in shares)

    def _ensure_same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency.code} and {other.currency.code} cannot be mixed")
