"""The adapter that is tried, connected to a stand-in for its gateway, and what its uses come to."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs

from adapters.gateways.transport import Calls, Transport
from application.gateways import CardRegistration, Claim, Instruction, MoneyMove, Opened, Opening, Received
from application.trouble import BadSignature, GatewayRefused, GatewayTrouble, Malformed
from domain.money import Money
from domain.people import Contact
from domain.verdict import Verdict
from entrypoints.conformance.filling import Values, callback_url, filled, usual_values
from entrypoints.conformance.recordings import WORDLESS, Exchange, Recordings, Situation
from entrypoints.conformance.stand_in import Answer, Script, Step, standing_in

USUAL_SECONDS = 10.0

JSON_TYPE = {"Content-Type": "application/json"}


class Fails(Exception):
    """The adapter does not do what it has to; the text says what it did instead."""


@attrs.frozen
class Subject:
    """A backend under trial: how one is made over given calls, and the recordings of its gateway."""

    make: Callable[[Calls], Any]
    recordings: Recordings

    @contextmanager
    def facing(
        self,
        situation: Situation | None,
        word: str = WORDLESS,
        *,
        told: Values | None = None,
        strikes: Mapping[int, Answer] | None = None,
        seconds: float = USUAL_SECONDS,
    ) -> Iterator["Connected"]:
        """The gateway adapter, connected to a stand-in that is in that situation.

        `told` changes what stands for placeholders in answers; `strikes` puts other answers in
        place of the situation's, by their number. Units: `seconds` for one use.
        """
        steps = self.steps(situation, word, told or {}, strikes or {})
        transport = Transport(timeout_seconds=seconds)
        with standing_in(steps) as server:
            more = situation.more if situation else {}
            settings = filled({**self.recordings.settings, **more}, {"base_url": server.base_url})
            try:
                backend = self.make(transport)
                yield Connected(backend, backend.connect(settings), self.recordings, server.script)
            finally:
                transport.close()

    def steps(
        self, situation: Situation | None, word: str, told: Values, strikes: Mapping[int, Answer]
    ) -> list[Step]:
        """The exchanges of a situation, filled in, after those that may come at any time."""
        usual = usual_values(self.recordings, word)
        exchanges = situation.exchanges if situation else ()
        background = [self._step(each, usual, usual, is_background=True) for each in self.recordings.always]
        steps = [self._step(each, usual, {**usual, **told}) for each in exchanges]
        for at, answer in strikes.items():
            steps[at] = attrs.evolve(steps[at], answer=answer, is_struck=True)
        return [*background, *steps]

    def _step(self, exchange: Exchange, asked: Values, told: Values, *, is_background: bool = False) -> Step:
        reply = filled(exchange.reply, told)
        return Step(filled(exchange.request, asked), answer_of(reply), is_background)

    @property
    def secrets(self) -> frozenset[str]:
        """The values of the secret settings."""
        known: Any = self.make(Transport()).settings_schema
        names = [name for name, wanted in known["properties"].items() if wanted.get("writeOnly")]
        return frozenset(
            str(self.recordings.settings[name]) for name in names if name in self.recordings.settings
        )


def answer_of(reply: Mapping[str, Any]) -> Answer:
    """A recorded answer, as it goes out."""
    body = json.dumps(reply["json"]) if "json" in reply else reply.get("text", "")
    headers = {**JSON_TYPE, **reply.get("headers", {})}
    return Answer(reply["status"], body.encode(), headers)


@attrs.frozen
class Outcome:
    """What a use of the port came to, in the words of recordings, and the very answer or error."""

    meaning: str
    result: Any


@attrs.frozen
class Connected:
    """A gateway adapter in front of its stand-in; `moved` is the part to capture or give back, if not all."""

    backend: Any
    gateway: Any
    recordings: Recordings
    script: Script
    moved: Money | None = None

    def use(self, operation: str) -> Outcome:
        """Make one use of the port. Raises: Fails where it ends in no way that the port knows."""
        try:
            return _outcome(USES[operation](self))
        except GatewayRefused as refused:
            return Outcome("refused", refused)
        except GatewayTrouble as trouble:
            return Outcome("trouble", trouble)
        except Exception as error:
            raise Fails(f"{operation} ended in {type(error).__name__}: {error}") from error

    def told(self, operation: str) -> Outcome:
        """The same where all that was asked has to be as recorded. Raises: Fails."""
        outcome = self.use(operation)
        if self.script.strangers:
            raise Fails("; ".join(self.script.strangers))
        return outcome

    def hear(self, received: Received, now: float) -> str | Claim:
        """What is made of a callback: the claim, `forged` or `malformed`. Raises: Fails."""
        try:
            claim = self.gateway.parse_callback(received, now)
        except BadSignature:
            return "forged"
        except Malformed:
            return "malformed"
        except Exception as error:
            raise Fails(f"parse_callback ended in {type(error).__name__}: {error}") from error
        if not isinstance(claim, Claim):
            raise Fails(f"parse_callback answered {claim!r}")
        return claim

    @property
    def opening(self) -> Opening:
        """What a payment is opened with."""
        return Opening(
            order_id=self.recordings.order_id,
            amount=self.recordings.amount,
            callback_url=callback_url(self.recordings),
            idempotency_key=f"{self.recordings.order_id}:create:1",
            buyer=Contact("aysel@example.com", "Aysel", "Quliyeva"),
        )

    @property
    def instruction(self) -> Instruction:
        """To move all of the money, or the part that is told."""
        return Instruction(
            order_id=self.recordings.order_id,
            transaction_id=self.recordings.transaction_id,
            amount=self.moved or self.recordings.amount,
            of=self.recordings.amount,
            idempotency_key=f"{self.recordings.order_id}:move:1",
        )

    @property
    def known_as(self) -> tuple[str, str]:
        """What the payment is called by us and by the gateway."""
        return self.recordings.order_id, self.recordings.transaction_id

    @property
    def some_callback(self) -> Received:
        """A callback to be confirmed: the first recorded that can be read."""
        readable = (each for each in self.recordings.callbacks if each.means not in {"forged", "malformed"})
        return next(readable).received


USES: Mapping[str, Callable[[Connected], object]] = {
    "open": lambda here: here.gateway.initiate(here.opening),
    "ask": lambda here: here.gateway.verify(*here.known_as),
    "find": lambda here: here.gateway.verify(here.recordings.order_id, None),
    "close": lambda here: here.gateway.close(*here.known_as),
    "collect": lambda here: here.gateway.collect(*here.known_as),
    "void": lambda here: here.gateway.void(*here.known_as),
    "capture": lambda here: here.gateway.capture(here.instruction),
    "refund": lambda here: here.gateway.refund(here.instruction),
    "refund_status": lambda here: here.gateway.refund_status(
        here.recordings.transaction_id, here.recordings.move_id
    ),
    "confirm": lambda here: here.gateway.confirms(here.some_callback, USUAL_SECONDS),
    "register": lambda here: here.gateway.register_card(here.opening.callback_url),
    "charge": lambda here: here.gateway.charge_card(here.opening, here.recordings.card_id),
}


def _outcome(result: object) -> Outcome:
    if isinstance(result, Opened):
        return Outcome("opened", result)
    if isinstance(result, CardRegistration):
        return Outcome("registered", result)
    if isinstance(result, Verdict):
        return Outcome("approved" if result.is_approved else str(result.status), result)
    if isinstance(result, MoneyMove):
        return Outcome(str(result.status), result)
    if isinstance(result, bool):
        return Outcome("genuine" if result else "forged", result)
    raise Fails(f"it answered {type(result).__name__}, which the port does not know")
