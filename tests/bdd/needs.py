"""What a story may need of a gateway, by its tag, and the gateways that lack it.

The table of cases tells who lacks what, and its tests prove it; a story that needs what a gateway lacks is
not told there.
"""

from collections.abc import Iterable, Mapping

import pytest

from tests.accounts import SETTINGS
from tests.checkouts.table import lacking

# Those that are told by the sandbox's own dialect too, and by another.
GATEWAYS = tuple(name for name in SETTINGS if name != "sandbox")

LACKING: Mapping[str, frozenset[str]] = {
    "where_amounts_are_told": lacking("wrong_amount"),
    "where_currencies_are_told": lacking("wrong_currency"),
    "where_cards_are_shown": lacking("card_shown"),
    "where_the_bank_decides_alone": frozenset(SETTINGS) - lacking("approval_of_another_amount"),
    "where_references_are_found": lacking("create_reply_lost"),
    # A driver has no pen for the others: what is said falsely there, `tests.checkouts` has their own say.
    "in_one_dialect": frozenset(GATEWAYS),
}


def players(marks: Iterable[pytest.Mark]) -> list[str]:
    """The gateways that lack nothing of what a story with these marks needs."""
    lacking = frozenset[str]().union(*(LACKING.get(mark.name, frozenset()) for mark in marks))
    return [name for name in GATEWAYS if name not in lacking]
