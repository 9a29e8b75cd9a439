"""Guarding the shop from gateways that do not answer: for each a breaker, and a share of the threads."""

import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from typing import TypeVar

import attrs

from application.breaker import Breaker, BreakerState
from application.gateways import Gateway
from application.policy import SHARE_PATIENCE_SECONDS, STORE_PATIENCE_SECONDS, Policy
from application.trouble import GatewayRefused, GatewayTrouble, TroubleKind
from domain.ids import MethodCode

T = TypeVar("T")


class TurnedAway(GatewayTrouble):
    """The gateway was not called at all; `is_broken` when its breaker is open, else its share is in use."""

    def __init__(self, detail: str, retry_after_seconds: int, *, is_broken: bool) -> None:
        super().__init__(detail, TroubleKind.NOT_SENT, retry_after_seconds=retry_after_seconds)
        self.is_broken = is_broken


class Lane(StrEnum):
    """Whose threads wait: those that answer requests, or the janitor's."""

    SERVING = "serving"
    JANITOR = "janitor"


@attrs.define
class Share:
    """How many threads of one lane may wait on one gateway at once; those `calling` do so already.

    `is_stalled`: somebody waited in vain for a place, and since then nobody has left but unanswered.
    """

    places: int
    taken: int = 0
    calling: int = 0
    is_stalled: bool = False
    changed: threading.Condition = attrs.field(factory=threading.Condition, init=False, repr=False, eq=False)

    @property
    def has_room(self) -> bool:
        """Whether one more may wait on the gateway."""
        return self.taken < self.places


@attrs.frozen(eq=False)
class Guard:
    """One gateway's breaker and shares. The lock is held to count, never while the gateway is called."""

    breaker: Breaker
    shares: Mapping[Lane, Share]
    monotonic: Callable[[], float]
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        for share in self.shares.values():
            share.changed = threading.Condition(self._lock)

    def enter(self, lane: Lane, patience_seconds: float = SHARE_PATIENCE_SECONDS) -> "Turn":
        """Take a turn at the gateway, to be given back. Raises: TurnedAway.

        A full share is waited for, within the patience, only while the gateway answers those who are
        in: then a place is free in a moment. As long as nobody calls it yet it is not to blame, and is
        waited for longer. Once somebody has waited in vain, nobody waits until it answers again.
        """
        share = self.shares[lane]
        with self._lock:
            if not self._comes_clear(share, patience_seconds):
                share.is_stalled = True
                share.changed.notify_all()
            wait_seconds = self.breaker.wait_seconds(self.monotonic())
            if wait_seconds > 0:
                retry_after_seconds = math.ceil(wait_seconds)
                raise TurnedAway("the gateway failed too often just now", retry_after_seconds, is_broken=True)
            if not share.has_room:
                raise TurnedAway("too many wait for the gateway already", 1, is_broken=False)
            share.taken += 1
            return Turn(self, share, is_probe=self.breaker.admit())

    def begin_call(self, turn: "Turn") -> None:
        """Whoever has this turn waits on the gateway from now on, until the turn is given back."""
        with self._lock:
            turn.is_calling = True
            turn.share.calling += 1

    def leave(self, turn: "Turn", is_answered: bool | None) -> None:
        """Give the turn back, whether the gateway answered in it or did not; None where it was not called."""
        with self._lock:
            turn.share.taken -= 1
            turn.share.calling -= turn.is_calling
            if is_answered is not None:
                self.breaker.note(self.monotonic(), is_answered=is_answered, is_probe=turn.is_probe)
            elif turn.is_probe:
                self.breaker.give_up()
            # Who never came to call did not wait for the gateway: a crowd that gives its places back
            # like that is no reason to turn others away.
            turn.share.is_stalled = turn.share.is_stalled and is_answered is False
            self._wake(turn.share)

    def _wake(self, freed: Share) -> None:
        """Let those go on who now can: one for the free place, all when the breaker is open."""
        if self.breaker.wait_seconds(self.monotonic()) > 0:
            for share in self.shares.values():
                share.changed.notify_all()
        freed.changed.notify()

    def _comes_clear(self, share: Share, patience_seconds: float) -> bool:
        def is_clear() -> bool:
            return self._is_clear(share)

        if share.changed.wait_for(is_clear, patience_seconds):
            return True
        more_seconds = max(0.0, STORE_PATIENCE_SECONDS - patience_seconds)
        return not share.calling and share.changed.wait_for(is_clear, more_seconds)

    def _is_clear(self, share: Share) -> bool:
        is_open = self.breaker.wait_seconds(self.monotonic()) > 0
        return is_open or share.has_room or share.is_stalled


@attrs.define(eq=False)
class Turn:
    """Leave to use a gateway once, from before the first transaction until it has answered.

    It has no guard where nobody is asked.
    """

    guard: Guard | None
    share: Share
    is_probe: bool = attrs.field(kw_only=True)
    is_calling: bool = attrs.field(default=False, init=False)

    def use(self, call: Callable[[], T]) -> T:
        """Call the gateway, and give the turn back; a refusal is an answer. Raises: what the call does."""
        is_answered: bool | None = None
        if self.guard:
            self.guard.begin_call(self)
        try:
            result = call()
            is_answered = True
        except GatewayRefused:
            is_answered = True
            raise
        except GatewayTrouble as trouble:
            is_answered = trouble.is_answer
            raise
        finally:
            self.give_back(is_answered)
        return result

    def give_back(self, is_answered: bool | None = None) -> None:
        """Let the next one in; nothing happens when it was given back already."""
        guard, self.guard = self.guard, None
        if guard:
            guard.leave(self, is_answered)


Address = tuple[type[Gateway], str]


@attrs.frozen(eq=False)
class Guards:
    """The guards of all gateways; methods that reach one gateway, at one address, share its guard."""

    policy: Policy
    monotonic: Callable[[], float]
    _guards: dict[Address, Guard] = attrs.field(factory=dict, init=False)
    _addresses: dict[MethodCode, Address] = attrs.field(factory=dict, init=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False)

    @contextmanager
    def turn(
        self,
        gateway: Gateway | None,
        code: MethodCode,
        lane: Lane,
        patience_seconds: float = SHARE_PATIENCE_SECONDS,
    ) -> Iterator[Turn]:
        """A turn at a method's gateway meanwhile; anybody has one where none is asked. Raises: TurnedAway."""
        if gateway is None:
            yield Turn(None, Share(0), is_probe=False)
            return
        turn = self._guard((type(gateway), gateway.base_url), code).enter(lane, patience_seconds)
        try:
            yield turn
        finally:
            turn.give_back()

    def states(self) -> Mapping[MethodCode, BreakerState]:
        """How the breaker of each method stands whose gateway this process has used."""
        with self._lock:
            return {code: self._guards[address].breaker.state for code, address in self._addresses.items()}

    def _guard(self, address: Address, code: MethodCode) -> Guard:
        with self._lock:
            if self._addresses.get(code) != address:
                self._addresses[code] = address
                in_use = {*self._addresses.values()}
                # What no method reaches any more is forgotten; whoever is in there still holds it.
                for gone in self._guards.keys() - in_use:
                    del self._guards[gone]
                self._guards.setdefault(address, self._new_guard())
            return self._guards[address]

    def _new_guard(self) -> Guard:
        policy = self.policy
        return Guard(
            Breaker(pause_seconds=policy.first_look.total_seconds()),
            {Lane.SERVING: Share(policy.serving_places), Lane.JANITOR: Share(policy.janitor_places)},
            self.monotonic,
        )
