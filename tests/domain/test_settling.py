"""What each answer of a gateway does to a bill in each state, in one table and in any order."""

from collections.abc import Sequence
from itertools import permutations, product

import attrs
import pytest

from domain.bill import BillState
from domain.events import PaymentSucceeded, PaymentUnderReview
from domain.payment import Payment, Settlement
from domain.verdict import Verdict, VerdictStatus
from tests.domain.builders import (
    BANK,
    DEADLINE,
    LATER,
    NOW,
    PAUSE,
    WATCHED,
    answer,
    opened,
    payment_in,
    settle,
)

B, V = BillState, VerdictStatus

ANSWERS = (V.PENDING, V.AUTHORISED, V.SUCCEEDED, V.FAILED, V.REFUNDED, V.DISPUTED, V.ABSENT)

# The settlement, then the state afterwards, for each answer in the order above; nobody but the
# gateway has spoken, and the orders can still be had.
ASKED_BY_MACHINE = {
    B.UNSENT: (
        "unchanged waiting, applied authorised, applied paid, applied failed, "
        "review review, review review, unchanged unsent"
    ),
    B.IN_DOUBT: (
        "unchanged waiting, applied authorised, applied paid, applied failed, "
        "review review, review review, unchanged in_doubt"
    ),
    B.WAITING: (
        "unchanged waiting, applied authorised, applied paid, applied failed, "
        "review review, review review, unchanged waiting"
    ),
    B.AUTHORISED: (
        "unchanged authorised, unchanged authorised, applied paid, applied failed, "
        "review review, review review, unchanged authorised"
    ),
    B.REVIEW: (
        "replayed review, replayed review, replayed review, replayed review, "
        "replayed review, replayed review, replayed review"
    ),
    B.PAID: (
        "replayed paid, replayed paid, replayed paid, replayed paid, "
        "replayed paid, review paid, replayed paid"
    ),
    B.FAILED: (
        "unchanged failed, unchanged failed, applied paid, replayed failed, "
        "review review, review review, unchanged failed"
    ),
}

# A person who asks may also end a review; everything else is as before.
ASKED_BY_PERSON = ASKED_BY_MACHINE | {
    B.REVIEW: (
        "unchanged review, unchanged review, applied paid, applied failed, "
        "review review, review review, unchanged review"
    ),
}

# Money that comes when the orders cannot be had goes under review, unless it was known already.
TOO_LATE = {
    B.UNSENT: "review review",
    B.IN_DOUBT: "review review",
    B.WAITING: "review review",
    B.AUTHORISED: "review review",
    B.REVIEW: "replayed review",
    B.PAID: "replayed paid",
    B.FAILED: "review review",
}
TOO_LATE_BY_PERSON = TOO_LATE | {B.REVIEW: "review review"}


def expected(state: BillState, status: VerdictStatus, *, deliverable: bool, by_person: bool) -> str:
    """The table's word for one case."""
    if status is V.SUCCEEDED and not deliverable:
        return (TOO_LATE_BY_PERSON if by_person else TOO_LATE)[state]
    row = (ASKED_BY_PERSON if by_person else ASKED_BY_MACHINE)[state]
    return row.split(", ")[ANSWERS.index(status)]


