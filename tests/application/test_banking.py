"""Statements of banks: each entry approves a payment, or is for a person, once for ever."""

import json
from datetime import date

import pytest

from application.banking import Fate, TakenUp
from domain.bank import BankEntry, EntryVerdict
from domain.bill import BillState, PaymentStatus
from domain.ids import KEY_HOLDER, PaymentId
from domain.money import Currency, Money
from domain.order_status import OrderStatus
from domain.payment import Payment
from domain.references import reference_of
from tests.world import STAFF, World, azn

IBAN = "AZ21NABZ00000000137010001944"
DUE = azn(80_00)


@pytest.fixture
def world() -> World:
    world = World()
    world.method("slow", backend="manual", auto_approve=False, settings={"hold_minutes": 60})
    return world


def entry(*payments: Payment, reference: str = "E1", amount: Money = DUE, text: str = "thanks") -> BankEntry:
    """An entry that names these payments."""
    names = [reference_of(payment.id) for payment in payments]
    return BankEntry(
        account=IBAN,
        reference=reference,
        booked_on=date(2026, 3, 5),
        amount=amount,
        text=" ".join([text, *names]),
    )


def books_balance(world: World) -> bool:
    """Whether nothing that was stored contradicts itself."""
    return world.app.prove().is_clean


class TestTheExactAmount:
    def test_approves_as_staff_would(self, world: World) -> None:
        """The goods are sold; the bank is who did it, and its entry stays as the evidence."""
        out = world.buy(2, "transfer")
        taken = world.app.take_up_entry(entry(out.payment, text="card 4111 1111 1111 1111, thanks"))

        payment, order = world.payment(out.payment), world.order(out.orders[0])
        assert (taken.fate, payment.status, order.status) == (
            Fate.APPROVED,
            PaymentStatus.SUCCESS,
            OrderStatus.PROCESSING,
        )
        assert order.history[-1].by == f"bank:{IBAN}"
        assert (payment.bill.transaction_id, payment.is_approved) == (f"{IBAN}/E1", True)
        evidence = json.loads(payment.bill.response)
        assert evidence["entry"] == "E1"
        assert evidence["amount"] == {"amount": 8000, "currency": "AZN"}
        assert "4111 1111 1111 1111" not in payment.bill.response
        assert taken.judged is not None
        assert "1111 1111" not in taken.judged.entry.text
        assert (taken.judged.payment_id, taken.judged.owed, taken.judged.why) == (payment.id, azn(0), None)
        assert world.stock() == (3, 0)
        assert books_balance(world)

    def test_pays_late_while_the_goods_are_there(self, world: World) -> None:
        """A hold that ran out is taken up again, as through a gateway."""
        out = world.buy(2, "slow")
        world.clock.turn(minutes=61)
        world.app.look_after_payments()
        assert world.order(out.orders[0]).status is OrderStatus.FAILED

        taken = world.app.take_up_entry(entry(out.payment))

        assert taken.fate is Fate.APPROVED
        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING
        assert books_balance(world)

    def test_ends_the_attempt_by_card_that_replaced_it(self, world: World) -> None:
        """The money is there: the gateway is to take none any more."""
        out = world.buy(2, "transfer")
        by_card = world.pay(out.orders[0])

        taken = world.app.take_up_entry(entry(out.payment))
        world.clock.turn(minutes=1)
        world.app.look_after_payments()

        assert taken.fate is Fate.APPROVED
        assert world.payment(by_card.payment).status is PaymentStatus.FAILED
        assert world.bank.status(by_card.payment.order_id) == "canceled"
        assert books_balance(world)


