"""What merchants may rely on when they call the sandbox."""

import json
import threading

import pytest

from tests.sandbox.driver import API_KEY, APPROVED, Driver, Shop, eventually


class TestCreatingAPayment:
    def test_answers_the_payment_and_where_the_buyer_goes(self, sandbox: Driver) -> None:
        """A merchant gets an id, the state, and the hosted page's address, which answers."""
        answer = sandbox.api("POST", "/v1/payments", sandbox.order(merchant_ref="r-1", metadata={"bill": 7}))

        payment = answer.json()
        assert (answer.status_code, answer.headers["X-Sandbox"]) == (201, "1")
        assert payment["id"].startswith("pay_")
        assert (payment["merchant_ref"], payment["status"]) == ("r-1", "created")
        assert (payment["amount"], payment["currency"], payment["amount_captured"]) == (4000, "AZN", 0)
        assert payment["metadata"] == {"bill": 7}
        assert payment["card"] is None
        assert sandbox.call("GET", payment["next_step"].removeprefix(sandbox.url)).status_code == 200

    @pytest.mark.parametrize(
        ("change", "param"),
        [
            ({"amount": 0}, "amount"),
            ({"amount": -1}, "amount"),
            ({"amount": True}, "amount"),
            ({"amount": "4000"}, "amount"),
            ({"amount": 40.0}, "amount"),
            ({"amount": None}, "amount"),
            ({"amount": 10**13}, "amount"),
            ({"currency": "azn"}, "currency"),
            ({"currency": None}, "currency"),
            ({"merchant_ref": ""}, "merchant_ref"),
            ({"merchant_ref": None}, "merchant_ref"),
            ({"merchant_ref": "x" * 256}, "merchant_ref"),
            ({"merchant_ref": "\ud800"}, "merchant_ref"),
            ({"capture": "later"}, "capture"),
            ({"capture": []}, "capture"),
            ({"return_url": None}, "return_url"),
            ({"return_url": "javascript:alert(1)"}, "return_url"),
            ({"notify_url": "http://"}, "notify_url"),
            ({"notify_url": "http://[::1"}, "notify_url"),
            ({"cancel_url": "http://shop.test/a b"}, "cancel_url"),
            ({"cancel_url": 5}, "cancel_url"),
            ({"metadata": []}, "metadata"),
            ({"metadata": {"fault": "no_such_thing"}}, "action"),
            ({"metadata": {"fault": 5}}, "metadata.fault"),
            ({"colour": "red"}, "colour"),
        ],
    )
    def test_refuses_what_it_cannot_understand(
        self, sandbox: Driver, change: dict[str, object], param: str
    ) -> None:
        """Bad input is 400, names the field, and leaves nothing behind."""
        answer = sandbox.api("POST", "/v1/payments", sandbox.order(**change))

        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == param
        assert sandbox.items("payments") == []

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"[]", b"\xff", b'{"amount": NaN}', b'{"amount": 1e999}', b"[" * 50_000]
    )
    def test_refuses_a_body_that_is_no_json_object(self, sandbox: Driver, body: bytes) -> None:
        """Whatever is sent, the answer is a JSON error and never a failure of the gateway."""
        answer = sandbox.call("POST", "/v1/payments", API_KEY, data=body)

        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "invalid_json"

    def test_refuses_a_reference_used_before(self, sandbox: Driver) -> None:
        """A merchant's reference stands for one payment for ever."""
        payment = sandbox.create(merchant_ref="once")

        again = sandbox.api("POST", "/v1/payments", sandbox.order(merchant_ref="once"))

        assert again.status_code == 409
        assert again.json()["error"]["code"] == "merchant_ref_taken"
        assert [item["id"] for item in sandbox.items("payments")] == [payment["id"]]

    def test_needs_neither_a_callback_nor_a_cancel_address(self, sandbox: Driver, shop: Shop) -> None:
        """A merchant who only asks is never called; a buyer who cancels goes to the return address."""
        payment = sandbox.create(notify_url=None, cancel_url=None)

        answer = sandbox.call("POST", f"/pay/{payment['id']}", data={"action": "cancel"})

        assert answer.headers["Location"].startswith(f"{shop.url}/return?")
        assert sandbox.items("deliveries") == []

    @pytest.mark.parametrize("token", [None, "wrong", "", "api-key-of-the-test\xe9"])
    def test_lets_nobody_in_without_the_key(self, sandbox: Driver, token: str | None) -> None:
        """401 comes before anything is looked at."""
        assert sandbox.call("POST", "/v1/payments", token, data=b"{").status_code == 401
        assert sandbox.call("GET", "/v1/payments/pay_x", token).status_code == 401
        assert sandbox.call("GET", "/v1/nothing", token).json()["error"]["code"] == "unauthorized"

    def test_answers_unknown_paths_and_methods_in_json(self, sandbox: Driver) -> None:
        """The framework's own refusals look like all others."""
        lost = sandbox.api("GET", "/nowhere")
        odd = sandbox.api("DELETE", "/v1/payments")

        assert (lost.status_code, lost.json()["error"]["code"]) == (404, "not_found")
        assert (odd.status_code, odd.json()["error"]["code"]) == (405, "method_not_allowed")


