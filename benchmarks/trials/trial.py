"""What all trials share: a durable database, options, a protocol of what was found, a verdict."""

import argparse
import logging
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs

from benchmarks import results
from benchmarks.database import durable_postgres, settings_of
from tests.postgres import Postgres


@attrs.define
class Trial:
    """One run: where it may leave files, its database server, and what it has found so far."""

    options: argparse.Namespace
    folder: Path
    server: Postgres
    found: dict[str, Any] = attrs.field(factory=dict)
    lines: list[str] = attrs.field(factory=list)
    _began: float = attrs.field(factory=time.monotonic)

    def note(self, what: str, **counts: Any) -> None:
        """Keep and show a finding: numbers by their names."""
        self.found[what] = counts
        self.say(f"{what}: " + ", ".join(f"{name} {value}" for name, value in counts.items()))

    def say(self, line: str) -> None:
        """Keep and show a line."""
        self.lines.append(f"- {line}")
        print(f"{time.monotonic() - self._began:7.1f} s  {line}", flush=True)


def main(name: str, purpose: str | None, sizes: Mapping[str, float], run: Callable[[Trial], None]) -> int:
    """Run a trial; answers 0 when all held and 1 when something did not.

    Shape: `sizes` are its options, each with the size of the whole trial.
    """
    parser = argparse.ArgumentParser(prog=f"benchmarks.trials.{name}", description=purpose)
    for size, default in sizes.items():
        parser.add_argument(f"--{size.replace('_', '-')}", type=type(default), default=default)
    parser.add_argument("--save", action="store_true", help="keep what was found in benchmarks/results")
    options = parser.parse_args()
    if options.save and any(getattr(options, size) != default for size, default in sizes.items()):
        parser.error("only the whole trial is kept")
    commit = results.commit()
    # The steps that are tried in this process log what the trial brings about.
    logging.disable()
    with TemporaryDirectory(prefix="kassa-trial-") as folder, durable_postgres() as server:
        trial = Trial(options, Path(folder), server)
        settings = {**{size: getattr(options, size) for size in sizes}, **settings_of(server)}
        verdict = _verdict(trial, run)
        if options.save:
            lines = [*trial.lines, "", verdict]
            kept = results.keep_as(f"trial-{name}", trial.found, lines, settings, commit)
            print(f"kept as {kept}")
    return 0 if verdict == HELD else 1


HELD = "Everything held."


def _verdict(trial: Trial, run: Callable[[Trial], None]) -> str:
    try:
        run(trial)
    except Exception as trouble:
        # Whatever it was, the trial has failed, and what it found until then is worth keeping.
        traceback.print_exc()
        verdict = f"FAILED: {type(trouble).__name__}: {str(trouble)[:2000]}"
    else:
        verdict = HELD
    trial.found["verdict"] = verdict
    print(verdict)
    return verdict
