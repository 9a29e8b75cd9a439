"""What testers may rely on under /_ctl/."""

import csv

import pytest

from tests.sandbox.driver import API_KEY, CONTROL_TOKEN, Driver, Shop, eventually


class TestAccess:
    @pytest.mark.parametrize("token", [None, API_KEY, CONTROL_TOKEN + "x"])
    def test_needs_the_control_token(self, sandbox: Driver, token: str | None) -> None:
        """A merchant's key does not open the control side, and a refused call does nothing."""
        sandbox.create()

        refused = sandbox.call("POST", "/_ctl/reset", token)

        assert (refused.status_code, refused.headers["X-Sandbox"]) == (401, "1")
        assert sandbox.call("POST", "/%5Fctl/reset", token).status_code == 401
        assert len(sandbox.items("payments")) == 1


class TestArmingFaults:
    def test_shows_each_rule_and_how_often_it_struck(self, sandbox: Driver) -> None:
        """What was armed can be read back, with its count."""
        fault_id = sandbox.arm("status", "http_429", times=None, params={"ms": 2000})
        payment = sandbox.create()
        for _ in range(3):
            sandbox.api("GET", f"/v1/payments/{payment['id']}")

        (rule,) = sandbox.items("faults")

        assert (rule["id"], rule["op"], rule["action"]) == (fault_id, "status", "http_429")
        assert (rule["times"], rule["nth"], rule["struck"]) == (None, 1, 3)
        assert rule["params"] == {"ms": 2000}

    def test_disarms_one_or_all(self, sandbox: Driver) -> None:
        """A disarmed fault strikes no more; one that is not there is 404."""
        first, _ = sandbox.arm("create", "http_500_before"), sandbox.arm("create", "http_500_after")

        assert sandbox.ctl("DELETE", f"faults/{first}").status_code == 204
        assert sandbox.ctl("DELETE", f"faults/{first}").status_code == 404
        assert [rule["action"] for rule in sandbox.items("faults")] == ["http_500_after"]
        assert sandbox.ctl("DELETE", "faults").status_code == 204
        sandbox.create()

    def test_strikes_from_the_nth_match_for_so_many_times(self, sandbox: Driver) -> None:
        """nth says where it begins, times how long it lasts."""
        sandbox.arm("status", "http_500_before", nth=2, times=2)
        payment = sandbox.create()

        seen = [sandbox.api("GET", f"/v1/payments/{payment['id']}").status_code for _ in range(5)]

        assert seen == [200, 500, 500, 200, 200]

    def test_strikes_by_chance_that_repeats_itself(self, sandbox: Driver) -> None:
        """The same seed throws the same dice, and about as many strike as was asked."""
        payment = sandbox.create()

        def throw() -> list[int]:
            fault = sandbox.arm("status", "http_500_before", times=None, probability=0.4, seed=11)
            seen = [sandbox.api("GET", f"/v1/payments/{payment['id']}").status_code for _ in range(40)]
            sandbox.ctl("DELETE", f"faults/{fault}")
            return seen

        first, second = throw(), throw()

        assert first == second
        assert 5 < first.count(500) < 30

    def test_strikes_only_the_payment_it_names(self, sandbox: Driver) -> None:
        """By reference or by id, all others are left alone."""
        spared, by_ref, by_id = sandbox.create(), sandbox.create(), sandbox.create()
        sandbox.arm("status", "http_500_before", merchant_ref=by_ref["merchant_ref"])
        sandbox.arm("status", "http_500_before", payment_id=by_id["id"])

        seen = [sandbox.api("GET", f"/v1/payments/{p['id']}").status_code for p in (spared, by_ref, by_id)]

        assert seen == [200, 500, 500]

    def test_leaves_a_later_rule_its_turn_when_an_earlier_ends_the_call(self, sandbox: Driver) -> None:
        """Two rules that each end a call strike two calls, not one; milder ones go together."""
        sandbox.arm("create", "http_500_before")
        sandbox.arm("create", "http_429")

        seen = [sandbox.api("POST", "/v1/payments", sandbox.order()).status_code for _ in range(3)]

        assert seen == [500, 429, 201]

    @pytest.mark.parametrize(
        ("rule", "param"),
        [
            ({"action": "drop"}, "op"),
            ({"op": "charge", "action": "drop"}, "op"),
            ({"op": ["create"], "action": "drop"}, "op"),
            ({"op": "create"}, "action"),
            ({"op": "create", "action": "explode"}, "action"),
            ({"op": "create", "action": "tampered_query"}, "action"),
            ({"op": "create", "action": "forget", "nth": 0}, "nth"),
            ({"op": "create", "action": "forget", "nth": True}, "nth"),
            ({"op": "create", "action": "forget", "times": 0}, "times"),
            ({"op": "create", "action": "forget", "times": "2"}, "times"),
            ({"op": "create", "action": "forget", "probability": 1.1}, "probability"),
            ({"op": "create", "action": "forget", "probability": "x"}, "probability"),
            ({"op": "create", "action": "forget", "seed": 1.5}, "seed"),
            ({"op": "create", "action": "forget", "merchant_ref": 5}, "merchant_ref"),
            ({"op": "create", "action": "forget", "params": []}, "params"),
            ({"op": "create", "action": "delay_ms", "params": {"ms": -1}}, "params"),
            ({"op": "create", "action": "delay_ms", "params": {"ms": True}}, "params"),
            ({"op": "create", "action": "delay_ms", "params": {"seconds": 1}}, "params"),
            ({"op": "create", "action": "wrong_currency", "params": {"currency": 5}}, "params"),
            ({"op": "create", "action": "forget", "struck": 1}, "struck"),
            ({"op": "create", "action": "forget", "id": "flt_1"}, "id"),
            ({"op": "create", "action": "forget", "when": "now"}, "when"),
        ],
    )
    def test_refuses_a_rule_that_makes_no_sense(
        self, sandbox: Driver, rule: dict[str, object], param: str
    ) -> None:
        """400 names the field; a rule that could never strike is refused rather than kept in silence."""
        answer = sandbox.ctl("POST", "faults", rule)

        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == param
        assert sandbox.items("faults") == []


