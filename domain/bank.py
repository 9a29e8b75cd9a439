"""What a bank's statement says came in, and what each entry of it was taken for."""

from datetime import date, datetime
from enum import StrEnum

import attrs

from domain.ids import PaymentId
from domain.money import Money


@attrs.frozen(kw_only=True)
class BankEntry:
    """One booking on an account, as the bank reports it.

    `reference` is the bank's own for the entry, unique for the account; `text` is what was written
    on the transfer. Units: `amount` is negative where money went out.
    """

    account: str
    reference: str
    booked_on: date
    amount: Money
    text: str = ""

    def is_same_booking(self, other: "BankEntry") -> bool:
        """Whether both report the same money; banks do change their words from one report to the next."""
        return (self.booked_on, self.amount) == (other.booked_on, other.amount)


class EntryVerdict(StrEnum):
    """What an entry was taken for."""

    APPROVED = "approved"
    REVIEW = "review"


@attrs.frozen(kw_only=True)
class JudgedEntry:
    """An entry that brought money in, and what became of the money.

    `payment_id`: the payment that its text names, if any. `owed`: the part of the money that pays
    for nothing; while it is above zero a person has to decide, and `why` tells them of what.
    """

    entry: BankEntry
    verdict: EntryVerdict
    payment_id: PaymentId | None
    why: str | None
    owed: Money
    judged_at: datetime
