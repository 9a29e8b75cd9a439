"""Running one phase of a use case: one transaction, run again as a whole when it lost a race."""

from collections.abc import Callable
from typing import TypeVar

from application.policy import PHASE_ATTEMPTS_MAX
from application.storage import Begin, StaleVersion, UnitOfWork
from domain.errors import StoreUnavailable

T = TypeVar("T")


def in_one_transaction(begin: Begin, phase: Callable[[UnitOfWork], T]) -> T:
    """Run the phase and commit it; no gateway is ever called inside.

    Raises: StoreUnavailable after losing too many races, and whatever the phase raises.
    """
    for _ in range(PHASE_ATTEMPTS_MAX):
        try:
            with begin() as uow:
                result = phase(uow)
                uow.commit()
                return result
        except StaleVersion:
            continue
    raise StoreUnavailable("too many wanted the same at once", retry_after_seconds=1)
