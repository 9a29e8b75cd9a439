"""Accounts, products, carts, methods, telling others, and the proof."""

import copy
from datetime import date, timedelta

import attrs
import pytest

from application.accounts import Principal, Role
from application.books import WalletEntry
from application.bus import EVENTS_MAX, Bus
from application.phases import in_one_transaction
from application.policy import origin_of
from application.ports import RelayedEvent
from application.proof import breaches_of_wallet
from application.reactions import BUS
from application.storage import StaleVersion, UnitOfWork
from domain.bank import BankEntry, EntryVerdict
from domain.bill import BillState
from domain.errors import (
    Conflict,
    CurrencyMismatch,
    EmailTaken,
    Invalid,
    NotFound,
    ShortStock,
    StoreUnavailable,
    TooManyFailures,
    WrongPassword,
)
from domain.events import EVENT_TYPES, OrderPlaced
from domain.ids import CustomerId, MethodCode, OrderKey, PaymentId, Sku, customer
from domain.methods import MethodRules
from domain.order_status import OrderStatus
from domain.references import reference_of
from tests.world import STAFF, World, azn


@pytest.fixture
def world() -> World:
    return World()


class TestAccounts:
    def test_sign_in_tells_customers_from_staff(self, world: World) -> None:
        """One call for both."""
        staff = world.app.hire(email="Boss@example.com", password="boss-password")

        buyer = world.app.sign_in(email="AYSEL@example.com", password="secret-1234")
        boss = world.app.sign_in(email="boss@example.com", password="boss-password")

        assert buyer == Principal(Role.CUSTOMER, world.customer)
        assert (buyer.customer_id, boss.customer_id) == (world.customer, None)
        assert (boss.role, boss.staff_id) == (Role.STAFF, staff.id)

    def test_an_address_has_one_account(self, world: World) -> None:
        """Letters' case makes no other address."""
        with pytest.raises(EmailTaken):
            world.customer_called("AYSEL")

    def test_an_address_is_a_customers_or_staffs(self, world: World) -> None:
        """They sign in at one door: an account behind another one could never be opened."""
        world.app.hire(email="boss@example.com", password="boss-password")

        with pytest.raises(EmailTaken):
            world.customer_called("Boss")
        with pytest.raises(EmailTaken):
            world.app.hire(email="Aysel@example.com", password="boss-password")

    def test_the_eleventh_wrong_password_is_turned_away_for_a_while(self, world: World) -> None:
        """Even the right one then has to wait; other addresses do not."""
        for _ in range(10):
            with pytest.raises(WrongPassword):
                world.app.sign_in(email="aysel@example.com", password="wrong")

        with pytest.raises(TooManyFailures):
            world.app.sign_in(email="aysel@example.com", password="secret-1234")
        with pytest.raises(WrongPassword):
            world.app.sign_in(email="nobody@example.com", password="wrong")
        world.clock.turn(minutes=16)
        world.app.sign_in(email="aysel@example.com", password="secret-1234")


class TestProducts:
    def test_staff_count_and_price_anew(self, world: World) -> None:
        """What is left out stays, below what is reserved nothing goes."""
        world.offer("lamp", 10_00, 3, seller="Lights")
        product, is_new = world.app.put_product(sku=Sku("lamp"), name="Lamp", price=azn(12_00), on_hand=4)
        world.buy(2)

        assert (product.seller, product.price, product.stock.available, is_new) == (
            "Lights",
            azn(12_00),
            4,
            False,
        )
        with pytest.raises(Conflict):
            world.offer("kettle", 40_00, 1)
        with pytest.raises(Conflict):
            world.offer("kettle", 40_00, 5, code="USD")

    @pytest.mark.parametrize(("minor", "on_hand"), [(-1, 5), (40_00, -1)])
    def test_neither_price_nor_count_is_negative(self, world: World, minor: int, on_hand: int) -> None:
        """Whoever calls: a product that pays its buyer is a mistake, new or known."""
        for sku in ("kettle", "lamp"):
            with pytest.raises(Invalid):
                world.offer(sku, minor, on_hand)

        assert world.stock() == (5, 0)
        assert world.app.queries.product(Sku("lamp")) is None


