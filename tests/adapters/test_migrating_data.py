"""What is stored survives every way up and down, on both databases."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine

from adapters.sql.migrate import downgrade, upgrade
from domain.bill import BillState
from domain.errors import EmailTaken
from domain.ids import CustomerId, OrderId, PaymentId
from tests.adapters.conftest import commit
from tests.builders import make_cart, make_method, make_order, make_payment
from tests.contract.storages import sql_storage


def down_and_up(engine: Engine, revision: str) -> None:
    """Through the older shape and back to the newest."""
    url = engine.url.render_as_string(hide_password=False)
    engine.dispose()
    downgrade(url, revision)
    upgrade(url)


class TestOnePaymentUnderWay:
    """The database learns of stored payments whether they are under way."""

    @pytest.mark.parametrize("state", sorted(BillState))
    def test_keeps_orders_and_payments(self, either: Engine, state: BillState) -> None:
        """They come back as they were, and what kept a second payment from beginning still does."""
        storage, order = sql_storage(either), make_order(1)
        payment = make_payment(1, (order,), bill_state=state)
        commit(storage, lambda uow: uow.methods.put(make_method(uow.methods.next_id())))
        commit(storage, lambda uow: (uow.orders.add(order), uow.payments.add(payment)))

        down_and_up(either, "0001")

        with storage.begin() as uow:
            assert uow.payments.lock([PaymentId(1)]) == [payment]
            assert uow.orders.lock([OrderId(1)])[0].payment_ids == (1,)
        with either.connect() as connection:
            link = connection.exec_driver_sql("SELECT is_under_way FROM payment_orders").scalar_one()
        assert bool(link) is payment.is_under_way


class TestOneAccountForAnAddress:
    """The database learns which addresses are taken."""

    def test_keeps_customers_and_staff(self, either: Engine) -> None:
        """Nobody gets an account under the address of either."""
        storage = sql_storage(either)
        commit(storage, lambda uow: uow.people.add_customer("A", "B", "Aysel@example.com", "hash"))
        commit(storage, lambda uow: uow.people.add_staff("boss@example.com", "hash"))

        down_and_up(either, "0002")

        with storage.begin() as uow:
            with pytest.raises(EmailTaken):
                uow.people.add_staff("aysel@example.com", "hash")
            with pytest.raises(EmailTaken):
                uow.people.add_customer("A", "B", "Boss@example.com", "hash")
            assert uow.people.add_customer("A", "B", "another@example.com", "hash").id > 1

    def test_minds_accounts_of_the_version_before(self, either: Engine) -> None:
        """While both run, the older one takes no address for both kinds, but it still has one of its kind."""
        storage = sql_storage(either)
        with either.begin() as connection:
            connection.exec_driver_sql(
                "INSERT INTO customers (first_name, last_name, email, email_key, password_hash)"
                " VALUES ('A', 'B', 'aysel@example.com', 'aysel@example.com', 'hash')"
            )

        with pytest.raises(EmailTaken):
            commit(storage, lambda uow: uow.people.add_customer("A", "B", "Aysel@example.com", "hash"))


class TestHowOldThingsAre:
    """A cart of which nobody knows when it was changed counts as changed today."""

    def test_keeps_carts(self, either: Engine) -> None:
        """They come back as they were, and can be changed."""
        storage = sql_storage(either)
        commit(storage, lambda uow: uow.people.add_customer("A", "B", "aysel@example.com", "hash"))
        commit(storage, lambda uow: uow.carts.save(make_cart(1, kettle=2)))
        before = datetime.now(UTC).date()

        down_and_up(either, "0003")

        with storage.begin() as uow:
            cart = uow.carts.of(CustomerId(1))
            assert cart is not None
            assert (cart.lines, cart.version) == ({"kettle": 2}, 1)
            assert before <= cart.changed_on <= datetime.now(UTC).date()
            uow.carts.save(cart)
            uow.commit()


class TestDueDates:
    """Orders get a date until when they are to be paid."""

    def test_keeps_orders(self, either: Engine) -> None:
        """They come back as they were, those from before without one."""
        storage, order = sql_storage(either), make_order(1)
        commit(storage, lambda uow: uow.orders.add(order))

        down_and_up(either, "0004")

        with storage.begin() as uow:
            assert uow.orders.lock([OrderId(1)]) == [order]
