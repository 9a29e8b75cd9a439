"""The whole suite for one backend: its cases by name, and what each came to."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import partial
from typing import Any

import attrs

from adapters.gateways.settings import ensure_valid
from application.backends import Backend, OfflineBackend, OfflineTerms, OnlineBackend
from application.gateways import ConfirmsCallbacks
from domain.errors import Invalid
from entrypoints.conformance import amounts, answers, callbacks, faults, keeping, strange
from entrypoints.conformance.case import Case, ensure, is_online
from entrypoints.conformance.filling import filled
from entrypoints.conformance.subject import Fails, Subject
from entrypoints.offering import Unsound, ensure_sound

# How the cases begin that are about leaving out.
_WATCHING = "left-out/"

ANY_ADDRESS = "https://gateway.test/base"


class Result(StrEnum):
    """What a case came to."""

    PASSED = "passed"
    FAILED = "FAILED"
    LEFT_OUT = "left out"


@attrs.frozen
class Finding:
    """A case's name, what it came to, and why where it did not pass."""

    name: str
    result: Result
    why: str = ""


def cases_of(subject: Subject, backend: Backend) -> Iterator[Case]:
    """All cases that are for such a backend."""
    yield Case("port/is-offered", partial(_is_offered, backend))
    yield Case("settings/are-those-recorded", partial(_are_settings, subject, backend))
    yield Case("settings/are-missed", partial(_are_missed, subject, backend))
    yield Case("settings/are-no-others", partial(_are_no_others, subject, backend))
    if isinstance(backend, OfflineBackend):
        yield Case("terms/are-told", partial(_tells_terms, subject, backend))
    if is_online(backend):
        yield Case("settings/have-secrets", partial(_have_secrets, subject))
        yield Case("port/connects-what-it-tells", partial(_connects_its_own, subject))
        for group in (answers, amounts, faults, callbacks, keeping, strange):
            yield from group.cases(subject, backend)


def suite(subject: Subject, backend: Backend) -> Mapping[str, Case]:
    """The cases by name, and those about what was left out."""
    found = {case.name: case for case in cases_of(subject, backend)}
    last = [
        Case(f"{_WATCHING}are-cases", partial(_are_cases, subject, tuple(found))),
        Case(f"{_WATCHING}tells-forged-callbacks", partial(_tells_forged, subject, backend)),
    ]
    return {**found, **{case.name: case for case in last}}


def judged(subject: Subject, case: Case) -> Finding:
    """Run one case, unless the recordings say why it, or all of its kind, cannot be shown."""
    # What watches over what is left out is always asked.
    may_be_left_out = not case.name.startswith(_WATCHING)
    for name, because in subject.recordings.left_out.items():
        if may_be_left_out and _is_meant(name, case.name):
            return Finding(name, Result.LEFT_OUT, because)
    try:
        case.run()
    except Fails as failure:
        return Finding(case.name, Result.FAILED, str(failure))
    except Exception as error:
        # An adapter may fail in ways that no case thought of; the others are still worth knowing.
        return Finding(case.name, Result.FAILED, f"{type(error).__name__}: {error}")
    return Finding(case.name, Result.PASSED)


def _is_meant(left_out: str, name: str) -> bool:
    return name == left_out or name.startswith(f"{left_out}:")


def _are_cases(subject: Subject, names: tuple[str, ...]) -> None:
    for left_out in subject.recordings.left_out:
        ensure(any(_is_meant(left_out, name) for name in names), f"there is no case {left_out} to leave out")


def _tells_forged(subject: Subject, backend: Backend) -> None:
    """Nobody leaves out what keeps forged news out, unless its news are unsigned, or confirmed by asking."""
    left_out = [name for name in callbacks.ABOUT_SIGNATURES if name in subject.recordings.left_out]
    if left_out and not (isinstance(backend, OnlineBackend) and _confirms(backend)):
        ensure(callbacks.are_unsigned(subject), f"{left_out[0]} is left out, and callbacks pass for signed")


def _confirms(backend: OnlineBackend) -> bool:
    return issubclass(backend.gateway_type, ConfirmsCallbacks)


def _is_offered(backend: Backend) -> None:
    try:
        ensure_sound(backend)
    except Unsound as flaw:
        raise Fails(str(flaw)) from None


def _connects_its_own(subject: Subject) -> None:
    """What it can do is told by the class, before anybody is connected: it has to be true of what is used."""
    with subject.facing(None) as here:
        made, told = type(here.gateway), here.backend.gateway_type
        ensure(isinstance(here.gateway, told), f"it connects a {made.__name__}, and tells of {told.__name__}")
        is_same = here.gateway.capabilities == told.capabilities
        ensure(is_same, f"connected, it tells other capabilities than {told.__name__}")


def _settings(subject: Subject) -> dict[str, Any]:
    return dict(filled(subject.recordings.settings, {"base_url": ANY_ADDRESS}))


def _are_settings(subject: Subject, backend: Backend) -> None:
    try:
        ensure_valid(backend.settings_schema, _settings(subject), https_only=True)
    except Invalid as mistake:
        raise Fails(_told(mistake)) from None


def _are_missed(subject: Subject, backend: Backend) -> None:
    schema: Any = backend.settings_schema
    for name in schema.get("required", ()):
        rest = {other: value for other, value in _settings(subject).items() if other != name}
        ensure(_is_refused(backend, rest), f"nobody misses {name}")


def _are_no_others(subject: Subject, backend: Backend) -> None:
    settings = {**_settings(subject), "a_setting_that_nobody_knows": "x"}
    ensure(_is_refused(backend, settings), "a setting that nobody knows is taken")


def _is_refused(backend: Backend, settings: Mapping[str, Any]) -> bool:
    try:
        ensure_valid(backend.settings_schema, settings)
    except Invalid:
        return True
    return False


def _told(mistake: Invalid) -> str:
    return "; ".join(f"{each.pointer}: {each.detail}" for each in mistake.mistakes)


def _have_secrets(subject: Subject) -> None:
    ensure(subject.secrets, "no setting is secret (writeOnly), and yet it has to know its gateway")


def _tells_terms(subject: Subject, backend: OfflineBackend) -> None:
    terms = backend.terms(_settings(subject))
    ensure(isinstance(terms, OfflineTerms), f"its terms are {terms!r}")
