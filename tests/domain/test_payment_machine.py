"""Whatever happens to a payment, in whatever order: its promises hold after every step."""

from contextlib import suppress
from datetime import datetime, timedelta

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.bill import BillState, PaymentStatus
from domain.errors import Conflict
from domain.payment import Settlement
from domain.verdict import Verdict, VerdictStatus
from tests.domain.builders import BANK, BY, NOW, PAUSE, STAFF, WATCHED, held_order, new_payment
from tests.domain.test_bill import MOVES, VISIBLE

PATIENCE = timedelta(seconds=12)
LEASE = timedelta(seconds=240)

verdicts = st.builds(
    Verdict,
    status=st.sampled_from(VerdictStatus),
    transaction_id=st.sampled_from([None, "te1", "te2"]),
    reference=st.sampled_from([None, "ref-1", "ref-1", "ref-1", "ref-2"]),
    amount_minor=st.sampled_from([None, 8000, 8000, 8000, 0, 7999, 800000]),
    captured_minor=st.sampled_from([None, 8000, 0]),
    currency=st.sampled_from([None, "AZN", "AZN", "USD"]),
    card_mask=st.sampled_from([None, "411111******1111"]),
    decline=st.sampled_from([None, "116"]),
    response=st.sampled_from([None, "{}", '{"n": 1}']),
)


