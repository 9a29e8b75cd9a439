"""One merchant's accounts at every gateway that the sandbox plays: their keys, and how each is set up."""

import secrets
from collections.abc import Callable, Mapping
from string import ascii_lowercase
from typing import Any, Self

import attrs

# The settings of a method at each of them that are the account's own: what they are called there.
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "sandbox": ("api_key", "signing_secret"),
    "epoint": ("public_key", "private_key"),
    "stripe": ("secret_key", "webhook_secret"),
    "payu": ("pos_id", "client_id", "client_secret", "second_key"),
    "paynow": ("api_key", "signature_key"),
    "paypal": ("client_id", "client_secret", "webhook_id"),
    "mollie": ("api_key",),
}

# The option by which an account is told where to call back; the others are told with each payment.
CALLED_BACK: Mapping[str, str] = {
    "epoint": "result-url",
    "stripe": "webhook-url",
    "paynow": "notification-url",
    "paypal": "webhook-url",
}

# Of those, what may be seen by anybody.
OPEN = frozenset({"public_key", "pos_id", "client_id", "webhook_id"})

# How often a gateway is asked about a payment before it has the money.
ASKED_BEFORE: Mapping[str, int] = {"paypal": 1}

# PayU holds money by the point of sale.
HOLDING_POS = "payu-holding-pos-id"


@attrs.frozen
class Accounts:
    """The keys of all accounts, by the sandbox's options for them."""

    keys: Mapping[str, str] = attrs.field(repr=False)

    @classmethod
    def opened(cls) -> Self:
        """New ones, with secrets of their own."""
        names = [_option(backend, name) for backend, told in SETTINGS.items() for name in told]
        return cls({name: new_key() for name in (*names, HOLDING_POS)})

    def options(self, called_back_at: Callable[[str], str]) -> tuple[str, ...]:
        """What starts a sandbox that knows them; it calls back where the backend's name leads to."""
        urls = {f"{name}-{option}": called_back_at(name) for name, option in CALLED_BACK.items()}
        return tuple(f"--{name}={value}" for name, value in {**self.keys, **urls}.items())

    def secrets(self, backend: str) -> tuple[str, ...]:
        """What nobody may be shown of an account."""
        return tuple(self.keys[_option(backend, name)] for name in SETTINGS[backend] if name not in OPEN)

    def settings(self, backend: str, address: str, *, holds: bool = False) -> dict[str, Any]:
        """A method's settings at one of the sandbox's gateways; `holds`: money is held until it is taken."""
        path = "" if backend in {"sandbox", "epoint"} else f"/{backend}"
        told: dict[str, Any] = {name: self.keys[_option(backend, name)] for name in SETTINGS[backend]}
        if backend == "payu":
            told["currency"] = "AZN"
            told["pos_id"] = self.keys[HOLDING_POS] if holds else told["pos_id"]
        if holds:
            told["capture"] = "manual"
        return {"base_url": address + path, **told}


def new_key() -> str:
    """Something secret without a digit: once in a while digits are a card's number, which shops refuse."""
    return "".join(secrets.choice(ascii_lowercase) for _ in range(32))


def _option(backend: str, name: str) -> str:
    own = "" if backend == "sandbox" else f"{backend}-"
    return own + name.replace("_", "-")
