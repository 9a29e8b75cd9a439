"""One gateway hangs on every call: its own customers are told so, and nobody else notices."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.races.hanging import hanging
from tests.races.patience import ANSWER_SECONDS_MAX, timed
from tests.races.shop import Shop
from tests.steps.http_gateway import poll

# Of eight threads a quarter may wait for one gateway, within its deadline of 1.5 s.
PLACES = 2
STUCK, OTHERS = 10, 10


def test_a_gateway_that_hangs_gets_no_more_than_its_share_of_the_threads(shop: Shop) -> None:
    """Whoever comes on top is told so at once, and everybody else is served."""
    with hanging() as gateway, ThreadPoolExecutor(STUCK) as threads:
        settings = {"base_url": gateway.address, "api_key": "key", "signing_secret": "secret"}
        shop.put("payment-methods/hanging", {"name": "Hanging", "backend": "sandbox", "settings": settings})
        stuck, others = shop.customers(STUCK), shop.customers(OTHERS)
        shop.fill_all([*stuck, *others], shop.product(stock=STUCK + OTHERS))
        deeds = [partial(shop.check_out, token, method="hanging") for token in stuck]
        waiting = [threads.submit(timed, deed, ANSWER_SECONDS_MAX) for deed in deeds]
        assert poll(lambda: gateway.waiting >= PLACES)

        served = [shop.check_out(token, method="direct").status_code for token in others]

        told = [each.result().json() for each in waiting]
        assert served == [201] * OTHERS
        assert {each["status"] for each in told} == {503}
        # A place that is free again is taken by whoever comes late; without shares all but two would wait.
        assert PLACES <= sum("order_keys" in each for each in told) <= 2 * PLACES
