"""Aggregates come back as they were stored, and only what was committed is stored."""

import attrs
import pytest

from application.storage import Page, StaleVersion
from domain.bill import UNDER_WAY, Bill, BillState
from domain.cart import Cart
from domain.catalog import Product, Stock
from domain.ids import CheckoutId, GatewayOrderId, MethodId, OrderId, OrderKey, PaymentId, Sku
from domain.order import Order, PlacedWith
from domain.order_status import OrderStatus
from domain.payment import Payment
from domain.people import Customer
from tests.builders import (
    NOON,
    SOMEBODY,
    azn,
    later,
    make_cart,
    make_full_order,
    make_full_payment,
    make_order,
    make_payment,
    make_product,
)
from tests.contract.storages import Storage


def is_full(aggregate: object, may_be_empty: frozenset[str] = frozenset()) -> bool:
    """Whether every field was given something, so that a forgotten one is noticed."""
    fields = [field for field in attrs.fields(type(aggregate)) if field.init]
    return all(getattr(aggregate, field.name) for field in fields if field.name not in may_be_empty)


def store(storage: Storage, *aggregates: Order | Payment | Product) -> None:
    """Store new ones in one unit of work."""
    with storage.begin() as uow:
        for aggregate in aggregates:
            {Order: uow.orders.add, Payment: uow.payments.add, Product: uow.products.add}[type(aggregate)](
                aggregate
            )
        uow.commit()


def locked_order(storage: Storage, order_id: int = 1) -> Order:
    """The order as a unit of work of its own finds it."""
    with storage.begin() as uow:
        return uow.orders.lock([OrderId(order_id)])[0]


def locked_payment(storage: Storage, payment_id: int = 1) -> Payment:
    """The payment as a unit of work of its own finds it."""
    with storage.begin() as uow:
        return uow.payments.lock([PaymentId(payment_id)])[0]


class TestOrders:
    """The repository of orders."""

    def test_comes_back_whole(self, storage: Storage, aysel: Customer) -> None:
        """Every field of an order is the same after storing and reading, by every way to read it."""
        order = make_full_order(1, aysel.id, 1)
        assert is_full(order, frozenset({"version"}))
        assert is_full(order.placed_with)

        store(storage, order, make_payment(1, (order,)))

        assert locked_order(storage) == order
        with storage.begin() as uow:
            assert uow.orders.by_keys([order.key]) == [order]
            assert uow.orders.of_checkout(order.checkout_id) == [order]
        assert storage.queries.order(order.key) == order
        assert storage.queries.orders(Page(10), aysel.id).items == (order,)

    def test_comes_back_bare(self, storage: Storage) -> None:
        """An order without anything optional is the same after storing and reading."""
        order = make_order()

        store(storage, order)

        assert locked_order(storage) == order

    def test_stores_every_change(self, storage: Storage, aysel: Customer) -> None:
        """Whatever may change after placing is stored by `save`; the rest is fixed at birth."""
        fixed = {"id", "key", "checkout_id", "customer_id", "seller", "lines", "placed_with", "created_at"}
        full = make_full_order(1, aysel.id, 1)
        bare = make_order(1, customer_id=aysel.id, lines=full.lines, placed_with=full.placed_with)
        store(storage, bare, make_payment(1, (bare,)))

        with storage.begin() as uow:
            (order,) = uow.orders.lock([OrderId(1)])
            for field in attrs.fields(Order):
                if field.init and field.name not in fixed | {"version"}:
                    setattr(order, field.name, getattr(full, field.name))
            uow.orders.save(order)
            uow.commit()

        assert attrs.evolve(locked_order(storage), version=0) == attrs.evolve(
            full, key=bare.key, checkout_id=bare.checkout_id, version=0
        )

    def test_gives_them_in_the_order_asked(self, storage: Storage) -> None:
        """By keys in the keys' order, unknown ones left out; locked by id in the order of ids."""
        first, second = make_order(1), make_order(2)
        store(storage, second, first)

        with storage.begin() as uow:
            found = uow.orders.by_keys([second.key, OrderKey("unknown"), first.key])
            locked = uow.orders.lock([OrderId(2), OrderId(7), OrderId(1)])

        assert [order.id for order in found] == [2, 1]
        assert [order.id for order in locked] == [1, 2]

    def test_locks_the_same_object_twice(self, storage: Storage) -> None:
        """Within one unit of work an order is one object, added ones too; looking shows it."""
        store(storage, make_order(1))

        with storage.begin() as uow:
            (first,) = uow.orders.lock([OrderId(1)])
            new = make_order(2)
            uow.orders.add(new)

            assert uow.orders.lock([OrderId(1), OrderId(2)]) == [first, new]
            assert uow.orders.lock([OrderId(1)])[0] is first
            assert uow.orders.lock([OrderId(2)])[0] is new
            assert uow.orders.by_keys([first.key])[0] is first

    def test_reads_afresh_when_locked(self, storage: Storage) -> None:
        """What was only looked at does not stand in for the locked object."""
        store(storage, make_order(1))

        with storage.begin() as uow:
            (seen,) = uow.orders.by_keys([OrderKey("order-key-1")])
            seen.instructions = "never stored"
            (order,) = uow.orders.lock([OrderId(1)])

        assert order.instructions is None

    def test_saves_what_was_added_before(self, storage: Storage) -> None:
        """An order added and changed again in one unit of work is stored once, as it then stands."""
        with storage.begin() as uow:
            order = make_order(1)
            uow.orders.add(order)
            order.cancel(SOMEBODY, NOON)
            uow.orders.save(order)
            uow.commit()

        assert locked_order(storage) == order
        assert order.status is OrderStatus.CANCELLED

    def test_refuses_a_key_used_twice(self, storage: Storage) -> None:
        """Two orders never have one secret."""
        store(storage, make_order(1, key=OrderKey("same")))

        with pytest.raises(StaleVersion):
            store(storage, make_order(2, key=OrderKey("same")))

    def test_knows_nothing_of_what_is_not_there(self, storage: Storage) -> None:
        """Unknown ids, keys and checkouts answer nothing."""
        with storage.begin() as uow:
            assert uow.orders.lock([OrderId(1)]) == []
            assert uow.orders.lock([]) == []
            assert uow.orders.by_keys([]) == []
            assert uow.orders.of_checkout(CheckoutId("none")) == []
        assert storage.queries.order(OrderKey("none")) is None


