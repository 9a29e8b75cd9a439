"""The sentences that say what must hold in the end. What may take a moment is waited for."""

from datetime import timedelta
from typing import Any

from pytest_bdd import then

from tests.steps.money import format_money, parse_money
from tests.steps.shop import Landing, OrderRef, Refusal
from tests.steps.story import Story
from tests.steps.words import Phrase

CARD_DIGITS_MAX = 8  # the first four and the last four
KEY_CHARACTERS_MIN = 22  # 128 random bits, written with 64 different characters


def _moves(story: Story, before: str, after: str) -> int:
    return story.shop.order_seen(story.order).history.count((before, after))


# Refusals


@then(Phrase("it is refused, because {reason}"))
def _refused(story: Story, reason: Refusal) -> None:
    assert story.refused, "it was not refused"
    story.refusal_was_read = True
    assert reason in story.refused.reasons, story.refused.said


@then(Phrase("{who} is shown the way back to the gateway"))
def _shown_the_way(story: Story) -> None:
    assert story.refused
    assert story.refused.shows_the_gateway
    assert story.refused.orders == (story.order,)


@then(Phrase("{who} is told which order was made"))
def _told_order(story: Story) -> None:
    assert story.refused
    assert len(story.refused.orders) == 1
    assert story.shop.order_seen(story.refused.orders[0]).total == "80.00 AZN"


@then(Phrase("the report is taken"))
def _report_taken(story: Story) -> None:
    assert story.seen == "the report is taken"


# The cart and the stock


@then(Phrase("{who}'s cart holds {n} {goods}"))
def _cart_holds(story: Story, who: str, n: int, goods: str) -> None:
    story.until(lambda: dict(story.shop.cart_seen(who).lines), {goods: n})


@then(Phrase("{who}'s cart costs {money}"))
def _cart_costs(story: Story, who: str, money: str) -> None:
    assert story.shop.cart_seen(who).total == money


@then(Phrase("{who}'s cart is empty"))
def _cart_empty(story: Story, who: str) -> None:
    story.until(lambda: (dict(story.shop.cart_seen(who).lines), story.shop.cart_seen(who).total), ({}, None))


@then(Phrase("{who} may use {their} cart"))
def _may_use_cart(story: Story, who: str) -> None:
    assert story.shop.cart_seen(who).total is None


@then(Phrase("{n} {goods} are left in stock"))
def _on_hand(story: Story, n: int, goods: str) -> None:
    story.until(lambda: story.shop.stock_seen(goods).on_hand, n)


@then(Phrase("{n} {goods} are held"))
def _held(story: Story, n: int, goods: str) -> None:
    story.until(lambda: story.shop.stock_seen(goods).reserved, n)


@then(Phrase("{n} {goods} are free to buy"))
def _free(story: Story, n: int, goods: str) -> None:
    def adds_up() -> tuple[int, bool]:
        stock = story.shop.stock_seen(goods)
        return stock.available, stock.available == stock.on_hand - stock.reserved

    story.until(adds_up, (n, True))


@then(Phrase("{goods} costs {money}"))
def _costs(story: Story, goods: str, money: str) -> None:
    assert story.shop.stock_seen(goods).price == money


@then(Phrase("they see that {goods} costs {money}"))
def _seen_to_cost(story: Story, money: str) -> None:
    assert story.seen.price == money


# One order


@then(Phrase("the order is {status}"))
def _order_status(story: Story, status: str) -> None:
    story.until_order(story.order, status=status)


@then(Phrase("{who}'s order is {status}"))
def _order_of_status(story: Story, who: str, status: str) -> None:
    story.until_order(story.order_of(who), status=status)


@then(Phrase("{who}'s first order is {status}"))
def _first_order_status(story: Story, who: str, status: str) -> None:
    first = next(order for order in story.orders if story.owners[order] == who)
    story.until_order(first, status=status)


@then(Phrase("the order with {seller} is {status}"))
def _order_with_status(story: Story, seller: str, status: str) -> None:
    story.until_order(story.order_with(seller), status=status)


@then(Phrase("every order is {status}"))
def _every_order_status(story: Story, status: str) -> None:
    assert len(story.orders) > 1
    for order in story.orders:
        story.until_order(order, status=status)


@then(Phrase("the order is unpaid"))
def _unpaid(story: Story) -> None:
    assert story.shop.order_seen(story.order).payment_status == "unpaid"


@then(Phrase("the order is paid"))
def _paid(story: Story) -> None:
    story.until_order(story.order, payment_status="paid")


@then(Phrase("every order is paid"))
def _every_paid(story: Story) -> None:
    for order in story.orders:
        story.until_order(order, payment_status="paid")


