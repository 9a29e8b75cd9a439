"""The rules a tester can arm: which call they match, what they do to it, and how they are written down."""

import random
from collections.abc import Mapping

import attrs

from adapters.sandbox.refusals import Invalid


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


API_OPS = ("create", "status", "capture", "void", "refund")
OPS = (*API_OPS, "callback", "return")

REPLY_ACTIONS = _words(
    "delay_ms slow_drip http_500_before http_500_after drop_before drop_after truncate_json html_200 "
    "http_429 forget status_404_for_ms stuck_pending status_flap unknown_status_word error_in_200"
)
AMOUNT_ACTIONS = _words("wrong_amount wrong_currency amount_as_string amount_as_float amount_as_exponent")
CALLBACK_ACTIONS = _words(
    "drop duplicate delay_ms reorder before_create_reply bad_signature other_merchant_key stale_ts "
    "future_ts no_signature wrong_ref missing_field extra_field non_utf8 huge_body get_instead_of_post "
    "post_then_get get_then_post"
)
RETURN_ACTIONS = _words("never_returns success_url_on_failure tampered_query double_click")
PARTIAL_CAPTURE = "partial_capture"
BEFORE_CREATE_REPLY = "before_create_reply"

_ACTIONS = dict.fromkeys(API_OPS, REPLY_ACTIONS | AMOUNT_ACTIONS | {PARTIAL_CAPTURE}) | {
    "callback": CALLBACK_ACTIONS | AMOUNT_ACTIONS,
    "return": RETURN_ACTIONS,
}
_KNOWN_ACTIONS = frozenset().union(*_ACTIONS.values())

# After one of these nothing is left of the answer for a later rule to spoil, so later rules keep their turn.
FINAL = _words(
    "http_500_before http_500_after drop_before drop_after truncate_json html_200 http_429 error_in_200 "
    "drop never_returns"
)

CAPTURING = "capturing"
CREATING = "creating"

_WISH_FIELDS = _words("op action merchant_ref payment_id nth times probability seed params")
_MS_MAX = 600_000
_N_MAX = 16 * 1024 * 1024
_ASKED_OF_STATUS = AMOUNT_ACTIONS | {
    "stuck_pending",
    "status_flap",
    "unknown_status_word",
    "status_404_for_ms",
}


@attrs.define(eq=False)
class Rule:
    """A fault as armed.

    Attributes:
        nth: the first match it strikes, from 1.
        times: how many it strikes, None for always.
        probability: how likely each of those is struck; `seed` makes the dice repeatable.
    """

    id: str
    op: str
    action: str
    merchant_ref: str | None
    payment_id: str | None
    nth: int
    times: int | None
    probability: float
    seed: int | None
    params: Mapping[str, object]
    matched: int = 0
    struck: int = 0
    _dice: random.Random = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._dice = random.Random(self.seed)  # noqa: S311 - dice for faults, no secret depends on them

    def is_for(self, moment: str) -> bool:
        if self.action == BEFORE_CREATE_REPLY:
            return moment == CREATING
        if self.action == PARTIAL_CAPTURE:
            # Real money is taken in part whichever call it was armed for; only a status answer can also lie.
            return moment == CAPTURING or (moment == self.op == "status")
        return moment == self.op

    def fits(self, merchant_ref: str | None, payment_id: str | None) -> bool:
        return self.merchant_ref in (None, merchant_ref) and self.payment_id in (None, payment_id)

    def roll(self) -> bool:
        """Counts a match and decides whether it is struck."""
        self.matched += 1
        if self.matched < self.nth or (self.times is not None and self.struck >= self.times):
            return False
        if self._dice.random() >= self.probability:
            return False
        self.struck += 1
        return True


def wish_from_metadata(fault: object) -> dict[str, object]:
    """Reads `metadata.fault`: an action, `op:action`, or a whole rule as the control side takes it."""
    if isinstance(fault, Mapping):
        return dict(fault)
    if not isinstance(fault, str):
        raise Invalid("invalid_fault", "A fault is a name, op:name, or an object.", "metadata.fault")
    op, colon, action = fault.rpartition(":")
    return {"op": op if colon else _usual_op(action), "action": action}


def _usual_op(action: str) -> str:
    if action in _ASKED_OF_STATUS:
        return "status"
    if action == PARTIAL_CAPTURE:
        return "capture"
    return next((op for op in OPS if action in _ACTIONS[op]), "create")


def rule_from(wish: Mapping[str, object], rule_id: str) -> Rule:
    """Checks a wish field by field. Raises: Invalid."""
    for name in sorted(set(wish) - _WISH_FIELDS):
        raise Invalid("unknown_field", "There is no such field.", name)
    op, action = _op_and_action(wish)
    return Rule(
        id=rule_id,
        op=op,
        action=action,
        merchant_ref=_text(wish, "merchant_ref"),
        payment_id=_text(wish, "payment_id"),
        nth=_whole(wish, "nth", 1),
        times=None if "times" in wish and wish["times"] is None else _whole(wish, "times", 1),
        probability=_share(wish),
        seed=_seed(wish),
        params=_params(wish),
    )


def _op_and_action(wish: Mapping[str, object]) -> tuple[str, str]:
    op, action = wish.get("op"), wish.get("action")
    if not isinstance(op, str) or op not in OPS:
        raise Invalid("unknown_op", f"op must be one of {', '.join(OPS)}.", "op")
    if not isinstance(action, str) or action not in _KNOWN_ACTIONS:
        raise Invalid("unknown_action", "There is no such action.", "action")
    if action not in _ACTIONS[op]:
        raise Invalid("wrong_action", f"{action} can never strike a {op}.", "action")
    return op, action


def _text(wish: Mapping[str, object], name: str) -> str | None:
    value = wish.get(name)
    if value is not None and not isinstance(value, str):
        raise Invalid("invalid_field", f"{name} must be text.", name)
    return value


def _whole(wish: Mapping[str, object], name: str, otherwise: int) -> int:
    value = otherwise if wish.get(name) is None else wish[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise Invalid("invalid_field", f"{name} must be a whole number from 1.", name)
    return value


def _share(wish: Mapping[str, object]) -> float:
    value = 1.0 if wish.get("probability") is None else wish["probability"]
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
        raise Invalid("invalid_field", "probability must lie between 0 and 1.", "probability")
    return float(value)


def _seed(wish: Mapping[str, object]) -> int | None:
    value = wish.get("seed")
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise Invalid("invalid_field", "seed must be a whole number.", "seed")
    return value


def _params(wish: Mapping[str, object]) -> Mapping[str, object]:
    params = {} if wish.get("params") is None else wish["params"]
    if not isinstance(params, Mapping):
        raise Invalid("invalid_field", "params must be an object.", "params")
    for name, value in params.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        fits = {
            "ms": is_number and 0 <= value <= _MS_MAX,
            "n": isinstance(value, int) and is_number and 0 <= value <= _N_MAX,
            "amount": isinstance(value, int) and is_number and value >= 0,
            "currency": isinstance(value, str),
            "status": isinstance(value, str),
            "kept": isinstance(value, bool),
        }.get(name, False)
        if not fits:
            raise Invalid(
                "invalid_field", f"{name} is no parameter of a fault, or is out of range.", "params"
            )
    return dict(params)
