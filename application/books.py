"""The books: everything that is stored, read a sheet at a time by whoever checks it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import attrs

from domain.bank import JudgedEntry
from domain.ids import CustomerId, Sku
from domain.order import Order
from domain.payment import Payment


@attrs.frozen
class Told:
    """The stored events of one order or payment, by their sequence: how many from which to which.

    `gone_before`: events that are older were told and may have been pruned; None where none were.
    """

    first: int = 0
    last: int = 0
    total: int = 0
    gone_before: datetime | None = None


@attrs.frozen(kw_only=True)
class OrderEntry:
    """An order with all its payments and its events.

    Units: `total` in the smallest unit, as it is stored beside the lines.
    """

    order: Order
    total: int
    payments: tuple[Payment, ...]
    told: Told


@attrs.frozen(kw_only=True)
class PaymentEntry:
    """A payment with its events, what banks reported of it, and what moved in wallets for it.

    Units: `drawn` and `returned` in the smallest unit.
    """

    payment: Payment
    told: Told
    reported: tuple[JudgedEntry, ...] = ()
    drawn: int = 0
    returned: int = 0


@attrs.frozen(kw_only=True)
class StockEntry:
    """A product's reserved units, and those that orders in HOLD have."""

    sku: Sku
    reserved: int
    held: int


@attrs.frozen(kw_only=True)
class WalletEntry:
    """A wallet's balance as it is stored and as its entries come to, and its lopsided postings.

    Units: money in the smallest unit; `lopsided` counts postings whose entries do not sum to zero.
    """

    customer_id: CustomerId
    currency: str
    balance: int
    posted: int
    lopsided: int


class Books(Protocol):
    """Everything that is stored. Each answer is as of one moment, however many write meanwhile."""

    def orders(self, after: int, limit: int) -> Sequence[OrderEntry]:
        """The next orders by id. Raises: ValueError for what cannot be read."""
        ...

    def payments(self, after: int, limit: int) -> Sequence[PaymentEntry]:
        """The next payments by id. Raises: ValueError for what cannot be read."""
        ...

    def stock(self) -> Sequence[StockEntry]:
        """Every product."""
        ...

    def wallets(self) -> Sequence[WalletEntry]:
        """Every wallet."""
        ...
