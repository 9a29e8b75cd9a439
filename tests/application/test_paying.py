"""Paying through a gateway: checkout, news, settlement, and everything that can come between."""

from datetime import timedelta

import pytest

from domain.bill import BillState, PaymentStatus
from domain.errors import (
    Conflict,
    EmptyCart,
    ForgedCallback,
    GatewayUnavailable,
    IllegalTransition,
    Invalid,
    MethodRefused,
    NotFound,
    OrderAlreadyPaid,
    PaymentRefused,
    PaymentUnderWay,
    ShortStock,
    TooManyFailures,
    TotalChanged,
)
from domain.order_status import OrderPaymentStatus, OrderStatus
from domain.references import reference_of
from tests.world import STAFF, World, azn


@pytest.fixture
def world() -> World:
    return World()


class TestCheckingOutACart:
    def test_holds_the_order_and_reserves_its_goods(self, world: World) -> None:
        """Before the money is there the goods are nobody else's, and the cart stays."""
        out = world.buy(2)

        (order,) = out.orders
        assert (order.status, order.payment_status) == (OrderStatus.HOLD, OrderPaymentStatus.UNPAID)
        assert out.payment.status is PaymentStatus.PENDING
        assert out.payment.bill.state is BillState.WAITING
        assert out.next_step == "https://bank.test/pay/pay_000001"
        assert world.stock() == (5, 2)
        assert world.cart() == {"kettle": 2}
        assert world.events() == ["order.placed", "order.held", "payment.started"]

    def test_makes_one_order_for_each_seller_and_one_payment(self, world: World) -> None:
        """Sellers do not share orders; the customer pays once."""
        world.offer("lamp", 15_00, 3, seller="Lights")
        world.fill(1, "lamp")

        out = world.buy(1)

        assert [(order.seller, order.total) for order in out.orders] == [
            ("Lights", azn(15_00)),
            ("Kassa", azn(40_00)),
        ]
        assert out.payment.amount == azn(55_00)

    def test_refuses_an_empty_cart(self, world: World) -> None:
        """There is nothing to sell."""
        with pytest.raises(EmptyCart):
            world.check_out()

    def test_refuses_more_than_is_available(self, world: World) -> None:
        """What others hold cannot be sold again, and nothing is left behind."""
        world.fill(3)
        other = world.customer_called("murad")
        world.fill(3, customer=other)
        world.check_out()

        with pytest.raises(ShortStock):
            world.check_out(customer=other)

        assert world.stock() == (5, 3)
        assert world.cart(other) == {"kettle": 3}

    def test_refuses_another_total_than_the_customer_agreed_to(self, world: World) -> None:
        """A price that changed on the way is not charged unseen."""
        with pytest.raises(TotalChanged):
            world.buy(2, expected_total=azn(79_99))

    def test_refuses_an_unknown_method_and_one_that_does_not_accept_it(self, world: World) -> None:
        """The method has the last word before orders exist."""
        world.method("small", max_amount=azn(10_00))
        world.fill(2)

        with pytest.raises(Invalid):
            world.check_out("nothing")
        with pytest.raises(MethodRefused, match=r"above 10\.00 AZN"):
            world.check_out("small")
        assert world.stock() == (5, 0)

    def test_sends_customers_back_only_to_trusted_origins(self, world: World) -> None:
        """Where a customer lands must not be anybody's choice."""
        with pytest.raises(Invalid):
            world.buy(1, return_url="https://evil.example/")
        world.check_out(return_url="https://shop.example/thanks")


