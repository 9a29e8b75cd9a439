"""Cases about callbacks: only what is signed is heard, and whatever it says, it is no more than a hint."""

import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import attrs

from application.backends import Backend
from application.gateways import Claim, Received
from application.trouble import GatewayTrouble
from entrypoints.conformance.case import Case, ensure, shown
from entrypoints.conformance.recordings import Heard
from entrypoints.conformance.stand_in import Answer
from entrypoints.conformance.subject import Subject

# How far from now a signed time may be. Source: contract, small print of section 4.
TOLERANCE_SECONDS = 300

STRANGE = 300

# A return that says of itself that all is well, under the names that gateways use.
BOASTING = (
    "status=success&paymentStatus=CONFIRMED&payment_status=paid&state=captured&redirect_status=succeeded"
)

# What shows that nobody else's word is taken for the gateway's.
ABOUT_SIGNATURES = (
    "callback/altered-is-forged",
    "callback/unsigned-is-forged",
    "callback/of-another-key-is-forged",
)

_REFUSED = frozenset({"forged", "malformed"})


def cases(subject: Subject, backend: Backend) -> Iterator[Case]:
    """Every recorded callback, and what is done to those that hold."""
    for number, heard in enumerate(subject.recordings.callbacks, 1):
        yield Case(f"callback/{number}-is-{heard.means}", partial(_is_heard, subject, heard))
    yield Case("callback/one-is-recorded", partial(_ensure_one, subject))
    yield Case("callback/altered-is-forged", partial(_is_forged, subject, _alterations, "altered in a byte"))
    yield Case("callback/unsigned-is-forged", partial(_is_forged, subject, _bared, "without its signature"))
    yield Case("callback/of-another-key-is-forged", partial(_forged_is_recorded, subject))
    yield Case("callback/of-another-time-is-forged", partial(_of_another_time, subject))
    yield Case("callback/is-no-command", partial(_is_no_command, subject))
    yield Case("callback/asks-nobody", partial(_asks_nobody, subject))
    yield Case("callback/strange-ones-do-no-harm", partial(_strange_do_no_harm, subject))
    yield Case("callback/an-unsigned-return-claims-nothing", partial(_return_claims_nothing, subject))


def are_unsigned(subject: Subject) -> bool:
    """Whether its callbacks say of themselves that anybody could have sent them."""
    claims = [_hear(subject, heard.received, heard.at) for heard in _posted(subject)]
    return all(isinstance(claim, Claim) and not claim.is_signed for claim in claims)


def _hear(subject: Subject, received: Received, now: float) -> str | Claim:
    with subject.facing(None) as here:
        return here.hear(received, now)


def _is_heard(subject: Subject, heard: Heard) -> None:
    claim = _hear(subject, heard.received, heard.at)
    if not isinstance(claim, Claim):
        ensure(claim == heard.means, f"it was taken for {claim}")
        return
    ensure(heard.means not in _REFUSED, "it was taken for a callback of the gateway's")
    claimed = claim.claimed or "nothing"
    ensure(claimed == heard.means, f"it was taken to claim {claimed}")
    ensure(claim.reference in {None, subject.recordings.order_id}, f"it names {claim.reference!r}")
    known = {None, subject.recordings.transaction_id}
    ensure(claim.transaction_id in known, f"it names {claim.transaction_id!r}")


def _holding(subject: Subject) -> Sequence[Heard]:
    found = [each for each in subject.recordings.callbacks if each.means not in _REFUSED]
    ensure(found, "no callback is recorded that can be read")
    return found


def _ensure_one(subject: Subject) -> None:
    ensure(_holding(subject), "there is none")


def _posted(subject: Subject) -> Iterator[Heard]:
    return (each for each in _holding(subject) if each.received.method == "POST")


def _is_forged(subject: Subject, made: Callable[[Received], Iterator[Received]], how: str) -> None:
    """Whatever is made of any callback that holds, nobody takes it for the gateway's."""
    with subject.facing(None) as here:
        for heard in _holding(subject):
            for received in made(heard.received):
                claim = here.hear(received, heard.at)
                ensure(claim == "forged", f"{how} it was taken for {_named(claim)}")


