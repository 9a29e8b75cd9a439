"""Cases about answers that make no sense: whatever a gateway says, the port answers in its own words."""

import json
import random
from collections.abc import Iterator
from functools import partial
from typing import Any

import attrs

from application.backends import Backend
from application.gateways import Opened
from domain.verdict import Verdict
from entrypoints.conformance.case import Case, ensure, operations_of
from entrypoints.conformance.stand_in import Answer
from entrypoints.conformance.subject import JSON_TYPE, Outcome, Subject

ROUNDS = 60

STATUSES = (200, 200, 200, 201, 204, 302, 400, 401, 404, 409, 422, 429, 500, 503)

VALUES: tuple[Any, ...] = (
    *(None, True, [], {}, [{}], [[]], 0, -1, 7, 1.5, 10**40, "", "x", "40.00", "4e1", "\x00", "ə"),
    *("http://x", "javascript:alert(1)", "4111111111111111", "success", "a" * 3000),
)


def cases(subject: Subject, backend: Backend) -> Iterator[Case]:
    """Strange answers to every operation."""
    for operation in operations_of(backend):
        yield Case(f"{operation}/strange-answers-do-no-harm", partial(_do_no_harm, subject, operation))


def _do_no_harm(subject: Subject, operation: str) -> None:
    dice = random.Random(operation)  # noqa: S311 -- the same each time
    for situation in subject.recordings.of(operation):
        word = next(iter(situation.meanings))
        with subject.facing(situation, word) as here:
            answers = [step.answer for step in here.script.steps]
            for _ in range(ROUNDS):
                last = attrs.evolve(here.script.steps[-1], answer=_spoilt(answers[-1], dice))
                here.script.steps = [*here.script.steps[:-1], last]
                _ensure_sane(here.use(operation))


def _spoilt(answer: Answer, dice: random.Random) -> Answer:
    status, body = dice.choice(STATUSES), answer.body
    if dice.random() < 0.7:
        body = json.dumps(_changed(json.loads(body or b"{}"), dice)).encode()
    else:
        body = body[: dice.randrange(len(body) + 1)] + dice.randbytes(dice.randrange(4))
    return Answer(status, body, JSON_TYPE)


def _changed(told: Any, dice: random.Random) -> Any:
    if isinstance(told, dict) and told and dice.random() < 0.9:
        name = dice.choice(list(told))
        return {**told, name: _changed(told[name], dice)}
    if isinstance(told, list) and told and dice.random() < 0.9:
        return [_changed(told[0], dice), *told[1:]]
    return dice.choice(VALUES)


def _ensure_sane(outcome: Outcome) -> None:
    result = outcome.result
    if isinstance(result, Verdict):
        for minor in (result.amount_minor, result.captured_minor):
            is_fine = minor is None or (type(minor) is int and minor >= 0)
            ensure(is_fine, f"{minor!r} was told as an amount in smallest units")
    if isinstance(result, Opened):
        is_fine = isinstance(result.next_step, str) and result.next_step.lower().startswith(
            ("http://", "https://")
        )
        ensure(is_fine, f"customers are sent to {result.next_step!r}")