class TestIdempotencyKeys:
    def test_give_the_same_answer_again(self, sandbox: Driver) -> None:
        """A repeated request makes no second payment and says that it is a repetition."""
        order = sandbox.order()

        first = sandbox.api("POST", "/v1/payments", order, key="k")
        second = sandbox.api("POST", "/v1/payments", order, key="k")

        assert second.content == first.content
        assert second.status_code == 201
        assert second.headers["Idempotent-Replayed"] == "true"
        assert "Idempotent-Replayed" not in first.headers
        assert len(sandbox.items("payments")) == 1

    def test_refuse_another_body(self, sandbox: Driver) -> None:
        """A key belongs to one request."""
        sandbox.api("POST", "/v1/payments", sandbox.order(), key="k")

        assert sandbox.api("POST", "/v1/payments", sandbox.order(), key="k").status_code == 422

    def test_are_free_again_after_a_refusal(self, sandbox: Driver) -> None:
        """A refusal did nothing, so the key may be used for another try."""
        payment = sandbox.create(capture="manual")
        path = f"/v1/payments/{payment['id']}/capture"

        assert sandbox.api("POST", path, {}, key="k").status_code == 409
        sandbox.submit(payment["id"])

        assert sandbox.api("POST", path, {}, key="k").status_code == 200

    def test_refuse_a_second_request_while_the_first_runs(self, sandbox: Driver, shop: Shop) -> None:
        """Two requests at once with one key: one works, the other is told to wait."""
        order = sandbox.order(metadata={"fault": "before_create_reply"})
        statuses: list[int] = []

        def ask_again(_: object) -> None:
            statuses.append(sandbox.api("POST", "/v1/payments", order, key="k").status_code)

        shop.on_call = ask_again

        assert sandbox.api("POST", "/v1/payments", order, key="k").status_code == 201
        assert statuses == [409]

    @pytest.mark.parametrize("key", ["", "k" * 256])
    def test_refuse_a_key_that_is_none(self, sandbox: Driver, key: str) -> None:
        """Empty and overlong keys are bad input."""
        assert sandbox.api("POST", "/v1/payments", sandbox.order(), key=key).status_code == 400

    def test_protect_refunds(self, sandbox: Driver) -> None:
        """Money goes back once, however often it is asked for under one key."""
        payment = sandbox.paid()
        path = f"/v1/payments/{payment['id']}/refunds"

        answers = [sandbox.api("POST", path, {"amount": 1500}, key="k") for _ in range(3)]

        assert len({answer.json()["id"] for answer in answers}) == 1
        assert sandbox.payment(payment["id"])["amount_refunded"] == 1500


class TestLookingUp:
    def test_finds_a_payment_by_id_and_by_reference(self, sandbox: Driver) -> None:
        """Both questions give the same payment; an unknown reference gives an empty list."""
        payment = sandbox.create(merchant_ref="a b+c")

        found = sandbox.call("GET", "/v1/payments", API_KEY, params={"merchant_ref": "a b+c"}).json()
        missed = sandbox.api("GET", "/v1/payments?merchant_ref=nobody").json()

        assert found["items"] == [payment] == [sandbox.payment(payment["id"])]
        assert missed["items"] == []

    def test_says_what_it_does_not_know(self, sandbox: Driver) -> None:
        """Unknown ids are 404, a question without a reference is 400."""
        assert sandbox.api("GET", "/v1/payments/pay_x").status_code == 404
        assert sandbox.api("GET", "/v1/refunds/rf_x").status_code == 404
        assert sandbox.api("POST", "/v1/payments/pay_x/capture", {}).status_code == 404
        assert sandbox.api("GET", "/v1/payments").status_code == 400