class TestSettle:
    @pytest.mark.parametrize("by_person", [False, True])
    @pytest.mark.parametrize("deliverable", [False, True])
    @pytest.mark.parametrize(("state", "status"), list(product(B, V)))
    def test_follows_the_table(
        self, state: BillState, status: VerdictStatus, deliverable: bool, by_person: bool
    ) -> None:
        """Each of the 196 cases ends as written above, and tells exactly the move it made."""
        payment = payment_in(state)

        settlement = settle(payment, answer(status), deliverable=deliverable, by_person=by_person)

        case = expected(state, status, deliverable=deliverable, by_person=by_person)
        assert f"{settlement} {payment.bill.state}" == case
        events = {"applied paid": 1, "applied failed": 1, "review paid": 1}
        moved_to_review = payment.bill.state is B.REVIEW and state is not B.REVIEW
        assert len(payment.pull_events()) == (1 if moved_to_review else events.get(case, 0))

    @pytest.mark.parametrize("by_person", [False, True])
    @pytest.mark.parametrize("status", [V.AUTHORISED, V.SUCCEEDED])
    @pytest.mark.parametrize("state", [state for state in B if state not in {B.PAID, B.REVIEW}])
    @pytest.mark.parametrize("money", [{"amount_minor": 1}, {"currency": "USD"}])
    def test_puts_other_money_under_review(
        self, state: BillState, status: VerdictStatus, money: dict[str, object], by_person: bool
    ) -> None:
        """Another amount or currency is never accepted, whoever asks, and never just dropped."""
        payment = payment_in(state)

        settlement = settle(payment, answer(status, **money), by_person=by_person)

        assert settlement is Settlement.REVIEW
        assert payment.bill.state is B.REVIEW
        assert "the gateway says" in (payment.bill.review or "")
        assert (payment.look_at, payment.expires_at) == (None, None)

    def test_puts_a_part_of_the_money_under_review(self) -> None:
        """Captured in part is not paid."""
        payment = payment_in(B.WAITING)

        settlement = settle(payment, answer(V.SUCCEEDED, captured_minor=4000))

        assert settlement is Settlement.REVIEW

    @pytest.mark.parametrize("state", B)
    @pytest.mark.parametrize("status", V)
    @pytest.mark.parametrize("other", [{"reference": "ref-2"}, {"transaction_id": "te9"}])
    def test_learns_nothing_from_an_answer_about_another_payment(
        self, state: BillState, status: VerdictStatus, other: dict[str, object]
    ) -> None:
        """Only claimed money makes it a matter for a person; a failure elsewhere fails nothing here."""
        payment = opened(payment_in(state)) if state in {B.UNSENT, B.IN_DOUBT} else payment_in(state)
        before, response = payment.bill.state, payment.bill.response

        settlement = settle(payment, answer(status, response='{"other": 1}', **other))

        if status in {V.SUCCEEDED, V.AUTHORISED} and state is not B.PAID:
            assert payment.bill.state is B.REVIEW
            assert settlement is (Settlement.REPLAYED if state is B.REVIEW else Settlement.REVIEW)
        else:
            assert (settlement, payment.bill.state) == (Settlement.UNCHANGED, before)
        assert payment.bill.response == response

    def test_tells_a_person_why_it_stays_under_review(self) -> None:
        """Staff who ask again see the newest reason, machines leave the first one."""
        payment = payment_in(B.REVIEW)
        foreign = answer(V.SUCCEEDED, reference="ref-2")

        settle(payment, foreign)
        first = payment.bill.review
        settlement = settle(payment, foreign, by_person=True)

        assert first == "the amounts differ"
        assert settlement is Settlement.REVIEW
        assert payment.bill.review == "the gateway's answer is about another payment"

    def test_ends_a_review_with_its_reason(self) -> None:
        """What has been decided is not listed as undecided, whichever way it went."""
        failed, paid = payment_in(B.REVIEW), payment_in(B.REVIEW)

        settle(failed, answer(V.FAILED), by_person=True)
        settle(paid, answer(V.SUCCEEDED), by_person=True)

        assert (failed.bill.review, paid.bill.review) == (None, None)

    @pytest.mark.parametrize(
        ("told", "kept"),
        [
            ("4111******1111", "4111******1111"),
            ("411111******1111", "4111******1111"),
            ("4111111111111111", "4111******1111"),
            ("************4242", "******4242"),
        ],
    )
    def test_keeps_what_the_gateway_told(self, told: str, kept: str) -> None:
        """Transaction, answer and masked card are kept, and never more of a card than eight digits."""
        payment = payment_in(B.UNSENT)

        settle(payment, answer(V.PENDING, response='{"c": 3}', card_mask=told))

        assert payment.bill.transaction_id == "te0000000001"
        assert payment.bill.response == '{"c": 3}'
        assert payment.card is not None
        assert payment.card.mask == kept
        assert payment.updated_at == payment.bill.updated_at == LATER

    @pytest.mark.parametrize("told", [None, "", "visa", "41111111**1111111"])
    def test_keeps_the_card_it_knows(self, told: str | None) -> None:
        """What is no mask is not kept, and takes nothing away."""
        payment = payment_in(B.WAITING)
        settle(payment, answer(V.PENDING, card_mask="4111******1111"))

        settle(payment, answer(V.PENDING, card_mask=told))

        assert payment.card is not None
        assert payment.card.mask == "4111******1111"

    def test_leaves_the_time_alone_when_there_is_no_news(self) -> None:
        """The same answer again is no update."""
        payment = payment_in(B.PAID)
        updated_at = payment.updated_at

        payment.settle(answer(V.SUCCEEDED), deliverable=False, by=BANK, now=DEADLINE)

        assert payment.updated_at == updated_at

    def test_says_why_it_failed(self) -> None:
        """The bank's reason goes first, then ours for closing it, then the gateway's own word."""
        reasons = []
        for decline, closing in (("116", "too late"), (None, "too late"), (None, None)):
            payment = payment_in(B.WAITING)
            payment.settle(
                answer(V.FAILED, decline=decline, word="canceled"),
                deliverable=False,
                by=BANK,
                now=LATER,
                closing=closing,
            )
            reasons.append(payment.failure)

        assert reasons == ["the bank refused it (116)", "too late", "the gateway says canceled"]

    def test_forgets_the_failure_when_late_money_comes(self) -> None:
        """A success that is told carries no reason for a failure."""
        payment = payment_in(B.FAILED)

        settle(payment, answer(V.SUCCEEDED))

        (succeeded,) = payment.pull_events()
        assert isinstance(succeeded, PaymentSucceeded)
        assert succeeded.snapshot["failure"] is None
        assert succeeded.snapshot["status"] == "success"

    def test_waits_for_approval_where_the_method_says_so(self) -> None:
        """The money counts at once, staff's word does not come by itself."""
        waiting, going_on = payment_in(B.PAID, auto_approve=False), payment_in(B.PAID)

        assert waiting.bill.verified
        assert (waiting.is_approved, going_on.is_approved) == (False, True)

    def test_notes_a_dispute_once(self) -> None:
        """A dispute needs a person, is told once, and takes back no success."""
        payment = payment_in(B.PAID)

        first = settle(payment, answer(V.DISPUTED))
        second = settle(payment, answer(V.DISPUTED))

        assert (first, second) == (Settlement.REVIEW, Settlement.REPLAYED)
        assert [type(event) for event in payment.pull_events()] == [PaymentUnderReview]
        assert payment.bill.verified