class TestPayments:
    """The repository of payments."""

    def test_comes_back_whole(self, storage: Storage, aysel: Customer) -> None:
        """Every field of a payment and its bill is the same, by every way to read it."""
        orders = (make_full_order(1, aysel.id, 1), make_order(2, customer_id=aysel.id))
        payment = make_full_payment(1, orders)
        assert is_full(payment, frozenset({"version"}))
        assert is_full(payment.bill)

        store(storage, *orders, payment)

        assert locked_payment(storage) == payment
        with storage.begin() as uow:
            assert uow.payments.get(payment.id) == payment
            assert uow.payments.by_order_id(payment.order_id) == payment
            assert uow.payments.by_number(payment.method_id, payment.bill.transaction_id or "") == payment
        view = storage.queries.payment(payment.id, aysel.id)
        assert view is not None
        assert (view.payment, view.user) == (payment, aysel)
        assert [each.payment for each in storage.queries.payments(Page(10), None).items] == [payment]

    def test_comes_back_bare(self, storage: Storage, aysel: Customer) -> None:
        """A payment without anything optional is the same; nobody made it."""
        order = make_order(1)
        payment = make_payment(1, (order,))

        store(storage, order, payment)

        assert locked_payment(storage) == payment
        view = storage.queries.payment(payment.id, None)
        assert view is not None
        assert view.user is None

    def test_stores_every_change(self, storage: Storage, aysel: Customer) -> None:
        """Whatever may change after opening is stored by `save`; the rest is fixed at birth."""
        fixed = {"id", "order_id", "customer_id", "shares", "method_id", "method_code", "auto_approve"}
        fixed |= {"is_offline", "created_at", "bill", "version"}
        order = make_order(1)
        full = make_full_payment(1, (order,))
        store(storage, order, make_payment(1, (order,)))

        with storage.begin() as uow:
            (payment,) = uow.payments.lock([PaymentId(1)])
            for field in attrs.fields(Payment):
                if field.init and field.name not in fixed:
                    setattr(payment, field.name, getattr(full, field.name))
            for field in attrs.fields(Bill):
                if field.name not in {"backend", "amount", "created_at"}:
                    setattr(payment.bill, field.name, getattr(full.bill, field.name))
            uow.payments.save(payment)
            uow.commit()

        assert locked_payment(storage) == attrs.evolve(full, is_offline=False, version=2)

    def test_locks_the_same_object_twice(self, storage: Storage, aysel: Customer) -> None:
        """Within one unit of work a payment is one object, added ones too; looking shows it."""
        order = make_order(1)
        store(storage, order, make_payment(1, (order,)))

        with storage.begin() as uow:
            (first,) = uow.payments.lock([PaymentId(1)])
            new = make_payment(2, (order,))
            uow.payments.add(new)

            assert uow.payments.lock([PaymentId(2), PaymentId(1)]) == [first, new]
            assert uow.payments.lock([PaymentId(1)])[0] is first
            assert uow.payments.get(PaymentId(1)) is first
            assert uow.payments.get(PaymentId(2)) is new
            assert uow.payments.by_order_id(first.order_id) is first

    def test_tells_an_order_its_payments(self, storage: Storage, aysel: Customer) -> None:
        """An order read again knows every attempt to pay it, the earliest first."""
        order = make_order(1)
        store(storage, order)

        for payment_id in (2, 10):
            with storage.begin() as uow:
                (found,) = uow.orders.lock([OrderId(1)])
                found.take_on(PaymentId(payment_id))
                uow.orders.save(found)
                uow.payments.add(make_payment(payment_id, (found,), bill_state=BillState.FAILED))
                uow.commit()

        assert locked_order(storage).payment_ids == (2, 10)

    @pytest.mark.parametrize("state", sorted(UNDER_WAY))
    def test_refuses_a_second_payment_under_way(
        self, storage: Storage, aysel: Customer, state: BillState
    ) -> None:
        """An order has one at most, alone or together with others; where one is over the next may begin."""
        first, second = make_order(1), make_order(2)
        store(storage, first, second, make_payment(1, (first, second), bill_state=state))

        with pytest.raises(StaleVersion):
            store(storage, make_payment(2, (second,)))
        store(storage, make_payment(2, (second,), bill_state=BillState.REVIEW))
        with storage.begin() as uow:
            (payment,) = uow.payments.lock([PaymentId(1)])
            payment.bill.state = BillState.FAILED
            uow.payments.add(make_payment(3, (second,)))
            uow.payments.save(payment)
            uow.commit()

        with pytest.raises(StaleVersion):
            store(storage, make_payment(4, (second,)))
        store(storage, make_payment(4, (first,)))

    def test_refuses_a_reference_used_twice(self, storage: Storage, aysel: Customer) -> None:
        """A payment's reference is unique for ever, and a gateway's number within one method."""
        order = make_order(1)
        reference = GatewayOrderId("same")
        store(storage, order, make_payment(1, (order,), order_id=reference, bill_transaction_id="t1"))

        with pytest.raises(StaleVersion):
            store(storage, make_payment(2, (order,), order_id=reference))
        with pytest.raises(StaleVersion):
            store(storage, make_payment(3, (order,), bill_transaction_id="t1"))

    def test_claims_what_is_due_once(self, storage: Storage, aysel: Customer) -> None:
        """The longest due first, within the limit, and nothing again before the claim ends."""
        due = {1: later(minutes=3), 2: later(minutes=1), 3: None, 4: later(minutes=2), 5: later(hours=1)}
        orders = {i: make_order(i) for i in due}
        payments = (make_payment(i, (orders[i],), look_at=at) for i, at in due.items())
        store(storage, *orders.values(), *payments)
        now, until = later(minutes=10), later(minutes=15)

        claims = []
        for _ in range(3):
            with storage.begin() as uow:
                claims.append(list(uow.payments.claim_due(now, until, 2)))
                uow.commit()

        assert claims == [[2, 4], [1], []]
        with storage.begin() as uow:
            assert list(uow.payments.claim_due(until, later(hours=2), 10)) == [1, 2, 4]

    def test_takes_up_again_what_was_saved(self, storage: Storage, aysel: Customer) -> None:
        """Saving a payment with a new time to look ends the claim."""
        order = make_order(1)
        store(storage, order, make_payment(1, (order,), look_at=NOON))
        with storage.begin() as uow:
            uow.payments.claim_due(NOON, later(hours=1), 1)
            uow.commit()

        with storage.begin() as uow:
            (payment,) = uow.payments.lock([PaymentId(1)])
            payment.look_at = later(minutes=1)
            uow.payments.save(payment)
            uow.commit()

        with storage.begin() as uow:
            assert list(uow.payments.claim_due(later(minutes=1), later(hours=2), 1)) == [1]

    def test_knows_nothing_of_what_is_not_there(self, storage: Storage) -> None:
        """Unknown ids and references answer nothing."""
        with storage.begin() as uow:
            assert uow.payments.lock([PaymentId(1)]) == []
            assert uow.payments.get(PaymentId(1)) is None
            assert uow.payments.by_order_id(GatewayOrderId("none")) is None
            assert uow.payments.by_number(MethodId(1), "none") is None
        assert storage.queries.payment(PaymentId(1), None) is None


