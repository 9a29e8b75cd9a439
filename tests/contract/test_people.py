"""People, payment methods, received callbacks, failed tries, and the lists of what is stored."""

from collections.abc import Iterator

import attrs
import pytest

from application.repositories import InboxEntry
from application.storage import Page
from application.views import Listed
from domain.bill import BillState
from domain.errors import EmailTaken
from domain.ids import CustomerId, MethodCode, MethodId, PaymentId, Sku, StaffId
from domain.methods import MethodRules, PaymentMethod
from domain.people import Customer, Staff
from tests.builders import NOON, azn, later, make_method, make_order, make_payment, make_product
from tests.contract.storages import Storage


class TestPeople:
    """The repository of customers and staff."""

    def test_finds_a_customer(self, storage: Storage, aysel: Customer) -> None:
        """By id, by address whatever its letters' case, and as a question."""
        with storage.begin() as uow:
            assert uow.people.customer(aysel.id) == aysel
            assert uow.people.customer_by_email("aysel@EXAMPLE.com") == aysel
            assert uow.people.customer(CustomerId(99)) is None
            assert uow.people.customer_by_email("nobody@example.com") is None
        assert storage.queries.customer(aysel.id) == aysel
        assert storage.queries.customer(CustomerId(99)) is None

    def test_keeps_the_address_as_given(self, aysel: Customer) -> None:
        """Comparing without case does not change how somebody writes it."""
        assert aysel.email == "Aysel@Example.com"

    def test_finds_a_member_of_staff(self, storage: Storage) -> None:
        """By id, and by address whatever its letters' case."""
        with storage.begin() as uow:
            member = uow.people.add_staff("Staff@example.com", "hash")
            uow.commit()

        with storage.begin() as uow:
            assert uow.people.staff(member.id) == member == Staff(member.id, "Staff@example.com", "hash")
            assert uow.people.staff_by_email("staff@example.com") == member
            assert uow.people.staff(StaffId(99)) is None
            assert uow.people.staff_by_email("nobody@example.com") is None

    def test_gives_an_address_once(self, storage: Storage, aysel: Customer) -> None:
        """A second account of the same address is refused, for customers and staff alike."""
        with storage.begin() as uow, pytest.raises(EmailTaken):
            uow.people.add_customer("A", "B", "AYSEL@example.com", "hash")
        with storage.begin() as uow:
            uow.people.add_staff("staff@example.com", "hash")
            with pytest.raises(EmailTaken):
                uow.people.add_staff("Staff@Example.com", "hash")

    def test_gives_an_address_to_a_customer_or_to_staff(self, storage: Storage, aysel: Customer) -> None:
        """They sign in at one door: an account behind another one could never be opened."""
        with storage.begin() as uow:
            with pytest.raises(EmailTaken):
                uow.people.add_staff("AYSEL@example.com", "hash")
            uow.people.add_staff("staff@example.com", "hash")
            with pytest.raises(EmailTaken):
                uow.people.add_customer("A", "B", "Staff@Example.com", "hash")
            uow.commit()