class TestLookingAfterAnAnswer:
    @pytest.mark.parametrize("status", V)
    @pytest.mark.parametrize("state", [B.PAID, B.REVIEW])
    def test_ends_where_nothing_is_left_to_learn(self, state: BillState, status: VerdictStatus) -> None:
        """News that was planned to be confirmed has been, so the janitor does not come again."""
        payment = payment_in(state)
        payment.look_at = NOW

        settle(payment, answer(status))

        assert payment.look_at is None

    @pytest.mark.parametrize("status", [V.PENDING, V.AUTHORISED])
    def test_goes_on_while_the_gateway_would_still_take_money(self, status: VerdictStatus) -> None:
        """A payment that ended here and is open there has to be closed there."""
        payment = payment_in(B.FAILED)

        settle(payment, answer(status))

        assert payment.look_at == LATER

    def test_keeps_its_pace_while_the_gateway_does_not_close(self) -> None:
        """A close that fails again and again is tried at growing pauses, not without one."""
        payment = payment_in(B.FAILED)
        settle(payment, answer(V.PENDING))
        payment.look_at = DEADLINE

        settle(payment, answer(V.PENDING))
        payment.look_later(LATER, PAUSE, WATCHED)

        assert payment.look_at == LATER + PAUSE

    def test_ends_once_the_gateway_has_closed_it(self) -> None:
        """Its failure there is the end of it."""
        payment = payment_in(B.WAITING)
        payment.fail("replaced", BANK, NOW, still_open_there=True)

        settle(payment, answer(V.FAILED))

        assert payment.look_at is None

    def test_does_not_sleep_through_the_hold_of_money_that_is_only_held(self) -> None:
        """An authorised payment is looked at when its hold ends, at the latest."""
        payment = payment_in(B.WAITING)
        payment.look_at = DEADLINE + PAUSE

        settle(payment, answer(V.AUTHORISED))

        assert payment.look_at == DEADLINE


