"""Carries callbacks to shops: at once, again when refused, and never in the way of an API call."""

import queue
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial

import requests

from adapters.sandbox.agenda import Agenda
from adapters.sandbox.clock import Clock, Names
from adapters.sandbox.deliveries import (
    RETRY_DELAYS_SECONDS,
    Delivery,
    Dialect,
    Event,
    Outgoing,
    Plan,
    State,
    plan,
    stale_failure,
    twin,
)
from adapters.sandbox.faults import FaultBook
from adapters.sandbox.journal import TrafficLog
from adapters.sandbox.payments import Payment, Refund
from adapters.sandbox.refusals import Unknown

CALL_TIMEOUT_SECONDS = 5
_CARRIERS = 32
_REPLY_BYTES_MAX = 65_536


class Courier:
    """Knows every delivery, and has a fixed number of threads that carry them out."""

    def __init__(
        self,
        clock: Clock,
        names: Names,
        lock: threading.Condition,
        agenda: Agenda,
        faults: FaultBook,
        log: TrafficLog,
        dialects: Mapping[str, Dialect],
    ) -> None:
        self._clock = clock
        self._names = names
        self._lock = lock
        self._agenda = agenda
        self._faults = faults
        self._log = log
        self._dialects = dialects
        self._deliveries: dict[str, Delivery] = {}
        self._held: dict[str, Plan] = {}
        self._work: queue.SimpleQueue[Delivery | None] = queue.SimpleQueue()
        self._under_way = 0
        self._threads: list[threading.Thread] = []

    def announce(self, payment: Payment, refund: Refund | None) -> Sequence[Delivery]:
        """Plans the callbacks about a payment as it now stands and sets them going.

        Answers those that are being tried at this moment; a delayed or held one is nothing to wait for.
        """
        types = self._dialects[payment.terms.dialect].events(payment, refund)
        if payment.terms.notify_url is None or not types:
            return ()
        strikes = self._faults.strike("callback", payment.terms.merchant_ref, payment.id)
        now = int(self._clock.real())
        events = [Event(self._names.fresh("evt"), type_, payment, now, refund) for type_ in types]
        with self._lock:
            planned = plan(events, strikes, self._names, self._clock.now())
            self._keep(planned.all())
            overtaken = self._held.pop(payment.id, None)
            if overtaken is not None:
                planned.at_once[-1].followers.extend(overtaken.at_once)
            if planned.hold_seconds is not None:
                self._hold(payment.id, planned, planned.hold_seconds)
                return ()
            return [delivery for delivery in planned.at_once if self._start(delivery)]

    def visit(self, payment: Payment, url: str) -> None:
        """Opens a return address beside the buyer's browser, as a second click would."""
        event = Event(self._names.fresh("evt"), "return", payment, int(self._clock.real()))
        ready = Outgoing("GET", url)
        delivery = Delivery(self._names.fresh("dlv"), event, "GET", url, self._clock.now(), ready=ready)
        with self._lock:
            self._keep([delivery])
            self._start(delivery)

    def replay(self, delivery_id: str) -> Delivery:
        """Sends an old event again, unspoilt and freshly signed, and waits a moment for the answer."""
        with self._lock:
            if delivery_id not in self._deliveries:
                raise Unknown("unknown_delivery", "There is no such delivery.")
            old = self._deliveries[delivery_id]
            again = twin(old, self._names)
            again.mischief, again.ready, again.due = (), old.ready, self._clock.now()
            self._keep([again])
            self._start(again)
        again.await_first_try(CALL_TIMEOUT_SECONDS)
        return again

    def deliveries(self) -> list[Delivery]:
        with self._lock:
            return list(self._deliveries.values())

    def settle(self, timeout_seconds: float) -> None:
        """Waits until nothing is due and nothing under way, or until the time is up."""
        deadline = time.monotonic() + timeout_seconds
        with self._lock:
            while (left := deadline - time.monotonic()) > 0:
                self._agenda.run_due()
                if not self._under_way and not self._agenda.has_due():
                    return
                self._lock.wait(left)

    def clear(self) -> None:
        with self._lock:
            self._deliveries.clear()
            self._held.clear()

    def start(self) -> None:
        for number in range(_CARRIERS):
            name = f"sandbox-courier-{number}"
            thread = threading.Thread(target=self._carry_on, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        for _ in self._threads:
            self._work.put(None)
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _keep(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self._deliveries[delivery.id] = delivery

    def _start(self, delivery: Delivery) -> bool:
        """Sets a delivery going; true if its first try begins now."""
        if delivery.state is State.DROPPED:
            # Nobody tries it, so those behind it need not wait.
            self._start_next(delivery)
            return False
        if delivery.due > self._clock.now():
            self._agenda.at(delivery.due, partial(self._dispatch, delivery))
            return False
        self._dispatch(delivery)
        return True

    def _dispatch(self, delivery: Delivery) -> None:
        self._under_way += 1
        self._work.put(delivery)

    def _hold(self, payment_id: str, planned: Plan, seconds: float) -> None:
        self._held[payment_id] = planned
        self._agenda.at(self._clock.now() + seconds, partial(self._let_go, payment_id, planned))

    def _let_go(self, payment_id: str, planned: Plan) -> None:
        """Nothing came to overtake what was held: it goes now, a success with a stale failure behind it."""
        if self._held.get(payment_id) is not planned:
            return
        del self._held[payment_id]
        last = planned.at_once[-1]
        dialect = self._dialects[last.event.payment.terms.dialect]
        stale = stale_failure(last, self._names, dialect)
        if stale is not None:
            self._keep([stale])
            last.followers.append(stale)
        for delivery in planned.at_once:
            self._start(delivery)

    def _carry_on(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while (delivery := self._work.get()) is not None:
                self._try(session, delivery)

    def _try(self, session: requests.Session, delivery: Delivery) -> None:
        with self._lock:
            dialect = self._dialects[delivery.event.payment.terms.dialect]
            outgoing = delivery.ready or dialect.compose(delivery)
        status, reply = _send(session, outgoing)
        faults = tuple(strike.action for strike in delivery.mischief)
        self._log.note("out", outgoing.method, outgoing.url, status, outgoing.body, reply, faults)
        with self._lock:
            delivery.note_try(status)
            if delivery.id in self._deliveries:
                self._follow_up(delivery)
            self._under_way -= 1
            if not self._under_way:
                self._lock.notify_all()
        delivery.release()

    def _follow_up(self, delivery: Delivery) -> None:
        if delivery.state is State.PENDING:
            # Counted from when the last try was due: time advanced in one leap makes all retries in it due.
            delivery.due += RETRY_DELAYS_SECONDS[delivery.attempts]
            self._agenda.at(delivery.due, partial(self._dispatch, delivery))
        self._start_next(delivery)

    def _start_next(self, delivery: Delivery) -> None:
        """Lets the followers go one behind the other: each takes those that come after it along."""
        followers, delivery.followers = delivery.followers, []
        if followers:
            followers[0].followers.extend(followers[1:])
            self._start(followers[0])


def _send(session: requests.Session, outgoing: Outgoing) -> tuple[int | None, bytes]:
    """Sends one request; a shop that cannot be reached or breaks off gives no status."""
    try:
        with session.request(
            outgoing.method,
            outgoing.url,
            data=outgoing.body or None,
            headers=dict(outgoing.headers),
            timeout=CALL_TIMEOUT_SECONDS,
            allow_redirects=False,
            stream=True,
        ) as reply:
            return reply.status_code, next(reply.iter_content(_REPLY_BYTES_MAX), b"")
    except (requests.RequestException, OSError, ValueError):
        return None, b""
