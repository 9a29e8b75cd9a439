"""Every case of a checkout, at every backend, on real sockets.

The service and the gateways are programs of their own that share no code; what is done at a gateway is done
on its page, by its control side, or on the way between the two. `table` says who plays which case.
"""

from collections.abc import Iterator

import pytest

from application.gateways import MoveStatus, TracksRefunds
from domain.verdict import VerdictStatus
from tests.accounts import ASKED_BEFORE
from tests.checkouts.table import EXCUSES
from tests.checkouts.till import DECLINED, NAMELESS, ONLINE, PATIENT, SILENT, Till, accepted
from tests.races.shop import PRICE, at_once
from tests.steps.http_gateway import poll

LESS = PRICE - 1
PART = 500


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A case is played at every backend that is not excused from it."""
    case = metafunc.function.__name__.removeprefix("test_")
    players = [backend for backend in ONLINE if (backend, case) not in EXCUSES]
    metafunc.parametrize("till", players, indirect=True)


@pytest.fixture
def till(request: pytest.FixtureRequest, every_till: dict[str, Till]) -> Iterator[Till]:
    """The till of one backend."""
    till = every_till[request.param]
    yield till
    till.at_peace()


class TestPaying:
    def test_whole_checkout(self, till: Till) -> None:
        """The customer pays on the gateway's page, the gateway calls back, the customer returns."""
        bought = till.bought()
        till.ensure_waiting(bought)

        told = till.come_back(till.pay(bought))

        assert told == "success"
        till.ensure_sold_once(bought)
        assert till.shop.payment(bought.payment_id)["status"] == "2"
        assert till.bill(bought)["verified"] is True
        assert till.shop.cart(bought.token) == {}

    def test_card_shown(self, till: Till) -> None:
        """What was paid with is told by the gateway, and of the card's number the mask alone is kept."""
        bought = till.bought()
        till.come_back(till.pay(bought))
        till.await_status(bought, "PROCESSING")

        assert till.shop.payment(bought.payment_id)["card_number"] == "4111******1111"

    def test_callback_only(self, till: Till) -> None:
        """The customer never comes back."""
        bought = till.bought()
        till.pay(bought)

        till.ensure_sold_once(bought)

    def test_return_only(self, till: Till) -> None:
        """Every callback is lost."""
        bought = till.bought()
        till.arm("callback", "drop", bought)
        way_back = till.pay(bought)
        before = till.status(bought)
        told = till.come_back(way_back)

        assert (before, told) == (("HOLD", "0"), "success")
        till.ensure_sold_once(bought)

    def test_both_at_once(self, till: Till) -> None:
        """The callback and two browsers arrive in the same moment."""
        bought = till.bought()
        till.arm("callback", "drop", bought)
        way_back = till.pay(bought)

        told = at_once(
            [
                lambda: str(till.report_again(bought)),
                lambda: till.come_back(way_back),
                lambda: till.come_back(way_back),
            ]
        )

        assert told[0] == "200" and set(told[1:]) <= {"success", "pending"}, told
        till.ensure_sold_once(bought)

    def test_nobody_tells(self, till: Till) -> None:
        """Callback and customer are both lost: whoever asks the gateway finds the money."""
        bought = till.bought()
        till.arm("callback", "drop", bought)
        till.pay(bought)
        till.ask(bought)

        till.ensure_sold_once(bought)

    def test_callback_before_the_create_reply(self, till: Till) -> None:
        """The gateway calls while we still wait for its first answer; some can be asked only after that."""
        token, sku = till.filled()
        till.arm("callback", "before_create_reply", status="captured")
        bought = accepted(till.check_out(token), token, sku)
        told = till.come_back(till.look_at_page(bought))

        assert told == "success"
        assert till.answers(bought) == {200}
        till.ensure_sold_once(bought)

    def test_create_reply_lost(self, till: Till) -> None:
        """The payment is there, and we never heard: checking out again finds it by our reference."""
        token, sku = till.filled()
        till.arm("create", "drop_after")
        lost = till.check_out(token)
        bought = accepted(till.check_out(token), token, sku)
        till.pay(bought)

        assert (lost.status_code, lost.json()["order_keys"]) == (503, [bought.key])
        assert len(till.shop.gateway.payments(bought.ref)) == 1
        assert till.shop.order(bought.key)["payments"] == [bought.payment_id]
        till.ensure_sold_once(bought)

    def test_paid_though_the_create_reply_was_lost(self, till: Till) -> None:
        """The callback tells the gateway's number: what it says of that decides, if it names the bill."""
        token, sku = till.filled()
        till.arm("create", "drop_after")
        bought = till.unheard(till.check_out(token), token, sku)
        till.shop.gateway.force(bought.ref, "captured")

        assert till.answers(bought) == {200}
        if till.backend in SILENT:
            assert till.bill(bought)["state"] == "review"
            assert till.status(bought) == ("HOLD", "0")
        else:
            till.ensure_sold_once(bought)