class PaymentLife(RuleBasedStateMachine):
    """A payment between its gateway, its customer, staff and the janitor."""

    @initialize(is_offline=st.booleans(), auto_approve=st.booleans(), minutes=st.sampled_from([None, 1, 30]))
    def begin(self, is_offline: bool, auto_approve: bool, minutes: int | None) -> None:
        """A checkout starts the payment."""
        self.now: datetime = NOW
        expires_at = NOW + timedelta(minutes=minutes) if minutes else None
        self.payment = new_payment(
            held_order(), is_offline=is_offline, auto_approve=auto_approve, expires_at=expires_at
        )
        self.sequence = 1
        self.open_there = False
        self.state = self.payment.bill.state
        self.status = self.payment.status
        self.was_verified = False
        if is_offline:
            self.payment.wait_offline(NOW)
        else:
            self.payment.call_gateway(NOW, PATIENCE)

    @rule(seconds=st.sampled_from([0, 1, 13, 60, 3600]))
    def time_passes(self, seconds: int) -> None:
        """Nothing happens by itself."""
        self.now += timedelta(seconds=seconds)

    @rule(transaction_id=st.sampled_from([None, "te1"]), page=st.sampled_from([None, "https://bank.example"]))
    def gateway_opens_it(self, transaction_id: str | None, page: str | None) -> None:
        """The answer to the opening arrives, early or late, once or again."""
        if self.payment.is_offline:
            return
        self.payment.opened(transaction_id, page, "{}", "{}", self.now)
        self.open_there = self.open_there or self.payment.bill.state is BillState.FAILED
        if self.payment.is_open:
            self.payment.look_soon(self.now, PAUSE)

    @rule(sent=st.booleans())
    def gateway_is_silent(self, sent: bool) -> None:
        """The opening was not answered."""
        if not self.payment.is_offline and self.payment.is_open:
            self.payment.not_opened(BANK, self.now, sent=sent)
            self.payment.look_soon(self.now, PAUSE)

    @rule()
    def customer_checks_out_again(self) -> None:
        """The same payment is opened once more."""
        if not self.payment.is_offline and self.payment.is_open and self.payment.look_at:
            self.payment.call_gateway(self.now, PATIENCE)

    @rule(verdict=verdicts, deliverable=st.booleans(), by_person=st.booleans())
    def gateway_is_asked(self, verdict: Verdict, deliverable: bool, by_person: bool) -> None:
        """A callback, a return, staff or the janitor had it asked; its answer is never an error."""
        if not self.payment.is_offline:
            self._settle(verdict, deliverable, by_person)

    @rule(verdict=verdicts, deliverable=st.booleans())
    def janitor_looks(self, verdict: Verdict, deliverable: bool) -> None:
        """The janitor claims a look that is due, asks, and plans the next one."""
        payment = self.payment
        if payment.look_at is None or payment.look_at > self.now:
            return
        if payment.is_offline:
            payment.fail("nobody paid in time", BANK, self.now)
            return
        payment.look_at = self.now + LEASE
        self._settle(verdict, deliverable, by_person=False)
        assert payment.look_at is None or payment.look_at <= self.now + LEASE

    @rule(still_open_there=st.booleans())
    def somebody_ends_it(self, still_open_there: bool) -> None:
        """Cancelled, replaced or expired; refused once it has ended."""
        still_open_there = still_open_there and not self.payment.is_offline
        with suppress(Conflict):
            self.payment.fail("ended", BY, self.now, still_open_there=still_open_there)
            self.open_there = still_open_there

    @rule()
    def staff_approve(self) -> None:
        """Staff give their word, where it counts and where it does not."""
        with suppress(Conflict):
            self.payment.approve(STAFF, self.now)

    @rule()
    def something_does_not_fit(self) -> None:
        """The payment is put under review by hand."""
        if not self.payment.is_offline:
            self.payment.review("it does not fit", STAFF, self.now)

    def _settle(self, verdict: Verdict, deliverable: bool, by_person: bool) -> None:
        payment, before = self.payment, attrs.evolve(self.payment.bill)
        about = verdict.is_about(payment.order_id, payment.bill.transaction_id)
        settlement = payment.settle(
            verdict, deliverable=deliverable, by=BANK, now=self.now, by_person=by_person
        )
        failed = payment.bill.state is BillState.FAILED
        if failed and about and verdict.status is VerdictStatus.FAILED:
            self.open_there = False
        elif failed and about and verdict.status in {VerdictStatus.PENDING, VerdictStatus.AUTHORISED}:
            self.open_there = True
        moved = before.state is not payment.bill.state
        assert moved or settlement is not Settlement.APPLIED
        if settlement is Settlement.UNCHANGED and payment.look_at is not None:
            payment.look_later(self.now, PAUSE, WATCHED)

    @invariant()
    def it_moves_only_along_its_table(self) -> None:
        """Between two steps the bill made at most the moves of the table, and told each of them."""
        if not hasattr(self, "payment"):
            return
        state = self.payment.bill.state
        assert state is self.state or (self.state, state) in MOVES
        assert VISIBLE[self.status, self.payment.status]
        self.state, self.status = state, self.payment.status

    @invariant()
    def a_success_stays(self) -> None:
        """Verified never turns false, and agrees with what is told outside."""
        if not hasattr(self, "payment"):
            return
        verified = self.payment.bill.verified
        assert verified or not self.was_verified
        assert verified is (self.payment.status is PaymentStatus.SUCCESS)
        self.was_verified = verified

    @invariant()
    def events_have_no_gaps(self) -> None:
        """Events count on from one, and the newest shows the payment as it stands."""
        if not hasattr(self, "payment"):
            return
        for event in self.payment.pull_events():
            self.sequence += 1
            assert event.sequence == self.sequence
            assert event.snapshot["status"] in set(PaymentStatus)
        assert self.payment.sequence == self.sequence

    @invariant()
    def a_look_is_planned_exactly_while_there_is_something_to_learn(self) -> None:
        """Paid and reviewed payments are left alone, open ones never, ended ones once closed there."""
        if not hasattr(self, "payment"):
            return
        payment = self.payment
        if payment.is_offline:
            assert (payment.look_at is not None) is (payment.is_open and payment.expires_at is not None)
        elif payment.bill.state in {BillState.PAID, BillState.REVIEW}:
            assert payment.look_at is None
        elif payment.bill.state is BillState.FAILED:
            assert (payment.look_at is not None) is self.open_there
        else:
            assert payment.look_at is not None
            assert payment.expires_at is None or payment.look_at <= max(payment.expires_at, self.now + LEASE)

    @invariant()
    def no_more_than_a_mask_is_kept(self) -> None:
        """Of a card at most four and four digits are known."""
        if hasattr(self, "payment") and self.payment.card:
            assert self.payment.card.mask == "4111******1111"


PaymentLife.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestPaymentLife = PaymentLife.TestCase