class TestMethods:
    """The repository of payment methods."""

    @pytest.fixture
    def full(self, storage: Storage) -> PaymentMethod:
        """A stored method of which no field is empty or as by default."""
        with storage.begin() as uow:
            method = make_method(
                uow.methods.next_id(),
                "transfer",
                name="Bank transfer",
                backend="manual",
                auto_approve=False,
                enabled=False,
                settings={"instructions": "IBAN …", "hold_minutes": 1.5, "nested": {"a": [1, None]}},
                rules=MethodRules(
                    min_amount=azn(100),
                    max_amount=azn(100_000),
                    currencies=("AZN", "EUR"),
                    customers=(CustomerId(1),),
                    skus_refused=(Sku("anvil"),),
                    countries=("AZ", "TR"),
                    fallback=MethodCode("cash"),
                ),
            )
            uow.methods.put(method)
            uow.commit()
        return method

    def test_comes_back_whole(self, storage: Storage, full: PaymentMethod) -> None:
        """Every field is the same, by every way to read it."""
        assert all(getattr(full.rules, field.name) for field in attrs.fields(MethodRules))

        with storage.begin() as uow:
            assert uow.methods.by_code(full.code) == full
            assert uow.methods.by_code_ever(full.code) == full
            assert uow.methods.get(full.id) == full
        assert storage.queries.method(full.code) == full
        assert storage.queries.method_ever(full.code) == full
        assert storage.queries.methods() == [full]

    def test_changes_every_field_but_its_id(self, storage: Storage, full: PaymentMethod) -> None:
        """Putting a method under a code that is there replaces it; its id stays."""
        changed = make_method(77, full.code)

        with storage.begin() as uow:
            uow.methods.put(changed)
            uow.commit()

        assert storage.queries.method(full.code) == attrs.evolve(changed, id=full.id)

    def test_hides_a_deleted_one(self, storage: Storage, full: PaymentMethod) -> None:
        """It is offered no more, yet found where money may still come through it."""
        with storage.begin() as uow:
            uow.methods.delete(full)
            uow.commit()

        with storage.begin() as uow:
            assert uow.methods.by_code(full.code) is None
            assert uow.methods.by_code_ever(full.code) == full
            assert uow.methods.get(full.id) == full
        assert storage.queries.method(full.code) is None
        assert storage.queries.method_ever(full.code) == full
        assert storage.queries.methods() == []

    def test_brings_one_back(self, storage: Storage, full: PaymentMethod) -> None:
        """Put again after its deletion, a method is offered again under its old id."""
        with storage.begin() as uow:
            uow.methods.delete(full)
            uow.methods.put(full)
            uow.commit()

        assert storage.queries.methods() == [full]

    def test_takes_fresh_ids(self, storage: Storage, full: PaymentMethod) -> None:
        """No two methods get one id."""
        with storage.begin() as uow:
            first, second = uow.methods.next_id(), uow.methods.next_id()

        assert len({first, second, full.id}) == 3

    def test_knows_nothing_of_what_is_not_there(self, storage: Storage) -> None:
        """Unknown codes and ids answer nothing."""
        with storage.begin() as uow:
            assert uow.methods.by_code(MethodCode("none")) is None
            assert uow.methods.by_code_ever(MethodCode("none")) is None
            assert uow.methods.get(MethodId(99)) is None
            uow.methods.delete(make_method(99, "none"))
        assert storage.queries.method(MethodCode("none")) is None

    @pytest.mark.parametrize("state", list(BillState))
    @pytest.mark.parametrize("look_at", [None, NOON])
    def test_says_whether_money_may_come(
        self, storage: Storage, aysel: Customer, state: BillState, look_at: object
    ) -> None:
        """While a payment is open, or one that ended is still open at its gateway."""
        order = make_order(1)
        payment = make_payment(1, (order,), bill_state=state, look_at=look_at)
        with storage.begin() as uow:
            assert not uow.methods.has_open_payments(MethodId(1))
            uow.orders.add(order)
            uow.payments.add(payment)
            uow.commit()

        with storage.begin() as uow:
            found = uow.methods.has_open_payments(MethodId(1))
            elsewhere = uow.methods.has_open_payments(MethodId(2))

        assert found is (payment.is_open or look_at is not None)
        assert elsewhere is False


class TestInbox:
    """The audit of callbacks."""

    def test_keeps_and_concludes(self, storage: Storage, aysel: Customer) -> None:
        """Every field of an entry is kept, and what became of it is noted."""
        order = make_order(1)
        entry = InboxEntry(
            method_code=MethodCode("card"),
            received_at=NOON,
            http_method="POST",
            path="/v1/callbacks/card",
            query="a=1&b=%C3%A9",
            body='{"paid":true}',
            verdict="received",
            payment_id=PaymentId(1),
            led_to="applied",
        )
        other = attrs.evolve(entry, payment_id=None, led_to=None)
        with storage.begin() as uow:
            uow.orders.add(order)
            uow.payments.add(make_payment(1, (order,)))
            uow.commit()

        with storage.begin() as uow:
            first, second = uow.inbox.add(entry), uow.inbox.add(other)
            uow.commit()
        with storage.begin() as uow:
            uow.inbox.conclude(second, "settled", "replayed")
            uow.commit()

        assert first != second
        assert storage.received() == [entry, attrs.evolve(other, verdict="settled", led_to="replayed")]


