"""A payment's life besides what its gateway answers: opening, approving, ending, looking again."""

from datetime import timedelta

import pytest

from domain.bill import BillState, PaymentStatus
from domain.errors import Conflict, CurrencyMismatch, IllegalTransition, NotYetPaid
from domain.events import (
    PaymentApproved,
    PaymentFailed,
    PaymentInDoubt,
    PaymentStarted,
    PaymentSucceeded,
    PaymentUnderReview,
)
from domain.ids import GatewayOrderId, MethodCode, MethodId, PaymentId, Sku
from domain.money import Money
from domain.order import OrderLine
from domain.payment import Payment, Settlement
from domain.payment_record import LOOK_GROWTH_MAX
from domain.verdict import VerdictStatus
from tests.domain.builders import (
    BANK,
    BY,
    DEADLINE,
    LATER,
    NOW,
    PAUSE,
    STAFF,
    TRANSACTION,
    USD,
    WATCHED,
    answer,
    azn,
    held_order,
    line,
    new_order,
    new_payment,
    opened,
    payment_in,
    settle,
)

PATIENCE = timedelta(seconds=12)


class TestPaymentOpen:
    def test_sums_up_its_orders(self) -> None:
        """Each order contributes its total, and the payment's amount is their sum exactly."""
        payment = new_payment(new_order(1, line(minor=4000)), new_order(2, line(quantity=1, minor=333)))

        assert [share.amount for share in payment.shares] == [azn(8000), azn(333)]
        assert payment.amount == azn(8333)
        assert payment.order_ids == (1, 2)

    def test_begins_pending_and_unsent(self) -> None:
        """Nobody has been asked for money yet, and the end of the hold is planned."""
        payment = new_payment()

        assert (payment.status, payment.bill.state) == (PaymentStatus.PENDING, BillState.UNSENT)
        assert payment.look_at == payment.expires_at == DEADLINE

    def test_is_its_first_event(self) -> None:
        """The start is told with the payment as it stands."""
        payment = Payment.open(
            id=PaymentId(7),
            order_id=GatewayOrderId("ref-1"),
            orders=[held_order()],
            method_id=MethodId(3),
            method_code=MethodCode("card"),
            backend="sandbox",
            auto_approve=True,
            is_offline=False,
            expires_at=None,
            return_url="https://shop.example",
            by=BY,
            now=NOW,
        )

        (started,) = payment.pull_events()

        assert (type(started), started.sequence, started.subject_id) == (PaymentStarted, 1, 7)
        assert started.snapshot == {
            "id": 7,
            "order_id": "ref-1",
            "status": "pending",
            "state": "unsent",
            "amount": {"amount": 8000, "currency": "AZN"},
            "orders": [1],
            "payment_method": "card",
            "failure": None,
        }
        assert payment.look_at is None

    def test_refuses_orders_in_two_currencies(self) -> None:
        """One payment has one currency."""
        dollars = new_order(2, OrderLine(Sku("cup"), "Cup", 1, Money(1, USD)))

        with pytest.raises(CurrencyMismatch):
            new_payment(new_order(1), dollars)

    def test_refuses_to_pay_for_nothing(self) -> None:
        """A payment belongs to at least one order."""
        with pytest.raises(ValueError, match="not enough values"):
            Payment.open(
                id=PaymentId(7),
                order_id=GatewayOrderId("ref-1"),
                orders=[],
                method_id=MethodId(3),
                method_code=MethodCode("card"),
                backend="sandbox",
                auto_approve=True,
                is_offline=False,
                expires_at=None,
                return_url=None,
                by=BY,
                now=NOW,
            )


