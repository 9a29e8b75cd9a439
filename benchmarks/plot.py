"""A plot of bars as SVG, drawn by hand: a picture of a few numbers needs no library."""

from collections.abc import Sequence
from html import escape

import attrs

WIDTH, LABEL, ROW, BAR = 760, 190, 26, 16
TITLE = 34
# Readable on a light page and on a dark one.
INK, COLOURS = "#7d8590", ("#2f81f7", "#d29922")


@attrs.frozen
class Panel:
    """Bars below one another. Shape: each has a label and the lengths of its parts, end to end.

    `mark` is where a limit is drawn, `names` tell what the parts are.
    """

    title: str
    bars: Sequence[tuple[str, Sequence[float]]]
    unit: str = ""
    names: Sequence[str] = ()
    mark: float | None = None

    @property
    def height(self) -> int:
        """In pixels."""
        return TITLE + ROW * len(self.bars) + 14


def drawn(panels: Sequence[Panel]) -> str:
    """The panels below one another."""
    parts, top = [], 0
    for panel in panels:
        parts += _panel(panel, top)
        top += panel.height
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}"'
        f' viewBox="0 0 {WIDTH} {top}" font-family="sans-serif" font-size="13" fill="{INK}">'
    )
    return "\n".join([head, *parts, "</svg>", ""])


def _panel(panel: Panel, top: int) -> list[str]:
    longest = max([sum(lengths) for _, lengths in panel.bars] + [panel.mark or 0])
    scale = (WIDTH - LABEL - 80) / longest
    parts = [_text(0, top + 18, panel.title, 'font-weight="bold"')]
    for number, name in enumerate(panel.names):
        parts.append(_text(WIDTH - 90 * (len(panel.names) - number), top + 18, name, _fill(number)))
    for index, (label, lengths) in enumerate(panel.bars):
        parts += _bar(label, lengths, panel.unit, scale, top + TITLE + ROW * index)
    if panel.mark is not None:
        x, bottom = LABEL + panel.mark * scale, top + TITLE + ROW * len(panel.bars)
        parts.append(f'<path d="M{x:.0f} {top + TITLE - 6}V{bottom}" stroke="{INK}" stroke-dasharray="4 3"/>')
    return parts


def _bar(label: str, lengths: Sequence[float], unit: str, scale: float, y: int) -> list[str]:
    parts, x = [_text(LABEL - 10, y + 13, label, 'text-anchor="end"')], float(LABEL)
    for number, length in enumerate(lengths):
        size = f'width="{length * scale:.1f}" height="{BAR}"'
        parts.append(f'<rect x="{x:.1f}" y="{y}" {size} {_fill(number)}/>')
        x += length * scale
    return [*parts, _text(x + 6, y + 13, f"{sum(lengths):.3g}{unit}")]


def _text(x: float, y: float, said: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y}" {more}>{escape(said)}</text>'


def _fill(number: int) -> str:
    return f'fill="{COLOURS[number]}"'
