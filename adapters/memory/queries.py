"""The memory adapter's questions, outbox and idempotency keys."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import attrs

from adapters.memory.store import MemoryStore
from adapters.memory.tables import (
    StoredClaim,
    StoredEvent,
    Tables,
    copy_of_method,
    copy_of_order,
    copy_of_payment,
    copy_of_product,
)
from application.policy import REPLIES_KEPT
from application.ports import IdempotencyScope, KeptReply, RelayedEvent
from application.storage import Page
from application.views import CartLineView, CartView, Listed, PaymentView, WalletView
from domain.catalog import Product
from domain.errors import IdempotencyKeyInFlight, IdempotencyKeyReused
from domain.ids import CustomerId, MethodCode, OrderKey, PaymentId, Sku
from domain.methods import PaymentMethod
from domain.money import Currency, Money
from domain.order import Order
from domain.payment import Payment
from domain.people import Customer

S = TypeVar("S")
T = TypeVar("T")


def _listed(items: Iterable[tuple[int, S]], page: Page, show: Callable[[S], T]) -> Listed[T]:
    newest = sorted(items, key=lambda item: -item[0])
    rest = [item for item in newest if page.after is None or item[0] < page.after]
    shown = rest[: page.limit]
    has_more = len(rest) > page.limit
    return Listed(tuple(show(item) for _, item in shown), shown[-1][0] if has_more else None)


class MemoryQueries:
    """Questions about what was last committed."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def cart(self, customer_id: CustomerId) -> CartView:
        """The customer's cart."""
        with self._store.reading() as tables:
            cart = tables.carts.get(customer_id)
            lines = cart.lines.items() if cart else ()
            known = [(sku, quantity) for sku, quantity in lines if sku in tables.products]
            return CartView(
                tuple(CartLineView(copy_of_product(tables.products[s].product), n) for s, n in known)
            )

    def product(self, sku: Sku) -> Product | None:
        """One product."""
        with self._store.reading() as tables:
            stored = tables.products.get(sku)
            return copy_of_product(stored.product) if stored else None

    def products(self, page: Page) -> Listed[Product]:
        """All products, newest first."""
        with self._store.reading() as tables:
            items = [(stored.position, stored.product) for stored in tables.products.values()]
            return _listed(items, page, copy_of_product)

    def order(self, key: OrderKey) -> Order | None:
        """One order, by its secret."""
        with self._store.reading() as tables:
            order_id = tables.order_ids.get(key)
            return copy_of_order(tables.orders[order_id]) if order_id else None

    def orders(self, page: Page, customer_id: CustomerId | None) -> Listed[Order]:
        """A customer's orders, newest first; None: everybody's."""
        with self._store.reading() as tables:
            items = [o for o in tables.orders.items() if customer_id in (None, o[1].customer_id)]
            return _listed(items, page, copy_of_order)

    def payment(self, payment_id: PaymentId, customer_id: CustomerId | None) -> PaymentView | None:
        """One payment, if it is this customer's; None: anybody's."""
        with self._store.reading() as tables:
            payment = tables.payments.get(payment_id)
            is_theirs = payment is not None and customer_id in (None, payment.customer_id)
            return self._view(tables, payment) if payment and is_theirs else None

    def payments(self, page: Page, customer_id: CustomerId | None) -> Listed[PaymentView]:
        """A customer's payments, newest first; None: everybody's."""
        with self._store.reading() as tables:
            items = [p for p in tables.payments.items() if customer_id in (None, p[1].customer_id)]
            return _listed(items, page, lambda payment: self._view(tables, payment))

    def methods(self) -> Sequence[PaymentMethod]:
        """Every payment method that was not deleted, oldest first."""
        with self._store.reading() as tables:
            stored = sorted(tables.methods.items())
            return [copy_of_method(kept.method) for _, kept in stored if not kept.is_deleted]

    def method_ever(self, code: MethodCode) -> PaymentMethod | None:
        """The payment method of that code, deleted or not."""
        with self._store.reading() as tables:
            kept = (each.method for each in tables.methods.values())
            return next((copy_of_method(method) for method in kept if method.code == code), None)

    def method(self, code: MethodCode) -> PaymentMethod | None:
        """One payment method."""
        return next((method for method in self.methods() if method.code == code), None)

    def wallet(self, customer_id: CustomerId, page: Page) -> WalletView:
        """A customer's balances, and what was posted, newest first."""
        with self._store.reading() as tables:
            held = sorted(item for item in tables.wallets.items() if item[0][0] == customer_id)
            own = [(n, posting) for n, (owner, posting) in tables.postings.items() if owner == customer_id]
            balances = tuple(wallet.balance for _, wallet in held)
            return WalletView(balances, _listed(own, page, lambda posting: posting))

    def balance(self, customer_id: CustomerId, currency: Currency) -> Money:
        """What a customer's wallet holds in one currency."""
        with self._store.reading() as tables:
            wallet = tables.wallets.get((customer_id, currency.code))
            return wallet.balance if wallet else Money.zero(currency)

    def customer(self, customer_id: CustomerId) -> Customer | None:
        """One customer."""
        with self._store.reading() as tables:
            return tables.customers.get(customer_id)

    def _view(self, tables: Tables, payment: Payment) -> PaymentView:
        user = tables.customers.get(payment.customer_id) if payment.customer_id else None
        return PaymentView(copy_of_payment(payment), user)


