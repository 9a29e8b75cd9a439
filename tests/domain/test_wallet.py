"""A wallet's balance is what was posted to it, and never below zero."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import CurrencyMismatch, Invalid
from domain.ids import CustomerId, PaymentId
from domain.money import Money
from domain.wallet import Account, Posting, Wallet, reasons_against
from tests.domain.builders import BY, NOW, STAFF, USD, azn

amounts = st.integers(1, 10_000)


def wallet(minor: int = 0) -> Wallet:
    """A wallet that holds so much."""
    return Wallet(customer_id=CustomerId(5), balance=azn(minor))


class TestWallet:
    @given(st.lists(st.tuples(st.booleans(), amounts)))
    def test_holds_what_was_posted(self, moves: list[tuple[bool, int]]) -> None:
        """Whatever comes and goes: the balance is the fold, never negative; every posting sums to zero."""
        held, postings = wallet(), list[Posting]()
        for comes, minor in moves:
            before = held.balance
            if comes:
                held.credit(azn(minor), Account.ISSUED, "a gift", STAFF, NOW)
            elif minor <= before.minor:
                held.pay(azn(minor), PaymentId(7), BY, NOW)
            else:
                with pytest.raises(ValueError, match="does not pay"):
                    held.pay(azn(minor), PaymentId(7), BY, NOW)
                assert held.balance == before
            postings += held.pull_postings()

        assert held.balance == azn(sum(posting.amount.minor for posting in postings))
        assert held.balance.minor >= 0
        for posting in postings:
            own, other = posting.entries
            assert (own.account, own.amount) == (Account.WALLET, posting.amount)
            assert own.amount.minor + other.amount.minor == 0
            assert other.account is (Account.ISSUED if posting.amount.minor > 0 else Account.SPENT)

    @pytest.mark.parametrize("minor", [0, -1])
    def test_is_credited_with_something(self, minor: int) -> None:
        """Nothing and less are refused."""
        with pytest.raises(Invalid) as caught:
            wallet().credit(azn(minor), Account.ISSUED, "a gift", STAFF, NOW)
        assert caught.value.mistakes[0].pointer == "#/amount/amount"

    def test_posts_nothing_for_what_costs_nothing(self) -> None:
        """A total of zero is paid, and leaves no trace."""
        held = wallet()

        held.pay(azn(0), PaymentId(7), BY, NOW)

        assert held.pull_postings() == []

    def test_holds_one_currency(self) -> None:
        """Another one has a wallet of its own."""
        with pytest.raises(CurrencyMismatch):
            wallet().credit(Money(1, USD), Account.ISSUED, "a gift", STAFF, NOW)


class TestReasonsAgainst:
    def test_names_what_is_there(self) -> None:
        """Enough is no reason."""
        assert reasons_against(azn(8000), azn(8000)) == ()
        assert reasons_against(azn(7999), azn(8000)) == ("the wallet holds 79.99 AZN",)

    def test_wants_somebody_who_has_one(self) -> None:
        """Whoever only holds an order's key has no wallet here."""
        (reason,) = reasons_against(None, azn(0))
        assert "signed in" in reason