class TestHearingThatAPaymentSucceeded:
    def test_moves_the_order_on_sells_the_goods_and_empties_the_cart(self, world: World) -> None:
        """All in one transaction, told to others afterwards."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id)

        world.hear(out.payment)

        order, payment = world.order(out.orders[0]), world.payment(out.payment)
        assert (order.status, order.payment_status) == (OrderStatus.PROCESSING, OrderPaymentStatus.PAID)
        assert (payment.status, payment.bill.verified) == (PaymentStatus.SUCCESS, True)
        assert payment.card is not None and payment.card.mask == "4111******1111"
        assert world.stock() == (3, 0)
        assert world.cart() == {}
        assert world.events()[3:] == ["payment.succeeded", "order.paid"]

    def test_happens_once_however_often_it_is_said(self, world: World) -> None:
        """Repeated news changes nothing."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id)

        for _ in range(3):
            world.hear(out.payment)

        assert world.stock() == (3, 0)
        assert len(world.order(out.orders[0]).history) == 2

    def test_keeps_lines_added_since(self, world: World) -> None:
        """Only what was bought leaves the cart."""
        out = world.buy(2)
        world.fill(3)
        world.bank.confirm(out.payment.order_id)

        world.hear(out.payment)

        assert world.cart() == {"kettle": 1}

    def test_believes_the_gateway_and_not_the_callback(self, world: World) -> None:
        """A callback that says success is worth no more than a question."""
        out = world.buy(2)

        world.hear(out.payment, "captured")

        assert world.order(out.orders[0]).status is OrderStatus.HOLD

    def test_refuses_a_forged_callback(self, world: World) -> None:
        """Without the gateway's signature nothing is even asked."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id)

        with pytest.raises(ForgedCallback):
            world.hear(out.payment, forged=True)

        assert world.order(out.orders[0]).status is OrderStatus.HOLD
        assert world.bank.called("verify") == []

    def test_waits_for_approval_where_the_method_wants_it(self, world: World) -> None:
        """The money is there, the cart is done with, the goods stay reserved."""
        world.method("careful", auto_approve=False)
        out = world.buy(2, "careful")
        world.bank.confirm(out.payment.order_id)

        world.hear(out.payment)

        order = world.order(out.orders[0])
        assert (order.status, order.payment_status) == (OrderStatus.HOLD, OrderPaymentStatus.PAID)
        assert world.stock() == (5, 2)
        assert world.cart() == {}

        world.app.approve_payment(payment_id=out.payment.id, by=STAFF)
        world.app.approve_payment(payment_id=out.payment.id, by=STAFF)

        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING
        assert world.stock() == (3, 0)

    def test_puts_another_amount_under_review(self, world: World) -> None:
        """Money that does not fit moves nothing."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id, amount=79_99)

        world.hear(out.payment)

        payment = world.payment(out.payment)
        assert (payment.status, payment.bill.state) == (PaymentStatus.PENDING, BillState.REVIEW)
        assert world.order(out.orders[0]).status is OrderStatus.HOLD
        assert world.events()[-1] == "payment.review"


class TestHearingThatAPaymentFailed:
    def test_frees_the_goods_and_keeps_the_cart(self, world: World) -> None:
        """The customer may try again."""
        out = world.buy(2)
        world.bank.decline(out.payment.order_id)

        world.hear(out.payment)

        order = world.order(out.orders[0])
        assert (order.status, order.payment_status) == (OrderStatus.FAILED, OrderPaymentStatus.FAILED)
        assert world.payment(out.payment).status is PaymentStatus.FAILED
        assert world.stock() == (5, 0)
        assert world.cart() == {"kettle": 2}

    def test_leaves_the_order_to_be_paid_again_by_its_key(self, world: World) -> None:
        """A second attempt is a payment of its own."""
        out = world.buy(2)
        world.bank.decline(out.payment.order_id)
        world.hear(out.payment)

        again = world.pay(out.orders[0])
        world.bank.confirm(again.payment.order_id)
        world.hear(again.payment)

        order = world.order(out.orders[0])
        assert again.payment.id != out.payment.id
        assert order.status is OrderStatus.PROCESSING
        assert order.payment_ids == (out.payment.id, again.payment.id)
        assert world.cart() == {}

    def test_lets_the_cart_be_checked_out_again_with_new_orders(self, world: World) -> None:
        """The failed orders it came from are given up."""
        out = world.buy(2)
        world.bank.decline(out.payment.order_id)
        world.hear(out.payment)

        again = world.check_out()

        assert world.order(out.orders[0]).status is OrderStatus.CANCELLED
        assert again.orders[0].id != out.orders[0].id
        assert world.stock() == (5, 2)

    def test_ends_the_trying_of_cards(self, world: World) -> None:
        """Ten refused cards pass, the next is turned away for a while."""
        out = world.buy(1)
        for _ in range(10):
            world.bank.decline(out.payment.order_id)
            world.hear(out.payment)
            order = out.orders[0]
            try:
                out = world.pay(order)
            except TooManyFailures:
                break
        else:
            pytest.fail("nobody stopped the eleventh card")
        assert len(world.order(order).payment_ids) == 10

        world.clock.turn(minutes=16)
        world.pay(order)


