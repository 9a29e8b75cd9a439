"""The closed vocabulary of the features, and the reader of step texts.

A step is written as a template: `{who} puts {n} {goods} in {their} cart`. Each placeholder is a kind
of word with its own closed pattern, so that two templates match the same text only by mistake, and
`tests/bdd/test_steps.py` finds such mistakes.
"""

import re
from collections.abc import Callable
from typing import Any

from pytest_bdd.parsers import StepParser

from tests.steps.money import MONEY, parse_money
from tests.steps.shop import Claim, Refusal, Signature, Trouble

METHODS = (
    "card",
    "cash on delivery",
    "bank transfer",
    "payment in advance",
    "cash at the counter",
    "wallet",
    "sea shells",
)
STATUSES = {
    "new": "NEW",
    "on hold": "HOLD",
    "in processing": "PROCESSING",
    "shipped": "SHIPPED",
    "delivered": "DELIVERED",
    "completed": "COMPLETED",
    "failed": "FAILED",
    "cancelled": "CANCELLED",
    "refunded": "REFUNDED",
}
STATUS_LIST = "|".join(STATUSES)


def _one_of(words: Any) -> str:
    return "|".join(re.escape(str(word)) for word in sorted(words, key=len, reverse=True))


def _checked_money(text: str) -> str:
    parse_money(text)
    return text


def _statuses(text: str) -> set[str]:
    return set() if text == "nothing else" else {STATUSES[word] for word in text.split(", ")}


KINDS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "who": (r"[A-Z][a-z]+", str),
    "other": (r"[A-Z][a-z]+", str),
    "their": (r"(?:his|her|their)", str),
    "they": (r"(?:he|she|they)", str),
    "seller": (r"[A-Z][a-z]+ [A-Z][a-z]+", str),
    "n": (r"-?\d+", int),
    "goods": (r'"[^"]+"', lambda text: text[1:-1]),
    "money": (MONEY, _checked_money),
    "money2": (MONEY, _checked_money),
    "currency": (r"[A-Z]{3}", str),
    "method": (_one_of(METHODS), str),
    "status": (STATUS_LIST, STATUSES.__getitem__),
    "before": (STATUS_LIST, STATUSES.__getitem__),
    "statuses": (rf"nothing else|(?:{STATUS_LIST})(?:, (?:{STATUS_LIST}))*", _statuses),
    "reason": (_one_of(Refusal), Refusal),
    "trouble": (_one_of(Trouble), Trouble),
    "claim": (_one_of(Claim), Claim),
    "signature": (_one_of(Signature), Signature),
    "page": (r"the success page|the failure page|the shop's own page", str),
    "told": (r"success|pending|failed", str),
    "digits": (r"\d{4}", str),
}


class Phrase(StepParser):
    """A step text with typed placeholders; a word in (round brackets) may be left out."""

    def __init__(self, template: str) -> None:
        super().__init__(template)
        self.kinds = re.findall(r"\{(\w+)\}", template)
        parts = re.split(r"(\{\w+\}|\([^)]*\))", template)
        self.regex = re.compile("".join(map(self._pattern, parts)))

    @staticmethod
    def _pattern(part: str) -> str:
        if part.startswith("{"):
            return f"(?P<{part[1:-1]}>{KINDS[part[1:-1]][0]})"
        return f"(?:{re.escape(part[1:-1])})?" if part.startswith("(") else re.escape(part)

    def parse_arguments(self, name: str) -> dict[str, Any] | None:
        """What the text says for each placeholder, or nothing when it says something else."""
        match = self.regex.fullmatch(name)
        return {kind: KINDS[kind][1](match[kind]) for kind in self.kinds} if match else None

    def is_matching(self, name: str) -> bool:
        """Whether this is the sentence for the text."""
        return self.regex.fullmatch(name) is not None
