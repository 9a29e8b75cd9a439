"""Backend `wallet`: paying with money that the shop keeps for the customer; without settings."""

from collections.abc import Mapping

import attrs

from application.backends import OfflineTerms, Settings
from domain.wallet import WALLET

SCHEMA: Mapping[str, object] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "properties": {},
}


@attrs.frozen
class Wallet:
    """The backend of wallets. What it does is done by the checkout, in its own transaction."""

    name = WALLET
    settings_schema = SCHEMA

    def terms(self, settings: Settings) -> OfflineTerms:
        """Nothing is waited for."""
        return OfflineTerms()
