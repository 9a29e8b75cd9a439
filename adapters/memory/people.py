"""The memory adapter's small tables: payment methods, people, callbacks, failed tries."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

import attrs

from adapters.memory.tables import StoredMethod, Tables, copy_of_method
from application.repositories import InboxEntry
from domain.errors import EmailTaken
from domain.ids import CustomerId, MethodCode, MethodId, StaffId
from domain.methods import PaymentMethod
from domain.people import Customer, Staff

Next = Callable[[str], int]


class MemoryMethods:
    """The payment methods, deleted ones included."""

    def __init__(self, tables: Tables, next_number: Next) -> None:
        self._tables, self._next = tables, next_number

    def by_code(self, code: MethodCode) -> PaymentMethod | None:
        """The method of that code, unless it was deleted."""
        stored = self._of_code(code)
        return copy_of_method(stored.method) if stored and not stored.is_deleted else None

    def by_code_ever(self, code: MethodCode) -> PaymentMethod | None:
        """The same, deleted or not."""
        stored = self._of_code(code)
        return copy_of_method(stored.method) if stored else None

    def get(self, method_id: MethodId) -> PaymentMethod | None:
        """The method of that id, deleted or not."""
        stored = self._tables.methods.get(method_id)
        return copy_of_method(stored.method) if stored else None

    def put(self, method: PaymentMethod) -> None:
        """Store a method under its code, which keeps the id that it first had."""
        stored = self._of_code(method.code)
        kept = attrs.evolve(copy_of_method(method), id=stored.method.id if stored else method.id)
        self._tables.methods[kept.id] = StoredMethod(kept, is_deleted=False)

    def next_id(self) -> MethodId:
        """A fresh id."""
        return MethodId(self._next("method"))

    def delete(self, method: PaymentMethod) -> None:
        """Offer it no more."""
        stored = self._of_code(method.code)
        if stored:
            self._tables.methods[stored.method.id] = attrs.evolve(stored, is_deleted=True)

    def has_open_payments(self, method_id: MethodId) -> bool:
        """Whether money may still come through it: a failed payment that is looked at, too."""
        payments = self._tables.payments.values()
        return any(p.method_id == method_id and (p.is_open or p.look_at is not None) for p in payments)

    def _of_code(self, code: MethodCode) -> StoredMethod | None:
        return next((s for s in self._tables.methods.values() if s.method.code == code), None)


class MemoryPeople:
    """Customers and staff."""

    def __init__(self, tables: Tables, next_number: Next) -> None:
        self._tables, self._next = tables, next_number

    def customer(self, customer_id: CustomerId) -> Customer | None:
        """A customer by id."""
        return self._tables.customers.get(customer_id)

    def customer_by_email(self, email: str) -> Customer | None:
        """A customer by address, letters' case aside."""
        everybody = self._tables.customers.values()
        return next((one for one in everybody if one.email.casefold() == email.casefold()), None)

    def add_customer(self, first_name: str, last_name: str, email: str, password_hash: str) -> Customer:
        """Store a new customer. Raises: EmailTaken."""
        self._ensure_free(email)
        customer_id = CustomerId(self._next("customer"))
        customer = Customer(customer_id, first_name, last_name, email, password_hash)
        self._tables.customers[customer_id] = customer
        return customer

    def staff(self, staff_id: StaffId) -> Staff | None:
        """A member of staff by id."""
        return self._tables.staff.get(staff_id)

    def staff_by_email(self, email: str) -> Staff | None:
        """A member of staff by address, letters' case aside."""
        everybody = self._tables.staff.values()
        return next((one for one in everybody if one.email.casefold() == email.casefold()), None)

    def add_staff(self, email: str, password_hash: str) -> Staff:
        """Store a new member of staff. Raises: EmailTaken."""
        self._ensure_free(email)
        staff = Staff(StaffId(self._next("staff")), email, password_hash)
        self._tables.staff[staff.id] = staff
        return staff

    def _ensure_free(self, email: str) -> None:
        if self.customer_by_email(email) or self.staff_by_email(email):
            raise EmailTaken("this e-mail address is taken")


class MemoryInbox:
    """The audit of callbacks."""

    def __init__(self, tables: Tables, next_number: Next) -> None:
        self._tables, self._next = tables, next_number

    def add(self, entry: InboxEntry) -> int:
        """Keep one; answers its id."""
        entry_id = self._next("inbox")
        self._tables.inbox[entry_id] = entry
        return entry_id

    def conclude(self, entry_id: int, verdict: str, led_to: str | None) -> None:
        """Note what became of it."""
        entry = self._tables.inbox[entry_id]
        self._tables.inbox[entry_id] = attrs.evolve(entry, verdict=verdict, led_to=led_to)


class MemoryFailures:
    """Counts of failed tries."""

    def __init__(self, tables: Tables, next_number: Next) -> None:
        self._tables, self._next = tables, next_number

    def count(self, subjects: Iterable[str], since: datetime) -> int:
        """How often the worst of these subjects failed since then."""
        failed = Counter(subject for subject, at in self._tables.failures.values() if at >= since)
        return max((failed[subject] for subject in subjects), default=0)

    def add(self, subjects: Iterable[str], at: datetime) -> None:
        """Note a failure of each."""
        for subject in subjects:
            self._tables.failures[self._next("failure")] = (subject, at)
