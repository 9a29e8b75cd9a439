"""A service's own application in the test's process, for what would take its clients too long."""

import itertools
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from adapters.system import SystemClock
from adapters.web.auth import Tokens
from application.accounts import Principal, Role
from application.service import Application
from domain.ids import CustomerId
from entrypoints.bootstrap import build
from entrypoints.settings import Settings
from tests.processes import Service

_numbers = itertools.count(1)


@contextmanager
def beside(service: Service) -> Iterator[Application]:
    """The application on the service's database."""
    kassa = build(Settings.from_environment(service.program.settings), service.address)
    try:
        yield kassa.application
    finally:
        kassa.close()


def tokens(service: Service) -> Tokens:
    """What the service knows people by."""
    return Tokens(secret=service.program.settings["KASSA_SECRET"], clock=SystemClock())


def customers(service: Service, count: int, first_name: str = "Aysel") -> list[CustomerId]:
    """So many new customers of one name, who never need a password: to hash one takes longer than to buy."""
    run = secrets.token_hex(4)
    with beside(service) as application, application.register.begin() as uow:
        people = [
            uow.people.add_customer(
                first_name, "Quliyeva", f"{first_name.lower()}.{run}.{next(_numbers)}@example.com", "none"
            )
            for _ in range(count)
        ]
        uow.commit()
    return [person.id for person in people]


def token_of(service: Service, customer_id: CustomerId) -> str:
    """The token of a customer who has just signed in."""
    return tokens(service).issue(Principal(Role.CUSTOMER, customer_id))
