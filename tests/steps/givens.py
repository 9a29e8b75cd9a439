"""The sentences that say how a story begins."""

import pytest
from pytest_bdd import given

from tests.steps.shop import Heard, Pace, Refusal, Refused, Terms, Trouble
from tests.steps.story import Story, story
from tests.steps.words import Phrase

__all__ = ["story"]


def _order(story: Story, who: str, n: int, goods: str, method: str) -> None:
    story.shop.put_in_cart(who, goods, n)
    story.check_out(who, method)


# The shop and what it sells


@given(Phrase("the shop holds goods only for a moment"))
def _hasty(story: Story) -> None:
    story.shop.open(Pace.HASTY)


@given(Phrase("the shop asks about open payments every moment"))
def _watchful(story: Story) -> None:
    story.shop.open(Pace.WATCHFUL)


@given(Phrase("{n} {goods} are in stock at {money} each"))
def _stock(story: Story, n: int, goods: str, money: str) -> None:
    story.shop.stock(goods, n, money)


@given(Phrase("{seller} sells {n} {goods} at {money} each"))
def _stock_of_seller(story: Story, seller: str, n: int, goods: str, money: str) -> None:
    story.shop.stock(goods, n, money, seller=seller)


@given(Phrase("the price of {goods} has become {money}"))
def _price(story: Story, goods: str, money: str) -> None:
    story.shop.stock(goods, story.shop.stock_seen(goods).on_hand, money)


# The ways to pay


@given(Phrase("the shop offers {method}"))
def _offers(story: Story, method: str) -> None:
    story.shop.offer(method, Terms())


@given(Phrase("the shop no longer offers {method}"))
def _withdrawn(story: Story, method: str) -> None:
    story.shop.withdraw(method)


@given(Phrase("{method} waits for approval by staff"))
def _waits_for_approval(story: Story, method: str) -> None:
    story.shop.offer(method, Terms(waits_for_approval=True))


@given(Phrase("{method} is accepted up to {money}"))
def _at_most(story: Story, method: str, money: str) -> None:
    story.shop.offer(method, Terms(at_most=money))


@given(Phrase("{method} is accepted from {money} on"))
def _at_least(story: Story, method: str, money: str) -> None:
    story.shop.offer(method, Terms(at_least=money))


@given(Phrase("{method} is accepted in {currency} only"))
def _in_currency(story: Story, method: str, currency: str) -> None:
    story.shop.offer(method, Terms(currency=currency))


@given(Phrase("{method} is accepted from {who} only"))
def _from_customer(story: Story, method: str, who: str) -> None:
    story.shop.offer(method, Terms(customer=who))


@given(Phrase("{method} is not accepted for {goods}"))
def _not_for_goods(story: Story, method: str, goods: str) -> None:
    story.shop.offer(method, Terms(not_for=goods))


@given(Phrase("{method} is waited for only a moment"))
def _waits_a_moment(story: Story, method: str) -> None:
    story.shop.offer(method, Terms(waits_a_moment=True))


@given(Phrase("{method} is due within {n} days"))
def _due_within(story: Story, method: str, n: int) -> None:
    story.shop.offer(method, Terms(due_days=n))


@given(Phrase("the gateway of {method} closes no payments"))
def _closes_nothing(story: Story, method: str) -> None:
    story.shop.offer(method, Terms(closes_nothing=True))


@given(Phrase("the gateway of {method} only holds the money"))
def _only_holds(story: Story, method: str) -> None:
    story.shop.offer(method, Terms(only_holds=True))


@given(Phrase("the gateway of {method} only holds the money, and does not tell once it is taken"))
def _says_one_word(story: Story, method: str) -> None:
    story.shop.offer(method, Terms(only_holds=True, says_one_word=True))


@given(Phrase("staff have renamed {method}"))
def _renamed(story: Story, method: str) -> None:
    story.shop.offer(method, Terms(renamed=True))


# Customers, carts and orders


@given(Phrase("{who} has an account"))
def _account(story: Story, who: str) -> None:
    story.shop.sign_up(who)


@given(Phrase("staff have put {money} in {who}'s wallet"))
def _in_wallet(story: Story, money: str, who: str) -> None:
    story.shop.put_in_wallet(who, money)


@given(Phrase("{who} has put {n} {goods} in {their} cart"))
def _in_cart(story: Story, who: str, n: int, goods: str) -> None:
    story.shop.put_in_cart(who, goods, n)


@given(Phrase("{who} has emptied {their} cart"))
def _emptied(story: Story, who: str) -> None:
    story.shop.empty_cart(who)


@given(Phrase("{who} has ordered {n} {goods}"))
def _ordered_by_card(story: Story, who: str, n: int, goods: str) -> None:
    _order(story, who, n, goods, "card")


@given(Phrase("{who} has ordered {n} {goods} by {method}"))
def _ordered(story: Story, who: str, n: int, goods: str, method: str) -> None:
    _order(story, who, n, goods, method)


@given(Phrase("{who} has an unpaid order of {n} {goods}"))
def _unpaid_order(story: Story, who: str, n: int, goods: str) -> None:
    _order(story, who, n, goods, "card")
    story.shop.refuse(story.gateway_payment)
    story.until_order(story.order, status="FAILED")
    story.shop.empty_cart(who)


