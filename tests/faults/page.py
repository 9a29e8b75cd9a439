"""The page about the matrix: written of what was seen, and read again to find out what it is about."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.faults.matrix import (
    ASKING,
    CLOSING,
    COLLECTING,
    FAULTS,
    GATEWAYS,
    HEARING,
    LETTING_GO,
    MOMENTS,
    OPENING,
    RETURNING,
    Fault,
    excuse,
)
from tests.faults.trying import Rows

PAGE = Path(__file__).with_name("matrix.md")

HEAD = """# Every fault at every gateway

The service stands in front of the sandbox in each of its dialects, on real sockets, and every fault that the
sandbox knows is armed at every moment of a payment at which it can strike. `make test` tries them all;
`python -m tests.faults` tries them all, too, and has written this page. Whatever a cell says, it means that

- we answered in time: within the gateway's deadline and a margin, callbacks and customers within 5 s,
- no thread of ours was at work any more afterwards,
- by the gateway's journal money was taken once, or not at all where the customer did not pay,
- nothing failed on the way without the gateway's own word,
- stock, orders, payments and events agree with that in the end, and `kassa verify` finds nothing.

A cell says what was answered, and then who found out that the customer had paid: `news` (a callback, or the
customer who came back), the `janitor`, or `staff` who had the gateway asked again; where more than one could,
which was first is chance. A letter stands where the gateway's dialect cannot express the fault, or nothing
can come of it; the reasons are below.
"""

TITLES: Mapping[str, tuple[str, str]] = {
    OPENING: (
        "Opening a payment",
        "What the checkout was answered. Then the customer paid, after checking out again if need be.",
    ),
    ASKING: (
        "Asking how it stands",
        "The customer has paid. What staff were answered who asked; afterwards the gateway was well again.",
    ),
    COLLECTING: (
        "Taking the money",
        "The customer has agreed to pay. What staff were answered who asked; afterwards it was well again.",
    ),
    CLOSING: ("Closing an unpaid payment", "What the customer was answered who cancelled the order."),
    LETTING_GO: (
        "Letting held money go",
        "The bank holds the money. What the customer was answered who cancelled the order.",
    ),
    HEARING: (
        "Hearing callbacks",
        "The customer pays and never comes back. What all the callbacks were answered, spoilt as they were;"
        " of one that beats the answer to our own call, what the checkout was answered.",
    ),
    RETURNING: (
        "Coming back",
        "How the customer who came back was told that it went; by `success_url_on_failure` they gave up.",
    ),
}

_LETTER = re.compile(r"\(([a-z])\)")
_REASON = re.compile(r"^- \(([a-z])\) (.+)\.$", re.MULTILINE)


def written(rows: Rows) -> str:
    """The whole page."""
    excuses = (excuse(fault, name) for fault in FAULTS for name in GATEWAYS)
    reasons = list(dict.fromkeys(reason for reason in excuses if reason))
    letters = {reason: f"({chr(ord('a') + number)})" for number, reason in enumerate(reasons)}
    lines = [HEAD]
    for moment, (title, about) in TITLES.items():
        lines += [f"## {title}", "", about, "", *_table(moment, rows, letters), ""]
    lines += ["## Reasons", "", *(f"- {letter} {reason}." for reason, letter in letters.items())]
    return "\n".join(lines) + "\n"


def _table(moment: str, rows: Rows, letters: Mapping[str, str]) -> Iterator[str]:
    yield f"| `{moment}` | {' | '.join(GATEWAYS)} |"
    yield "|---" * (len(GATEWAYS) + 1) + "|"
    for action in sorted(MOMENTS[moment]):
        fault = Fault(moment, action)
        cells = [
            letters[reason] if (reason := excuse(fault, name)) else rows[fault][name].seen
            for name in GATEWAYS
        ]
        yield f"| `{action}` | {' | '.join(cells)} |"


def read(text: str) -> Mapping[tuple[Fault, str], str | None]:
    """For each cell of the page the reason that it gives, or None where something was seen."""
    reasons = dict(_REASON.findall(text))
    found: dict[tuple[Fault, str], str | None] = {}
    moment, names = "", list[str]()
    for line in text.splitlines():
        if not line.startswith("| `"):
            continue
        first, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        if first.strip("`") in MOMENTS:
            moment, names = first.strip("`"), cells
            continue
        for name, cell in zip(names, cells, strict=True):
            letter = _LETTER.fullmatch(cell)
            assert cell, (first, name)
            found[Fault(moment, first.strip("`")), name] = reasons[letter[1]] if letter else None
    return found
