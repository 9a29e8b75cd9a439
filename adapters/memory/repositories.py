"""The memory adapter's aggregates: read and written in the draft of one unit of work."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import attrs

from adapters.memory.tables import (
    StoredProduct,
    Tables,
    copy_of_cart,
    copy_of_order,
    copy_of_payment,
    copy_of_product,
)
from application.storage import StaleVersion
from domain.cart import Cart
from domain.catalog import Product
from domain.ids import (
    CheckoutId,
    CustomerId,
    GatewayOrderId,
    MethodId,
    OrderId,
    OrderKey,
    PaymentId,
    Sku,
)
from domain.order import Order
from domain.payment import Payment

Next = Callable[[str], int]
K = TypeVar("K")
A = TypeVar("A")


class Held(Generic[K, A]):
    """The objects that one unit of work holds: those it locked or added, and which it saved."""

    def __init__(self, noted: list[Any] | None = None) -> None:
        self.loaded: dict[K, A] = {}
        self.saved: dict[K, A] = {}
        self._noted = noted

    def save(self, key: K, aggregate: A) -> None:
        """Note what is to be stored at commit."""
        if self._noted is not None and key not in self.saved:
            self._noted.append(aggregate)
        self.loaded[key] = self.saved[key] = aggregate


class MemoryCarts:
    """The customers' carts; one read is remembered for the whole unit of work."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._active: dict[CustomerId, Cart | None] = {}
        self._saved: dict[str, Cart] = {}
        self._deleted: dict[str, Cart] = {}

    def of(self, customer_id: CustomerId) -> Cart | None:
        """The customer's active cart."""
        if customer_id not in self._active:
            cart = self._tables.carts.get(customer_id)
            self._active[customer_id] = copy_of_cart(cart) if cart else None
        return self._active[customer_id]

    def around(self, customer_id: CustomerId, sku: Sku) -> tuple[Cart | None, Mapping[Sku, Product]]:
        """The cart, with this product and those in it."""
        cart = self.of(customer_id)
        wanted, known = {sku, *(cart.lines if cart else ())}, self._tables.products
        goods = {each: copy_of_product(known[each].product) for each in wanted if each in known}
        return (cart, goods) if goods else (None, {})

    def save(self, cart: Cart) -> None:
        """Store a cart, new or changed."""
        self._active[cart.customer_id] = self._saved[cart.id] = cart

    def delete(self, cart: Cart) -> None:
        """Remove a cart."""
        self._active[cart.customer_id] = None
        self._saved.pop(cart.id, None)
        self._deleted[cart.id] = cart

    def flush(self) -> None:
        """Write what was noted. Raises: StaleVersion."""
        for cart in self._deleted.values():
            if cart.version:
                self._ensure_fresh(cart)
                self._tables.carts[cart.customer_id] = None
        for cart in self._saved.values():
            self._ensure_fresh(cart)
            cart.version += 1
            self._tables.carts[cart.customer_id] = copy_of_cart(cart)

    def _ensure_fresh(self, cart: Cart) -> None:
        stored = self._tables.carts.get(cart.customer_id)
        if (stored.id, stored.version) != (cart.id, cart.version) if stored else cart.version:
            raise StaleVersion(f"cart of customer {cart.customer_id}")


class MemoryProducts:
    """Products with their stock."""

    def __init__(self, tables: Tables, next_number: Next) -> None:
        self._tables, self._next = tables, next_number
        self._held: Held[Sku, Product] = Held()
        self._added: set[Sku] = set()

    def find(self, skus: Iterable[Sku]) -> dict[Sku, Product]:
        """Those that exist, to look at."""
        return {sku: found for sku in sorted(set(skus)) if (found := self._look(sku))}

    def lock(self, skus: Iterable[Sku]) -> dict[Sku, Product]:
        """Those that exist, the same objects again within one unit of work."""
        found = self.find(skus)
        self._held.loaded.update(found)
        return found

    def add(self, product: Product) -> None:
        """Store a new product."""
        self._held.save(product.sku, product)
        self._added.add(product.sku)

    def save(self, product: Product) -> None:
        """Store a product that was locked."""
        if product.sku not in self._held.loaded:
            raise AssertionError(f"product {product.sku} is saved without having been locked")
        self._held.save(product.sku, product)

    def flush(self) -> None:
        """Write what was noted. Raises: StaleVersion, AssertionError for a change not saved."""
        for sku, product in self._held.loaded.items():
            stored = self._tables.products.get(sku)
            if sku in self._added and stored:
                raise StaleVersion(f"product {sku}")
            if sku in self._held.saved:
                position = stored.position if stored else self._next("product")
                self._tables.products[sku] = StoredProduct(position, copy_of_product(product))
            elif stored and stored.product != product:
                raise AssertionError(f"product {sku} was changed and not saved")

    def _look(self, sku: Sku) -> Product | None:
        stored = self._tables.products.get(sku)
        return self._held.loaded.get(sku) or (copy_of_product(stored.product) if stored else None)


