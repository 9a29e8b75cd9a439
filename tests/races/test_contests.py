"""Many customers at several processes on one PostgreSQL: what one may have, one gets.

The same rounds as `python -m benchmarks.trials.races`, small.
"""

import random

from tests.races.books import Books
from tests.races.contests import Contests


class TestContests:
    def test_the_last_unit_is_sold_to_one_of_many(self, contests: Contests) -> None:
        """Twice over by the same customers; the others hear that there is none left."""
        tokens = contests.shop.customers(100)

        for _ in range(2):
            contests.last_unit(tokens)

    def test_the_same_news_from_all_sides_counts_once(self, contests: Contests) -> None:
        """Of each of many bills, while the janitor looks at them as well."""
        contests.same_news(bills=20, copies=16, dice=random.Random(1))

    def test_two_tabs_open_one_payment_of_an_order(self, contests: Contests) -> None:
        """The other tab is told which payment is under way."""
        contests.two_tabs(orders=20, tabs=2)

    def test_who_waits_in_a_circle_gets_out_of_it(self, contests: Contests) -> None:
        """Nobody hears of it, unless asked to come back."""
        contests.inversion(buyers=8)

    def test_leave_the_books_in_order(self, contests: Contests) -> None:
        """Bills, orders, stock and events agree with each other, and with the gateway's journal."""
        contests.shop.verify()
        assert Books.of(contests.shop).breaches(contests.shop.received, at_rest=False) == []