class TestFailures:
    """Counts of failed tries."""

    def test_counts_one_subject_since_then(self, storage: Storage) -> None:
        """Only this subject's, only from that moment on, that moment included."""
        with storage.begin() as uow:
            for minutes in (0, 1, 2):
                uow.failures.add(["login:aysel"], later(minutes=minutes))
            uow.failures.add(["login:somebody"], later(minutes=2))
            uow.commit()

        with storage.begin() as uow:
            assert uow.failures.count(["login:aysel"], NOON) == 3
            assert uow.failures.count(["login:aysel"], later(minutes=1)) == 2
            assert uow.failures.count(["login:aysel"], later(minutes=1, seconds=1)) == 1
            assert uow.failures.count(["login:nobody"], NOON) == 0


def walk(ask, limit: int) -> Iterator[list[object]]:
    """The pages of a list, one after another."""
    page: Listed[object] | None = None
    while page is None or page.next is not None:
        page = ask(Page(limit, page.next if page else None))
        yield list(page.items)


class TestLists:
    """Pages of what is stored, newest first, and whose it is."""

    @pytest.fixture
    def shop(self, storage: Storage, aysel: Customer) -> Storage:
        """Five products; orders and payments of Aysel (odd ids), of nobody, and of Rauf (id 4)."""
        with storage.begin() as uow:
            rauf = uow.people.add_customer("Rauf", "R", "rauf@example.com", "hash")
            for number in range(1, 6):
                owner = aysel.id if number % 2 else rauf.id if number == 4 else None
                order = make_order(number, customer_id=owner)
                uow.orders.add(order)
                uow.payments.add(make_payment(number, (order,)))
                uow.products.add(make_product(f"sku-{number}"))
            uow.commit()
        return storage

    @pytest.mark.parametrize(("limit", "pages"), [(1, 5), (2, 3), (5, 1), (100, 1)])
    def test_pages_through_everything(self, shop: Storage, limit: int, pages: int) -> None:
        """Each once, newest first, and the last page says that it is the last."""
        orders = list(walk(lambda page: shop.queries.orders(page, None), limit))
        payments = list(walk(lambda page: shop.queries.payments(page, None), limit))
        products = list(walk(shop.queries.products, limit))

        assert [order.id for found in orders for order in found] == [5, 4, 3, 2, 1]
        assert [view.payment.id for found in payments for view in found] == [5, 4, 3, 2, 1]
        assert [product.sku for found in products for product in found] == [
            f"sku-{n}" for n in (5, 4, 3, 2, 1)
        ]
        assert len(orders) == len(payments) == len(products) == pages

    def test_gives_a_customer_only_his_own(self, shop: Storage, aysel: Customer) -> None:
        """In lists, in their next positions, and in a single payment."""
        orders = shop.queries.orders(Page(2), aysel.id)
        payments = shop.queries.payments(Page(2), aysel.id)

        assert [order.id for order in orders.items] == [5, 3]
        assert [view.payment.id for view in payments.items] == [5, 3]
        assert shop.queries.orders(Page(2, orders.next), aysel.id).items[0].id == 1
        assert shop.queries.payments(Page(2, payments.next), aysel.id).next is None
        assert shop.queries.payment(PaymentId(4), aysel.id) is None
        assert shop.queries.payment(PaymentId(2), aysel.id) is None
        assert shop.queries.payment(PaymentId(4), None) is not None

    def test_shows_who_paid(self, shop: Storage, aysel: Customer) -> None:
        """Each payment with the customer who made it, or nobody."""
        users = [view.user and view.user.first_name for view in shop.queries.payments(Page(9), None).items]

        assert users == ["Aysel", "Rauf", "Aysel", None, "Aysel"]

    def test_ends_after_the_oldest(self, shop: Storage, aysel: Customer) -> None:
        """A position after which nothing comes answers an empty page."""
        assert shop.queries.orders(Page(5, 1), None) == Listed((), None)
        assert shop.queries.payments(Page(5, 1), None) == Listed((), None)
        assert shop.queries.products(Page(5, 1)) == Listed((), None)
