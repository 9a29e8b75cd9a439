"""The README's purchase, step by step: its own commands, run against a demo, answer what it shows."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.processes import Demo
from tests.walkthrough.blocks import README, Step, differences, read_shown, steps_of

SHOWN_SHOP = "SHOP=http://127.0.0.1:8080"
BOUNDARY = "----- end of step -----"
STEPS = list(steps_of(README.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    demo = Demo.start(tmp_path_factory.mktemp("demo"))
    yield demo
    demo.program.stop()


def outputs(demo: Demo, folder: Path) -> list[str]:
    """What each step writes, all run in one shell as a reader would."""
    script = "\n".join(f"{step.commands}\necho; echo '{BOUNDARY}'" for step in STEPS)
    for shown, printed in {SHOWN_SHOP: f"SHOP={demo.shop}", **demo.passwords}.items():
        assert shown in script, f"the walk-through does not use {shown}"
        script = script.replace(shown, printed)
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout.split(BOUNDARY)[:-1]


def last_document(output: str) -> Any:
    """The JSON document that a step's output ends with."""
    return json.loads(re.split(r"\n(?=\{)", f"\n{output.strip()}")[-1])


class TestTheWalkThrough:
    def test_answers_what_it_shows(self, demo: Demo, tmp_path: Path) -> None:
        """Every command succeeds, and every answer shown is the answer given."""
        written = outputs(demo, tmp_path)

        wrong = [
            f"{difference}\n  after {step.commands}"
            for step, output in zip(STEPS, written, strict=True)
            if step.shown is not None
            for difference in differences(step.shown, last_document(output))
        ]
        assert not wrong, "\n".join(wrong)

    def test_shows_the_whole_way(self) -> None:
        """From signing in to a shipped order; a walk-through that lost its blocks would prove nothing."""
        text = "".join(step.commands for step in STEPS)

        assert sum(step.shown is not None for step in STEPS) >= 10
        for call in ("/v1/tokens", "/v1/cart/checkout", "card_number=", "/approve", "/status"):
            assert call in text

    def test_needs_nothing_but_curl_and_python(self) -> None:
        """Whoever has Python and a shell can follow it."""
        assert not re.search(r"\b(jq|http|wget)\b ", "".join(step.commands for step in STEPS))


class TestReadingWhatIsShown:
    @pytest.mark.parametrize(
        ("shown", "found", "count"),
        [
            ('{"a": 1}', {"a": 1}, 0),
            ('{"a": 1}', {"a": 2}, 1),
            ('{"a": 1}', {"a": 1.0}, 1),
            ('{"a": 1}', {"a": 1, "b": 2}, 1),
            ('{"a": 1, ...}', {"a": 1, "b": 2}, 0),
            ('{"a": 1, ...}', {"b": 2}, 1),
            ('{"a": ...}', {"a": [{}]}, 0),
            ('[{"a": 1}, ...]', [{"a": 1}, {"a": 2}], 0),
            ('[{"a": 1}]', [{"a": 1}, {"a": 2}], 1),
            ('[{"a": 1}, {"a": 2}]', [{"a": 1}], 1),
            ('"a dot. and ... dots"', "a dot. and ... dots", 0),
            ("4.50", 4.5, 0),
        ],
    )
    def test_takes_dots_for_what_is_left_out(self, shown: str, found: object, count: int) -> None:
        """A check that accepts everything would be none."""
        assert len(list(differences(read_shown(shown), found))) == count

    def test_pairs_commands_with_the_answer_below(self) -> None:
        """Commands without an answer below stay without."""
        text = "<!-- walk-through -->\n```sh\na\n```\n```sh\nb\n```\n```json\n{}\n```\n<!-- /walk-through -->"

        assert list(steps_of(text)) == [Step("a\n"), Step("b\n", {})]
