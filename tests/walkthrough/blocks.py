"""The README's walk-through as commands, each with what it is said to answer."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

README = Path(__file__).resolve().parents[2] / "README.md"
START, END = "<!-- walk-through -->", "<!-- /walk-through -->"
ANYTHING = "..."

_BLOCK = re.compile(r"^```(sh|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\.\.\.|[\[\]{}]|[^"\[\]{}.]+|\.')


@attrs.frozen
class Step:
    """Some commands, and the answer that is shown below them, if any."""

    commands: str
    shown: Any = None


def steps_of(readme: str) -> Iterator[Step]:
    """The steps of the walk-through, in their order."""
    text = readme.partition(START)[2].partition(END)[0]
    blocks = [(found[1], found[2]) for found in _BLOCK.finditer(text)]
    for (kind, body), (kind_below, below) in zip(blocks, [*blocks[1:], ("", "")], strict=True):
        if kind == "sh":
            yield Step(body, read_shown(below) if kind_below == "json" else None)


def read_shown(text: str) -> Any:
    """JSON in which `...` stands for any value, or for more fields or elements than are shown."""
    told, within = "", [""]
    for token in _TOKEN.findall(text):
        if token in "[{":
            within.append(token)
        elif token in "]}":
            within.pop()
        is_field = token == ANYTHING and within[-1] == "{" and not told.rstrip().endswith(":")
        told += f'"{ANYTHING}": 0' if is_field else f'"{ANYTHING}"' if token == ANYTHING else token
    return json.loads(told)


def differences(shown: Any, found: Any, at: str = "answer") -> Iterator[str]:
    """Where the answer is not as shown; fields that are not shown do not matter if `...` says so."""
    if shown == ANYTHING:
        return
    if isinstance(shown, dict) and isinstance(found, dict):
        yield from _fields(shown, found, at)
    elif isinstance(shown, list) and isinstance(found, list):
        yield from _elements(shown, found, at)
    elif shown != found or type(shown) is not type(found):
        yield f"{at} is {found!r}, not {shown!r}"


def _fields(shown: dict[str, Any], found: dict[str, Any], at: str) -> Iterator[str]:
    for name in shown.keys() - {ANYTHING}:
        if name in found:
            yield from differences(shown[name], found[name], f"{at}.{name}")
        else:
            yield f"{at} has no {name}"
    if ANYTHING not in shown and found.keys() - shown.keys():
        yield f"{at} also has {', '.join(sorted(found.keys() - shown.keys()))}"


def _elements(shown: list[Any], found: list[Any], at: str) -> Iterator[str]:
    is_open = bool(shown) and shown[-1] == ANYTHING
    told = shown[:-1] if is_open else shown
    if len(found) < len(told) or (len(found) > len(told) and not is_open):
        yield f"{at} has {len(found)} elements, not {len(told)}"
    for place, (one, other) in enumerate(zip(told, found, strict=False)):
        yield from differences(one, other, f"{at}[{place}]")
