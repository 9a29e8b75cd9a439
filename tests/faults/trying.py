"""Trying every fault at every gateway: one fault after the other, at all gateways at the same time."""

import traceback
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

import attrs

from tests.faults.matrix import FAULTS, GATEWAYS, Fault, excuse
from tests.faults.stands import Stand, Stands
from tests.faults.walks import WALKS
from tests.races.patience import CALLBACK_SECONDS_MAX
from tests.steps.http_gateway import poll

# Whoever is still at work after that has kept a thread.
FREE_SECONDS_MAX = 2 * CALLBACK_SECONDS_MAX


@attrs.frozen
class Cell:
    """What came of one fault at one gateway: what was `seen`, or the `trouble` that there was."""

    seen: str = ""
    trouble: str = ""


Rows = Mapping[Fault, Mapping[str, Cell]]


def tried(
    stands: Stands, faults: Iterable[Fault] = FAULTS, tell: Callable[[str], object] = lambda _: None
) -> Rows:
    """A row for each fault, with a cell for each gateway at which it can strike."""
    rows: dict[Fault, Mapping[str, Cell]] = {}
    with ThreadPoolExecutor(len(GATEWAYS)) as threads:
        for fault in faults:
            names = [name for name in GATEWAYS if not excuse(fault, name)]
            cells = list(threads.map(_cell, [stands.of(fault, name) for name in names], [fault] * len(names)))
            assert poll(lambda: not stands.under_way(), FREE_SECONDS_MAX), f"{fault} keeps threads at work"
            rows[fault] = dict(zip(names, cells, strict=True))
            told = [f"{name} {cell.seen or 'FAILED'}" for name, cell in rows[fault].items()]
            tell(f"{fault}: {'; '.join(told)}")
    return rows


def troubles(rows: Rows) -> str:
    """All that went wrong, for people to read; empty when nothing did."""
    return "\n\n".join(
        f"{fault} at {name}: {cell.trouble}"
        for fault, row in rows.items()
        for name, cell in row.items()
        if cell.trouble
    )


def _cell(stand: Stand, fault: Fault) -> Cell:
    try:
        stand.calm_down()
        return Cell(seen=WALKS[fault.moment](stand, fault.action))
    except Exception:
        # The others are tried all the same: what went wrong is told in the end, all together.
        return Cell(trouble=traceback.format_exc(limit=-3))
