"""The sentences that say what happens: one to a story."""

from pytest_bdd import when

from tests.steps.shop import NOBODY, STAFF, Claim, Heard, OrderRef, Refused, Signature, Terms
from tests.steps.story import Story
from tests.steps.words import Phrase

GUESSED = OrderRef("Zx9-a-guess-at-somebodys-key-Zx9")


# The cart


@when(Phrase("{who} puts {n} {goods} in {their} cart"))
def _put(story: Story, who: str, n: int, goods: str) -> None:
    with story.attempt():
        story.shop.put_in_cart(who, goods, n)


@when(Phrase("{who} takes {goods} out of {their} cart"))
def _take(story: Story, who: str, goods: str) -> None:
    story.shop.take_out_of_cart(who, goods)


@when(Phrase("{who} empties {their} cart"))
def _empty(story: Story, who: str) -> None:
    story.shop.empty_cart(who)


@when(Phrase("{who} looks at {their} cart"))
def _look_at_cart(story: Story, who: str) -> None:
    story.seen = story.shop.cart_seen(who)


@when(Phrase("somebody not signed in looks at a cart"))
def _nobody_looks_at_cart(story: Story) -> None:
    with story.attempt():
        story.shop.cart_seen(NOBODY)


# Checking out and paying by key


@when(Phrase("{who} checks out by {method}"))
def _check_out(story: Story, who: str, method: str) -> None:
    story.try_to_check_out(who, method)


@when(Phrase("{who} checks out by {method}, expecting to pay {money}"))
def _check_out_expecting(story: Story, who: str, method: str, money: str) -> None:
    story.try_to_check_out(who, method, expecting=money)


@when(Phrase("{who} checks out by {method}, to come back to a stranger's page"))
def _check_out_to_stranger(story: Story, who: str, method: str) -> None:
    story.try_to_check_out(who, method, back_to="a stranger's page")


@when(Phrase("{who} checks out by {method} with {their} card number in the note"))
def _check_out_with_card_number(story: Story, who: str, method: str) -> None:
    story.try_to_check_out(who, method, note="Please take it from 4111 1111 1111 1111, thank you")


@when(Phrase("{who} checks out by {method} with a friendly note"))
def _check_out_with_note(story: Story, who: str, method: str) -> None:
    story.try_to_check_out(who, method, note="Please ring twice, flat 4")


@when(Phrase("{who}'s checkout by {method} is sent twice"))
def _check_out_twice(story: Story, who: str, method: str) -> None:
    story.check_out(who, method, mark="the mark")
    story.check_out(who, method, mark="the mark")


@when(Phrase("{who}'s marked checkout is sent again"))
def _repeat(story: Story, who: str) -> None:
    story.try_to_check_out(who, "card", mark="the mark")


@when(Phrase("{who}'s marked checkout is sent again by {method}"))
def _repeat_otherwise(story: Story, who: str, method: str) -> None:
    story.try_to_check_out(who, method, mark="the mark")


@when(Phrase("somebody not signed in checks out"))
def _nobody_checks_out(story: Story) -> None:
    with story.attempt():
        story.shop.check_out(NOBODY, "card")


@when(Phrase("{who} asks how {they} may pay for {their} cart"))
def _ask_for_cart(story: Story, who: str) -> None:
    story.seen = story.shop.methods_for_cart(who)


@when(Phrase("{who} asks how {they} may pay for {their} order"))
def _ask_for_order(story: Story, who: str) -> None:
    story.seen = story.shop.methods_for_order(story.order_of(who))


@when(Phrase("somebody with the key asks how the order may be paid"))
def _ask_with_key(story: Story) -> None:
    story.seen = story.shop.methods_for_order(story.order)


def _pay_at_once(story: Story, order: OrderRef) -> None:
    story.pay(order, "card")
    story.shop.confirm(story.payment, story.shop.payment_seen(story.payment).amount)


@when(Phrase("{who} pays for {their} order by card"))
def _pay(story: Story, who: str) -> None:
    _pay_at_once(story, story.order_of(who))


@when(Phrase("{who} pays for {their} order with {seller} by card"))
def _pay_seller(story: Story, seller: str) -> None:
    _pay_at_once(story, story.order_with(seller))


@when(Phrase("somebody with the key pays for the order by card"))
def _pay_with_key(story: Story) -> None:
    _pay_at_once(story, story.order)


