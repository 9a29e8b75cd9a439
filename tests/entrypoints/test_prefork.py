"""The parent of the processes that serve: who is born, who leaves, and when."""

import signal
import socket
from collections.abc import Iterator

import attrs
import pytest

from entrypoints import children, prefork
from entrypoints.children import UP, Child, Order
from entrypoints.prefork import LEAVING_SECONDS_MAX, PAUSES_SECONDS, STEADY_SECONDS, Parent

PROCESSES = 3


@attrs.define
class Life:
    """A child that is no process, and the end of its line where it hears its parent."""

    child: Child
    line: socket.socket

    def heard(self) -> Order | None:
        """What the parent has said to it, if anything."""
        self.line.setblocking(False)
        try:
            return Order(self.line.recv(1))
        except BlockingIOError:
            return None


@attrs.define
class Family:
    """A parent whose children are born at once and live until the test ends them."""

    parent: Parent = attrs.field(init=False)
    lives: list[Life] = attrs.field(factory=list)
    now: float = 100.0
    ups: int = 0
    cannot_fork: bool = False
    killed: list[int] = attrs.field(factory=list)
    freed: list[int] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.parent = Parent(
            PROCESSES, self._bear, self._count_ups, self.freed.append, clock=lambda: self.now
        )

    def _count_ups(self) -> None:
        self.ups += 1

    def _bear(self, seat: int) -> Child:
        if self.cannot_fork:
            raise BlockingIOError("no more processes")
        ours, theirs = socket.socketpair()
        child = Child(pid=1000 + len(self.lives), seat=seat, line=ours, since=self.now)
        self.lives.append(Life(child, theirs))
        return child

    @property
    def living(self) -> list[Life]:
        """Those who have not died."""
        return [life for life in self.lives if life.child in self.parent.children]

    def look_after(self) -> list[Life]:
        """Let the parent look; answers who was born."""
        before = len(self.lives)
        self.parent.look_after()
        return self.lives[before:]

    def answer(self, *lives: Life) -> None:
        """They say that they answer."""
        for life in lives:
            life.line.send(UP)
            self.parent.hear(life.child.line)

    def die(self, *lives: Life) -> None:
        """They end, for whatever reason."""
        for life in lives:
            life.line.close()
            self.parent.hear(life.child.line)


@pytest.fixture
def family(monkeypatch: pytest.MonkeyPatch) -> Iterator[Family]:
    """Nobody has been born yet."""
    family = Family()
    monkeypatch.setattr(children.os, "waitpid", lambda pid, _: (pid, 0))
    monkeypatch.setattr(children.os, "kill", lambda pid, number: family.killed.append(pid))
    yield family
    for life in family.lives:
        life.line.close()
        life.child.line.close()


@pytest.fixture
def grown(family: Family) -> Family:
    """All answer, and have done so for a while."""
    family.answer(*family.look_after())
    family.now += STEADY_SECONDS
    return family


class TestBirth:
    def test_is_given_to_as_many_as_wanted(self, family: Family) -> None:
        """Each has a seat of its own."""
        born = family.look_after()

        assert [life.child.seat for life in born] == [0, 1, 2]
        assert family.look_after() == []
        assert family.parent.patience is None

    def test_is_announced_once(self, family: Family) -> None:
        """When the first of them answers."""
        first, *others = family.look_after()
        assert family.ups == 0

        family.answer(first)
        assert family.ups == 1
        family.answer(*others)
        assert family.ups == 1

    def test_follows_a_death_at_once(self, grown: Family) -> None:
        """Whoever has served for a while is replaced without delay, in the same seat."""
        dead = grown.living[1]

        grown.die(dead)

        (born,) = grown.look_after()
        assert grown.freed == [born.child.seat] == [dead.child.seat]
        assert len(grown.parent.children) == PROCESSES

    def test_comes_later_and_later_when_the_young_die(self, family: Family) -> None:
        """They would die again and again, and use the machine up."""
        pauses = []
        family.look_after()
        for _ in range(len(PAUSES_SECONDS) + 2):
            family.die(family.living[-1])
            since = family.now
            while not family.look_after():
                assert family.parent.patience
                family.now += 0.5
            pauses.append(family.now - since)

        assert pauses == [*PAUSES_SECONDS, PAUSES_SECONDS[-1], PAUSES_SECONDS[-1]]

    def test_is_quick_again_after_a_long_life(self, family: Family) -> None:
        """What made the young die is over."""
        family.look_after()
        family.die(family.living[0])
        family.look_after()
        family.die(family.living[0])
        assert family.look_after() == []
        family.now += PAUSES_SECONDS[1]
        family.look_after()
        family.now += STEADY_SECONDS

        family.die(family.living[0])
        assert len(family.look_after()) == 1
        family.die(family.living[-1])
        assert len(family.look_after()) == 1

    def test_is_tried_again_when_the_system_has_no_room(self, family: Family) -> None:
        """A parent that died of it would take those with it who serve."""
        family.cannot_fork = True
        assert family.look_after() == []
        assert family.look_after() == []

        family.cannot_fork = False
        family.now += PAUSES_SECONDS[-1]

        assert len(family.look_after()) == PROCESSES


