"""Wallets come back as they were stored, with every posting, and never change behind anybody's back."""

from datetime import datetime

import pytest

from application.books import WalletEntry
from application.storage import Page, StaleVersion
from domain.ids import Actor, CustomerId, PaymentId
from domain.money import Currency, Money
from domain.people import Customer
from domain.wallet import Account, Posting, Wallet
from tests.builders import AZN, NOON, azn, later, make_order, make_payment
from tests.contract.storages import Storage

STAFF = Actor("staff:1")
USD = Currency("USD", 2)


def credit(storage: Storage, customer: Customer, minor: int = 5000, at: datetime = NOON, **more: str) -> None:
    """Put money in, in a unit of work of its own."""
    with storage.begin() as uow:
        wallet = uow.wallets.lock(customer.id, AZN)
        wallet.credit(azn(minor), Account.ISSUED, "sorry", STAFF, at, **more)  # type: ignore[arg-type]
        uow.wallets.save(wallet)
        uow.commit()


def locked(storage: Storage, customer: Customer, currency: Currency = AZN) -> Wallet:
    """The wallet as a unit of work of its own finds it."""
    with storage.begin() as uow:
        return uow.wallets.lock(customer.id, currency)


def pay(storage: Storage, customer: Customer) -> None:
    """Take payment 1's 20.00 AZN out, beside the payment itself."""
    order = make_order(1, customer_id=customer.id)
    with storage.begin() as uow:
        uow.orders.add(order)
        uow.payments.add(make_payment(1, (order,), bill_backend="wallet"))
        wallet = uow.wallets.lock(customer.id, AZN)
        wallet.pay(azn(2000), PaymentId(1), Actor(f"customer:{customer.id}"), later(seconds=1))
        uow.wallets.save(wallet)
        uow.commit()


