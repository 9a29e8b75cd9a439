"""Wire codes: the only place that knows how amounts, statuses, times and cursors look outside."""

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, PlainSerializer, WithJsonSchema

from application.ports import Currencies
from domain.bill import PaymentStatus
from domain.errors import Invalid
from domain.money import Money
from domain.order_status import OrderPaymentStatus

# Two types that share their digits: a payment's "2" is success, an order's "2" is failure.
PAYMENT_CODES: Mapping[PaymentStatus, Literal["1", "2", "3"]] = {
    PaymentStatus.PENDING: "1",
    PaymentStatus.SUCCESS: "2",
    PaymentStatus.FAILED: "3",
}
ORDER_PAYMENT_CODES: Mapping[OrderPaymentStatus, Literal["0", "1", "2"]] = {
    OrderPaymentStatus.UNPAID: "0",
    OrderPaymentStatus.PAID: "1",
    OrderPaymentStatus.FAILED: "2",
}

# JSON has one kind of number and Python's writers make a float of it, so an amount travels through
# them as a marked text. The mark is drawn afresh in each process: nobody can send one.
_MARK = secrets.token_hex(16)
_MARKED = re.compile(rf'"{_MARK}(-?[0-9]+(?:\.[0-9]+)?)"'.encode())


class Document(BaseModel):
    """What all documents on the wire share: exact types, nothing unknown, nothing changed."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", hide_input_in_errors=True, serialize_by_alias=True
    )


Amount = Annotated[
    InstanceOf[Money],
    PlainSerializer(lambda money: f"{_MARK}{money.decimal()}", return_type=str),
    WithJsonSchema({"type": "number", "description": "Major units with the currency's exact decimals."}),
]

Instant = Annotated[datetime, Field(description="ISO 8601, UTC.")]


class MoneyDocument(Document):
    """Money: an integer in the currency's smallest unit."""

    amount: int
    currency: str

    @classmethod
    def of(cls, money: Money) -> "MoneyDocument":
        """Money as it is told."""
        return cls(amount=money.minor, currency=money.currency.code)


def rendered(document: BaseModel) -> bytes:
    """A document as JSON in UTF-8; fields that were never set are left out."""
    return _MARKED.sub(rb"\1", document.model_dump_json(exclude_unset=True).encode())


def money_from(amount: int, code: str, currencies: Currencies, pointer: str) -> Money:
    """Money as it was sent. Raises: Invalid for a currency that there is not."""
    currency = currencies.get(code)
    if currency is None:
        raise Invalid("there is no such currency", f"{pointer}/currency")
    return Money(amount, currency)


def cursor_for(listing: str, position: int | None) -> str | None:
    """Where a list goes on, for its client to hand back as it is."""
    if position is None:
        return None
    return base64.urlsafe_b64encode(f"{listing}:{position}".encode()).decode().rstrip("=")


def position_at(listing: str, cursor: str) -> int:
    """The position in a cursor of ours. Raises: Invalid for any other text."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        position = int(text.removeprefix(f"{listing}:"))
    except (binascii.Error, ValueError):
        position = -1
    if not 0 <= position < 10**18 or cursor_for(listing, position) != cursor:
        raise Invalid("this cursor is not one of ours", "#/after")
    return position
