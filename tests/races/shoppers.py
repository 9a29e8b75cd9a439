"""Customers who buy one thing after another while something goes wrong, and do not give up."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import attrs
import requests

from tests.races.patience import pay
from tests.races.shop import Shop
from tests.races.wire import SECONDS_MAX, code_of

# A key that a crash has left behind is free within 90 s, and then the purchase still has to end.
INSISTS_SECONDS_MAX = 150
LOOKS_AGAIN_SECONDS = 0.5

TROUBLE = frozenset({"503 store_unavailable", "503 gateway_unavailable"})
IN_FLIGHT = "409 idempotency_key_in_flight"
UNDER_WAY = "409 payment_under_way"
LOST = "connection lost"
LATER = TROUBLE | {IN_FLIGHT}

_numbers = itertools.count(1)


@attrs.frozen
class Bought:
    """What a customer was told of a purchase. `reply` is the checkout's own, None when another told it."""

    key: str
    order_key: str
    reply: bytes | None
    was_disturbed: bool


@attrs.define
class Shopper:
    """One customer: item, checkout with a key, the gateway's page, the way back; and again.

    Whoever asks them to come back later is obeyed, with the same key. Only after trouble may a checkout
    find its key in flight or its own payment under way: the call before is at it yet, or ended before it
    could write down what came of it. `forgives` lost connections where what serves is killed; elsewhere
    one is a failure.
    """

    shop: Shop
    token: str
    skus: Sequence[str]
    forgives: bool = False
    bought: list[Bought] = attrs.field(factory=list)
    told: Counter[str] = attrs.field(factory=Counter)
    waited_for_key: float = 0.0
    _was_in_trouble: bool = False
    _session: requests.Session = attrs.field(factory=requests.Session)

    def buy(self) -> None:
        """One purchase to its end, however often it has to be tried."""
        for sku in self.skus:
            self._insist("PUT", f"/v1/cart/items/{sku}", {"quantity": 1})
        key = f"purchase-{next(_numbers)}"
        self._was_in_trouble = False
        done = self._checked_out(key)
        is_new = done.status_code == 201
        found, disturbed = done.json(), self._was_in_trouble
        page = found["next_step"]
        assert page, done.text
        back = urlsplit(self._paid(page))
        self._insist("GET", f"{back.path}?{back.query}")
        self.bought.append(Bought(key, found["order_key"], done.content if is_new else None, disturbed))

    def replay(self, bought: Bought) -> requests.Response:
        """The checkout once more, under the same key."""
        return self._ask("POST", "/v1/cart/checkout", {"payment_method": "card"}, bought.key)

    def _paid(self, page: str) -> str:
        answer = pay(page)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def _checked_out(self, key: str) -> requests.Response:
        """The answer that leads to the gateway's page: the checkout's, or of another one under way."""
        began = time.monotonic()
        while True:
            answer = self._insist("POST", "/v1/cart/checkout", {"payment_method": "card"}, key)
            if answer.status_code == 201 or answer.json()["next_step"]:
                return answer
            # It is being opened by a call that nobody waits for any more; that ends by itself.
            assert time.monotonic() - began < INSISTS_SECONDS_MAX, answer.text
            time.sleep(LOOKS_AGAIN_SECONDS)

    def _insist(self, method: str, path: str, body: Any = None, key: str | None = None) -> requests.Response:
        """Ask until there is an answer that is no "later"."""
        began, first_in_flight = time.monotonic(), 0.0
        while time.monotonic() - began < INSISTS_SECONDS_MAX:
            try:
                answer = self._ask(method, path, body, key)
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                if not self.forgives:
                    raise
                self.told[LOST] += 1
                self._was_in_trouble = True
                time.sleep(LOOKS_AGAIN_SECONDS)
                continue
            code = code_of(answer)
            self.told[code] += 1
            self._was_in_trouble = self._was_in_trouble or code in TROUBLE
            is_expected = code in TROUBLE or (self._was_in_trouble and code in {IN_FLIGHT, UNDER_WAY})
            assert answer.status_code < 400 or is_expected, f"{method} {path}: {answer.text}"
            if code not in LATER:
                return answer
            if answer.status_code == 409:
                first_in_flight = first_in_flight or time.monotonic()
                self.waited_for_key = max(self.waited_for_key, time.monotonic() - first_in_flight)
            time.sleep(int(answer.headers["Retry-After"]))
        raise AssertionError(f"{method} {path}: no answer in {INSISTS_SECONDS_MAX} s: {self.told}")

    def _ask(self, method: str, path: str, body: Any, key: str | None) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if path.startswith("/v1/cart") else {}
        if key:
            headers["Idempotency-Key"] = key
        answer = self._session.request(
            method,
            self.shop.service.address + path,
            json=body,
            headers=headers,
            timeout=SECONDS_MAX,
            allow_redirects=False,
        )
        self.shop.wire.ensure_declared(method, path, answer)
        return answer


@contextmanager
def shopping(shoppers: Sequence[Shopper]) -> Iterator[None]:
    """All of them buy for as long as this lasts, and end what they have begun. Raises: what they met."""
    over, troubles = threading.Event(), []

    def run(shopper: Shopper) -> None:
        try:
            while not (over.is_set() or troubles):
                shopper.buy()
        except BaseException as trouble:
            troubles.append(trouble)

    threads = [threading.Thread(target=run, args=(shopper,)) for shopper in shoppers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()
    if troubles:
        raise troubles[0]


@attrs.define
class Prober:
    """Somebody impatient, who writes something small again and again to see whether the shop is there."""

    shop: Shop
    token: str
    sku: str
    answers: list[tuple[float, int]] = attrs.field(factory=list)
    """When each answer was there, and its status."""

    @contextmanager
    def probing(self, pause_seconds: float = 0.05) -> Iterator[None]:
        """As long as this lasts."""
        over = threading.Event()
        thread = threading.Thread(target=self._run, args=(over, pause_seconds))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _run(self, over: threading.Event, pause_seconds: float) -> None:
        with requests.Session() as session:
            while not over.wait(pause_seconds):
                answer = session.put(
                    f"{self.shop.service.address}/v1/cart/items/{self.sku}",
                    json={"quantity": 1},
                    headers={"Authorization": f"Bearer {self.token}"},
                    timeout=SECONDS_MAX,
                )
                self.answers.append((time.monotonic(), answer.status_code))

    def back_after(self, moment: float) -> float:
        """How long after that moment it first had what it wanted. Raises: StopIteration if never."""
        return next(at for at, status in self.answers if at >= moment and status < 300) - moment
