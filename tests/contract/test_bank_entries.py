"""What banks reported is kept once, with what it was taken for."""

from datetime import date

import attrs
import pytest

from application.storage import StaleVersion
from domain.bank import BankEntry, EntryVerdict, JudgedEntry
from domain.ids import PaymentId
from domain.money import Currency, Money
from domain.people import Customer
from tests.builders import NOON, azn, make_order, make_payment
from tests.contract.storages import Storage


def judged(reference: str = "E1", **fields: object) -> JudgedEntry:
    """An entry of which no field is empty."""
    entry = BankEntry(
        account="AZ21", reference=reference, booked_on=date(2026, 3, 5), amount=azn(9000), text="danke ß"
    )
    told = {"verdict": EntryVerdict.APPROVED, "payment_id": PaymentId(1), "why": "too much"}
    return JudgedEntry(**{**told, "entry": entry, "owed": azn(1000), "judged_at": NOON, **fields})  # type: ignore[arg-type]


def bare(reference: str, account: str = "AZ21") -> JudgedEntry:
    """An entry that nobody knows anything of, in another currency."""
    money = Money(7, Currency("JPY", 0))
    entry = BankEntry(account=account, reference=reference, booked_on=date(2026, 3, 5), amount=money)
    return JudgedEntry(
        entry=entry, verdict=EntryVerdict.REVIEW, payment_id=None, why=None, owed=money, judged_at=NOON
    )


def keep(storage: Storage, *entries: JudgedEntry) -> None:
    """Each in the same unit of work."""
    with storage.begin() as uow:
        for each in entries:
            uow.bank_entries.add(each)
        uow.commit()


@pytest.fixture
def paid(storage: Storage, aysel: Customer) -> None:
    """A payment that entries can name."""
    order = make_order(1)
    with storage.begin() as uow:
        uow.orders.add(order)
        uow.payments.add(make_payment(1, (order,)))
        uow.commit()


@pytest.mark.usefixtures("paid")
class TestBankEntries:
    def test_come_back_whole(self, storage: Storage) -> None:
        """Every field, and one of which almost every field is empty."""
        full, empty = judged(), bare("E2")

        keep(storage, full, empty)

        with storage.begin() as uow:
            assert uow.bank_entries.get("AZ21", "E1") == full
            assert uow.bank_entries.get("AZ21", "E2") == empty
            assert uow.bank_entries.get("AZ21", "E3") is None
            assert uow.bank_entries.get("AZ22", "E1") is None

    def test_are_kept_once(self, storage: Storage) -> None:
        """The same reference of the same account is the same entry."""
        keep(storage, judged(), bare("E1", account="AZ22"))

        with pytest.raises(StaleVersion):
            keep(storage, bare("E1"))

    def test_pay_a_payment_once(self, storage: Storage) -> None:
        """A second entry for it can only be for a person."""
        keep(storage, judged("E1"))

        keep(storage, judged("E2", verdict=EntryVerdict.REVIEW, owed=azn(9000)))
        with pytest.raises(StaleVersion):
            keep(storage, judged("E3"))

    def test_are_kept_only_when_committed(self, storage: Storage) -> None:
        """As everything else."""
        with storage.begin() as uow:
            uow.bank_entries.add(judged())

        with storage.begin() as uow:
            assert uow.bank_entries.get("AZ21", "E1") is None

    def test_stand_in_the_books_beside_their_payment(self, storage: Storage) -> None:
        """Those that name it, in the order in which they came."""
        second = judged("E2", verdict=EntryVerdict.REVIEW, owed=azn(9000))
        keep(storage, judged("E1"), bare("E3"), second)

        (entry,) = storage.books.payments(0, 10)

        assert entry.reported == (judged("E1"), second)

    def test_have_no_field_that_is_forgotten(self) -> None:
        """The test above stores something in every field."""
        full = judged()
        assert all(attrs.astuple(full, recurse=False))
        assert all(attrs.astuple(full.entry, recurse=False))
