"""The README's table of the notes: each line, and the names of the scenarios and tests that show it."""

import re
from pathlib import Path

HEADING = "## Every line of the notes"
ROW = re.compile(r"\| `(?P<line>[^`]+)` \| (?P<names>[^|]+) \|")
NAME = re.compile(r"`([^`]+)`")


def read_table(readme: Path) -> dict[str, list[str]]:
    """Shape: a line of the notes, as worded there, to the names that show it. Empty without the heading."""
    text = readme.read_text(encoding="utf-8") if readme.exists() else ""
    section = text.partition(f"\n{HEADING}\n")[2].split("\n## ")[0]
    rows = (ROW.fullmatch(line.strip()) for line in section.split("\n"))
    return {row["line"]: NAME.findall(row["names"]) for row in rows if row}
