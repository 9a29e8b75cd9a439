"""A folder for as long as a process lives; those whose processes were killed are removed by the next one."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

# A folder is somebody's once this stands in it: from then on it is locked while they live.
_OWNED = "owned"


@contextmanager
def own_folder(prefix: str) -> Iterator[Path]:
    """A new folder, its name beginning like that, removed at the end; so are those left by the dead."""
    _remove_abandoned(prefix)
    with TemporaryDirectory(prefix=prefix) as name:
        folder = Path(name)
        # The lock is shared with the processes that are forked meanwhile, and gone with the last of them.
        held = os.open(folder, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
        (folder / _OWNED).touch()
        try:
            yield folder
        finally:
            os.close(held)


def _remove_abandoned(prefix: str) -> None:
    for mark in Path(gettempdir()).glob(f"{prefix}*/{_OWNED}"):
        # Locked by somebody who lives, not ours to open, or just removed by another one who starts.
        with suppress(OSError):
            left = os.open(mark.parent, os.O_RDONLY)
            try:
                fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(mark.parent, ignore_errors=True)
            finally:
                os.close(left)
