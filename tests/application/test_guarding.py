"""What keeps a gateway that does not answer from taking the shop with it."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application import guarding
from application.breaker import Breaker, BreakerState
from application.guarding import Guard, Guards, Lane, Share, Turn, TurnedAway
from application.policy import Policy
from application.trouble import GatewayRefused, GatewayTrouble, TroubleKind
from domain.ids import MethodCode
from tests.fakes import FakeGateway

CARD, OTHER = MethodCode("card"), MethodCode("other")
PAUSE = 5.0

ENDS = st.sampled_from(["silence", "silence", "answer", "give up"])


@attrs.define
class Ticks:
    """A clock that stands until it is moved."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def silent() -> None:
    """A gateway that does not answer."""
    raise GatewayTrouble("silence")


def guard_with(places: int = 4, *, ticks: Ticks | None = None) -> Guard:
    """A guard with so many places for threads that serve, and one for the janitor's."""
    shares = {Lane.SERVING: Share(places), Lane.JANITOR: Share(1)}
    return Guard(Breaker(pause_seconds=PAUSE), shares, ticks or Ticks())


def use(guard: Guard, call: Callable[[], object] = lambda: None, lane: Lane = Lane.SERVING) -> object:
    """One use of the gateway, as it ends."""
    return guard.enter(lane, 5).use(call)


def calling(guard: Guard, lane: Lane = Lane.SERVING) -> Turn:
    """A turn in which the gateway has been called, and has not answered yet."""
    turn = guard.enter(lane)
    guard.begin_call(turn)
    return turn


def break_it(guard: Guard) -> None:
    """Twenty uses without an answer."""
    for _ in range(20):
        with pytest.raises(GatewayTrouble):
            use(guard, silent)


class TestBreaker:
    def test_opens_at_half_of_twenty(self) -> None:
        """Ten answers and ten silences are enough, nine silences in twenty are not."""
        few, enough = Breaker(pause_seconds=PAUSE), Breaker(pause_seconds=PAUSE)
        for breaker, silences in ((few, 9), (enough, 10)):
            for _ in range(20 - silences):
                breaker.note(0, is_answered=True, is_probe=False)
            for _ in range(silences):
                breaker.note(0, is_answered=False, is_probe=False)

        assert (few.state, enough.state) == (BreakerState.CLOSED, BreakerState.OPEN)
        assert (few.wait_seconds(0), enough.wait_seconds(1)) == (0, PAUSE - 1)

    def test_needs_twenty(self) -> None:
        """A few silences may be chance."""
        breaker = Breaker(pause_seconds=PAUSE)
        for _ in range(19):
            breaker.note(0, is_answered=False, is_probe=False)

        assert breaker.state is BreakerState.CLOSED

    def test_forgets_after_thirty_seconds(self) -> None:
        """What was then says nothing of now."""
        breaker = Breaker(pause_seconds=PAUSE)
        for moment in [0.0] * 19 + [30.0]:
            breaker.note(moment, is_answered=False, is_probe=False)

        assert breaker.state is BreakerState.CLOSED

    @given(st.lists(st.tuples(ENDS, st.sampled_from([0.0, 0.5, 2.0, 7.0, 31.0]), st.integers(1, 25))))
    def test_does_as_its_rule_says(self, runs: list[tuple[str, float, int]]) -> None:
        """Held against the rule written out plainly: lists and comparisons, nothing forgotten early."""
        breaker, now = Breaker(pause_seconds=PAUSE), 0.0
        ended: list[tuple[float, bool]] = []
        opened_at: float | None = None
        for what, pause in [(what, pause) for what, pause, times in runs for _ in range(times)]:
            now += pause
            may = opened_at is None or now >= opened_at + PAUSE
            assert (breaker.wait_seconds(now) == 0) is may
            if not may:
                # A use from before it opened may end now, and changes nothing.
                breaker.note(now, is_answered=what == "answer", is_probe=False)
                continue
            is_probe = breaker.admit()
            assert is_probe is (opened_at is not None)
            assert (breaker.wait_seconds(now) > 0) is is_probe
            if what == "give up":
                breaker.give_up()
                continue
            breaker.note(now, is_answered=what == "answer", is_probe=is_probe)
            if is_probe:
                opened_at, ended = (None if what == "answer" else now), []
                continue
            ended.append((now, what == "answer"))
            recent = [is_answered for at, is_answered in ended if at > now - 30]
            if what == "silence" and len(recent) >= 20 and recent.count(False) * 2 >= len(recent):
                opened_at = now
        assert (breaker.state is BreakerState.CLOSED) is (opened_at is None)