@when(Phrase("{who} tries to pay for {their} order by {method}"))
def _try_to_pay(story: Story, who: str, method: str) -> None:
    with story.attempt():
        story.pay(story.order_of(who), method)


@when(Phrase("somebody with a guessed key pays for the order by card"))
def _pay_with_guess(story: Story) -> None:
    with story.attempt():
        story.shop.pay_order(GUESSED, "card")


@when(Phrase("{who} starts one payment for both orders"))
def _one_payment(story: Story, who: str) -> None:
    with story.attempt():
        story.remember(who, story.shop.pay_orders(who, tuple(story.orders), "card"))


@when(Phrase("{who} starts one payment for all {their} orders"))
def _one_payment_for_all(story: Story, who: str) -> None:
    mine = tuple(order for order in story.orders if story.owners[order] == who)
    with story.attempt():
        story.remember(who, story.shop.pay_orders(who, mine, "card"))


# Wallets


@when(Phrase("staff put {money} in {who}'s wallet"))
def _put_in_wallet(story: Story, money: str, who: str) -> None:
    story.shop.put_in_wallet(who, money)


@when(Phrase("{who} puts {money} in {their} wallet"))
def _put_in_own_wallet(story: Story, who: str, money: str) -> None:
    with story.attempt():
        story.shop.put_in_wallet(who, money, by=who)


# At the bank


@when(Phrase("the bank reports {money} with {who}'s reference"))
def _bank_reports(story: Story, money: str, who: str) -> None:
    story.bank_reports(money, f"thanks, {story.shop.order_seen(story.order_of(who)).reference}")


@when(Phrase("the bank reports a reversal of {money} with {who}'s reference"))
def _bank_reports_reversal(story: Story, money: str, who: str) -> None:
    reference = story.shop.order_seen(story.order_of(who)).reference
    story.bank_reports(money, f"returned, {reference}", is_reversal=True)


@when(Phrase("the bank reports {money} without a reference"))
def _bank_reports_stranger(story: Story, money: str) -> None:
    story.bank_reports(money, "thank you for the kettle")


@when(Phrase("the same statement is taken up again"))
def _taken_up_again(story: Story) -> None:
    story.take_up_again()


# At the gateway


@when(Phrase("the bank confirms {money}"))
def _confirm(story: Story, money: str) -> None:
    story.landing = story.shop.confirm(story.gateway_payment, money)


@when(Phrase("the bank confirms {money}, and {who} never comes back"))
def _confirm_by_report(story: Story, money: str) -> None:
    story.shop.confirm(story.gateway_payment, money, heard=Heard.REPORT)


@when(Phrase("the bank confirms {money}, and only {who} comes back"))
def _confirm_by_return(story: Story, money: str) -> None:
    story.landing = story.shop.confirm(story.gateway_payment, money, heard=Heard.RETURN)


@when(Phrase("the bank confirms {money}, and nobody tells the shop"))
def _confirm_in_silence(story: Story, money: str) -> None:
    story.shop.confirm(story.gateway_payment, money, heard=Heard.NEITHER)


@when(Phrase("the bank refuses the payment"))
def _refuse(story: Story) -> None:
    story.landing = story.shop.refuse(story.gateway_payment)


@when(Phrase("the bank refuses the payment, and {who} never comes back"))
def _refuse_by_report(story: Story) -> None:
    story.shop.refuse(story.gateway_payment, heard=Heard.REPORT)


@when(Phrase("the bank refuses the payment, and only {who} comes back"))
def _refuse_by_return(story: Story) -> None:
    story.landing = story.shop.refuse(story.gateway_payment, heard=Heard.RETURN)


@when(Phrase("the bank takes its time"))
def _undecided(story: Story) -> None:
    story.landing = story.shop.leave_undecided(story.gateway_payment)


@when(Phrase("{who} gives up at the gateway"))
def _give_up(story: Story, who: str) -> None:
    story.landing = story.shop.give_up(story.payment_of(who))


@when(Phrase("{who} comes back from the gateway"))
def _come_back(story: Story, who: str) -> None:
    story.landing = story.shop.come_back(story.payment_of(who))


@when(Phrase("the money arrives after all"))
def _late_money(story: Story) -> None:
    story.shop.send_money_late(story.gateway_payment)


@when(Phrase("the money arrives all the same, and the gateway reports it"))
def _unheard_money(story: Story) -> None:
    story.shop.send_money_late(story.payment)