class TestForcing:
    @pytest.mark.parametrize(
        ("status", "captured", "refunded", "kinds"),
        [
            ("created", 0, 0, []),
            ("pending", 0, 0, []),
            ("requires_action", 0, 0, []),
            ("authorized", 0, 0, ["authorized"]),
            ("captured", 4000, 0, ["captured"]),
            ("failed", 0, 0, ["failed"]),
            ("canceled", 0, 0, ["voided"]),
            ("expired", 0, 0, ["expired"]),
            ("partially_refunded", 4000, 2000, ["captured", "refunded"]),
            ("refunded", 4000, 4000, ["captured", "refunded"]),
            ("charged_back", 4000, 0, ["captured", "charged_back"]),
        ],
    )
    def test_moves_a_payment_anywhere(
        self, sandbox: Driver, shop: Shop, status: str, captured: int, refunded: int, kinds: list[str]
    ) -> None:
        """Amounts and journal follow the status, and the shop hears of it."""
        payment = sandbox.create()

        forced = sandbox.ctl("POST", f"payments/{payment['id']}/force", {"status": status})

        assert forced.status_code == 200
        now = sandbox.truth(payment["id"])
        assert (now["status"], now["amount_captured"], now["amount_refunded"]) == (status, captured, refunded)
        assert sandbox.kinds(payment["id"]) == ["created", *kinds]
        shop.wait_for(1)
        assert shop.types() == [f"payment.{status}"]

    def test_brings_a_late_success(self, sandbox: Driver) -> None:
        """An expired payment can be captured after all, as banks sometimes do."""
        payment = sandbox.create()
        sandbox.advance(31 * 60)

        sandbox.ctl("POST", f"payments/{payment['id']}/force", {"status": "captured"})

        assert sandbox.kinds(payment["id"]) == ["created", "expired", "captured"]
        assert sandbox.payment(payment["id"])["amount_captured"] == 4000

    def test_refunds_what_is_left(self, sandbox: Driver) -> None:
        """A forced refund after a partial one journals the rest alone."""
        payment = sandbox.paid()
        sandbox.api("POST", f"/v1/payments/{payment['id']}/refunds", {"amount": 1000})

        sandbox.ctl("POST", f"payments/{payment['id']}/force", {"status": "refunded"})

        amounts = [entry["amount"] for entry in sandbox.items("journal") if entry["kind"] == "refunded"]
        assert amounts == [1000, 3000]

    @pytest.mark.parametrize("body", [{}, {"status": "lost"}, {"status": 5}, {"status": "failed", "x": 1}])
    def test_refuses_a_status_that_is_none(self, sandbox: Driver, body: dict[str, object]) -> None:
        """400, and the payment stays; an unknown payment is 404."""
        payment = sandbox.create()

        assert sandbox.ctl("POST", f"payments/{payment['id']}/force", body).status_code == 400
        assert sandbox.payment(payment["id"])["status"] == "created"
        assert sandbox.ctl("POST", "payments/pay_x/force", {"status": "failed"}).status_code == 404


