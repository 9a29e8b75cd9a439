"""Statements in CAMT.053 (ISO 20022, Bank to Customer Statement), in every version of it so far."""

import re
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from adapters.bank.reading import Statement, UnreadableStatement, entry_of, money_of
from application.ports import Currencies
from domain.bank import BankEntry
from domain.money import Money

DEPTH_MAX = 50

_ROOT = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.[0-9]{2} Document")

# Where the payer's words stand, for one transfer and for an entry as a whole.
_WORDS = (
    "RmtInf/Ustrd",
    "RmtInf/Strd/CdtrRefInf/Ref",
    "RmtInf/Strd/AddtlRmtInf",
    "Refs/EndToEndId",
    "AddtlTxInf",
)
_AMOUNTS = ("Amt", "AmtDtls/TxAmt/Amt")

_BOOLEANS = {"": False, "false": False, "0": False, "true": True, "1": True}


def read_camt(content: bytes, currencies: Currencies) -> Statement:
    """The booked entries of every statement in the file. Raises: UnreadableStatement."""
    entries, reversals = list[BankEntry](), list[BankEntry]()
    pending = 0
    for number, statement in enumerate(_parsed(content).findall("BkToCstmrStmt/Stmt"), start=1):
        account = _said(statement, "Acct/Id/IBAN") or _said(statement, "Acct/Id/Othr/Id")
        for position, entry in enumerate(statement.findall("Ntry"), start=1):
            if (_said(entry, "Sts/Cd") or _said(entry, "Sts") or "BOOK") != "BOOK":
                pending += 1
                continue
            where = f"statement {number}, entry {position}"
            kept = reversals if _is_reversal(where, entry) else entries
            kept.extend(_entries(where, account, entry, currencies))
    return Statement(tuple(entries), pending, tuple(reversals))


def _entries(where: str, account: str, entry: Element, currencies: Currencies) -> Iterator[BankEntry]:
    """The entry, or each transfer in it where the bank has booked several together."""
    amount = _signed(where, entry, _money(where, entry, "Amt", currencies))
    reference = _said(entry, "AcctSvcrRef") or _said(entry, "NtryRef")
    if reference and _is_reversal(where, entry):
        reference += "/reversed"  # Some banks repeat what they called the entry that it undoes.
    if not reference and amount.minor < 0:
        reference = "none"  # What went out is told from nothing, and nobody keeps it.
    details = entry.findall("NtryDtls/TxDtls")
    booked_on = _said(entry, "BookgDt/Dt") or _said(entry, "BookgDt/DtTm")[:10] or _said(entry, "ValDt/Dt")
    parts = _parts(where, details, amount, currencies)
    for number, part in enumerate(parts, start=1):
        words = [_words(detail) for detail in ([details[number - 1]] if len(parts) > 1 else details)]
        yield entry_of(
            where,
            account=account,
            reference=f"{reference}/{number}" if reference and len(parts) > 1 else reference,
            booked_on=booked_on,
            amount=part,
            text=" ".join([*words, _said(entry, "AddtlNtryInf")]),
        )


def _parts(where: str, details: Sequence[Element], amount: Money, currencies: Currencies) -> Sequence[Money]:
    """What each transfer brought, if all of them tell and it comes to the whole; else the whole."""
    paths = [next((path for path in _AMOUNTS if detail.find(path) is not None), None) for detail in details]
    if len(details) < 2 or amount.minor < 0 or None in paths:
        return [amount]
    parts = [
        _money(where, detail, path, currencies) for detail, path in zip(details, paths, strict=True) if path
    ]
    is_whole = all(part.currency == amount.currency for part in parts) and Money.sum(parts) == amount
    return parts if is_whole else [amount]


def _money(where: str, element: Element, path: str, currencies: Currencies) -> Money:
    found = element.find(path)
    if found is None:
        raise UnreadableStatement(f"{where}: it has no amount")
    return money_of(where, (found.text or "").strip(), found.get("Ccy", ""), currencies)


def _signed(where: str, element: Element, amount: Money) -> Money:
    direction = _said(element, "CdtDbtInd")
    if direction not in {"CRDT", "DBIT"} or amount.minor < 0:
        raise UnreadableStatement(f"{where}: it does not say whether money came or went")
    return amount if direction == "CRDT" else amount * -1


def _is_reversal(where: str, entry: Element) -> bool:
    said = _said(entry, "RvslInd")
    if said not in _BOOLEANS:
        raise UnreadableStatement(f"{where}: it does not say whether it reverses an earlier entry")
    return _BOOLEANS[said]


def _words(detail: Element) -> str:
    return " ".join(found.text or "" for path in _WORDS for found in detail.findall(path))


def _said(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _parsed(content: bytes) -> Element:
    """The document without its names' spaces. A document type, and with it every entity, is refused."""
    builder, depth = TreeBuilder(), 0
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth == 1 and not _ROOT.fullmatch(name):
            raise UnreadableStatement("this is not a statement in CAMT.053")
        if depth > DEPTH_MAX:
            raise UnreadableStatement("the document is too deep")
        builder.start(name.rpartition(" ")[2], attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name.rpartition(" ")[2])

    def refuse(*_: object) -> None:
        raise UnreadableStatement("a statement brings no document type along")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise UnreadableStatement(f"line {error.lineno}: {expat.ErrorString(error.code)}") from None
    return builder.close()
