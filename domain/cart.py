"""The cart: a customer's chosen products, before anything is ordered."""

from collections.abc import Mapping

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
    """

    id: CartId
    customer_id: CustomerId
    lines: dict[Sku, int] = attrs.Factory(dict)
    checkout_id: CheckoutId | None = None
    version: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to buy."""
        return not self.lines

    def put(self, sku: Sku, quantity: int) -> None:
        """Set how many of a product are wanted. Raises: Invalid for a quantity or cart out of bounds."""
        if type(quantity) is not int or not 1 <= quantity <= QUANTITY_MAX:
            raise Invalid(f"a quantity is 1 to {QUANTITY_MAX}", "#/quantity")
        if sku not in self.lines and len(self.lines) >= LINES_MAX:
            raise Invalid(f"a cart has at most {LINES_MAX} lines")
        self.lines[sku] = quantity

    def remove(self, sku: Sku) -> None:
        """Drop a product; nothing happens when it is not there."""
        self.lines.pop(sku, None)

    def take(self, bought: Mapping[Sku, int]) -> None:
        """Drop what was bought; units added since stay."""
        for sku, quantity in bought.items():
            left = self.lines.get(sku, 0) - quantity
            if left > 0:
                self.lines[sku] = left
            else:
                self.remove(sku)
