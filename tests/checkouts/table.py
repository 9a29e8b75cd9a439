"""The table of cases: every case is played at every backend, or that backend is excused, with its reason."""

from collections.abc import Callable, Mapping

import attrs

from application.gateways import Received
from application.trouble import BadSignature
from tests.checkouts.till import DECLINED, OFFLINE, ONLINE, Till

# In the order of the issue that asks for them; the last ones go beyond it.
CASES = (
    "whole_checkout",
    "decline",
    "second_attempt",
    "callback_only",
    "return_only",
    "both_at_once",
    "callback_before_the_create_reply",
    "forged",
    "replayed",
    "cross_wired",
    "wrong_amount",
    "wrong_currency",
    "refund_full",
    "refund_partial",
    "refund_status",
    "capture",
    "void",
    "cancelled_hold",
    "misdirected",
    "callback_about_nobody",
    "return_without_payment",
    "nobody_tells",
    "another_card",
    "approval_of_another_amount",
    "card_shown",
    "create_reply_lost",
    "paid_though_the_create_reply_was_lost",
)


@attrs.frozen
class Excuse:
    """Why a backend does not play a case, in words, and how it can be seen that this is so."""

    reason: str
    holds: Callable[[Till], bool]


def _lacks(power: str) -> Callable[[Till], bool]:
    return lambda till: not till.known()[till.backend][power]


def _never_says(word: str) -> Callable[[Till], bool]:
    """The gateway's whole answer about a paid payment does not hold the word."""

    def holds(till: Till) -> bool:
        bought = till.bought()
        till.pay(bought)
        till.await_status(bought, "PROCESSING")
        reply = till.shop.payment(bought.payment_id)["json_response"]
        assert till.bill(bought)["transaction_id"] in reply
        return word not in reply.lower()

    return holds


def _signs_nothing(till: Till) -> bool:
    said = Received(method="POST", path="", query="", headers={}, body=b"id=tr_1")
    try:
        return till.adapter().parse_callback(said, 0.0).transaction_id == "tr_1"
    except BadSignature:
        return False


def _ends_with_the_first_card(till: Till) -> bool:
    bought = till.bought()
    return till.pay(bought, DECLINED) != "" and till.status(bought) == ("FAILED", "2")


NO_AMOUNT = Excuse("its answers hold no amount", _never_says("amount"))
NO_CURRENCY = Excuse("its answers hold no currency", _never_says("currency"))
UNSIGNED = Excuse(
    "it signs nothing, by design: whoever calls, the gateway is asked, as the cross-wired case shows",
    _signs_nothing,
)
HOLDS_NOTHING = Excuse("it cannot hold money, only take it", _lacks("holds_money"))
UNTRACKED = Excuse("it cannot be asked about a refund", _lacks("tracks_refunds"))
ONE_CARD = Excuse("a declined card ends the payment there", _ends_with_the_first_card)
NO_CARD = Excuse("its answers show no card", _never_says("1111"))
NOT_BY_REFERENCE = Excuse(
    "it cannot be asked by our reference: what nobody saw is replaced", _lacks("asks_by_reference")
)
TAKES_AT_ONCE = Excuse("it takes the money without being told to", _lacks("collects_approved"))
ASKS_NOBODY = Excuse("there is no gateway: no page, no callback and no return", _lacks("redirects"))
BY_HAND = Excuse("what was paid by hand is given back by hand", _lacks("refunds"))

EXCUSES: Mapping[tuple[str, str], Excuse] = {
    ("epoint", "wrong_currency"): NO_CURRENCY,
    ("paynow", "wrong_amount"): NO_AMOUNT,
    ("paynow", "wrong_currency"): NO_CURRENCY,
    ("mollie", "forged"): UNSIGNED,
    ("epoint", "refund_status"): UNTRACKED,
    **{("paynow", case): HOLDS_NOTHING for case in ("capture", "void", "cancelled_hold")},
    **{(name, "another_card"): ONE_CARD for name in ("sandbox", "epoint", "payu", "paynow", "mollie")},
    **{
        (name, "approval_of_another_amount"): TAKES_AT_ONCE
        for name in ("sandbox", "epoint", "stripe", "payu", "paynow", "mollie")
    },
    **{(name, "card_shown"): NO_CARD for name in ("stripe", "payu", "paynow", "paypal", "mollie")},
    **{(name, "create_reply_lost"): NOT_BY_REFERENCE for name in ONLINE if name != "sandbox"},
    **{
        (name, case): ASKS_NOBODY
        for name in OFFLINE
        for case in CASES
        if case not in {"whole_checkout", "decline", "second_attempt", "forged", "refund_full"}
    },
    ("manual", "refund_full"): BY_HAND,
}


def lacking(case: str) -> frozenset[str]:
    """The gateways that are excused from a case."""
    return frozenset(name for name in ONLINE if (name, case) in EXCUSES)
