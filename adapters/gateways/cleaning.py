"""What is kept of talks with gateways: known harmless fields only, and never a card number."""

import json
import re
from collections.abc import Collection
from decimal import Decimal

import attrs

from domain.cards import is_card_number, masked

# Long enough for a redirect address, short enough that nobody parks documents in our database.
TEXT_LENGTH_MAX = 1000
ITEMS_MAX = 50

# What could come out garbled, or not at all, of one of the databases.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def cleaned(
    value: object, fields: Collection[str], identifiers: Collection[str], ours: Collection[str] = ()
) -> str:
    """JSON text of a request or an answer, for people to read later.

    Only the named fields are kept, at any depth: what a gateway adds some day is not known to be
    harmless. Texts are masked, save `identifiers` (fields whose long digits belong to them, unless
    they are a card number through and through) and `ours`, values that we made ourselves.
    """
    return json.dumps(_kept(value, frozenset(fields), frozenset(identifiers), frozenset(ours), ""))


@attrs.frozen
class Vocabulary:
    """What is kept of a dialect: its harmless `fields`, and `identifiers`, whose digits belong to them."""

    fields: frozenset[str]
    identifiers: frozenset[str]

    def kept(self, said: object, ours: Collection[str] = ()) -> str:
        """JSON text of a request or an answer, for people to read later."""
        return cleaned(said, self.fields, self.identifiers, ours)


def _kept(
    value: object, fields: frozenset[str], identifiers: frozenset[str], ours: frozenset[str], name: str
) -> object:
    if isinstance(value, dict):
        known = {key: item for key, item in value.items() if key in fields or key in identifiers}
        return {key: _kept(item, fields, identifiers, ours, key) for key, item in known.items()}
    if isinstance(value, list):
        return [_kept(item, fields, identifiers, ours, name) for item in value[:ITEMS_MAX]]
    if isinstance(value, str):
        return value if value in ours else _text(value, is_identifier=name in identifiers)
    if value is None or isinstance(value, bool):
        return value
    return _number(value, is_amount=name.startswith("amount"))


def _text(value: str, *, is_identifier: bool) -> str:
    plain = _UNPRINTABLE.sub("\ufffd", value)[:TEXT_LENGTH_MAX]
    return plain if is_identifier and not is_card_number(plain) else masked(plain)


def _number(value: object, *, is_amount: bool) -> object:
    # No field but an amount has a reason for thirteen digits: Unix seconds have ten.
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    if not is_amount and masked(text) != text:
        return masked(text)
    return value if isinstance(value, int) else text
