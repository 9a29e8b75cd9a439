"""The background work: it goes on whatever happens, and ends when told."""

import threading
import time
from collections.abc import Callable
from typing import Any, cast

import attrs
import pytest

from application.service import Application
from entrypoints import workers
from entrypoints.workers import Workers

PATIENCE_SECONDS = 10


@attrs.define
class Rounds:
    """Work that answers what it is told to, and counts how often it was done."""

    does: Callable[[int], int]
    done: int = 0
    enough: threading.Event = attrs.field(factory=threading.Event)
    wanted: int = 3
    _counting: threading.Lock = attrs.field(factory=threading.Lock)

    def __call__(self) -> int:
        with self._counting:
            self.done += 1
            count = self.done
        if count >= self.wanted:
            self.enough.set()
        return self.does(count)


def nothing() -> Rounds:
    """Work that never finds anything to do."""
    return Rounds(lambda _: 0)


@attrs.frozen
class Jobs:
    """The part of the application that workers use."""

    relay: Rounds = attrs.field(factory=nothing)
    look_after_payments: Rounds = attrs.field(factory=nothing)
    prune: Rounds = attrs.field(factory=nothing)


def working(relay: Rounds, janitor: Rounds, pruning: Rounds | None = None) -> Workers:
    """Workers over these jobs, started."""
    jobs = Jobs(relay, janitor, pruning or nothing())
    made = Workers(cast("Application", cast("Any", jobs)), janitor_seconds=0.02)
    made.start()
    return made


class TestWorkers:
    def test_do_their_jobs_again_and_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Relay and janitor each on their own."""
        monkeypatch.setattr(workers, "RELAY_PAUSE_SECONDS", 0.01)
        relay, janitor = nothing(), nothing()

        crew = working(relay, janitor)

        assert relay.enough.wait(PATIENCE_SECONDS)
        assert janitor.enough.wait(PATIENCE_SECONDS)
        crew.stop()

    def test_prune_step_after_step_and_let_others_go_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A breath after each step that found something; then a long pause."""
        monkeypatch.setattr(workers, "PRUNING_BREATH_SECONDS", 0.05)
        pruning, since = Rounds(lambda count: int(count < 4), wanted=4), time.monotonic()

        crew = working(nothing(), nothing(), pruning)

        assert pruning.enough.wait(PATIENCE_SECONDS)
        assert time.monotonic() - since >= 3 * 0.05
        crew.stop()
        assert pruning.done == 4

    def test_do_not_pause_while_there_is_work(self) -> None:
        """A long queue is worked off at once."""
        relay = Rounds(lambda count: int(count < 50), wanted=50)
        since = time.monotonic()

        crew = working(relay, nothing())

        assert relay.enough.wait(PATIENCE_SECONDS)
        assert time.monotonic() - since < 50 * workers.RELAY_PAUSE_SECONDS / 2
        crew.stop()

    def test_let_some_events_come_together(self) -> None:
        """A round for each single event would cost more than telling it."""
        relay, janitor = Rounds(lambda _: 1), Rounds(lambda _: 1, wanted=100)

        crew = working(relay, janitor)

        assert janitor.enough.wait(PATIENCE_SECONDS)
        assert relay.done < 100
        crew.stop()

    def test_look_on_while_one_gateway_is_silent(self) -> None:
        """One janitor waits for an answer, and the others go on with the rest."""
        may_end = threading.Event()

        def silent_first(count: int) -> int:
            if count == 1:
                may_end.wait(PATIENCE_SECONDS)
            return 0

        janitor = Rounds(silent_first, wanted=10)

        crew = working(nothing(), janitor)

        assert janitor.enough.wait(PATIENCE_SECONDS / 2)
        may_end.set()
        crew.stop()

    def test_survive_a_failing_round(self, caplog: pytest.LogCaptureFixture) -> None:
        """A database that was away comes back; a worker that died would not."""

        def fail_first(count: int) -> int:
            if count < 3:
                raise RuntimeError("the database is away")
            return 0

        janitor = Rounds(fail_first)

        crew = working(nothing(), janitor)

        assert janitor.enough.wait(PATIENCE_SECONDS)
        crew.stop()
        failed = [record for record in caplog.records if "a round of the janitor failed" in record.message]
        assert len(failed) == 2

    def test_finish_the_round_under_way(self) -> None:
        """Stopping waits for it, and begins no other."""
        begun, may_end = threading.Event(), threading.Event()

        def slow(_: int) -> int:
            begun.set()
            may_end.wait(PATIENCE_SECONDS)
            return 1

        relay = Rounds(slow)
        crew = working(relay, nothing())
        begun.wait(PATIENCE_SECONDS)
        threading.Timer(0.1, may_end.set).start()

        crew.stop()

        assert may_end.is_set()
        assert relay.done == 1
