"""Rows and aggregates, turned into each other by constructors, which check every row again."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import groupby
from typing import Any

import attrs

from adapters.sql.statements import AnyRow
from application.ports import Vault
from domain.bill import Bill, BillState
from domain.ids import OrderKey, PaymentId
from domain.money import Currency, Money
from domain.order import Move, Order, OrderLine, PlacedWith
from domain.order_status import OrderPaymentStatus, OrderStatus
from domain.payment import Payment
from domain.payment_record import MaskedCard, Share
from domain.people import Contact

Record = Mapping[str, Any]


def to_json(value: object) -> str:
    """JSON text as stored: ASCII, without blanks."""
    return json.dumps(value, separators=(",", ":"))


def hash_of_key(key: OrderKey) -> str:
    """What an order is found by, so that its secret need not be stored readably."""
    return sha256(key.encode()).hexdigest()


def orders_from_rows(rows: Iterable[AnyRow], vault: Vault) -> list[Order]:
    """Orders from one row for each line, an order's rows together and in its lines' order.

    Raises: ValueError for a stored total that its lines do not come to; nobody acts on that.
    """
    groups = [list(group) for _, group in groupby(rows, lambda row: row.id)]
    orders = [order_from_rows(group, vault) for group in groups]
    for order, (row, *_) in zip(orders, groups, strict=True):
        if order.total.minor != row.total:
            raise ValueError(f"order {order.id}: its lines come to {order.total.minor}, not {row.total}")
    return orders


def order_from_rows(rows: Sequence[AnyRow], vault: Vault) -> Order:
    """One order as it is stored."""
    row = rows[0]
    currency = Currency(row.currency, row.exponent)
    return Order(
        id=row.id,
        key=OrderKey(vault.open(row.key_sealed)),
        checkout_id=row.checkout_id,
        cart_id=row.cart_id,
        customer_id=row.customer_id,
        seller=row.seller,
        lines=tuple(
            OrderLine(line.sku, line.name, line.quantity, Money(line.unit_price, currency)) for line in rows
        ),
        placed_with=_placed_with(json.loads(row.placed_with)),
        status=OrderStatus(row.status),
        payment_status=OrderPaymentStatus(row.payment_status),
        payment_id=row.payment_id,
        payment_ids=_payment_ids(row.payment_ids),
        instructions=row.instructions,
        reference=row.reference,
        due_at=row.due_at,
        history=tuple(map(_move_from_json, json.loads(row.history))),
        created_at=row.created_at,
        updated_at=row.updated_at,
        sequence=row.sequence,
        version=row.version,
    )


def _payment_ids(joined: str | None) -> tuple[PaymentId, ...]:
    return tuple(PaymentId(number) for number in sorted(map(int, joined.split(",")))) if joined else ()


def _placed_with(stored: dict[str, Any]) -> PlacedWith:
    contact = Contact(**stored.pop("contact")) if stored["contact"] else None
    stored.pop("contact", None)
    return PlacedWith(contact=contact, **stored)


def _move_from_json(stored: Sequence[Any]) -> Move:
    moved_from, to, at, by, reason = stored
    return Move(OrderStatus(moved_from), OrderStatus(to), datetime.fromisoformat(at), by, reason)


def _move_to_json(move: Move) -> Sequence[object]:
    return [move.moved_from, move.to, move.at.isoformat(), move.by, move.reason]


def order_to_row(order: Order, vault: Vault) -> Record:
    """The row of a new order: what it was born with, and how it stands."""
    total = order.total
    return {
        "id": order.id,
        "key_hash": hash_of_key(order.key),
        "key_sealed": vault.seal(order.key),
        "checkout_id": order.checkout_id,
        "customer_id": order.customer_id,
        "seller": order.seller,
        "total": total.minor,
        "currency": total.currency.code,
        "exponent": total.currency.exponent,
        "placed_with": to_json(attrs.asdict(order.placed_with)),
        "created_at": order.created_at,
        **order_changes(order),
    }


def order_changes(order: Order) -> Record:
    """What of an order can change after it was placed, its version apart."""
    return {
        "cart_id": order.cart_id,
        "status": order.status.value,
        "payment_status": order.payment_status.value,
        "payment_id": order.payment_id,
        "instructions": order.instructions,
        "reference": order.reference,
        "due_at": order.due_at,
        "history": to_json(list(map(_move_to_json, order.history))),
        "updated_at": order.updated_at,
        "sequence": order.sequence,
    }


def lines_to_rows(order: Order) -> Iterator[Record]:
    """The rows of an order's lines."""
    for position, line in enumerate(order.lines):
        yield {
            "order_id": order.id,
            "position": position,
            "sku": line.sku,
            "name": line.name,
            "quantity": line.quantity,
            "unit_price": line.unit_price.minor,
        }


