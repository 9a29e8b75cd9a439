"""Fresh ids, known before anything is stored: from sequences, which SQLite has to be given as a table."""

from collections.abc import Callable, Mapping

from sqlalchemy import ARRAY, BigInteger, bindparam, case, or_, select, text, update

from adapters.sql.session import Session
from adapters.sql.tables import METHOD_IDS, sequences
from application.repositories import Numbers
from domain.ids import MethodId, OrderId, PaymentId

_COUNT = (
    update(sequences)
    .where(or_(sequences.c.name == "order", sequences.c.name == "payment"))
    .values(last=sequences.c.last + case((sequences.c.name == "order", bindparam("orders")), else_=1))
    .returning(sequences.c.name, sequences.c.last)
)
_DRAW = text(
    "SELECT ARRAY(SELECT nextval('order_ids') FROM generate_series(1, CAST(:orders AS integer))) AS orders,"
    " nextval('payment_ids') AS payment"
).columns(orders=ARRAY(BigInteger), payment=BigInteger)
_NEXT_METHOD = {
    "sqlite": (
        update(sequences)
        .where(sequences.c.name == "method")
        .values(last=sequences.c.last + 1)
        .returning(sequences.c.last)
    ),
    "postgresql": select(METHOD_IDS.next_value().label("last")),
}


def next_numbers(session: Session, orders: int) -> Numbers:
    """Ids for that many orders and one payment."""
    return _NUMBERS[session.dialect](session, orders)


def next_method_id(session: Session) -> MethodId:
    """An id for a payment method."""
    return MethodId(session.run(_NEXT_METHOD[session.dialect]).one().last)


def _counted(session: Session, orders: int) -> Numbers:
    last: dict[str, int] = {row.name: row.last for row in session.run(_COUNT, {"orders": orders})}
    first = last["order"] - orders + 1
    ids = tuple(OrderId(number) for number in range(first, last["order"] + 1))
    return Numbers(ids, PaymentId(last["payment"]))


def _drawn(session: Session, orders: int) -> Numbers:
    # A sequence gives its numbers away at once: those of a transaction that fails are never used,
    # and nobody waits for anybody.
    row = session.run(_DRAW, {"orders": orders}).one()
    return Numbers(tuple(map(OrderId, row.orders)), PaymentId(row.payment))


_NUMBERS: Mapping[str, Callable[[Session, int], Numbers]] = {"sqlite": _counted, "postgresql": _drawn}