class TestNotPaying:
    def test_decline(self, till: Till) -> None:
        """By the gateway's own word the order fails, its goods are free and the cart is as it was."""
        bought = till.bought()
        till.refuse(bought)

        till.ensure_free(bought)
        assert till.shop.payment(bought.payment_id)["status"] == "3"
        assert till.shop.cart(bought.token) == {bought.sku: 1}
        assert till.moves(bought, "captured") == []

    def test_second_attempt(self, till: Till) -> None:
        """The order that failed is paid with its key after all, under a reference of its own."""
        first = till.bought()
        till.refuse(first)
        till.ensure_free(first)
        second = till.buy_again(first)
        till.come_back(till.pay(second))

        assert (second.key, second.ref != first.ref) == (first.key, True)
        till.ensure_sold_once(second)
        assert till.shop.payment(first.payment_id)["status"] == "3"

    def test_another_card(self, till: Till) -> None:
        """A declined card is not the end: the order waits, and the next card pays for it."""
        bought = till.bought()
        till.pay(bought, DECLINED)
        till.ensure_undecided(bought)
        till.pay(bought)

        assert till.backend in PATIENT
        till.ensure_sold_once(bought)

    def test_return_without_payment(self, till: Till) -> None:
        """Which address was hit proves nothing."""
        bought = till.bought()
        told = till.come_back(f"{till.door.address}/v1/callbacks/{till.backend}/{bought.ref}")

        assert told == "pending"
        till.ensure_waiting(bought)


class TestFalseNews:
    @pytest.mark.parametrize("way", ["bad_signature", "other_merchant_key", "no_signature"])
    def test_forged(self, till: Till, way: str) -> None:
        """What the gateway did not sign is refused, and nothing is asked; signed, the same is heard."""
        bought = till.bought()
        till.arm("callback", way, bought)
        till.pay(bought)

        assert till.answers(bought) == {403}
        till.ensure_waiting(bought)
        assert till.report_again(bought) == 200
        till.ensure_sold_once(bought)

    def test_replayed(self, till: Till) -> None:
        """A callback that comes again, also several at once, is acknowledged and changes nothing."""
        bought = till.bought()
        till.come_back(till.pay(bought))
        till.ensure_sold_once(bought)
        changed = till.shop.payment(bought.payment_id)["updated"]

        answers = at_once([lambda: till.report_again(bought)] * 4)

        assert answers == [200] * 4
        till.ensure_sold_once(bought)
        assert till.shop.payment(bought.payment_id)["updated"] == changed

    def test_cross_wired(self, till: Till) -> None:
        """A paid payment's callback, validly signed, names another bill: that one waits all the same."""
        mine, other = till.bought(), till.bought()
        till.arm("callback", "wrong_ref", mine)
        way_back = till.pay(mine)

        assert till.answers(mine) == {200}
        till.ensure_waiting(other)
        assert till.moves(other, "captured") == []
        assert till.come_back(way_back) == "success"
        till.ensure_sold_once(mine)

    def test_callback_about_nobody(self, till: Till) -> None:
        """A payment that the shop never opened is paid there: its callback is acknowledged, no more."""
        stranger = till.strangers_payment()
        till.pay(stranger)

        assert till.answers(stranger) == {200}

    def test_misdirected(self, till: Till) -> None:
        """A paid payment's own callback is taken to another bill's address: that one stays unpaid."""
        mine, other = till.bought(), till.bought()
        till.misdirect(mine, to=other)
        way_back = till.pay(mine)

        assert till.answers(mine) == {200}
        till.ensure_waiting(other)
        if till.backend not in NAMELESS:
            till.ensure_sold_once(mine)
        assert till.come_back(way_back) == "success"
        till.ensure_sold_once(mine)
        till.ensure_waiting(other)


