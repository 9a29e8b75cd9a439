"""Where a returning customer lands."""

from enum import StrEnum

import attrs

from domain.bill import PaymentStatus
from domain.ids import OrderKey


class Outcome(StrEnum):
    """What a returning customer is told."""

    SUCCESS = "success"
    PENDING = "pending"
    FAILED = "failed"


@attrs.frozen(kw_only=True)
class Landing:
    """Where a returning customer lands; without a known payment there is nothing but the outcome."""

    outcome: Outcome
    return_url: str | None = None
    order_key: OrderKey | None = None


OUTCOMES = {
    PaymentStatus.PENDING: Outcome.PENDING,
    PaymentStatus.SUCCESS: Outcome.SUCCESS,
    PaymentStatus.FAILED: Outcome.FAILED,
}