# Where no person has to decide, what counts is the strongest answer, not the last one.
STRONGEST_FIRST = (
    (V.SUCCEEDED, B.PAID),
    (V.FAILED, B.FAILED),
    (V.AUTHORISED, B.AUTHORISED),
    (V.PENDING, B.WAITING),
    (V.ABSENT, B.WAITING),
)


def end_of(answers: Sequence[Verdict]) -> tuple[Payment, BillState]:
    """The payment after these answers, in this order."""
    payment = payment_in(B.WAITING)
    for verdict in answers:
        settle(payment, verdict)
    return payment, payment.bill.state


class TestTheOrderOfAnswers:
    @pytest.mark.parametrize(
        "statuses",
        [
            (V.SUCCEEDED, V.FAILED, V.PENDING, V.AUTHORISED, V.ABSENT),
            (V.SUCCEEDED, V.SUCCEEDED, V.FAILED, V.FAILED, V.PENDING),
            (V.FAILED, V.PENDING, V.AUTHORISED, V.ABSENT),
            (V.AUTHORISED, V.AUTHORISED, V.PENDING, V.ABSENT),
            (V.PENDING, V.ABSENT, V.PENDING),
        ],
    )
    def test_does_not_matter(self, statuses: tuple[VerdictStatus, ...]) -> None:
        """However answers are delayed and repeated, the same ones end in the same state."""
        strongest = next(state for status, state in STRONGEST_FIRST if status in statuses)

        ends = {end_of([answer(status) for status in order])[1] for order in permutations(statuses)}

        assert ends == {strongest}

    @pytest.mark.parametrize("trouble", [V.REFUNDED, V.DISPUTED])
    def test_never_ends_a_review_by_itself(self, trouble: VerdictStatus) -> None:
        """Once a person has to decide, no later answer decides for them."""
        later = [answer(status) for status in (V.SUCCEEDED, V.FAILED, V.PENDING)]

        ends = {end_of([answer(trouble), *order])[1] for order in permutations(later)}

        assert ends == {B.REVIEW}

    def test_never_takes_money_back(self) -> None:
        """After the success, every other answer in every order leaves it verified."""
        others = [answer(status) for status in (V.FAILED, V.PENDING, V.REFUNDED, V.DISPUTED)]

        ends = {end_of([answer(V.SUCCEEDED), *order])[1] for order in permutations(others)}

        assert ends == {B.PAID}

    def test_counts_one_success_however_often_it_is_told(self) -> None:
        """Sixty-four answers tell one success."""
        payment, state = end_of([answer(V.SUCCEEDED)] * 64)

        told = [event for event in payment.pull_events() if isinstance(event, PaymentSucceeded)]
        assert state is B.PAID
        assert len(told) == 1

    def test_prefers_other_money_to_be_seen_by_a_person(self) -> None:
        """Money that does not fit goes under review unless the right money came before."""
        wrong = attrs.evolve(answer(V.SUCCEEDED), amount_minor=1)

        assert end_of([wrong, answer(V.SUCCEEDED)])[1] is B.REVIEW
        assert end_of([answer(V.SUCCEEDED), wrong])[1] is B.PAID
