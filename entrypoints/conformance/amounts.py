"""Cases about how much a gateway is asked for: the whole, a part, and in currencies with other decimals."""

import json
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

import attrs

from application.backends import Backend
from domain.money import Currency, Money
from entrypoints.conformance.answers import tells_what_was_paid
from entrypoints.conformance.case import Case, ensure, needed, operations_of, shown
from entrypoints.conformance.filling import written
from entrypoints.conformance.stand_in import Asked
from entrypoints.conformance.subject import Connected, Subject


def cases(subject: Subject, backend: Backend) -> Iterator[Case]:
    """What is asked for in the bill's currency, in others, and in part."""
    yield Case("open/asks-for-the-amount", partial(_asks_for_the_amount, subject))
    for code, decimals in subject.recordings.currencies.items():
        abroad = _in_currency(subject, Currency(code, decimals))
        yield Case(f"open/asks-for-the-amount:{code}", partial(_asks_for_the_amount, abroad))
        yield Case(f"ask/tells-what-was-paid:{code}", partial(tells_what_was_paid, abroad))
    for operation in ("capture", "refund"):
        if operation in operations_of(backend):
            yield Case(f"{operation}/in-part", partial(_moves_in_part, subject, backend, operation))


def _in_currency(subject: Subject, currency: Currency) -> Subject:
    """The same for a bill of as many smallest units, which with other decimals are another amount."""
    amount = Money(subject.recordings.amount.minor, currency)
    return attrs.evolve(subject, recordings=attrs.evolve(subject.recordings, amount=amount))


def _asks_for_the_amount(subject: Subject) -> None:
    # Recorded requests hold the bill's amount; in another currency what is asked is no longer as recorded.
    due = subject.recordings.amount
    with subject.facing(*shown(subject, "open", "opened")) as here:
        here.use("open")
        values = _values_sent(here)
    _ensure_written(subject, due, values)
    code = due.currency.code
    ensure(code in values or code.lower() in values, f"{code} is not in what was sent")


def _moves_in_part(subject: Subject, backend: Backend, operation: str) -> None:
    """What cannot be moved in part is declined; moved as a whole it would be somebody's loss."""
    whole = subject.recordings.amount
    part = Money(whole.minor - 1, whole.currency)
    with subject.facing(*shown(subject, operation, needed(backend, operation)[0])) as here:
        outcome = attrs.evolve(here, moved=part).use(operation)
        values = _values_sent(here)
    if values or outcome.meaning != "declined":
        _ensure_written(subject, part, values)


def _ensure_written(subject: Subject, money: Money, values: list[Any]) -> None:
    wanted = written(subject.recordings.amounts, money)
    is_there = any(value == wanted or str(value) == str(wanted) for value in values)
    ensure(is_there, f"{money} ({wanted!r}) is not in what was sent")


def _values_sent(here: Connected) -> list[Any]:
    """Every single value in requests that may have had an effect."""
    asked = [each for each in here.script.asked_for() if each.method != "GET"]
    return [value for each in asked for value in _values(_read(each))]


def _read(asked: Asked) -> Any:
    with suppress(ValueError):
        return json.loads(asked.body)
    return dict(parse_qsl(asked.body.decode("latin-1"), keep_blank_values=True))


def _values(told: Any) -> Iterator[Any]:
    if isinstance(told, dict | list):
        for each in told.values() if isinstance(told, dict) else told:
            yield from _values(each)
        return
    yield told
    # Some sign an envelope, and what counts is in it.
    with suppress(ValueError, TypeError):
        inside = json.loads(b64decode(told, validate=True))
        if isinstance(inside, dict):
            yield from _values(inside)
