"""The matrix: which fault strikes at which moment of a payment, at which gateway; or why it cannot."""

from collections.abc import Mapping

import attrs

from adapters.gateways.registry import backends
from adapters.gateways.transport import Transport
from adapters.sandbox.rules import (
    AMOUNT_ACTIONS,
    CALLBACK_ACTIONS,
    PARTIAL_CAPTURE,
    REPLY_ACTIONS,
    RETURN_ACTIONS,
)
from application.backends import OnlineBackend
from application.gateways import ClosesBills, CollectsApproved, HoldsMoney
from tests.sandbox.excuses import EXCUSES, NO_AMOUNT

OPENING, ASKING, COLLECTING, CLOSING = "create", "status", "capture", "void"
LETTING_GO = "void_held"
HEARING, RETURNING = "callback", "return"

# What the sandbox calls a moment, where that has two.
OPERATIONS: Mapping[str, str] = {LETTING_GO: CLOSING}

_KNOWN = backends(Transport())
_TYPES = {name: each.gateway_type for name, each in _KNOWN.items() if isinstance(each, OnlineBackend)}
GATEWAYS = tuple(_TYPES)

MOMENTS: Mapping[str, frozenset[str]] = {
    OPENING: REPLY_ACTIONS | AMOUNT_ACTIONS,
    ASKING: REPLY_ACTIONS | AMOUNT_ACTIONS,
    COLLECTING: REPLY_ACTIONS | {PARTIAL_CAPTURE},
    CLOSING: REPLY_ACTIONS,
    LETTING_GO: REPLY_ACTIONS,
    HEARING: CALLBACK_ACTIONS,
    RETURNING: RETURN_ACTIONS,
}

NEVER_COLLECTED = "it takes the money when the customer pays, and is not asked to"
NEVER_CLOSED = "an unpaid payment cannot be closed there"
NEVER_HELD = "it cannot hold money, only take it"
NEVER_LET_GO = "what it holds reads like what it has taken, so that a person ends a hold"
NO_AMOUNT_AT_FIRST = "what it answers to an opening holds no amount"
NEVER_IN_PART = "a session that is paid tells what was asked for, and what was taken only where it was held"
NEVER_UNKNOWN = "it cannot say that it knows no such payment, so that the order waits for a person"

# Where the service has to do with more than what the dialect cannot express.
_OWN: Mapping[tuple[str, str, str], str] = {
    ("stripe", COLLECTING, PARTIAL_CAPTURE): NEVER_IN_PART,
    ("epoint", OPENING, "forget"): NEVER_UNKNOWN,
    **{
        (name, OPENING, action): NO_AMOUNT_AT_FIRST
        for name in ("epoint", "payu", "paynow")
        for action in AMOUNT_ACTIONS
    },
}


@attrs.frozen(order=True)
class Fault:
    """An action of the sandbox's, and the call or message that it strikes."""

    moment: str
    action: str

    def __str__(self) -> str:
        return f"{self.moment}-{self.action}"


FAULTS = tuple(Fault(moment, action) for moment, actions in MOMENTS.items() for action in sorted(actions))


def collects(gateway: str) -> bool:
    """Whether we have to say there when the money is to be taken."""
    return issubclass(_TYPES[gateway], CollectsApproved)


def holds(gateway: str) -> bool:
    """Whether money can be held there, and let go without a person."""
    return issubclass(_TYPES[gateway], HoldsMoney) and _TYPES[gateway].capabilities.tells_holds


def excuse(fault: Fault, gateway: str) -> str | None:
    """Why this fault cannot strike there, or nothing can come of it, if that is so."""
    if fault.moment == COLLECTING and fault.action != PARTIAL_CAPTURE and not collects(gateway):
        return NEVER_COLLECTED
    if fault.moment == CLOSING and not issubclass(_TYPES[gateway], ClosesBills):
        return NEVER_CLOSED
    if fault.moment == LETTING_GO and not holds(gateway):
        return NEVER_LET_GO if issubclass(_TYPES[gateway], HoldsMoney) else NEVER_HELD
    if fault.action == PARTIAL_CAPTURE and (gateway, "wrong_amount") in EXCUSES:
        return NO_AMOUNT
    own = _OWN.get((gateway, fault.moment, fault.action))
    return own or EXCUSES.get((gateway, fault.action))