class TestProducts:
    """The repository of products."""

    def test_comes_back_whole(self, storage: Storage) -> None:
        """Every field of a product and its stock is the same, and every change of them is stored."""
        product = make_product("kettle", on_hand=5, reserved=2)
        assert is_full(product)
        assert is_full(product.stock)
        store(storage, product)

        with storage.begin() as uow:
            assert uow.products.find([product.sku]) == {product.sku: product}
            kettle = uow.products.lock([product.sku])[product.sku]
            kettle.name, kettle.price, kettle.seller = "Copper kettle", azn(4500), "Coppersmith"
            kettle.stock.reserve(1)
            kettle.stock.count(9)
            uow.products.save(kettle)
            uow.commit()

        changed = Product(product.sku, "Copper kettle", azn(4500), "Coppersmith", Stock(product.sku, 9, 3))
        assert storage.queries.product(product.sku) == changed

    def test_locks_by_sku(self, storage: Storage) -> None:
        """Those that exist, in the order of their skus, the same objects again, added ones too."""
        store(storage, make_product("kettle"), make_product("anvil"))
        skus = [Sku("kettle"), Sku("none"), Sku("anvil"), Sku("kettle")]

        with storage.begin() as uow:
            locked = uow.products.lock(skus)
            new = make_product("lamp")
            uow.products.add(new)

            assert list(locked) == ["anvil", "kettle"]
            assert uow.products.lock([Sku("kettle")])[Sku("kettle")] is locked[Sku("kettle")]
            assert uow.products.find([Sku("lamp"), Sku("anvil")])[Sku("lamp")] is new
            assert uow.products.lock([]) == {}

    def test_saves_only_what_is_locked(self, storage: Storage) -> None:
        """Stock that was only looked at cannot be saved: somebody may have sold it since."""
        store(storage, make_product("kettle"))

        with storage.begin() as uow:
            seen = uow.products.find([Sku("kettle")])[Sku("kettle")]
            with pytest.raises(AssertionError):
                uow.products.save(seen)

    def test_refuses_a_sku_used_twice(self, storage: Storage) -> None:
        """Two that add one product at once do not both succeed."""
        store(storage, make_product("kettle"))

        with pytest.raises(StaleVersion):
            store(storage, make_product("kettle"))