class TestTheCart:
    def test_takes_what_is_available_in_one_currency(self, world: World) -> None:
        """Unknown goods, too many, and another currency are refused at once."""
        world.offer("mug", 5_00, 3, code="USD")
        world.fill(2)

        with pytest.raises(NotFound):
            world.fill(1, "nothing")
        with pytest.raises(ShortStock):
            world.fill(6)
        with pytest.raises(CurrencyMismatch):
            world.fill(1, "mug")
        assert world.cart() == {"kettle": 2}

    def test_lets_lines_go(self, world: World) -> None:
        """Removing what is not there is no error, and an empty cart has no total."""
        customer_id = world.customer
        remove, empty = world.app.fill_cart.remove, world.app.fill_cart.empty
        assert remove(customer_id=customer_id, sku=Sku("kettle")).lines == ()
        empty(customer_id=customer_id)
        world.fill(2)

        assert remove(customer_id=customer_id, sku=Sku("lamp")).total == azn(80_00)
        assert remove(customer_id=customer_id, sku=Sku("kettle")).total is None
        world.fill(2)
        empty(customer_id=customer_id)
        assert world.cart() == {}

    def test_deleted_and_filled_anew_keeps_its_lines_when_the_old_payment_succeeds(
        self, world: World
    ) -> None:
        """What was bought was in another cart."""
        out = world.buy(2)
        world.app.fill_cart.empty(customer_id=world.customer)
        world.fill(1)
        world.bank.confirm(out.payment.order_id)

        world.hear(out.payment)

        assert world.cart() == {"kettle": 1}

    def test_a_product_gone_cannot_be_checked_out(self, world: World) -> None:
        """Goods that somebody took out of the database are not sold."""
        world.fill(1)
        del world.store.tables.products[Sku("kettle")]

        with pytest.raises(Invalid):
            world.check_out()


class TestPaymentMethods:
    def test_keep_secrets_that_are_left_out(self, world: World) -> None:
        """They are taken and never given back."""
        world.method("own", settings={"secret": "s3cret", "account": "1"})
        world.method("own", settings={"account": "2"})
        method = world.app.queries.method(MethodCode("own"))
        assert method is not None

        assert method.settings == {"secret": "s3cret", "account": "2"}
        assert world.app.manage_methods.shown(method) == {"account": "2"}

    def test_need_a_backend_that_exists_and_stays_while_money_may_come(self, world: World) -> None:
        """Changing the gateway under a payment would lose it."""
        with pytest.raises(Invalid):
            world.method("new", backend="nothing")
        world.buy(1)
        with pytest.raises(Conflict):
            world.method("card", backend="manual")
        world.method("transfer", backend="sandbox")

    def test_capture_alike_while_money_may_come(self, world: World) -> None:
        """Else money that is only held would pass for money that is taken."""
        manual = {"capture": "manual"}
        world.method("card", settings=manual)
        out = world.buy(1)
        world.method("card", settings=manual)
        with pytest.raises(Conflict):
            world.method("card", settings={"capture": "automatic"})
        world.bank.decline(out.payment.order_id)
        world.hear(out.payment)

        world.method("card")

        assert not world.app.offer_methods.for_order(out.orders[0].key)[0].method.holds_first

    def test_can_be_deleted_and_brought_back(self, world: World) -> None:
        """Under the same code."""
        manage = world.app.manage_methods
        manage.delete(code=MethodCode("cash"))
        with pytest.raises(NotFound):
            manage.delete(code=MethodCode("cash"))
        with pytest.raises(Invalid):
            world.buy(1, "cash")

        _, is_new = manage.put(code=MethodCode("cash"), name="Cash", backend="manual")

        assert is_new

    def test_are_offered_with_the_reasons_against_them(self, world: World) -> None:
        """Before an order exists, and when it is paid by its key."""
        world.method("small", max_amount=azn(50_00))
        world.method("off", enabled=False)
        offers = world.app.offer_methods
        empty = {offer.method.code: offer.reasons for offer in offers.for_cart(world.customer)}
        out = world.buy(2)

        for offered in (offers.for_cart(world.customer), offers.for_order(out.orders[0].key)):
            reasons = {offer.method.code: offer.reasons for offer in offered}
            assert reasons["small"] == ("the total is above 50.00 AZN",)
            assert reasons["card"] == ()
            assert "off" not in reasons
        assert not any(offer.is_usable for offer in offers.for_cart(world.customer_called("new")))
        assert set(empty.values()) == {("the cart is empty",)}
        with pytest.raises(NotFound):
            offers.for_order(OrderKey("no such key"))

    def test_refuse_an_order_that_is_paid_by_its_key(self, world: World) -> None:
        """The rules hold there too."""
        out = world.buy(2)
        world.bank.decline(out.payment.order_id)
        world.hear(out.payment)
        world.app.manage_methods.put(
            code=MethodCode("card"),
            name="Card",
            backend="sandbox",
            rules=MethodRules(skus_refused=(Sku("kettle"),)),
        )

        with pytest.raises(Invalid):
            world.pay(out.orders[0])