class MemoryOrders:
    """The orders, found by id or by their secret keys."""

    def __init__(self, tables: Tables, noted: list[Order | Payment]) -> None:
        self._tables = tables
        self.held: Held[OrderId, Order] = Held(noted)

    def by_keys(self, keys: Sequence[OrderKey]) -> Sequence[Order]:
        """Those that exist, in the order asked, to look at."""
        ids = [self._tables.order_ids[key] for key in keys if key in self._tables.order_ids]
        return [self._look(order_id) for order_id in ids]

    def find(self, ids: Iterable[OrderId]) -> Sequence[Order]:
        """Those that exist, to look at."""
        return [self._look(order_id) for order_id in sorted(set(ids)) if order_id in self._tables.orders]

    def of_checkout(self, checkout_id: CheckoutId) -> Sequence[Order]:
        """The orders that came from one checkout of a cart, to look at."""
        return [self._look(order_id) for order_id in self._tables.checkouts.get(checkout_id, ())]

    def lock(self, ids: Iterable[OrderId]) -> Sequence[Order]:
        """Those that exist, in the order of their ids."""
        known = [i for i in sorted(set(ids)) if i in self.held.loaded or i in self._tables.orders]
        self.held.loaded.update({order_id: self._look(order_id) for order_id in known})
        return [self.held.loaded[order_id] for order_id in known]

    def add(self, order: Order) -> None:
        """Store a new order."""
        self.held.save(order.id, order)

    def save(self, order: Order) -> None:
        """Store a changed order."""
        self.held.save(order.id, order)

    def flush(self) -> None:
        """Write what was noted. Raises: StaleVersion."""
        tables = self._tables
        for order in self.held.saved.values():
            stored = tables.orders.get(order.id)
            if (stored.version if stored else 0) != order.version:
                raise StaleVersion(f"order {order.id}")
            if tables.order_ids.setdefault(order.key, order.id) != order.id:
                raise StaleVersion(f"the key of order {order.id}")
            if not stored:
                earlier = tables.checkouts.get(order.checkout_id, ())
                tables.checkouts[order.checkout_id] = tuple(sorted((*earlier, order.id)))
            order.version += 1
            tables.orders[order.id] = copy_of_order(order)

    def _look(self, order_id: OrderId) -> Order:
        return self.held.loaded.get(order_id) or copy_of_order(self._tables.orders[order_id])


class MemoryPayments:
    """The payments with their bills."""

    def __init__(self, tables: Tables, noted: list[Order | Payment]) -> None:
        self._tables = tables
        self.held: Held[PaymentId, Payment] = Held(noted)

    def get(self, payment_id: PaymentId) -> Payment | None:
        """To look at."""
        stored = self._tables.payments.get(payment_id)
        return self.held.loaded.get(payment_id) or (copy_of_payment(stored) if stored else None)

    def by_order_id(self, order_id: GatewayOrderId) -> Payment | None:
        """The payment that has this reference at its gateway, to look at."""
        payment_id = self._tables.payment_ids.get(order_id)
        return self.get(payment_id) if payment_id else None

    def by_number(self, method_id: MethodId, number: str) -> Payment | None:
        """The payment that has this number of its method's gateway, to look at."""
        payment_id = self._tables.transactions.get((method_id, number))
        return self.get(payment_id) if payment_id else None

    def lock(self, ids: Iterable[PaymentId]) -> Sequence[Payment]:
        """Those that exist, in the order of their ids."""
        found = [payment for i in sorted(set(ids)) if (payment := self.get(i))]
        self.held.loaded.update({payment.id: payment for payment in found})
        return found

    def add(self, payment: Payment) -> None:
        """Store a new payment."""
        self.held.save(payment.id, payment)

    def save(self, payment: Payment) -> None:
        """Store a changed payment."""
        self.held.save(payment.id, payment)

    def claim_due(self, now: datetime, until: datetime, limit: int) -> Sequence[PaymentId]:
        """What the janitor has to look at, the longest due first."""
        payments = self._tables.payments
        due = sorted((p.look_at, p.id) for p in payments.values() if p.look_at and p.look_at <= now)
        ids = [payment_id for _, payment_id in due[:limit]]
        for payment_id in ids:
            payments[payment_id] = attrs.evolve(copy_of_payment(payments[payment_id]), look_at=until)
        return ids

    def flush(self) -> None:
        """Write what was noted. Raises: StaleVersion."""
        # A payment that takes another's place comes after it is over.
        for payment in sorted(self.held.saved.values(), key=lambda payment: payment.is_under_way):
            stored = self._tables.payments.get(payment.id)
            if (stored.version if stored else 0) != payment.version:
                raise StaleVersion(f"payment {payment.id}")
            self._index(payment)
            self._index_orders(payment)
            payment.version += 1
            self._tables.payments[payment.id] = copy_of_payment(payment)

    def _index(self, payment: Payment) -> None:
        owners = [self._tables.payment_ids.setdefault(payment.order_id, payment.id)]
        if payment.bill.transaction_id:
            number = (payment.method_id, payment.bill.transaction_id)
            owners.append(self._tables.transactions.setdefault(number, payment.id))
        if set(owners) != {payment.id}:
            raise StaleVersion(f"the reference or transaction of payment {payment.id}")

    def _index_orders(self, payment: Payment) -> None:
        under_way = self._tables.under_way
        for order_id in payment.order_ids:
            other = under_way.get(order_id)
            if payment.is_under_way and other not in {None, payment.id}:
                raise StaleVersion(f"order {order_id} has a payment under way")
            if payment.is_under_way or other == payment.id:
                under_way[order_id] = payment.id if payment.is_under_way else None