@when(Phrase("a forged return says that the payment is confirmed"))
def _forged_return(story: Story) -> None:
    story.landing = story.shop.come_back(story.gateway_payment, forged=True)


@when(Phrase("a stranger reports the payment as {claim}, {signature}"))
def _stranger_reports(story: Story, claim: Claim, signature: Signature) -> None:
    with story.attempt():
        story.shop.report(story.payment, claim, signature=signature)


@when(Phrase("the gateway reports the payment as {claim}, although it is not"))
def _untrue_report(story: Story, claim: Claim) -> None:
    story.shop.report(story.gateway_payment, claim)
    story.seen = "the report is taken"


@when(Phrase("the gateway reports a payment nobody knows"))
def _unknown_report(story: Story) -> None:
    story.shop.report(None, Claim.CONFIRMED)
    story.seen = "the report is taken"


@when(Phrase("the gateway repeats its report {n} times"))
def _repeated_report(story: Story, n: int) -> None:
    paid = story.shop.payment_seen(story.gateway_payment).status == "success"
    story.shop.report(story.gateway_payment, Claim.CONFIRMED if paid else Claim.REFUSED, times=n)
    story.seen = "the report is taken"


@when(Phrase("the gateway's report on {who}'s payment is sent for {other}'s"))
def _crossed_report(story: Story, who: str, other: str) -> None:
    about, sent_for = story.payment_of(who), story.payment_of(other)
    story.shop.report(sent_for, Claim.CONFIRMED, about=about)
    story.seen = "the report is taken"


# Time


@when(Phrase("the hold runs out"))
def _hold_runs_out(story: Story) -> None:
    story.shop.let_hold_run_out(story.order)


@when(Phrase("the hold of {who}'s order runs out"))
def _hold_of_runs_out(story: Story, who: str) -> None:
    story.shop.let_hold_run_out(story.order_of(who))


@when(Phrase("the shop asks the gateway again"))
def _shop_asks(story: Story) -> None:
    story.shop.let_shop_ask(story.gateway_payment)


# What staff do, and what customers may not


@when(Phrase("staff approve the payment"))
def _approve(story: Story) -> None:
    with story.attempt():
        story.shop.approve(story.payment)


@when(Phrase("{who} approves the payment"))
def _customer_approves(story: Story, who: str) -> None:
    with story.attempt():
        story.shop.approve(story.payment, by=who)


@when(Phrase("somebody not signed in approves the payment"))
def _nobody_approves(story: Story) -> None:
    with story.attempt():
        story.shop.approve(story.payment, by=NOBODY)


@when(Phrase("staff have the bill verified"))
def _verify(story: Story) -> None:
    story.shop.verify_bill(story.gateway_payment)


@when(Phrase("{who} has the bill verified"))
def _customer_verifies(story: Story, who: str) -> None:
    with story.attempt():
        story.shop.verify_bill(story.payment, by=who)


@when(Phrase("staff move the order to {status}"))
def _move(story: Story, status: str) -> None:
    with story.attempt():
        story.shop.move(story.order, status)


@when(Phrase("{who} moves the order to {status}"))
def _customer_moves(story: Story, who: str, status: str) -> None:
    with story.attempt():
        story.shop.move(story.order, status, by=who)


@when(Phrase("{who} cancels {their} order"))
def _cancel(story: Story, who: str) -> None:
    with story.attempt():
        story.shop.cancel(story.order_of(who))


@when(Phrase("{who} cancels {their} order with {seller}"))
def _cancel_with(story: Story, seller: str) -> None:
    with story.attempt():
        story.shop.cancel(story.order_with(seller))


@when(Phrase("staff cancel the order"))
def _staff_cancel(story: Story) -> None:
    with story.attempt():
        story.shop.cancel(story.order, by=STAFF)


@when(Phrase("somebody with a guessed key cancels the order"))
def _cancel_with_guess(story: Story) -> None:
    with story.attempt():
        story.shop.cancel(GUESSED)


def _set_price(story: Story, goods: str, money: str, by: str) -> None:
    with story.attempt():
        story.shop.stock(goods, story.shop.stock_seen(goods).on_hand, money, by=by)


@when(Phrase("staff set the price of {goods} to {money}"))
def _price(story: Story, goods: str, money: str) -> None:
    _set_price(story, goods, money, STAFF)


