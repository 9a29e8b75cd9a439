"""The test cards: each number is decoded into what the bank will do with it."""

import re
from datetime import UTC, datetime

import attrs

GENERIC_DECLINE = "100"
UNUSABLE_NUMBER = "111"
CHALLENGE_DENIED = "3ds_denied"

BANK_CODES = {
    "000": "Approved",
    "100": "Declined by the bank",
    "101": "Card expired",
    "102": "Suspected fraud",
    "111": "No such card number",
    "116": "Not enough funds",
    "117": "Wrong PIN",
    "121": "Amount limit exceeded",
    "123": "Too many uses",
    "208": "Lost card",
    "209": "Stolen card",
    "903": "Please enter again",
    "907": "Issuer unavailable",
    "909": "System fault",
    "910": "Issuer unavailable",
    "911": "Issuer timed out",
    "912": "Issuer unavailable",
    "913": "Duplicate transmission",
    "923": "Request in progress",
}
_CODE_IN_NUMBER = re.compile(r"4000000000000(\d{3})")
_SEPARATORS = re.compile(r"[ \-]")
_EXPIRY = re.compile(r"(0[1-9]|1[0-2]) ?/ ?(\d{2})")


@attrs.frozen
class Outcome:
    """What becomes of a payment made with a card.

    Attributes:
        decline: the bank's code when it refuses, None when it agrees.
        is_challenged: the buyer must first pass the bank's own page (3DS).
        is_silent: the bank never answers.
        is_late: the bank agrees only after the buyer has gone back to the shop.
        refund_fails: a refund is accepted at first and fails later.
        is_charged_back: the card's owner takes the money back some time after.
    """

    decline: str | None = None
    is_challenged: bool = False
    is_silent: bool = False
    is_late: bool = False
    refund_fails: bool = False
    is_charged_back: bool = False


OUTCOMES = {
    "4111111111111111": Outcome(),
    "4242424242424242": Outcome(),
    "4000000000000002": Outcome(decline=GENERIC_DECLINE),
    "4000000000009995": Outcome(decline="116"),
    "4000000000003220": Outcome(is_challenged=True),
    "4000000000003063": Outcome(is_challenged=True, decline=CHALLENGE_DENIED),
    "4000008400001629": Outcome(is_challenged=True, decline=GENERIC_DECLINE),
    "4000000000009999": Outcome(is_silent=True),
    "4000000000005126": Outcome(refund_fails=True),
    "4000000000000259": Outcome(is_charged_back=True),
    "4000000000008888": Outcome(is_late=True),
}


def outcome_of(number: str) -> Outcome:
    """Decodes a card number; one that means nothing here is refused as a number that no bank gave out."""
    if number in OUTCOMES:
        return OUTCOMES[number]
    coded = _CODE_IN_NUMBER.fullmatch(number)
    if coded and coded[1] in BANK_CODES:
        return Outcome(decline=None if coded[1] == "000" else coded[1])
    return Outcome(decline=UNUSABLE_NUMBER)


@attrs.frozen
class Card:
    """As much of a card as may be kept: never the number itself."""

    brand: str
    mask: str

    @classmethod
    def seen(cls, number: str) -> "Card":
        hidden = "*" * (len(number) - 10)
        return cls(brand=_brand(number), mask=f"{number[:6]}{hidden}{number[-4:]}")


def _brand(number: str) -> str:
    if number.startswith("4"):
        return "visa"
    if "51" <= number[:2] <= "55" or "2221" <= number[:4] <= "2720":
        return "mastercard"
    return "amex" if number[:2] in {"34", "37"} else "card"


def read_number(text: str) -> str | None:
    """Strips what people write between the digits; None if what is left cannot be a card number."""
    digits = _SEPARATORS.sub("", text.strip())
    return digits if digits.isascii() and digits.isdigit() and 12 <= len(digits) <= 19 else None


def form_errors(number: str, expiry: str, cvc: str, now: float) -> dict[str, str]:
    """Finds what is wrong with a filled-in card form, by field; nothing wrong gives an empty mapping."""
    errors = {}
    if read_number(number) is None:
        errors["card_number"] = "Enter the card number, 12 to 19 digits."
    if not _is_in_future(expiry.strip(), now):
        errors["expiry"] = "Enter a date in the future as MM/YY."
    if not re.fullmatch(r"[0-9]{3,4}", cvc.strip()):
        errors["cvc"] = "Enter the 3 or 4 digits from the back of the card."
    return errors


def _is_in_future(expiry: str, now: float) -> bool:
    written = _EXPIRY.fullmatch(expiry) if expiry.isascii() else None
    if written is None:
        return False
    today = datetime.fromtimestamp(now, UTC)
    return (2000 + int(written[2]), int(written[1])) >= (today.year, today.month)
