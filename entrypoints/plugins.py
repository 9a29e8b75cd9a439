"""Backends of other distributions: found by the entry-point group `kassa.backends`, refused unless sound."""

from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from adapters.gateways.registry import backends
from adapters.gateways.transport import Calls
from application.backends import Backend
from entrypoints.offering import ensure_sound

GROUP = "kassa.backends"


class BackendRefused(Exception):
    """A backend of another distribution that cannot be used; the message names both, and why."""


def all_backends(calls: Calls) -> Mapping[str, Backend]:
    """Our own backends and those installed beside us, by name. Raises: BackendRefused."""
    known = dict(backends(calls))
    for point in installed():
        if point.name in known:
            raise _refused(point, "there is a backend of this name already")
        known[point.name] = _made(point, calls)
    return known


def installed() -> Iterable[EntryPoint]:
    """The entry points of backends, in an order that does not depend on where they are installed."""
    # One distribution found twice, as in two folders of the path, is the first one found.
    found = {(point.name, point.value): point for point in reversed(tuple(entry_points(group=GROUP)))}
    return [found[key] for key in sorted(found)]


def _made(point: EntryPoint, calls: Calls) -> Backend:
    make = _tried(point, "it cannot be loaded", point.load)
    made = _tried(point, "it cannot be made", lambda: make(calls))
    try:
        backend = ensure_sound(made)
    except Exception as flaw:
        # One that cannot even be looked at is no sounder than one that lacks something.
        raise _refused(point, str(flaw) or type(flaw).__name__) from flaw
    if backend.name != point.name:
        raise _refused(point, f"it calls itself {backend.name}")
    return backend


def _tried(point: EntryPoint, trouble: str, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except (Exception, SystemExit) as error:
        raise _refused(point, f"{trouble}: {type(error).__name__}: {error}") from error


def _refused(point: EntryPoint, why: str) -> BackendRefused:
    whose = f" of {point.dist.name} {point.dist.version}" if point.dist else ""
    return BackendRefused(f"backend {point.name}{whose} ({GROUP}: {point.value}): {why}")
