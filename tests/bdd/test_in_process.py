"""The features in the same process: the use cases over memory, with a scripted bank and a clock to turn."""

from collections.abc import Iterator

import pytest
from pytest_bdd import scenarios

from tests.steps.in_process_shop import InProcessShop


@pytest.fixture
def shop() -> Iterator[InProcessShop]:
    """A shop of each story's own; however the story goes, its books must balance in the end."""
    shop = InProcessShop()
    yield shop
    assert shop.app.prove().breaches == ()


scenarios(".")
