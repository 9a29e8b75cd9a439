"""A case of the suite: one thing that an adapter has to do, by name."""

from collections.abc import Callable, Iterator, Mapping

import attrs

from application.backends import Backend, OnlineBackend, capabilities_of
from entrypoints.conformance.recordings import Situation
from entrypoints.conformance.subject import Fails, Subject


@attrs.frozen
class Case:
    """`name` is `group/what-holds`; `run` raises Fails where it does not hold."""

    name: str
    run: Callable[[], None] = attrs.field(repr=False)


# What has to be recorded of an operation, at least.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "open": ("opened", "refused"),
    "ask": ("pending", "succeeded", "failed"),
    "find": ("succeeded", "absent"),
    "close": ("failed", "succeeded"),
    "collect": ("succeeded",),
    "confirm": ("genuine", "forged"),
    "capture": ("done", "declined"),
    "void": ("failed",),
    "refund": ("done", "declined"),
    "refund_status": ("done", "declined"),
    "register": ("registered", "refused"),
    "charge": ("succeeded", "failed", "refused"),
}

# By the power that a gateway needs for it.
OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "redirects": ("open", "ask"),
    "asks_by_reference": ("find",),
    "closes_bills": ("close",),
    "collects_approved": ("collect",),
    "confirms_callbacks": ("confirm",),
    "holds_money": ("capture", "void"),
    "refunds": ("refund",),
    "tracks_refunds": ("refund_status",),
    "saves_cards": ("register", "charge"),
}

# What one can see of a payment there only if the gateway has that power.
SEEN_BY_POWER: Mapping[str, str] = {"holds_money": "authorised", "collects_approved": "approved"}


def operations_of(backend: Backend) -> tuple[str, ...]:
    """What a backend's gateways can be asked for."""
    able = capabilities_of(backend)
    return tuple(each for power, names in OPERATIONS.items() if able[power] for each in names)


def needed(backend: Backend, operation: str) -> tuple[str, ...]:
    """What has to be recorded of an operation of this backend."""
    able = capabilities_of(backend)
    more = (means for power, means in SEEN_BY_POWER.items() if operation == "ask" and able[power])
    return (*NEEDED[operation], *more)


def is_online(backend: Backend) -> bool:
    """Whether there is a gateway behind it."""
    return isinstance(backend, OnlineBackend)


def shown(subject: Subject, operation: str, meaning: str) -> tuple[Situation, str]:
    """A situation of that meaning, and the word for it. Raises: Fails where none is recorded."""
    found = subject.recordings.showing(operation, meaning)
    if found is None:
        raise Fails(f"no answer to {operation} is recorded that means {meaning}")
    return found


def showing(
    subject: Subject, operation: str, placeholder: str, *meanings: str
) -> Iterator[tuple[Situation, str]]:
    """The situations of those meanings that tell so much. Raises: Fails where there are none."""
    found = [
        (situation, word)
        for situation in subject.recordings.of(operation)
        for word in map(situation.word_for, meanings)
        if word is not None and situation.tells(placeholder)
    ]
    if not found:
        meant = " or ".join(meanings)
        raise Fails(f"no recorded answer to {operation} that means {meant} has {{{placeholder}}} in it")
    return iter(found)


def ensure(holds: object, complaint: str) -> None:
    """Raises: Fails with the complaint unless it holds."""
    if not holds:
        raise Fails(complaint)
