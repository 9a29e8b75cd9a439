"""The features over HTTP: a service and a sandbox gateway as processes of their own, on real sockets.

Every story is told on both databases.
"""

from collections.abc import Iterator

import pytest
from pytest_bdd import scenarios

from tests.steps.http_shop import HttpShop


# The stories ask for it too late to be told once for each of its databases, if it came only when asked for.
@pytest.fixture(autouse=True, params=["live", "live_on_postgresql"], ids=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest) -> Iterator[HttpShop]:
    """A shop of each story's own, on the processes that the session shares."""
    shop = HttpShop(request.getfixturevalue(request.param))
    yield shop
    shop.close()


scenarios(".")
