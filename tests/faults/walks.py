"""What is done at each moment while a fault strikes, and what must come of it.

Each walk answers what it saw: what was answered, and how it ended.
"""

from collections.abc import Callable, Mapping
from typing import Any

import requests

from adapters.sandbox.rules import BEFORE_CREATE_REPLY, PARTIAL_CAPTURE
from tests.faults.matrix import (
    ASKING,
    CLOSING,
    COLLECTING,
    HEARING,
    LETTING_GO,
    OPENING,
    OPERATIONS,
    RETURNING,
    collects,
)
from tests.faults.news import heard
from tests.faults.stands import Stand
from tests.races.patience import (
    ANSWER_SECONDS_MAX,
    CALLBACK_SECONDS_MAX,
    PARAMS,
    SETTLED_SECONDS_MAX,
    only_order,
    pay,
    pay_in_the_end,
    timed,
)
from tests.steps.http_gateway import poll

LIES = {"wrong_amount", "wrong_currency"}


def opening(stand: Stand, action: str) -> str:
    """201 or 503 in time, the payment stays open, and the customer comes to pay, once."""
    token, sku = stand.customer()
    arm(stand, OPENING, action, times=1)

    answer = timed(lambda: stand.check_out(token), ANSWER_SECONDS_MAX)

    ensure_struck(stand)
    assert answer.status_code in {201, 503}, answer.text
    order = only_order(stand.shop, token)
    payment = stand.shop.payment(order["payments"][0])
    assert (order["status"], payment["status"]) == ("HOLD", "1"), (order, payment)
    if answer.status_code == 503:
        assert answer.json()["order_keys"] == [order["key"]]
    pay_in_the_end(stand.shop, token, answer, stand.code)
    return f"{answer.status_code} {settled(stand, order, sku)}"


def asking(stand: Stand, action: str) -> str:
    """The customer has paid, and the gateway answers nonsense when it is asked."""
    return while_it_lasts(stand, ASKING, action)


def collecting(stand: Stand, action: str) -> str:
    """The customer has agreed to pay, and taking the money goes wrong."""
    return while_it_lasts(stand, COLLECTING, action)


def while_it_lasts(stand: Stand, moment: str, action: str) -> str:
    """Nobody is told "failed", and once the gateway is well again what is true comes out."""
    (done, sku), shop = bought(stand), stand.shop
    ref, payment_id = done["payment"]["order_id"], done["payment"]["id"]
    arm(stand, moment, action, ref=ref)

    told = come_back(stand, pay(done["next_step"]).headers["Location"])
    answer = ask(stand, payment_id)

    ensure_struck(stand)
    assert told != "failed"
    assert answer.status_code in {200, 503}, answer.text
    assert shop.payment(payment_id)["status"] in {"1", "2"}
    assert shop.order(done["order_key"])["status"] in {"HOLD", "PROCESSING"}
    if action in LIES | {PARTIAL_CAPTURE}:
        ensure_doubted(stand, done, is_taken=action == PARTIAL_CAPTURE or not collects(stand.gateway))
    shop.gateway.disarm()
    answer = ask(stand, payment_id) if action in LIES | {PARTIAL_CAPTURE} else answer
    if action == PARTIAL_CAPTURE:
        ensure_doubted(stand, done, is_taken=True)
        assert shop.stock(sku) == (2, 1)
        return f"{answer.status_code} review"
    return f"{answer.status_code} {settled(stand, done['orders'][0], sku)}"


def ask(stand: Stand, payment_id: int) -> requests.Response:
    """Staff have the gateway asked."""
    path, staff = f"/v1/bills/{payment_id}/verify", stand.shop.staff
    return timed(lambda: stand.shop.wire("POST", path, token=staff), ANSWER_SECONDS_MAX)


def ensure_doubted(stand: Stand, done: Any, *, is_taken: bool) -> None:
    """What is wrong with the money itself is for a person to look at, and what is not taken yet is left."""
    shop, ref = stand.shop, done["payment"]["order_id"]
    expected = ("review", 1) if is_taken else ("waiting", 0)
    assert (shop.bill(done["payment"]["bill_id"])["state"], shop.journal(ref)["captured"]) == expected
    assert shop.order(done["order_key"])["status"] == "HOLD"


def closing(stand: Stand, action: str) -> str:
    """Cancelled only once it is closed there: afterwards nobody can pay any more."""
    (done, sku), shop = bought(stand), stand.shop
    told = cancelled(stand, CLOSING, action, done)
    ref = done["payment"]["order_id"]
    assert (shop.gateway.payments(ref)[0]["status"], shop.stock(sku)) == ("canceled", (2, 0))
    pay(done["next_step"])
    assert shop.journal(ref)["captured"] == 0
    return told


def letting_go(stand: Stand, action: str) -> str:
    """The customer's money is held, and cancelled is the order only once it is theirs again."""
    (done, sku), shop = bought(stand), stand.shop
    pay(done["next_step"])
    bill_id, ref = done["payment"]["bill_id"], done["payment"]["order_id"]
    assert poll(lambda: shop.bill(bill_id)["state"] == "authorised", SETTLED_SECONDS_MAX), shop.bill(bill_id)

    told = cancelled(stand, LETTING_GO, action, done)

    moved = shop.journal(ref)
    assert (moved["voided"], moved["captured"], shop.stock(sku)) == (1, 0, (2, 0)), moved
    return told