def payments_from_rows(rows: Iterable[AnyRow]) -> list[Payment]:
    """Payments from one row for each order, a payment's rows together and in its orders' order.

    Raises: ValueError for an amount that its shares do not come to; nobody acts on that.
    """
    payments = [payment_from_rows(list(group)) for _, group in groupby(rows, lambda row: row.id)]
    for payment in payments:
        if Money.sum(share.amount for share in payment.shares) != payment.amount:
            raise ValueError(f"payment {payment.id}: its shares do not come to {payment.amount}")
    return payments


def payment_from_rows(rows: Sequence[AnyRow]) -> Payment:
    """One payment with its bill, as it is stored."""
    row = rows[0]
    bill = _bill_from_row(row)
    shares = tuple(Share(link.share_order_id, Money(link.share, bill.amount.currency)) for link in rows)
    return Payment(
        id=row.id,
        order_id=row.order_id,
        customer_id=row.customer_id,
        shares=shares,
        bill=bill,
        method_id=row.method_id,
        method_code=row.method_code,
        auto_approve=row.auto_approve,
        is_offline=row.is_offline,
        is_approved=row.is_approved,
        card=MaskedCard(row.card_mask) if row.card_mask else None,
        failure=row.failure,
        return_url=row.return_url,
        expires_at=row.expires_at,
        look_at=row.look_at,
        looks=row.looks,
        created_at=row.created_at,
        updated_at=row.updated_at,
        sequence=row.sequence,
        version=row.version,
    )


def _bill_from_row(row: AnyRow) -> Bill:
    return Bill(
        backend=row.backend,
        amount=Money(row.amount, Currency(row.currency, row.exponent)),
        state=BillState(row.state),
        transaction_id=row.transaction_id,
        next_step=row.next_step,
        request=row.request,
        response=row.response,
        review=row.review,
        calling_until=row.calling_until,
        named_number=row.named_number,
        created_at=row.bill_created_at,
        updated_at=row.bill_updated_at,
    )


def payment_to_row(payment: Payment) -> Record:
    """The row of a new payment: what it was born with, and how it stands."""
    bill = payment.bill
    return {
        "id": payment.id,
        "order_id": payment.order_id,
        "customer_id": payment.customer_id,
        "method_id": payment.method_id,
        "method_code": payment.method_code,
        "auto_approve": payment.auto_approve,
        "is_offline": payment.is_offline,
        "created_at": payment.created_at,
        "backend": bill.backend,
        "amount": bill.amount.minor,
        "currency": bill.amount.currency.code,
        "exponent": bill.amount.currency.exponent,
        "bill_created_at": bill.created_at,
        **payment_changes(payment),
    }


def payment_changes(payment: Payment) -> Record:
    """What of a payment can change after it was opened, its version apart."""
    bill = payment.bill
    return {
        "is_approved": payment.is_approved,
        "card_mask": payment.card.mask if payment.card else None,
        "failure": payment.failure,
        "return_url": payment.return_url,
        "expires_at": payment.expires_at,
        "look_at": payment.look_at,
        "looks": payment.looks,
        "updated_at": payment.updated_at,
        "sequence": payment.sequence,
        "state": bill.state.value,
        "transaction_id": bill.transaction_id,
        "next_step": bill.next_step,
        "request": bill.request,
        "response": bill.response,
        "review": bill.review,
        "calling_until": bill.calling_until,
        "named_number": bill.named_number,
        "bill_updated_at": bill.updated_at,
        "is_under_way": payment.is_under_way,
    }


def shares_to_rows(payment: Payment) -> Iterator[Record]:
    """The rows that link a payment to its orders."""
    for position, share in enumerate(payment.shares):
        yield {
            "payment_id": payment.id,
            "position": position,
            "order_id": share.order_id,
            "amount": share.amount.minor,
            "is_under_way": payment.is_under_way,
        }
