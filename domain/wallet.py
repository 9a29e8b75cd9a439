"""A customer's wallet: money that the shop keeps for them, as double entries that are only ever added."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import attrs

from domain.errors import Invalid
from domain.ids import Actor, CustomerId, PaymentId
from domain.money import Money

# The backend whose money lies with ourselves.
WALLET = "wallet"


class Account(StrEnum):
    """Where money of wallets comes from and goes to: the wallet itself, and the shop's two sides."""

    WALLET = "wallet"
    ISSUED = "issued"
    SPENT = "spent"


@attrs.frozen
class LedgerEntry:
    """What one account gained; negative where it lost."""

    account: Account
    amount: Money


@attrs.frozen(kw_only=True)
class Posting:
    """One movement of money, told twice: what the wallet gains, the other account loses.

    Units: `amount` is negative where the wallet paid. Shape: `mark` is the name of the request that
    brought a credit, by which a repeated one is known; `id` is given when the posting is stored.
    """

    amount: Money
    against: Account
    reason: str
    by: Actor
    at: datetime
    payment_id: PaymentId | None = None
    mark: str | None = None
    id: int | None = None

    @property
    def entries(self) -> Sequence[LedgerEntry]:
        """Both sides, which sum to zero."""
        return LedgerEntry(Account.WALLET, self.amount), LedgerEntry(self.against, self.amount * -1)


@attrs.define(kw_only=True)
class Wallet:
    """A customer's money in one currency; its balance is the sum of what was posted, never below zero."""

    customer_id: CustomerId
    balance: Money
    version: int = 0
    _postings: list[Posting] = attrs.field(factory=list, init=False, repr=False, eq=False)

    def credit(
        self,
        amount: Money,
        against: Account,
        reason: str,
        by: Actor,
        now: datetime,
        *,
        payment_id: PaymentId | None = None,
        mark: str | None = None,
    ) -> None:
        """Put money in: staff issue it, or what was spent comes back. Raises: Invalid."""
        if amount.minor <= 0:
            raise Invalid("a credit is above zero", "#/amount/amount")
        self._post(
            Posting(
                amount=amount,
                against=against,
                reason=reason,
                by=by,
                at=now,
                payment_id=payment_id,
                mark=mark,
            )
        )

    def pay(self, amount: Money, payment_id: PaymentId, by: Actor, now: datetime) -> None:
        """Take a payment's money out. Raises: ValueError for more than there is."""
        if amount.minor:
            self._post(
                Posting(
                    amount=amount * -1,
                    against=Account.SPENT,
                    reason=f"payment {payment_id}",
                    by=by,
                    at=now,
                    payment_id=payment_id,
                )
            )

    def pull_postings(self) -> list[Posting]:
        """Hand over what was posted since the last call."""
        postings, self._postings = self._postings, []
        return postings

    def _post(self, posting: Posting) -> None:
        balance = self.balance + posting.amount
        if balance.minor < 0:
            raise ValueError(f"a wallet with {self.balance} does not pay {posting.amount}")
        self.balance = balance
        self._postings.append(posting)


def reasons_against(balance: Money | None, total: Money) -> tuple[str, ...]:
    """Why a wallet cannot pay this; `balance` None where nobody has signed in who has one."""
    if balance is None:
        return ("a wallet pays only for the customer who has signed in",)
    return (f"the wallet holds {balance}",) if balance < total else ()
