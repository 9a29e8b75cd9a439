"""The memory adapter by itself: stricter than a database, so that mistakes show early."""

import pytest

from adapters.memory.store import MemoryStore
from domain.ids import OrderId, PaymentId, Sku
from tests.builders import make_order, make_payment, make_product
from tests.contract.storages import relay_all


@pytest.fixture
def store() -> MemoryStore:
    """One order with one payment, and one product."""
    store = MemoryStore()
    with store.begin(relay_all) as uow:
        order = make_order(1)
        uow.orders.add(order)
        uow.payments.add(make_payment(1, (order,)))
        uow.products.add(make_product("kettle"))
        uow.commit()
    return store


class TestMemoryStore:
    """What only the memory adapter notices."""

    def test_notices_an_order_changed_without_an_event(self, store: MemoryStore) -> None:
        """A change that nothing tells of has to be saved too."""
        with store.begin(relay_all) as uow:
            uow.orders.lock([OrderId(1)])[0].reference = "changed"
            with pytest.raises(AssertionError, match="order 1 was changed and not saved"):
                uow.commit()

    def test_notices_a_payment_changed_without_an_event(self, store: MemoryStore) -> None:
        """The same for payments and their bills."""
        with store.begin(relay_all) as uow:
            uow.payments.lock([PaymentId(1)])[0].bill.next_step = "changed"
            with pytest.raises(AssertionError, match="payment 1 was changed and not saved"):
                uow.commit()

    def test_notices_stock_that_was_not_saved(self, store: MemoryStore) -> None:
        """The same for products, which have no events at all."""
        with store.begin(relay_all) as uow:
            uow.products.lock([Sku("kettle")])[Sku("kettle")].stock.reserve(1)
            with pytest.raises(AssertionError, match="kettle was changed and not saved"):
                uow.commit()

    def test_refuses_a_transaction_inside_another(self, store: MemoryStore) -> None:
        """A database would wait for itself until it gives up; here it is said at once."""
        with store.begin(relay_all), pytest.raises(AssertionError, match="inside a transaction"):
            store.begin(relay_all).__enter__()

    def test_goes_on_after_a_failure(self, store: MemoryStore) -> None:
        """Whatever ends a unit of work, the next one can begin."""
        for _ in range(2):
            with pytest.raises(LookupError), store.begin(relay_all):
                raise LookupError