@then(Phrase("the order is marked as not paid for"))
def _not_paid_for(story: Story) -> None:
    assert story.shop.order_seen(story.order).payment_status == "failed"


@then(Phrase("the order comes to {money}"))
def _comes_to(story: Story, money: str) -> None:
    assert story.shop.order_seen(story.order).total == money


@then(Phrase("the order holds {n} {goods} at {money} each"))
def _holds(story: Story, n: int, goods: str, money: str) -> None:
    assert story.shop.order_seen(story.order).lines == {goods: (n, money)}


@then(Phrase("the order went from {before} to {status}"))
def _went(story: Story, before: str, status: str) -> None:
    story.shop.wait_until(lambda: _moves(story, before, status) > 0)
    assert _moves(story, before, status) > 0, story.shop.order_seen(story.order).history


@then(Phrase("the order was sent to processing once"))
def _processed_once(story: Story) -> None:
    story.until_order(story.order, status="PROCESSING")
    assert _moves(story, "HOLD", "PROCESSING") == 1


@then(Phrase("the order may next become {statuses}"))
def _may_become(story: Story, statuses: set[str]) -> None:
    moves = story.shop.order_seen(story.order).next_statuses
    assert moves - {"REFUNDED"} == statuses  # whether it may be refunded is no matter of fulfilment


@then(Phrase("there is an order of {money} for {seller}"))
def _order_for(story: Story, money: str, seller: str) -> None:
    assert story.shop.order_seen(story.order_with(seller)).total == money


@then(Phrase("the key of the order opens it"))
def _key_opens(story: Story) -> None:
    assert story.shop.order_seen(story.order).ref == story.order


@then(Phrase("the key of the order cannot be guessed"))
def _key_is_long(story: Story) -> None:
    assert len(story.order) >= KEY_CHARACTERS_MIN
    assert len(set(story.order)) > KEY_CHARACTERS_MIN // 3


@then(Phrase("the keys of the orders differ"))
def _keys_differ(story: Story) -> None:
    assert len(story.seen) == len({order.ref for order in story.seen}) == len(set(story.orders)) == 2


# Several orders


def _order_refs(story: Story, who: str) -> set[OrderRef]:
    return {order.ref for order in story.shop.orders_seen(who)}


@then(Phrase("{who} has {n} order(s)"))
def _has_orders(story: Story, who: str, n: int) -> None:
    assert len(_order_refs(story, who)) == n
    assert _order_refs(story, who) == {order for order in story.orders if story.owners[order] == who}


@then(Phrase("{who} has no orders"))
def _has_no_orders(story: Story, who: str) -> None:
    assert _order_refs(story, who) == set()


@then(Phrase("they see {n} order(s)"))
def _see_orders(story: Story, n: int) -> None:
    assert len(story.seen) == n


@then(Phrase("they see no orders"))
def _see_no_orders(story: Story) -> None:
    assert story.seen == ()


@then(Phrase("they see no payments"))
def _see_no_payments(story: Story) -> None:
    assert story.seen == ()


@then(Phrase("they see an order of {money}"))
def _see_order(story: Story, money: str) -> None:
    assert [order.total for order in story.seen] == [money]


@then(Phrase("the order is among them"))
def _among(story: Story) -> None:
    assert story.shop.order_seen(story.order).id in {order.id for order in story.seen}


# The checkout's answer, and ways to pay


@then(Phrase("{who} is sent to the gateway to pay"))
def _sent_to_gateway(story: Story) -> None:
    assert story.checkout
    assert story.checkout.next_step
    story.shop.open_gateway_page(story.checkout.payment)


@then(Phrase("nothing is left for {who} to do"))
def _nothing_left(story: Story) -> None:
    assert story.checkout
    assert story.checkout.next_step is None


@then(Phrase("the answer shows the key of the order"))
def _answer_shows_key(story: Story) -> None:
    assert story.checkout
    assert story.checkout.orders == (story.order,)
    assert story.order in story.checkout.answer


@then(Phrase("{who} is told how to pay, with a reference"))
def _told_how(story: Story) -> None:
    assert story.checkout
    assert story.checkout.instructions
    assert story.checkout.reference


@then(Phrase("{who} is told another reference than {other}"))
def _told_another(story: Story, who: str, other: str) -> None:
    theirs = story.shop.order_seen(story.order_of(other)).reference
    assert story.checkout
    assert story.owners[story.order] == who
    assert None not in (story.checkout.reference, theirs)
    assert story.checkout.reference != theirs


@then(Phrase("the order tells the same reference"))
def _order_tells_reference(story: Story) -> None:
    assert story.checkout
    assert story.shop.order_seen(story.order).reference == story.checkout.reference is not None