class TestLateMoney:
    def failed(self, world: World) -> tuple:
        out = world.buy(2)
        world.bank.decline(out.payment.order_id)
        world.hear(out.payment)
        world.bank.confirm(out.payment.order_id)
        return out, out.payment

    def test_delivers_what_is_still_there(self, world: World) -> None:
        """Through HOLD to PROCESSING."""
        out, payment = self.failed(world)

        world.hear(payment)

        order = world.order(out.orders[0])
        assert order.status is OrderStatus.PROCESSING
        assert [str(move.to) for move in order.history] == ["HOLD", "FAILED", "HOLD", "PROCESSING"]
        assert world.stock() == (3, 0)

    def test_is_reviewed_when_the_goods_are_gone(self, world: World) -> None:
        """Never sold twice, never silently kept."""
        out, payment = self.failed(world)
        world.offer("kettle", 40_00, 1)

        world.hear(payment)

        assert world.payment(payment).bill.state is BillState.REVIEW
        assert world.order(out.orders[0]).status is OrderStatus.FAILED

    def test_is_reviewed_when_the_order_was_cancelled(self, world: World) -> None:
        """A cancelled order stays cancelled."""
        out, payment = self.failed(world)
        world.app.cancel_order(order_key=out.orders[0].key, by=STAFF)

        world.hear(payment)

        assert world.payment(payment).bill.state is BillState.REVIEW
        assert world.order(out.orders[0]).status is OrderStatus.CANCELLED

    def test_is_reviewed_when_the_order_was_paid_otherwise(self, world: World) -> None:
        """An order is paid at most once."""
        out, payment = self.failed(world)
        second = world.pay(out.orders[0])
        world.bank.confirm(second.payment.order_id)
        world.hear(second.payment)

        world.hear(payment)

        assert world.payment(payment).bill.state is BillState.REVIEW
        assert world.payment(second.payment).status is PaymentStatus.SUCCESS
        assert world.stock() == (3, 0)

    def test_ends_a_newer_attempt_that_nobody_has_paid(self, world: World) -> None:
        """The first money that comes is taken, and the newer bill is closed."""
        out, payment = self.failed(world)
        second = world.pay(out.orders[0])

        world.hear(payment)

        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING
        assert world.payment(second.payment).status is PaymentStatus.FAILED
        assert world.stock() == (3, 0)
        world.clock.turn(seconds=1)
        world.app.look_after_payments()
        assert world.bank.status(second.payment.order_id) == "canceled"
        assert world.payment(second.payment).look_at is None

    def test_frees_all_orders_of_a_newer_attempt(self, world: World) -> None:
        """An attempt for two orders ends when one of them is paid otherwise; the other has failed."""
        out, payment = self.failed(world)
        world.app.fill_cart.empty(customer_id=world.customer)
        other = world.buy(1)
        world.bank.decline(other.payment.order_id)
        world.hear(other.payment)
        world.pay(out.orders[0], other.orders[0], customer=world.customer)

        world.hear(payment)

        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING
        assert world.order(other.orders[0]).status is OrderStatus.FAILED
        assert world.stock() == (3, 0)

    def test_two_callbacks_at_once_about_money_for_review_change_it_once(self, world: World) -> None:
        """While the first asks, the second puts the money under review; the newer attempt goes on."""
        out, payment = self.failed(world)
        world.offer("kettle", 40_00, 1)
        world.bank.meanwhile("verify", lambda: world.hear(payment))

        world.hear(payment)

        assert world.payment(payment).bill.state is BillState.REVIEW
        assert world.order(out.orders[0]).status is OrderStatus.FAILED
        assert world.events().count("payment.review") == 1

    def test_a_review_ends_when_staff_ask_and_the_answer_fits(self, world: World) -> None:
        """A person decides, by the gateway's own word."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id, amount=1)
        world.hear(out.payment)
        world.bank.confirm(out.payment.order_id, amount=80_00)

        world.app.look_after_payments()
        assert world.payment(out.payment).bill.state is BillState.REVIEW
        world.app.verify_bill(payment_id=out.payment.id, by=STAFF)

        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING


class TestGatewayTrouble:
    def test_keeps_the_payment_open_and_names_its_orders(self, world: World) -> None:
        """Unknown is not failed."""
        world.fill(2)
        world.bank.trouble(operation="initiate")

        with pytest.raises(GatewayUnavailable) as raised:
            world.check_out()

        (key,) = raised.value.order_keys
        order = world.app.queries.order(key)
        assert order is not None and order.status is OrderStatus.HOLD
        assert world.payment(order.payment_id).bill.state is BillState.IN_DOUBT  # type: ignore[arg-type]

    def test_is_over_when_the_customer_checks_out_again(self, world: World) -> None:
        """The same payment is opened, under the same reference, and the bank has one payment."""
        world.fill(2)
        world.bank.trouble(operation="initiate", done=True)
        with pytest.raises(GatewayUnavailable) as raised:
            world.check_out()

        out = world.check_out()

        assert out.orders[0].key == raised.value.order_keys[0]
        assert len({call.order_id for call in world.bank.called("initiate")}) == 1
        assert out.next_step is not None
        assert world.stock() == (5, 2)

    def test_replaces_what_nobody_has_seen_when_another_method_is_chosen(self, world: World) -> None:
        """Nobody is stuck behind a gateway's bad minute."""
        world.fill(2)
        world.bank.trouble(None)
        with pytest.raises(GatewayUnavailable):
            world.check_out()

        out = world.check_out("cash")

        assert out.orders[0].status is OrderStatus.PROCESSING
        first, second = world.order(out.orders[0]).payment_ids
        assert world.payment(first).status is PaymentStatus.FAILED
        assert world.payment(second).status is PaymentStatus.SUCCESS
        assert world.stock() == (3, 0)

    def test_stays_trouble_while_the_gateway_does_not_say(self, world: World) -> None:
        """Asking comes before opening again."""
        world.fill(2)
        world.bank.trouble(None)
        with pytest.raises(GatewayUnavailable):
            world.check_out()

        with pytest.raises(GatewayUnavailable):
            world.check_out()

        assert len(world.bank.called("initiate")) == 1

    def test_a_cart_changed_meanwhile_is_checked_out_anew(self, world: World) -> None:
        """What nobody has seen may be replaced by what the customer wants now."""
        world.fill(2)
        world.bank.trouble(operation="initiate")
        with pytest.raises(GatewayUnavailable) as raised:
            world.check_out()
        world.fill(3)

        out = world.check_out()

        old = world.app.queries.order(raised.value.order_keys[0])
        assert old is not None and old.status is OrderStatus.CANCELLED
        assert out.payment.amount == azn(120_00)
        assert world.stock() == (5, 3)

    def test_a_refusal_fails_the_order(self, world: World) -> None:
        """The gateway said no: the order can be paid otherwise."""
        world.fill(2)
        world.bank.refuse()

        with pytest.raises(PaymentRefused) as raised:
            world.check_out()

        order = world.app.queries.order(raised.value.order_keys[0])
        assert order is not None and order.status is OrderStatus.FAILED
        assert world.stock() == (5, 0)

    def test_a_refusal_to_open_again_does_not_end_what_was_found_out_meanwhile(self, world: World) -> None:
        """The first opening had its effect, money came that does not fit: a person decides, not a refusal."""
        world.fill(2)
        world.bank.trouble(operation="initiate", done=True)
        with pytest.raises(GatewayUnavailable) as raised:
            world.check_out()
        order = world.app.queries.order(raised.value.order_keys[0])
        assert order is not None and order.payment_id is not None
        payment = world.payment(order.payment_id)

        def pay_too_much() -> None:
            world.bank.confirm(payment.order_id, amount=99_00)
            world.hear(payment)

        world.bank.refuse()
        world.bank.meanwhile("initiate", pay_too_much)
        with pytest.raises(PaymentRefused):
            world.check_out()

        assert world.payment(payment).bill.state is BillState.REVIEW
        assert world.order(order).status is OrderStatus.HOLD
        assert world.stock() == (5, 2)