class TestCallingTheGateway:
    def test_is_noted_before_the_call(self) -> None:
        """While one caller waits, nobody else opens the payment; after a crash it is looked at."""
        payment = new_payment()

        payment.call_gateway(NOW, PATIENCE)

        assert payment.is_being_opened(NOW)
        assert not payment.is_being_opened(NOW + PATIENCE)
        assert payment.look_at == NOW + PATIENCE

    def test_is_looked_at_no_later_than_the_hold_ends(self) -> None:
        """A patience beyond the deadline does not put off the deadline."""
        payment = new_payment()

        payment.call_gateway(DEADLINE - PAUSE, PATIENCE)

        assert payment.look_at == DEADLINE

    def test_is_looked_at_without_a_deadline_too(self) -> None:
        """A crash is noticed although nothing expires."""
        payment = new_payment(expires_at=None)

        payment.call_gateway(NOW, PATIENCE)

        assert payment.look_at == NOW + PATIENCE

    @pytest.mark.parametrize("state", [BillState.UNSENT, BillState.IN_DOUBT])
    def test_leads_to_waiting_when_the_gateway_opens_it(self, state: BillState) -> None:
        """The customer has somewhere to go, and what was said is kept."""
        payment = payment_in(state)
        payment.call_gateway(NOW, PATIENCE)

        payment.opened(TRANSACTION, "https://bank.example/pay", '{"a": 1}', '{"b": 2}', LATER)

        bill = payment.bill
        assert (bill.state, bill.transaction_id) == (BillState.WAITING, TRANSACTION)
        assert (bill.next_step, bill.request, bill.response) == (
            "https://bank.example/pay",
            '{"a": 1}',
            '{"b": 2}',
        )
        assert not payment.is_being_opened(NOW)
        assert payment.updated_at == LATER

    def test_keeps_what_a_callback_brought_first(self) -> None:
        """An opening that is answered after the success takes nothing back."""
        payment = payment_in(BillState.UNSENT)
        settle(payment, answer(VerdictStatus.SUCCEEDED, response='{"paid": 1}'))

        payment.opened(None, None, '{"a": 1}', '{"b": 2}', LATER)

        assert payment.bill.state is BillState.PAID
        assert (payment.bill.transaction_id, payment.bill.response) == (TRANSACTION, '{"paid": 1}')
        assert (payment.bill.request, payment.look_at) == ('{"a": 1}', None)

    @pytest.mark.parametrize(
        ("status", "number"),
        [
            (VerdictStatus.SUCCEEDED, TRANSACTION),
            (VerdictStatus.AUTHORISED, TRANSACTION),
            (VerdictStatus.PENDING, "another"),
        ],
    )
    def test_keeps_the_number_that_money_is_under(self, status: VerdictStatus, number: str) -> None:
        """It is held or given back by that one; without money the newest counts, where customers are sent."""
        payment = payment_in(BillState.UNSENT)
        settle(payment, answer(status))

        payment.opened("another", "https://bank.example/pay", "{}", "{}", LATER)

        assert payment.bill.transaction_id == number

    def test_has_it_closed_when_it_ended_meanwhile(self) -> None:
        """A payment cancelled while it was being opened must take no money there."""
        payment = payment_in(BillState.UNSENT)
        payment.fail("an order was cancelled", BY, NOW)

        opened(payment)

        assert (payment.bill.state, payment.look_at) == (BillState.FAILED, NOW)

    def test_leaves_it_in_doubt_when_it_may_have_been_heard(self) -> None:
        """Unknown is not failed."""
        payment = new_payment()
        payment.call_gateway(NOW, PATIENCE)

        payment.not_opened(BANK, LATER, sent=True)

        assert (payment.bill.state, payment.status) == (BillState.IN_DOUBT, PaymentStatus.PENDING)
        assert [type(event) for event in payment.pull_events()] == [PaymentInDoubt]
        assert not payment.is_being_opened(NOW)

    def test_leaves_it_unsent_when_nobody_can_have_heard(self) -> None:
        """What never left us is certain."""
        payment = new_payment()

        payment.not_opened(BANK, LATER, sent=False)

        assert payment.bill.state is BillState.UNSENT
        assert payment.pull_events() == []

    def test_is_believed_to_go_on_while_it_runs(self) -> None:
        """A gateway that already knows the payment changes nothing under whoever is opening it."""
        payment = new_payment()
        payment.call_gateway(NOW, timedelta(minutes=5))

        settlement = settle(payment, answer(VerdictStatus.PENDING))

        assert (settlement, payment.bill.state) == (Settlement.UNCHANGED, BillState.UNSENT)


