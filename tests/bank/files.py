"""Statements as banks write them, made with the parts that matter."""

from xml.sax.saxutils import escape

NEWEST = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
IBAN = "AZ21NABZ00000000137010001944"
HEADER = "account,entry_reference,booked_on,amount,currency,remittance"


def row(
    reference: str = "E1",
    amount: str = "80.00",
    text: str = "",
    *,
    currency: str = "AZN",
    booked_on: str = "2026-03-05",
    account: str = IBAN,
) -> str:
    """One line of a CSV file."""
    return f'{account},{reference},{booked_on},{amount},{currency},"{text}"'


def csv_file(*rows: str, header: str = HEADER) -> bytes:
    """A CSV file."""
    return "\r\n".join((header, *rows, "")).encode()


def transfer(*words: str, amount: str | None = None, structured: str | None = None, end: str = "") -> str:
    """One transfer of an entry."""
    money = f'<Amt Ccy="AZN">{amount}</Amt>' if amount else ""
    lines = "".join(f"<Ustrd>{escape(line)}</Ustrd>" for line in words)
    strd = f"<Strd><CdtrRefInf><Ref>{structured}</Ref></CdtrRefInf></Strd>" if structured else ""
    refs = f"<Refs><EndToEndId>{end}</EndToEndId></Refs>" if end else ""
    return f"<TxDtls>{refs}{money}<RmtInf>{lines}{strd}</RmtInf></TxDtls>"


def entry(
    *transfers: str,
    amount: str = "80.00",
    currency: str = "AZN",
    direction: str = "<CdtDbtInd>CRDT</CdtDbtInd>",
    status: str = "<Sts><Cd>BOOK</Cd></Sts>",
    reference: str = "<AcctSvcrRef>E1</AcctSvcrRef>",
    day: str = "<BookgDt><Dt>2026-03-05</Dt></BookgDt>",
    more: str = "",
) -> str:
    """One entry of a statement."""
    details = f"<NtryDtls>{''.join(transfers)}</NtryDtls>" if transfers else ""
    money = f'<Amt Ccy="{currency}">{amount}</Amt>'
    return f"<Ntry>{money}{direction}{status}{day}{reference}{details}{more}</Ntry>"


def camt_file(
    *entries: str, namespace: str = NEWEST, account: str = f"<IBAN>{IBAN}</IBAN>", before: str = ""
) -> bytes:
    """A CAMT.053 file with one statement."""
    statement = f"<Stmt><Id>S1</Id><Acct><Id>{account}</Id></Acct>{''.join(entries)}</Stmt>"
    body = f"<BkToCstmrStmt><GrpHdr/>{statement}</BkToCstmrStmt>"
    return f'<?xml version="1.0"?>{before}<Document xmlns="{namespace}">{body}</Document>'.encode()