class TestCarts:
    """The repository of carts."""

    def test_comes_back_whole(self, storage: Storage, aysel: Customer) -> None:
        """Every field of a cart is the same, its lines in the order of choosing."""
        cart = make_cart(aysel.id, lamp=1, kettle=2, anvil=3)
        cart.checkout_id = CheckoutId("checkout-1")
        assert is_full(cart, frozenset({"version"}))

        self.save(storage, cart)

        with storage.begin() as uow:
            found = uow.carts.of(aysel.id)
        assert found == cart
        assert found is not None
        assert list(found.lines) == ["lamp", "kettle", "anvil"]

    def test_is_one_object_in_a_unit_of_work(self, storage: Storage, aysel: Customer) -> None:
        """Two that take lines from one cart see each other's work, and deleting shows too."""
        self.save(storage, make_cart(aysel.id, lamp=1, kettle=2))

        with storage.begin() as uow:
            cart = uow.carts.of(aysel.id)
            assert cart is not None
            cart.remove(Sku("lamp"), NOON)
            uow.carts.save(cart)
            assert uow.carts.of(aysel.id) is cart
            uow.carts.delete(cart)
            assert uow.carts.of(aysel.id) is None
            uow.commit()

        with storage.begin() as uow:
            assert uow.carts.of(aysel.id) is None

    def test_comes_with_its_goods(self, storage: Storage, aysel: Customer) -> None:
        """And one more, as far as they exist; without any of them nothing comes."""
        lamp, kettle = make_product("lamp"), make_product("kettle")
        store(storage, lamp, kettle, make_product("anvil"))
        cart = make_cart(aysel.id, lamp=1, gone=2)
        with storage.begin() as uow:
            assert uow.carts.around(aysel.id, kettle.sku) == (None, {kettle.sku: kettle})
            assert uow.carts.around(aysel.id, Sku("nothing")) == (None, {})
        self.save(storage, cart)

        with storage.begin() as uow:
            found, goods = uow.carts.around(aysel.id, kettle.sku)
            assert (found, goods) == (cart, {lamp.sku: lamp, kettle.sku: kettle})
            assert uow.carts.around(aysel.id, Sku("nothing")) == (cart, {lamp.sku: lamp})
            assert uow.carts.of(aysel.id) == cart

    def test_can_be_begun_anew(self, storage: Storage, aysel: Customer) -> None:
        """A cart can be deleted and another saved in its place, in one unit of work."""
        old = make_cart(aysel.id, "old", lamp=1)
        self.save(storage, old)
        new = make_cart(aysel.id, "new", kettle=1)

        with storage.begin() as uow:
            uow.carts.delete(old)
            uow.carts.save(new)
            uow.commit()

        with storage.begin() as uow:
            assert uow.carts.of(aysel.id) == new

    def test_deletes_what_was_never_stored(self, storage: Storage, aysel: Customer) -> None:
        """A cart begun and given up in one unit of work leaves nothing."""
        with storage.begin() as uow:
            cart = make_cart(aysel.id, lamp=1)
            uow.carts.save(cart)
            uow.carts.delete(cart)
            uow.commit()

        with storage.begin() as uow:
            assert uow.carts.of(aysel.id) is None

    def test_refuses_a_stale_one(self, storage: Storage, aysel: Customer) -> None:
        """Saving or deleting what somebody changed meanwhile fails, as does a second new cart."""
        self.save(storage, make_cart(aysel.id, lamp=1))
        with storage.begin() as uow:
            seen = uow.carts.of(aysel.id)
        with storage.begin() as uow:
            changed = uow.carts.of(aysel.id)
            assert changed is not None
            uow.carts.save(changed)
            uow.commit()
        assert seen is not None

        with pytest.raises(StaleVersion):
            self.save(storage, seen)
        with pytest.raises(StaleVersion), storage.begin() as uow:
            uow.carts.delete(seen)
            uow.commit()
        with pytest.raises(StaleVersion):
            self.save(storage, make_cart(aysel.id, "another", lamp=1))

    def test_is_shown_as_things_are_now(self, storage: Storage, aysel: Customer) -> None:
        """The view has names and prices of today, in the order of choosing."""
        store(storage, make_product("kettle"), make_product("lamp", price=azn(999)))
        self.save(storage, make_cart(aysel.id, lamp=3, kettle=2))

        view = storage.queries.cart(aysel.id)

        assert [(line.product.sku, line.quantity, line.total) for line in view.lines] == [
            ("lamp", 3, azn(2997)),
            ("kettle", 2, azn(8000)),
        ]
        assert view.total == azn(10997)

    def test_shows_an_empty_cart_where_there_is_none(self, storage: Storage) -> None:
        """No cart, no lines, no total."""
        view = storage.queries.cart(make_cart(7).customer_id)

        assert (view.lines, view.total) == ((), None)

    def save(self, storage: Storage, cart: Cart) -> None:
        """Store one in a unit of work of its own."""
        with storage.begin() as uow:
            uow.carts.save(cart)
            uow.commit()


