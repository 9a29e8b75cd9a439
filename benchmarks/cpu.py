"""What processes have used of the processor, the processes that they started included."""

import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import attrs

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


@attrs.frozen
class Process:
    """One line of /proc. Units: clock ticks, with those of children that have ended."""

    pid: int
    parent: int
    ticks: int

    @classmethod
    def read(cls, line: str) -> "Process":
        """Whatever the program is called, what counts follows its last bracket. Source: proc(5)."""
        pid, _, rest = line.partition(" (")
        fields = rest.rpartition(") ")[2].split()
        return cls(pid=int(pid), parent=int(fields[1]), ticks=sum(map(int, fields[11:15])))


def cpu_seconds(pid: int) -> float:
    """What this process and all below it have used so far, in user and system mode."""
    return ticks_of_tree(pid, running()) / TICKS_PER_SECOND


def ticks_of_tree(pid: int, processes: Mapping[int, Process]) -> int:
    """The ticks of a process and of all below it."""
    children = defaultdict(list)
    for process in processes.values():
        children[process.parent].append(process.pid)
    total, left = 0, [pid]
    while left:
        at = left.pop()
        total += processes[at].ticks if at in processes else 0
        left.extend(children[at])
    return total


def running() -> Mapping[int, Process]:
    """Every process there is just now."""
    found = {}
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            try:
                process = Process.read((folder / "stat").read_text(encoding="utf-8"))
            except (FileNotFoundError, ProcessLookupError):
                # It has ended since the listing.
                continue
            found[process.pid] = process
    return found
