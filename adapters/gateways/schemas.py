"""JSON Schemas of settings: what the backends' settings have in common."""

from collections.abc import Mapping
from typing import Any

from application.backends import Settings

Property = Mapping[str, object]

SECRET: Property = {
    "type": "string",
    "writeOnly": True,
    "minLength": 1,
    "maxLength": 512,
    # The other way round, `$` would let a line break through at the end.
    "not": {"pattern": "[^!-~]"},
    "description": "a text of 1 to 512 visible ASCII characters",
}

# An identifier of the shop's at its gateway: no secret, so that staff see which account it is.
NAME: Property = {name: value for name, value in SECRET.items() if name != "writeOnly"}

BASE_URL: Property = {
    "type": "string",
    "format": "uri",
    "maxLength": 500,
    "description": "the address that the gateway's paths follow, of at most 500 characters",
}

CURRENCY: Property = {
    "type": "string",
    "pattern": "^[A-Z]{3}$",
    "maxLength": 3,
    "description": "the code of a currency, as PLN",
}

AUTOMATIC, MANUAL = "automatic", "manual"

# When held money is taken: at once, or when staff say so.
CAPTURE: Property = {"type": "string", "enum": [AUTOMATIC, MANUAL], "default": AUTOMATIC}


def schema(required: Mapping[str, Property], optional: Mapping[str, Property]) -> Mapping[str, object]:
    """The schema of a backend's settings; there are no others than these."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": {**required, **optional},
    }


def base_url(vendors: str) -> Property:
    """Where the gateway is, unless told otherwise at its vendor's."""
    return {**BASE_URL, "default": vendors}


def text(settings: Settings, name: str, default: str = "") -> str:
    """A setting that is a text, by settings that were checked against their schema before."""
    return str(settings.get(name, default))


def secrets_in(schema: Mapping[str, Any], settings: Settings) -> tuple[str, ...]:
    """The secret settings, which nothing that is kept or told may repeat."""
    names = [name for name, wanted in schema["properties"].items() if wanted.get("writeOnly")]
    return tuple(text(settings, name) for name in names if name in settings)


def is_manual(settings: Settings) -> bool:
    """Whether money is held first and taken later."""
    return settings.get("capture") == MANUAL
