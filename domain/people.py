"""Customers, staff, and the addresses that goods and bills go to."""

from collections.abc import Mapping

import attrs

from domain.ids import CustomerId, StaffId

Address = Mapping[str, str]


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
