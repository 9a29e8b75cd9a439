"""Accounts: customers register, customers and staff sign in."""

from enum import StrEnum

import attrs

from application.phases import in_one_transaction
from application.policy import FAILURES_MAX, FAILURES_WINDOW
from application.ports import Clock, Passwords
from application.storage import Begin
from domain.errors import TooManyFailures, WrongPassword
from domain.ids import CustomerId, StaffId
from domain.people import Customer, Staff


class Role(StrEnum):
    """What somebody may do: buy, or run the shop."""

    CUSTOMER = "customer"
    STAFF = "staff"


@attrs.frozen
class Principal:
    """Somebody who has signed in."""

    role: Role
    id: int

    @property
    def customer_id(self) -> CustomerId | None:
        """Whose things they may see; None for staff, who see everybody's."""
        return CustomerId(self.id) if self.role is Role.CUSTOMER else None

    @property
    def staff_id(self) -> StaffId:
        """Their number among the staff."""
        return StaffId(self.id)


@attrs.frozen(kw_only=True)
class Register:
    """Makes a customer's account."""

    begin: Begin
    passwords: Passwords

    def __call__(self, *, first_name: str, last_name: str, email: str, password: str) -> Customer:
        """Raises: EmailTaken."""
        # Hashing is slow on purpose, so it is done before the transaction begins.
        password_hash = self.passwords.hash(password)

        return in_one_transaction(
            self.begin, lambda uow: uow.people.add_customer(first_name, last_name, email, password_hash)
        )


@attrs.frozen(kw_only=True)
class Hire:
    """Makes an account for a member of staff."""

    begin: Begin
    passwords: Passwords

    def __call__(self, *, email: str, password: str) -> Staff:
        """Raises: EmailTaken."""
        password_hash = self.passwords.hash(password)

        return in_one_transaction(self.begin, lambda uow: uow.people.add_staff(email, password_hash))


@attrs.frozen(kw_only=True)
class SignIn:
    """Checks an e-mail address and password, of a customer or of staff."""

    begin: Begin
    passwords: Passwords
    clock: Clock

    def __call__(self, *, email: str, password: str) -> Principal:
        """Who it is. Raises: WrongPassword, TooManyFailures for this address."""
        account = self._account(email)
        if not self.passwords.matches(account.password_hash if account else None, password):
            now = self.clock.now()
            in_one_transaction(self.begin, lambda uow: uow.failures.add([_subject(email)], now))
            raise WrongPassword("the e-mail address or the password is wrong")
        assert account is not None  # noqa: S101 -- nobody's hash matches nothing
        return Principal(Role.STAFF if isinstance(account, Staff) else Role.CUSTOMER, account.id)

    def _account(self, email: str) -> Staff | Customer | None:
        with self.begin() as uow:
            since = self.clock.now() - FAILURES_WINDOW
            if uow.failures.count([_subject(email)], since) >= FAILURES_MAX:
                raise TooManyFailures("too many wrong passwords", int(FAILURES_WINDOW.total_seconds()))
            return uow.people.staff_by_email(email) or uow.people.customer_by_email(email)


def _subject(email: str) -> str:
    return f"account:{email.casefold()}"
