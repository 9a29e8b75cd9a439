"""`kassa serve`, with its SQL data statements counted into a file that another process can read.

Run as `python -m benchmarks.counted FILE serve ...`. Only what requests cause is counted: the relay
and the janitor work on threads of other names. BEGIN and COMMIT are no data statements.
"""

import mmap
import struct
import sys
import threading
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from entrypoints.cli import main

CELL = struct.Struct("Q")


def count_into(path: Path) -> None:
    """Count every statement from now on."""
    path.write_bytes(CELL.pack(0))
    with path.open("r+b") as file:
        shared = mmap.mmap(file.fileno(), CELL.size)
    lock = threading.Lock()

    def counted(_: Any, __: Any, statement: str, *___: Any) -> None:
        is_request = threading.current_thread().name.startswith("waitress")
        if is_request and not statement.startswith("BEGIN"):
            with lock:
                CELL.pack_into(shared, 0, CELL.unpack_from(shared, 0)[0] + 1)

    event.listen(Engine, "before_cursor_execute", counted)


def read(path: Path) -> int:
    """How many there were so far."""
    count: int = CELL.unpack(path.read_bytes())[0]
    return count


if __name__ == "__main__":
    count_into(Path(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
