"""Lies in JSON: answers and callbacks that are well-formed and untrue."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from adapters.sandbox.faults import Strike
from adapters.sandbox.rules import PARTIAL_CAPTURE

Document = dict[str, object]

_AMOUNTS = ("amount", "amount_authorized", "amount_captured", "amount_refunded")
_AMOUNT_TEXT = re.compile(r'("amount\w*": ?)(\d+)')


def distort(document: Document, strikes: Sequence[Strike]) -> None:
    """Spoils one payment or refund in place."""
    for strike in strikes:
        if strike.action in _DISTORTIONS:
            _DISTORTIONS[strike.action](document, strike)


def encode(document: Mapping[str, object], strikes: Sequence[Strike] = ()) -> bytes:
    """Writes JSON, its amounts in whatever notation the faults call for."""
    text = json.dumps(document)
    for strike in strikes:
        if strike.action in _NOTATIONS:
            text = _AMOUNT_TEXT.sub(_NOTATIONS[strike.action], text)
    return text.encode("utf-8")


def _wrong_amount(document: Document, strike: Strike) -> None:
    for name in _AMOUNTS:
        amount = document.get(name)
        # Zero stays: a payment that nobody refunded must not look refunded, that would be another fault.
        if isinstance(amount, int) and amount:
            document[name] = strike.whole("amount", amount + 1)


def _wrong_currency(document: Document, strike: Strike) -> None:
    document["currency"] = strike.word("currency", "EUR" if document["currency"] != "EUR" else "USD")


def _captured_in_part(document: Document, strike: Strike) -> None:
    captured = document.get("amount_captured")
    if isinstance(captured, int) and captured:
        document["amount_captured"] = min(strike.whole("amount", captured // 2), captured)


def _stuck_pending(document: Document, strike: Strike) -> None:
    document["status"] = "pending"
    for name in ("amount_authorized", "amount_captured", "amount_refunded"):
        if name in document:
            document[name] = 0


def _status_flap(document: Document, strike: Strike) -> None:
    """Contradicts the truth at every odd strike and tells it at every even one."""
    if strike.count % 2 == 0:
        return
    settled = document["status"] != "pending"
    document["status"] = strike.word("status", "pending" if settled else "created")


def _unknown_status_word(document: Document, strike: Strike) -> None:
    document["status"] = strike.word("status", "in_limbo")


_DISTORTIONS: Mapping[str, Callable[[Document, Strike], None]] = {
    "wrong_amount": _wrong_amount,
    "wrong_currency": _wrong_currency,
    PARTIAL_CAPTURE: _captured_in_part,
    "stuck_pending": _stuck_pending,
    "status_flap": _status_flap,
    "unknown_status_word": _unknown_status_word,
}


def _as_string(found: re.Match[str]) -> str:
    return f'{found[1]}"{found[2]}"'


def _as_float(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}.0"


def _as_exponent(found: re.Match[str]) -> str:
    return f"{found[1]}{Decimal(found[2]).normalize():E}"


_NOTATIONS: Mapping[str, Callable[[re.Match[str]], str]] = {
    "amount_as_string": _as_string,
    "amount_as_float": _as_float,
    "amount_as_exponent": _as_exponent,
}