@when(Phrase("{who} sets the price of {goods} to {money}"))
def _customer_price(story: Story, who: str, goods: str, money: str) -> None:
    _set_price(story, goods, money, who)


@when(Phrase("staff put {n} {goods} on sale at {money} each"))
def _put_on_sale(story: Story, n: int, goods: str, money: str) -> None:
    story.shop.stock(goods, n, money)


@when(Phrase("staff count {n} {goods}"))
def _count(story: Story, n: int, goods: str) -> None:
    with story.attempt():
        story.shop.stock(goods, n, story.shop.stock_seen(goods).price)


@when(Phrase("staff give {method} a setting nobody knows"))
def _unknown_setting(story: Story, method: str) -> None:
    with story.attempt():
        story.shop.offer(method, Terms(unknown_setting=True))


@when(Phrase("{who} changes how {method} works"))
def _customer_changes_method(story: Story, who: str, method: str) -> None:
    with story.attempt():
        story.shop.offer(method, Terms(), by=who)


# Looking


@when(Phrase("{who} looks at {their} order"))
def _look_at_order(story: Story, who: str) -> None:
    story.seen = (story.shop.order_seen(story.order_of(who)),)


@when(Phrase("{who} looks at {their} orders"))
def _look_at_orders(story: Story, who: str) -> None:
    story.seen = story.shop.orders_seen(who)


@when(Phrase("staff look at all orders"))
def _staff_look_at_orders(story: Story) -> None:
    story.seen = story.shop.orders_seen(STAFF)


@when(Phrase("somebody with the key looks at the order"))
def _look_with_key(story: Story) -> None:
    story.seen = (story.shop.order_seen(story.order),)


@when(Phrase("somebody with a guessed key looks at the order"))
def _look_with_guess(story: Story) -> None:
    with story.attempt():
        story.shop.order_seen(GUESSED)


def _look_at_payment(story: Story, by: str) -> None:
    with story.attempt():
        story.seen = story.shop.payment_seen(story.payment, by=by)


@when(Phrase("{who} looks at the payment"))
def _customer_looks_at_payment(story: Story, who: str) -> None:
    _look_at_payment(story, who)


@when(Phrase("staff look at the payment"))
def _staff_look_at_payment(story: Story) -> None:
    _look_at_payment(story, STAFF)


@when(Phrase("somebody not signed in looks at the payment"))
def _nobody_looks_at_payment(story: Story) -> None:
    _look_at_payment(story, NOBODY)


@when(Phrase("{who} looks at {their} payments"))
def _look_at_payments(story: Story, who: str) -> None:
    story.seen = story.shop.payments_seen(who)


@when(Phrase("staff look at the bill"))
def _staff_look_at_bill(story: Story) -> None:
    story.seen = story.shop.bill_seen(story.payment)


@when(Phrase("{who} looks at the bill"))
def _customer_looks_at_bill(story: Story, who: str) -> None:
    with story.attempt():
        story.seen = story.shop.bill_seen(story.payment, by=who)


@when(Phrase("somebody not signed in looks at {goods}"))
def _look_at_goods(story: Story, goods: str) -> None:
    story.seen = story.shop.stock_seen(goods)


@when(Phrase("staff look at how {method} works"))
def _look_at_method(story: Story, method: str) -> None:
    story.seen = story.shop.method_seen(method)


@when(Phrase("somebody not signed in asks which methods there are"))
def _ask_for_methods(story: Story) -> None:
    story.seen = story.shop.methods_offered()


# Accounts


@when(Phrase("{who} opens an account"))
def _sign_up(story: Story, who: str) -> None:
    story.seen = story.shop.sign_up(who)


@when(Phrase("{who} opens an account with {other}'s address"))
def _sign_up_with_taken(story: Story, who: str, other: str) -> None:
    with story.attempt():
        story.shop.sign_up(who, address_of=other)


@when(Phrase("{who} signs in with the right password"))
def _sign_in(story: Story, who: str) -> None:
    story.shop.sign_in(who)


@when(Phrase("{who} signs in with a wrong password"))
def _sign_in_wrongly(story: Story, who: str) -> None:
    with story.attempt():
        story.shop.sign_in(who, right_password=False)


@when(Phrase("the answers to a wrong password and to an unknown address are compared"))
def _compare_refusals(story: Story) -> None:
    for known in (True, False):
        try:
            story.shop.sign_in("Aysel", right_password=False, known=known)
        except Refused as refused:
            story.answers.append(refused.said)
