"""`kassa bank import FILE`: what a bank's statement brings in approves payments, or is for a person."""

import argparse
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from adapters.bank.statements import FILE_BYTES_MAX, read_statement
from application.banking import REVERSED, Fate, TakenUp
from entrypoints.bootstrap import opened
from entrypoints.settings import Settings


def bank_import(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Take up a statement; answers 1 when an entry known before now reads otherwise, which nobody may miss.

    Raises: UnreadableStatement before anything is taken up, StoreUnavailable when it may be begun again.
    """
    settings = Settings.from_environment(environment)
    content = _content(options.file)
    counted = Counter[Fate]()
    with opened(settings, settings.likely_url) as kassa:
        statement = read_statement(content, kassa.application.currencies)
        booked = [(entry, False) for entry in statement.entries]
        for entry, is_reversal in [*booked, *((entry, True) for entry in statement.reversals)]:
            taken = kassa.application.take_up_entry(entry, is_reversal=is_reversal)
            counted[taken.fate] += 1
            print(told(taken), flush=True)
    counts = [f"{counted[fate]} {fate}" for fate in Fate]
    print(", ".join([*counts, f"{statement.pending} not booked yet"]))
    return 1 if counted[Fate.CHANGED] else 0


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        # One byte more than may be read tells that there are too many.
        return file.read(FILE_BYTES_MAX + 1)


def told(taken: TakenUp) -> str:
    """One line on an entry, for whoever imports the statement."""
    entry, judged = taken.entry, taken.judged
    line = f"{taken.fate}: entry {entry.reference} of {entry.booked_on}, {entry.amount}"
    if taken.fate is Fate.CHANGED and judged:
        return f"{line}: it was {judged.entry.amount} of {judged.entry.booked_on} before"
    if judged and judged.payment_id is not None:
        line += f": payment {judged.payment_id}"
    if taken.fate is Fate.REVIEW and judged is None:
        line += f"; {entry.amount} to be looked at: {REVERSED}"
    if judged and judged.owed.minor:
        line += f"; {judged.owed} to be looked at: {judged.why}"
    return line
