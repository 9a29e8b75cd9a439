"""Where the service's processor time goes, by component: stacks sampled from outside while it serves.

Python's own profiler makes short functions look dear, and a thread that samples others only comes to
look when they wait. So py-spy notes the stack that runs Python, at its own pace and without stopping
the process; what the kernel does for it meanwhile is known from /proc, and is a component of its own.
"""

import re
import subprocess
import sysconfig
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import attrs

from benchmarks.cpu import Used, used
from benchmarks.measuring import Subject

# Seldom, and at a pace of its own: who looks often, or at the rhythm of requests, sees only some of it.
SAMPLES_PER_SECOND = 97
KERNEL, OTHER, WORKERS = "kernel", "other", "relay, janitor"
WORKER_THREADS = re.compile(r"thread \(\w+\): (relay|janitor)")

# The first that a file's path holds, beginning with the innermost frame, is where the time belongs.
COMPONENTS: Sequence[tuple[str, str]] = (
    ("/adapters/web/", "web adapter"),
    ("/adapters/sql/", "SQL adapter"),
    ("/adapters/gateways/", "gateway calls"),
    ("/adapters/system.py", "secrets"),
    ("/application/", "application"),
    ("/domain/", "domain"),
    ("/entrypoints/logs.py", "logging"),
    ("/sqlalchemy/", "SQLAlchemy"),
    ("/psycopg", "psycopg"),
    ("/requests/", "gateway calls"),
    ("/urllib3/", "gateway calls"),
    ("/http/client.py", "gateway calls"),
    ("/falcon/", "falcon, waitress"),
    ("/waitress/", "falcon, waitress"),
    ("/pydantic", "documents, JSON"),
    ("/json/", "documents, JSON"),
    ("/joserfc/", "secrets"),
    ("/cryptography/", "secrets"),
    ("/hmac.py", "secrets"),
    ("/hashlib.py", "secrets"),
    ("/secrets.py", "secrets"),
    ("/structlog/", "logging"),
    ("/logging/", "logging"),
)


class NoProfile(Exception):
    """The profiler is not there, or may not look at the service."""


@attrs.frozen
class Profile:
    """Units: milliseconds of processor time for each checkout. Shape: by component; by function."""

    components: Mapping[str, float]
    functions: Mapping[str, float]


def profiled(subject: Subject, folder: Path, seconds: float) -> Profile:
    """Let a subject run while its processes are looked at. Raises: NoProfile."""
    assert subject.service_pid
    path = folder / "stacks"
    with _sampling(subject.service_pid, path, seconds) as sampler:
        before = used(subject.service_pid)
        done, _ = subject.run(seconds)
        spent = used(subject.service_pid) - before
        said, _ = sampler.communicate()
    subject.settle()
    if sampler.returncode or not path.exists():
        raise NoProfile(said)
    return profile_from(path.read_text(encoding="utf-8").splitlines(), spent, done)


def _sampling(pid: int, path: Path, seconds: float) -> "subprocess.Popen[str]":
    program = Path(sysconfig.get_path("scripts")) / "py-spy"
    command = [
        str(program),
        "record",
        "--pid",
        str(pid),
        "--subprocesses",
        "--gil",
        "--threads",
        "--nonblocking",
    ]
    command += ["--full-filenames", "--format", "raw", "--rate", str(SAMPLES_PER_SECOND)]
    command += ["--duration", str(round(seconds)), "--output", str(path)]
    try:
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except FileNotFoundError:
        raise NoProfile("there is no py-spy: pip install 'kassa[bench]'") from None


def profile_from(lines: Iterable[str], spent: Used, checkouts: float) -> Profile:
    """Samples of running Python share the time that was spent outside the kernel.

    Shape: a line is a stack, its frames from the outermost, then how often it was seen.
    """
    components: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for line in lines:
        stack, _, seen = line.rpartition(" ")
        frames = stack.split(";")
        components[component_of(frames)] += int(seen)
        functions[_short(frames[-1])] += int(seen)
    samples = components.total()
    if not samples:
        raise NoProfile("nothing was seen running")
    each = spent.user * 1000 / checkouts / samples
    told = {name: seen * each for name, seen in components.items()}
    told[KERNEL] = spent.system * 1000 / checkouts
    return Profile(
        dict(sorted(told.items(), key=lambda one: -one[1])),
        {name: seen * each for name, seen in functions.most_common()},
    )


def component_of(frames: Sequence[str]) -> str:
    """Whom the time belongs to."""
    if any(map(WORKER_THREADS.match, frames)):
        return WORKERS
    for frame in reversed(frames):
        for part, component in COMPONENTS:
            if part in frame:
                return component
    return OTHER


def _short(frame: str) -> str:
    name, _, place = frame.partition(" (")
    path = place.rpartition(":")[0]
    return f"{'/'.join(path.split('/')[-2:])} {name}"