@then(Phrase("{who} is given {n} days to pay"))
def _given_days(story: Story, n: int) -> None:
    assert story.checkout
    assert story.checkout.due_at == story.shop.payment_seen(story.payment).created + timedelta(days=n)


@then(Phrase("{who} is not told until when to pay"))
def _given_no_end(story: Story) -> None:
    assert story.checkout
    assert story.checkout.reference
    assert story.checkout.due_at is None


@then(Phrase("both answers are the same"))
def _same_answers(story: Story) -> None:
    first, second = story.answers
    assert first == second


@then(Phrase("{method} may be used"))
def _may_be_used(story: Story, method: str) -> None:
    assert story.seen[method].usable
    assert story.seen[method].reasons == ()


@then(Phrase("{method} may not be used, and the reason is given"))
def _may_not_be_used(story: Story, method: str) -> None:
    assert not story.seen[method].usable
    assert story.seen[method].reasons


@then(Phrase("{method} is among the methods"))
def _is_offered(story: Story, method: str) -> None:
    assert method in story.seen


@then(Phrase("{method} is not among the methods"))
def _is_not_offered(story: Story, method: str) -> None:
    assert method not in story.seen


# Payments


@then(Phrase("the payment is a success"))
def _succeeded(story: Story) -> None:
    story.until(lambda: story.shop.payment_seen(story.payment).status, "success")


@then(Phrase("the payment is failed"))
def _failed(story: Story) -> None:
    story.until(lambda: story.shop.payment_seen(story.payment).status, "failed")


@then(Phrase("the payment is not completed"))
def _not_completed(story: Story) -> None:
    assert story.shop.payment_seen(story.payment).status == "not completed"


@then(Phrase("the payment is under review"))
def _under_review(story: Story) -> None:
    story.until(lambda: story.shop.bill_seen(story.gateway_payment).state, "review")


@then(Phrase("the late money is in the hands of a person"))
def _with_a_person(story: Story) -> None:
    story.until(lambda: story.shop.bill_seen(story.gateway_payment).state, "review")


@then(Phrase("the payment comes to {money}"))
def _payment_comes_to(story: Story, money: str) -> None:
    assert story.shop.payment_seen(story.payment).amount == money


@then(Phrase("the payment is for an order of {money}"))
def _for_order(story: Story, money: str) -> None:
    assert story.shop.payment_seen(story.payment).order_amounts == (money,)


@then(Phrase("the payment is for orders of {money} and {money2}"))
def _for_orders(story: Story, money: str, money2: str) -> None:
    assert sorted(story.shop.payment_seen(story.payment).order_amounts) == sorted((money, money2))


@then(Phrase("the payment was made by {who}"))
def _made_by(story: Story, who: str) -> None:
    assert story.seen.payer == who


@then(Phrase("the payment has a reference of its own"))
def _has_reference(story: Story) -> None:
    assert story.seen.reference
    assert story.seen.reference != story.seen.transaction


@then(Phrase("the payment names the gateway's own transaction"))
def _payment_names_transaction(story: Story) -> None:
    assert story.seen.transaction
    assert story.seen.transaction != story.seen.reference


@then(Phrase("the payment keeps the request and the reply"))
def _keeps_traffic(story: Story) -> None:
    assert story.seen.reference in story.seen.request
    assert story.seen.transaction in story.seen.reply


@then(Phrase("the payment was last changed after it was made"))
def _payment_changed(story: Story) -> None:
    assert story.seen.updated > story.seen.created


@then(Phrase("the payment shows a card ending in {digits}, the rest hidden"))
def _shows_card(story: Story, digits: str) -> None:
    card = story.seen.card
    assert card.endswith(digits)
    assert sum(character.isdigit() for character in card) <= CARD_DIGITS_MAX
    assert "****" in card


@then(Phrase("no card number or secret is kept with the payment"))
def _no_leaks(story: Story) -> None:
    assert story.shop.payment_seen(story.payment).leaks == ()


def _payments_of_order(story: Story) -> list[Any]:
    refs = sorted(story.shop.order_seen(story.order).payments)
    return [story.shop.payment_seen(ref) for ref in refs]


@then(Phrase("the order has {n} payment(s)"))
def _order_payments(story: Story, n: int) -> None:
    assert len(_payments_of_order(story)) == n


@then(Phrase("the first payment of the order is failed"))
def _first_payment_failed(story: Story) -> None:
    assert _payments_of_order(story)[0].status == "failed"


@then(Phrase("the payments of the order have different references"))
def _different_references(story: Story) -> None:
    references = [payment.reference for payment in _payments_of_order(story)]
    assert len(set(references)) == len(references) == 2