@given(Phrase("{who} has checked out by {method}"))
def _checked_out(story: Story, who: str, method: str) -> None:
    story.check_out(who, method)


@given(Phrase("{who} has checked out by {method}, to come back to the shop's own page"))
def _checked_out_to_return(story: Story, who: str, method: str) -> None:
    story.check_out(who, method, back_to="the shop's own page")


@given(Phrase("{who}'s marked checkout by {method} has been sent"))
def _marked_checkout(story: Story, who: str, method: str) -> None:
    story.check_out(who, method, mark="the mark")


@given(Phrase("{who}'s marked checkout by card has been paid"))
def _marked_checkout_paid(story: Story, who: str) -> None:
    story.check_out(who, "card", mark="the mark")
    story.shop.confirm(story.gateway_payment, story.shop.payment_seen(story.payment).amount)
    story.until_order(story.order, status="PROCESSING")


@given(Phrase("{who} has checked out by {method} in vain, as the gateway {trouble}"))
def _checked_out_in_vain(story: Story, who: str, method: str, trouble: Trouble) -> None:
    story.shop.offer(method, Terms())
    story.shop.trouble(trouble)
    with pytest.raises(Refused) as caught:
        story.shop.check_out(who, method)
    story.shop.trouble_ends()
    assert Refusal.TROUBLE in caught.value.reasons, caught.value.said
    story.remember_refused(who, caught.value)


@given(Phrase("{who} has started one payment for both orders"))
def _one_payment(story: Story, who: str) -> None:
    story.remember(who, story.shop.pay_orders(who, tuple(story.orders), "card"))


@given(Phrase("{who} has cancelled {their} order"))
def _cancelled(story: Story, who: str) -> None:
    story.shop.cancel(story.order_of(who))


@given(Phrase("{who} has cancelled {their} order with {seller}"))
def _cancelled_with(story: Story, seller: str) -> None:
    story.shop.cancel(story.order_with(seller))


@given(Phrase("staff have moved the order to {status}"))
def _moved(story: Story, status: str) -> None:
    story.shop.move(story.order, status)


@given(Phrase("staff have approved the payment"))
def _approved(story: Story) -> None:
    story.shop.approve(story.payment)


# At the bank


@given(Phrase("the bank has reported {money} with {who}'s reference"))
def _bank_reported(story: Story, money: str, who: str) -> None:
    story.bank_reports(money, f"thanks, {story.shop.order_seen(story.order_of(who)).reference}")


# At the gateway


@given(Phrase("{who} is paying for {their} order by card"))
def _paying(story: Story, who: str) -> None:
    story.shop.open_gateway_page(story.payment_of(who))


@given(Phrase("{who} has paid for {their} order by card"))
def _paid(story: Story, who: str) -> None:
    payment = story.payment_of(who)
    story.shop.confirm(payment, story.shop.payment_seen(payment).amount)
    story.until_order(story.order_of(who), status="PROCESSING")


@given(Phrase("{who} is paying for {their} order with {seller} by card"))
def _paying_seller(story: Story, seller: str) -> None:
    story.pay(story.order_with(seller), "card")


@given(Phrase("{who} has paid for {their} order with {seller} by card"))
def _paid_seller(story: Story, seller: str) -> None:
    order = story.order_with(seller)
    story.pay(order, "card")
    story.shop.confirm(story.payment, story.shop.payment_seen(story.payment).amount)
    story.until_order(order, status="PROCESSING")


@given(Phrase("the bank has refused {who}'s first payment"))
def _refused(story: Story, who: str) -> None:
    story.shop.refuse(story.payment_of(who))
    story.until_order(story.order_of(who), status="FAILED")


@given(Phrase("the bank has confirmed {money}"))
def _confirmed(story: Story, money: str) -> None:
    story.shop.confirm(story.gateway_payment, money)
    story.until(lambda: story.shop.payment_seen(story.gateway_payment).status, "success")


@given(Phrase("the bank holds {money}"))
def _held(story: Story, money: str) -> None:
    assert story.shop.payment_seen(story.gateway_payment).amount == money
    story.shop.hold(story.gateway_payment)
    story.until(lambda: story.shop.bill_seen(story.gateway_payment).state, "authorised")


@given(Phrase("the shop has taken the money at the gateway by hand"))
def _taken_by_hand(story: Story) -> None:
    story.shop.take_by_hand(story.gateway_payment)


@given(Phrase("the bank has confirmed {money}, and nobody told the shop"))
def _confirmed_in_silence(story: Story, money: str) -> None:
    story.shop.confirm(story.gateway_payment, money, heard=Heard.NEITHER)


@given(Phrase("the bank has refused the payment, and nobody told the shop"))
def _refused_in_silence(story: Story) -> None:
    story.shop.refuse(story.gateway_payment, heard=Heard.NEITHER)


@given(Phrase("the gateway {trouble}"))
def _trouble(story: Story, trouble: Trouble) -> None:
    story.shop.trouble(trouble)


@given(Phrase("the hold has run out"))
def _hold_ran_out(story: Story) -> None:
    story.shop.let_hold_run_out(story.order)
    story.until_order(story.order, status="FAILED")
