"""Money that comes without a gateway: none of it is lost, and none buys what it does not cover."""

from hypothesis import given
from hypothesis import strategies as st

from domain.bill import BillState, PaymentStatus
from domain.events import PaymentSucceeded, PaymentUnderReview
from domain.ids import bank
from domain.money import Money
from domain.payment import Settlement
from tests.domain.builders import LATER, NOW, USD, azn, new_payment

BANK = bank("AZ21")
DUE = 8000

amounts = st.integers(1, 3 * DUE).map(azn) | st.integers(1, 3 * DUE).map(lambda minor: Money(minor, USD))


class TestReceive:
    @given(st.lists(st.tuples(amounts, st.booleans()), max_size=6))
    def test_pays_once_and_calls_a_person_for_all_the_rest(self, came: list[tuple[Money, bool]]) -> None:
        """Whatever comes in whatever order: the first that is enough and in time, and nothing twice."""
        payment = new_payment(auto_approve=False, is_offline=True)
        payment.wait_offline(NOW)
        settled = []
        for number, (amount, deliverable) in enumerate(came):
            was_open = payment.bill.state is BillState.WAITING
            is_enough = amount.currency == azn(0).currency and amount.minor >= DUE
            settlement = payment.receive(
                amount, f"AZ21/E{number}", "{}", deliverable=deliverable, by=BANK, now=LATER
            )
            settled.append(settlement)
            pays = was_open and is_enough and deliverable
            assert settlement is (Settlement.APPLIED if pays else Settlement.REVIEW)
            is_exact = pays and amount == azn(DUE)
            assert (payment.bill.review is None) is is_exact
            assert is_exact or f"AZ21/E{number}: " in (payment.bill.review or "")

        told = [type(event) for event in payment.pull_events()]
        assert told.count(PaymentSucceeded) == settled.count(Settlement.APPLIED) <= 1
        assert (payment.status is PaymentStatus.SUCCESS) is (Settlement.APPLIED in settled)
        assert not came or PaymentUnderReview in told or came == [(azn(DUE), True)]
