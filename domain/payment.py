"""A payment and its bill: one attempt to collect the money of one or more orders."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from domain.bill import OPEN, PAYMENT_TRANSITIONS, STATUS_OF, UNDER_WAY, Bill, BillState, PaymentStatus
from domain.cards import card_mask
from domain.errors import Conflict, IllegalTransition, NotYetPaid
from domain.events import (
    PaymentApproved,
    PaymentEvent,
    PaymentStarted,
    PaymentUnderReview,
)
from domain.ids import Actor, CustomerId, GatewayOrderId, MethodCode, MethodId, OrderId, PaymentId
from domain.money import Money
from domain.order import Order
from domain.verdict import Verdict, VerdictStatus
from domain.wallet import WALLET

# The janitor's pauses double from the first one up to this many times it; once the payment has
# ended here nobody waits any more, and they grow longer.
LOOK_GROWTH_MAX = 12
LATE_PAUSE_MAX = timedelta(days=1)

TOO_LATE = "the money came too late: the orders cannot be had any more"


class Settlement(StrEnum):
    """What a gateway's answer did to a payment."""

    APPLIED = "applied"
    REPLAYED = "replayed"
    UNCHANGED = "unchanged"
    REVIEW = "review"


@attrs.frozen
class Share:
    """What one order contributes to a payment. Source: PaymentOrderModel of the notes."""

    order_id: OrderId
    amount: Money


@attrs.frozen
class MaskedCard:
    """A card number of which at most the first four and last four digits are left."""

    mask: str


