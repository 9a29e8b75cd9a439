"""Two payments to look at: one that waits for its customer, one that has been paid."""

from collections.abc import Iterator

import attrs
import pytest

from tests.live import Live
from tests.steps.http_shop import HttpShop
from tests.steps.shop import Checkout


@attrs.frozen
class Records:
    """A shop with a waiting, a paid and an offline payment of 80.00 AZN each."""

    shop: HttpShop
    waiting: Checkout
    paid: Checkout
    offline: Checkout


@pytest.fixture(scope="session")
def records(live: Live) -> Iterator[Records]:
    """Made once: the tests only read."""
    shop = HttpShop(live)
    shop.stock("Copper kettle", 50, "40.00 AZN")
    checkouts = []
    for who, method in (("Aysel", "card"), ("Murad", "card"), ("Leyla", "bank transfer")):
        shop.put_in_cart(who, "Copper kettle", 2)
        checkouts.append(shop.check_out(who, method))
    waiting, paid, offline = checkouts
    shop.confirm(paid.payment, "80.00 AZN")
    assert shop.wait_until(lambda: shop.payment_seen(paid.payment).status == "success")
    yield Records(shop, waiting, paid, offline)
    shop.close()