class TestWhatDoesNotFit:
    def review(self, world: World, taken: TakenUp, payment: Payment | None, owed: Money) -> str:
        """Assert that a person is told of all this money; answers of what."""
        assert taken.fate is Fate.REVIEW
        assert taken.judged is not None
        assert taken.judged.verdict is EntryVerdict.REVIEW
        assert taken.judged.payment_id == (payment.id if payment else None)
        assert taken.judged.owed == owed
        assert books_balance(world)
        return taken.judged.why or ""

    @pytest.mark.parametrize("amount", [azn(79_99), Money(80_00, Currency("USD", 2))])
    def test_too_little_waits_for_a_person(self, world: World, amount: Money) -> None:
        """Nothing expires meanwhile, and staff may still let it pass."""
        out = world.buy(2, "slow")

        why = self.review(
            world, world.app.take_up_entry(entry(out.payment, amount=amount)), out.payment, amount
        )

        assert f"{amount} came, 80.00 AZN are due" in why
        assert world.payment(out.payment).bill.state is BillState.REVIEW
        world.clock.turn(minutes=61)
        assert world.app.look_after_payments() == 0
        world.app.approve_payment(payment_id=out.payment.id, by=STAFF)
        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING
        assert books_balance(world)

    def test_a_reversal_pays_for_nothing(self, world: World) -> None:
        """Though its words and its amount fit; a card number in it is masked as ever, and it counts once."""
        out = world.buy(2, "slow")
        undone = entry(out.payment, text="card 4111 1111 1111 1111")

        taken = world.app.take_up_entry(undone, is_reversal=True)

        assert self.review(world, taken, None, DUE) == "the bank has reversed an earlier booking"
        assert taken.judged is not None
        assert "1111 1111" not in taken.judged.entry.text
        assert world.payment(out.payment).bill.state is BillState.WAITING
        assert world.app.take_up_entry(undone, is_reversal=True).fate is Fate.KNOWN

    def test_a_reversal_that_took_money_is_not_ignored(self, world: World) -> None:
        """Somebody has to see whose money that was; a payment out is nobody's business here."""
        gone = entry(amount=azn(-80_00))

        fates = [world.app.take_up_entry(gone, is_reversal=each).fate for each in (True, False)]

        assert fates == [Fate.REVIEW, Fate.IGNORED]

    def test_the_rest_is_for_the_same_person(self, world: World) -> None:
        """What comes for a payment under review does not end the review."""
        out = world.buy(2, "transfer")
        world.app.take_up_entry(entry(out.payment, amount=azn(50_00)))

        rest = world.app.take_up_entry(entry(out.payment, reference="E2", amount=DUE))

        assert "was under review already" in self.review(world, rest, out.payment, DUE)
        assert world.payment(out.payment).bill.state is BillState.REVIEW

    def test_too_much_approves_and_the_rest_waits(self, world: World) -> None:
        """The order is on its way, and the surplus is told."""
        out = world.buy(2, "transfer")

        taken = world.app.take_up_entry(entry(out.payment, amount=azn(100_00)))

        payment = world.payment(out.payment)
        assert (taken.fate, payment.status) == (Fate.APPROVED, PaymentStatus.SUCCESS)
        assert taken.judged is not None
        assert taken.judged.owed == azn(20_00)
        assert "20.00 AZN more came" in (taken.judged.why or "")
        assert payment.bill.review == taken.judged.why
        assert world.events().count("payment.review") == 1
        assert books_balance(world)

    @pytest.mark.parametrize("settle", ["bank", "staff", "counter"])
    def test_money_for_what_is_paid_waits(self, world: World, settle: str) -> None:
        """However it was paid; it stays paid."""
        out = world.buy(2, "cash" if settle == "counter" else "transfer")
        if settle == "bank":
            world.app.take_up_entry(entry(out.payment))
        elif settle == "staff":
            world.app.approve_payment(payment_id=out.payment.id, by=STAFF)

        taken = world.app.take_up_entry(entry(out.payment, reference="E2"))

        assert "was paid already" in self.review(world, taken, out.payment, DUE)
        assert world.payment(out.payment).status is PaymentStatus.SUCCESS
        assert world.events()[-1] == "payment.review"
        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING

    def test_money_for_a_cancelled_order_waits(self, world: World) -> None:
        """What was given up is not delivered."""
        out = world.buy(2, "transfer")
        world.app.cancel_order(order_key=out.orders[0].key, by=KEY_HOLDER)

        taken = world.app.take_up_entry(entry(out.payment))

        assert "too late" in self.review(world, taken, out.payment, DUE)
        assert world.order(out.orders[0]).status is OrderStatus.CANCELLED
        assert world.stock() == (5, 0)

    def test_money_for_goods_that_are_gone_waits(self, world: World) -> None:
        """Somebody else has them."""
        out = world.buy(2, "slow")
        world.clock.turn(minutes=61)
        world.app.look_after_payments()
        murad = world.customer_called("murad")
        world.fill(4, customer=murad)
        world.check_out("cash", customer=murad)

        taken = world.app.take_up_entry(entry(out.payment))

        assert "too late" in self.review(world, taken, out.payment, DUE)

    def test_money_for_what_was_paid_otherwise_waits(self, world: World) -> None:
        """The order was paid by card meanwhile."""
        out = world.buy(2, "transfer")
        by_card = world.pay(out.orders[0])
        world.bank.confirm(by_card.payment.order_id)
        world.hear(by_card.payment)

        self.review(world, world.app.take_up_entry(entry(out.payment)), out.payment, DUE)

        assert world.payment(by_card.payment).status is PaymentStatus.SUCCESS

    def test_money_of_strangers_waits(self, world: World) -> None:
        """No payment named, one that there is not, two, or one that goes through a gateway."""
        first, second = world.buy(1, "transfer"), world.buy(1, "transfer")
        card = world.buy(1)

        def why(taken: BankEntry, payment: Payment | None = None) -> str:
            return self.review(world, world.app.take_up_entry(taken), payment, DUE)

        assert why(entry()) == "it names no payment"
        assert why(entry(reference="E2", text="RF11K000000099")).startswith("it names no")
        assert "no payment 99" in why(entry(reference="E3", text=reference_of(PaymentId(99))))
        assert "more than one" in why(entry(first.payment, second.payment, reference="E4"))
        assert "gateway" in why(entry(card.payment, reference="E5"), card.payment)
        assert {world.payment(out.payment).status for out in (first, second, card)} == {PaymentStatus.PENDING}


