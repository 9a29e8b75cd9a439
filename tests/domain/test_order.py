"""An order's status moves only as the contract says, and each move is told once."""

from itertools import product

import pytest

from domain.errors import CurrencyMismatch, IllegalTransition
from domain.events import (
    OrderCancelled,
    OrderCompleted,
    OrderDelivered,
    OrderFailed,
    OrderHeld,
    OrderPaid,
    OrderPlaced,
    OrderRefunded,
    OrderShipped,
)
from domain.ids import CartId, CheckoutId, CustomerId, OrderId, OrderKey, PaymentId, Sku
from domain.money import Money
from domain.order import Move, Order, OrderLine, PlacedWith
from domain.order_status import FULFILMENT, ORDER_TRANSITIONS, OrderPaymentStatus, OrderStatus
from tests.domain.builders import BANK, BY, LATER, NOW, STAFF, USD, azn, held_order, line, new_order, order_in

S = OrderStatus

# Section 2 of the contract, move by move; what is not here is refused.
MOVES = {
    (S.NEW, S.HOLD): OrderHeld,
    (S.NEW, S.CANCELLED): OrderCancelled,
    (S.HOLD, S.PROCESSING): OrderPaid,
    (S.HOLD, S.FAILED): OrderFailed,
    (S.HOLD, S.CANCELLED): OrderCancelled,
    (S.FAILED, S.HOLD): OrderHeld,
    (S.FAILED, S.CANCELLED): OrderCancelled,
    (S.PROCESSING, S.SHIPPED): OrderShipped,
    (S.PROCESSING, S.DELIVERED): OrderDelivered,
    (S.PROCESSING, S.COMPLETED): OrderCompleted,
    (S.PROCESSING, S.REFUNDED): OrderRefunded,
    (S.SHIPPED, S.DELIVERED): OrderDelivered,
    (S.SHIPPED, S.COMPLETED): OrderCompleted,
    (S.SHIPPED, S.REFUNDED): OrderRefunded,
    (S.DELIVERED, S.COMPLETED): OrderCompleted,
    (S.DELIVERED, S.REFUNDED): OrderRefunded,
    (S.COMPLETED, S.REFUNDED): OrderRefunded,
}
NEXT = {
    S.NEW: {S.HOLD, S.CANCELLED},
    S.HOLD: {S.PROCESSING, S.FAILED, S.CANCELLED},
    S.PROCESSING: {S.SHIPPED, S.DELIVERED, S.COMPLETED, S.REFUNDED},
    S.SHIPPED: {S.DELIVERED, S.COMPLETED, S.REFUNDED},
    S.DELIVERED: {S.COMPLETED, S.REFUNDED},
    S.COMPLETED: {S.REFUNDED},
    S.FAILED: {S.HOLD, S.CANCELLED},
    S.CANCELLED: set(),
    S.REFUNDED: set(),
}


def drive(order: Order, to: OrderStatus) -> None:
    """Ask the order for a move by the method that is there for it."""
    if to is S.HOLD:
        order.hold(PaymentId(8), BY, LATER)
    elif to is S.PROCESSING:
        order.mark_paid(BANK, LATER)
    elif to is S.FAILED:
        order.mark_failed(BANK, LATER, "refused")
    elif to is S.CANCELLED:
        order.cancel(BY, LATER, "no more")
    else:
        order.fulfil(to, STAFF, LATER, "by hand")


class TestOrderMoves:
    @pytest.mark.parametrize(("source", "to"), list(product(S, S)))
    def test_follow_the_flow_and_nothing_else(self, source: OrderStatus, to: OrderStatus) -> None:
        """Each of the 81 pairs moves as section 2 says, or is refused and changes nothing."""
        order = order_in(source)
        before, history = order.snapshot(), order.history
        event = MOVES.get((source, to))

        if event is None or to is S.REFUNDED:
            with pytest.raises(IllegalTransition):
                drive(order, to)

            assert (order.snapshot(), order.history, order.pull_events()) == (before, history, [])
        else:
            drive(order, to)

            assert order.status is to
            assert [type(happened) for happened in order.pull_events()] == [event]

    def test_are_one_table(self) -> None:
        """The table holds the moves of the contract, each with its event, and no more."""
        assert dict(ORDER_TRANSITIONS) == MOVES

    @pytest.mark.parametrize("status", S)
    def test_are_told_in_advance(self, status: OrderStatus) -> None:
        """An order names the statuses that it may go to."""
        assert set(order_in(status).next_statuses) == NEXT[status]

    @pytest.mark.parametrize("status", sorted(set(S) - FULFILMENT))
    def test_that_follow_from_payments_are_not_made_by_hand(self, status: OrderStatus) -> None:
        """Staff ship, deliver and complete; they cannot set an order paid or refunded."""
        with pytest.raises(IllegalTransition, match="follows from payments"):
            order_in(S.PROCESSING).fulfil(status, STAFF, LATER)

    def test_are_kept_in_the_history(self) -> None:
        """Who moved it, when, why and from where is never forgotten."""
        order = held_order()

        order.mark_failed(BANK, LATER, "refused")

        assert order.history == (Move(S.NEW, S.HOLD, NOW, BY), Move(S.HOLD, S.FAILED, LATER, BANK, "refused"))
        assert order.updated_at == LATER

    def test_are_numbered_without_gaps(self) -> None:
        """Events count from 1, across pulls, each with the order as it then stood."""
        order = new_order()

        order.hold(PaymentId(7), BY, NOW)
        first = order.pull_events()
        order.mark_paid(BANK, LATER)
        events = first + order.pull_events()

        assert [event.sequence for event in events] == [2, 3]
        assert [event.moved_from for event in events] == ["NEW", "HOLD"]
        assert [event.snapshot["status"] for event in events] == ["HOLD", "PROCESSING"]
        assert {event.subject_id for event in events} == {OrderId(1)}
        assert order.pull_events() == []


