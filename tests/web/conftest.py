"""The shop that each test of the web gets for itself."""

import pytest

from tests.web.house import House, open_house


@pytest.fixture
def house() -> House:
    """A shop in memory, nobody has bought anything yet."""
    return open_house()
