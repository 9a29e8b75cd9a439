"""The one door to a bank's files: whichever format it is."""

from adapters.bank.camt import read_camt
from adapters.bank.delimited import read_delimited
from adapters.bank.reading import Statement, UnreadableStatement
from application.ports import Currencies

FILE_BYTES_MAX = 32 * 1024 * 1024

# How XML begins in the encodings that have a mark of their own: UTF-8, UTF-16 either way round.
_MARKS = (b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\x00<")


def read_statement(content: bytes, currencies: Currencies) -> Statement:
    """What a bank's file says, CAMT.053 or CSV. Raises: UnreadableStatement."""
    if len(content) > FILE_BYTES_MAX:
        raise UnreadableStatement(f"a statement has {FILE_BYTES_MAX} bytes at most")
    is_xml = content.lstrip().startswith((b"<", *_MARKS))
    return read_camt(content, currencies) if is_xml else read_delimited(content, currencies)
