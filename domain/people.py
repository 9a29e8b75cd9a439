"""Customers, staff, and the addresses that goods and bills go to."""

import re
from collections.abc import Mapping

import attrs

from domain.ids import CustomerId, StaffId

Address = Mapping[str, str]

_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)


def country_of(*addresses: Address | None) -> str | None:
    """The country of the first address that names one by its code. Source: ISO 3166-1 alpha-2."""
    for address in addresses:
        code = (address or {}).get("country", "").strip().upper()
        if _COUNTRY.fullmatch(code):
            return code
    return None


@attrs.frozen
class Customer:
    """Somebody who buys. `password_hash` is an argon2id string and never leaves the core."""

    id: CustomerId
    first_name: str
    last_name: str
    email: str
    password_hash: str = attrs.field(repr=False)


@attrs.frozen
class Staff:
    """Somebody who works for the shop."""

    id: StaffId
    email: str
    password_hash: str = attrs.field(repr=False)


@attrs.frozen
class Contact:
    """Whom an order is for, by value: an order needs no account behind it."""

    email: str
    first_name: str
    last_name: str
