"""The storage that a contract test asks, and a customer and a payment method in it."""

from pathlib import Path

import pytest

from domain.people import Customer
from tests.builders import make_method
from tests.contract.storages import STORAGES, Storage


@pytest.fixture(params=sorted(STORAGES))
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    """Each storage in turn, empty."""
    return STORAGES[request.param](tmp_path)


@pytest.fixture
def aysel(storage: Storage) -> Customer:
    """A customer; with her comes the payment method `card`, whose id is 1."""
    with storage.begin() as uow:
        uow.methods.put(make_method(uow.methods.next_id()))
        customer = uow.people.add_customer("Aysel", "Məmmədova", "Aysel@Example.com", "hash")
        uow.commit()
    return customer
