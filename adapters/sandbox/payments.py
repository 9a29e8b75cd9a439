"""Payments and refunds as the gateway keeps them, whatever dialect the merchant speaks."""

from collections.abc import Mapping
from enum import StrEnum

import attrs

from adapters.sandbox.cards import Card, Outcome
from adapters.sandbox.refusals import Conflict

PAYMENT_LIFE_SECONDS = 30 * 60.0


class Status(StrEnum):
    """Where a payment stands, in the words of the native dialect."""

    CREATED = "created"
    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"
    CHARGED_BACK = "charged_back"


class RefundStatus(StrEnum):
    """Where a refund stands."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


TAKES_A_CARD = frozenset({Status.CREATED, Status.REQUIRES_ACTION})
UNDECIDED = TAKES_A_CARD | {Status.PENDING}
VOIDABLE = UNDECIDED | {Status.AUTHORIZED}
REFUNDABLE = frozenset({Status.CAPTURED, Status.PARTIALLY_REFUNDED})
HOLDS_MONEY = REFUNDABLE | {Status.REFUNDED, Status.CHARGED_BACK}


@attrs.frozen
class Terms:
    """What the merchant asked for; it never changes afterwards.

    Attributes:
        origin: where the merchant reached us, so that the hosted page is offered under the same address.
        metadata: the merchant's own words, and what else a dialect must remember of the request.
        is_ref_unique: a second payment under the same merchant_ref is refused.
        stays_open: neither a declined card nor a buyer who goes back ends the payment.
        is_asked_late: the buyer's word is only an approval, and the merchant must ask for the money then.

    Units: `amount` in the currency's smallest unit.
    """

    merchant_ref: str
    amount: int
    currency: str
    return_url: str
    cancel_url: str
    notify_url: str | None
    is_manual: bool = False
    metadata: Mapping[str, object] = attrs.field(factory=dict)
    dialect: str = "native"
    origin: str = ""
    is_ref_unique: bool = True
    stays_open: bool = False
    is_asked_late: bool = False
    life_seconds: float = PAYMENT_LIFE_SECONDS

    @property
    def page(self) -> str:
        """Where the hosted pages of this dialect begin."""
        return f"{self.origin}/pay"


@attrs.define
class Payment:
    """One payment, from the merchant's call to its end.

    Every move checks that it is allowed from where the payment stands, so that neither an API call nor a late
    click on the hosted page can take money twice, or from a payment that was closed.

    Units: amounts in the smallest unit, moments in seconds of the sandbox's clock.
    """

    id: str
    terms: Terms
    created_at: float
    expires_at: float
    updated_at: float
    status: Status = Status.CREATED
    amount_authorized: int = 0
    amount_captured: int = 0
    amount_refunded: int = 0
    amount_refunding: int = 0
    decline_code: str | None = None
    card: Card | None = None
    outcome: Outcome = attrs.field(factory=Outcome)
    hidden_until: float | None = None
    is_approved: bool = False

    @property
    def awaits_merchant(self) -> bool:
        """The buyer has agreed and the merchant has yet to ask for the money."""
        return self.is_approved and self.status is Status.PENDING

    @property
    def refundable(self) -> int:
        return self.amount_captured - self.amount_refunded - self.amount_refunding

    def present(self, card: Card, outcome: Outcome) -> None:
        """Notes which card the buyer has shown; the outcome says what the bank will make of it."""
        self._ensure(TAKES_A_CARD, "paid")
        self.card, self.outcome = card, outcome

    def challenge(self, now: float) -> None:
        self._move(Status.REQUIRES_ACTION, now)

    def wait(self, now: float) -> None:
        self._move(Status.PENDING, now)

    def reprice(self, amount: int, now: float) -> None:
        """Asks for another amount than before, while nobody has shown a card."""
        self._ensure({Status.CREATED}, "repriced")
        self.terms = attrs.evolve(self.terms, amount=amount)
        self.updated_at = now

    def approve(self, now: float) -> None:
        """Notes the buyer's word, which the merchant must act upon."""
        self.is_approved = True
        self._move(Status.PENDING, now)

    def present_to_bank(self) -> None:
        """The merchant acts upon the buyer's word, once."""
        if not self.awaits_merchant:
            raise Conflict("not_approved", "The buyer has not approved this payment.")
        self.is_approved = False

    def authorize(self, now: float) -> None:
        self._ensure(UNDECIDED, "authorized")
        self.amount_authorized = self.terms.amount
        self._move(Status.AUTHORIZED, now)

    def capture(self, amount: int | None, now: float) -> int:
        """Takes the held money, or a part of it once and for all; answers how much was taken."""
        self._ensure({Status.AUTHORIZED}, "captured")
        taken = self.amount_authorized if amount is None else amount
        if taken > self.amount_authorized:
            raise Conflict("amount_too_large", f"Only {self.amount_authorized} is authorized.", "amount")
        self.amount_captured = taken
        self._move(Status.CAPTURED, now)
        return taken

    def decline(self, code: str, now: float) -> None:
        self._ensure(UNDECIDED, "declined")
        self.decline_code = code
        self._move(Status.FAILED, now)

    def turn_down(self, code: str, now: float) -> None:
        """Notes a refused card, and leaves the payment open for another."""
        self._ensure(UNDECIDED, "declined")
        self.decline_code = code
        self._move(Status.CREATED, now)

    def cancel(self, now: float) -> None:
        self._ensure(VOIDABLE, "voided")
        self._move(Status.CANCELED, now)

    def expire(self, now: float) -> None:
        self._ensure(UNDECIDED, "expired")
        self._move(Status.EXPIRED, now)

    def promise_refund(self, amount: int | None, now: float) -> int:
        """Sets money aside for a refund that is under way; answers how much."""
        self._ensure(REFUNDABLE, "refunded")
        promised = self.refundable if amount is None else amount
        if not 0 < promised <= self.refundable:
            raise Conflict("amount_too_large", f"Only {self.refundable} can be refunded.", "amount")
        self.amount_refunding += promised
        self.updated_at = now
        return promised

    def give_back(self, amount: int, now: float) -> None:
        """Makes good a promised refund."""
        self.amount_refunding -= amount
        self.amount_refunded += amount
        if self.status in REFUNDABLE:
            is_whole = self.amount_refunded == self.amount_captured
            self._move(Status.REFUNDED if is_whole else Status.PARTIALLY_REFUNDED, now)

    def keep_after_all(self, amount: int, now: float) -> None:
        """Drops a promised refund that the bank would not carry out."""
        self.amount_refunding -= amount
        self.updated_at = now

    def charge_back(self, now: float) -> None:
        self._ensure(REFUNDABLE, "charged back")
        self._move(Status.CHARGED_BACK, now)

    def force(self, status: Status, now: float) -> None:
        """Moves it anywhere at all, with the amounts such a status implies; for the control side alone."""
        if status in HOLDS_MONEY or status is Status.AUTHORIZED:
            self.amount_authorized = self.terms.amount
        if status in HOLDS_MONEY and not self.amount_captured:
            self.amount_captured = self.amount_authorized
        if status is Status.REFUNDED:
            self.amount_refunded = self.amount_captured
        if status is Status.PARTIALLY_REFUNDED and not self.amount_refunded:
            self.amount_refunded = self.amount_captured // 2
        self._move(status, now)

    def _ensure(self, allowed: frozenset[Status] | set[Status], deed: str) -> None:
        if self.status not in allowed:
            raise Conflict("wrong_state", f"A payment that is {self.status} cannot be {deed}.")

    def _move(self, status: Status, now: float) -> None:
        self.status = status
        self.updated_at = now


@attrs.define
class Refund:
    """Money on its way back, or back already."""

    id: str
    payment_id: str
    merchant_ref: str
    amount: int
    currency: str
    reason: str | None
    created_at: float
    updated_at: float
    status: RefundStatus = RefundStatus.PENDING

    def end(self, status: RefundStatus, now: float) -> None:
        self.status = status
        self.updated_at = now
