"""Placeholders in recordings: `{amount}` and the like become what a case wants them to be."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from domain.money import Money
from entrypoints.conformance.recordings import Recordings

Values = Mapping[str, object]

NEXT_STEP = "https://pay.gateway.test/page"

# Another bill of the same shop, and its payment at the gateway.
ANOTHER_ORDER, ANOTHER_TRANSACTION = "another-bill-7", "another-payment-7"


def usual_values(recordings: Recordings, word: str) -> Values:
    """What stands for each placeholder unless a case wants it otherwise."""
    money = recordings.amount
    return {
        "order_id": recordings.order_id,
        "transaction_id": recordings.transaction_id,
        "move_id": recordings.move_id,
        "card_id": recordings.card_id,
        "next_step": NEXT_STEP,
        "callback_url": callback_url(recordings),
        "word": word,
        **amounts(recordings, money, money),
    }


def callback_url(recordings: Recordings) -> str:
    """The address of ours that the gateway is given."""
    return f"https://shop.test/v1/callbacks/card/{recordings.order_id}"


def amounts(recordings: Recordings, whole: Money, captured: Money) -> Values:
    """An amount and what is captured of it, as this gateway writes them, and their currency."""
    return {
        "amount": written(recordings.amounts, whole),
        "captured": written(recordings.amounts, captured),
        "currency": whole.currency.code,
        "currency_in_small": whole.currency.code.lower(),
    }


def written(style: str, money: Money) -> object:
    """Money as a gateway writes it: in smallest units or in major ones, as a number or as text."""
    if style == "minor":
        return money.minor
    if style == "major":
        return float(Decimal(money.decimal()))
    return str(money.minor) if style == "minor_text" else money.decimal()


def filled(template: Any, values: Values) -> Any:
    """The template with its placeholders filled in; one that stands alone becomes a value of any kind."""
    if isinstance(template, Mapping):
        return {name: filled(item, values) for name, item in template.items()}
    if isinstance(template, list):
        return [filled(item, values) for item in template]
    if not isinstance(template, str):
        return template
    for name, value in values.items():
        if template == f"{{{name}}}":
            return value
        template = template.replace(f"{{{name}}}", str(value))
    return template