class TestOrderPlace:
    def test_makes_a_new_unpaid_order(self) -> None:
        """Placing is the first event, and tells no key."""
        order = Order.place(
            id=OrderId(12),
            key=OrderKey("secret-key"),
            checkout_id=CheckoutId("checkout"),
            cart_id=CartId("cart"),
            customer_id=CustomerId(5),
            seller="Kassa",
            lines=[line("kettle", 2, 4000), line("cup", 1, 500)],
            placed_with=PlacedWith(note="ring twice"),
            by=BY,
            now=NOW,
        )

        (placed,) = order.pull_events()

        assert (order.status, order.payment_status) == (S.NEW, OrderPaymentStatus.UNPAID)
        assert (order.number, order.total) == ("K000012", azn(8500))
        assert (type(placed), placed.sequence, placed.moved_from) == (OrderPlaced, 1, None)
        assert "secret-key" not in f"{order!r} {placed!r} {placed.snapshot}"

    @pytest.mark.parametrize(
        ("lines", "error"),
        [
            ((), ValueError),
            ((line(), OrderLine(Sku("cup"), "Cup", 1, Money(1, USD))), CurrencyMismatch),
        ],
    )
    def test_refuses_what_has_no_total(self, lines: tuple[OrderLine, ...], error: type[Exception]) -> None:
        """Nobody orders nothing, or in two currencies."""
        with pytest.raises(error):
            Order.place(
                id=OrderId(1),
                key=OrderKey("key"),
                checkout_id=CheckoutId("checkout"),
                cart_id=None,
                customer_id=None,
                seller="Kassa",
                lines=lines,
                placed_with=PlacedWith(),
                by=BY,
                now=NOW,
            )

    def test_counts_every_row_of_a_product(self) -> None:
        """Two rows of one product are reserved and sold together."""
        order = new_order(1, line("kettle", 2), line("cup", 1), line("kettle", 3))

        assert order.quantities == {"kettle": 5, "cup": 1}


class TestOrderHold:
    def test_tells_how_it_was_paid(self) -> None:
        """The money of the payment that was told of changes nothing of that."""
        order = held_order(payment_id=7)
        order.tell_how_to_pay("pay at the desk", "ref-7", LATER)

        order.take_on(PaymentId(7))

        assert (order.instructions, order.reference, order.due_at) == ("pay at the desk", "ref-7", LATER)

    def test_lets_one_payment_settle_the_order(self) -> None:
        """A second attempt takes over; the first stays listed."""
        order = held_order(payment_id=7)
        order.tell_how_to_pay("pay at the desk", "ref-7", LATER)
        order.mark_failed(BANK, NOW, "refused")

        order.hold(PaymentId(8), BY, LATER)

        assert (order.payment_id, order.payment_ids) == (8, (7, 8))
        assert order.payment_status is OrderPaymentStatus.UNPAID
        assert (order.instructions, order.reference, order.due_at) == (None, None, None)

    def test_lists_a_payment_once(self) -> None:
        """Late money of an earlier attempt brings that attempt back, not a new one."""
        order = held_order(payment_id=7)
        order.mark_failed(BANK, NOW, "refused")

        order.hold(PaymentId(7), BANK, LATER, "the money came late")

        assert order.payment_ids == (7,)
        assert order.history[-1].reason == "the money came late"


class TestOrderPaid:
    def test_is_paid_once_the_money_is_approved(self) -> None:
        """Processing and paid are one step."""
        order = held_order()

        order.mark_paid(BANK, LATER)

        assert order.is_paid
        assert not order.is_awaiting_approval

    def test_waits_for_approval_in_hold(self) -> None:
        """Money that staff must approve makes the order paid, and moves it nowhere."""
        order = held_order()

        order.await_approval(LATER)

        assert order.is_paid
        assert order.is_awaiting_approval
        assert (order.status, order.updated_at, order.pull_events()) == (S.HOLD, LATER, [])

    def test_goes_on_once_approved(self) -> None:
        """Approval sells what the money had bought."""
        order = held_order()
        order.await_approval(NOW)

        order.mark_paid(STAFF, LATER)

        assert order.status is S.PROCESSING

    @pytest.mark.parametrize("status", sorted(set(S) - {S.HOLD}))
    def test_waits_for_approval_nowhere_else(self, status: OrderStatus) -> None:
        """Only an order on hold can wait for staff's word."""
        with pytest.raises(IllegalTransition, match="does not wait"):
            order_in(status).await_approval(LATER)

    def test_never_fails(self) -> None:
        """An order whose money is there is approved or cancelled: it has not failed."""
        order = held_order()
        order.await_approval(NOW)

        with pytest.raises(IllegalTransition, match="does not fail"):
            order.mark_failed(BANK, LATER, "another attempt failed")

        assert order.is_awaiting_approval

    def test_may_still_be_cancelled_before_approval(self) -> None:
        """Its money then has to go back, so the order goes on saying that it was paid."""
        order = held_order()
        order.await_approval(NOW)

        order.cancel(STAFF, LATER)

        assert (order.status, order.is_paid, order.is_awaiting_approval) == (S.CANCELLED, True, False)


class TestOrderFailed:
    def test_says_so_in_its_own_code(self) -> None:
        """A failed order has failed and is not unpaid."""
        order = held_order()

        order.mark_failed(BANK, LATER, "refused")

        assert (order.status, order.payment_status) == (S.FAILED, OrderPaymentStatus.FAILED)
