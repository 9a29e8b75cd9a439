"""What every story of a faulty gateway needs: answers in time, and customers who do not give up."""

import time
from collections.abc import Callable
from typing import Any

import requests

from tests.races.conftest import GATEWAY_TIMEOUT_SECONDS
from tests.races.shop import Shop
from tests.races.wire import code_of
from tests.steps.http_gateway import APPROVED

ANSWER_SECONDS_MAX = GATEWAY_TIMEOUT_SECONDS + 2
CALLBACK_SECONDS_MAX = 5
SETTLED_SECONDS_MAX = 20
PARAMS: dict[str, dict[str, Any]] = {
    "delay_ms": {"ms": 4000},
    "slow_drip": {"ms": 100},
    "status_404_for_ms": {"ms": 1000},
    "duplicate": {"n": 6},
    "reorder": {"ms": 500},
}
# A customer whose checkout came to nothing tries again, and so does whoever wants to cancel.
TRIES_MAX = 40
PAUSE_SECONDS = 0.25


def timed(call: Callable[[], requests.Response], seconds_max: float) -> requests.Response:
    """An answer that has to come in time."""
    began = time.monotonic()
    answer = call()
    took = time.monotonic() - began
    assert took < seconds_max, f"{answer.status_code} after {took:.1f} s"
    return answer


def pay(page: str, card: str = APPROVED, **more: str) -> requests.Response:
    """The customer sends the hosted page's form."""
    form = {"card_number": card, "expiry": "12/40", "cvc": "123", **more}
    return requests.post(page, data=form, timeout=15, allow_redirects=False)


def pay_in_the_end(shop: Shop, token: str, answer: requests.Response, method: str = "card") -> None:
    """The customer pays where the checkout leads, checking out again for as long as it leads nowhere."""
    told = []
    for _ in range(TRIES_MAX):
        told.append(code_of(answer))
        assert answer.status_code in {201, 409, 503}, told
        page = answer.json().get("next_step")
        if page and pay(page).status_code == 303:
            return
        time.sleep(PAUSE_SECONDS)
        answer = timed(lambda: shop.check_out(token, method=method), ANSWER_SECONDS_MAX)
    raise AssertionError(f"the customer never came to pay: {told}")


def only_order(shop: Shop, token: str) -> Any:
    """The one order that a customer has."""
    (order,) = shop.wire("GET", "/v1/orders", token=token).json()["items"]
    return order
