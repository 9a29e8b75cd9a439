"""Products and their stock: units on hand, reserved for payments under way, and available."""

import attrs

from domain.errors import Conflict, ShortStock
from domain.ids import Sku
from domain.money import Money

DEFAULT_SELLER = "Kassa"


@attrs.define
class Stock:
    """Units of one product. Units: `on_hand` and `reserved` count pieces, 0 <= reserved <= on_hand."""

    sku: Sku
    on_hand: int
    reserved: int = 0

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.reserved <= self.on_hand:
            raise ValueError(f"{self.sku}: {self.reserved} reserved of {self.on_hand} on hand")

    @property
    def available(self) -> int:
        """Units that nobody has reserved."""
        return self.on_hand - self.reserved

    def ensure_available(self, quantity: int, pointer: str = "#/quantity") -> None:
        """Raises: ShortStock when fewer than `quantity` units are available."""
        if quantity > self.available:
            raise ShortStock(f"{self.available} of {self.sku} are available, not {quantity}", pointer)

    def reserve(self, quantity: int) -> None:
        """Hold units for a payment under way. Raises: ShortStock, ValueError for a negative number."""
        if quantity < 0:
            raise ValueError(f"{self.sku}: {quantity} cannot be reserved")
        self.ensure_available(quantity, "#")
        self.reserved += quantity

    def release(self, quantity: int) -> None:
        """Free units that were held. Raises: ValueError when fewer were."""
        self._ensure_reserved(quantity)
        self.reserved -= quantity

    def take(self, quantity: int) -> None:
        """Turn held units into sold ones. Raises: ValueError when fewer were held."""
        self._ensure_reserved(quantity)
        self.reserved -= quantity
        self.on_hand -= quantity

    def count(self, on_hand: int) -> None:
        """Set the units on hand, as counted by staff. Raises: Conflict below what is reserved."""
        if on_hand < self.reserved:
            raise Conflict(f"{self.reserved} of {self.sku} are reserved, {on_hand} would be too few")
        self.on_hand = on_hand

    def _ensure_reserved(self, quantity: int) -> None:
        if not 0 <= quantity <= self.reserved:
            raise ValueError(f"{self.sku}: {quantity} wanted, {self.reserved} reserved")


@attrs.define
class Product:
    """What is sold. `price` is for one unit; `seller` gets an order of its own at checkout."""

    sku: Sku
    name: str
    price: Money
    seller: str
    stock: Stock
