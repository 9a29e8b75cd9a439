"""Payment references that people write on a transfer, and that are found again in what a bank reports."""

import re

from domain.ids import PaymentId

# Fixed in length, so that a date or a number written right after it is not taken for its end.
_DIGITS = 9

_REFERENCE = re.compile(rf"R[\s.-]*F((?:[\s.-]*[0-9]){{2}})[\s.-]*K((?:[\s.-]*[0-9]){{{_DIGITS}}})(?![0-9])")


def reference_of(payment_id: PaymentId) -> str:
    """What a customer quotes when they transfer the money: no secret, and a slip of the pen shows.

    The letter keeps it from being taken for a card number. Raises: ValueError beyond nine digits.
    Source: ISO 11649, RF with two check digits (ISO 7064, MOD 97-10) and at most 21 characters.
    """
    if not 0 < payment_id < 10**_DIGITS:
        raise ValueError(f"payment {payment_id} has no reference of {_DIGITS} digits")
    own = f"K{payment_id:0{_DIGITS}}"
    return f"RF{98 - _remainder(f'{own}RF00'):02}{own}"


def payments_named_in(text: str) -> frozenset[PaymentId]:
    """Every payment whose reference stands in the text, however it is spaced; wrong ones are not found."""
    found = (
        (re.sub(r"[^0-9]", "", check), PaymentId(int(re.sub(r"[^0-9]", "", digits))))
        for check, digits in _REFERENCE.findall(text.upper())
    )
    return frozenset(
        payment_id for check, payment_id in found if payment_id and reference_of(payment_id)[2:4] == check
    )


def _remainder(text: str) -> int:
    return int("".join(str(int(character, 36)) for character in text)) % 97
