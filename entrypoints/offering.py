"""What a backend has to offer, whoever made it: found out at start, not by the first customer."""

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from adapters.gateways.settings import ensure_valid
from application.backends import POWERS, Backend, OfflineBackend, OnlineBackend
from application.gateways import Capabilities, Gateway
from domain.errors import Invalid

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)

# What settings are called that nobody may see; a key that is public is none of them.
_SECRET = re.compile(r"(?!.*public).*(key|secret|password|passphrase|token)", re.ASCII | re.IGNORECASE)

# What is stored, shown and checked one by one. Within lists or objects a secret would not be hidden.
PLAIN_TYPES = ("string", "integer", "number", "boolean")


class Unsound(Exception):
    """Something that is no backend; the text says what it lacks."""


def ensure_sound(made: object) -> Backend:
    """The same as a backend, once it is sure that it is one. Raises: Unsound."""
    if not isinstance(made, OnlineBackend | OfflineBackend):
        raise Unsound("it has no name, settings_schema, and gateway_type and connect (or terms)")
    if not isinstance(made.name, str) or not _NAME.fullmatch(made.name):
        raise Unsound("its name is not of small letters, digits and _")
    if isinstance(made, OnlineBackend) and isinstance(made, OfflineBackend):
        # Who is paid without asking anybody may approve at once: it has to be one or the other.
        raise Unsound("it has both a gateway_type and terms")
    _ensure_schema(made.settings_schema)
    if isinstance(made, OnlineBackend):
        _ensure_gateway(made.gateway_type)
        _ensure_takes(made, OnlineBackend, "connect")
    else:
        _ensure_takes(made, OfflineBackend, "terms")
    return made


def _ensure_gateway(gateway_type: object) -> None:
    if not isinstance(gateway_type, type):
        raise Unsound("its gateway_type is no class")
    capabilities = getattr(gateway_type, "capabilities", None)
    if not isinstance(capabilities, Capabilities):
        raise Unsound("its gateway_type does not tell its capabilities")
    if not all(isinstance(told, bool) for told in attrs.astuple(capabilities)):
        raise Unsound("its capabilities are no truth values")
    if not hasattr(gateway_type, "base_url") and "base_url" not in inspect.get_annotations(gateway_type):
        raise Unsound("its gateway_type has no base_url")
    for port in (Gateway, *(power for power in POWERS.values() if issubclass(gateway_type, power))):
        for name in _methods_of(port):
            _ensure_takes(gateway_type, port, name)


def _methods_of(port: type) -> Iterator[str]:
    return (name for name, each in vars(port).items() if inspect.isfunction(each) and name[0] != "_")


def _ensure_takes(offered: object, port: type, name: str) -> None:
    theirs = getattr(offered, name, None)
    if not callable(theirs):
        raise Unsound(f"its gateway_type has no {name}")
    if inspect.iscoroutinefunction(theirs):
        raise Unsound(f"its {name} would have to be awaited")
    wanted = list(inspect.signature(getattr(port, name)).parameters.values())
    # Of a class its methods still want to be told of what; of an object they know.
    wanted = wanted if isinstance(offered, type) else wanted[1:]
    needed = [each for each in wanted if each.default is inspect.Parameter.empty]
    try:
        for given in (needed, wanted):
            inspect.signature(theirs).bind(*given)
    except (TypeError, ValueError):
        names = ", ".join(each.name for each in wanted if each.name != "self")
        raise Unsound(f"its {name} does not take ({names})") from None


def _ensure_schema(schema: object) -> None:
    if not isinstance(schema, Mapping) or schema.get("type") != "object":
        raise Unsound("its settings_schema is none of an object")
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise Unsound(f"its settings_schema is no JSON Schema: {error.message}") from None
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or schema.get("additionalProperties") is not False:
        raise Unsound("its settings_schema takes settings that it does not name")
    for name, wanted in properties.items():
        if not _is_plain(wanted):
            raise Unsound(f"its setting {name} is no text, number or truth value")
        if _SECRET.fullmatch(name) and wanted.get("writeOnly") is not True:
            # It would be shown to staff, and stay in answers that repeat it.
            raise Unsound(f"its setting {name} is called like a secret, and not marked writeOnly")
    if properties.get("base_url", {"format": "uri"}).get("format") != "uri":
        # In production only https is taken, of settings that are known for addresses.
        raise Unsound("its setting base_url has not the format uri")
    _ensure_tried(schema)


def _is_plain(wanted: Any) -> bool:
    return isinstance(wanted, Mapping) and wanted.get("type") in PLAIN_TYPES


def _ensure_tried(schema: Mapping[str, object]) -> None:
    # Some faults, as a reference that leads nowhere, show only in use.
    for settings in ({}, dict.fromkeys(_names(schema), "x")):
        try:
            ensure_valid(schema, settings)
        except Invalid:
            continue
        except Exception as error:
            raise Unsound(f"its settings_schema cannot be used: {type(error).__name__}") from None


def _names(schema: Mapping[str, Any]) -> Iterator[str]:
    yield from (*schema["properties"], "a_setting_that_nobody_knows")
