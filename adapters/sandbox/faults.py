"""The faults that are armed, and what strikes when."""

import itertools
import threading
from collections.abc import Mapping, Sequence

import attrs

from adapters.sandbox.refusals import Invalid, Unknown
from adapters.sandbox.rules import FINAL, Rule, rule_from, wish_from_metadata

_RULES_MAX = 10_000


@attrs.frozen
class Strike:
    """One fault taking effect: what it does, with which parameters, for the which time.

    Its parameters were checked when the rule was armed.
    """

    action: str
    params: Mapping[str, object]
    count: int

    def number(self, name: str, otherwise: float) -> float:
        value = self.params.get(name)
        return float(value) if isinstance(value, int | float) else otherwise

    def whole(self, name: str, otherwise: int) -> int:
        return int(self.number(name, otherwise))

    def flag(self, name: str) -> bool:
        return self.params.get(name) is True

    def word(self, name: str, otherwise: str) -> str:
        value = self.params.get(name)
        return value if isinstance(value, str) else otherwise


class FaultBook:
    """All armed rules, in the order in which they were armed."""

    def __init__(self, lock: threading.Condition) -> None:
        self._lock = lock
        self._rules: dict[str, Rule] = {}
        self._refs_with_own_fault: set[str] = set()
        self._numbers = itertools.count(1)

    def arm(self, wish: Mapping[str, object]) -> Rule:
        """Raises: Invalid, naming the field, when the wish makes no sense."""
        with self._lock:
            if len(self._rules) >= _RULES_MAX:
                raise Invalid("too_many_faults", f"At most {_RULES_MAX} faults can be armed.")
            rule = rule_from(wish, f"flt_{next(self._numbers)}")
            self._rules[rule.id] = rule
            return rule

    def arm_from_metadata(self, fault: object, merchant_ref: str) -> None:
        """Arms what a payment's own metadata asks for, once: a repeated create must not meet it again."""
        wish = wish_from_metadata(fault) | {"merchant_ref": merchant_ref}
        with self._lock:
            if merchant_ref not in self._refs_with_own_fault:
                self.arm(wish)
                self._refs_with_own_fault.add(merchant_ref)

    def strike(self, moment: str, merchant_ref: str | None, payment_id: str | None) -> tuple[Strike, ...]:
        """Says what goes wrong now. `moment` is an op, or `CAPTURING` or `CREATING` inside the gateway."""
        if not self._rules:
            return ()
        strikes = []
        with self._lock:
            for rule in self._rules.values():
                if not (rule.is_for(moment) and rule.fits(merchant_ref, payment_id) and rule.roll()):
                    continue
                strikes.append(Strike(rule.action, rule.params, rule.struck))
                if rule.action in FINAL:
                    break
        return tuple(strikes)

    def rules(self) -> list[Rule]:
        with self._lock:
            return list(self._rules.values())

    def disarm(self, rule_id: str) -> None:
        with self._lock:
            if self._rules.pop(rule_id, None) is None:
                raise Unknown("unknown_fault", f"No fault {rule_id} is armed.")

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()
            self._refs_with_own_fault.clear()


def has(strikes: Sequence[Strike], *actions: str) -> Strike | None:
    """Finds the first strike that is one of these actions."""
    return next((strike for strike in strikes if strike.action in actions), None)
