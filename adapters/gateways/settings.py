"""A method's settings against what its backend wants: checked, shown and changed without leaking secrets."""

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from adapters.gateways.reading import is_web_address
from application.backends import Backend, Settings
from domain.errors import Invalid, Mistake

Schema = Mapping[str, Any]

_NAME_LENGTH_MAX = 64


def ensure_valid(schema: Schema, settings: Settings, *, https_only: bool = False) -> None:
    """Check settings against the backend's schema. `https_only`: as production wants it.

    Raises: Invalid with one mistake per wrong setting, pointer `#/settings/<name>`; no value is
    ever repeated in it, since any may be a secret put into the wrong field.
    """
    found: dict[str, Mistake] = {}
    for mistake in (*_mistakes(schema, settings), *_bad_addresses(schema, settings, https_only)):
        found.setdefault(mistake.pointer, mistake)
    if found:
        raise Invalid("the settings are not what this backend needs", mistakes=tuple(found.values()))


def public_settings(schema: Schema, settings: Settings) -> Settings:
    """The settings that may be shown: those the schema knows and does not mark `writeOnly`."""
    known = schema.get("properties", {})
    return {name: value for name, value in settings.items() if name in known and not _is_secret(known[name])}


def merged(schema: Schema, stored: Settings, new: Settings) -> Settings:
    """New settings in place of stored ones; secrets left out stay as stored, all else is gone."""
    known = schema.get("properties", {})
    kept = {name: value for name, value in stored.items() if name in known and _is_secret(known[name])}
    return {**kept, **new}


def _is_secret(wanted: Schema) -> bool:
    return wanted.get("writeOnly") is True


def _mistakes(schema: Schema, settings: Settings) -> Iterator[Mistake]:
    problems = Draft202012Validator(schema).iter_errors(dict(settings))
    # What is of the wrong type breaks other rules as well; the type is what helps to know.
    for problem in sorted(problems, key=lambda problem: problem.validator != "type"):
        yield from _explained(problem)


def _explained(problem: ValidationError) -> Iterator[Mistake]:
    wanted: Any = problem.schema
    given: Any = problem.instance
    at = [str(step) for step in problem.absolute_path]
    if problem.validator == "additionalProperties":
        for name in sorted(set(given) - set(wanted["properties"])):
            yield Mistake("there is no such setting", _pointer(*at, name))
    elif problem.validator == "required":
        # One problem stands for each, but does not say for which: all are named every time.
        for name in wanted["required"]:
            if name not in given:
                yield Mistake("this setting is missing", _pointer(*at, name))
    else:
        yield Mistake(_complaint(problem, wanted), _pointer(*at))


def _complaint(problem: ValidationError, wanted: Schema) -> str:
    if problem.validator == "type":
        return f"this has to be of type {wanted['type']}"
    if problem.validator == "enum":
        return f"this is one of {', '.join(map(str, wanted['enum']))}"
    return f"this has to be {wanted.get('description', 'as the schema of the backend says')}"


def _pointer(*steps: str) -> str:
    escaped = (step[:_NAME_LENGTH_MAX].replace("~", "~0").replace("/", "~1") for step in steps)
    return "/".join(("#/settings", *escaped))


def _bad_addresses(schema: Schema, settings: Settings, https_only: bool) -> Iterator[Mistake]:
    # `format` is only a note to the validator, and "uri" would let through much that we cannot call.
    for name, wanted in schema.get("properties", {}).items():
        value = settings.get(name)
        if wanted.get("format") != "uri" or not isinstance(value, str):
            continue
        if not is_web_address(value) or "?" in value or "#" in value:
            yield Mistake("this has to be an http(s) address without query or password", _pointer(name))
        elif https_only and not value.lower().startswith("https:"):
            yield Mistake("in production this has to be an https address", _pointer(name))


@attrs.frozen
class SettingsDesk:
    """Holds the settings that staff give a method against its backend's schema."""

    https_only: bool = False

    def checked(self, backend: Backend, kept: Settings, given: Settings | None) -> Settings:
        """The settings to store; left out as a whole they stay as they are. Raises: Invalid."""
        settings = kept if given is None else merged(backend.settings_schema, kept, given)
        ensure_valid(backend.settings_schema, settings, https_only=self.https_only)
        return settings

    def shown(self, backend: Backend, settings: Settings) -> Settings:
        """The settings without their secrets."""
        return public_settings(backend.settings_schema, settings)