class TestAnEntry:
    def test_is_taken_up_once(self, world: World) -> None:
        """Overlapping files bring it again, in other words; another account's is another."""
        out = world.buy(2, "transfer")
        world.app.take_up_entry(entry(out.payment))

        again = world.app.take_up_entry(entry(out.payment, text="paraphrased"))

        assert again.fate is Fate.KNOWN
        assert again.judged is not None
        assert again.judged.verdict is EntryVerdict.APPROVED
        assert len(world.store.tables.bank_entries) == 1
        assert books_balance(world)

    def test_that_reads_otherwise_than_before_is_told(self, world: World) -> None:
        """A bank that uses a reference twice must not make money vanish."""
        out = world.buy(2, "transfer")
        world.app.take_up_entry(entry(out.payment))

        changed = world.app.take_up_entry(entry(out.payment, amount=azn(81_00)))

        assert changed.fate is Fate.CHANGED
        assert changed.judged is not None
        assert changed.judged.entry.amount == DUE

    @pytest.mark.parametrize("minor", [0, -80_00])
    def test_of_money_that_went_is_nobodys(self, world: World, minor: int) -> None:
        """Whatever it names."""
        out = world.buy(2, "transfer")

        assert world.app.take_up_entry(entry(out.payment, amount=azn(minor))).fate is Fate.IGNORED
        assert world.payment(out.payment).status is PaymentStatus.PENDING
        assert not world.store.tables.bank_entries

    def test_that_somebody_else_takes_up_meanwhile_is_known(self, world: World) -> None:
        """Two imports at once: the later one finds it there."""
        out = world.buy(2, "transfer")
        ours = entry(out.payment)
        world.meanwhile(1, lambda: world.app.take_up_entry(ours))

        assert world.app.take_up_entry(ours).fate is Fate.KNOWN
