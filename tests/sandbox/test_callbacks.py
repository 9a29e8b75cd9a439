"""How the sandbox calls shops back."""

import socket
import threading
import time

import pytest
import stripe

from tests.sandbox.driver import CONTROL_TOKEN, SIGNING_SECRET, Driver, Shop, eventually


class TestACallback:
    def test_tells_what_happened(self, sandbox: Driver, shop: Shop) -> None:
        """The body holds the event and the payment as the merchant would see it."""
        payment = sandbox.paid()

        event = shop.calls[0].event

        assert event["type"] == "payment.captured"
        assert event["event_id"].startswith("evt_")
        assert abs(event["created"] - time.time()) < 60
        assert event["payment"] == sandbox.payment(payment["id"])

    def test_is_signed_so_that_independent_code_agrees(self, sandbox: Driver, shop: Shop) -> None:
        """The official library of the signature's inventors accepts it, and refuses an altered body."""
        sandbox.paid()
        call = shop.calls[0]
        header = call.headers["x-sandbox-signature"]
        text = call.body.decode()

        assert stripe.WebhookSignature.verify_header(text, header, SIGNING_SECRET, tolerance=300)
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.WebhookSignature.verify_header(text + " ", header, SIGNING_SECRET, tolerance=300)

    def test_is_signed_in_real_time_however_far_the_clock_was_moved(
        self, sandbox: Driver, shop: Shop
    ) -> None:
        """Shops compare the signature's time with their own clock, which nobody advances."""
        sandbox.advance(7 * 24 * 3600)
        sandbox.paid()

        call = shop.calls[0]

        header = call.headers["x-sandbox-signature"]
        assert stripe.WebhookSignature.verify_header(call.body.decode(), header, SIGNING_SECRET, tolerance=60)
        assert abs(call.event["created"] - time.time()) < 60

    def test_comes_before_the_buyer_does(self, sandbox: Driver, shop: Shop) -> None:
        """By the time the buyer is sent back, the shop has been told."""
        shop.delay_seconds = 0.3

        payment = sandbox.paid()

        assert [call.event["payment"]["id"] for call in shop.calls] == [payment["id"]]
        assert sandbox.items("deliveries")[0]["state"] == "delivered"

    def test_keeps_no_buyer_waiting_for_a_shop_that_sleeps(self, sandbox: Driver, shop: Shop) -> None:
        """After five seconds the buyer goes back whether or not the shop has answered."""
        shop.delay_seconds = 8.0
        payment = sandbox.create()

        started = time.monotonic()
        answer = sandbox.submit(payment["id"])
        waited = time.monotonic() - started
        shop.delay_seconds = 0.0

        assert answer.status_code == 303
        assert 4.5 < waited < 7.5

    def test_keeps_no_merchant_waiting(self, sandbox: Driver, shop: Shop) -> None:
        """A capture is answered at once, though its callback is slow."""
        payment = sandbox.paid(capture="manual")
        shop.delay_seconds = 2.0

        started = time.monotonic()
        sandbox.api("POST", f"/v1/payments/{payment['id']}/capture")
        waited = time.monotonic() - started

        assert waited < 1.8
        assert len(shop.wait_for(2)) == 2


class TestRetries:
    def test_follow_the_schedule(self, sandbox: Driver, shop: Shop) -> None:
        """0, 1, 5, 30 and 300 seconds of the sandbox's clock, all with one event id; then no more."""
        shop.answers = [500] * 9
        sandbox.paid()
        counts = [len(shop.calls)]

        for seconds in (1, 4, 1, 30, 299, 1, 3600):
            sandbox.advance(seconds)
            counts.append(len(shop.calls))

        delivery = sandbox.items("deliveries")[0]
        assert counts == [1, 2, 2, 3, 4, 4, 5, 5]
        assert len({call.event["event_id"] for call in shop.calls}) == 1
        assert (delivery["attempts"], delivery["response_status"], delivery["state"]) == (5, 500, "failed")

    def test_all_happen_at_once_when_the_clock_leaps(self, sandbox: Driver, shop: Shop) -> None:
        """One advance past the whole schedule makes every retry in it."""
        shop.answers = [503, 302, 404, 500, 200]
        sandbox.paid()

        sandbox.advance(400)

        assert len(shop.calls) == 5
        assert sandbox.items("deliveries")[0]["state"] == "delivered"

    def test_come_by_themselves(self, sandbox: Driver, shop: Shop) -> None:
        """Without anybody touching the clock a refused callback comes again soon, of itself."""
        shop.answers = [500]
        sandbox.paid()

        calls = shop.wait_for(2)

        assert 0.8 < calls[1].at - calls[0].at < 4
        assert eventually(lambda: sandbox.items("deliveries")[0]["state"] == "delivered")

    def test_survive_a_shop_that_is_not_there(self, sandbox: Driver, shop: Shop) -> None:
        """A refused connection counts as a failed try, without a status."""
        sandbox.paid(notify_url="http://127.0.0.1:9/notify")

        delivery = sandbox.items("deliveries")[0]

        assert (delivery["attempts"], delivery["response_status"], delivery["state"]) == (1, None, "pending")

    def test_survive_a_shop_that_breaks_off(self, sandbox: Driver) -> None:
        """A shop that promises a body and hangs up has not answered; the sandbox lives on."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]

            def answer_in_part() -> None:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65_536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")

            answering = threading.Thread(target=answer_in_part)
            answering.start()
            sandbox.paid(notify_url=f"http://127.0.0.1:{port}/notify")
            answering.join()

        delivery = sandbox.items("deliveries")[0]
        assert (delivery["attempts"], delivery["response_status"]) == (1, None)


class TestReplay:
    def test_sends_the_same_event_freshly_signed(self, sandbox: Driver, shop: Shop) -> None:
        """An old callback can be sent again; it is a delivery of its own with the old event id."""
        sandbox.paid()
        delivery = sandbox.items("deliveries")[0]

        again = sandbox.ctl("POST", f"deliveries/{delivery['id']}/replay")

        assert again.status_code == 200
        assert again.json()["event_id"] == delivery["event_id"]
        assert (again.json()["attempts"], again.json()["state"]) == (1, "delivered")
        assert shop.calls[0].event == shop.calls[1].event
        assert len(sandbox.items("deliveries")) == 2

    def test_knows_only_what_was_sent(self, sandbox: Driver) -> None:
        """An unknown delivery is 404."""
        assert sandbox.call("POST", "/_ctl/deliveries/dlv_x/replay", CONTROL_TOKEN).status_code == 404