def cancelled(stand: Stand, moment: str, action: str, done: Any) -> str:
    """The customer cancels, and again until they have; answers what they were told at first."""
    path = f"/v1/orders/{done['order_key']}/cancel"
    arm(stand, moment, action, ref=done["payment"]["order_id"], times=1)

    def cancel() -> requests.Response:
        return timed(lambda: stand.shop.wire("POST", path), 3 * ANSWER_SECONDS_MAX)

    answer = cancel()

    ensure_struck(stand)
    assert answer.status_code in {200, 409, 503}, answer.text
    if answer.status_code != 200:
        assert poll(lambda: cancel().status_code == 200, SETTLED_SECONDS_MAX)
    assert stand.shop.order(done["order_key"])["status"] == "CANCELLED"
    return f"{answer.status_code} cancelled"


def hearing(stand: Stand, action: str) -> str:
    """The customer pays and never comes back; whatever is called back, the payment is found."""
    if action == BEFORE_CREATE_REPLY:
        return hearing_too_early(stand)
    (done, sku), shop = bought(stand), stand.shop
    ref = done["payment"]["order_id"]
    # With another's reference callbacks are about whatever was opened last.
    other = bought(stand)[0] if action == "wrong_ref" else None
    arm(stand, HEARING, action, ref=ref)

    pay(done["next_step"])

    by = settled(stand, done["orders"][0], sku)
    ensure_struck(stand)
    told = heard(shop, ref)
    assert bool(told) == (action != "drop"), told
    if other:
        assert shop.order(other["order_key"])["status"] == "HOLD"
        assert shop.payment(other["payment"]["id"])["status"] == "1"
    return f"{'/'.join(map(str, sorted(told))) or 'none'} {by}"


def hearing_too_early(stand: Stand) -> str:
    """The gateway calls back before it has answered our own call."""
    token, sku = stand.customer()
    # Where we have to say when it is taken, nobody can have paid that early.
    status = "created" if collects(stand.gateway) else "captured"
    arm(stand, HEARING, BEFORE_CREATE_REPLY, times=1, status=status)
    answer = timed(lambda: stand.check_out(token), ANSWER_SECONDS_MAX)
    ensure_struck(stand)
    assert answer.status_code == 201, answer.text
    if collects(stand.gateway):
        pay(answer.json()["next_step"])
    return f"{answer.status_code} {settled(stand, only_order(stand.shop, token), sku)}"


def returning(stand: Stand, action: str) -> str:
    """Lost, altered or doubled: the customer is sent on by what is known, and that decides nothing."""
    done, sku = bought(stand)
    arm(stand, RETURNING, action, ref=done["payment"]["order_id"], times=1)
    if action == "success_url_on_failure":
        return returning_in_vain(stand, done, sku)

    location = pay(done["next_step"]).headers.get("Location")

    ensure_struck(stand)
    assert bool(location) == (action != "never_returns"), location
    told = come_back(stand, location) if location else "none"
    return f"{told} {settled(stand, done['orders'][0], sku)}"


def returning_in_vain(stand: Stand, done: Any, sku: str) -> str:
    """They gave up, and come back by the address of those who have paid."""
    shop, ref = stand.shop, done["payment"]["order_id"]
    told = come_back(stand, pay(done["next_step"], action="cancel").headers["Location"])
    ensure_struck(stand)
    order, has_ended = shop.order(done["order_key"]), shop.gateway.payments(ref)[0]["status"] == "canceled"
    assert told != "success"
    assert (order["status"], shop.stock(sku)) == (("FAILED", (2, 0)) if has_ended else ("HOLD", (2, 1)))
    assert shop.journal(ref)["captured"] == 0
    return f"{told} {'ended' if has_ended else 'open'}"


def arm(stand: Stand, moment: str, action: str, **more: Any) -> None:
    """From now on, once or until the gateway is well again."""
    stand.shop.gateway.arm(OPERATIONS.get(moment, moment), action, **{**PARAMS.get(action, {}), **more})


def ensure_struck(stand: Stand) -> None:
    """Else nothing has been tried."""
    assert stand.shop.struck() > 0, "the fault did not strike"


def bought(stand: Stand) -> tuple[Any, str]:
    """The answer of a checkout in peace, and the sku."""
    token, sku = stand.customer()
    return stand.shop.checked_out(token, stand.code), sku


def come_back(stand: Stand, location: str) -> str:
    """The customer follows the way back, in time; answers how they are told that it went."""
    back = timed(lambda: stand.shop.come_back(location), CALLBACK_SECONDS_MAX)
    assert back.status_code == 303, back.text
    told = back.headers["Location"].rpartition("status=")[2]
    assert told in {"success", "pending", "failed"}, back.headers
    return told


def settled(stand: Stand, order: Any, sku: str) -> str:
    """Waits until it is paid: once in all books, without a failure on the way; answers who found out."""
    now = stand.shop.await_order(order["key"], "PROCESSING", SETTLED_SECONDS_MAX)
    assert [move["to"] for move in now["history"]] == ["HOLD", "PROCESSING"], now["history"]
    stand.shop.ensure_sold_once(order)
    assert stand.shop.stock(sku) == (1, 0)
    by = str(now["history"][-1]["by"]).partition(":")[0]
    # What settles a payment is the gateway's answer; who asked for it is named where it was not its own news.
    return "news" if by == "gateway" else by


WALKS: Mapping[str, Callable[[Stand, str], str]] = {
    OPENING: opening,
    ASKING: asking,
    COLLECTING: collecting,
    CLOSING: closing,
    LETTING_GO: letting_go,
    HEARING: hearing,
    RETURNING: returning,
}