class TestMovingMoney:
    def test_holds_and_captures_in_two_steps(self, sandbox: Driver) -> None:
        """A manual payment is authorized by the buyer and taken by the merchant, in part if he likes."""
        payment = sandbox.paid(capture="manual")
        held = sandbox.payment(payment["id"])

        taken = sandbox.api("POST", f"/v1/payments/{payment['id']}/capture", {"amount": 1000})

        assert (held["status"], held["amount_authorized"], held["amount_captured"]) == ("authorized", 4000, 0)
        assert taken.status_code == 200
        assert (taken.json()["status"], taken.json()["amount_captured"]) == ("captured", 1000)
        assert sandbox.kinds(payment["id"]) == ["created", "authorized", "captured"]

    def test_captures_once_and_never_too_much(self, sandbox: Driver) -> None:
        """More than is held, and a second capture, are conflicts; nonsense is bad input."""
        payment = sandbox.paid(capture="manual")
        path = f"/v1/payments/{payment['id']}/capture"

        assert sandbox.api("POST", path, {"amount": 4001}).status_code == 409
        assert sandbox.api("POST", path, {"amount": 0}).status_code == 400
        assert sandbox.api("POST", path, {"sum": 1}).status_code == 400
        assert sandbox.api("POST", path).status_code == 200
        assert sandbox.api("POST", path).status_code == 409

    @pytest.mark.parametrize("number", [None, "4000000000009999", "4000000000003220", APPROVED])
    def test_voids_what_is_not_captured(self, sandbox: Driver, number: str | None) -> None:
        """Created, pending, challenged and authorized payments can be closed, and then take no money."""
        payment = sandbox.create(capture="manual")
        if number is not None:
            sandbox.submit(payment["id"], number)

        voided = sandbox.api("POST", f"/v1/payments/{payment['id']}/void", {})
        late = sandbox.submit(payment["id"])

        assert (voided.status_code, voided.json()["status"]) == (200, "canceled")
        assert late.status_code == 303
        assert sandbox.payment(payment["id"])["amount_captured"] == 0
        assert sandbox.kinds(payment["id"])[-1] == "voided"

    def test_does_not_void_captured_money(self, sandbox: Driver) -> None:
        """Taken money goes back by a refund alone."""
        payment = sandbox.paid()

        assert sandbox.api("POST", f"/v1/payments/{payment['id']}/void").status_code == 409
        assert sandbox.payment(payment["id"])["status"] == "captured"

    def test_refunds_in_parts_up_to_the_whole(self, sandbox: Driver) -> None:
        """Refunds add up and never exceed what was captured."""
        payment = sandbox.paid()
        path = f"/v1/payments/{payment['id']}/refunds"

        part = sandbox.api("POST", path, {"amount": 1500, "reason": "one kettle less"})
        partly = sandbox.payment(payment["id"])
        too_much = sandbox.api("POST", path, {"amount": 2501})
        rest = sandbox.api("POST", path)

        assert (part.status_code, part.json()["status"], part.json()["amount"]) == (201, "succeeded", 1500)
        assert sandbox.api("GET", f"/v1/refunds/{part.json()['id']}").json() == part.json()
        assert (partly["status"], partly["amount_refunded"]) == ("partially_refunded", 1500)
        assert too_much.status_code == 409
        assert rest.json()["amount"] == 2500
        assert sandbox.payment(payment["id"])["status"] == "refunded"
        assert sandbox.api("POST", path, {"amount": 1}).status_code == 409

    @pytest.mark.parametrize("reason", ["", 5, "x" * 501])
    def test_refuses_a_refund_with_an_odd_reason(self, sandbox: Driver, reason: object) -> None:
        """Bad input leaves the money where it is."""
        payment = sandbox.paid()

        answer = sandbox.api("POST", f"/v1/payments/{payment['id']}/refunds", {"reason": reason})

        assert answer.status_code == 400
        assert sandbox.payment(payment["id"])["amount_refunded"] == 0

    def test_fails_a_refund_later_for_the_card_that_asks_for_it(self, sandbox: Driver, shop: Shop) -> None:
        """The refund is promised, holds its money back, fails, and is never in the journal."""
        payment = sandbox.paid("4000000000005126")
        path = f"/v1/payments/{payment['id']}/refunds"

        promised = sandbox.api("POST", path).json()
        blocked = sandbox.api("POST", path, {"amount": 1})
        sandbox.advance(2)
        failed = sandbox.api("GET", f"/v1/refunds/{promised['id']}").json()

        assert (promised["status"], blocked.status_code, failed["status"]) == ("pending", 409, "failed")
        assert sandbox.payment(payment["id"])["amount_refunded"] == 0
        assert sandbox.kinds(payment["id"]) == ["created", "captured"]
        assert shop.types() == ["payment.captured", "payment.captured"]
        assert sandbox.api("POST", path, {"amount": 4000}).status_code == 201

    def test_tells_the_shop_of_each_move(self, sandbox: Driver, shop: Shop) -> None:
        """A capture and a refund are announced too, without keeping the merchant's call waiting."""
        payment = sandbox.paid(capture="manual")

        sandbox.api("POST", f"/v1/payments/{payment['id']}/capture")
        eventually(lambda: len(shop.calls) == 2)
        sandbox.api("POST", f"/v1/payments/{payment['id']}/refunds", {"amount": 1})
        shop.wait_for(3)

        assert shop.types() == ["payment.authorized", "payment.captured", "payment.partially_refunded"]


class TestManyAtOnce:
    def test_create_one_payment_for_one_key(self, sandbox: Driver) -> None:
        """Twenty racing requests with one key and one reference make one payment."""
        order = json.dumps(sandbox.order()).encode()
        statuses: list[int] = []

        def ask() -> None:
            answer = sandbox.call(
                "POST", "/v1/payments", API_KEY, data=order, headers={"Idempotency-Key": "k"}
            )
            statuses.append(answer.status_code)

        threads = [threading.Thread(target=ask) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert set(statuses) <= {201, 409}
        assert statuses.count(201) >= 1
        assert len(sandbox.items("payments")) == 1
