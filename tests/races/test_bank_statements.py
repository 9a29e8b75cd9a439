"""Two imports of overlapping statements at once."""

from collections import Counter
from datetime import date

from application.banking import Fate
from application.purchasing import Wish
from application.service import Application
from domain.bank import BankEntry
from domain.money import Money
from domain.order_status import OrderStatus
from domain.references import reference_of
from tests.races.in_one_process import AZN, app, buyer, offer
from tests.races.shop import at_once

__all__ = ["app"]

IMPORTS = 4


class TestStatements:
    def test_are_taken_up_once_by_all_imports_together(self, app: Application) -> None:
        """Each entry approves or is for a person once; a payment named by two is approved by one of them."""
        method = offer(app, "manual", auto_approve=False)
        done = app.check_out_cart(customer_id=buyer(app), wish=Wish(method=method))
        entries = [
            BankEntry(
                account="AZ21",
                reference=f"E{number}",
                booked_on=date(2026, 3, 5),
                amount=Money(4000, AZN),
                text=reference_of(done.payment.id) if number < 2 else "thanks",
            )
            for number in range(4)
        ]

        def take_up(turn: int) -> list[Fate]:
            mine = entries[turn:] + entries[:turn]
            return [app.take_up_entry(entry).fate for entry in mine]

        fates = at_once([lambda turn=turn: take_up(turn) for turn in range(IMPORTS)])

        assert Counter(fate for of_one in fates for fate in of_one) == {
            Fate.APPROVED: 1,
            Fate.REVIEW: 3,
            Fate.KNOWN: 4 * IMPORTS - 4,
        }
        order = app.queries.order(done.orders[0].key)
        assert order is not None
        assert order.status is OrderStatus.PROCESSING
        assert [move.to for move in order.history].count(OrderStatus.PROCESSING) == 1
