"""The memory adapter's table of what banks reported."""

from adapters.memory.tables import Tables
from application.storage import StaleVersion
from domain.bank import EntryVerdict, JudgedEntry


class MemoryBankEntries:
    """What banks said came in."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def get(self, account: str, reference: str) -> JudgedEntry | None:
        """The account's entry with that reference of the bank's."""
        return self._tables.bank_entries.get((account, reference))

    def add(self, judged: JudgedEntry) -> None:
        """Keep a new one. Raises: StaleVersion when it was kept before, or its payment paid by another."""
        entry, kept = judged.entry, self._tables.bank_entries
        approved = {other.payment_id for other in kept.values() if other.verdict is EntryVerdict.APPROVED}
        pays_again = judged.verdict is EntryVerdict.APPROVED and judged.payment_id in approved
        if pays_again or (entry.account, entry.reference) in kept:
            raise StaleVersion(f"entry {entry.reference} of {entry.account}")
        kept[entry.account, entry.reference] = judged
