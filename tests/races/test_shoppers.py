"""Who tells of trouble has to be right: what a shopper takes for a failure, and when a prober was served."""

import json
from typing import Any

import attrs
import pytest
import requests

from tests.races import shoppers
from tests.races.shoppers import Prober, Shopper


def answer(status: int, **told: Any) -> requests.Response:
    """As a service may give it."""
    made = requests.Response()
    made.status_code = status
    made._content = json.dumps(told).encode()
    made.headers["Retry-After"] = "0"
    return made


TROUBLE = answer(503, code="store_unavailable")
IN_FLIGHT = answer(409, code="idempotency_key_in_flight")
OPENING = answer(409, code="payment_under_way", next_step=None)
UNDER_WAY = answer(409, code="payment_under_way", next_step="https://gateway.test/pay", order_key="key")
DONE = answer(201, next_step="https://gateway.test/pay", order_key="key")


@attrs.define
class Scripted(Shopper):
    """A customer whose cart is always filled and who always pays; their checkouts are answered as told."""

    answers: list[requests.Response] = attrs.field(factory=list)

    def _ask(self, method: str, path: str, body: Any, key: str | None) -> requests.Response:
        return self.answers.pop(0) if key else answer(200)

    def _paid(self, page: str) -> str:
        return "https://shop.test/v1/callbacks/card/ref?sig=1"


def shopper(*answers: requests.Response) -> Scripted:
    """Somebody who is answered this."""
    nowhere: Any = None
    return Scripted(nowhere, "token", ["kettle"], answers=list(answers))


class TestShopper:
    @pytest.mark.parametrize(
        "answers",
        [(DONE,), (TROUBLE, DONE), (TROUBLE, IN_FLIGHT, OPENING, UNDER_WAY)],
        ids=["calm", "trouble", "its own doing after trouble"],
    )
    def test_goes_on(self, answers: tuple[requests.Response, ...], monkeypatch: pytest.MonkeyPatch) -> None:
        """To the end of the purchase, and knows whether it was disturbed."""
        monkeypatch.setattr(shoppers, "LOOKS_AGAIN_SECONDS", 0)
        somebody = shopper(*answers)

        somebody.buy()

        (bought,) = somebody.bought
        assert (bought.order_key, bought.was_disturbed) == ("key", TROUBLE in answers)

    @pytest.mark.parametrize("refusal", [IN_FLIGHT, OPENING, UNDER_WAY], ids=lambda each: each.json()["code"])
    def test_calls_it_a_failure_where_there_was_no_trouble(self, refusal: requests.Response) -> None:
        """Nobody else has this cart or this key, so nothing can be in its way."""
        with pytest.raises(AssertionError):
            shopper(refusal, DONE).buy()

    def test_forgets_the_trouble_of_an_earlier_purchase(self) -> None:
        """Each has to be answered by itself."""
        somebody = shopper(TROUBLE, DONE, UNDER_WAY)
        somebody.buy()

        with pytest.raises(AssertionError):
            somebody.buy()


class TestProber:
    def test_was_served_when_the_answer_was_there(self) -> None:
        """The first that was good, counted from the moment; what was refused or before it does not count."""
        nowhere: Any = None
        prober = Prober(nowhere, "token", "kettle", answers=[(1.0, 200), (2.5, 503), (4.0, 200), (5.0, 200)])

        assert prober.back_after(2.0) == 2.0
        with pytest.raises(StopIteration):
            prober.back_after(6.0)
