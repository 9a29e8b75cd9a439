"""The repositories of payment methods and of people."""

from collections.abc import Mapping

from sqlalchemy import Executable, bindparam, exists, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_not

from adapters.sql.mapping_catalog import customer_from_row, method_from_row, method_to_row, staff_from_row
from adapters.sql.numbers import next_method_id
from adapters.sql.session import Session
from adapters.sql.statements import AnyRow
from adapters.sql.tables import MAY_BRING_MONEY, accounts, customers, payment_methods, payments, staff
from application.ports import Vault
from domain.errors import EmailTaken
from domain.ids import CustomerId, MethodCode, MethodId, StaffId
from domain.methods import PaymentMethod
from domain.people import Customer, Staff

_METHOD_BY_CODE = select(payment_methods).where(payment_methods.c.code == bindparam("the_code"))
# Locked like the row that a stored payment refers to: no change of the method comes in between.
_METHOD_OFFERED = _METHOD_BY_CODE.where(payment_methods.c.is_deleted.is_(False)).with_for_update(
    read=True, key_share=True
)
_METHOD_BY_ID = select(payment_methods).where(payment_methods.c.id == bindparam("the_id"))
_UPDATE_METHOD = update(payment_methods).where(payment_methods.c.code == bindparam("the_code"))
_INSERT_METHOD = insert(payment_methods)
_DELETE_METHOD = _UPDATE_METHOD.values(is_deleted=True)
_ID_OF_METHOD = select(payment_methods.c.id).where(payment_methods.c.id == bindparam("the_id"))
_LOCK_METHOD = _ID_OF_METHOD.with_for_update()
_OPEN_ONES = exists(payments).where(payments.c.method_id == bindparam("the_id"), MAY_BRING_MONEY)
_HAS_OPEN = select(_OPEN_ONES.label("has_open"))

_CUSTOMER = select(customers).where(customers.c.id == bindparam("the_id"))
_CUSTOMER_BY_EMAIL = select(customers).where(customers.c.email_key == bindparam("email_key"))
# Both databases say it in these words. A taken address is an answer and no error: the transaction goes on.
_TAKE_ADDRESS = (
    insert_or_not(accounts)
    .on_conflict_do_nothing(index_elements=[accounts.c.email_key])
    .returning(accounts.c.email_key)
)
# An account that another version made beside this one may not have taken its address.
_INSERT_CUSTOMER = (
    insert_or_not(customers)
    .on_conflict_do_nothing(index_elements=[customers.c.email_key])
    .returning(*customers.c)
)
_STAFF = select(staff).where(staff.c.id == bindparam("the_id"))
_STAFF_BY_EMAIL = select(staff).where(staff.c.email_key == bindparam("email_key"))
_INSERT_STAFF = (
    insert_or_not(staff).on_conflict_do_nothing(index_elements=[staff.c.email_key]).returning(*staff.c)
)


class SqlMethods:
    """The payment methods, deleted ones included."""

    def __init__(self, session: Session, vault: Vault) -> None:
        self._session, self._vault = session, vault

    def by_code(self, code: MethodCode) -> PaymentMethod | None:
        """The method of that code, unless it was deleted."""
        return self._one(_METHOD_OFFERED, {"the_code": code})

    def by_code_ever(self, code: MethodCode) -> PaymentMethod | None:
        """The same, deleted or not."""
        return self._one(_METHOD_BY_CODE, {"the_code": code})

    def get(self, method_id: MethodId) -> PaymentMethod | None:
        """The method of that id, deleted or not."""
        return self._one(_METHOD_BY_ID, {"the_id": method_id})

    def put(self, method: PaymentMethod) -> None:
        """Store a method under its code, which keeps the id that it first had."""
        row = dict(method_to_row(method, self._vault))
        method_id = row.pop("id")
        if not self._session.run(_UPDATE_METHOD, {**row, "the_code": method.code}).met:
            self._session.run_many(_INSERT_METHOD, [{**row, "id": method_id}])

    def next_id(self) -> MethodId:
        """A fresh id."""
        return next_method_id(self._session)

    def delete(self, method: PaymentMethod) -> None:
        """Offer it no more."""
        self._session.run(_DELETE_METHOD, {"the_code": method.code})

    def has_open_payments(self, method_id: MethodId) -> bool:
        """Whether money may still come through it: a failed payment that is looked at, too."""
        # Payments that are just being stored are waited for, and then seen.
        self._session.run(_LOCK_METHOD, {"the_id": method_id})
        return bool(self._session.run(_HAS_OPEN, {"the_id": method_id}).one().has_open)

    def _one(self, statement: Executable, values: Mapping[str, object]) -> PaymentMethod | None:
        row = self._session.run(statement, values).one_or_none()
        return method_from_row(row, self._vault) if row else None


class SqlPeople:
    """Customers and staff."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def customer(self, customer_id: CustomerId) -> Customer | None:
        """A customer by id."""
        row = self._session.run(_CUSTOMER, {"the_id": customer_id}).one_or_none()
        return customer_from_row(row) if row else None

    def customer_by_email(self, email: str) -> Customer | None:
        """A customer by address, letters' case aside."""
        row = self._session.run(_CUSTOMER_BY_EMAIL, {"email_key": email.casefold()}).one_or_none()
        return customer_from_row(row) if row else None

    def add_customer(self, first_name: str, last_name: str, email: str, password_hash: str) -> Customer:
        """Store a new customer. Raises: EmailTaken."""
        names = {"first_name": first_name, "last_name": last_name}
        return customer_from_row(self._add(_INSERT_CUSTOMER, email, password_hash, names))

    def staff(self, staff_id: StaffId) -> Staff | None:
        """A member of staff by id."""
        row = self._session.run(_STAFF, {"the_id": staff_id}).one_or_none()
        return staff_from_row(row) if row else None

    def staff_by_email(self, email: str) -> Staff | None:
        """A member of staff by address, letters' case aside."""
        row = self._session.run(_STAFF_BY_EMAIL, {"email_key": email.casefold()}).one_or_none()
        return staff_from_row(row) if row else None

    def add_staff(self, email: str, password_hash: str) -> Staff:
        """Store a new member of staff. Raises: EmailTaken."""
        return staff_from_row(self._add(_INSERT_STAFF, email, password_hash, {}))

    def _add(self, statement: Executable, email: str, password_hash: str, names: Mapping[str, str]) -> AnyRow:
        email_key = email.casefold()
        row = {**names, "email": email, "email_key": email_key, "password_hash": password_hash}
        taken = self._session.run(_TAKE_ADDRESS, {"email_key": email_key}).one_or_none()
        added = self._session.run(statement, row).one_or_none() if taken else None
        if added is None:
            raise EmailTaken("this e-mail address is taken")
        return added