def _alterations(received: Received) -> Iterator[Received]:
    for at in range(len(received.body)):
        body = bytearray(received.body)
        body[at] ^= 1
        yield attrs.evolve(received, body=bytes(body))
    for at, letter in enumerate(received.query):
        other = "x" if letter != "x" else "y"
        yield attrs.evolve(received, query=f"{received.query[:at]}{other}{received.query[at + 1 :]}")


def _bared(received: Received) -> Iterator[Received]:
    if received.method == "GET":
        yield attrs.evolve(received, query=received.query.rpartition("&")[0], headers={})
        return
    for body in (b"", b"{}", received.body.partition(b"&")[0]):
        yield attrs.evolve(received, headers={}, body=body)


def _forged_is_recorded(subject: Subject) -> None:
    found = [each for each in subject.recordings.callbacks if each.means == "forged"]
    ensure(found, "no callback is recorded that another key signed, means forged")


def _of_another_time(subject: Subject) -> None:
    timed = [each for each in _posted(subject) if each.is_timed]
    ensure(timed, "no callback is recorded with the time (at) that it is signed with")
    with subject.facing(None) as here:
        for heard in timed:
            for off in (-86_400, -TOLERANCE_SECONDS - 1, TOLERANCE_SECONDS + 1, 86_400):
                claim = here.hear(heard.received, heard.at + off)
                ensure(claim == "forged", f"{off} s away from its time it was taken for {_named(claim)}")


def _is_no_command(subject: Subject) -> None:
    """After news of success only the gateway's own word counts, and no word is no word."""
    for heard in _holding(subject):
        with subject.facing(*shown(subject, "ask", "pending")) as here:
            here.hear(heard.received, heard.at)
            outcome = here.told("ask")
            ensure(outcome.meaning == "pending", f"the gateway said pending, and {outcome.meaning} was told")
            ensure(here.script.asked_for(), "the gateway was not asked")
        situation, word = shown(subject, "ask", "pending")
        silent = dict.fromkeys(range(len(situation.exchanges)), Answer(500, b"{}"))
        with subject.facing(situation, word, strikes=silent) as here:
            here.hear(heard.received, heard.at)
            outcome = here.use("ask")
            ensure(
                isinstance(outcome.result, GatewayTrouble),
                f"the gateway said nothing, and {outcome.meaning} was told",
            )


def _asks_nobody(subject: Subject) -> None:
    with subject.facing(*shown(subject, "ask", "succeeded")) as here:
        for heard in subject.recordings.callbacks:
            here.hear(heard.received, heard.at)
        ensure(not here.script.heard, "the gateway was called while a callback was read")


def _strange_do_no_harm(subject: Subject) -> None:
    dice = random.Random(7)  # noqa: S311 -- the same each time
    with subject.facing(None) as here:
        for heard in subject.recordings.callbacks:
            for _ in range(STRANGE):
                here.hear(_spoilt(heard.received, dice), heard.at)


def _spoilt(received: Received, dice: random.Random) -> Received:
    body = bytearray(received.body or received.query.encode())
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(body) + 1)
        body[at : at + dice.randint(0, 3)] = bytes(dice.randrange(256) for _ in range(dice.randint(0, 3)))
    if received.method == "GET":
        return attrs.evolve(received, query=body.decode("latin-1"))
    names = list(received.headers)
    kept = {name: received.headers[name] for name in names if dice.random() < 0.9}
    return attrs.evolve(received, body=bytes(body), headers=kept)


def _return_claims_nothing(subject: Subject) -> None:
    query = f"order_id={subject.recordings.order_id}&{BOASTING}"
    received = Received(method="GET", path="/v1/callbacks/card", query=query, headers={}, body=b"")
    claim = _hear(subject, received, 1_800_000_000.0)
    claimed: Any = claim.claimed if isinstance(claim, Claim) else None
    ensure(claimed is None, f"anybody may say so, and it was taken to claim {claimed}")


def _named(claim: str | Claim) -> str:
    return claim if isinstance(claim, str) else f"a claim of {claim.claimed or 'nothing'}"