class MemoryOutbox:
    """The stored events that still have to be told to others."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def claim(self, now: datetime, until: datetime, limit: int) -> Sequence[RelayedEvent]:
        """The next events due, oldest first: of each subject only the first that is still to tell."""
        with self._store.writing() as draft:
            waiting = [kept for _, kept in sorted(draft.outbox.items()) if kept.delivered_at is None]
            first: dict[tuple[str, int], StoredEvent] = {}
            for kept in sorted(waiting, key=lambda kept: kept.event.sequence):
                first.setdefault((kept.event.subject, kept.event.subject_id), kept)
            due = [kept.event for kept in first.values() if not kept.is_parked and kept.due_at <= now]
            claimed = sorted(due, key=lambda e: e.id)[:limit]
            for event in claimed:
                draft.outbox[event.id] = StoredEvent(event, due_at=until)
            self._store.commit(draft)
        return claimed

    def delivered(self, ids: Iterable[int], claim: datetime, at: datetime) -> None:
        """They were told, by whoever claimed them until `claim`."""
        self._note(ids, claim, lambda kept: attrs.evolve(kept, delivered_at=at))

    def postpone(self, event_id: int, claim: datetime, until: datetime, parked: bool) -> None:
        """It could not be told by whoever claimed it until `claim`: later again, or never if parked."""

        def failed(kept: StoredEvent) -> StoredEvent:
            event = attrs.evolve(kept.event, attempts=kept.event.attempts + 1)
            return StoredEvent(event, due_at=until, is_parked=parked)

        self._note([event_id], claim, failed)

    def _note(
        self, ids: Iterable[int], claim: datetime, change: Callable[[StoredEvent], StoredEvent]
    ) -> None:
        with self._store.writing() as draft:
            for event_id in ids:
                kept = draft.outbox[event_id]
                if kept.due_at == claim:
                    draft.outbox[event_id] = change(kept)
            self._store.commit(draft)


def _is_forgotten(claim: StoredClaim, now: datetime) -> bool:
    return (claim.kept_at or claim.locked_until) + REPLIES_KEPT <= now


class MemoryIdempotencyKeys:
    """Remembers what a client's key was answered."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    def claim(
        self, scope: IdempotencyScope, fingerprint: str, now: datetime, lease: timedelta
    ) -> KeptReply | None:
        """Take the key, or answer what it was answered before.

        Raises: IdempotencyKeyReused, IdempotencyKeyInFlight.
        """
        with self._store.writing() as draft:
            before = draft.claims.get(scope)
            if before and not _is_forgotten(before, now):
                if before.fingerprint != fingerprint:
                    raise IdempotencyKeyReused("the key came with another request before")
                if before.reply:
                    return before.reply
                if now < before.locked_until:
                    raise IdempotencyKeyInFlight("the first request with this key is still running")
            draft.claims[scope] = StoredClaim(fingerprint, now + lease)
            self._store.commit(draft)
            return None

    def keep(self, scope: IdempotencyScope, until: datetime, reply: KeptReply, now: datetime) -> None:
        """Remember the answer; the first one stays."""
        with self._store.writing() as draft:
            before = draft.claims.get(scope)
            if before and before.locked_until == until and not before.reply:
                draft.claims[scope] = attrs.evolve(before, reply=reply, kept_at=now)
                self._store.commit(draft)

    def free(self, scope: IdempotencyScope, until: datetime) -> None:
        """Forget the key: the request did not succeed."""
        with self._store.writing() as draft:
            before = draft.claims.get(scope)
            if before and before.locked_until == until and not before.reply:
                draft.claims[scope] = None
                self._store.commit(draft)
