"""Tries every fault at every gateway and writes the page about it."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.page import PAGE, written
from tests.faults.stands import stands
from tests.faults.trying import tried, troubles

if __name__ == "__main__":
    with TemporaryDirectory(prefix="kassa-faults-") as folder, stands(Path(folder)) as everywhere:
        rows = tried(everywhere, tell=lambda line: sys.stdout.write(f"{line}\n"))
    if found := troubles(rows):
        sys.exit(found)
    PAGE.write_text(written(rows), encoding="utf-8")