class TestApproval:
    def test_lets_confirmed_money_go_on(self) -> None:
        """Staff's word is an event of its own, and changes no status."""
        payment = payment_in(BillState.PAID, auto_approve=False)

        settlement = payment.approve(STAFF, LATER)

        assert (settlement, payment.is_approved) == (Settlement.APPLIED, True)
        assert [type(event) for event in payment.pull_events()] == [PaymentApproved]

    def test_changes_nothing_the_second_time(self) -> None:
        """Approving again is answered, not done."""
        payment = payment_in(BillState.PAID)

        assert payment.approve(STAFF, LATER) is Settlement.REPLAYED
        assert payment.pull_events() == []

    @pytest.mark.parametrize(
        "state",
        [BillState.UNSENT, BillState.WAITING, BillState.IN_DOUBT, BillState.AUTHORISED, BillState.REVIEW],
    )
    def test_is_refused_before_the_gateway_has_confirmed(self, state: BillState) -> None:
        """Staff cannot make money where a gateway is asked."""
        payment = payment_in(state)

        with pytest.raises(NotYetPaid):
            payment.approve(STAFF, LATER)

        assert (payment.bill.state, payment.is_approved) == (state, False)

    def test_is_refused_after_a_failure(self) -> None:
        """A failed payment is paid again by its orders, not approved."""
        with pytest.raises(Conflict, match="has failed"):
            payment_in(BillState.FAILED).approve(STAFF, LATER)

    @pytest.mark.parametrize("auto_approve", [True, False])
    def test_is_the_money_where_nobody_else_is_asked(self, auto_approve: bool) -> None:
        """For a manual method staff's word verifies, and is one event."""
        payment = new_payment(is_offline=True, auto_approve=auto_approve)
        payment.wait_offline(NOW)

        settlement = payment.approve(STAFF, LATER)

        assert (settlement, payment.bill.state) == (Settlement.APPLIED, BillState.PAID)
        assert (payment.is_approved, payment.look_at, payment.expires_at) == (True, None, None)
        assert [type(event) for event in payment.pull_events()] == [PaymentSucceeded]

    def test_is_not_needed_where_the_shop_takes_the_money_as_given(self) -> None:
        """A direct method is paid within the checkout."""
        payment = new_payment(is_offline=True)
        payment.wait_offline(NOW)

        payment.pay_at_once(BY, NOW)

        assert (payment.status, payment.is_approved) == (PaymentStatus.SUCCESS, True)

    def test_never_comes_from_a_refused_payment(self) -> None:
        """A second payment at once is refused and leaves the approval as it was."""
        payment = payment_in(BillState.PAID, auto_approve=False)

        with pytest.raises(IllegalTransition):
            payment.pay_at_once(BY, LATER)

        assert not payment.is_approved


class TestEnding:
    @pytest.mark.parametrize(("still_open_there", "look_at"), [(True, LATER), (False, None)])
    def test_has_it_closed_there_only_if_it_is_open_there(
        self, still_open_there: bool, look_at: object
    ) -> None:
        """A bill that still takes money is closed by the janitor; another is left alone."""
        payment = payment_in(BillState.WAITING)
        payment.looks = 4

        payment.fail("replaced", BY, LATER, still_open_there=still_open_there)

        (failed,) = payment.pull_events()
        assert (type(failed), failed.reason) == (PaymentFailed, "replaced")
        assert (payment.status, payment.failure) == (PaymentStatus.FAILED, "replaced")
        assert (payment.look_at, payment.expires_at, payment.looks) == (look_at, None, 0)

    def test_waits_for_a_person_under_review(self) -> None:
        """Nothing expires meanwhile, and it is told once however often it is found."""
        payment = payment_in(BillState.WAITING)

        payment.review("the amounts differ", BANK, LATER)
        payment.review("the currencies differ", BANK, LATER)

        assert [type(event) for event in payment.pull_events()] == [PaymentUnderReview]
        assert (payment.look_at, payment.expires_at) == (None, None)
        assert payment.bill.review == "the currencies differ"

    def test_owes_the_share_of_an_order_given_up(self) -> None:
        """Until the share has gone back, a person watches a payment that stays paid."""
        payment = payment_in(BillState.PAID, auto_approve=False)

        payment.owe(held_order(12), STAFF, LATER)

        (watched,) = payment.pull_events()
        assert type(watched) is PaymentUnderReview
        assert watched.reason == payment.bill.review
        assert "K000012" in (payment.bill.review or "")
        assert payment.bill.state is BillState.PAID


