"""What a gateway's settlement file would say: the money that moved, and the fee kept for it."""

import csv
import io
from collections.abc import Iterable

from adapters.sandbox.journal import Entry, Kind

_COLUMNS = ("kind", "gateway_ref", "merchant_ref", "amount", "fee", "currency", "date")
_MONEY_MOVES = frozenset({Kind.CAPTURED, Kind.REFUNDED, Kind.CHARGED_BACK})
_FEE_PERCENT = 2


def settlement(entries: Iterable[Entry]) -> str:
    """Writes CSV. Units: amounts in the smallest unit, positive; a fee is kept from captures alone."""
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(_COLUMNS)
    for entry in entries:
        if entry.kind in _MONEY_MOVES:
            fee = entry.amount * _FEE_PERCENT // 100 if entry.kind is Kind.CAPTURED else 0
            named = (entry.kind, entry.payment_id, entry.merchant_ref)
            rows.writerow((*named, entry.amount, fee, entry.currency, entry.at[:10]))
    return written.getvalue()
