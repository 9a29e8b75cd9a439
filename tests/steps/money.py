"""Money as people write it in the features: `80.00 AZN`, and nothing looser."""

import re

DECIMALS = {"AZN": 2, "USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}
MONEY = r"-?\d+(?:\.\d+)? [A-Z]{3}"


def parse_money(text: str) -> tuple[int, str]:
    """The amount in the smallest unit, and its currency.

    Raises: ValueError when the text does not have exactly the currency's decimals.
    """
    if not re.fullmatch(MONEY, text):
        raise ValueError(f"{text!r} is not written like 80.00 AZN")
    number, currency = text.split(" ")
    if currency not in DECIMALS:
        raise ValueError(f"the features know no currency {currency}")
    decimals = DECIMALS[currency]
    if len(number.partition(".")[2]) != decimals:
        raise ValueError(f"{text!r} should have {decimals} decimals")
    return int(number.replace(".", "")), currency


def format_money(minor: int, currency: str) -> str:
    """The text that `parse_money` would read as this amount."""
    decimals = DECIMALS[currency]
    sign, digits = "-" if minor < 0 else "", f"{abs(minor):0{decimals + 1}d}"
    whole, fraction = (digits[:-decimals], "." + digits[-decimals:]) if decimals else (digits, "")
    return f"{sign}{whole}{fraction} {currency}"
