"""What the service has answered to a gateway's callbacks, as the gateway noted it."""

from typing import Any

from tests.races.patience import SETTLED_SECONDS_MAX
from tests.races.shop import Shop
from tests.steps.http_gateway import poll

# Taken, sent on, unreadable, forged, too large.
HEARD = {200, 303, 400, 403, 413}


def heard(shop: Shop, ref: str) -> set[int]:
    """The answers to all callbacks about a payment that were sent; each came in time, and was declared."""

    def sent() -> list[Any]:
        items = shop.sandbox.control("GET", "deliveries").json()["items"]
        return [each for each in items if each["merchant_ref"] == ref and each["state"] != "dropped"]

    assert poll(lambda: all(each["attempts"] for each in sent()), SETTLED_SECONDS_MAX)
    # The gateway waits for 5 s and no more, and notes no answer then.
    told = {each["response_status"] for each in sent()}
    assert told <= HEARD, told
    return told
