"""From the documents on the wire to what the features speak of."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.steps.money import format_money, parse_money
from tests.steps.shop import BillSeen, Checkout, Offer, OrderRef, OrderSeen, PaymentRef, PaymentSeen

ORDER_PAYMENT = {"0": "unpaid", "1": "paid", "2": "failed"}
PAYMENT = {"1": "not completed", "2": "success", "3": "failed"}


def money_text(money: Mapping[str, Any] | None) -> str | None:
    """Money of the wire as people write it."""
    return None if money is None else format_money(money["amount"], money["currency"])


def money_document(text: str) -> dict[str, Any]:
    """Money as people write it, for the wire."""
    minor, currency = parse_money(text)
    return {"amount": minor, "currency": currency}


def major_text(amount: Decimal | int, currency: str) -> str:
    """An amount in major units as it was written: its decimals must be the currency's own."""
    text = f"{amount} {currency}"
    parse_money(text)
    return text


def moment(text: str) -> datetime:
    """A point in time, which must be in UTC."""
    time = datetime.fromisoformat(text)
    assert time.utcoffset() == timedelta(0), text
    return time


def checkout_seen(document: Mapping[str, Any], answer: str) -> Checkout:
    """The answer to a checkout."""
    assert document["order_key"] == document["order_keys"][0]
    assert [order["key"] for order in document["orders"]] == document["order_keys"]
    return Checkout(
        orders=tuple(map(OrderRef, document["order_keys"])),
        payment=PaymentRef(document["payment"]["id"]),
        next_step=document["next_step"],
        instructions=document.get("instructions"),
        reference=document.get("reference"),
        due_at=moment(document["due_at"]) if "due_at" in document else None,
        answer=answer,
    )


def order_seen(document: Mapping[str, Any], names: Mapping[str, str]) -> OrderSeen:
    """An order; `names` gives back the goods and sellers of the story."""
    return OrderSeen(
        ref=OrderRef(document.get("key", "")),
        id=document["id"],
        status=document["status"],
        payment_status=ORDER_PAYMENT[document["payment_status"]],
        seller=names.get(document["seller"]),
        total=str(money_text(document["total"])),
        lines={
            names.get(line["sku"], line["sku"]): (line["quantity"], str(money_text(line["unit_price"])))
            for line in document["lines"]
        },
        history=tuple((move["from"], move["to"]) for move in document["history"]),
        next_statuses=frozenset(document["next_statuses"]),
        payments=tuple(map(PaymentRef, document["payments"])),
        reference=document.get("reference"),
    )


def payment_seen(document: Mapping[str, Any], leaks: tuple[str, ...]) -> PaymentSeen:
    """The notes' Payment."""
    currency = document["currency_name"]
    assert document["user_id"] == document["user"]["id"]
    return PaymentSeen(
        id=document["id"],
        status=PAYMENT[document["status"]],
        amount=major_text(document["amount"], currency),
        order_amounts=tuple(major_text(order["amount"], currency) for order in document["orders"]),
        payer=document["user"]["first_name"],
        reference=document["order_id"],
        transaction=document["transaction_id"],
        card=document["card_number"],
        request=document["json_request"],
        reply=document["json_response"],
        created=moment(document["created"]),
        updated=moment(document["updated"]),
        leaks=leaks,
    )


def bill_seen(document: Mapping[str, Any], currency: str) -> BillSeen:
    """The notes' Bill."""
    extra = document["extra"]
    return BillSeen(
        backend=document["backend"],
        amount=format_money(document["amount"], currency),
        transaction=document["transaction_id"],
        first_order=extra["order_pk"],
        orders=tuple(extra["order_pks"]),
        method=extra["payment_method_pk"],
        payment=extra["payment_id"],
        next_step=document["next_step"],
        verified=document["verified"],
        state=document["state"],
        created=moment(document["created_at"]),
        updated=moment(document["updated_at"]),
    )


def offer_seen(document: Mapping[str, Any]) -> Offer:
    """Whether a method may be used."""
    return Offer(usable=document["usable"], reasons=tuple(document.get("reasons") or ()))
