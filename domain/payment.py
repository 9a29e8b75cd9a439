"""A payment and its bill: one attempt to collect the money of one or more orders."""

from datetime import datetime, timedelta
from enum import StrEnum

import attrs

from domain.bill import BillState
from domain.errors import Conflict, NotYetPaid
from domain.events import PaymentApproved, PaymentUnderReview
from domain.ids import Actor
from domain.money import Money
from domain.order import Order
from domain.payment_record import PaymentRecord
from domain.verdict import Verdict, VerdictStatus

TOO_LATE = "the money came too late: the orders cannot be had any more"


class Settlement(StrEnum):
    """What a gateway's answer did to a payment."""

    APPLIED = "applied"
    REPLAYED = "replayed"
    UNCHANGED = "unchanged"
    REVIEW = "review"


@attrs.define(kw_only=True)
class Payment(PaymentRecord):
    """One attempt to collect the money of one or more orders, in one currency; it has one bill."""

    def call_gateway(self, now: datetime, patience: timedelta) -> None:
        """Note, before the gateway is called, that it is; two callers never open one bill at once."""
        self.bill.calling_until = now + patience
        self.look_at = self._sooner(now + patience)

    def opened(
        self, transaction_id: str | None, next_step: str | None, request: str, response: str, now: datetime
    ) -> None:
        """The gateway opened the payment; a callback may have come first, which is kept.

        The number under which there is money already stays the bill's.
        """
        bill = self.bill
        if bill.transaction_id is None or bill.state not in {BillState.AUTHORISED, BillState.PAID}:
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

    def settle_other(
        self, verdict: Verdict, number: str, *, is_anothers: bool, by: Actor, now: datetime
    ) -> Settlement:
        """What the gateway says about a number that news of this payment named, and its bill has not.

        Where its answer to an opening was lost, it may have opened this payment twice. Money there is for
        a person, unless it is another payment's: by the gateway's word, or where that is silent because
        it `is_anothers` number. While the payment is just being opened its own number may be on its way.
        """
        claims_money = verdict.status in {VerdictStatus.SUCCEEDED, VerdictStatus.AUTHORISED}
        is_named = verdict.reference == self.order_id
        may_be_ours = is_named or (verdict.reference is None and not is_anothers)
        if not claims_money or not may_be_ours or (not is_named and self.is_being_opened(now)):
            return Settlement.UNCHANGED
        why = f"the gateway has money under its number {number}, which is not known to be the bill's"
        if self.bill.state is BillState.REVIEW or self.bill.review == why:
            return Settlement.REPLAYED
        return self.review(why, by, now)

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
