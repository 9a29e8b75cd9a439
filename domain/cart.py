"""The cart: a customer's chosen products, before anything is ordered."""

from collections.abc import Mapping
from datetime import date, datetime

import attrs

from domain.errors import Invalid
from domain.ids import CartId, CheckoutId, CustomerId, Sku

QUANTITY_MAX = 1_000_000
LINES_MAX = 100


@attrs.define
class Cart:
    """A customer's one active cart.

    Shape: `lines` maps a sku to the wanted quantity, in the order of choosing.
    `checkout_id` names the checkout that the cart's orders came from, while it has any.
    `changed_on` is the day of its last change: one that nobody has changed for long is abandoned.
    """

    id: CartId
    customer_id: CustomerId
    lines: dict[Sku, int] = attrs.Factory(dict)
    checkout_id: CheckoutId | None = None
    changed_on: date = attrs.field(kw_only=True)
    version: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to buy."""
        return not self.lines

    def put(self, sku: Sku, quantity: int, now: datetime) -> None:
        """Set how many of a product are wanted. Raises: Invalid for a quantity or cart out of bounds."""
        if type(quantity) is not int or not 1 <= quantity <= QUANTITY_MAX:
            raise Invalid(f"a quantity is 1 to {QUANTITY_MAX}", "#/quantity")
        if sku not in self.lines and len(self.lines) >= LINES_MAX:
            raise Invalid(f"a cart has at most {LINES_MAX} lines")
        self.lines[sku] = quantity
        self.changed_on = now.date()

    def remove(self, sku: Sku, now: datetime) -> None:
        """Drop a product; nothing happens when it is not there."""
        self.lines.pop(sku, None)
        self.changed_on = now.date()

    def take(self, bought: Mapping[Sku, int], now: datetime) -> None:
        """Drop what was bought; units added since stay."""
        left = {sku: quantity - bought.get(sku, 0) for sku, quantity in self.lines.items()}
        self.lines = {sku: quantity for sku, quantity in left.items() if quantity > 0}
        self.changed_on = now.date()

    def check_out(self, checkout_id: CheckoutId, now: datetime) -> None:
        """Its lines are being ordered; they stay until they are paid."""
        self.checkout_id = checkout_id
        self.changed_on = now.date()
