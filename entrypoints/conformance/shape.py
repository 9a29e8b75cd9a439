"""The JSON Schema of a file of recordings."""

from collections.abc import Mapping
from typing import Any

from domain.verdict import VerdictStatus

VERDICTS = tuple(str(status) for status in VerdictStatus)
MOVES = ("done", "pending", "declined")

# Nobody can tell by it: an answer that means only that one has to ask again.
TROUBLE = "trouble"

# What an answer may mean, by the use of the port that was made.
MEANINGS: Mapping[str, tuple[str, ...]] = {
    "open": ("opened", "refused", TROUBLE),
    "ask": (*VERDICTS, "approved", TROUBLE),
    "find": (*VERDICTS, TROUBLE),
    "close": (*VERDICTS, TROUBLE),
    "void": (*VERDICTS, TROUBLE),
    "collect": (*VERDICTS, "approved", TROUBLE),
    "capture": (*MOVES, TROUBLE),
    "refund": (*MOVES, TROUBLE),
    "refund_status": (*MOVES, TROUBLE),
    "confirm": ("genuine", "forged", TROUBLE),
    "register": ("registered", "refused", TROUBLE),
    "charge": (*VERDICTS, "refused", TROUBLE),
}

CALLBACK_MEANINGS = (*VERDICTS, "nothing", "forged", "malformed")

_TEXT = {"type": "string"}
_TEXTS = {"type": "object", "additionalProperties": _TEXT}


def _object(required: Mapping[str, Any], optional: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = {**required, **optional, "about": _TEXT}
    return {
        "type": "object",
        "required": list(required),
        "properties": properties,
        "additionalProperties": False,
    }


_REQUEST = _object(
    {
        "method": {"enum": ["GET", "POST", "PUT", "PATCH", "DELETE"]},
        "path": {"type": "string", "pattern": "^/"},
    },
    {"query": _TEXT, "headers": _TEXTS, "json": {}, "form": _TEXTS},
)
_REPLY = _object(
    {"status": {"type": "integer", "minimum": 200, "maximum": 599}},
    {"headers": _TEXTS, "json": {}, "text": _TEXT},
)
_EXCHANGES = {"type": "array", "items": _object({"request": _REQUEST, "reply": _REPLY}, {})}


def _situations(meanings: tuple[str, ...]) -> Mapping[str, Any]:
    means = {"enum": list(meanings)}
    words = {"type": "object", "additionalProperties": means, "minProperties": 1}
    each = _object(
        {"exchanges": {**_EXCHANGES, "minItems": 1}},
        {"means": means, "words": words, "settings": {"type": "object"}},
    )
    one_of = [{"required": ["means"]}, {"required": ["words"]}]
    return {"type": "array", "minItems": 1, "items": {**each, "oneOf": one_of}}


_BILL = _object(
    {
        "order_id": {"type": "string", "pattern": "^[!-~]{1,64}$"},
        "transaction_id": {"type": "string", "pattern": "^[!-~]{1,255}$"},
        "amount": {"type": "integer", "minimum": 2},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
    },
    {"decimals": {"type": "integer", "minimum": 0, "maximum": 4}, "move_id": _TEXT, "card_id": _TEXT},
)
_CALLBACK = _object(
    {"means": {"enum": list(CALLBACK_MEANINGS)}},
    {
        "method": {"enum": ["GET", "POST"]},
        "query": _TEXT,
        "headers": _TEXTS,
        "body": _TEXT,
        "at": {"type": "number"},
    },
)

SHAPE: Mapping[str, Any] = _object(
    {"settings": {"type": "object"}},
    {
        "bill": _BILL,
        "amounts": {"enum": ["minor", "minor_text", "major", "major_text"]},
        "currencies": {
            "type": "object",
            "propertyNames": {"pattern": "^[A-Z]{3}$"},
            "additionalProperties": {"type": "integer", "minimum": 0, "maximum": 4},
        },
        "always": _EXCHANGES,
        "situations": {
            "type": "object",
            "properties": {operation: _situations(means) for operation, means in MEANINGS.items()},
            "additionalProperties": False,
        },
        "callbacks": {"type": "array", "items": _CALLBACK},
        # A reason that tells nothing is none.
        "left_out": {"type": "object", "additionalProperties": {"type": "string", "minLength": 10}},
    },
)
