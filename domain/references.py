"""Payment references that people write on a transfer, and that are found again in what a bank reports."""

import re

from domain.ids import PaymentId

# Fixed in length, so that a date or a number written right after it is not taken for its end. Numbers
# beyond nine digits have ten more before them, under a letter of their own.
_DIGITS, _DIGITS_BEFORE = 9, 10

_REFERENCE = re.compile(
    r"R[\s.-]*F((?:[\s.-]*[0-9]){2})"
    rf"(?:[\s.-]*L((?:[\s.-]*[0-9]){{{_DIGITS_BEFORE}}}))?"
    rf"[\s.-]*K((?:[\s.-]*[0-9]){{{_DIGITS}}})(?![0-9])"
)


def reference_of(payment_id: PaymentId) -> str:
    """What a customer quotes when they transfer the money: no secret, and a slip of the pen shows.

    The letters keep it from being taken for a card number. Raises: ValueError for what numbers no payment.
    Source: ISO 11649, RF with two check digits (ISO 7064, MOD 97-10) and at most 21 characters.
    """
    if not 0 < payment_id < 10 ** (_DIGITS + _DIGITS_BEFORE):
        raise ValueError(f"{payment_id} is no payment's number")
    before, digits = divmod(payment_id, 10**_DIGITS)
    own = f"L{before:0{_DIGITS_BEFORE}}K{digits:0{_DIGITS}}" if before else f"K{digits:0{_DIGITS}}"
    return f"RF{98 - _remainder(f'{own}RF00'):02}{own}"


def payments_named_in(text: str) -> frozenset[PaymentId]:
    """Every payment whose reference stands in the text, however it is spaced; wrong ones are not found."""
    found = set[PaymentId]()
    for groups in _REFERENCE.findall(text.upper()):
        check, before, digits = (re.sub(r"[^0-9]", "", group) for group in groups)
        payment_id = PaymentId(int(before + digits))
        written = f"RF{check}L{before}K{digits}" if before else f"RF{check}K{digits}"
        if payment_id and reference_of(payment_id) == written:
            found.add(payment_id)
    return frozenset(found)


def _remainder(text: str) -> int:
    return int("".join(str(int(character, 36)) for character in text)) % 97
