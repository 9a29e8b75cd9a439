"""Cases about a gateway that stumbles: silence, torn answers and errors leave open what happened."""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import attrs

from application.backends import Backend
from application.trouble import GatewayTrouble, TroubleKind
from entrypoints.conformance.case import Case, ensure, needed, operations_of, shown
from entrypoints.conformance.stand_in import Answer, Manner, Script
from entrypoints.conformance.subject import USUAL_SECONDS, Fails, Subject

RETRY_AFTER = 7

# How long a use may take where an answer never comes, and by how much it may miss that.
SILENCE_SECONDS, GRACE_SECONDS = 0.5, 2.0

# Where nobody listens.
NOBODYS_PROXY = "http://127.0.0.1:1"

_HTML = b"<html><body>Everything is fine, really.</body></html>"


@attrs.frozen
class Fault:
    """`kind` is what the trouble has to say of itself, `is_sent` whether it may have had an effect."""

    name: str
    answer: Answer
    kind: TroubleKind = TroubleKind.UNKNOWN
    is_sent: bool = True
    retry_after_seconds: int | None = None

    @property
    def seconds(self) -> float:
        """How long a use that it strikes is given."""
        is_endless = self.answer.manner in {Manner.SILENT, Manner.DRIPPING}
        return SILENCE_SECONDS if is_endless else USUAL_SECONDS


def _said(status: int, told: object, **headers: str) -> Answer:
    return Answer(status, json.dumps(told).encode(), {"Content-Type": "application/json", **headers})


_WAIT = {"Retry-After": str(RETRY_AFTER)}

# These leave open what happened, whatever they strike.
ANYWHERE: Sequence[Fault] = (
    Fault("silence", Answer(200, manner=Manner.SILENT)),
    Fault("a-reset", Answer(200, manner=Manner.RESET)),
    Fault("half-an-answer", Answer(200, b'{"status"', manner=Manner.SHORT)),
    Fault("500", _said(500, {"error": "trouble"})),
    Fault("502-as-a-page", Answer(502, _HTML, {"Content-Type": "text/html"})),
    Fault(
        "503-with-a-time",
        Answer(503, b"{}", _WAIT),
        TroubleKind.RETRYABLE,
        retry_after_seconds=RETRY_AFTER,
    ),
    Fault(
        "429",
        Answer(429, b"{}", _WAIT),
        TroubleKind.RETRYABLE,
        is_sent=False,
        retry_after_seconds=RETRY_AFTER,
    ),
    Fault("401", _said(401, {"error": "who are you?"}), TroubleKind.CONFIG, is_sent=False),
    Fault("a-redirect", Answer(307, b"", {"Location": "/somewhere-else"})),
)

# What is no answer matters where an answer is looked at: at the end.
AT_THE_END: Sequence[Fault] = (
    Fault("a-page-with-200", Answer(200, _HTML, {"Content-Type": "text/html"})),
    Fault("nothing-with-200", _said(200, {})),
    Fault("a-list-with-200", _said(200, [{}])),
    Fault("too-long-an-answer", _said(200, {"filler": "x" * 1_000_000})),
)

# Each byte comes in time, the answer never does. It takes as long as silence, which is tried everywhere.
FOR_EVER = Fault("an-answer-for-ever", Answer(200, b"{", manner=Manner.DRIPPING))


def cases(subject: Subject, backend: Backend) -> Iterator[Case]:
    """Every fault at every question of every operation."""
    for operation in operations_of(backend):
        found = subject.recordings.showing(operation, needed(backend, operation)[0])
        for at in range(len(found[0].exchanges)) if found else ():
            is_last = found is not None and at == len(found[0].exchanges) - 1
            step = "" if is_last else f":question-{at + 1}"
            for fault in _faults(operation, is_last=is_last):
                name = f"{operation}/is-in-doubt-after:{fault.name}{step}"
                yield Case(name, partial(_is_in_doubt, subject, backend, operation, at, fault))
        yield Case(f"{operation}/is-not-sent-where-nobody-listens", partial(_is_not_sent, subject, operation))
    yield Case("ask/looks-at-no-proxy-of-the-machine", partial(_looks_at_no_proxy, subject))


def _faults(operation: str, *, is_last: bool) -> Iterator[Fault]:
    yield from ANYWHERE
    if is_last:
        yield from AT_THE_END
    if is_last and operation in {"open", "ask"}:
        yield FOR_EVER


def _is_in_doubt(subject: Subject, backend: Backend, operation: str, at: int, fault: Fault) -> None:
    situation, word = shown(subject, operation, needed(backend, operation)[0])
    with subject.facing(situation, word, strikes={at: fault.answer}, seconds=fault.seconds) as here:
        since = time.monotonic()
        outcome = here.told(operation)
        seconds = time.monotonic() - since
    trouble = outcome.result
    if not isinstance(trouble, GatewayTrouble):
        raise Fails(f"it was taken for {outcome.meaning}")
    ensure(trouble.kind is fault.kind, f"the trouble is {trouble.kind}, not {fault.kind}")
    if fault.is_sent:
        ensure(trouble.sent, "it may have had an effect, and is told as not sent")
    told = trouble.retry_after_seconds
    ensure(
        told == fault.retry_after_seconds,
        f"to be tried again after {told}, not {fault.retry_after_seconds} s",
    )
    again = _sent_again(here.script)
    ensure(not (again and fault.is_sent), f"it may have had an effect, and was sent again: {again}")
    late = seconds - fault.seconds
    ensure(late < GRACE_SECONDS, f"it came {late:.1f} s after the deadline")


def _sent_again(script: Script) -> Sequence[str]:
    """What was asked more often than is recorded, questions aside, in whatever order, nonce or header."""
    recorded = Counter((step.request["method"], step.request["path"]) for step in script.steps)
    asked = Counter((each.method, each.path) for each in script.asked_for() if each.method != "GET")
    return [f"{method} {path}" for method, path in asked - recorded]


def _is_not_sent(subject: Subject, operation: str) -> None:
    with subject.facing(None) as here:
        pass
    # The stand-in has gone, its address is free.
    outcome = here.use(operation)
    if not isinstance(outcome.result, GatewayTrouble):
        raise Fails(f"it was taken for {outcome.meaning}")
    kind = outcome.result.kind
    ensure(kind is TroubleKind.NOT_SENT and not outcome.result.sent, f"nothing was sent, and it said {kind}")


def _looks_at_no_proxy(subject: Subject) -> None:
    """What the machine's environment says may send an adapter's keys to anybody."""
    with subject.facing(*shown(subject, "ask", "succeeded")) as here, _behind(NOBODYS_PROXY):
        outcome = here.use("ask")
    ensure(outcome.meaning == "succeeded", f"behind a proxy that is not there it was {outcome.meaning}")


@contextmanager
def _behind(proxy: str) -> Iterator[None]:
    small = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
    names = (*small, *map(str.upper, small))
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    os.environ.update(http_proxy=proxy, all_proxy=proxy)
    try:
        yield
    finally:
        for name in names:
            os.environ.pop(name, None)
        os.environ.update(kept)
