"""A sheet of the books is as of one moment, and may take its time."""

import pytest
from sqlalchemy import Engine, event

from adapters.sql.engine import snapshot
from application.books import Told
from application.ports import Perishable
from application.proof import Prove
from domain.ids import OrderId, PaymentId
from tests.adapters.conftest import Shelf, commit
from tests.adapters.history import CUSTOMERS, ORDERS, make_history
from tests.builders import NOON, SOMEBODY, later, make_order
from tests.contract.storages import sql_storage


class TestOneMoment:
    def test_what_is_written_meanwhile_is_not_on_the_sheet(self, either: Engine) -> None:
        """An order and its events fit together, whatever is stored between two questions."""
        storage = sql_storage(either)
        order = make_order(1)
        order.hold(PaymentId(7), SOMEBODY, NOON)
        commit(storage, lambda uow: uow.orders.add(order))
        moves = []

        @event.listens_for(either, "before_cursor_execute")
        def fail_the_order(_: object, __: object, statement: str, *___: object) -> None:
            if "FROM outbox" in statement and not moves:
                moves.append(statement)
                with storage.begin() as uow:
                    (stored,) = uow.orders.lock([OrderId(1)])
                    stored.mark_failed(SOMEBODY, NOON, None)
                    uow.orders.save(stored)
                    uow.commit()

        (entry,) = storage.books.orders(0, 9)
        (after,) = storage.books.orders(0, 9)

        assert moves
        assert (entry.order.sequence, entry.told) == (1, Told(1, 1, 1))
        assert (after.order.sequence, after.told) == (2, Told(1, 2, 2))


class TestManySheets:
    def test_add_up_when_half_of_the_events_are_gone(self, shelf: Shelf) -> None:
        """Ten thousand orders of a thousand days; the proof tells what was pruned from what was lost."""
        make_history(shelf)
        while shelf.storage.prunes(Perishable.EVENTS, later(days=-500), 5000):
            pass
        prove = Prove(books=shelf.storage.books)

        proof = prove()
        ((left,),) = shelf.execute("SELECT count(*) FROM outbox")
        shelf.execute("DELETE FROM outbox WHERE subject = 'order' AND subject_id = 9999")

        assert proof.breaches == ()
        assert proof.checked == {
            "orders": ORDERS,
            "payments": ORDERS,
            "products": CUSTOMERS,
            "wallets": CUSTOMERS,
        }
        assert ORDERS * 2 < left < ORDERS * 4
        assert [breach.what for breach in prove().breaches] == [
            "order 9999: the first 4 of 4 events are missing"
        ]


class TestPatience:
    @pytest.mark.parametrize("name", ["statement_timeout", "lock_timeout"])
    def test_is_without_end_for_an_operator_alone(self, shelf: Shelf, name: str) -> None:
        """A million orders take longer than a customer would wait; the next in line is hurried again."""
        with snapshot(shelf.engine) as connection:
            assert connection.exec_driver_sql(f"SHOW {name}").scalar_one() == "0"
            assert connection.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "repeatable read"
        with shelf.engine.connect() as connection:
            assert connection.exec_driver_sql(f"SHOW {name}").scalar_one() != "0"
            assert connection.exec_driver_sql("SHOW transaction_isolation").scalar_one() == "read committed"
