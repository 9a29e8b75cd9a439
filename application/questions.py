"""A question to a gateway about a payment, and what came of it."""

from collections.abc import Callable, Sequence

import attrs

from application.storage import UnitOfWork
from domain.ids import Actor
from domain.order import Order
from domain.verdict import VerdictStatus


@attrs.frozen(kw_only=True)
class Question:
    """How and for whom a gateway is asked.

    `closing`: close the payment there if nobody has paid it, for this reason; `patient`: do not
    take one "no such payment" for an answer. `by_person`: staff asked. `number`: ask about this one in
    place of the bill's own, because news named it. `then` runs in the same transaction when the payment
    has ended without money, and says whether that was what it wanted.
    """

    by: Actor | None = None
    by_person: bool = False
    closing: str | None = None
    patient: bool = True
    within_seconds: float | None = None
    inbox_id: int | None = None
    number: str | None = None
    then: Callable[[UnitOfWork, Sequence[Order]], bool] | None = None


@attrs.frozen
class Answer:
    """What the gateway said, and whether what was to happen then has happened."""

    status: VerdictStatus
    is_done: bool
