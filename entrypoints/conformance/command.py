"""`kassa conformance BACKEND`: whether an adapter keeps to what all adapters have to, case by case."""

import argparse
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.resources import files
from pathlib import Path

from adapters.gateways.registry import backends
from adapters.gateways.transport import Transport
from entrypoints.conformance.case import Case
from entrypoints.conformance.recordings import Recordings, UnreadableRecordings, read_file, read_recordings
from entrypoints.conformance.subject import Subject
from entrypoints.conformance.suite import Finding, Result, judged, suite
from entrypoints.plugins import all_backends, installed

# Beside the module that an entry point names.
RECORDINGS = "recordings.json"

OURS = Path(__file__).parent / "recordings"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's own."""
    parser.add_argument("backend", help="its name, ours or of a distribution that is installed")
    parser.add_argument("--recordings", type=Path, metavar="FILE", help="instead of those that come with it")
    parser.add_argument("--case", default="", metavar="PREFIX", help="only cases whose names begin so")


def conformance(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Tell what each case came to; answers 1 when any failed.

    Raises: BackendRefused, UnreadableRecordings.
    """
    name = options.backend
    known = all_backends(Transport())
    if name not in known:
        raise UnreadableRecordings(f"there is no backend {name}, but {', '.join(sorted(known))}")
    recordings = read_file(options.recordings) if options.recordings else recordings_of(name)
    subject = Subject(lambda calls: all_backends(calls)[name], recordings)
    cases = [case for case in suite(subject, known[name]).values() if case.name.startswith(options.case)]
    if not cases:
        raise UnreadableRecordings(f"no case of backend {name} begins with {options.case}")
    with _without_logs():
        counted = _reported(subject, cases)
    print(f"backend {name}: " + ", ".join(f"{counted[result]} {result}" for result in Result))
    return 1 if counted[Result.FAILED] else 0


def _reported(subject: Subject, cases: Sequence[Case]) -> Mapping[Result, int]:
    """Run the cases and tell of each; what is left out together is told once."""
    counted, before = Counter[Result](), None
    for case in cases:
        finding = judged(subject, case)
        if finding != before:
            counted[finding.result] += 1
            print(told(finding), flush=True)
        before = finding
    return counted


@contextmanager
def _without_logs() -> Iterator[None]:
    """What adapters log of all that goes wrong here is no news."""
    root = logging.getLogger()
    kept, root.handlers = root.handlers, [logging.NullHandler()]
    try:
        yield
    finally:
        root.handlers = kept


def told(finding: Finding) -> str:
    """One line on a case."""
    why = f": {finding.why}" if finding.why else ""
    return f"{finding.result:<8}  {finding.name}{why}"


def recordings_of(name: str) -> Recordings:
    """The recordings that come with a backend. Raises: UnreadableRecordings where there are none."""
    if name in backends(Transport()):
        return read_file(OURS / f"{name}.json")
    (module,) = {point.module for point in installed() if point.name == name}
    # Of a module, the folder that it is in; of a package, the package itself.
    found = files(getattr(import_module(module), "__package__", module) or module) / RECORDINGS
    if not found.is_file():
        raise UnreadableRecordings(f"{found} is not there: tell where it is, by --recordings")
    try:
        return read_recordings(found.read_text("utf-8"))
    except UnreadableRecordings as error:
        raise UnreadableRecordings(f"{found}: {error}") from None