class TestCheckingOutAgain:
    def test_is_refused_while_the_customer_may_be_paying(self, world: World) -> None:
        """They are told where to go on."""
        out = world.buy(2)

        with pytest.raises(PaymentUnderWay) as raised:
            world.check_out()
        with pytest.raises(PaymentUnderWay):
            world.pay(out.orders[0], method="cash")

        assert raised.value.next_step == out.next_step
        assert raised.value.order_key == out.orders[0].key

    def test_finds_out_first_that_it_is_paid(self, world: World) -> None:
        """A callback that got lost must not make anybody pay twice."""
        out = world.buy(2)
        world.bank.confirm(out.payment.order_id)

        with pytest.raises(OrderAlreadyPaid):
            world.pay(out.orders[0])

        assert world.order(out.orders[0]).status is OrderStatus.PROCESSING

    def test_finds_out_first_that_it_failed(self, world: World) -> None:
        """A decline that nobody told us of does not block the next attempt."""
        out = world.buy(2)
        world.bank.decline(out.payment.order_id)

        again = world.pay(out.orders[0])

        assert again.payment.id != out.payment.id

    def test_creates_anew_what_the_gateway_has_forgotten(self, world: World) -> None:
        """Under the same reference."""
        out = world.buy(2)
        world.bank.forget(out.payment.order_id)

        again = world.check_out()

        assert again.payment.id == out.payment.id
        assert world.bank.knows(out.payment.order_id)

    def test_does_not_open_one_payment_twice_at_once(self, world: World) -> None:
        """A double click finds the first one on its way."""
        world.fill(2)
        seen: list[Exception] = []

        def click_again() -> None:
            with pytest.raises(PaymentUnderWay) as raised:
                world.check_out()
            seen.append(raised.value)

        world.bank.meanwhile("initiate", click_again)
        world.check_out()

        assert len(seen) == 1

    def test_refuses_cancelled_orders_and_strangers_orders(self, world: World) -> None:
        """Nobody pays for what is given up, or not theirs."""
        out = world.buy(2)
        world.app.cancel_order(order_key=out.orders[0].key, by=STAFF)

        with pytest.raises(IllegalTransition):
            world.pay(out.orders[0])
        with pytest.raises(NotFound):
            world.pay(out.orders[0], customer=world.customer_called("murad"))

    def test_pays_several_orders_at_once(self, world: World) -> None:
        """One payment, the sum of its orders."""
        first = world.buy(1)
        world.bank.decline(first.payment.order_id)
        world.hear(first.payment)
        world.app.fill_cart.empty(customer_id=world.customer)
        second = world.buy(2)
        world.bank.decline(second.payment.order_id)
        world.hear(second.payment)

        out = world.pay(first.orders[0], second.orders[0], customer=world.customer)
        world.bank.confirm(out.payment.order_id)
        world.hear(out.payment)

        assert out.payment.amount == azn(120_00)
        assert {world.order(order).status for order in out.orders} == {OrderStatus.PROCESSING}
        assert world.stock() == (2, 0)