class TestReload:
    def test_replaces_one_after_the_other(self, grown: Family) -> None:
        """The new one answers before the old one leaves, which has left before the next is born."""
        old = grown.living
        grown.parent.obey(signal.SIGHUP)

        for leaving in old:
            (born,) = grown.look_after()
            assert grown.look_after() == []
            assert [life.heard() for life in old] == [None] * len(old)
            grown.answer(born)
            assert grown.look_after() == []
            assert leaving.heard() is Order.RETIRE
            assert grown.look_after() == []
            assert len(grown.parent.children) == PROCESSES + 1
            grown.die(leaving)
            old = old[1:]

        assert grown.look_after() == []
        assert len(grown.parent.children) == PROCESSES
        assert {life.child.seat for life in grown.living} <= set(range(PROCESSES + 1))

    def test_keeps_the_old_when_the_new_do_not_start(self, grown: Family) -> None:
        """They go on serving, and a new one is tried later."""
        old = grown.living
        grown.parent.obey(signal.SIGHUP)

        grown.die(*grown.look_after())
        grown.die(*grown.look_after())

        assert grown.look_after() == []
        assert grown.living == old
        assert [life.heard() for life in old] == [None] * PROCESSES

    def test_counts_whoever_dies_meanwhile(self, grown: Family) -> None:
        """The new one takes their place, and nobody else has to leave for it."""
        first, *others = grown.living
        grown.parent.obey(signal.SIGHUP)
        (born,) = grown.look_after()

        grown.die(first)
        grown.answer(born)
        grown.answer(*grown.look_after())
        grown.look_after()

        assert [life.heard() for life in others] == [Order.RETIRE, None]

    def test_is_not_stopped_by_one_who_dies_without_having_heard(self, grown: Family) -> None:
        """What lay unread on its line must not end its parent, and so all the others."""
        grown.parent.obey(signal.SIGHUP)
        grown.answer(*grown.look_after())
        first = grown.living[0]
        grown.look_after()
        assert first.child.leaves_by is not None

        grown.die(first)

        assert first not in grown.living
        assert len(grown.look_after()) == 1

    def test_asked_for_twice_replaces_the_newest_too(self, grown: Family) -> None:
        """Whatever was changed between the two counts for everybody."""
        grown.parent.obey(signal.SIGHUP)
        (born,) = grown.look_after()
        grown.parent.obey(signal.SIGHUP)
        grown.answer(born)

        for _ in range(4 * PROCESSES):
            grown.answer(*grown.look_after())
            grown.die(*(life for life in grown.living if life.heard() is Order.RETIRE))

        assert born not in grown.living
        assert len(grown.living) == PROCESSES


class TestEnd:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_is_told_to_everybody(self, grown: Family, number: signal.Signals) -> None:
        """Nobody is born any more, and the parent is the last to leave."""
        grown.parent.obey(number)

        assert [life.heard() for life in grown.living] == [Order.END] * PROCESSES
        grown.die(*grown.living[1:])
        assert grown.look_after() == []
        assert not grown.parent.is_alone
        grown.die(*grown.living)
        assert grown.parent.is_alone

    def test_is_no_time_for_a_reload(self, grown: Family) -> None:
        """Nor is a reload a second call for the end."""
        grown.parent.obey(signal.SIGTERM)
        grown.parent.obey(signal.SIGHUP)

        assert grown.look_after() == []
        assert grown.killed == []

    def test_is_immediate_when_asked_for_twice(self, grown: Family) -> None:
        """Whoever asks again will not wait."""
        grown.parent.obey(signal.SIGINT)

        with pytest.raises(SystemExit) as ended:
            grown.parent.obey(signal.SIGTERM)

        assert ended.value.code == 1
        assert grown.killed == [life.child.pid for life in grown.living]

    def test_is_not_waited_for_for_ever(self, grown: Family) -> None:
        """A process that does not end by itself is ended."""
        grown.parent.obey(signal.SIGTERM)
        grown.look_after()
        assert grown.killed == []
        assert grown.parent.patience

        grown.now += LEAVING_SECONDS_MAX + 1
        grown.look_after()

        assert grown.killed == [life.child.pid for life in grown.living]

    def test_is_told_to_the_dead_in_vain(self, grown: Family) -> None:
        """A child may die just then."""
        dead = grown.living[0]
        dead.line.close()

        grown.parent.obey(signal.SIGTERM)
        grown.parent.hear(dead.child.line)

        assert dead not in grown.living


class TestSignals:
    def test_are_bytes_to_read(self) -> None:
        """And are what they were before, afterwards."""
        before = signal.getsignal(signal.SIGHUP)

        with prefork._signals() as signals:
            signal.raise_signal(signal.SIGHUP)
            signal.raise_signal(signal.SIGTERM)

            assert list(signals.recv(8)) == [signal.SIGHUP, signal.SIGTERM]
        assert signal.getsignal(signal.SIGHUP) == before
