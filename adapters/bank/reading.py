"""Reading a file that a bank gives out: which format it is, and what every format must say."""

import re
from datetime import date

import attrs

from application.ports import Currencies
from domain.bank import BankEntry
from domain.errors import Invalid
from domain.money import Money

TEXT_LENGTH_MAX = 2_000
NAME_LENGTH_MAX = 100

_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})|([0-9]{2})\.([0-9]{2})\.([0-9]{4})")


class UnreadableStatement(Exception):
    """The file is not what it should be, or says something in two ways; nothing of it was taken up."""


@attrs.frozen
class Statement:
    """What a file says is booked, and how many entries in it are not booked yet.

    `reversals` are entries that undo earlier ones.
    """

    entries: tuple[BankEntry, ...]
    pending: int = 0
    reversals: tuple[BankEntry, ...] = ()


def entry_of(
    where: str, *, account: str, reference: str, booked_on: str, amount: Money, text: str
) -> BankEntry:
    """An entry, its words checked. Raises: UnreadableStatement, telling `where` it stands."""
    account = re.sub(r"\s", "", account).upper()
    reference = reference.strip()
    for name, value in (("account", account), ("reference", reference)):
        if not value.isprintable() or not 0 < len(value) <= NAME_LENGTH_MAX:
            raise UnreadableStatement(
                f"{where}: the {name} has 1 to {NAME_LENGTH_MAX} characters, all printable"
            )
    return BankEntry(
        account=account,
        reference=reference,
        booked_on=_day(where, booked_on.strip()),
        amount=amount,
        # Not every database keeps a NUL in a text.
        text=" ".join(text.replace("\0", " ").split())[:TEXT_LENGTH_MAX],
    )


def money_of(where: str, text: str, code: str, currencies: Currencies) -> Money:
    """An amount, at most one point in it. Raises: UnreadableStatement."""
    currency = currencies.get(code)
    if currency is None:
        raise UnreadableStatement(f"{where}: there is no currency {code[:10]!r}")
    try:
        return Money.parse(text, currency)
    except Invalid:
        raise UnreadableStatement(f"{where}: {text[:40]!r} is not an amount of {code}") from None


def _day(where: str, text: str) -> date:
    found = _DAY.fullmatch(text)
    if not found:
        raise UnreadableStatement(f"{where}: a day is 2026-03-31 or 31.03.2026, not {text[:20]!r}")
    year, month, day = found.group(1, 2, 3) if found[1] else found.group(6, 5, 4)
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise UnreadableStatement(f"{where}: there is no day {text}") from None