class TestOfflineMethods:
    def test_succeed_within_the_checkout_when_auto_approved(self, world: World) -> None:
        """Nobody is asked and nothing is left to do."""
        out = world.buy(2, "cash")

        assert out.next_step is None
        assert out.orders[0].status is OrderStatus.PROCESSING
        assert out.payment.status is PaymentStatus.SUCCESS
        assert world.cart() == {}
        assert world.stock() == (3, 0)

    def test_wait_for_staffs_word_otherwise(self, world: World) -> None:
        """The cart is done with at checkout; approval sells the goods."""
        world.method("iban", backend="manual", auto_approve=False, settings={"instructions": "AZ21NABZ"})
        out = world.buy(2, "iban")

        order = out.orders[0]
        assert (order.status, order.instructions) == (OrderStatus.HOLD, "AZ21NABZ")
        assert (order.reference, order.due_at) == (reference_of(out.payment.id), None)
        assert world.cart() == {}
        assert out.payment.expires_at is None

        world.app.approve_payment(payment_id=out.payment.id, by=STAFF)

        assert world.order(order).status is OrderStatus.PROCESSING
        assert world.order(order).reference == order.reference
        assert world.payment(out.payment).bill.verified

    @pytest.mark.parametrize(
        ("settings", "days"),
        [
            ({"kind": "pay_in_advance"}, 14),
            ({"kind": "pay_in_advance", "due_days": 3.0}, 3),
            ({"kind": "bank_transfer", "due_days": 30}, 30),
            ({"kind": "bank_transfer", "due_days": 30, "hold_minutes": 24 * 60}, 1),
            ({"kind": "cash_on_delivery", "hold_minutes": 48 * 60}, 2),
            ({"kind": "cash_on_delivery"}, None),
        ],
    )
    def test_tell_until_when(self, world: World, settings: dict[str, object], days: int | None) -> None:
        """Whichever ends sooner, the customer's time or the hold; who pays in advance always has an end."""
        world.method("later", backend="manual", auto_approve=False, settings=settings)
        out = world.buy(2, "later")

        due_at = world.clock.now() + timedelta(days=days) if days else None
        assert world.order(out.orders[0]).due_at == out.orders[0].due_at == due_at
        hold = settings.get("hold_minutes")
        assert out.payment.expires_at == (due_at if hold else None)

    def test_expire_by_their_own_deadline(self, world: World) -> None:
        """Only a method that says so lets an unpaid order go."""
        world.method("advance", backend="manual", auto_approve=False, settings={"hold_minutes": 60})
        out = world.buy(2, "advance")
        world.clock.turn(minutes=61)

        world.app.look_after_payments()

        assert world.order(out.orders[0]).status is OrderStatus.FAILED
        assert world.stock() == (5, 0)

    def test_may_be_failed_by_staff(self, world: World) -> None:
        """Where no gateway can say, staff can."""
        out = world.buy(2, "transfer")

        world.app.move_order(order_key=out.orders[0].key, to=OrderStatus.FAILED, by=STAFF)

        assert world.payment(out.payment).status is PaymentStatus.FAILED
        assert world.stock() == (5, 0)
        with pytest.raises(Conflict):
            world.app.approve_payment(payment_id=out.payment.id, by=STAFF)

    def test_hear_no_callbacks(self, world: World) -> None:
        """There is nobody who could call."""
        out = world.buy(2, "transfer")

        with pytest.raises(NotFound):
            world.hear(out.payment)

    def test_may_be_replaced_by_another_method(self, world: World) -> None:
        """Somebody who meant to transfer the money pays by card after all."""
        out = world.buy(2, "transfer")

        again = world.pay(out.orders[0], method="card")

        assert world.payment(out.payment).status is PaymentStatus.FAILED
        assert world.order(out.orders[0]).reference is None
        assert again.next_step is not None
        with pytest.raises(PaymentUnderWay):
            world.pay(out.orders[0], method="transfer")
