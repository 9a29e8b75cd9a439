"""What the database itself sees to: nothing that was posted changes, and no balance is below zero."""

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from adapters.sql.migrate import downgrade, upgrade
from domain.ids import Actor, CustomerId
from domain.wallet import Account
from tests.builders import AZN, NOON, azn
from tests.contract.storages import Storage, sql_storage


@pytest.fixture
def storage(either: Engine) -> Storage:
    """A storage with 50.00 AZN in the wallet of customer 1."""
    storage = sql_storage(either)
    with storage.begin() as uow:
        aysel = uow.people.add_customer("Aysel", "B", "aysel@example.com", "hash")
        wallet = uow.wallets.lock(aysel.id, AZN)
        wallet.credit(azn(5000), Account.ISSUED, "sorry", Actor("staff:1"), NOON)
        uow.wallets.save(wallet)
        uow.commit()
    return storage


class TestWallets:
    @pytest.mark.parametrize(
        ("statement", "complaint"),
        [
            ("UPDATE wallet_entries SET amount = 1", "only ever added"),
            ("DELETE FROM wallet_entries", "only ever added"),
            ("UPDATE wallet_postings SET reason = 'because'", "only ever added"),
            ("DELETE FROM wallet_postings", "only ever added"),
            ("UPDATE wallets SET balance = -1", "balance"),
            ("INSERT INTO wallet_entries VALUES (1, 'spent', 0)", "amount"),
            ("INSERT INTO wallet_entries VALUES (1, 'elsewhere', 1)", "account"),
        ],
    )
    def test_refuse_what_must_never_be(
        self, storage: Storage, either: Engine, statement: str, complaint: str
    ) -> None:
        """Whoever tries, by whatever program."""
        with either.begin() as connection, pytest.raises(DBAPIError, match=complaint):
            connection.exec_driver_sql(statement)

    @pytest.mark.parametrize(
        ("statement", "balance", "posted", "lopsided"),
        [
            ("INSERT INTO wallet_entries VALUES (1, 'spent', 7)", 5000, 5000, 1),
            (
                'INSERT INTO wallet_postings (id, customer_id, currency, "by", reason, at)'
                " VALUES (9, 1, 'AZN', 'x', 'x', '2026-01-01 00:00:00')",
                5000,
                5000,
                1,
            ),
            ("UPDATE wallets SET balance = 4000", 4000, 5000, 0),
        ],
    )
    def test_show_in_the_books_what_does_not_add_up(
        self, storage: Storage, either: Engine, statement: str, balance: int, posted: int, lopsided: int
    ) -> None:
        """What the database cannot refuse, the proof finds."""
        with either.begin() as connection:
            connection.exec_driver_sql(statement)

        (entry,) = storage.books.wallets()

        assert (entry.balance, entry.posted, entry.lopsided) == (balance, posted, lopsided)

    def test_go_down_and_up_again(self, storage: Storage, either: Engine) -> None:
        """Empty, as there were none before."""
        url = either.url.render_as_string(hide_password=False)
        either.dispose()
        downgrade(url, "0008")
        upgrade(url)

        assert storage.books.wallets() == []
        with storage.begin() as uow:
            assert uow.wallets.lock(CustomerId(1), AZN).balance == azn(0)
