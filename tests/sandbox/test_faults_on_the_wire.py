"""Every fault, armed as testers arm it and seen where shops meet it."""

import json
import socket
import time
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
import stripe

from adapters.sandbox.rules import (
    AMOUNT_ACTIONS,
    CALLBACK_ACTIONS,
    PARTIAL_CAPTURE,
    REPLY_ACTIONS,
    RETURN_ACTIONS,
)
from adapters.sandbox.signing import mac
from tests.sandbox.driver import API_KEY, SIGNING_SECRET, Call, Driver, Shop, eventually, returned

Effect = Callable[[Driver, Shop], None]


def raw_create(sandbox: Driver, order: dict[str, object], key: str = "k") -> socket.socket:
    """Sends a create request over a bare socket, to see what really comes back."""
    host, port = urlsplit(sandbox.url).netloc.split(":")
    body = json.dumps(order).encode()
    head = (
        f"POST /v1/payments HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {API_KEY}\r\n"
        f"Idempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection((host, int(port)), timeout=10)
    connection.sendall(head.encode() + body)
    return connection


def everything_from(connection: socket.socket) -> bytes:
    received = b""
    with connection:
        while piece := connection.recv(65_536):
            received += piece
    return received


def refs(sandbox: Driver) -> list[str]:
    return [item["merchant_ref"] for item in sandbox.items("payments")]


def verified(call: Call) -> bool:
    header = call.headers.get("x-sandbox-signature", "t=0,v1=")
    try:
        return stripe.WebhookSignature.verify_header(
            call.body.decode(), header, SIGNING_SECRET, tolerance=300
        )
    except stripe.SignatureVerificationError:
        return False


def delay_ms(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("create", "delay_ms", params={"ms": 1500})
    order = sandbox.order()
    started = time.monotonic()

    with raw_create(sandbox, order) as connection:
        assert eventually(lambda: refs(sandbox)) == [order["merchant_ref"]]
        assert time.monotonic() - started < 1.4
        assert connection.recv(100).startswith(b"HTTP/1.1 201")
        assert time.monotonic() - started >= 1.5


def slow_drip(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("create", "slow_drip", params={"ms": 2})
    started = time.monotonic()

    with raw_create(sandbox, sandbox.order()) as connection:
        pieces = []
        while b"}}" not in b"".join(pieces)[-3:] and not b"".join(pieces).endswith(b'Z"}'):
            pieces.append(connection.recv(65_536))

    assert len(pieces) > 50
    assert time.monotonic() - started > 0.5
    assert len(refs(sandbox)) == 1


def http_500_before(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("create", "http_500_before")
    order = sandbox.order()

    assert sandbox.api("POST", "/v1/payments", order, key="k").status_code == 500
    assert refs(sandbox) == []
    retried = sandbox.api("POST", "/v1/payments", order, key="k")
    assert (retried.status_code, "Idempotent-Replayed" in retried.headers) == (201, False)


def http_500_after(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("create", "http_500_after")
    order = sandbox.order()

    assert sandbox.api("POST", "/v1/payments", order, key="k").status_code == 500
    assert refs(sandbox) == [order["merchant_ref"]]
    retried = sandbox.api("POST", "/v1/payments", order, key="k")
    assert (retried.status_code, retried.headers["Idempotent-Replayed"]) == (201, "true")
    assert retried.json()["id"] == sandbox.items("payments")[0]["id"]


def drop_before(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("create", "drop_before")
    order = sandbox.order()

    with raw_create(sandbox, order) as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
    assert refs(sandbox) == []
    retried = sandbox.api("POST", "/v1/payments", order, key="k")
    assert (retried.status_code, "Idempotent-Replayed" in retried.headers) == (201, False)


def drop_after(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("create", "drop_after")
    order = sandbox.order()

    with raw_create(sandbox, order) as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
    assert refs(sandbox) == [order["merchant_ref"]]


def truncate_json(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("create", "truncate_json")

    reply = everything_from(raw_create(sandbox, sandbox.order()))

    head, _, body = reply.partition(b"\r\n\r\n")
    promised = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
    assert head.startswith(b"HTTP/1.1 201")
    assert len(body) == promised // 2
    assert len(refs(sandbox)) == 1
    sandbox.arm("create", "truncate_json")
    with pytest.raises(requests.exceptions.RequestException):
        sandbox.api("POST", "/v1/payments", sandbox.order())


def html_200(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("create", "html_200")

    answer = sandbox.api("POST", "/v1/payments", sandbox.order())

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.text.startswith("<!doctype html>")
    assert len(refs(sandbox)) == 1


def http_429(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("create", "http_429", params={"ms": 3000})

    answer = sandbox.api("POST", "/v1/payments", sandbox.order())

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    assert refs(sandbox) == []


def forget(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("create", "forget")
    order = sandbox.order()

    forgotten = sandbox.api("POST", "/v1/payments", order, key="k")

    assert forgotten.status_code == 201
    assert sandbox.api("GET", f"/v1/payments/{forgotten.json()['id']}").status_code == 404
    assert refs(sandbox) == []
    assert sandbox.api("POST", "/v1/payments", order, key="k").json()["id"] != forgotten.json()["id"]


def status_404_for_ms(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("create", "status_404_for_ms", params={"ms": 60_000})
    payment = sandbox.create(merchant_ref="late")

    assert sandbox.api("GET", f"/v1/payments/{payment['id']}").status_code == 404
    assert sandbox.api("GET", "/v1/payments?merchant_ref=late").json()["items"] == []
    sandbox.advance(60)
    assert sandbox.payment(payment["id"])["status"] == "created"


def stuck_pending(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("status", "stuck_pending", times=None)
    payment = sandbox.paid()

    seen = [sandbox.payment(payment["id"]) for _ in range(3)]

    assert {(one["status"], one["amount_captured"]) for one in seen} == {("pending", 0)}
    assert sandbox.truth(payment["id"])["status"] == "captured"


def status_flap(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("status", "status_flap", times=4)
    payment = sandbox.paid()

    seen = [sandbox.payment(payment["id"])["status"] for _ in range(5)]

    assert seen == ["pending", "captured", "pending", "captured", "captured"]


def unknown_status_word(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("status", "unknown_status_word")
    sandbox.arm("status", "unknown_status_word", nth=1, params={"status": "settling"})
    payment = sandbox.create()

    assert sandbox.payment(payment["id"])["status"] == "settling"
    sandbox.arm("status", "unknown_status_word")
    assert sandbox.payment(payment["id"])["status"] == "in_limbo"


def error_in_200(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("create", "error_in_200")

    answer = sandbox.api("POST", "/v1/payments", sandbox.order())

    assert (answer.status_code, list(answer.json())) == (200, ["error"])
    assert len(refs(sandbox)) == 1


def wrong_amount(sandbox: Driver, shop: Shop) -> None:
    payment = sandbox.paid()
    sandbox.arm("status", "wrong_amount", params={"amount": 3999})
    sandbox.arm("status", "wrong_amount", nth=2)

    chosen, usual = sandbox.payment(payment["id"]), sandbox.payment(payment["id"])

    assert (chosen["amount"], chosen["amount_captured"], chosen["amount_refunded"]) == (3999, 3999, 0)
    assert (usual["amount"], usual["amount_captured"]) == (4001, 4001)
    assert sandbox.truth(payment["id"])["amount"] == 4000


def wrong_currency(sandbox: Driver, shop: Shop) -> None:
    payment = sandbox.paid()
    sandbox.arm("status", "wrong_currency", params={"currency": "JPY"})
    sandbox.arm("status", "wrong_currency", nth=2)

    seen = [sandbox.payment(payment["id"])["currency"] for _ in range(3)]

    assert seen == ["JPY", "EUR", "AZN"]


def amount_as(action: str, notation: str) -> Effect:
    def effect(sandbox: Driver, shop: Shop) -> None:
        sandbox.arm("status", action)
        payment = sandbox.paid()

        text = sandbox.api("GET", f"/v1/payments/{payment['id']}").text

        assert f'"amount": {notation},' in text
        assert f'"amount_captured": {notation},' in text
        assert json.loads(text)["status"] == "captured"

    return effect


def partial_capture(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("capture", "partial_capture", params={"amount": 3000})
    payment = sandbox.paid()
    sandbox.arm("status", "partial_capture", params={"amount": 1})

    lied = sandbox.payment(payment["id"])

    assert (lied["status"], lied["amount_captured"]) == ("captured", 1)
    assert sandbox.truth(payment["id"])["amount_captured"] == 3000
    assert sandbox.items("journal")[-1]["amount"] == 3000


def drop(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("callback", "drop")
    sandbox.paid()

    sandbox.advance(400)

    assert shop.calls == []
    assert [item["state"] for item in sandbox.items("deliveries")] == ["dropped"]


def duplicate(sandbox: Driver, shop: Shop) -> None:
    shop.delay_seconds = 1.0
    sandbox.arm("callback", "duplicate", params={"n": 4})
    sandbox.paid()

    calls = shop.wait_for(5)

    assert len(calls) == 5
    ids = [call.event["event_id"] for call in calls]
    assert len(set(ids[:3])) == 2
    assert len(set(ids)) == 3
    assert calls[2].at - calls[0].at < 0.9
    assert calls[3].at - calls[0].at >= 1.0
    assert calls[4].at - calls[3].at >= 1.0


def callback_delay_ms(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("callback", "delay_ms", params={"ms": 60_000})
    back = returned(sandbox.submit(sandbox.create()["id"]))

    assert (back["status"], shop.calls) == ("captured", [])
    sandbox.advance(60)
    assert shop.types() == ["payment.captured"]


def reorder(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("callback", "reorder", times=2)
    overtaken = sandbox.paid()
    assert shop.calls == []
    sandbox.ctl("DELETE", "faults")
    sandbox.api("POST", f"/v1/payments/{overtaken['id']}/refunds")
    shop.wait_for(2)
    assert shop.types() == ["payment.refunded", "payment.captured"]

    shop.forget()
    sandbox.arm("callback", "reorder", times=2)
    sandbox.paid()
    sandbox.paid("4000000000000002")
    sandbox.advance(3)
    assert sorted(shop.types()) == ["payment.captured", "payment.failed", "payment.failed"]
    captured = shop.types().index("payment.captured")
    ref = shop.calls[captured].event["payment"]["merchant_ref"]
    after = [call.event["payment"]["merchant_ref"] for call in shop.calls[captured + 1 :]]
    assert ref in after


def before_create_reply(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("callback", "before_create_reply", params={"status": "captured"})
    seen: list[str] = []

    def ask(call: Call) -> None:
        seen.append(sandbox.payment(call.event["payment"]["id"])["status"])

    shop.on_call = ask
    payment = sandbox.create()

    assert payment["status"] == "created"
    assert seen == ["captured"]
    assert shop.types() == ["payment.captured"]


def forged(action: str) -> Effect:
    def effect(sandbox: Driver, shop: Shop) -> None:
        shop.answers = [403]
        sandbox.arm("callback", action)
        sandbox.paid()

        assert not verified(shop.calls[0])
        assert ("x-sandbox-signature" in shop.calls[0].headers) == (action != "no_signature")
        sandbox.paid()
        assert verified(shop.calls[1])

    return effect


def out_of_time(action: str, skew_seconds: int) -> Effect:
    def effect(sandbox: Driver, shop: Shop) -> None:
        sandbox.arm("callback", action)
        sandbox.paid()

        header = shop.calls[0].headers["x-sandbox-signature"]
        sent_at = int(header.removeprefix("t=").partition(",")[0])
        assert abs(sent_at - time.time() - skew_seconds) < 60
        assert header.endswith(mac(SIGNING_SECRET, f"{sent_at}.".encode() + shop.calls[0].body))

    return effect


def wrong_ref(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("callback", "wrong_ref", times=2)
    sandbox.paid()
    other = sandbox.create()
    sandbox.paid()

    assert [verified(call) for call in shop.calls] == [True, True]
    assert shop.calls[0].event["payment"]["id"] == "pay_of_nobody"
    assert shop.calls[1].event["payment"]["id"] == other["id"]
    assert shop.calls[1].event["payment"]["merchant_ref"] == other["merchant_ref"]


def missing_field(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("callback", "missing_field", times=3)
    for _ in range(3):
        sandbox.paid()

    first, second, third = (call.event for call in shop.calls)

    assert all(verified(call) for call in shop.calls)
    assert ("id" in first["payment"], "merchant_ref" in second["payment"], "event_id" in third) == (
        False,
        False,
        False,
    )


def extra_field(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("callback", "extra_field")
    sandbox.paid()

    assert "unheard_of" in shop.calls[0].event
    assert "also_new" in shop.calls[0].event["payment"]
    assert verified(shop.calls[0])


def non_utf8(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("callback", "non_utf8")
    sandbox.paid()

    call = shop.calls[0]

    with pytest.raises(UnicodeDecodeError):
        call.body.decode("utf-8")
    sent_at = call.headers["x-sandbox-signature"].removeprefix("t=").partition(",")[0]
    assert call.headers["x-sandbox-signature"].endswith(
        mac(SIGNING_SECRET, f"{sent_at}.".encode() + call.body)
    )


def huge_body(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("callback", "huge_body", params={"n": 1_500_000})
    sandbox.paid()

    assert len(shop.calls[0].body) > 1_500_000
    assert verified(shop.calls[0])
    assert len(sandbox.ctl("GET", "log").content) < 100_000


def get_instead_of_post(sandbox: Driver, shop: Shop) -> None:
    shop.answers = [303]
    sandbox.arm("callback", "get_instead_of_post")
    payment = sandbox.paid()

    (call,) = shop.calls

    assert (call.method, call.path, call.body) == ("GET", "/notify", b"")
    assert (call.query["payment_id"], call.query["status"]) == (payment["id"], "captured")
    assert sandbox.items("deliveries")[0]["state"] == "delivered"


def race(action: str, methods: list[str]) -> Effect:
    def effect(sandbox: Driver, shop: Shop) -> None:
        shop.delay_seconds = 1.0
        sandbox.arm("callback", action)
        sandbox.paid()

        calls = shop.wait_for(2)

        assert sorted(call.method for call in calls) == ["GET", "POST"]
        assert abs(calls[1].at - calls[0].at) < 0.9
        assert [item["method"] for item in sandbox.items("deliveries")] == methods

    return effect


def never_returns(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("return", "never_returns")
    payment = sandbox.create()

    answer = sandbox.submit(payment["id"])

    assert (answer.status_code, "Location" in answer.headers) == (200, False)
    assert sandbox.payment(payment["id"])["status"] == "captured"


def success_url_on_failure(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("return", "success_url_on_failure")
    payment = sandbox.create()

    answer = sandbox.call("POST", f"/pay/{payment['id']}", data={"action": "cancel"})

    assert answer.headers["Location"].startswith(f"{shop.url}/return?")
    assert returned(answer)["status"] == "captured"
    assert is_signed(answer)
    assert sandbox.payment(payment["id"])["status"] == "canceled"


def tampered_query(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("return", "tampered_query", times=2)

    refused = sandbox.submit(sandbox.create()["id"], "4000000000000002")
    approved = sandbox.submit(sandbox.create()["id"])

    assert (returned(refused)["status"], returned(approved)["status"]) == ("captured", "failed")
    assert (is_signed(refused), is_signed(approved)) == (False, False)


def double_click(sandbox: Driver, shop: Shop) -> None:
    sandbox.arm("return", "double_click")

    answer = sandbox.submit(sandbox.create()["id"])
    shop.wait_for(2)

    (visit,) = [call for call in shop.calls if call.method == "GET"]
    assert visit.query == returned(answer)
    assert is_signed(answer)


def is_signed(answer: requests.Response) -> bool:
    pairs = parse_qsl(urlsplit(answer.headers["Location"]).query, keep_blank_values=True)
    signed = urlencode(sorted(pair for pair in pairs if pair[0] != "sig"))
    return dict(pairs)["sig"] == mac(SIGNING_SECRET, signed.encode())


REPLY_EFFECTS: dict[str, Effect] = {
    effect.__name__: effect
    for effect in (
        delay_ms,
        slow_drip,
        http_500_before,
        http_500_after,
        drop_before,
        drop_after,
        truncate_json,
        html_200,
        http_429,
        forget,
        status_404_for_ms,
        stuck_pending,
        status_flap,
        unknown_status_word,
        error_in_200,
    )
}
AMOUNT_EFFECTS: dict[str, Effect] = {
    "wrong_amount": wrong_amount,
    "wrong_currency": wrong_currency,
    "amount_as_string": amount_as("amount_as_string", '"4000"'),
    "amount_as_float": amount_as("amount_as_float", "4000.0"),
    "amount_as_exponent": amount_as("amount_as_exponent", "4E+3"),
    "partial_capture": partial_capture,
}
CALLBACK_EFFECTS: dict[str, Effect] = {
    "drop": drop,
    "duplicate": duplicate,
    "delay_ms": callback_delay_ms,
    "reorder": reorder,
    "before_create_reply": before_create_reply,
    "bad_signature": forged("bad_signature"),
    "other_merchant_key": forged("other_merchant_key"),
    "stale_ts": out_of_time("stale_ts", -3600),
    "future_ts": out_of_time("future_ts", 3600),
    "no_signature": forged("no_signature"),
    "wrong_ref": wrong_ref,
    "missing_field": missing_field,
    "extra_field": extra_field,
    "non_utf8": non_utf8,
    "huge_body": huge_body,
    "get_instead_of_post": get_instead_of_post,
    "post_then_get": race("post_then_get", ["POST", "GET"]),
    "get_then_post": race("get_then_post", ["GET", "POST"]),
}
RETURN_EFFECTS: dict[str, Effect] = {
    effect.__name__: effect
    for effect in (never_returns, success_url_on_failure, tampered_query, double_click)
}
ALL_EFFECTS = [
    pytest.param(effect, id=f"{side}-{action}")
    for side, effects in (
        ("reply", REPLY_EFFECTS),
        ("amount", AMOUNT_EFFECTS),
        ("callback", CALLBACK_EFFECTS),
        ("return", RETURN_EFFECTS),
    )
    for action, effect in effects.items()
]


class TestEveryFault:
    @pytest.mark.parametrize("effect", ALL_EFFECTS)
    def test_is_seen_on_the_wire(self, sandbox: Driver, shop: Shop, effect: Effect) -> None:
        """Armed over the control side, it strikes, and everything around it stays as it was."""
        effect(sandbox, shop)

    def test_is_in_the_tables_above(self) -> None:
        """No action that can be armed goes unwatched."""
        assert set(REPLY_EFFECTS) == REPLY_ACTIONS
        assert set(AMOUNT_EFFECTS) == AMOUNT_ACTIONS | {PARTIAL_CAPTURE}
        assert set(CALLBACK_EFFECTS) == CALLBACK_ACTIONS
        assert set(RETURN_EFFECTS) == RETURN_ACTIONS


class TestFaultsOfEachOp:
    @pytest.mark.parametrize("op", ["capture", "void", "refund", "status"])
    def test_strike_their_own_call_alone(self, sandbox: Driver, op: str) -> None:
        """A fault armed for one op strikes that op, before its effect if its name says so."""
        payment = sandbox.create(capture="manual")
        sandbox.submit(payment["id"])
        if op == "refund":
            sandbox.api("POST", f"/v1/payments/{payment['id']}/capture")
        path = {"status": "", "refund": "/refunds"}.get(op, f"/{op}")
        method = "GET" if op == "status" else "POST"
        before = sandbox.truth(payment["id"])
        sandbox.arm(op, "http_500_before", merchant_ref=payment["merchant_ref"])

        struck = sandbox.api(method, f"/v1/payments/{payment['id']}{path}")
        after = sandbox.truth(payment["id"])
        sound = sandbox.api(method, f"/v1/payments/{payment['id']}{path}")

        assert struck.status_code == 500
        assert after == before
        assert sound.status_code in {200, 201}

    @pytest.mark.parametrize(
        ("op", "path"), [("capture", "/capture"), ("void", "/void"), ("refund", "/refunds")]
    )
    def test_forget_what_they_promised(self, sandbox: Driver, op: str, path: str) -> None:
        """A gateway that forgets answers as if it had obeyed; its books say otherwise."""
        payment = sandbox.paid(capture="manual" if op != "refund" else "auto")
        before = sandbox.truth(payment["id"])
        sandbox.arm(op, "forget")

        promised = sandbox.api("POST", f"/v1/payments/{payment['id']}{path}", key="k")

        assert promised.status_code in {200, 201}
        assert sandbox.truth(payment["id"]) == before
        again = sandbox.api("POST", f"/v1/payments/{payment['id']}{path}", key="k")
        assert "Idempotent-Replayed" not in again.headers

    def test_forget_what_they_are_asked_about(self, sandbox: Driver) -> None:
        """To forget while answering a question is not to know for once."""
        payment = sandbox.paid()
        refund = sandbox.api("POST", f"/v1/payments/{payment['id']}/refunds").json()
        sandbox.arm("status", "forget", times=2)

        assert sandbox.api("GET", f"/v1/payments/{payment['id']}").status_code == 404
        assert sandbox.api("GET", f"/v1/refunds/{refund['id']}").status_code == 404
        assert sandbox.api("GET", f"/v1/refunds/{refund['id']}").json()["status"] == "succeeded"

    def test_hide_a_payment_from_the_first_question_on(self, sandbox: Driver) -> None:
        """Armed for questions, the lag begins with the first one and ends after its time, once."""
        payment = sandbox.create()
        sandbox.arm("status", "status_404_for_ms", times=None, params={"ms": 30_000})
        path = f"/v1/payments/{payment['id']}"

        hidden = [sandbox.api("GET", path).status_code for _ in range(2)]
        sandbox.advance(30)

        assert hidden == [404, 404]
        assert sandbox.api("GET", path).status_code == 200
        assert sandbox.api("GET", "/v1/payments/pay_x").status_code == 404

    def test_leave_refusals_readable(self, sandbox: Driver) -> None:
        """A lie about amounts has nothing to lie about in a refusal; the refusal stands."""
        payment = sandbox.create()
        sandbox.arm("capture", "wrong_amount")

        answer = sandbox.api("POST", f"/v1/payments/{payment['id']}/capture")

        assert answer.status_code == 409
        assert answer.json()["error"]["code"] == "wrong_state"

    def test_make_a_refund_look_stuck(self, sandbox: Driver) -> None:
        """Lies reach refunds as well: the answer says pending, the journal says refunded."""
        payment = sandbox.paid()
        sandbox.arm("refund", "stuck_pending")

        answer = sandbox.api("POST", f"/v1/payments/{payment['id']}/refunds").json()

        assert (answer["status"], answer["amount"]) == ("pending", 4000)
        assert sandbox.kinds(payment["id"]) == ["created", "captured", "refunded"]

    def test_spoil_callbacks_amounts_too(self, sandbox: Driver, shop: Shop) -> None:
        """An amount can be wrong in a callback, in value and in notation, and still be signed."""
        sandbox.arm("callback", "wrong_amount", params={"amount": 1})
        sandbox.arm("callback", "amount_as_string")
        sandbox.paid()

        assert shop.calls[0].event["payment"]["amount"] == "1"
        assert verified(shop.calls[0])

    @pytest.mark.parametrize("op", ["create", "capture", "status"])
    def test_capture_in_part_at_the_hosted_page(self, sandbox: Driver, op: str) -> None:
        """Whichever call it was armed for, the next capture is really partial."""
        sandbox.arm(op, "partial_capture", params={"amount": 700})

        payment = sandbox.paid()

        assert sandbox.payment(payment["id"])["amount_captured"] == 700
        assert sandbox.items("journal")[-1]["amount"] == 700

    def test_lose_no_callback_when_two_are_held_back(self, sandbox: Driver, shop: Shop) -> None:
        """Reordering twice over still brings every event, the later one first."""
        sandbox.arm("callback", "reorder", times=2)
        payment = sandbox.paid(capture="manual")
        sandbox.api("POST", f"/v1/payments/{payment['id']}/capture")

        sandbox.advance(3)

        assert shop.types() == ["payment.captured", "payment.authorized", "payment.failed"]

    def test_lose_no_callback_behind_a_dropped_one(self, sandbox: Driver, shop: Shop) -> None:
        """An event held back goes out even if the one that should overtake it never does."""
        sandbox.arm("callback", "reorder")
        sandbox.arm("callback", "drop", nth=2)
        payment = sandbox.paid(capture="manual")
        sandbox.api("POST", f"/v1/payments/{payment['id']}/capture")

        sandbox.advance(0)

        assert shop.types() == ["payment.authorized"]

    def test_tamper_even_when_stacked(self, sandbox: Driver, shop: Shop) -> None:
        """Two faults of one kind on one callback do not break the sandbox itself."""
        sandbox.arm("callback", "missing_field")
        sandbox.arm("callback", "missing_field")
        sandbox.paid()

        assert "id" not in shop.calls[0].event["payment"]

    def test_capture_in_part_on_the_merchants_call(self, sandbox: Driver) -> None:
        """A partial capture without an amount takes half, really."""
        payment = sandbox.paid(capture="manual")
        sandbox.arm("capture", "partial_capture")

        sandbox.api("POST", f"/v1/payments/{payment['id']}/capture")

        assert sandbox.truth(payment["id"])["amount_captured"] == 2000
        assert sandbox.items("journal")[-1]["amount"] == 2000


class TestFaultsInMetadata:
    @pytest.mark.parametrize(
        "fault", ["http_500_after", "create:http_500_after", {"op": "create", "action": "http_500_after"}]
    )
    def test_strike_that_payment_once(self, sandbox: Driver, fault: object) -> None:
        """A payment may carry its own fault; the retry of its creation does not meet it again."""
        order = sandbox.order(metadata={"fault": fault})

        assert sandbox.api("POST", "/v1/payments", order, key="k").status_code == 500
        assert sandbox.api("POST", "/v1/payments", order, key="k").status_code == 201
        assert sandbox.api("POST", "/v1/payments", sandbox.order()).status_code == 201

    @pytest.mark.parametrize(
        ("fault", "op"),
        [
            ("stuck_pending", "status"),
            ("partial_capture", "capture"),
            ("drop", "callback"),
            ("double_click", "return"),
        ],
    )
    def test_find_the_op_they_belong_to(self, sandbox: Driver, fault: str, op: str) -> None:
        """A bare name is enough, since most actions make sense in one place only."""
        payment = sandbox.create(metadata={"fault": fault})

        (rule,) = sandbox.items("faults")

        assert (rule["op"], rule["merchant_ref"]) == (op, payment["merchant_ref"])