@attrs.define(kw_only=True)
class Payment:
    """One attempt to collect the money of one or more orders, in one currency; it has one bill.

    The bill has no life of its own, so it shares its payment's `id`.
    Units: `looks` counts the janitor's looks since the last news that the gateway answered.
    `expires_at` ends the hold, None for never; `look_at` is when the janitor looks next, None when
    nothing is left to learn.
    """

    id: PaymentId
    order_id: GatewayOrderId
    customer_id: CustomerId | None
    shares: tuple[Share, ...]
    bill: Bill
    method_id: MethodId
    method_code: MethodCode
    auto_approve: bool
    is_offline: bool
    is_approved: bool = False
    card: MaskedCard | None = None
    failure: str | None = None
    return_url: str | None = None
    expires_at: datetime | None = None
    look_at: datetime | None = None
    looks: int = 0
    created_at: datetime
    updated_at: datetime
    sequence: int = 0
    version: int = 0
    _events: list[PaymentEvent] = attrs.field(factory=list, init=False, repr=False, eq=False)

    @classmethod
    def open(
        cls,
        *,
        id: PaymentId,  # noqa: A002 -- the field's name
        order_id: GatewayOrderId,
        orders: Sequence[Order],
        method_id: MethodId,
        method_code: MethodCode,
        backend: str,
        auto_approve: bool,
        is_offline: bool,
        expires_at: datetime | None,
        return_url: str | None,
        by: Actor,
        now: datetime,
    ) -> "Payment":
        """Begin an attempt for these orders. Raises: CurrencyMismatch, ValueError for no orders."""
        shares = tuple(Share(order.id, order.total) for order in orders)
        amount = Money.sum(share.amount for share in shares)
        payment = cls(
            id=id,
            order_id=order_id,
            customer_id=orders[0].customer_id,
            shares=shares,
            bill=Bill(backend=backend, amount=amount, created_at=now, updated_at=now),
            method_id=method_id,
            method_code=method_code,
            auto_approve=auto_approve,
            is_offline=is_offline,
            return_url=return_url,
            expires_at=expires_at,
            look_at=expires_at,
            created_at=now,
            updated_at=now,
        )
        payment._record(PaymentStarted, by, now, None)
        return payment

    @property
    def amount(self) -> Money:
        """The sum of its orders' shares."""
        return self.bill.amount

    @property
    def order_ids(self) -> tuple[OrderId, ...]:
        """The orders that this payment is for."""
        return tuple(share.order_id for share in self.shares)

    @property
    def status(self) -> PaymentStatus:
        """What the outside is told; a function of the bill's state, so the two cannot part."""
        return STATUS_OF[self.bill.state]

    @property
    def is_open(self) -> bool:
        """Whether money may still come in the ordinary way, or a person has to decide."""
        return self.bill.state in OPEN

    @property
    def drew_on_wallet(self) -> bool:
        """Whether its money lies with ourselves, to be given back there."""
        return self.bill.backend == WALLET

    @property
    def is_under_way(self) -> bool:
        """Whether it still may be paid and no other may; an order has one such payment at most."""
        return self.bill.state in UNDER_WAY

    def is_being_opened(self, now: datetime) -> bool:
        """Whether somebody else waits for the gateway to open this payment right now."""
        return self.bill.calling_until is not None and now < self.bill.calling_until

    def call_gateway(self, now: datetime, patience: timedelta) -> None:
        """Note, before the gateway is called, that it is; two callers never open one bill at once."""
        self.bill.calling_until = now + patience
        self.look_at = self._sooner(now + patience)

    def opened(
        self, transaction_id: str | None, next_step: str | None, request: str, response: str, now: datetime
    ) -> None:
        """The gateway opened the payment; a callback may have come first, which is kept."""
        bill = self.bill
        bill.transaction_id = transaction_id or bill.transaction_id
        bill.next_step = next_step or bill.next_step
        bill.request, bill.calling_until = request, None
        if bill.state is not BillState.PAID:
            bill.response = response
        if bill.state in {BillState.UNSENT, BillState.IN_DOUBT}:
            self._move(BillState.WAITING, None, now, None)
        if bill.state is BillState.FAILED:
            self._close_there(now)
        self._touch(now)

    def not_opened(self, by: Actor, now: datetime, *, sent: bool) -> None:
        """The gateway did not answer; `sent` when it may have heard us, and only then it is in doubt."""
        self.bill.calling_until = None
        if sent and self.bill.state is BillState.UNSENT:
            self._move(BillState.IN_DOUBT, by, now, None)
        self._touch(now)

    def settle(
        self,
        verdict: Verdict,
        *,
        deliverable: bool,
        by: Actor,
        now: datetime,
        by_person: bool = False,
        closing: str | None = None,
    ) -> Settlement:
        """Make the one guarded transition that the gateway's own answer calls for.

        `deliverable`: whether every order can still be had for this money. `by_person`: whether
        a member of staff asked, who alone may end a review. `closing`: why we closed it there, the
        reason that a failure then has. Never raises for what a gateway says.
        """
        state, status = self.bill.state, verdict.status
        if state is BillState.PAID or (state is BillState.REVIEW and not by_person):
            self.stop_looking()
        if not verdict.is_about(self.order_id, self.bill.transaction_id):
            return self._settle_foreign(verdict, by, now, by_person=by_person)
        self._learn(verdict, now)
        if state is BillState.PAID:
            return self._settle_paid(verdict, by, now)
        if state is BillState.REVIEW and not by_person:
            return Settlement.REPLAYED
        if status in {VerdictStatus.ABSENT, VerdictStatus.PENDING}:
            return self._still_open(status, now)
        if status is VerdictStatus.FAILED:
            return self._settle_failed(verdict, closing, by, now)
        mismatch = verdict.mismatch(self.bill.amount)
        if status is VerdictStatus.AUTHORISED and not mismatch:
            return self._settle_authorised(by, now)
        if mismatch or status is not VerdictStatus.SUCCEEDED:
            return self.review(mismatch or f"the gateway says {status}", by, now)
        if not deliverable:
            return self.review(TOO_LATE, by, now)
        return self._pay(by, now, approved=self.auto_approve)

    def approve(self, by: Actor, now: datetime) -> Settlement:
        """Staff's word: for `manual` that the money is there, else that the orders may go on.

        Raises: NotYetPaid before the gateway has confirmed, Conflict for a payment that failed.
        """
        if self.is_approved:
            return Settlement.REPLAYED
        if self.bill.state is BillState.FAILED:
            raise Conflict("the payment has failed")
        if self.bill.state is BillState.PAID:
            self.is_approved = True
            self._record(PaymentApproved, by, now, None)
            return Settlement.APPLIED
        if not self.is_offline:
            raise NotYetPaid("the gateway has not confirmed the money yet")
        return self._pay(by, now, approved=True)

    def shortcoming(self, received: Money) -> str | None:
        """Why money that came without a gateway does not pay this bill; None when it does."""
        if self.bill.state in {BillState.PAID, BillState.REVIEW}:
            already = "paid" if self.bill.verified else "under review"
            return f"{received} came, and the payment was {already} already"
        is_enough = received.currency == self.amount.currency and not received < self.amount
        return None if is_enough else f"{received} came, {self.amount} are due"

    def receive(
        self, received: Money, source: str, evidence: str, *, deliverable: bool, by: Actor, now: datetime
    ) -> Settlement:
        """Money came without a gateway: enough of it pays, and stands for staff's approval.

        What is too little, too late or too much is for a person. Shape: `source` names where the
        money stands written, uniquely; `evidence` is what stands there, in JSON, cleaned.
        """
        why = self.shortcoming(received) or (None if deliverable else TOO_LATE)
        if why:
            return self.review(f"{source}: {why}", by, now)
        self.bill.transaction_id, self.bill.response = source, evidence
        self._pay(by, now, approved=True)
        if received != self.amount:
            self.review(f"{source}: {received - self.amount} more came than were due", by, now)
        return Settlement.APPLIED

    def wait_offline(self, now: datetime) -> None:
        """The customer pays without a gateway; nobody is asked, staff say when the money is there."""
        self._move(BillState.WAITING, None, now, None)

    def pay_at_once(self, by: Actor, now: datetime) -> None:
        """The money is there within the checkout: taken as given, or from a wallet."""
        self._pay(by, now, approved=self.auto_approve)

    def fail(self, reason: str, by: Actor, now: datetime, *, still_open_there: bool = False) -> None:
        """End the attempt without money. Raises: IllegalTransition once paid, or failed already.

        `still_open_there`: the gateway may still take money, so the janitor has to close it.
        """
        self._ensure_may_become(BillState.FAILED)
        self.failure = reason
        self._move(BillState.FAILED, by, now, reason)
        self.expires_at = self.bill.review = None
        self.look_at = now if still_open_there else None
        self.looks = 0

    def review(self, why: str, by: Actor, now: datetime) -> Settlement:
        """What is heard does not fit: a person decides, nothing expires meanwhile; paid stays paid."""
        if self.bill.verified:
            self._record(PaymentUnderReview, by, now, why)
        elif self.bill.state is not BillState.REVIEW:
            self._move(BillState.REVIEW, by, now, why)
        self.bill.review, self.look_at, self.expires_at = why, None, None
        self._touch(now)
        return Settlement.REVIEW

    def owe(self, order: Order, by: Actor, now: datetime) -> None:
        """A paid order was given up: its share has to go back, and until it has a person watches."""
        self.review(f"order {order.number} was cancelled: its share is to be refunded", by, now)

    def look_later(
        self, now: datetime, first_pause: timedelta, watched_until: datetime, *, is_answered: bool = True
    ) -> None:
        """The janitor has looked, and plans its next look in place of its claim on this one.

        Pauses grow, and the end of the hold is never slept through. Silence makes nothing surer, so
        it is not counted, and the pause is then as long as nothing has been learned. What has ended
        here is watched until then, for money that comes late. Under review nothing is planned.
        """
        is_over = not self.is_open and watched_until <= now
        grown = first_pause * 2 ** min(self.looks, 20) if is_answered else now - self.updated_at
        longest = first_pause * LOOK_GROWTH_MAX if self.is_open else LATE_PAUSE_MAX
        moment = now + max(first_pause, min(grown, longest))
        self.looks += is_answered
        if self.bill.state is BillState.REVIEW:
            return
        if self.is_open:
            self.look_at = self._sooner(moment) if self._is_held(now) else moment
        else:
            self.look_at = None if is_over else min(moment, watched_until)

    def look_soon(self, now: datetime, first_pause: timedelta) -> None:
        """There is news that could not be confirmed yet: look again after the first pause.

        A look that is planned already is only ever brought forward: a customer who keeps coming
        back cannot put off the end of a hold. Under review nothing is planned.
        """
        self.looks = 1
        if self.bill.state is not BillState.REVIEW:
            soon = self._sooner(now + first_pause) if self._is_held(now) else now + first_pause
            self.look_at = min(soon, self.look_at) if self.look_at else soon

    def give_claim_back(self, claimed: datetime | None, now: datetime, first_pause: timedelta) -> None:
        """Somebody changed it while the janitor looked, and planned no look in place of its claim."""
        if self.look_at is not None and self.look_at == claimed:
            self.look_soon(now, first_pause)

    def stop_looking(self) -> None:
        """Nothing is left to learn from the gateway."""
        self.look_at = None

    def pull_events(self) -> list[PaymentEvent]:
        """Hand over what happened since the last call."""
        events, self._events = self._events, []
        return events

    def snapshot(self) -> Mapping[str, object]:
        """The payment as it stands, in JSON's types, without secrets."""
        return {
            "id": self.id,
            "order_id": self.order_id,
            "status": str(self.status),
            "state": str(self.bill.state),
            "amount": {"amount": self.amount.minor, "currency": self.amount.currency.code},
            "orders": list(self.order_ids),
            "payment_method": self.method_code,
            "failure": self.failure,
        }

    def _learn(self, verdict: Verdict, now: datetime) -> None:
        bill, before = self.bill, (self.bill.transaction_id, self.bill.response, self.card)
        bill.transaction_id = bill.transaction_id or verdict.transaction_id
        bill.response = verdict.response or bill.response
        shown = card_mask(verdict.card_mask) if verdict.card_mask else None
        self.card = MaskedCard(shown) if shown else self.card
        if before != (bill.transaction_id, bill.response, self.card):
            self._touch(now)

    def _settle_foreign(self, verdict: Verdict, by: Actor, now: datetime, *, by_person: bool) -> Settlement:
        # An answer about something else proves nothing, but claimed money is never just dropped.
        claims_money = verdict.status in {VerdictStatus.SUCCEEDED, VerdictStatus.AUTHORISED}
        if not claims_money or self.bill.state is BillState.PAID:
            return Settlement.UNCHANGED
        if self.bill.state is BillState.REVIEW and not by_person:
            return Settlement.REPLAYED
        return self.review("the gateway's answer is about another payment", by, now)

    def _settle_paid(self, verdict: Verdict, by: Actor, now: datetime) -> Settlement:
        # Money that was confirmed stays confirmed; a dispute needs a person, a "no" is only noise.
        if verdict.status is VerdictStatus.DISPUTED and not self.bill.review:
            return self.review("the payment is disputed", by, now)
        return Settlement.REPLAYED

    def _still_open(self, status: VerdictStatus, now: datetime) -> Settlement:
        known, state = status is VerdictStatus.PENDING, self.bill.state
        crashed = state is BillState.UNSENT and not self.is_being_opened(now)
        if known and (state is BillState.IN_DOUBT or crashed):
            self._move(BillState.WAITING, None, now, None)
        return self._close_there(now) if known and state is BillState.FAILED else Settlement.UNCHANGED

    def _close_there(self, now: datetime) -> Settlement:
        # It ended here, yet the gateway would still take money: the janitor closes it.
        self.look_at = self.look_at or now
        return Settlement.UNCHANGED

    def _settle_failed(self, verdict: Verdict, closing: str | None, by: Actor, now: datetime) -> Settlement:
        if self.bill.state is BillState.FAILED:
            self.stop_looking()
            return Settlement.REPLAYED
        declined = verdict.decline and f"the bank refused it ({verdict.decline})"
        self.fail(declined or closing or f"the gateway says {verdict.word}", by, now)
        return Settlement.APPLIED

    def _settle_authorised(self, by: Actor, now: datetime) -> Settlement:
        if self.bill.state is BillState.FAILED:
            return self._close_there(now)
        if self.bill.state in {BillState.AUTHORISED, BillState.REVIEW}:
            return Settlement.UNCHANGED
        self._move(BillState.AUTHORISED, by, now, None)
        self.look_at = self._sooner(self.look_at or now)
        return Settlement.APPLIED

    def _pay(self, by: Actor, now: datetime, *, approved: bool) -> Settlement:
        self._ensure_may_become(BillState.PAID)
        self.is_approved = approved
        self.bill.review = self.failure = self.expires_at = self.look_at = None
        self._move(BillState.PAID, by, now, None)
        return Settlement.APPLIED

    def _is_held(self, now: datetime) -> bool:
        return self.expires_at is not None and now < self.expires_at

    def _sooner(self, moment: datetime) -> datetime:
        return min(moment, self.expires_at) if self.expires_at else moment

    def _touch(self, now: datetime) -> None:
        self.updated_at = self.bill.updated_at = now

    def _move(self, to: BillState, by: Actor | None, now: datetime, reason: str | None) -> None:
        self._ensure_may_become(to)
        event = PAYMENT_TRANSITIONS[self.bill.state, to]
        self.bill.state = to
        self._touch(now)
        if event and by:
            self._record(event, by, now, reason)

    def _ensure_may_become(self, to: BillState) -> None:
        if (self.bill.state, to) not in PAYMENT_TRANSITIONS:
            raise IllegalTransition(f"a bill does not go from {self.bill.state} to {to}")

    def _record(self, event: type[PaymentEvent], by: Actor, now: datetime, reason: str | None) -> None:
        self.sequence += 1
        self._events.append(
            event(
                sequence=self.sequence,
                occurred_at=now,
                by=by,
                reason=reason,
                snapshot=self.snapshot(),
                payment_id=self.id,
            )
        )