class TestLooking:
    @pytest.mark.parametrize(
        ("state", "pauses"),
        [(BillState.WAITING, [1, 2, 4, 8, 12, 12]), (BillState.FAILED, [1, 2, 4, 8, 16, 32])],
    )
    def test_pauses_longer_each_time(self, state: BillState, pauses: list[int]) -> None:
        """The pauses double; while somebody waits for the end none is longer than twelve times the first."""
        payment, seen = payment_in(state, expires_at=None), []

        for _ in pauses:
            payment.look_later(NOW, PAUSE, WATCHED)
            seen.append((payment.look_at or NOW) - NOW)

        assert [pause / PAUSE for pause in seen] == pauses
        assert LOOK_GROWTH_MAX == 12

    @pytest.mark.parametrize(
        ("state", "pause"), [(BillState.WAITING, PAUSE * 12), (BillState.FAILED, timedelta(days=1))]
    )
    def test_does_not_grow_for_ever(self, state: BillState, pause: timedelta) -> None:
        """A payment looked at a thousand times is looked at again as soon as one looked at twenty times."""
        payment = payment_in(state, expires_at=None)
        payment.looks = 1_000

        payment.look_later(NOW, PAUSE, WATCHED)

        assert payment.look_at == NOW + pause

    @pytest.mark.parametrize(
        ("quiet", "pause"),
        [(timedelta(0), PAUSE), (PAUSE * 3, PAUSE * 3), (PAUSE * 40, PAUSE * 12)],
    )
    def test_counts_no_silence(self, quiet: timedelta, pause: timedelta) -> None:
        """Silence makes nothing surer; the longer it lasts, the longer are the pauses."""
        payment = payment_in(BillState.WAITING, expires_at=None)
        payment.looks, now = 1, payment.updated_at + quiet

        payment.look_later(now, PAUSE, WATCHED, is_answered=False)

        assert (payment.look_at, payment.looks) == (now + pause, 1)

    def test_waits_as_long_as_the_gateway_asked(self) -> None:
        """A gateway that wants to be left alone for a while is."""
        payment = payment_in(BillState.WAITING, expires_at=None)

        payment.look_later(NOW, PAUSE * 100, WATCHED, is_answered=False)

        assert payment.look_at == NOW + PAUSE * 100

    @pytest.mark.parametrize("is_answered", [True, False])
    def test_ends_with_the_watch_for_late_money(self, is_answered: bool) -> None:
        """What ended is looked at once more at the end of that time, and then never again."""
        payment = payment_in(BillState.FAILED)
        payment.looks = 1_000

        payment.look_later(WATCHED - PAUSE, PAUSE * 2, WATCHED, is_answered=is_answered)
        last = payment.look_at
        payment.look_later(WATCHED, PAUSE, WATCHED, is_answered=is_answered)

        assert (last, payment.look_at) == (WATCHED, None)

    def test_does_not_end_while_the_payment_is_open(self) -> None:
        """However long its gateway is silent: the hold stays, and so do the looks."""
        payment = payment_in(BillState.WAITING, expires_at=None)

        payment.look_later(WATCHED, PAUSE, WATCHED, is_answered=False)

        assert payment.look_at is not None

    def test_does_not_sleep_through_the_end_of_the_hold(self) -> None:
        """The goods are freed when the hold ends, not a pause later."""
        payment = payment_in(BillState.WAITING)
        payment.looks = 5

        payment.look_later(DEADLINE - PAUSE, PAUSE, WATCHED)

        assert payment.look_at == DEADLINE

    def test_goes_on_after_the_end_of_the_hold(self) -> None:
        """Where the gateway stays silent the hold stays, and so do the pauses."""
        payment = payment_in(BillState.WAITING)
        payment.look_at = DEADLINE + timedelta(hours=1)

        payment.look_later(DEADLINE, PAUSE, WATCHED)

        assert payment.look_at == DEADLINE + PAUSE

    def test_is_never_put_off_by_whoever_asks_in_between(self) -> None:
        """A customer who keeps coming back after the deadline does not hold the goods for ever."""
        payment = payment_in(BillState.WAITING)

        payment.look_soon(DEADLINE + PAUSE, PAUSE)
        payment.look_soon(DEADLINE + 2 * PAUSE, PAUSE)

        assert payment.look_at == DEADLINE

    def test_comes_soon_when_there_is_news(self) -> None:
        """News that could not be confirmed starts the pauses anew, for ended payments too."""
        payment = payment_in(BillState.FAILED)
        payment.looks = 9

        payment.look_soon(LATER, PAUSE)

        assert (payment.look_at, payment.looks) == (LATER + PAUSE, 1)

    def test_is_not_planned_under_review(self) -> None:
        """Only a person ends a review, so a machine has nothing to learn."""
        payment = payment_in(BillState.REVIEW)

        payment.look_soon(LATER, PAUSE)
        payment.look_later(LATER, PAUSE, WATCHED)

        assert payment.look_at is None

    def test_stops(self) -> None:
        """Nothing is planned once nothing is left to learn."""
        payment = payment_in(BillState.WAITING)

        payment.stop_looking()

        assert payment.look_at is None
