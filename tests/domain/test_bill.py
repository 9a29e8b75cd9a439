"""A bill's state moves only as its table says, and what is told outside follows from it."""

from contextlib import suppress
from itertools import product

import pytest

from domain.bill import OPEN, PAYMENT_TRANSITIONS, STATUS_OF, BillState, PaymentStatus
from domain.errors import IllegalTransition
from domain.events import PaymentFailed, PaymentInDoubt, PaymentSucceeded, PaymentUnderReview
from domain.payment import Payment
from domain.verdict import VerdictStatus
from tests.domain.builders import BANK, LATER, answer, new_payment, opened, payment_in, settle

B = BillState

# Every move of a bill, with the event it is told by; what is not here cannot happen.
MOVES = {
    (B.UNSENT, B.WAITING): None,
    (B.UNSENT, B.IN_DOUBT): PaymentInDoubt,
    (B.UNSENT, B.AUTHORISED): None,
    (B.UNSENT, B.PAID): PaymentSucceeded,
    (B.UNSENT, B.FAILED): PaymentFailed,
    (B.UNSENT, B.REVIEW): PaymentUnderReview,
    (B.IN_DOUBT, B.WAITING): None,
    (B.IN_DOUBT, B.AUTHORISED): None,
    (B.IN_DOUBT, B.PAID): PaymentSucceeded,
    (B.IN_DOUBT, B.FAILED): PaymentFailed,
    (B.IN_DOUBT, B.REVIEW): PaymentUnderReview,
    (B.WAITING, B.AUTHORISED): None,
    (B.WAITING, B.PAID): PaymentSucceeded,
    (B.WAITING, B.FAILED): PaymentFailed,
    (B.WAITING, B.REVIEW): PaymentUnderReview,
    (B.AUTHORISED, B.PAID): PaymentSucceeded,
    (B.AUTHORISED, B.FAILED): PaymentFailed,
    (B.AUTHORISED, B.REVIEW): PaymentUnderReview,
    (B.REVIEW, B.PAID): PaymentSucceeded,
    (B.REVIEW, B.FAILED): PaymentFailed,
    (B.FAILED, B.PAID): PaymentSucceeded,
    (B.FAILED, B.REVIEW): PaymentUnderReview,
}

# What clients may see one after the other. Pending again after a failure is late money under review.
P = PaymentStatus
VISIBLE = {
    (P.PENDING, P.PENDING): True,
    (P.PENDING, P.SUCCESS): True,
    (P.PENDING, P.FAILED): True,
    (P.SUCCESS, P.PENDING): False,
    (P.SUCCESS, P.SUCCESS): True,
    (P.SUCCESS, P.FAILED): False,
    (P.FAILED, P.PENDING): True,
    (P.FAILED, P.SUCCESS): True,
    (P.FAILED, P.FAILED): True,
}


def drive(payment: Payment, to: BillState) -> None:
    """Push the bill towards a state by whatever leads there."""
    if to is B.UNSENT:
        payment.not_opened(BANK, LATER, sent=False)
        settle(payment, answer(VerdictStatus.ABSENT))
    elif to is B.WAITING:
        payment.wait_offline(LATER)
    elif to is B.IN_DOUBT:
        payment.not_opened(BANK, LATER, sent=True)
    elif to is B.REVIEW:
        payment.review("it does not fit", BANK, LATER)
    elif to is B.AUTHORISED:
        settle(payment, answer(VerdictStatus.AUTHORISED))
    elif to is B.PAID:
        payment.pay_at_once(BANK, LATER)
    else:
        payment.fail("refused", BANK, LATER)


class TestBillMoves:
    @pytest.mark.parametrize(("source", "to"), list(product(B, B)))
    def test_follow_the_table_and_nothing_else(self, source: BillState, to: BillState) -> None:
        """Each of the 49 pairs moves with its event, or leaves the bill where it was; a review is told."""
        payment = payment_in(source)
        event = PaymentUnderReview if (source, to) == (B.PAID, B.REVIEW) else MOVES.get((source, to))

        with suppress(IllegalTransition):
            drive(payment, to)

        told = [type(happened) for happened in payment.pull_events()]
        assert payment.bill.state is (to if (source, to) in MOVES else source)
        assert told == ([event] if event else [])

    def test_are_one_table(self) -> None:
        """The table holds these moves, each with its event, and no more."""
        assert dict(PAYMENT_TRANSITIONS) == MOVES

    @pytest.mark.parametrize("state", [B.PAID, B.FAILED])
    def test_that_are_refused_change_nothing(self, state: BillState) -> None:
        """A payment that has ended is not failed again, and keeps its reason."""
        payment = payment_in(state)
        before = payment.snapshot(), payment.is_approved, payment.look_at

        with pytest.raises(IllegalTransition, match="a bill does not go"):
            payment.fail("another reason", BANK, LATER)

        assert (payment.snapshot(), payment.is_approved, payment.look_at) == before


class TestPaymentStatus:
    def test_follows_from_the_state(self) -> None:
        """Unknown is not failed: only the gateway's no is "failed", and only its money "success"."""
        assert dict(STATUS_OF) == {
            B.UNSENT: P.PENDING,
            B.WAITING: P.PENDING,
            B.IN_DOUBT: P.PENDING,
            B.REVIEW: P.PENDING,
            B.AUTHORISED: P.PENDING,
            B.PAID: P.SUCCESS,
            B.FAILED: P.FAILED,
        }

    @pytest.mark.parametrize(("source", "to"), list(product(P, P)))
    def test_never_takes_back_a_success(self, source: PaymentStatus, to: PaymentStatus) -> None:
        """Each of the nine pairs can be seen, or not: a success stays one for ever."""
        moves = {(STATUS_OF[one], STATUS_OF[other]) for one, other in MOVES} | {(each, each) for each in P}

        assert ((source, to) in moves) is VISIBLE[source, to]

    @pytest.mark.parametrize("status", VerdictStatus)
    @pytest.mark.parametrize("deliverable", [True, False])
    def test_leaves_failure_for_late_money_only(self, status: VerdictStatus, deliverable: bool) -> None:
        """Only an answer with money in it, given back or disputed too, brings a failed payment up again."""
        payment = payment_in(B.FAILED)

        settle(payment, answer(status), deliverable=deliverable)

        has_money = {VerdictStatus.SUCCEEDED, VerdictStatus.REFUNDED, VerdictStatus.DISPUTED}
        assert (payment.status is not P.FAILED) is (status in has_money)

    def test_is_open_until_it_has_ended(self) -> None:
        """Money may still come in the ordinary way, or a person decides."""
        assert set(B) - OPEN == {B.PAID, B.FAILED}
        assert {state for state in B if payment_in(state).is_open} == OPEN


class TestBill:
    @pytest.mark.parametrize("state", B)
    def test_is_verified_only_when_paid(self, state: BillState) -> None:
        """Nothing but confirmed money verifies a bill."""
        assert payment_in(state).bill.verified is (state is B.PAID)

    def test_is_seen_once_there_is_somewhere_to_go(self) -> None:
        """Before the gateway gave a page, no customer can have paid."""
        payment = new_payment()

        assert not payment.bill.is_seen
        assert opened(payment).bill.is_seen
