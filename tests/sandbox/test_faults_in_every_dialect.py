"""Every fault in every dialect beside the native one, seen where shops meet it; or why it cannot be."""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from adapters.sandbox.rules import (
    AMOUNT_ACTIONS,
    CALLBACK_ACTIONS,
    PARTIAL_CAPTURE,
    REPLY_ACTIONS,
    RETURN_ACTIONS,
)
from tests.sandbox.driver import Call, Driver, Shop, eventually
from tests.sandbox.excuses import EXCUSES
from tests.sandbox.speakers import SPEAKERS, Speaker

Effect = Callable[[Speaker, Driver, Shop], None]


def payments(sandbox: Driver) -> int:
    return len(sandbox.items("payments"))


def delayed(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("create", "delay_ms", params={"ms": 400})
    started = time.monotonic()
    speaker.opened(sandbox, shop)
    assert time.monotonic() - started >= 0.4


def dripped(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("create", "slow_drip", params={"ms": 3})
    started = time.monotonic()
    answer = speaker.create(sandbox, shop)
    assert speaker.name_in(answer.json())
    assert time.monotonic() - started >= 0.003 * len(answer.content)


def failed(action: str, count: int) -> Effect:
    def effect(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
        sandbox.arm("create", action)
        answer = speaker.create(sandbox, shop)
        assert (answer.status_code, payments(sandbox)) == (429 if action == "http_429" else 500, count)
        assert ("Retry-After" in answer.headers) == (action == "http_429")
        assert answer.json()

    return effect


def broken_off(action: str, count: int) -> Effect:
    def effect(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
        sandbox.arm("create", action)
        with pytest.raises(requests.RequestException):
            speaker.create(sandbox, shop)
        assert payments(sandbox) == count

    return effect


def html_200(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("create", "html_200")
    answer = speaker.create(sandbox, shop)
    assert (answer.status_code, answer.text[:15], payments(sandbox)) == (200, "<!doctype html>", 1)


def error_in_200(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("create", "error_in_200")
    answer = speaker.create(sandbox, shop)
    assert (answer.status_code, list(answer.json()), payments(sandbox)) == (200, ["error"], 1)


def forget(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("create", "forget")
    name = speaker.opened(sandbox, shop)
    assert (bool(name), payments(sandbox)) == (True, 0)


def unknown_for_a_while(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    name = speaker.opened(sandbox, shop)
    known = speaker.ask(sandbox, name)
    stranger = speaker.ask(sandbox, "te9999999999")
    sandbox.arm("status", "status_404_for_ms", payment_id=name, params={"ms": 60_000})
    hidden = speaker.ask(sandbox, name)
    sandbox.advance(60)
    assert hidden.status_code == stranger.status_code
    assert set(hidden.json()) == set(stranger.json()) != set(known.json())
    assert set(speaker.ask(sandbox, name).json()) == set(known.json())


def words_of(answer: requests.Response) -> list[str]:
    return re.findall(r'"(?:payment_)?status": "(\w+)"', answer.text)


def stuck_pending(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    name = speaker.paid(sandbox, shop)
    true = words_of(speaker.ask(sandbox, name))
    sandbox.arm("status", "stuck_pending")
    assert words_of(speaker.ask(sandbox, name)) != true
    assert sandbox.truth(name)["status"] == "captured"
    assert words_of(speaker.ask(sandbox, name)) == true


def status_flap(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    name = speaker.paid(sandbox, shop)
    true = words_of(speaker.ask(sandbox, name))
    sandbox.arm("status", "status_flap", times=2)
    assert [words_of(speaker.ask(sandbox, name)) == true for _ in range(3)] == [False, True, True]


def unknown_word(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    name = speaker.opened(sandbox, shop)
    sandbox.arm("status", "unknown_status_word")
    assert "in_limbo" in words_of(speaker.ask(sandbox, name))


def wrong_amount(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    name = speaker.paid(sandbox, shop)
    sandbox.arm("status", "wrong_amount")
    lied, true = speaker.ask(sandbox, name).text, speaker.ask(sandbox, name).text
    assert re.search(r"\b40(?:\.?01)\b", lied)
    assert not re.search(r"\b40(?:\.?01)\b", true)


def wrong_currency(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    name = speaker.paid(sandbox, shop)
    sandbox.arm("status", "wrong_currency", params={"currency": "CHF"})
    lied, true = speaker.ask(sandbox, name).text, speaker.ask(sandbox, name).text
    assert ('"chf"' in lied.lower(), '"chf"' in true.lower()) == (True, False)


def written_as(action: str, notation: str) -> Effect:
    def effect(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
        name = speaker.paid(sandbox, shop)
        sandbox.arm("status", action)
        lied, true = speaker.ask(sandbox, name).text, speaker.ask(sandbox, name).text
        pattern = rf'"(?:\w*[aA]mount\w*|value)": {notation}[,}}]'
        assert re.search(pattern, lied)
        assert not re.search(pattern, true)

    return effect


def partial_capture(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("capture", "partial_capture", params={"amount": 3000})
    speaker.paid(sandbox, shop)
    assert sandbox.items("journal")[-1]["amount"] == 3000


def final_calls(shop: Shop, sandbox: Driver) -> list[Call]:
    sandbox.advance(0)
    return shop.calls


def drop(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("callback", "drop", times=None)
    speaker.paid(sandbox, shop)
    sandbox.advance(400)
    assert shop.calls == []


def duplicate(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    speaker.paid(sandbox, shop)
    usual = len(final_calls(shop, sandbox))
    shop.forget()
    sandbox.arm("callback", "duplicate", times=None, params={"n": 4})
    speaker.paid(sandbox, shop)
    assert len(shop.wait_for(5 * usual)) == 5 * usual


def callback_late(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("callback", "delay_ms", times=None, params={"ms": 60_000})
    speaker.paid(sandbox, shop)
    early = len(shop.calls)
    sandbox.advance(60)
    assert (early, len(shop.calls) > 0) == (0, True)


def reorder(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    speaker.paid(sandbox, shop)
    usual = len(final_calls(shop, sandbox))
    shop.forget()
    sandbox.arm("callback", "reorder", nth=2 if speaker.pages == "/paypal/pay" else 1)
    speaker.paid(sandbox, shop)
    sandbox.advance(3)
    # The stale word of failure comes behind the success that overtook it.
    assert eventually(lambda: len(shop.calls) == usual + 1)


def before_create_reply(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("callback", "before_create_reply", params={"status": "captured"})
    name = speaker.opened(sandbox, shop)
    told = [call for call in shop.calls if name in str(speaker.said(call))]
    assert told
    assert sandbox.truth(name)["status"] == "captured"


def forged(action: str) -> Effect:
    def effect(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
        assert speaker.is_genuine is not None
        sandbox.arm("callback", action, times=None)
        speaker.paid(sandbox, shop)
        spoilt = [speaker.is_genuine(sandbox, call) for call in final_calls(shop, sandbox)]
        sandbox.ctl("DELETE", "faults")
        shop.forget()
        speaker.paid(sandbox, shop)
        sound = [speaker.is_genuine(sandbox, call) for call in final_calls(shop, sandbox)]
        assert (any(spoilt), all(sound), bool(spoilt), bool(sound)) == (False, True, True, True)

    return effect


def out_of_time(action: str) -> Effect:
    def effect(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
        def stamp() -> str:
            call = final_calls(shop, sandbox)[0]
            header = call.headers.get("stripe-signature") or call.headers["paypal-transmission-time"]
            return header.partition(",")[0]

        speaker.paid(sandbox, shop)
        usual = stamp()
        shop.forget()
        sandbox.arm("callback", action, times=None)
        speaker.paid(sandbox, shop)
        assert (stamp() < usual) == (action == "stale_ts")

    return effect


def wrong_ref(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    other = speaker.opened(sandbox, shop)
    sandbox.arm("callback", "wrong_ref", times=None)
    name = speaker.paid(sandbox, shop)
    for call in final_calls(shop, sandbox):
        said = str(speaker.said(call))
        assert (other.removeprefix("cs_test_") in said, name in said) == (True, False)
        assert speaker.is_genuine is None or speaker.is_genuine(sandbox, call)


def missing_field(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("callback", "missing_field")
    speaker.paid(sandbox, shop)
    inner: Any = speaker.said(final_calls(shop, sandbox)[0])
    for name in speaker.relied_on[:-1]:
        inner = inner[name]
    assert speaker.relied_on[-1] not in inner


def extra_field(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("callback", "extra_field")
    speaker.paid(sandbox, shop)
    assert "unheard_of" in speaker.said(final_calls(shop, sandbox)[0])


def non_utf8(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("callback", "non_utf8")
    speaker.paid(sandbox, shop)
    call = final_calls(shop, sandbox)[0]
    if b"%FF%FE%E9" not in call.body:
        with pytest.raises(UnicodeDecodeError):
            speaker.said(call)


def huge_body(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("callback", "huge_body", params={"n": 200_000})
    speaker.paid(sandbox, shop)
    assert len(final_calls(shop, sandbox)[0].body) > 200_000


def by_get(action: str, methods: set[str]) -> Effect:
    def effect(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
        sandbox.arm("callback", action, times=None)
        speaker.paid(sandbox, shop)
        assert {call.method for call in final_calls(shop, sandbox)} == methods

    return effect


def never_returns(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("return", "never_returns")
    answer = speaker.pay(sandbox, speaker.opened(sandbox, shop))
    assert (answer.status_code, "Location" in answer.headers) == (200, False)


def success_url_on_failure(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    good = speaker.pay(sandbox, speaker.opened(sandbox, shop)).headers["Location"]
    usual = speaker.pay(sandbox, speaker.opened(sandbox, shop), action="cancel").headers["Location"]
    sandbox.arm("return", "success_url_on_failure")
    lied = speaker.pay(sandbox, speaker.opened(sandbox, shop), action="cancel").headers["Location"]
    # The names of the payments differ, the words around them tell.
    shape = [re.sub(r"(cs_test_|tr_)?[A-Za-z]{17,}", "NAME", url) for url in (good, usual, lied)]
    assert shape[2] == shape[0] != shape[1]


def tampered_query(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("return", "tampered_query")
    lied = speaker.pay(sandbox, speaker.opened(sandbox, shop)).headers["Location"]
    assert lied.endswith("paymentStatus=REJECTED")


def double_click(speaker: Speaker, sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("return", "double_click")
    speaker.pay(sandbox, speaker.opened(sandbox, shop))
    assert [call.method for call in final_calls(shop, sandbox)].count("GET") == 1


EFFECTS: dict[str, Effect] = {
    "create-delay_ms": delayed,
    "create-slow_drip": dripped,
    "create-http_500_before": failed("http_500_before", 0),
    "create-http_500_after": failed("http_500_after", 1),
    "create-http_429": failed("http_429", 0),
    "create-drop_before": broken_off("drop_before", 0),
    "create-drop_after": broken_off("drop_after", 1),
    "create-truncate_json": broken_off("truncate_json", 1),
    "create-html_200": html_200,
    "create-error_in_200": error_in_200,
    "create-forget": forget,
    "status-status_404_for_ms": unknown_for_a_while,
    "status-stuck_pending": stuck_pending,
    "status-status_flap": status_flap,
    "status-unknown_status_word": unknown_word,
    "status-wrong_amount": wrong_amount,
    "status-wrong_currency": wrong_currency,
    "status-amount_as_string": written_as("amount_as_string", '"40(?:00)?"'),
    "status-amount_as_float": written_as("amount_as_float", r"(?:4000\.0|40\.0+)"),
    "status-amount_as_exponent": written_as("amount_as_exponent", r"4E\+[13]"),
    "capture-partial_capture": partial_capture,
    "callback-drop": drop,
    "callback-duplicate": duplicate,
    "callback-delay_ms": callback_late,
    "callback-reorder": reorder,
    "callback-before_create_reply": before_create_reply,
    "callback-bad_signature": forged("bad_signature"),
    "callback-other_merchant_key": forged("other_merchant_key"),
    "callback-no_signature": forged("no_signature"),
    "callback-stale_ts": out_of_time("stale_ts"),
    "callback-future_ts": out_of_time("future_ts"),
    "callback-wrong_ref": wrong_ref,
    "callback-missing_field": missing_field,
    "callback-extra_field": extra_field,
    "callback-non_utf8": non_utf8,
    "callback-huge_body": huge_body,
    "callback-get_instead_of_post": by_get("get_instead_of_post", {"GET"}),
    "callback-post_then_get": by_get("post_then_get", {"GET", "POST"}),
    "callback-get_then_post": by_get("get_then_post", {"GET", "POST"}),
    "return-never_returns": never_returns,
    "return-success_url_on_failure": success_url_on_failure,
    "return-tampered_query": tampered_query,
    "return-double_click": double_click,
}
CELLS = [
    pytest.param(SPEAKERS[name], effect, id=f"{name}-{fault}")
    for name in SPEAKERS
    for fault, effect in EFFECTS.items()
    if not EXCUSES.get((name, fault.partition("-")[2]))
]


class TestEveryFault:
    @pytest.mark.parametrize(("speaker", "effect"), CELLS)
    def test_is_seen_on_the_wire(self, sandbox: Driver, shop: Shop, speaker: Speaker, effect: Effect) -> None:
        """Armed over the control side, it strikes in this dialect as well."""
        effect(speaker, sandbox, shop)

    def test_is_in_the_table_or_excused(self) -> None:
        """No action goes unwatched, and nobody is excused from what does not exist."""
        actions = {fault.partition("-")[2] for fault in EFFECTS}

        assert (
            actions == REPLY_ACTIONS | AMOUNT_ACTIONS | {PARTIAL_CAPTURE} | CALLBACK_ACTIONS | RETURN_ACTIONS
        )
        assert {action for _, action in EXCUSES} <= actions
