"""The memory adapter's wallets."""

from collections.abc import Callable
from datetime import datetime

import attrs

from adapters.memory.tables import Tables
from application.storage import StaleVersion
from domain.ids import CustomerId
from domain.money import Currency, Money
from domain.wallet import Wallet


class MemoryWallets:
    """The customers' wallets, one for each currency."""

    def __init__(self, tables: Tables, next_number: Callable[[str], int]) -> None:
        self._tables, self._next = tables, next_number
        self._locked: dict[tuple[CustomerId, str], Wallet] = {}
        self._saved: dict[tuple[CustomerId, str], Wallet] = {}

    def lock(self, customer_id: CustomerId, currency: Currency) -> Wallet:
        """The customer's wallet; a new, empty one where there is none."""
        key = (customer_id, currency.code)
        if key not in self._locked:
            stored = self._tables.wallets.get(key)
            empty = Wallet(customer_id=customer_id, balance=Money.zero(currency))
            self._locked[key] = attrs.evolve(stored) if stored else empty
        return self._locked[key]

    def save(self, wallet: Wallet) -> None:
        """Store the balance and what was posted."""
        self._saved[wallet.customer_id, wallet.balance.currency.code] = wallet

    def has_posted(self, wallet: Wallet, mark: str, since: datetime) -> bool:
        """Whether the request of this mark has posted something since then."""
        return any(
            owner == wallet.customer_id and posting.mark == mark and posting.at >= since
            for owner, posting in self._tables.postings.values()
        )

    def flush(self) -> None:
        """Write what was noted. Raises: StaleVersion."""
        for key, wallet in self._saved.items():
            stored = self._tables.wallets.get(key)
            if (stored.version if stored else 0) != wallet.version:
                raise StaleVersion(f"the wallet of customer {wallet.customer_id}")
            wallet.version += 1
            self._tables.wallets[key] = attrs.evolve(wallet)
            for posting in wallet.pull_postings():
                number = self._next("posting")
                self._tables.postings[number] = (wallet.customer_id, attrs.evolve(posting, id=number))
