"""A bill: the gateway's side of a payment, and the only ways its state may move."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import attrs

from domain.events import (
    PaymentEvent,
    PaymentFailed,
    PaymentInDoubt,
    PaymentSucceeded,
    PaymentUnderReview,
)
from domain.money import Money


class PaymentStatus(StrEnum):
    """What the outside is told. Not an order's payment status. Source: "Payment Status Values"."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILED = "failed"


class BillState(StrEnum):
    """What we know of the gateway's side: more than three states, so that unknown is not failed."""

    UNSENT = "unsent"
    WAITING = "waiting"
    IN_DOUBT = "in_doubt"
    REVIEW = "review"
    AUTHORISED = "authorised"
    PAID = "paid"
    FAILED = "failed"


_B = BillState

# FAILED has one way out, late money; PAID has none: what is refunded later is counted elsewhere.
PAYMENT_TRANSITIONS: Mapping[tuple[BillState, BillState], type[PaymentEvent] | None] = {
    (_B.UNSENT, _B.WAITING): None,
    (_B.UNSENT, _B.IN_DOUBT): PaymentInDoubt,
    (_B.UNSENT, _B.AUTHORISED): None,
    (_B.UNSENT, _B.PAID): PaymentSucceeded,
    (_B.UNSENT, _B.FAILED): PaymentFailed,
    (_B.UNSENT, _B.REVIEW): PaymentUnderReview,
    (_B.IN_DOUBT, _B.WAITING): None,
    (_B.IN_DOUBT, _B.AUTHORISED): None,
    (_B.IN_DOUBT, _B.PAID): PaymentSucceeded,
    (_B.IN_DOUBT, _B.FAILED): PaymentFailed,
    (_B.IN_DOUBT, _B.REVIEW): PaymentUnderReview,
    (_B.WAITING, _B.AUTHORISED): None,
    (_B.WAITING, _B.PAID): PaymentSucceeded,
    (_B.WAITING, _B.FAILED): PaymentFailed,
    (_B.WAITING, _B.REVIEW): PaymentUnderReview,
    (_B.AUTHORISED, _B.PAID): PaymentSucceeded,
    (_B.AUTHORISED, _B.FAILED): PaymentFailed,
    (_B.AUTHORISED, _B.REVIEW): PaymentUnderReview,
    (_B.REVIEW, _B.PAID): PaymentSucceeded,
    (_B.REVIEW, _B.FAILED): PaymentFailed,
    (_B.FAILED, _B.PAID): PaymentSucceeded,
    (_B.FAILED, _B.REVIEW): PaymentUnderReview,
}

STATUS_OF: Mapping[BillState, PaymentStatus] = {
    _B.UNSENT: PaymentStatus.PENDING,
    _B.WAITING: PaymentStatus.PENDING,
    _B.IN_DOUBT: PaymentStatus.PENDING,
    _B.REVIEW: PaymentStatus.PENDING,
    _B.AUTHORISED: PaymentStatus.PENDING,
    _B.PAID: PaymentStatus.SUCCESS,
    _B.FAILED: PaymentStatus.FAILED,
}

OPEN = frozenset({_B.UNSENT, _B.WAITING, _B.IN_DOUBT, _B.AUTHORISED, _B.REVIEW})

# What people review no longer keeps an order from being paid otherwise.
UNDER_WAY = OPEN - {_B.REVIEW}


@attrs.define(kw_only=True)
class Bill:
    """The gateway's side of a payment. Source: "Bill Model Structure" of the notes.

    `request` and `response` hold JSON as sent to open the payment and as last received, cleaned
    of secrets; `calling_until` is set while somebody waits for the gateway to open it; `named_number` is
    another number of the gateway's, which signed news named and about which nobody could ask it yet.
    """

    backend: str
    amount: Money
    state: BillState = BillState.UNSENT
    transaction_id: str | None = None
    next_step: str | None = None
    request: str = "{}"
    response: str = "{}"
    review: str | None = None
    calling_until: datetime | None = None
    named_number: str | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def verified(self) -> bool:
        """Whether the gateway (for `manual`, staff) has confirmed the money; never turns false."""
        return self.state is BillState.PAID

    @property
    def was_opened(self) -> bool:
        """Whether the gateway has said that it opened it."""
        return self.transaction_id is not None or self.next_step is not None

    @property
    def is_seen(self) -> bool:
        """Whether the customer may know where to pay it."""
        return self.next_step is not None
