"""A backend: a kind of payment gateway, or a way to be paid without one, and what its settings look like."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

import attrs

from application.gateways import (
    ClosesBills,
    CollectsApproved,
    ConfirmsCallbacks,
    Gateway,
    HoldsMoney,
    Refunds,
    SavesCards,
    TracksRefunds,
)

Settings = Mapping[str, object]


@attrs.frozen(kw_only=True)
class OfflineTerms:
    """How an offline method is paid; of one that is paid within the checkout nothing need be told.

    `hold`: how long the goods wait for the money, None for ever; `due`: how long the customer is
    given for it, as they are told.
    """

    instructions: str | None = None
    hold: timedelta | None = None
    due: timedelta | None = None

    def due_at(self, now: datetime) -> datetime | None:
        """When the money has to be there: what ends sooner, the customer's time or the hold."""
        ends = [span for span in (self.hold, self.due) if span is not None]
        return now + min(ends) if ends else None


class Backend(Protocol):
    """A kind of gateway adapter: what its settings look like, and how to connect a method to it.

    Shape: `settings_schema` is a JSON Schema (2020-12); secret settings are marked `writeOnly`.
    """

    name: str
    settings_schema: Mapping[str, object]


@runtime_checkable
class OnlineBackend(Backend, Protocol):
    """A backend with a gateway behind it; `gateway_type` tells, unconnected, what it can do."""

    gateway_type: type[Gateway]

    def connect(self, settings: Settings) -> Gateway:
        """The gateway as configured by a method's settings."""
        ...


@runtime_checkable
class OfflineBackend(Backend, Protocol):
    """A backend that asks nobody: staff give their word for the money."""

    def terms(self, settings: Settings) -> OfflineTerms:
        """How this method is paid."""
        ...


# What a gateway may be able to do beside opening payments and telling of them.
POWERS: Mapping[str, type] = {
    "closes_bills": ClosesBills,
    "collects_approved": CollectsApproved,
    "confirms_callbacks": ConfirmsCallbacks,
    "holds_money": HoldsMoney,
    "refunds": Refunds,
    "tracks_refunds": TracksRefunds,
    "saves_cards": SavesCards,
}


def capabilities_of(backend: Backend) -> Mapping[str, bool]:
    """What a backend can do, by name; one that asks nobody has none of a gateway's capabilities."""
    gateway = backend.gateway_type if isinstance(backend, OnlineBackend) else None
    return {
        "redirects": gateway is not None,
        "asks_by_reference": gateway is not None and gateway.capabilities.asks_by_reference,
        "tells_holds": gateway is not None and gateway.capabilities.tells_holds,
        **{name: gateway is not None and issubclass(gateway, power) for name, power in POWERS.items()},
    }


class ChecksSettings(Protocol):
    """Holds a method's settings against its backend's schema."""

    def checked(self, backend: Backend, kept: Settings, given: Settings | None) -> Settings:
        """The settings to store: what was given, secrets left out as kept. Raises: Invalid, naming each."""
        ...

    def shown(self, backend: Backend, settings: Settings) -> Settings:
        """The settings without their secrets."""
        ...