class TestGuard:
    def test_turns_everybody_away_while_open(self) -> None:
        """At once, with the time to come back; in both lanes."""
        ticks = Ticks()
        guard = guard_with(ticks=ticks)
        break_it(guard)
        ticks.now += 1.5

        for lane in Lane:
            with pytest.raises(TurnedAway) as caught:
                guard.enter(lane)
            assert (caught.value.retry_after_seconds, caught.value.is_broken) == (4, True)
            assert not caught.value.sent

    def test_lets_one_probe_through_and_closes_by_its_answer(self) -> None:
        """While it is out nobody else may; afterwards everybody."""
        ticks = Ticks()
        guard = guard_with(ticks=ticks)
        break_it(guard)
        ticks.now += PAUSE
        probe = guard.enter(Lane.JANITOR)
        with pytest.raises(TurnedAway):
            guard.enter(Lane.SERVING)
        assert guard.breaker.state is BreakerState.HALF_OPEN

        probe.use(lambda: None)

        assert guard.breaker.state is BreakerState.CLOSED
        use(guard)

    def test_opens_again_by_a_probe_without_answer(self) -> None:
        """For another pause."""
        ticks = Ticks()
        guard = guard_with(ticks=ticks)
        break_it(guard)
        ticks.now += PAUSE
        with suppress(GatewayTrouble):
            use(guard, silent)

        assert guard.breaker.state is BreakerState.OPEN
        assert guard.breaker.wait_seconds(ticks.now) == PAUSE

    def test_sends_another_probe_when_the_first_called_nobody(self) -> None:
        """A checkout that was refused for its own reasons has tried nothing out."""
        ticks = Ticks()
        guard = guard_with(ticks=ticks)
        break_it(guard)
        ticks.now += PAUSE
        guard.enter(Lane.SERVING).give_back()

        assert guard.breaker.state is BreakerState.OPEN
        assert guard.enter(Lane.SERVING).is_probe

    def test_is_not_moved_by_uses_from_before(self) -> None:
        """What was under way when it opened says nothing new, whichever way it ends."""
        guard = guard_with()
        late = [guard.enter(Lane.SERVING) for _ in range(2)]
        break_it(guard)
        late[0].use(lambda: None)
        with suppress(GatewayTrouble):
            late[1].use(silent)

        assert guard.breaker.state is BreakerState.OPEN

    @pytest.mark.parametrize(
        ("error", "counts"),
        [
            (GatewayRefused("no"), False),
            (GatewayTrouble("key", TroubleKind.CONFIG), False),
            (GatewayTrouble("it does not tell", is_answer=True), False),
            (GatewayTrouble("unreachable", TroubleKind.NOT_SENT), True),
            (GatewayTrouble("broke off"), True),
            (GatewayTrouble("later", TroubleKind.RETRYABLE), True),
        ],
    )
    def test_takes_refusals_for_answers(self, error: Exception, counts: bool) -> None:
        """It does what it is there for, if not for us."""
        guard = guard_with()

        def call() -> None:
            raise error

        for _ in range(20):
            with pytest.raises(type(error)):
                use(guard, call)

        assert (guard.breaker.state is BreakerState.OPEN) is counts

    def test_does_not_count_a_fault_of_ours(self) -> None:
        """It says nothing of the gateway; the place is free again."""
        guard = guard_with(places=1)
        for _ in range(20):
            with pytest.raises(ZeroDivisionError):
                use(guard, lambda: 1 / 0)

        assert guard.breaker.state is BreakerState.CLOSED
        use(guard)

    def test_lets_a_share_wait_and_no_more(self) -> None:
        """Of each lane by itself."""
        guard = guard_with(places=2)
        turns = [calling(guard) for _ in range(2)]
        with pytest.raises(TurnedAway) as caught:
            guard.enter(Lane.SERVING)
        guard.enter(Lane.JANITOR).give_back()
        turns[0].give_back()
        turns[0].give_back()
        turns.append(calling(guard))

        assert (caught.value.retry_after_seconds, caught.value.is_broken) == (1, False)
        with pytest.raises(TurnedAway):
            guard.enter(Lane.SERVING)

    def test_has_a_place_for_who_waits_a_moment(self) -> None:
        """While the gateway answers, a full share is no reason to turn anybody away."""
        guard = guard_with(places=1)
        turn = guard.enter(Lane.SERVING)
        with ThreadPoolExecutor(1) as threads:
            second = threads.submit(guard.enter, Lane.SERVING, 10)
            time.sleep(0.05)
            assert not second.done()
            turn.use(lambda: None)

            second.result(5).give_back()

    def test_lets_all_in_who_wait_one_after_another(self) -> None:
        """Each that leaves lets the next one in, and nobody is forgotten, in neither lane."""
        guard = guard_with(places=1)
        first = [guard.enter(lane) for lane in Lane]
        with ThreadPoolExecutor(8) as threads:
            waiting = [threads.submit(use, guard, lambda: None, lane) for lane in Lane for _ in range(4)]
            time.sleep(0.05)
            assert not any(each.done() for each in waiting)
            for turn in first:
                turn.give_back(is_answered=True)

            assert [each.result(4) for each in waiting] == [None] * 8

    def test_turns_all_away_who_wait_when_the_breaker_opens(self) -> None:
        """Whoever still waited would wait for nothing, in both lanes."""
        guard = guard_with(places=21)
        turns = [calling(guard) for _ in range(21)]
        with ThreadPoolExecutor(3) as threads:
            janitors = calling(guard, Lane.JANITOR)
            waiting = [threads.submit(guard.enter, lane, 10) for lane in (*Lane, Lane.SERVING)]
            time.sleep(0.05)
            assert not any(each.done() for each in waiting)
            for turn in turns[1:]:
                # Their places are taken again at once, so that there is none for who waits.
                turn.share.taken += 1
                turn.give_back(is_answered=False)

            for each in waiting:
                with pytest.raises(TurnedAway, match="too often"):
                    each.result(4)
        janitors.give_back()

    def test_is_not_waited_for_once_somebody_waited_in_vain(self) -> None:
        """Until it answers again: then it is worth waiting for."""
        guard = guard_with(places=1)
        stuck = calling(guard)
        with pytest.raises(TurnedAway):
            guard.enter(Lane.SERVING, 0.2)
        began = time.monotonic()
        for _ in range(50):
            with pytest.raises(TurnedAway):
                guard.enter(Lane.SERVING)
        at_once = time.monotonic() - began
        stuck.give_back(is_answered=True)
        slow = calling(guard)
        began = time.monotonic()
        with pytest.raises(TurnedAway):
            guard.enter(Lane.SERVING, 0.2)

        assert at_once < 0.2 <= time.monotonic() - began
        slow.give_back()

    def test_is_waited_for_longer_while_nobody_calls(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A crowd that waits for the last unit has the database to wait for, which has its own limits."""
        guard = guard_with(places=1)
        turn = guard.enter(Lane.SERVING)
        with ThreadPoolExecutor(1) as threads:
            waiting = threads.submit(guard.enter, Lane.SERVING, 0.01)
            time.sleep(0.1)
            assert not waiting.done()
            turn.give_back()
            waiting.result(5).give_back()

        monkeypatch.setattr(guarding, "STORE_PATIENCE_SECONDS", 0.1)
        guard.enter(Lane.SERVING)
        with pytest.raises(TurnedAway):
            guard.enter(Lane.SERVING, 0.01)

    def test_is_waited_for_again_when_somebody_left_without_calling(self) -> None:
        """The gateway had no part in the waiting."""
        guard = guard_with(places=1)
        first = calling(guard)
        with pytest.raises(TurnedAway):
            guard.enter(Lane.SERVING, 0.05)
        first.give_back()
        second = calling(guard)

        with ThreadPoolExecutor(1) as threads:
            third = threads.submit(guard.enter, Lane.SERVING, 10)
            time.sleep(0.05)
            assert not third.done()
            second.give_back()
            third.result(5).give_back()

    def test_stays_stalled_while_nobody_is_answered(self) -> None:
        """A place that was free for a moment says nothing of the gateway."""
        guard = guard_with(places=1)
        first = calling(guard)
        with pytest.raises(TurnedAway):
            guard.enter(Lane.SERVING, 0.05)
        first.give_back(is_answered=False)
        second = calling(guard)

        began = time.monotonic()
        with pytest.raises(TurnedAway):
            guard.enter(Lane.SERVING, 5)
        assert time.monotonic() - began < 4
        second.give_back()


class TestRaces:
    def test_calls_run_side_by_side(self) -> None:
        """No lock is held during a call: four meet at a barrier inside of it."""
        guard, barrier = guard_with(places=4), threading.Barrier(4)
        with ThreadPoolExecutor(4) as threads:
            met = list(threads.map(lambda _: use(guard, lambda: barrier.wait(5)), range(4)))

        assert sorted(map(str, met)) == ["0", "1", "2", "3"]

    def test_never_more_than_the_share_are_in(self) -> None:
        """Sixteen threads at three places, some calls failing: counted inside of the call."""
        guard, lock = guard_with(places=3), threading.Lock()
        inside, most, done = 0, 0, 0

        def call() -> None:
            nonlocal inside, most, done
            with lock:
                inside, most = inside + 1, max(most, inside + 1)
            time.sleep(0.001)
            with lock:
                inside, done = inside - 1, done + 1
            if done % 3 == 0:
                raise GatewayRefused("no")

        def often(_: int) -> None:
            for _ in range(25):
                with suppress(GatewayRefused):
                    use(guard, call)

        with ThreadPoolExecutor(16) as threads:
            list(threads.map(often, range(16)))

        assert (most, done, guard.shares[Lane.SERVING].taken) == (3, 400, 0)

    def test_one_probe_alone_goes_out(self) -> None:
        """Of sixteen who come at the same moment."""
        ticks = Ticks()
        guard = guard_with(places=16, ticks=ticks)
        break_it(guard)
        ticks.now += PAUSE
        ready, out = threading.Barrier(16), threading.Event()

        def come(_: int) -> str:
            ready.wait(5)
            try:
                use(guard, lambda: out.wait(5))
            except TurnedAway:
                return "turned away"
            return "probe"

        with ThreadPoolExecutor(16) as threads:
            answers = [threads.submit(come, number) for number in range(16)]
            while sum(answer.done() for answer in answers) < 15:
                time.sleep(0.005)
            out.set()

        assert sorted(answer.result() for answer in answers) == ["probe"] + ["turned away"] * 15


class TestGuards:
    def test_methods_of_one_gateway_share_its_guard(self) -> None:
        """What hangs for one hangs for the other; another gateway has nothing to do with it."""
        guards = Guards(Policy(threads=2, gateway_share=0.5), Ticks())
        here, there = FakeGateway(), FakeGateway(address="https://elsewhere.test")
        with ExitStack() as stack:
            stack.enter_context(guards.turn(here, CARD, Lane.SERVING))
            stack.enter_context(guards.turn(there, MethodCode("third"), Lane.SERVING))
            with pytest.raises(TurnedAway):
                stack.enter_context(guards.turn(here, OTHER, Lane.SERVING))

    def test_tell_how_each_method_s_breaker_stands(self) -> None:
        """Of those that were used; a method that moved is told of where it is now."""
        guards = Guards(Policy(), Ticks())
        here, there = FakeGateway(), FakeGateway(address="https://elsewhere.test")
        for _ in range(20):
            with suppress(GatewayTrouble), guards.turn(here, CARD, Lane.SERVING) as turn:
                turn.use(silent)
        with guards.turn(there, OTHER, Lane.SERVING):
            before = guards.states()
        with guards.turn(there, CARD, Lane.SERVING):
            after = guards.states()
        with guards.turn(here, CARD, Lane.SERVING):
            forgotten = guards.states()

        assert before == {CARD: BreakerState.OPEN, OTHER: BreakerState.CLOSED}
        assert after == {CARD: BreakerState.CLOSED, OTHER: BreakerState.CLOSED}
        assert forgotten[CARD] is BreakerState.CLOSED

    def test_let_everybody_through_where_nobody_is_asked(self) -> None:
        """Such a method has no gateway that could hang."""
        guards = Guards(Policy(threads=1), Ticks())
        with guards.turn(None, CARD, Lane.SERVING) as first, guards.turn(None, CARD, Lane.SERVING) as second:
            assert first.use(lambda: 1) + second.use(lambda: 2) == 3

        assert guards.states() == {}

    @pytest.mark.parametrize(("share", "places"), [(0.5, 4), (1, 8), (0.01, 1), (0.99, 7)])
    def test_have_places_for_a_share_of_the_threads(self, share: float, places: int) -> None:
        """One at least."""
        assert Policy(gateway_share=share, threads=8).serving_places == places
