"""The features over HTTP: a service and a sandbox gateway as processes of their own, on real sockets."""

from collections.abc import Iterator

import pytest
from pytest_bdd import scenarios

from tests.live import Live
from tests.steps.http_shop import HttpShop


@pytest.fixture
def shop(live: Live) -> Iterator[HttpShop]:
    """A shop of each story's own, on the processes that the session shares."""
    shop = HttpShop(live)
    yield shop
    shop.close()


scenarios(".")
