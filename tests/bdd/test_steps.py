"""The features themselves: whether they can be read by people, and in one way only by the machine."""

import configparser
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest
from gherkin.parser import Parser
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

from tests.bdd.needs import LACKING
from tests.steps import givens, thens, whens

ROOT = Path(__file__).resolve().parents[2]
FEATURES = ROOT / "features"
FILES = sorted(FEATURES.rglob("*.feature"))
LINES_MAX = 60
BACKGROUND_STEPS_MAX = 4
EXAMPLES_PER_RULE_MAX = 3
MACHINE_TALK = re.compile(
    r"\b(HTTP|JSON|GET|POST|PUT|DELETE|API|URL|status code|endpoint|database|[245]\d\d)\b|/v1/|://"
)


@attrs.frozen
class Step:
    """One line of a story: the kind of step it is, And resolved, and what it says."""

    kind: str
    text: str


def _steps(node: dict) -> list[Step]:
    kinds = {"Context": "given", "Action": "when", "Outcome": "then"}
    steps: list[Step] = []
    for step in node["steps"]:
        kind = steps[-1].kind if step["keywordType"] == "Conjunction" else kinds[step["keywordType"]]
        steps.append(Step(kind, step["text"]))
    return steps


def _feature(path: Path) -> dict:
    return Parser().parse(path.read_text(encoding="utf-8"))["feature"]


def _examples(feature: dict) -> Iterator[dict]:
    for child in feature["children"]:
        for inner in child["rule"]["children"] if "rule" in child else [child]:
            if "scenario" in inner:
                yield inner["scenario"]


def _rules(feature: dict) -> list[dict]:
    return [child["rule"] for child in feature["children"] if "rule" in child]


def _backgrounds(feature: dict) -> list[dict]:
    return [child["background"] for child in feature["children"] if "background" in child]


def _sentences() -> dict[str, list[StepFunctionContext]]:
    found: dict[str, list[StepFunctionContext]] = {"given": [], "when": [], "then": []}
    homes = {module.__name__ for module in (givens, whens, thens)}
    for context in step_function_context_registry.values():
        if context.step_func.__module__ in homes:
            found[context.type].append(context)
    return found


SENTENCES = _sentences()
each_feature = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


@each_feature
def test_every_step_is_read_in_exactly_one_way(path: Path) -> None:
    """pytest-bdd would pick one of two matching sentences in silence: there must be exactly one."""
    feature = _feature(path)
    stories = [*_backgrounds(feature), *_examples(feature)]

    readings = {
        step: [
            sentence.parser.name
            for sentence in SENTENCES[step.kind]
            if sentence.parser.is_matching(step.text)
        ]
        for story in stories
        for step in _steps(story)
    }

    assert {step: names for step, names in readings.items() if len(names) != 1} == {}


@each_feature
def test_every_example_has_one_when_between_givens_and_thens(path: Path) -> None:
    """An example sets the scene, lets one thing happen, and says what must hold."""
    for example in _examples(_feature(path)):
        kinds = [step.kind for step in _steps(example)]
        assert kinds == sorted(kinds, key=["given", "when", "then"].index), example["name"]
        assert kinds.count("when") == 1, example["name"]
        assert "then" in kinds, example["name"]


@each_feature
def test_every_background_only_sets_the_scene(path: Path) -> None:
    """A background is short and nothing happens in it."""
    for background in _backgrounds(_feature(path)):
        steps = _steps(background)
        assert {step.kind for step in steps} == {"given"}
        assert len(steps) <= BACKGROUND_STEPS_MAX


@each_feature
def test_every_feature_tells_why_who_and_what(path: Path) -> None:
    """The benefit comes before the role, and the role before the wish."""
    story = [line.strip() for line in _feature(path)["description"].strip().split("\n")]

    for line, beginning in zip(story, ("In order ", "As a ", "I want "), strict=True):
        assert line.startswith(beginning)


@each_feature
def test_every_feature_has_rules_with_examples(path: Path) -> None:
    """A rule is a law with a few cases; no example stands outside a rule."""
    feature = _feature(path)
    rules = _rules(feature)

    assert rules
    assert not [child for child in feature["children"] if "scenario" in child]
    for rule in rules:
        assert 1 <= len([child for child in rule["children"] if "scenario" in child]) <= EXAMPLES_PER_RULE_MAX


@each_feature
def test_every_feature_is_short_and_free_of_machine_talk(path: Path) -> None:
    """A product owner reads a feature on one screen, without the words of the machine."""
    lines = path.read_text(encoding="utf-8").splitlines()

    assert 20 <= len(lines) <= LINES_MAX
    assert [line for line in lines if MACHINE_TALK.search(line)] == []


@each_feature
def test_every_feature_carries_the_tag_of_its_folder(path: Path) -> None:
    """Tags are a closed list, registered with pytest: one for each folder, and what a story may need."""
    feature = _feature(path)
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    registered = {line.split(":")[0] for line in settings["tool:pytest"]["markers"].split("\n") if line}

    assert [tag["name"] for tag in feature["tags"]] == [f"@{path.parent.name}"]
    assert path.parent.name in registered
    needs = {tag["name"].removeprefix("@") for example in _examples(feature) for tag in example["tags"]}
    assert needs <= LACKING.keys() <= registered


@each_feature
def test_every_file_is_named_like_its_feature(path: Path) -> None:
    """A listing of the folder reads as the index of the requirements."""
    assert path.stem == _feature(path)["name"].lower().replace(" ", "_")


def test_titles_are_unique() -> None:
    """A title names one case, so that a report of it can be understood."""
    features = [_feature(path) for path in FILES]
    titles = Counter(example["name"] for feature in features for example in _examples(feature))
    names = Counter(feature["name"] for feature in features)

    assert len(features) > 30
    assert [title for title, count in (titles + names).items() if count > 1] == []


def test_every_need_is_somebodys() -> None:
    """A tag that no story carries, or that no gateway lacks, is dead text."""
    carried = {
        tag["name"].removeprefix("@")
        for path in FILES
        for example in _examples(_feature(path))
        for tag in example["tags"]
    }

    assert carried == LACKING.keys()
    assert all(LACKING.values())


def test_every_sentence_is_used() -> None:
    """A sentence that no feature says is dead text."""
    said = [
        step
        for path in FILES
        for story in (*_backgrounds(_feature(path)), *_examples(_feature(path)))
        for step in _steps(story)
    ]

    unused = [
        sentence.parser.name
        for kind, sentences in SENTENCES.items()
        for sentence in sentences
        if not any(step.kind == kind and sentence.parser.is_matching(step.text) for step in said)
    ]

    assert unused == []
