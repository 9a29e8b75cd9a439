"""What is measured works: service and floor sell on both databases, and their books are looked at."""

from collections.abc import Iterator

import attrs
import pytest
from sqlalchemy import text

from benchmarks import traced
from benchmarks.growth import grow, rows_of
from benchmarks.lab import CLIENTS, House, Lab, Unsound, floor, service, service_on_sqlite
from benchmarks.measuring import take_turn
from benchmarks.parts import a_lab
from benchmarks.shop import Shop
from tests.postgres import Postgres
from tests.processes import kassa

COPIES = 30


@pytest.fixture(scope="module")
def lab(postgres: Postgres) -> Iterator[Lab]:
    """Its server is the tests' own: nothing here depends on how fast or durable it is."""
    with a_lab(postgres) as lab:
        yield lab


@pytest.fixture(scope="module")
def shop_and_house(lab: Lab) -> tuple[Shop, House]:
    """The service on PostgreSQL, whose callbacks come in several copies."""
    return service(lab, copies=CLIENTS)


def buy_once(house: House) -> None:
    """Each of two buyers one checkout."""
    for buyer in house.buyers[:2]:
        assert buyer.buy(), buyer.errors


class TestHouses:
    def test_sell_and_keep_their_books(self, shop_and_house: tuple[Shop, House]) -> None:
        """With every copy of a callback answered."""
        _, house = shop_and_house
        settle = house.subject("service").settle

        buy_once(house)

        settle()

    @pytest.mark.parametrize("calls_gateway", [False, True])
    def test_may_have_no_rules(
        self, lab: Lab, shop_and_house: tuple[Shop, House], calls_gateway: bool
    ) -> None:
        """The floor fits the schema as it is today."""
        house = floor(lab, shop_and_house[0], calls_gateway=calls_gateway)
        settle = house.subject("floor").settle

        buy_once(house)

        settle()

    def test_are_counted_by_sqlite(self, lab: Lab) -> None:
        """Every statement of a checkout, as the database sees it."""
        count = lab.folder / "count"
        around = {"module": "benchmarks.traced", "arguments": (str(count), "serve", "--no-worker")}
        _, house = service_on_sqlite(lab, **around)
        settle = house.subject("SQLite").settle
        buy_once(house)
        before = traced.counted(count)

        buy_once(house)

        assert 2 * 26 <= traced.counted(count) - before <= 2 * 60
        settle()

    @pytest.mark.parametrize(
        ("table", "column", "right", "wrong"),
        [
            ("orders", "status", "PROCESSING", "HOLD"),
            ("orders", "payment_status", "paid", "failed"),
            ("payments", "state", "paid", "failed"),
            ("outbox", "type", "order.paid", "order.failed"),
        ],
    )
    def test_that_lose_a_sale_are_found_out(
        self, shop_and_house: tuple[Shop, House], table: str, column: str, right: str, wrong: str
    ) -> None:
        """A checkout was answered to its end, and one of its rows says otherwise."""
        _, house = shop_and_house
        settle = house.subject("service").settle
        buy_once(house)
        last = f"(SELECT max(id) FROM {table} WHERE {column} = '{right}')"

        with house.engine.begin() as connection:
            connection.execute(text(f"UPDATE {table} SET {column} = '{wrong}' WHERE id = {last}"))
        with pytest.raises(Unsound):
            settle()

        with house.engine.begin() as connection:
            connection.execute(text(f"UPDATE {table} SET {column} = '{right}' WHERE {column} = '{wrong}'"))
        settle()

    def test_note_what_was_refused(self, lab: Lab) -> None:
        """It is an error and no checkout, and shows as one."""
        shop, house = service(lab, arguments=("serve", "--no-worker"))
        shop.stock([sku for buyer in house.buyers for sku in buyer.skus], units=0)

        turn = take_turn(attrs.evolve(house.subject("sold out"), statements=None), 0.2)

        assert turn.checkouts == 0
        assert turn.errors > 0


class TestGrowth:
    def test_leaves_a_shop_in_which_everything_is_as_it_should_be(
        self, shop_and_house: tuple[Shop, House]
    ) -> None:
        """Copies in every table, which the service itself finds no fault with; and it goes on selling."""
        shop, house = shop_and_house
        buy_once(house)
        house.buyers[0].fill_cart()
        house.subject("service").settle()
        before = rows_of(house.engine)

        grow(house.engine, COPIES)

        grown = {table: count - before[table] for table, count in rows_of(house.engine).items()}
        assert grown["orders"] == grown["payments"] == grown["idempotency_keys"] == COPIES
        assert (grown["order_lines"], grown["outbox"], grown["customers"]) == (
            2 * COPIES,
            5 * COPIES,
            COPIES / 5,
        )
        settle = house.subject("grown").settle
        buy_once(house)
        settle()
        assert "no breach" in kassa("verify", settings=shop.program.settings)
