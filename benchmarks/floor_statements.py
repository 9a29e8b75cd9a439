"""The 26 statements of a minimal checkout, built once; what is the same in every row stands in them.

pgbench runs those of them that write, so both yardsticks and the service fill the same tables.
"""

from sqlalchemy import (
    ColumnElement,
    String,
    any_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from adapters.sql.tables import (
    ORDER_IDS,
    PAYMENT_IDS,
    carts,
    customers,
    idempotency_keys,
    inbox,
    order_lines,
    orders,
    outbox,
    payment_methods,
    payment_orders,
    payments,
    products,
)


def _fixed(**values: str | int) -> dict[str, ColumnElement[object]]:
    """Values that no request changes; a bound parameter each would cost time for nothing."""
    return {
        name: literal_column(f"'{value}'" if isinstance(value, str) else str(value).lower())
        for name, value in values.items()
    }


_NOW = func.now()
# One text costs the driver less than a list of them.
_skus = func.string_to_array(bindparam("the_skus", type_=String), literal_column("','"))

# An item is put into the cart, twice: three statements each.
PRODUCT = select(products.c.name, products.c.price, products.c.currency).where(
    products.c.sku == bindparam("the_sku")
)
CART = select(carts.c.lines).where(carts.c.customer_id == bindparam("the_customer"))
_put = upsert(carts).values(**_fixed(version=1))
PUT_CART = _put.on_conflict_do_update(
    index_elements=[carts.c.customer_id],
    set_={"lines": _put.excluded.lines, "version": carts.c.version + literal_column("1")},
)

# The checkout: six to read and number, four kinds of rows with two lines, the stock, the key twice.
TAKE_KEY = insert(idempotency_keys).values(locked_until=_NOW, **_fixed(fingerprint=""))
LOCK_CART = CART.with_for_update()
CUSTOMER = select(customers.c.email, customers.c.first_name, customers.c.last_name).where(
    customers.c.id == bindparam("the_customer")
)
METHOD = select(payment_methods.c.id, payment_methods.c.backend).where(
    payment_methods.c.code == bindparam("the_code")
)
PRODUCTS = select(products.c.sku, products.c.name, products.c.price).where(products.c.sku == any_(_skus))
NUMBERS = select(ORDER_IDS.next_value().label("order"), PAYMENT_IDS.next_value().label("payment"))
ADD_ORDER = insert(orders).values(
    created_at=_NOW,
    updated_at=_NOW,
    **_fixed(seller="Kassa", status="HOLD", payment_status="unpaid", currency="AZN", exponent=2),
    **_fixed(history="[]", sequence=1, version=1),
)
ADD_LINES = insert(order_lines).values(**_fixed(quantity=1))
ADD_PAYMENT = insert(payments).values(
    created_at=_NOW,
    updated_at=_NOW,
    bill_created_at=_NOW,
    bill_updated_at=_NOW,
    **_fixed(method_code="card", auto_approve=True, is_offline=False, is_approved=False, looks=0),
    **_fixed(backend="sandbox", currency="AZN", exponent=2, state="waiting", is_under_way=True),
    **_fixed(sequence=1, version=1),
)
ADD_SHARE = insert(payment_orders).values(**_fixed(position=0, is_under_way=True))
RESERVE = (
    update(products)
    .where(order_lines.c.order_id == bindparam("the_order"), products.c.sku == order_lines.c.sku)
    .values(reserved=products.c.reserved + order_lines.c.quantity)
)
KEEP_ANSWER = (
    update(idempotency_keys)
    .where(idempotency_keys.c.scope_hash == bindparam("the_scope"))
    .values(kept_at=_NOW, **_fixed(status=201))
)

# The callback: one to read, the news and all that follows from it to write.
PAYMENT = (
    select(payments.c.id, payments.c.customer_id, payments.c.amount, payment_orders.c.order_id)
    .join(payment_orders, payment_orders.c.payment_id == payments.c.id)
    .where(payments.c.order_id == bindparam("the_reference"))
)
ADD_NEWS = insert(inbox).values(
    received_at=_NOW,
    **_fixed(method_code="card", http_method="POST", query="", verdict="received"),
)
PAY = (
    update(payments)
    .where(payments.c.id == bindparam("the_payment"))
    .values(
        updated_at=_NOW,
        bill_updated_at=_NOW,
        **_fixed(state="paid", is_under_way=False, card_mask="4111******1111", version=2),
    )
)
PROCESS = (
    update(orders)
    .where(orders.c.id == bindparam("the_order"))
    .values(updated_at=_NOW, **_fixed(status="PROCESSING", payment_status="paid", version=2))
)
SELL = (
    update(products)
    .where(order_lines.c.order_id == bindparam("the_order"), products.c.sku == order_lines.c.sku)
    .values(
        on_hand=products.c.on_hand - order_lines.c.quantity,
        reserved=products.c.reserved - order_lines.c.quantity,
    )
)
CLEAR_CART = delete(carts).where(carts.c.customer_id == bindparam("the_customer"))
ADD_EVENT = insert(outbox).values(
    occurred_at=_NOW,
    due_at=_NOW,
    **_fixed(type="order.paid", subject="order", sequence=1, attempts=0, is_parked=False),
)
