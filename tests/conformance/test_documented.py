"""What the template's page says is what the kit knows, and the template is in the wheel."""

import json
import re
import tomllib
from configparser import ConfigParser

import pytest

from application.backends import POWERS
from entrypoints.conformance.case import OPERATIONS
from entrypoints.conformance.command import OURS
from entrypoints.conformance.filling import usual_values
from entrypoints.conformance.recordings import read_file
from entrypoints.conformance.shape import MEANINGS, SHAPE
from entrypoints.conformance.subject import USES
from entrypoints.plugins import GROUP

TEMPLATE = OURS.parent / "template"
PAGE = (TEMPLATE / "README.md").read_text("utf-8")


@pytest.mark.parametrize("operation", MEANINGS)
def test_every_use_is_explained(operation: str) -> None:
    """With each of its meanings."""
    assert f"`{operation}`" in PAGE
    assert [meaning for meaning in MEANINGS[operation] if f"`{meaning}`" not in PAGE] == []


def test_every_placeholder_is_explained() -> None:
    """And none that there is not."""
    known = usual_values(read_file(TEMPLATE / "kassa_example" / "recordings.json"), "")

    assert set(re.findall(r"`\{(\w+)\}`", PAGE)) == {*known, "base_url"}


def test_every_part_of_the_file_is_explained() -> None:
    """But the remarks in it."""
    parts = {*SHAPE["properties"], *SHAPE["properties"]["amounts"]["enum"]} - {"about"}

    assert [part for part in sorted(parts) if f"`{part}`" not in PAGE] == []


def test_every_power_is_named_and_tried() -> None:
    """Whatever a gateway can do, there are cases for it."""
    assert [power.__name__ for power in POWERS.values() if f"`{power.__name__}`" not in PAGE] == []
    assert set(POWERS) <= set(OPERATIONS)
    assert {operation for names in OPERATIONS.values() for operation in names} == set(MEANINGS) == set(USES)


def test_the_distribution_is_found_and_holds_its_recordings() -> None:
    """By the group that is searched, and as they are called there."""
    setup = ConfigParser()
    setup.read(TEMPLATE / "setup.cfg")
    build = tomllib.loads((TEMPLATE / "pyproject.toml").read_text("utf-8"))

    assert setup["options.entry_points"][GROUP].strip() == "example = kassa_example.gateway:Example"
    assert setup["options.package_data"]["kassa_example"] == "recordings.json"
    assert build["build-system"]["build-backend"] == "setuptools.build_meta"
    assert (
        json.loads((TEMPLATE / "kassa_example" / "recordings.json").read_text("utf-8")).get("left_out")
        is None
    )
