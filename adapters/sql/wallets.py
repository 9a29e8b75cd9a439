"""The repository of wallets: a balance to lock, and postings with both of their entries."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, exists, insert, select, update

from adapters.sql.ledgers import wallet_entries, wallet_postings, wallets
from adapters.sql.mapping import Record
from adapters.sql.session import Change, Session
from adapters.sql.statements import AnyRow
from domain.ids import CustomerId
from domain.money import Currency, Money
from domain.wallet import Account, Posting, Wallet

_IS_IT = (
    wallets.c.customer_id == bindparam("the_customer"),
    wallets.c.currency == bindparam("the_currency"),
)
_LOCK = select(wallets).where(*_IS_IT).with_for_update(key_share=True)
_INSERT = insert(wallets)
_UPDATE = update(wallets).where(*_IS_IT, wallets.c.version == bindparam("the_version"))
_POST = insert(wallet_postings).returning(wallet_postings.c.id)
_ENTER = insert(wallet_entries)
_HAS_POSTED = select(
    exists()
    .where(
        wallet_postings.c.customer_id == bindparam("the_customer"),
        wallet_postings.c.mark == bindparam("the_mark"),
        wallet_postings.c.at >= bindparam("since"),
    )
    .label("has_posted")
)

BALANCES = (
    select(wallets).where(wallets.c.customer_id == bindparam("the_customer")).order_by(wallets.c.currency)
)
BALANCE = select(wallets.c.balance).where(*_IS_IT)
_own, _other = wallet_entries.alias("own"), wallet_entries.alias("other")
POSTINGS = (
    select(
        wallet_postings,
        wallets.c.exponent,
        _own.c.amount,
        _other.c.account.label("against"),
    )
    .join(
        wallets,
        (wallets.c.customer_id == wallet_postings.c.customer_id)
        & (wallets.c.currency == wallet_postings.c.currency),
    )
    .join(_own, (_own.c.posting_id == wallet_postings.c.id) & (_own.c.account == Account.WALLET.value))
    .join(_other, (_other.c.posting_id == wallet_postings.c.id) & (_other.c.account != Account.WALLET.value))
    .where(wallet_postings.c.customer_id == bindparam("the_customer"))
    .where(wallet_postings.c.id < bindparam("after"))
    .order_by(wallet_postings.c.id.desc())
    .limit(bindparam("limit"))
)


class SqlWallets:
    """The customers' wallets, one for each currency."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._locked: dict[tuple[CustomerId, str], Wallet] = {}
        self._saved: dict[tuple[CustomerId, str], Wallet] = {}

    def lock(self, customer_id: CustomerId, currency: Currency) -> Wallet:
        """The customer's wallet, locked until the transaction ends; a new, empty one where there is none."""
        key = (customer_id, currency.code)
        if key not in self._locked:
            row = self._session.run(_LOCK, _names(*key)).one_or_none()
            balance, version = (row.balance, row.version) if row else (0, 0)
            self._locked[key] = Wallet(
                customer_id=customer_id, balance=Money(balance, currency), version=version
            )
        return self._locked[key]

    def save(self, wallet: Wallet) -> None:
        """Store the balance and what was posted. Raises at commit: StaleVersion."""
        self._saved[wallet.customer_id, wallet.balance.currency.code] = wallet

    def has_posted(self, wallet: Wallet, mark: str, since: datetime) -> bool:
        """Whether the request of this mark has posted something since then."""
        values = {"the_customer": wallet.customer_id, "the_mark": mark, "since": since}
        return bool(self._session.run(_HAS_POSTED, values).one().has_posted)

    @property
    def is_touched(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._saved)

    def flush(self) -> None:
        """Write what was noted. Raises: StaleVersion, StoreUnavailable."""
        saved = self._saved.values()
        born, older = [each for each in saved if not each.version], [each for each in saved if each.version]
        new = [{**_wallet_to_row(wallet), "version": 1} for wallet in born]
        changed = [{"balance": wallet.balance.minor, **_guard(wallet)} for wallet in older]
        self._session.write([Change(_INSERT, new, born), Change(_UPDATE, changed, older, "wallets")])
        for wallet in saved:
            for posting in wallet.pull_postings():
                self._post(wallet, posting)

    def _post(self, wallet: Wallet, posting: Posting) -> None:
        posting_id = self._session.run(_POST, _posting_to_row(wallet, posting)).one().id
        rows = [
            {"posting_id": posting_id, "account": entry.account.value, "amount": entry.amount.minor}
            for entry in posting.entries
        ]
        self._session.run_many(_ENTER, rows)


def posting_from_row(row: AnyRow) -> Posting:
    """A posting, read from both of its entries."""
    return Posting(
        id=row.id,
        amount=Money(row.amount, Currency(row.currency, row.exponent)),
        against=Account(row.against),
        reason=row.reason,
        by=row.by,
        at=row.at,
        payment_id=row.payment_id,
        mark=row.mark,
    )


def _names(customer_id: CustomerId, currency: str) -> Mapping[str, object]:
    return {"the_customer": customer_id, "the_currency": currency}


def _guard(wallet: Wallet) -> Mapping[str, object]:
    names = _names(wallet.customer_id, wallet.balance.currency.code)
    return {**names, "the_version": wallet.version, "version": wallet.version + 1}


def _wallet_to_row(wallet: Wallet) -> Record:
    currency = wallet.balance.currency
    return {
        "customer_id": wallet.customer_id,
        "currency": currency.code,
        "exponent": currency.exponent,
        "balance": wallet.balance.minor,
    }


def _posting_to_row(wallet: Wallet, posting: Posting) -> Record:
    return {
        "customer_id": wallet.customer_id,
        "currency": wallet.balance.currency.code,
        "payment_id": posting.payment_id,
        "mark": posting.mark,
        "by": posting.by,
        "reason": posting.reason,
        "at": posting.at,
    }
