"""The repository of what banks reported."""

from sqlalchemy import bindparam, insert, select

from adapters.sql.ledgers import bank_entries
from adapters.sql.mapping import Record
from adapters.sql.session import Session
from adapters.sql.statements import AnyRow
from domain.bank import BankEntry, EntryVerdict, JudgedEntry
from domain.money import Currency, Money

_GET = select(bank_entries).where(
    bank_entries.c.account == bindparam("the_account"), bank_entries.c.reference == bindparam("the_reference")
)
_INSERT = insert(bank_entries)


class SqlBankEntries:
    """What banks said came in."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, account: str, reference: str) -> JudgedEntry | None:
        """The account's entry with that reference of the bank's."""
        found = self._session.run(_GET, {"the_account": account, "the_reference": reference}).one_or_none()
        return entry_from_row(found) if found else None

    def add(self, judged: JudgedEntry) -> None:
        """Keep a new one. Raises: StaleVersion when somebody else has kept it meanwhile."""
        self._session.run_many(_INSERT, [entry_to_row(judged)])


def entry_from_row(row: AnyRow) -> JudgedEntry:
    """An entry and what it was taken for."""
    currency = Currency(row.currency, row.exponent)
    return JudgedEntry(
        entry=BankEntry(
            account=row.account,
            reference=row.reference,
            booked_on=row.booked_on,
            amount=Money(row.amount, currency),
            text=row.text,
        ),
        verdict=EntryVerdict(row.verdict),
        payment_id=row.payment_id,
        why=row.why,
        owed=Money(row.owed, currency),
        judged_at=row.judged_at,
    )


def entry_to_row(judged: JudgedEntry) -> Record:
    """The row of an entry, all but its id."""
    entry = judged.entry
    return {
        "account": entry.account,
        "reference": entry.reference,
        "booked_on": entry.booked_on,
        "amount": entry.amount.minor,
        "currency": entry.amount.currency.code,
        "exponent": entry.amount.currency.exponent,
        "text": entry.text,
        "verdict": judged.verdict.value,
        "payment_id": judged.payment_id,
        "why": judged.why,
        "owed": judged.owed.minor,
        "judged_at": judged.judged_at,
    }