class TestVersions:
    """Nobody overwrites what he has not seen."""

    def test_refuses_a_stale_order(self, storage: Storage) -> None:
        """Of two that read the same order only the first can save; the second's change is not there."""
        store(storage, make_order(1))
        mine, yours = locked_order(storage), locked_order(storage)

        for order in (mine, yours):
            order.instructions = "mine" if order is mine else "yours"
            with storage.begin() as uow:
                uow.orders.save(order)
                if order is yours:
                    with pytest.raises(StaleVersion):
                        uow.commit()
                else:
                    uow.commit()

        assert locked_order(storage).instructions == "mine"

    def test_refuses_a_stale_payment(self, storage: Storage, aysel: Customer) -> None:
        """The same for payments."""
        order = make_order(1)
        store(storage, order, make_payment(1, (order,)))
        mine, yours = locked_payment(storage), locked_payment(storage)
        with storage.begin() as uow:
            uow.payments.save(mine)
            uow.commit()

        with pytest.raises(StaleVersion), storage.begin() as uow:
            uow.payments.save(yours)
            uow.commit()

    def test_refuses_an_order_that_is_there_already(self, storage: Storage) -> None:
        """An id is used once."""
        store(storage, make_order(1))

        with pytest.raises(StaleVersion):
            store(storage, make_order(1, key=OrderKey("another")))


