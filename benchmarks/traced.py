"""`kassa serve` on SQLite, with its data statements counted into a file that another process can read.

Run as `python -m benchmarks.traced FILE serve ...`. SQLite has no counts of its own but tells whoever
asks of each statement that begins, every row's of an executemany included.
"""

import mmap
import sqlite3
import struct
import sys
import threading
from pathlib import Path

from sqlalchemy import Engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from entrypoints.cli import main

CELL = struct.Struct("Q")
NO_DATA = ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA")


def count_into(path: Path) -> None:
    """Count every statement from now on, in this process."""
    path.write_bytes(CELL.pack(0))
    with path.open("r+b") as file:
        shared = mmap.mmap(file.fileno(), CELL.size)
    lock = threading.Lock()

    def count(statement: str) -> None:
        if not statement.startswith(NO_DATA):
            with lock:
                CELL.pack_into(shared, 0, CELL.unpack_from(shared, 0)[0] + 1)

    def trace(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
        connection.set_trace_callback(count)

    event.listen(Engine, "connect", trace)


def counted(path: Path) -> int:
    """How many there were so far."""
    count: int = CELL.unpack(path.read_bytes())[0]
    return count


if __name__ == "__main__":
    count_into(Path(sys.argv[1]))
    sys.exit(main(sys.argv[2:]))