class TestWallets:
    def test_begin_empty(self, storage: Storage, aysel: Customer) -> None:
        """Nobody has to open one."""
        assert locked(storage, aysel) == Wallet(customer_id=aysel.id, balance=azn(0))
        assert storage.queries.wallet(aysel.id, Page(9)).balances == ()
        assert storage.queries.balance(aysel.id, AZN) == azn(0)

    def test_come_back_whole(self, storage: Storage, aysel: Customer) -> None:
        """Balance, version, and every field of every posting."""
        credit(storage, aysel, mark="a mark")
        pay(storage, aysel)

        view = storage.queries.wallet(aysel.id, Page(9))

        assert locked(storage, aysel) == Wallet(customer_id=aysel.id, balance=azn(3000), version=2)
        assert storage.queries.balance(aysel.id, AZN) == azn(3000)
        assert view.balances == (azn(3000),)
        paid, credited = view.postings.items
        assert credited == Posting(
            id=credited.id,
            amount=azn(5000),
            against=Account.ISSUED,
            reason="sorry",
            by=STAFF,
            at=NOON,
            mark="a mark",
        )
        assert paid == Posting(
            id=paid.id,
            amount=azn(-2000),
            against=Account.SPENT,
            reason="payment 1",
            by=Actor(f"customer:{aysel.id}"),
            at=later(seconds=1),
            payment_id=PaymentId(1),
        )

    def test_are_one_for_each_currency(self, storage: Storage, aysel: Customer) -> None:
        """And each customer's own."""
        credit(storage, aysel)
        with storage.begin() as uow:
            murad = uow.people.add_customer("Murad", "B", "murad@example.com", "hash")
            wallet = uow.wallets.lock(aysel.id, USD)
            wallet.credit(Money(7, USD), Account.ISSUED, "sorry", STAFF, NOON)
            uow.wallets.save(wallet)
            uow.commit()

        view = storage.queries.wallet(aysel.id, Page(9))

        assert view.balances == (azn(5000), Money(7, USD))
        assert [posting.amount for posting in view.postings.items] == [Money(7, USD), azn(5000)]
        assert locked(storage, aysel, USD).balance == Money(7, USD)
        assert storage.queries.wallet(murad.id, Page(9)).postings.items == ()

    def test_tell_their_postings_page_by_page(self, storage: Storage, aysel: Customer) -> None:
        """Newest first."""
        for minor in (1, 2, 3):
            credit(storage, aysel, minor)

        first = storage.queries.wallet(aysel.id, Page(2)).postings
        rest = storage.queries.wallet(aysel.id, Page(2, first.next)).postings

        assert [posting.amount.minor for posting in (*first.items, *rest.items)] == [3, 2, 1]
        assert rest.next is None

    def test_are_one_object_within_a_unit_of_work(self, storage: Storage, aysel: Customer) -> None:
        """Locked twice, changed once."""
        with storage.begin() as uow:
            assert uow.wallets.lock(aysel.id, AZN) is uow.wallets.lock(aysel.id, AZN)

    def test_know_the_marks_of_their_postings(self, storage: Storage, aysel: Customer) -> None:
        """Since a moment, that moment included; another's mark and another wallet's owner are nothing."""
        credit(storage, aysel, mark="a mark")

        with storage.begin() as uow:
            wallet = uow.wallets.lock(aysel.id, AZN)
            stranger = uow.wallets.lock(CustomerId(99), AZN)
            assert uow.wallets.has_posted(wallet, "a mark", NOON)
            assert not uow.wallets.has_posted(wallet, "a mark", later(seconds=1))
            assert not uow.wallets.has_posted(wallet, "another", NOON)
            assert not uow.wallets.has_posted(stranger, "a mark", NOON)

    def test_do_not_forget_who_was_quicker(self, storage: Storage, aysel: Customer) -> None:
        """A balance that was read before somebody else's change is not written."""
        credit(storage, aysel)
        with storage.begin() as uow:
            stale = uow.wallets.lock(aysel.id, AZN)
        credit(storage, aysel)

        with pytest.raises(StaleVersion), storage.begin() as uow:
            stale.credit(azn(1), Account.ISSUED, "sorry", STAFF, NOON)
            uow.wallets.save(stale)
            uow.commit()

        assert locked(storage, aysel).balance == azn(10000)

    def test_of_which_nobody_knew_are_made_once(self, storage: Storage, aysel: Customer) -> None:
        """Two who find none do not make two."""
        new = Wallet(customer_id=aysel.id, balance=azn(0))
        credit(storage, aysel)

        with pytest.raises(StaleVersion), storage.begin() as uow:
            new.credit(azn(1), Account.ISSUED, "sorry", STAFF, NOON)
            uow.wallets.save(new)
            uow.commit()

    def test_are_kept_only_when_committed(self, storage: Storage, aysel: Customer) -> None:
        """As everything else."""
        with storage.begin() as uow:
            wallet = uow.wallets.lock(aysel.id, AZN)
            wallet.credit(azn(1), Account.ISSUED, "sorry", STAFF, NOON)
            uow.wallets.save(wallet)

        assert storage.queries.wallet(aysel.id, Page(9)).postings.items == ()


class TestTheirBooks:
    def test_show_balances_beside_what_was_posted(self, storage: Storage, aysel: Customer) -> None:
        """Each wallet on a line."""
        credit(storage, aysel)
        pay(storage, aysel)

        assert storage.books.wallets() == [
            WalletEntry(customer_id=aysel.id, currency="AZN", balance=3000, posted=3000, lopsided=0)
        ]

    def test_show_what_payments_took_and_gave_back(self, storage: Storage, aysel: Customer) -> None:
        """Beside the payment."""
        credit(storage, aysel)
        pay(storage, aysel)
        with storage.begin() as uow:
            wallet = uow.wallets.lock(aysel.id, AZN)
            wallet.credit(azn(500), Account.SPENT, "given up", STAFF, NOON, payment_id=PaymentId(1))
            uow.wallets.save(wallet)
            uow.commit()

        (entry,) = storage.books.payments(0, 9)

        assert (entry.drawn, entry.returned) == (2000, 500)