# Bills


@then(Phrase("the bill comes to {money}"))
def _bill_comes_to(story: Story, money: str) -> None:
    assert story.seen.amount == money


@then(Phrase("the bill names the gateway as its backend"))
def _bill_backend(story: Story) -> None:
    assert story.seen.backend == story.shop.method_seen("card").backend


@then(Phrase("the bill belongs to the order and its payment method"))
def _bill_belongs(story: Story) -> None:
    order = story.shop.order_seen(story.order).id
    assert (story.seen.first_order, story.seen.orders) == (order, (order,))
    assert story.seen.method == story.shop.method_seen("card").id
    assert story.seen.payment == story.payment


@then(Phrase("the bill shows where {who} must go to pay"))
def _bill_next_step(story: Story) -> None:
    assert story.checkout
    assert story.seen.next_step == story.checkout.next_step is not None


@then(Phrase("the bill shows nowhere to go"))
def _bill_no_next_step(story: Story) -> None:
    assert story.seen.next_step is None


@then(Phrase("the bill names the gateway's own transaction"))
def _bill_transaction(story: Story) -> None:
    assert story.seen.transaction == story.shop.payment_seen(story.payment).transaction is not None


@then(Phrase("the bill is verified"))
def _bill_verified(story: Story) -> None:
    story.until(lambda: story.shop.bill_seen(story.gateway_payment).verified, True)


@then(Phrase("the bill is not verified"))
def _bill_not_verified(story: Story) -> None:
    assert story.shop.bill_seen(story.gateway_payment).verified is False


@then(Phrase("the bill was last changed after it was made"))
def _bill_changed(story: Story) -> None:
    assert story.seen.updated > story.seen.created


@then(Phrase("{who}'s wallet holds {money}"))
def _wallet_holds(story: Story, who: str, money: str) -> None:
    assert story.shop.wallet_seen(who) == money


# The bank


@then(Phrase("a person is to look at {money}"))
def _to_look_at(story: Story, money: str) -> None:
    assert story.report
    assert story.report.owed == money


@then(Phrase("no person has to look at it"))
def _nothing_to_look_at(story: Story) -> None:
    assert story.report
    assert (story.report.fate, story.report.owed) == ("approved", None)


@then(Phrase("the entry was known already"))
def _known_already(story: Story) -> None:
    assert story.report
    assert story.report.fate == "known"


# The gateway


@then(Phrase("{who} lands on {page}, told of {told}"))
def _lands(story: Story, page: str, told: str) -> None:
    assert story.landing == Landing(page=page, told=told)


@then(Phrase("the gateway is asked for {money}"))
def _asked_for(story: Story, money: str) -> None:
    assert story.shop.asked_of_gateway(story.payment) == (money,)


@then(Phrase("the gateway knows {n} payment(s) of the order"))
def _gateway_knows(story: Story, n: int) -> None:
    known = [story.shop.asked_of_gateway(ref) for ref in story.shop.order_seen(story.order).payments]
    assert sum(map(len, known)) == n


@then(Phrase("the gateway has taken {money}"))
def _taken(story: Story, money: str) -> None:
    payments = {ref for order in story.orders for ref in story.shop.order_seen(order).payments}
    taken = [parse_money(story.shop.taken_at_gateway(payment)) for payment in sorted(payments)]
    assert format_money(sum(minor for minor, _ in taken), money[-3:]) == money


@then(Phrase("the gateway takes no money for the payment any more"))
def _takes_no_more(story: Story) -> None:
    story.until(lambda: story.shop.payment_seen(story.gateway_payment).status, "failed")
    story.shop.confirm(story.gateway_payment, story.shop.payment_seen(story.gateway_payment).amount)
    assert story.shop.taken_at_gateway(story.gateway_payment) == "0.00 AZN"


# Payment methods and accounts, as seen


@then(Phrase("the method is enabled and approves by itself"))
def _method_works(story: Story) -> None:
    assert story.seen.enabled
    assert story.seen.auto_approve


@then(Phrase("the method shows its backend and settings"))
def _method_shows(story: Story) -> None:
    assert story.seen.backend
    assert story.seen.settings


@then(Phrase("the method shows that it is accepted up to {money}"))
def _method_rule(story: Story, money: str) -> None:
    assert story.seen.at_most == money


@then(Phrase("the method shows none of its secrets"))
def _method_secrets(story: Story) -> None:
    assert story.seen.secrets_shown == ()


@then(Phrase("{who} is known by {their} name and address"))
def _known(story: Story, who: str) -> None:
    name, address = story.seen
    assert name == who
    assert address.startswith(who.lower())
