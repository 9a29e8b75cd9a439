"""Recordings of a gateway: what it was asked and what it answered, and what each answer means."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
from jsonschema import Draft202012Validator

from application.gateways import Received
from domain.ids import GatewayOrderId
from domain.money import Currency, Money
from entrypoints.conformance.shape import SHAPE

# Where nothing stands in an answer for the word that tells how things are.
WORDLESS = ""


class UnreadableRecordings(Exception):
    """A file of recordings that cannot be used; the text says where it is wrong."""


@attrs.frozen
class Exchange:
    """One question and its answer, both with placeholders in them.

    Shape: `request` has `method`, `path` and, where they are to be looked at, `query`, `headers`, `json`
    and `form`; `reply` has `status` and `json` or `text`, and perhaps `headers`.
    """

    request: Mapping[str, Any]
    reply: Mapping[str, Any]

    @property
    def told(self) -> str:
        """All of the answer, to look for placeholders in."""
        return json.dumps(self.reply)


@attrs.frozen
class Situation:
    """What a gateway answers to one use of the port, and what each of its words then means.

    `more` are settings beside the usual ones. Shape: `meanings` from the gateway's words.
    """

    operation: str
    exchanges: tuple[Exchange, ...]
    meanings: Mapping[str, str]
    more: Mapping[str, object]

    def tells(self, placeholder: str) -> bool:
        """Whether an answer has that in it, as `{amount}`."""
        return any(f"{{{placeholder}}}" in exchange.told for exchange in self.exchanges)

    def word_for(self, meaning: str) -> str | None:
        """The first word that means so."""
        return next((word for word, means in self.meanings.items() if means == meaning), None)


@attrs.frozen
class Heard:
    """A callback as it came in, and what is to be made of it.

    `means` is the port's word for what it claims, `nothing`, `forged` or `malformed`.
    Units: `at` in Unix seconds, for what is signed together with its time.
    """

    received: Received
    means: str
    at: float
    is_timed: bool


@attrs.frozen(kw_only=True)
class Recordings:
    """Everything recorded of one gateway. `left_out` tells by case why it cannot be shown.

    `currencies` are those it takes beside the bill's. Units: their decimals.
    """

    settings: Mapping[str, object]
    order_id: GatewayOrderId
    transaction_id: str
    move_id: str
    card_id: str
    amount: Money
    amounts: str
    currencies: Mapping[str, int]
    always: tuple[Exchange, ...]
    situations: tuple[Situation, ...]
    callbacks: tuple[Heard, ...]
    left_out: Mapping[str, str]

    def of(self, operation: str) -> Sequence[Situation]:
        """The situations of one operation."""
        return [each for each in self.situations if each.operation == operation]

    def showing(self, operation: str, meaning: str) -> tuple[Situation, str] | None:
        """The first situation of that meaning, with the word for it."""
        for situation in self.of(operation):
            word = situation.word_for(meaning)
            if word is not None:
                return situation, word
        return None


def read_recordings(text: str) -> Recordings:
    """Read a file of recordings. Raises: UnreadableRecordings, naming what is wrong."""
    try:
        told = json.loads(text)
    except ValueError as error:
        raise UnreadableRecordings(f"no JSON: {error}") from None
    for mistake in Draft202012Validator(SHAPE).iter_errors(told):
        where = "/".join(map(str, mistake.absolute_path))
        raise UnreadableRecordings(f"{where or 'the file'}: {mistake.message[:300]}")
    if "situations" in told and "{base_url}" not in told["settings"].values():
        raise UnreadableRecordings("settings: none is {base_url}, so that the gateway itself would be called")
    return _recordings(told)


def read_file(path: Path) -> Recordings:
    """The same of a file. Raises: UnreadableRecordings, OSError."""
    try:
        return read_recordings(path.read_text("utf-8"))
    except (UnreadableRecordings, UnicodeDecodeError) as error:
        raise UnreadableRecordings(f"{path}: {error}") from None


def _recordings(told: Mapping[str, Any]) -> Recordings:
    bill = told.get("bill", {})
    currency = Currency(bill.get("currency", "XXX"), bill.get("decimals", 2))
    return Recordings(
        settings=told["settings"],
        order_id=GatewayOrderId(bill.get("order_id", "bill-1")),
        transaction_id=bill.get("transaction_id", ""),
        move_id=bill.get("move_id", "R1"),
        card_id=bill.get("card_id", "C1"),
        amount=Money(bill.get("amount", 0), currency),
        amounts=told.get("amounts", "minor"),
        currencies=told.get("currencies", {}),
        always=tuple(_exchange(each) for each in told.get("always", ())),
        situations=tuple(_situations(told.get("situations", {}))),
        callbacks=tuple(_heard(each) for each in told.get("callbacks", ())),
        left_out=told.get("left_out", {}),
    )


def _exchange(told: Mapping[str, Any]) -> Exchange:
    return Exchange(told["request"], told["reply"])


def _situations(told: Mapping[str, Any]) -> Iterator[Situation]:
    for operation, situations in told.items():
        for each in situations:
            yield Situation(
                operation=operation,
                exchanges=tuple(_exchange(exchange) for exchange in each["exchanges"]),
                meanings=each.get("words") or {WORDLESS: each["means"]},
                more=each.get("settings", {}),
            )


def _heard(told: Mapping[str, Any]) -> Heard:
    received = Received(
        method=told.get("method", "POST"),
        path="/v1/callbacks/card",
        query=told.get("query", ""),
        headers={name.lower(): value for name, value in told.get("headers", {}).items()},
        body=told.get("body", "").encode(),
    )
    return Heard(received, told["means"], told.get("at", 0), "at" in told)
