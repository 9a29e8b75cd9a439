"""The paying features over HTTP once more, through each gateway that customers are sent to, on one database.

The sandbox's own dialect is spoken in `test_over_http`. A story that needs more of a gateway than each can do
says so by a tag, and is told where it can be.
"""

from collections.abc import Iterator

import pytest
from pytest_bdd import scenarios

from tests.bdd.needs import players
from tests.live import Live
from tests.steps.http_shop import HttpShop

# Those in which a gateway has a part: customers go there to pay, and the shop hears of it and asks.
PAYING = (
    "amounts_that_differ",
    "auto_approval",
    "failed_payment_and_second_attempt",
    "gateway_trouble",
    "going_on_after_trouble",
    "hearing_from_the_gateway",
    "paying_by_redirect",
    "paying_for_an_order",
    "repeated_reports",
    "settling_what_reports_missed",
    "what_a_bill_tells",
    "what_a_payment_tells",
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tells a story at each gateway that lacks nothing the story needs."""
    metafunc.parametrize("shop", players(metafunc.definition.iter_markers()), indirect=True)


@pytest.fixture(autouse=True)
def shop(request: pytest.FixtureRequest, live: Live) -> Iterator[HttpShop]:
    """A shop of each story's own, whose cards are paid at one of the gateways."""
    shop = HttpShop(live, request.param)
    yield shop
    shop.close()


scenarios(*(f"payment/{name}.feature" for name in PAYING))

# A story that none of them can play is told in the sandbox's own dialect alone.
for _name, _told in list(globals().items()):
    if _name.startswith("test_") and not players(_told.pytestmark):
        del globals()[_name]