class TestMoneyThatDiffers:
    @staticmethod
    def ensure_reviewed(till: Till, action: str, **params: object) -> None:
        """The gateway took the money and speaks of other money: a person decides, the goods stay held."""
        bought = till.bought()
        till.arm("status", action, bought, nth=1 + ASKED_BEFORE.get(till.backend, 0), **params)
        told = till.come_back(till.pay(bought))

        assert told == "pending"
        assert poll(lambda: till.bill(bought)["state"] == "review")
        till.ensure_undecided(bought)
        assert till.bill(bought)["verified"] is False
        assert till.moves(bought, "captured") == [PRICE]

    def test_wrong_amount(self, till: Till) -> None:
        """One unit less than was due."""
        self.ensure_reviewed(till, "wrong_amount", amount=LESS)

    def test_wrong_currency(self, till: Till) -> None:
        """The right number in another currency."""
        self.ensure_reviewed(till, "wrong_currency", currency="USD")

    def test_approval_of_another_amount(self, till: Till) -> None:
        """What the customer agreed to is not this bill: it is not collected."""
        bought = till.bought()
        till.arm("status", "wrong_amount", bought, amount=LESS)
        told = till.come_back(till.pay(bought))

        assert told == "pending"
        till.ensure_undecided(bought)
        assert till.moves(bought, "captured") == []


class TestMovingMoney:
    @staticmethod
    def ensure_refunded(till: Till, minor: int) -> None:
        """So much goes back, by the gateway's journal too; what was sold stays sold."""
        bought = till.bought()
        till.come_back(till.pay(bought))
        till.ensure_sold_once(bought)

        move = till.adapter().refund(till.instruction(bought, minor))

        assert move.status in {MoveStatus.DONE, MoveStatus.PENDING}, move
        assert (till.moves(bought, "captured"), till.moves(bought, "refunded")) == ([PRICE], [minor])
        till.ask(bought)
        till.ensure_sold_once(bought)

    def test_refund_full(self, till: Till) -> None:
        """All of it."""
        self.ensure_refunded(till, PRICE)

    def test_refund_partial(self, till: Till) -> None:
        """A part of it."""
        self.ensure_refunded(till, PART)

    def test_refund_status(self, till: Till) -> None:
        """The gateway can be asked what became of a refund, by the name it gave it."""
        bought, adapter = till.bought(), till.adapter()
        till.come_back(till.pay(bought))
        instruction = till.instruction(bought, PART)
        move = adapter.refund(instruction)

        assert isinstance(adapter, TracksRefunds)
        assert move.move_id
        assert adapter.refund_status(instruction.transaction_id, move.move_id).status is MoveStatus.DONE

    def test_capture(self, till: Till) -> None:
        """Held money pays for nothing; once it is taken, the order is paid."""
        bought = till.bought_on_hold()
        till.pay(bought)
        assert poll(lambda: till.bill(bought)["state"] == "authorised")
        till.ensure_undecided(bought)
        assert till.moves(bought, "captured") == []

        move = till.adapter(holds=True).capture(till.instruction(bought, PRICE))
        till.ask(bought)

        assert move.status is MoveStatus.DONE
        assert till.moves(bought, "captured") == [PRICE]
        if till.known()[till.backend]["tells_holds"]:
            till.ensure_sold_once(bought)
        else:
            # Only the answer to taking it could tell: what stands there reads as before.
            till.ensure_undecided(bought)

    def test_void(self, till: Till) -> None:
        """Held money is let go: the order fails, its goods are free, and nothing was taken."""
        bought = till.bought_on_hold()
        till.pay(bought)
        assert poll(lambda: till.bill(bought)["state"] == "authorised")

        about = till.instruction(bought, PRICE)
        verdict = till.adapter(holds=True).void(about.order_id, about.transaction_id)
        till.ask(bought)

        assert verdict.status is VerdictStatus.FAILED
        till.ensure_free(bought)
        assert till.moves(bought, "captured") == []

    @pytest.mark.parametrize("taken", [[], [PRICE]], ids=["held", "taken"])
    def test_cancelled_hold(self, till: Till, taken: list[int]) -> None:
        """Held money is let go with its order where that is sure; nowhere does taken money go back by it."""
        bought = till.bought_on_hold()
        till.pay(bought)
        assert poll(lambda: till.bill(bought)["state"] == "authorised")
        if taken:
            till.adapter(holds=True).capture(till.instruction(bought, PRICE))

        answer = till.cancel(bought)

        tells = till.known()[till.backend]["tells_holds"]
        is_cancelled = tells and not taken
        assert answer.status_code == (200 if is_cancelled else 409), answer.text
        assert till.moves(bought, "captured") == taken
        assert till.moves(bought, "refunded") == []
        if is_cancelled:
            assert till.status(bought)[0] == "CANCELLED"
            assert till.moves(bought, "voided") == [PRICE]
        elif tells:
            till.ensure_sold_once(bought)
        else:
            assert answer.json()["code"] == "payment_under_way"
            assert till.moves(bought, "voided") == []
            till.ensure_undecided(bought)
