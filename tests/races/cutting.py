"""What is done over a wire to the database that is cut in the middle, again and again, one message later.

Each deed either succeeds or is told to come back later; nothing is ever half done; and done again, with
the same key where it takes one, it is done once.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import attrs

from application.ports import RelayedEvent
from application.service import Application
from domain.errors import StoreUnavailable
from tests.beside import beside
from tests.races import stored
from tests.races.books import Books
from tests.races.catcher import Catcher
from tests.races.patience import pay
from tests.races.scissors import Cut, Scissors
from tests.races.shop import Shop
from tests.races.wire import code_of

UNAVAILABLE = "503 store_unavailable"
DONE = "done"
TRIES_MAX = 4
CUSTOMERS_AT_ONCE = 50
# A wire that is cut later than that is not cut in the middle of anything.
MESSAGES_MAX = 1000

# What a caller who vanished has begun counts as left behind after a while, which nobody waits for here.
_TIME_PASSES = (
    "UPDATE payments SET calling_until = created_at WHERE calling_until IS NOT NULL",
    "UPDATE outbox SET due_at = occurred_at WHERE delivered_at IS NULL",
)


@attrs.frozen
class Deed:
    """Something to do to a subject of its own each time.

    `do` answers what was said; `says` is what it says once it is done, and `again` what it may say of
    what was done already, though nobody heard. `is_done` looks at what became of the subject;
    `later` brings about what else time would, should it not be done yet.
    """

    name: str
    prepare: Callable[[], Any]
    do: Callable[[Any], str]
    says: str
    is_done: Callable[[Any], bool]
    again: frozenset[str] = frozenset()
    later: Callable[[Any], None] = lambda _: None


@attrs.frozen
class Cuts:
    """Where a deed was cut, in order, and what was said then, counted."""

    places: Sequence[Cut]
    told: Counter[str]


@attrs.define
class Cutting:
    """A service of one thread behind the scissors, and the deeds that are cut."""

    shop: Shop
    catcher: Catcher
    scissors: Scissors
    _customers: Iterator[str] = attrs.field(init=False)
    _sku: str = attrs.field(init=False)
    _keys: Iterator[int] = attrs.field(factory=lambda: itertools.count(1))
    _told: list[RelayedEvent] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self._sku = self.shop.product(stock=100_000)
        self._customers = self._ready_customers()

    @contextmanager
    def deeds(self) -> Iterator[Sequence[Deed]]:
        """All that is cut; the workers' steps are those of this process, over the same wire."""
        with beside(self.shop.service) as application:
            yield [
                Deed("checkout", self._customer, self._check_out, "201", self._is_ordered_once),
                Deed("on account", self._customer, self._buy_on_account, "201", self._is_bought_once),
                Deed("callback", self._paid, self._hear, "200", self._is_sold),
                Deed("approve", self._waiting, self._approve, "200", self._is_sold),
                Deed(
                    "cancel",
                    self._open,
                    self._cancel,
                    "200",
                    self._is_cancelled,
                    again=frozenset({"409 illegal_transition"}),
                ),
                Deed(
                    "janitor",
                    self._due,
                    lambda _: _said(application.look_after_payments),
                    DONE,
                    self._is_sold,
                    later=self._make_due,
                ),
                Deed("relay", self._open, lambda _: self._relay(application), DONE, self._is_told),
            ]

    def everywhere(self, deed: Deed, within: str = "", step: int = 1) -> Cuts:
        """Cut after each message of the deed in turn, or every so many, until it ends before the cut."""
        places, told = [], Counter[str]()
        for after in range(1, MESSAGES_MAX, step):
            subject = deed.prepare()
            self.scissors.arm(after, within)
            said = deed.do(subject)
            cut = self.scissors.disarm()
            if cut is None:
                assert said == deed.says, f"{deed.name}, whole: {said}"
                return Cuts(places, told)
            where = f"{deed.name}, cut after message {after}, {cut}"
            assert said in {deed.says, UNAVAILABLE}, f"{where}: {said}"
            assert self._breaches() == [], where
            self._do_again(deed, subject, where)
            places.append(cut)
            told[said] += 1
        raise AssertionError(f"{deed.name} has no end")

    def _do_again(self, deed: Deed, subject: Any, where: str) -> None:
        """As often as a client would who does not give up."""
        told = []
        for _ in range(TRIES_MAX):
            told.append(deed.do(subject))
            if told[-1] in {deed.says} | deed.again and deed.is_done(subject):
                return
            for statement in _TIME_PASSES:
                stored.change(self.shop.database_url, statement)
            deed.later(subject)
        raise AssertionError(f"{where}, then {told}")

    def _breaches(self) -> list[str]:
        return Books.of(self.shop).breaches(self.shop.received, at_rest=False)

    def _ready_customers(self) -> Iterator[str]:
        while True:
            tokens = self.shop.customers(CUSTOMERS_AT_ONCE)
            self.shop.fill_all(tokens, self._sku)
            yield from tokens

    def _customer(self) -> tuple[str, str]:
        """Somebody with one unit in the cart, and a key that nobody has used."""
        return next(self._customers), f"key-{next(self._keys)}"

    def _open(self) -> tuple[Any, str]:
        """A checkout that was told where to pay, and a key."""
        token, key = self._customer()
        return self.shop.checked_out(token), key

    def _waiting(self) -> tuple[Any, str]:
        """A checkout whose money staff have to see, and a key."""
        token, key = self._customer()
        return self.shop.checked_out(token, "later"), key

    def _paid(self) -> tuple[Any, str]:
        """A checkout whose customer has paid, of which only the gateway knows."""
        subject = self._open()
        assert pay(subject[0]["next_step"]).status_code == 303
        return subject

    def _due(self) -> tuple[Any, str]:
        """The same, and the janitor is to look at it next."""
        subject = self._paid()
        self._make_due(subject)
        return subject

    def _make_due(self, subject: tuple[Any, str]) -> None:
        due = "UPDATE payments SET look_at = '2001-01-01Z' WHERE id = ?"
        stored.change(self.shop.database_url, due, [(subject[0]["payment"]["id"],)])

    def _check_out(self, subject: tuple[str, str], method: str = "card") -> str:
        token, key = subject
        return code_of(self.shop.check_out(token, key=key, method=method))

    def _buy_on_account(self, subject: tuple[str, str]) -> str:
        return self._check_out(subject, "direct")

    def _hear(self, subject: tuple[Any, str]) -> str:
        caught = self.catcher.about(subject[0]["payment"]["order_id"])
        return code_of(caught.deliver(self.shop.service.address))

    def _approve(self, subject: tuple[Any, str]) -> str:
        done, key = subject
        path = f"/v1/payments/{done['payment']['id']}/approve"
        return code_of(self.shop.wire("POST", path, token=self.shop.staff, key=key))

    def _cancel(self, subject: tuple[Any, str]) -> str:
        done, key = subject
        return code_of(self.shop.wire("POST", f"/v1/orders/{done['order_key']}/cancel", key=key))

    def _relay(self, application: Application) -> str:
        relay = attrs.evolve(application.relay, publish=self._told.append)

        def until_all_is_told() -> None:
            while relay():
                continue

        return _said(until_all_is_told)

    def _is_ordered_once(self, subject: tuple[str, str], method: str = "card", status: str = "HOLD") -> bool:
        token, key = subject
        again = self.shop.check_out(token, key=key, method=method)
        assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true"), again.text
        (order,) = self.shop.wire("GET", "/v1/orders", token=token).json()["items"]
        assert len(order["payments"]) == 1
        return bool(order["status"] == status and order["key"] == again.json()["order_key"])

    def _is_bought_once(self, subject: tuple[str, str]) -> bool:
        return self._is_ordered_once(subject, "direct", "PROCESSING")

    def _is_sold(self, subject: tuple[Any, str]) -> bool:
        return bool(self.shop.order(subject[0]["order_key"])["status"] == "PROCESSING")

    def _is_cancelled(self, subject: tuple[Any, str]) -> bool:
        done, _ = subject
        closed = self.shop.gateway.payments(done["payment"]["order_id"])[0]["status"] == "canceled"
        return closed and bool(self.shop.order(done["order_key"])["status"] == "CANCELLED")

    def _is_told(self, _: object) -> bool:
        """Everything at least once, and the same event always under the same number."""
        waiting = self.shop.rows("SELECT id FROM outbox WHERE delivered_at IS NULL")
        told = {(event.id, event.type, event.subject_id, event.sequence) for event in self._told}
        numbers = {id_ for id_, *_ in told}
        written = {id_ for (id_,) in self.shop.rows("SELECT id FROM outbox")}
        return not waiting and written == numbers and len(told) == len(numbers)


def _said(step: Callable[[], object]) -> str:
    try:
        step()
    except StoreUnavailable:
        return UNAVAILABLE
    return DONE


def statements(cuts: Iterable[Cut]) -> Counter[str]:
    """How often each kind of statement was cut, by its first word."""
    return Counter(cut.statement.split()[0] for cut in cuts)
