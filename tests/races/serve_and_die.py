"""`kassa serve` or `kassa worker`, killed by itself at the moment that DIE_AT names: a placed power cut.

The failpoints wrap the product's own functions from outside; nothing in the product knows of them.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from enum import StrEnum
from functools import wraps
from typing import Any

import adapters.web.idempotency
import application.policy
import application.relay
from adapters.gateways.sandbox import SandboxGateway
from adapters.sql.outbox import SqlOutbox
from adapters.sql.session import Change, Session
from adapters.system import LogPublisher
from application.hearing import HearCallback
from entrypoints import cli


class Moment(StrEnum):
    """Where the process dies."""

    BEFORE_THE_GATEWAY_IS_CALLED = "before the gateway is called"
    AFTER_THE_GATEWAYS_REPLY = "after the gateway's reply"
    AFTER_THE_REPLY_IS_STORED = "after the reply is stored"
    BEFORE_THE_CALLBACK_IS_STORED = "before the callback is stored"
    BEFORE_THE_CALLBACK_COMMITS = "before the callback commits"
    AFTER_THE_CALLBACK_COMMITTED = "after the callback committed"
    BEFORE_AN_EVENT_IS_TOLD = "before an event is told"
    AFTER_AN_EVENT_WAS_TOLD = "after an event was told"
    AFTER_IT_IS_WRITTEN_DOWN_AS_TOLD = "after it is written down as told"
    BEFORE_A_LOOK_ASKS = "before a look asks"
    AFTER_A_LOOK_HAS_ASKED = "after a look has asked"
    BEFORE_A_LOOK_COMMITS = "before a look commits"
    AFTER_A_LOOK_COMMITTED = "after a look committed"


# A callback commits twice: first itself, then what it led to.
STORED, SETTLED = 1, 2

_thread = threading.local()


def die(*_: object) -> None:
    """No handler, no flush, no good-bye: of the parent neither, who would replace its child."""
    os.killpg(os.getpgrp(), signal.SIGKILL)


def around(
    cls: type,
    name: str,
    *,
    before: Callable[..., None] | None = None,
    after: Callable[..., None] | None = None,
) -> None:
    """Lets something happen before or after each call of a method."""
    wrapped = getattr(cls, name)

    @wraps(wrapped)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if before:
            before(*args)
        result = wrapped(*args, **kwargs)
        if after:
            after(*args)
        return result

    setattr(cls, name, wrapper)


def _begin_counting(*_: object) -> None:
    # Requests take turns on a thread: each begins anew.
    _thread.commits = 0


def _watch_commits(*, before: int = 0, after: int = 0) -> None:
    """Dies at that commit of the thread that counts: with everything written, or just made true."""
    commit = Session.commit

    def watched(session: Session, changes: Sequence[Change] = ()) -> None:
        number = getattr(_thread, "commits", None)
        if number is not None:
            number = _thread.commits = number + 1
        if number is not None and number == before:
            session.write(changes)
            die()
        commit(session, changes)
        if number is not None and number == after:
            die()

    Session.commit = watched  # type: ignore[method-assign]


def arm(moment: Moment) -> None:
    """Places the one failpoint of this process."""
    initiate, hear = (SandboxGateway, "initiate"), (HearCallback, "__call__")
    match moment:
        case Moment.BEFORE_THE_GATEWAY_IS_CALLED:
            around(*initiate, before=die)
        case Moment.AFTER_THE_GATEWAYS_REPLY:
            around(*initiate, after=die)
        case Moment.AFTER_THE_REPLY_IS_STORED:
            around(*initiate, after=_begin_counting)
            _watch_commits(after=STORED)
        case Moment.BEFORE_THE_CALLBACK_IS_STORED:
            around(*hear, before=_begin_counting)
            _watch_commits(before=STORED)
        case Moment.BEFORE_THE_CALLBACK_COMMITS:
            around(*hear, before=_begin_counting)
            _watch_commits(before=SETTLED)
        case Moment.AFTER_THE_CALLBACK_COMMITTED:
            around(*hear, before=_begin_counting)
            _watch_commits(after=SETTLED)
        case _:
            _arm_worker(moment)


def _arm_worker(moment: Moment) -> None:
    tell, mark = (LogPublisher, "__call__"), (SqlOutbox, "delivered")
    verify = (SandboxGateway, "verify")
    match moment:
        case Moment.BEFORE_AN_EVENT_IS_TOLD:
            around(*tell, before=die)
        case Moment.AFTER_AN_EVENT_WAS_TOLD:
            around(*tell, after=die)
        case Moment.AFTER_IT_IS_WRITTEN_DOWN_AS_TOLD:
            around(*mark, after=die)
        case Moment.BEFORE_A_LOOK_ASKS:
            around(*verify, before=die)
        case Moment.AFTER_A_LOOK_HAS_ASKED:
            around(*verify, after=die)
        case Moment.BEFORE_A_LOOK_COMMITS:
            around(*verify, after=_begin_counting)
            _watch_commits(before=STORED)
        case Moment.AFTER_A_LOOK_COMMITTED:
            around(*verify, after=_begin_counting)
            _watch_commits(after=STORED)


def _shorten_leases() -> None:
    """Tests do not wait as long as shops may have to."""
    if seconds := os.environ.get("IDEMPOTENCY_LEASE_SECONDS"):
        adapters.web.idempotency.IDEMPOTENCY_LEASE = timedelta(seconds=float(seconds))
    if seconds := os.environ.get("WORK_LEASE_SECONDS"):
        application.relay.LEASE = timedelta(seconds=float(seconds))
        application.policy.STORE_MARGIN = timedelta(seconds=float(seconds))


def main() -> int:
    """Run until the moment comes, if one was named."""
    if moment := os.environ.get("DIE_AT"):
        arm(Moment(moment))
    _shorten_leases()
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
