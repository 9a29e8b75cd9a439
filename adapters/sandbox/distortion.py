"""Lies: payments and refunds as the faults would have them seen, and numbers oddly written.

A lie is told about the record, before a dialect puts it into words, so that one list of lies serves every
dialect and an untrue answer is as well-formed as a true one.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import attrs

from adapters.sandbox.faults import Strike
from adapters.sandbox.payments import Payment, Refund, RefundStatus, Status
from adapters.sandbox.rules import PARTIAL_CAPTURE

_UNHEARD_OF = "in_limbo"


@attrs.frozen
class Spelling:
    """Where a dialect's documents hold what can be misspelt.

    Attributes:
        statuses: the names of the fields that hold status words.
        amounts: a pattern for the names of the fields that hold amounts.
    """

    statuses: frozenset[str]
    amounts: str


class Lens:
    """What a payment or a refund is seen through; without strikes it is clear glass.

    Attributes:
        strikes: the faults that have struck.
        word: a status word that no record can hold, to be written in place of the true one.
    """

    def __init__(self, strikes: Sequence[Strike] = ()) -> None:
        self.strikes = strikes
        self.word: str | None = None

    def payment(self, payment: Payment) -> Payment:
        for strike in self.strikes:
            if strike.action in _LIES:
                payment = _LIES[strike.action](payment, strike)
        settled = payment.status is not Status.PENDING
        word = self._other_word("pending" if settled else "created")
        if word is not None and word in set(Status):
            return attrs.evolve(payment, status=Status(word))
        self.word = word or self.word
        return payment

    def refund(self, refund: Refund) -> Refund:
        for strike in self.strikes:
            if strike.action in _LIES_ABOUT_REFUNDS:
                refund = _LIES_ABOUT_REFUNDS[strike.action](refund, strike)
        word = self._other_word("created" if refund.status is RefundStatus.PENDING else "pending")
        if word is not None and word in set(RefundStatus):
            return attrs.evolve(refund, status=RefundStatus(word))
        self.word = word or self.word
        return refund

    def _other_word(self, contradiction: str) -> str | None:
        """Finds the status word to be seen; a flapping one contradicts the truth at every odd strike."""
        word = None
        for strike in self.strikes:
            if strike.action == "status_flap" and strike.count % 2:
                word = strike.word("status", contradiction)
            elif strike.action == "unknown_status_word":
                word = strike.word("status", _UNHEARD_OF)
        return word


def encode(document: object, lens: Lens, spelling: Spelling) -> bytes:
    """Writes JSON, its status words and its amounts in whatever spelling the faults call for."""
    text = json.dumps(document if lens.word is None else _respelt(document, lens.word, spelling))
    for strike in lens.strikes:
        if strike.action in _NOTATIONS:
            text = re.sub(rf'("{spelling.amounts}": )"?(\d+(?:\.\d+)?)"?', _NOTATIONS[strike.action], text)
    return text.encode("utf-8")


def _respelt(value: object, word: str, spelling: Spelling) -> object:
    if isinstance(value, list):
        return [_respelt(item, word, spelling) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: word if name in spelling.statuses and isinstance(item, str) else _respelt(item, word, spelling)
        for name, item in value.items()
    }


def _wrong_amount(payment: Payment, strike: Strike) -> Payment:
    def wrong(amount: int) -> int:
        # Zero stays: a payment that nobody refunded must not look refunded, that would be another fault.
        return strike.whole("amount", amount + 1) if amount else 0

    return attrs.evolve(
        payment,
        terms=attrs.evolve(payment.terms, amount=wrong(payment.terms.amount)),
        amount_authorized=wrong(payment.amount_authorized),
        amount_captured=wrong(payment.amount_captured),
        amount_refunded=wrong(payment.amount_refunded),
    )


def _wrong_currency(payment: Payment, strike: Strike) -> Payment:
    currency = _another_currency(payment.terms.currency, strike)
    return attrs.evolve(payment, terms=attrs.evolve(payment.terms, currency=currency))


def _another_currency(currency: str, strike: Strike) -> str:
    return strike.word("currency", "EUR" if currency != "EUR" else "USD")


def _captured_in_part(payment: Payment, strike: Strike) -> Payment:
    captured = payment.amount_captured
    return attrs.evolve(payment, amount_captured=min(strike.whole("amount", captured // 2), captured))


def _stuck_pending(payment: Payment, strike: Strike) -> Payment:
    return attrs.evolve(
        payment, status=Status.PENDING, amount_authorized=0, amount_captured=0, amount_refunded=0
    )


_LIES: Mapping[str, Callable[[Payment, Strike], Payment]] = {
    "wrong_amount": _wrong_amount,
    "wrong_currency": _wrong_currency,
    PARTIAL_CAPTURE: _captured_in_part,
    "stuck_pending": _stuck_pending,
}


def _refund_of_wrong_amount(refund: Refund, strike: Strike) -> Refund:
    return attrs.evolve(refund, amount=strike.whole("amount", refund.amount + 1))


def _refund_of_wrong_currency(refund: Refund, strike: Strike) -> Refund:
    return attrs.evolve(refund, currency=_another_currency(refund.currency, strike))


def _refund_stuck_pending(refund: Refund, strike: Strike) -> Refund:
    return attrs.evolve(refund, status=RefundStatus.PENDING)


_LIES_ABOUT_REFUNDS: Mapping[str, Callable[[Refund, Strike], Refund]] = {
    "wrong_amount": _refund_of_wrong_amount,
    "wrong_currency": _refund_of_wrong_currency,
    "stuck_pending": _refund_stuck_pending,
}


def _as_string(found: re.Match[str]) -> str:
    return f'{found[1]}"{found[2]}"'


def _as_float(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2]}{'0' if '.' in found[2] else '.0'}"


def _as_exponent(found: re.Match[str]) -> str:
    return f"{found[1]}{Decimal(found[2]).normalize():E}"


_NOTATIONS: Mapping[str, Callable[[re.Match[str]], str]] = {
    "amount_as_string": _as_string,
    "amount_as_float": _as_float,
    "amount_as_exponent": _as_exponent,
}