class TestCommit:
    """What a unit of work stores, and when."""

    def test_stores_nothing_without_it(self, storage: Storage, aysel: Customer) -> None:
        """Leaving without commit rolls everything back."""
        with storage.begin() as uow:
            uow.orders.add(make_order(1))
            uow.products.add(make_product())
            uow.carts.save(make_cart(aysel.id))
            uow.failures.add(["somebody"], NOON)
            uow.people.add_staff("staff@example.com", "hash")

        with storage.begin() as uow:
            assert uow.orders.lock([OrderId(1)]) == []
            assert uow.products.find([Sku("kettle")]) == {}
            assert uow.carts.of(aysel.id) is None
            assert uow.failures.count(["somebody"], NOON) == 0
            assert uow.people.staff_by_email("staff@example.com") is None

    def test_rolls_back_on_an_error(self, storage: Storage) -> None:
        """An error within leaves nothing behind, and the next unit of work can begin."""
        with pytest.raises(LookupError), storage.begin() as uow:
            uow.orders.add(make_order(1))
            raise LookupError

        with storage.begin() as uow:
            assert uow.orders.lock([OrderId(1)]) == []

    def test_stores_all_or_nothing(self, storage: Storage) -> None:
        """Where one of several is refused, the others are not stored either."""
        store(storage, make_product("kettle"))

        with pytest.raises(StaleVersion):
            store(storage, make_order(1), make_product("kettle"))

        with storage.begin() as uow:
            assert uow.orders.lock([OrderId(1)]) == []

    @pytest.mark.parametrize("what", ["order", "payment"])
    def test_notices_what_was_not_saved(self, storage: Storage, aysel: Customer, what: str) -> None:
        """A locked order or payment that something happened to has to be saved."""
        order = make_order(1)
        store(storage, order, make_payment(1, (order,)))

        with storage.begin() as uow:
            if what == "order":
                uow.orders.lock([OrderId(1)])[0].cancel(SOMEBODY, NOON)
            else:
                uow.payments.lock([PaymentId(1)])[0].fail("no money", SOMEBODY, NOON)
            with pytest.raises(AssertionError, match="changed and not saved"):
                uow.commit()

    def test_drains_in_the_order_of_saving(self, storage: Storage, aysel: Customer) -> None:
        """Reactions hear of each aggregate in the order in which it was saved first."""
        orders = [make_order(number) for number in (1, 2)]
        store(storage, *orders, make_payment(1, (orders[0],)))

        with storage.begin() as uow:
            (payment,) = uow.payments.lock([PaymentId(1)])
            first, second = uow.orders.lock([OrderId(1), OrderId(2)])
            payment.fail("no money", SOMEBODY, NOON)
            first.cancel(SOMEBODY, NOON)
            second.cancel(SOMEBODY, NOON)
            uow.orders.save(second)
            uow.payments.save(payment)
            uow.orders.save(first)
            uow.orders.save(second)
            uow.commit()

        told = storage.outbox.claim(later(hours=1), later(hours=2), 10)
        assert [(event.subject, event.subject_id) for event in told] == [
            ("order", 2),
            ("payment", 1),
            ("order", 1),
        ]

    def test_stores_what_reactions_change(self, storage: Storage) -> None:
        """A reaction may lock, change and save in the same transaction, and add further events."""
        store(storage, make_order(1), make_product("kettle", on_hand=5))

        def reserve(uow, pull):
            events = pull()
            kettle = uow.products.lock([Sku("kettle")])[Sku("kettle")]
            kettle.stock.reserve(2)
            uow.products.save(kettle)
            return [*events, *pull()]

        with storage.begin(reserve) as uow:
            (order,) = uow.orders.lock([OrderId(1)])
            order.hold(PaymentId(1), SOMEBODY, NOON)
            uow.orders.save(order)
            uow.commit()

        product = storage.queries.product(Sku("kettle"))
        assert product is not None
        assert product.stock.reserved == 2
        assert locked_order(storage).status is OrderStatus.HOLD

    def test_keeps_nothing_of_the_callers(self, storage: Storage) -> None:
        """What is changed after commit, and not saved again, is not stored."""
        order, product = make_order(1, placed_with=PlacedWith(note="ring")), make_product("kettle")
        store(storage, order, product)

        order.instructions = "changed"
        product.stock.reserve(1)

        assert locked_order(storage).instructions is None
        with storage.begin() as uow:
            assert uow.products.find([Sku("kettle")])[Sku("kettle")].stock.reserved == 0
