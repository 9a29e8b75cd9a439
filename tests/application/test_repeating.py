"""The same request again, after nobody heard what became of it the first time."""

import pytest

from application.opening import CheckedOut
from domain.errors import EmptyCart, GatewayUnavailable, PaymentUnderWay
from tests.world import World

MARK = "the same request"


@pytest.fixture
def world() -> World:
    return World()


def facts(done: CheckedOut) -> tuple[object, ...]:
    """What tells one checkout from another."""
    return done.payment.id, [order.id for order in done.orders], done.user, done.next_step


class TestRepeating:
    @pytest.mark.parametrize("method", ["cash", "transfer", "card"])
    def test_answers_what_was_done(self, world: World, method: str) -> None:
        """Whether the cart is gone or its payment waits: it was this request that did it."""
        first = world.buy(2, method, mark=MARK)

        again = world.check_out(method, mark=MARK)

        assert facts(again) == facts(first)
        assert len(world.bank.called("initiate")) == (method == "card")

    def test_answers_what_has_become_of_it(self, world: World) -> None:
        """It was paid meanwhile, and the cart is gone."""
        first = world.buy(2, mark=MARK)
        world.bank.confirm(first.payment.order_id)
        world.hear(first.payment)

        again = world.check_out(mark=MARK)

        assert facts(again) == facts(first)
        assert again.payment.bill.verified

    def test_answers_the_last_of_two_that_bear_one_name(self, world: World) -> None:
        """A client's key is free again after three days, and may come with another cart."""
        world.buy(2, "cash", mark=MARK)
        world.clock.turn(hours=73)
        second = world.buy(1, "cash", mark=MARK)

        assert facts(world.check_out("cash", mark=MARK)) == facts(second)

    def test_answers_the_last_of_two_attempts(self, world: World) -> None:
        """Lost, refused by the bank, sent again and lost again: what counts is what can be paid now."""
        first = world.buy(2, mark=MARK)
        world.bank.decline(first.payment.order_id)
        world.hear(first.payment)
        second = world.check_out(mark=MARK)

        again = world.check_out(mark=MARK)

        assert second.payment.id != first.payment.id
        assert facts(again) == facts(second)

    @pytest.mark.parametrize("mark", [None, "another request"])
    @pytest.mark.parametrize(("method", "refusal"), [("cash", EmptyCart), ("card", PaymentUnderWay)])
    def test_tells_other_requests_the_truth(
        self, world: World, mark: str | None, method: str, refusal: type[Exception]
    ) -> None:
        """They did nothing of this."""
        world.buy(2, method, mark=MARK)

        with pytest.raises(refusal):
            world.check_out(method, mark=mark)

    def test_answers_nothing_while_there_is_nowhere_to_go_on(self, world: World) -> None:
        """The gateway is just being asked by somebody who has not come back."""
        inside: list[str] = []

        def meanwhile() -> None:
            with pytest.raises(PaymentUnderWay, match="being opened"):
                world.check_out(mark=MARK)
            inside.append("refused")

        world.bank.meanwhile("initiate", meanwhile)

        world.buy(2, mark=MARK)

        assert inside == ["refused"]

    def test_ends_with_the_key(self, world: World) -> None:
        """After three days it is a new request."""
        world.buy(2, "cash", mark=MARK)
        world.clock.turn(hours=73)

        with pytest.raises(EmptyCart):
            world.check_out("cash", mark=MARK)

    def test_resumes_what_was_not_opened(self, world: World) -> None:
        """As without a mark: the same payment is opened once more."""
        world.bank.trouble(operation="initiate")
        with pytest.raises(GatewayUnavailable):
            world.buy(2, mark=MARK)

        assert len(world.check_out(mark=MARK).orders) == 1