class TestTellingOthers:
    def test_tells_every_event_once_and_in_order(self, world: World) -> None:
        """What is told is what happened."""
        world.buy(2, "cash")

        while world.app.relay():
            pass

        assert sorted(event.type for event in world.told) == sorted(world.events())
        for subject in ("order", "payment"):
            told = [event.sequence for event in world.told if event.subject == subject]
            assert told == list(range(1, len(told) + 1))
        assert world.told[0].data["status"] == "NEW"

    def test_comes_again_under_the_same_id_and_stops_no_other(self, world: World) -> None:
        """One listener's bad day delays that subject alone."""
        out = world.buy(2, "cash")
        good: list[RelayedEvent] = []

        def stumble(event: RelayedEvent) -> None:
            if event.subject == "order" and world.clock.now() < later:
                raise ZeroDivisionError
            good.append(event)

        later = world.clock.now() + timedelta(minutes=1)
        world.publish = stumble
        world.app.relay()
        assert {event.subject for event in good} == {"payment"}

        world.clock.turn(minutes=2)
        for _ in range(4):
            world.app.relay()
            world.clock.turn(minutes=2)

        told = [event.sequence for event in good if event.subject == "order"]
        assert told == [1, 2, 3]
        assert out.orders[0].sequence == 3

    def test_tells_nothing_that_somebody_else_may_be_telling(self, world: World) -> None:
        """Slow listeners use a claim up: what it was not enough for comes again when it is over."""
        world.buy(2, "cash")
        world.publish = lambda event: (world.told.append(event), world.clock.turn(seconds=11))

        claimed = [world.app.relay() for _ in range(3)]

        assert claimed == [2, 1, 2]
        told = [(event.subject, event.sequence) for event in world.told]
        assert told == [("order", 1), ("order", 2), ("payment", 1)]

    def test_parks_nothing_that_was_never_begun(self, world: World) -> None:
        """However often claims are used up by others, or by whoever died with them."""
        world.buy(2, "cash")
        for _ in range(20):
            world.app.relay.outbox.claim(world.clock.now(), world.clock.now(), 500)

        def stumble_once(event: RelayedEvent) -> None:
            world.publish = world.told.append
            raise ZeroDivisionError

        world.publish = stumble_once
        while len(world.told) < len(world.events()) and world.app.relay():
            world.clock.turn(seconds=3)

        assert sorted(event.type for event in world.told) == sorted(world.events())

    def test_parks_what_can_never_be_told(self, world: World) -> None:
        """Poison does not come for ever."""
        world.buy(2, "cash")

        def stumble(event: RelayedEvent) -> None:
            raise ZeroDivisionError

        world.publish = stumble
        for _ in range(15):
            world.app.relay()
            world.clock.turn(hours=2)

        assert world.app.relay() == 0