class TestTheClock:
    @pytest.mark.parametrize("seconds", [None, -1, "5", True, 10**12])
    def test_only_goes_forward_by_a_sensible_number(self, sandbox: Driver, seconds: object) -> None:
        """Anything else is 400 and moves nothing."""
        payment = sandbox.create()

        assert sandbox.ctl("POST", "clock/advance", {"seconds": seconds}).status_code == 400
        assert sandbox.payment(payment["id"])["status"] == "created"

    def test_expires_many_payments_in_one_leap(self, sandbox: Driver, shop: Shop) -> None:
        """When the call is answered, all that fell due has happened, callbacks included."""
        for _ in range(20):
            sandbox.create()

        sandbox.advance(3600)

        assert {item["status"] for item in sandbox.items("payments")} == {"expired"}
        assert len(shop.calls) == 20

    def test_does_not_wait_for_ever(self, sandbox: Driver, shop: Shop) -> None:
        """What is due later stays due later."""
        shop.answers = [500]
        sandbox.paid()

        sandbox.advance(0.2)

        assert len(shop.calls) == 1
        assert sandbox.items("deliveries")[0]["state"] == "pending"


class TestTheJournal:
    def test_is_numbered_and_complete(self, sandbox: Driver) -> None:
        """Each entry carries the whole contract's fields, in order."""
        payment = sandbox.paid(merchant_ref="r", amount=500)
        sandbox.api("POST", f"/v1/payments/{payment['id']}/refunds", {"amount": 200})

        entries = sandbox.items("journal")

        assert [(entry["seq"], entry["kind"], entry["amount"]) for entry in entries] == [
            (1, "created", 500),
            (2, "captured", 500),
            (3, "refunded", 200),
        ]
        assert {(entry["payment_id"], entry["merchant_ref"], entry["currency"]) for entry in entries} == {
            (payment["id"], "r", "AZN")
        }
        assert all(entry["at"].endswith("Z") for entry in entries)


class TestTheSettlement:
    def test_lists_the_money_that_moved(self, sandbox: Driver) -> None:
        """One line for each capture, refund and charge-back, quoted where it must be."""
        payment = sandbox.paid(merchant_ref='a,"b"', amount=1050)
        sandbox.api("POST", f"/v1/payments/{payment['id']}/refunds", {"amount": 50})
        sandbox.paid("4000000000000116")

        answer = sandbox.ctl("GET", "settlement")

        rows = list(csv.reader(answer.text.splitlines()))
        today = sandbox.items("journal")[0]["at"][:10]
        assert answer.headers["Content-Type"].startswith("text/csv")
        assert rows == [
            ["kind", "gateway_ref", "merchant_ref", "amount", "fee", "currency", "date"],
            ["captured", payment["id"], 'a,"b"', "1050", "21", "AZN", today],
            ["refunded", payment["id"], 'a,"b"', "50", "0", "AZN", today],
        ]


class TestTheLog:
    def test_shows_what_went_in_and_out_without_secrets(self, sandbox: Driver) -> None:
        """Requests, answers and callbacks are there; keys, card numbers and codes are not."""
        sandbox.arm("status", "http_429")
        payment = sandbox.paid("5555 5555 5555 4444")
        sandbox.api("GET", f"/v1/payments/{payment['id']}")

        text = sandbox.ctl("GET", "log").text
        entries = sandbox.items("log")

        seen = [
            (e["direction"], e["method"], e["status"]) for e in entries if not e["url"].startswith("/_ctl")
        ]
        assert seen == [("in", "POST", 201), ("out", "POST", 200), ("in", "POST", 303), ("in", "GET", 429)]
        assert entries[-1]["faults"] == ["http_429"]
        assert "555555******4444" in text
        assert "5555 5555" not in text
        assert API_KEY not in text
        assert CONTROL_TOKEN not in text


class TestReset:
    def test_forgets_everything(self, sandbox: Driver, shop: Shop) -> None:
        """Afterwards nothing is known, nothing is armed, nothing is due, and the clock is right."""
        shop.answers = [500]
        sandbox.arm("status", "http_429", times=None)
        payment = sandbox.paid(merchant_ref="again")
        sandbox.advance(0.1)

        assert sandbox.ctl("POST", "reset").status_code == 200

        sandbox.advance(7200)
        assert len(shop.calls) == 1
        for path in ("payments", "deliveries", "journal", "faults"):
            assert sandbox.items(path) == []
        assert sandbox.api("GET", f"/v1/payments/{payment['id']}").status_code == 404
        sandbox.create(merchant_ref="again")

    def test_lets_go_of_what_is_under_way(self, sandbox: Driver, shop: Shop) -> None:
        """A callback that was being sent while everything was forgotten is not retried."""
        shop.delay_seconds, shop.answers = 0.4, [500]
        payment = sandbox.paid(capture="manual", notify_url=None)
        other = sandbox.create()
        sandbox.ctl("POST", f"payments/{other['id']}/force", {"status": "failed"})
        shop.wait_for(1)

        sandbox.ctl("POST", "reset")
        sandbox.advance(400)

        assert len(shop.calls) == 1
        assert eventually(lambda: sandbox.items("deliveries") == [])
        assert payment["status"] == "created"
