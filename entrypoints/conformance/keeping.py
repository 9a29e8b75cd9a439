"""Cases about what is kept, said and sent again: no secret, no card number, and the same once more."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import attrs
from structlog.testing import capture_logs

from application.backends import Backend
from application.trouble import GatewayRefused
from entrypoints.conformance.case import Case, ensure, needed, operations_of, shown
from entrypoints.conformance.stand_in import Answer
from entrypoints.conformance.subject import JSON_TYPE, Connected, Fails, Outcome, Subject

CARD_NUMBER = "4111111111111111"

# Uses that move money are sent again, after a crash, word for word.
MOVING = ("open", "capture", "refund")

# Statuses under which gateways like to repeat what they were sent.
ECHOING = (200, 400, 401, 403, 404, 422, 500)


def cases(subject: Subject, backend: Backend) -> Iterator[Case]:
    """What stays behind of each operation."""
    for operation in operations_of(backend):
        yield Case(f"{operation}/tells-no-secret", partial(_tells_no_secret, subject, backend, operation))
        if operation not in {"find", "confirm"}:
            yield Case(
                f"{operation}/keeps-clean-json", partial(_keeps_clean_json, subject, backend, operation)
            )
        if operation in MOVING:
            yield Case(
                f"{operation}/is-sent-again-word-for-word", partial(_is_repeated, subject, backend, operation)
            )
    yield Case("open/refused-tells-what-was-said", partial(_refusal_tells, subject))
    yield Case("open/keeps-what-was-said", partial(_keeps_what_was_said, subject))
    yield Case("settings/are-not-printed", partial(_prints_no_secret, subject))


def _tells_no_secret(subject: Subject, backend: Backend, operation: str) -> None:
    situation, word = shown(subject, operation, needed(backend, operation)[0])
    for status in ECHOING:
        for at in range(len(situation.exchanges)):
            echo = Answer(status, json.dumps({"echo": sorted(subject.secrets), "x": 1}).encode(), JSON_TYPE)
            with subject.facing(situation, word, strikes={at: echo}) as here, _logged() as lines:
                outcome = here.use(operation)
            _ensure_no_secret(subject, outcome)
            for secret in subject.secrets:
                ensure(not any(secret in line for line in lines), "a secret setting is logged")


@contextmanager
def _logged() -> Iterator[list[str]]:
    """What is logged meanwhile, in either of the ways that adapters may."""
    handler, root, lines = _Collecting(), logging.getLogger(), list[str]()
    root.addHandler(handler)
    try:
        with capture_logs() as events:
            yield lines
    finally:
        root.removeHandler(handler)
        lines += [*handler.lines, *map(repr, events)]


class _Collecting(logging.Handler):
    """Keeps what is logged as text, with all that came with it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.lines.append(f"{record.getMessage()} {vars(record)}")


def _ensure_no_secret(subject: Subject, outcome: Outcome) -> None:
    error = outcome.result if isinstance(outcome.result, Exception) else None
    texts = [str(outcome.result), repr(outcome.result)]
    while error is not None:
        texts += [str(error), repr(error.args), repr(vars(error))]
        error = error.__cause__ if isinstance(error.__cause__, Exception) else None
    for secret in subject.secrets:
        ensure(not any(secret in text for text in texts), f"a secret setting is told by {outcome.meaning}")


def _keeps_clean_json(subject: Subject, backend: Backend, operation: str) -> None:
    """What nobody knows may hold anything, and free text a card's number or what the gateway was sent."""
    situation, word = shown(subject, operation, needed(backend, operation)[0])
    last = len(situation.exchanges) - 1
    steps = subject.steps(situation, word, {}, {})
    answer = steps[len(steps) - 1].answer
    try:
        told = json.loads(answer.body)
    except ValueError:
        raise Fails("the last answer is no JSON, which nothing can be added to") from None
    said = f"card {CARD_NUMBER}, keys {', '.join(sorted(subject.secrets))}"
    more = dict.fromkeys(("pan", "message", "error", "description"), said)
    body = json.dumps({**told, **more}).encode()
    with subject.facing(situation, word, strikes={last: attrs.evolve(answer, body=body)}) as here:
        outcome = here.told(operation)
    kept = _kept(outcome)
    ensure(CARD_NUMBER not in kept, "a card number is kept")
    _ensure_no_secret(subject, outcome)
    ensure(isinstance(json.loads(kept), dict), "what is kept is no JSON object")
    ensure(
        outcome.meaning == situation.meanings[word], f"with a field that nobody knows it is {outcome.meaning}"
    )


def _kept(outcome: Outcome) -> str:
    kept = getattr(outcome.result, "response", None)
    if not isinstance(kept, str):
        raise Fails(f"nothing is kept of what was {outcome.meaning}")
    return kept


def _is_repeated(subject: Subject, backend: Backend, operation: str) -> None:
    situation, word = shown(subject, operation, needed(backend, operation)[0])
    with subject.facing(situation, word) as here:
        sent = [_sent(here, operation) for _ in range(2)]
    ensure(sent[0], "nothing was sent")
    ensure(sent[0] == sent[1], "sent again, it is another request")


def _sent(here: Connected, operation: str) -> list[Any]:
    before = len(here.script.heard)
    here.told(operation)
    asked = [each for each in here.script.heard[before:] if each in here.script.asked_for()]
    return [each for each in asked if each.method != "GET"]


def _refusal_tells(subject: Subject) -> None:
    situation, word = shown(subject, "open", "refused")
    with subject.facing(situation, word) as here:
        refused = here.told("open").result
    if not isinstance(refused, GatewayRefused):
        raise Fails("it is not refused")
    for said in (refused.request, refused.response):
        ensure(isinstance(json.loads(said), dict), "what was said is no JSON object")


def _keeps_what_was_said(subject: Subject) -> None:
    with subject.facing(*shown(subject, "open", "opened")) as here:
        opened = here.told("open").result
    asked, told = json.loads(opened.request), json.loads(opened.response)
    ensure(isinstance(asked, dict) and isinstance(told, dict), "what is kept is no JSON object")
    ensure(subject.recordings.order_id in json.dumps(asked), "our reference is not kept with the request")
    ensure(subject.recordings.transaction_id in json.dumps(told), "its number is not kept with the answer")
    ensure(
        here.opening.buyer and here.opening.buyer.email not in opened.request,
        "the customer's address is kept",
    )


def _prints_no_secret(subject: Subject) -> None:
    with subject.facing(None) as here:
        texts = (repr(here.gateway), str(here.gateway), repr(here.backend))
    for secret in subject.secrets:
        ensure(not any(secret in text for text in texts), "a secret setting is printed with the gateway")