class TestTheBus:
    def test_has_an_entry_for_every_event(self) -> None:
        """A consequence that is nowhere written down would be no decision."""
        assert set(BUS.reactions) == set(EVENT_TYPES.values())

    def test_does_not_go_on_for_ever(self, world: World) -> None:
        """Reactions that set each other off are a mistake of ours."""
        order = world.buy(1).orders[0]
        event = OrderPlaced(
            order_id=order.id,
            sequence=1,
            occurred_at=world.clock.now(),
            by=customer(world.customer),
            reason=None,
            snapshot={},
        )
        bus = Bus({OrderPlaced: ()}, frozenset())

        with world.store.begin(BUS) as uow, pytest.raises(RuntimeError):
            bus(uow, lambda: [event] * EVENTS_MAX)


class TestAPhase:
    def test_is_run_again_when_it_lost_a_race(self, world: World) -> None:
        """As a whole, and not for ever."""
        tries: list[int] = []

        def phase(uow: UnitOfWork) -> int:
            tries.append(1)
            if len(tries) < 3:
                raise StaleVersion
            return len(tries)

        def never(uow: UnitOfWork) -> None:
            raise StaleVersion

        assert in_one_transaction(lambda: world.store.begin(BUS), phase) == 3
        with pytest.raises(StoreUnavailable):
            in_one_transaction(lambda: world.store.begin(BUS), never)


class TestOrigins:
    def test_are_read_as_browsers_read_them(self) -> None:
        """Default ports and letters' case aside, all three parts count."""
        assert origin_of("HTTPS://Shop.Example:443/a?b#c") == "https://shop.example"
        assert origin_of("http://[::1]:8080/") == "http://[::1]:8080"

    def test_are_none_where_one_might_be_fooled(self) -> None:
        """Whatever reads in two ways is no address."""
        for url in (
            "//evil.example",
            "https:/evil",
            "https://shop.example\\@evil.example",
            "https://shop.example@evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://shop.example:99999",
            "https://shop.exam\tple",
            "https://[::1",
            "",
        ):
            assert origin_of(url) is None, url


