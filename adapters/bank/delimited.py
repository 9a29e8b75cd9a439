"""Statements in CSV (RFC 4180): one line of names, then one line for each entry."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence

from adapters.bank.reading import Statement, UnreadableStatement, entry_of, money_of
from application.ports import Currencies
from domain.bank import BankEntry

# What each column may be called; columns of other names are left alone.
COLUMNS: Mapping[str, Sequence[str]] = {
    "account": ("account", "iban"),
    "reference": ("entry_reference", "entry", "transaction_id"),
    "booked_on": ("booked_on", "booking_date", "date"),
    "amount": ("amount",),
    "currency": ("currency",),
    "text": ("remittance", "remittance_information", "text", "description", "details"),
}

_AMOUNT = re.compile(r"([+-]?)([0-9]{1,18})(?:([.,])([0-9]{1,4}))?")

Row = Mapping[str, str]


def read_delimited(content: bytes, currencies: Currencies) -> Statement:
    """Entries by the names in the first line. Raises: UnreadableStatement."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableStatement("the file is neither CAMT.053 nor text in UTF-8") from None
    rows = list(_rows(text))
    marks = {found[3] for _, row in rows if (found := _AMOUNT.fullmatch(row["amount"])) and found[3]}
    if len(marks) > 1:
        raise UnreadableStatement("amounts are written with points and with commas: which are decimals?")
    return Statement(tuple(_entry(where, row, currencies) for where, row in rows))


def _rows(text: str) -> Iterator[tuple[str, Row]]:
    header = text.partition("\n")[0]
    if (";" in header) == ("," in header):
        raise UnreadableStatement("the names in the first line are parted by commas or by semicolons")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in header else ",", strict=True)
    try:
        names = [re.sub(r"[\s-]+", "_", name.strip().lower()) for name in next(reader)]
        places = _places(names)
        for cells in filter(None, reader):
            where = f"line {reader.line_num}"
            if len(cells) != len(names):
                raise UnreadableStatement(f"{where}: {len(cells)} cells instead of {len(names)}")
            yield where, {column: cells[place].strip() for column, place in places.items()}
    except csv.Error as error:
        raise UnreadableStatement(f"line {reader.line_num}: {error}") from None


def _places(names: Sequence[str]) -> Mapping[str, int]:
    places = {}
    for column, aliases in COLUMNS.items():
        found = [place for place, name in enumerate(names) if name in aliases]
        if len(found) != 1:
            fault = "is missing" if not found else "stands there more than once"
            raise UnreadableStatement(f"line 1: the column {' or '.join(aliases)} {fault}")
        places[column] = found[0]
    return places


def _entry(where: str, row: Row, currencies: Currencies) -> BankEntry:
    found = _AMOUNT.fullmatch(row["amount"])
    currency = currencies.get(row["currency"])
    # Money itself drops zeros too many; but 1.500 may be fifteen hundred to whoever wrote it.
    if not found or (currency and len(found[4] or "") > currency.exponent):
        raise UnreadableStatement(f"{where}: {row['amount'][:40]!r} is not an amount, or may be two")
    sign, whole, decimals = found[1].replace("+", ""), found[2], found[4]
    written = f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"
    return entry_of(
        where,
        account=row["account"],
        reference=row["reference"],
        booked_on=row["booked_on"],
        amount=money_of(where, written, row["currency"], currencies),
        text=row["text"],
    )
