"""Backend `manual`: paying without a gateway; staff, or the shop's own rules, take the money as given."""

from collections.abc import Mapping

import attrs

from application.gateways import OfflineKind, OfflineTerms, Settings

SCHEMA: Mapping[str, object] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "kind": {"type": "string", "enum": [str(kind) for kind in OfflineKind]},
        "instructions": {
            "type": "string",
            "maxLength": 2000,
            "description": "a text for the customer of at most 2000 characters",
        },
        "hold_minutes": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 525600,
            "description": "a number of minutes above zero, a year at most",
        },
    },
}


@attrs.frozen
class Manual:
    """The offline backend. Settings, all optional: `kind`, `instructions`, `hold_minutes`."""

    name = "manual"
    settings_schema = SCHEMA

    def terms(self, settings: Settings) -> OfflineTerms:
        """How a method with these settings, checked against the schema before, is paid."""
        instructions, minutes = settings.get("instructions"), settings.get("hold_minutes")
        return OfflineTerms(
            kind=OfflineKind(str(settings.get("kind", OfflineKind.DIRECT))),
            instructions=instructions if isinstance(instructions, str) else None,
            hold_minutes=float(minutes) if isinstance(minutes, int | float) else None,
        )