class TestTheProof:
    def test_finds_nothing_wrong_after_a_day_in_the_shop(self, world: World) -> None:
        """Paid, failed, cancelled, waiting: all of it adds up."""
        for index in range(130):
            buyer = world.customer_called(f"buyer{index}")
            world.offer(f"thing{index}", 5_00, 2)
            world.fill(1, f"thing{index}", customer=buyer)
            world.check_out("cash", customer=buyer)
        world.buy(2)

        proof = world.app.prove()

        assert proof.is_clean
        assert proof.checked == {"orders": 131, "payments": 131, "products": 131, "wallets": 0}

    def transferred(self, world: World) -> PaymentId:
        """A payment that its bank entry has approved."""
        world.offer("lamp", 5_00, 1)
        zaur = world.customer_called("zaur")
        world.fill(1, "lamp", customer=zaur)
        out = world.check_out("transfer", customer=zaur)
        world.app.take_up_entry(
            BankEntry(
                account="AZ21",
                reference="E1",
                booked_on=date(2026, 3, 5),
                amount=azn(5_00),
                text=reference_of(out.payment.id),
            )
        )
        return out.payment.id

    def drawn(self, world: World) -> PaymentId:
        """A payment from a wallet that held exactly enough."""
        world.method("wallet", backend="wallet")
        world.offer("lamp", 5_00, 1)
        leyla = world.customer_called("leyla")
        world.app.credit_wallet(customer_id=leyla, amount=azn(5_00), reason="sorry", by=STAFF)
        world.fill(1, "lamp", customer=leyla)
        return world.check_out("wallet", customer=leyla).payment.id

    def test_names_lopsided_postings(self) -> None:
        """Which only a database can hold."""
        entry = WalletEntry(customer_id=CustomerId(5), currency="AZN", balance=1, posted=1, lopsided=2)

        assert [breach.rule for breach in breaches_of_wallet(entry)] == ["I12"]

    def test_names_each_breach(self, world: World) -> None:
        """One corruption of each kind, made by hand, is found by its rule."""
        tables = world.store.tables

        def broken(rule: str, corrupt) -> None:
            before = copy.deepcopy(attrs.asdict(tables, recurse=False))
            corrupt()
            found = {breach.rule for breach in world.app.prove().breaches}
            for name, table in before.items():
                setattr(tables, name, table)
            assert rule in found, (rule, found)
            assert world.app.prove().is_clean

        held = world.buy(1)
        other = world.customer_called("murad")
        world.fill(1, customer=other)
        paid = world.check_out("cash", customer=other)
        order_id, payment_id = paid.orders[0].id, paid.payment.id

        def order(order_id, **changes):
            tables.orders[order_id] = attrs.evolve(tables.orders[order_id], **changes)

        def bill(payment_id, **changes):
            payment = tables.payments[payment_id]
            tables.payments[payment_id] = attrs.evolve(payment, bill=attrs.evolve(payment.bill, **changes))

        def second_payment(state):
            twin = attrs.evolve(tables.payments[held.payment.id], id=99, order_id="REF-twin")
            tables.payments[99] = attrs.evolve(twin, bill=attrs.evolve(twin.bill, state=state))
            order(held.orders[0].id, payment_ids=(held.payment.id, 99))

        def twice_paid():
            bill(held.payment.id, state=BillState.PAID)
            second_payment(BillState.PAID)

        broken("I1", twice_paid)
        broken("I2", lambda: bill(payment_id, amount=azn(1)))
        broken("I2", lambda: order(order_id, lines=(attrs.evolve(paid.orders[0].lines[0], quantity=9),)))
        broken("I3", lambda: setattr(tables.products[Sku("kettle")].product.stock, "reserved", 0))
        broken("I4", lambda: bill(payment_id, state=BillState.WAITING))
        broken("I5", lambda: bill(held.payment.id, state=BillState.PAID, response="{}"))
        broken("I6", lambda: order(order_id, history=()))
        broken("I6", lambda: order(order_id, history=paid.orders[0].history[1:]))
        broken("I7", lambda: bill(held.payment.id, state=BillState.FAILED))
        transferred = self.transferred(world)
        (judged,) = tables.bank_entries.values()

        def entry(**changes):
            tables.bank_entries["AZ21", "E1"] = attrs.evolve(judged, **changes)

        def another_entry():
            tables.bank_entries["AZ21", "E2"] = judged

        broken("I8", lambda: entry(verdict=EntryVerdict.REVIEW))
        broken("I8", lambda: entry(owed=azn(1)))
        broken("I8", lambda: entry(payment_id=held.payment.id))
        broken("I8", lambda: bill(transferred, transaction_id=None))
        broken("I8", lambda: bill(payment_id, transaction_id="AZ21/E9"))
        broken("I8", another_entry)
        drawn = self.drawn(world)
        ((key, wallet),) = tables.wallets.items()
        *_, (number, (owner, posting)) = sorted(tables.postings.items())

        def posted(**changes):
            tables.postings[number + 1] = (owner, attrs.evolve(posting, **changes))

        broken("I12", lambda: tables.wallets.update({key: attrs.evolve(wallet, balance=azn(-5_00))}))
        broken("I12", lambda: tables.postings.pop(number))
        broken("I12", lambda: posted(amount=azn(-1)))
        broken("I12", lambda: posted(amount=azn(9_00)))
        broken("I12", lambda: posted(payment_id=payment_id))
        broken("I12", lambda: bill(drawn, backend="manual"))
        broken("I13", lambda: order(order_id, sequence=7))
        broken("I18", lambda: second_payment(BillState.WAITING))
        assert world.order(held.orders[0]).status is OrderStatus.HOLD
