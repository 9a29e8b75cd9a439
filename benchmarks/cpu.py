"""What processes have used of the processor, the processes that they started included."""

import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import attrs

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


@attrs.frozen
class Used:
    """Processor time. Units: seconds, in programs and in the kernel."""

    user: float = 0.0
    system: float = 0.0

    def __add__(self, other: "Used") -> "Used":
        return Used(self.user + other.user, self.system + other.system)

    def __sub__(self, other: "Used") -> "Used":
        return Used(self.user - other.user, self.system - other.system)

    @property
    def total(self) -> float:
        """Both."""
        return self.user + self.system


@attrs.frozen
class Process:
    """One line of /proc; what children used that have ended is in it."""

    pid: int
    parent: int
    used: Used

    @classmethod
    def read(cls, line: str) -> "Process":
        """Whatever the program is called, what counts follows its last bracket. Source: proc(5)."""
        pid, _, rest = line.partition(" (")
        fields = rest.rpartition(") ")[2].split()
        user, system, user_of_ended, system_of_ended = (
            int(ticks) / TICKS_PER_SECOND for ticks in fields[11:15]
        )
        used = Used(user + user_of_ended, system + system_of_ended)
        return cls(pid=int(pid), parent=int(fields[1]), used=used)


def used(pid: int) -> Used:
    """What this process and all below it have used so far."""
    return used_by_tree(pid, running())


def used_by_tree(pid: int, processes: Mapping[int, Process]) -> Used:
    """What a process and all below it have used."""
    children = defaultdict(list)
    for process in processes.values():
        children[process.parent].append(process.pid)
    total, left = Used(), [pid]
    while left:
        at = left.pop()
        total += processes[at].used if at in processes else Used()
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
