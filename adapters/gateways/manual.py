"""Backend `manual`: paying without a gateway; staff, or the shop's own rules, take the money as given."""

from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum

import attrs

from application.backends import OfflineTerms, Settings


class OfflineKind(StrEnum):
    """How the customer pays. Source: the setting `kind`."""

    DIRECT = "direct"
    CASH_ON_DELIVERY = "cash_on_delivery"
    BANK_TRANSFER = "bank_transfer"
    PAY_IN_ADVANCE = "pay_in_advance"


DUE_DAYS = 14

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
        "due_days": {
            "type": "integer",
            "minimum": 1,
            "maximum": 365,
            "description": "a whole number of days, a year at most",
        },
    },
}


@attrs.frozen
class Manual:
    """The offline backend. Settings, all optional: `kind`, `instructions`, `hold_minutes`, `due_days`.

    Who pays in advance is given two weeks where nothing else is said.
    """

    name = "manual"
    settings_schema = SCHEMA

    def terms(self, settings: Settings) -> OfflineTerms:
        """How a method with these settings, checked against the schema before, is paid."""
        kind = OfflineKind(str(settings.get("kind", OfflineKind.DIRECT)))
        instructions, minutes, days = map(settings.get, ("instructions", "hold_minutes", "due_days"))
        if days is None and kind is OfflineKind.PAY_IN_ADVANCE:
            days = DUE_DAYS
        return OfflineTerms(
            instructions=instructions if isinstance(instructions, str) else None,
            hold=timedelta(minutes=minutes) if isinstance(minutes, int | float) else None,
            due=timedelta(days=days) if isinstance(days, int | float) else None,
        )
