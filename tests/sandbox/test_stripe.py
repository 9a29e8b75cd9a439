"""The stand-in for Stripe, driven and checked by the vendor's own package."""

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from tests.sandbox.accounts import STRIPE_KEY, WEBHOOK_SECRET
from tests.sandbox.driver import APPROVED, Driver, Shop

DECLINED = "4000 0000 0000 0002"


@pytest.fixture
def client(sandbox: Driver) -> Iterator[stripe.StripeClient]:
    http = stripe.RequestsClient(timeout=10)
    yield stripe.StripeClient(
        STRIPE_KEY,
        base_addresses={"api": f"{sandbox.url}/stripe"},
        http_client=http,
        max_network_retries=0,
    )
    http.close()


def wish(shop: Shop, **changes: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "mode": "payment",
        "success_url": f"{shop.url}/paid?session={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{shop.url}/not-paid",
        "client_reference_id": "ord-1",
        "metadata": {"bill_id": "7"},
        "line_items": [
            {
                "quantity": 1,
                "price_data": {"currency": "azn", "unit_amount": 4000, "product_data": {"name": "Kettle"}},
            }
        ],
    }
    return usual | changes


def opened(client: stripe.StripeClient, shop: Shop, **changes: Any) -> Any:
    return client.v1.checkout.sessions.create(params=wish(shop, **changes))  # type: ignore[arg-type]


def paid(client: stripe.StripeClient, sandbox: Driver, shop: Shop, **changes: Any) -> Any:
    session = opened(client, shop, **changes)
    pay(sandbox, session)
    return client.v1.checkout.sessions.retrieve(session.id)


def pay(sandbox: Driver, session: Any, number: str = APPROVED, **fields: str) -> Any:
    form = {"card_number": number, "expiry": "12/49", "cvc": "123"} | fields
    return sandbox.call("POST", session.url.removeprefix(sandbox.url), data=form)


def told(shop: Shop) -> list[Any]:
    """What the events say, once the vendor's own verifier has accepted them."""
    return [
        stripe.Webhook.construct_event(call.body, call.headers["stripe-signature"], WEBHOOK_SECRET)
        for call in shop.posts()
    ]


class TestASession:
    def test_is_opened_and_paid(self, sandbox: Driver, shop: Shop, client: stripe.StripeClient) -> None:
        """Open and unpaid without an intent; complete and paid with one."""
        session = opened(client, shop)

        back = pay(sandbox, session)

        after = client.v1.checkout.sessions.retrieve(session.id)
        intent = client.v1.payment_intents.retrieve(after.payment_intent)
        assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
        assert (session.amount_total, session.currency) == (4000, "azn")
        assert session.metadata["bill_id"] == "7"
        assert (after.status, after.payment_status, after.url) == ("complete", "paid", None)
        assert (intent.status, intent.amount_received) == ("succeeded", 4000)
        assert back.headers["Location"] == f"{shop.url}/paid?session={session.id}"
        assert sandbox.kinds(session.id) == ["created", "captured"]

    def test_is_told_by_signed_events(self, sandbox: Driver, shop: Shop, client: stripe.StripeClient) -> None:
        """In the vendor's shapes, to the configured address; each event has an id of its own."""
        session = paid(client, sandbox, shop)

        events = sorted(told(shop), key=lambda event: event.type)

        assert [event.type for event in events] == ["checkout.session.completed", "payment_intent.succeeded"]
        assert events[1].data.object.id == session.payment_intent
        assert events[0].data.object.client_reference_id == "ord-1"
        assert len({event.id for event in events}) == 2
        assert {call.path for call in shop.calls} == {"/stripe-events"}

    def test_stays_open_after_a_declined_card(
        self, sandbox: Driver, shop: Shop, client: stripe.StripeClient
    ) -> None:
        """The buyer is asked for another card, and may pay with it."""
        session = opened(client, shop)

        page = pay(sandbox, session, DECLINED)
        between = client.v1.checkout.sessions.retrieve(session.id)
        pay(sandbox, session)

        assert (page.status_code, "try another card" in page.text) == (200, True)
        assert (between.status, between.payment_status) == ("open", "unpaid")
        assert told(shop)[0].type == "payment_intent.payment_failed"
        assert client.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"

    def test_stays_open_when_the_buyer_goes_back(
        self, sandbox: Driver, shop: Shop, client: stripe.StripeClient
    ) -> None:
        """Going back to the shop ends nothing."""
        session = opened(client, shop)

        back = pay(sandbox, session, action="cancel")

        assert back.headers["Location"] == f"{shop.url}/not-paid"
        assert client.v1.checkout.sessions.retrieve(session.id).status == "open"

    def test_ends_when_told_or_in_time(
        self, sandbox: Driver, shop: Shop, client: stripe.StripeClient
    ) -> None:
        """Expired by the merchant, or after its life; it takes no card then, and is expired once."""
        told_to, in_time = opened(client, shop), opened(client, shop)

        client.v1.checkout.sessions.expire(told_to.id)
        sandbox.advance(24 * 3600)

        for session in (told_to, in_time):
            pay(sandbox, session)
            assert client.v1.checkout.sessions.retrieve(session.id).status == "expired"
        with pytest.raises(stripe.InvalidRequestError, match="Only open"):
            client.v1.checkout.sessions.expire(told_to.id)

    def test_is_held_and_captured_or_let_go(
        self, sandbox: Driver, shop: Shop, client: stripe.StripeClient
    ) -> None:
        """Manual capture: complete and unpaid until the intent is captured, in part even, or canceled."""
        manual = {"payment_intent_data": {"capture_method": "manual"}}
        held, let_go = paid(client, sandbox, shop, **manual), paid(client, sandbox, shop, **manual)
        assert (held.status, held.payment_status) == ("complete", "unpaid")

        captured = client.v1.payment_intents.capture(held.payment_intent, {"amount_to_capture": 2500})
        canceled = client.v1.payment_intents.cancel(let_go.payment_intent)

        assert (captured.status, captured.amount_received) == ("succeeded", 2500)
        assert canceled.status == "canceled"
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.payment_intents.capture(let_go.payment_intent)


class TestRefunds:
    def test_are_made_found_and_listed(
        self, sandbox: Driver, shop: Shop, client: stripe.StripeClient
    ) -> None:
        """In parts up to what was taken, and told."""
        session = paid(client, sandbox, shop)
        first = client.v1.refunds.create({"payment_intent": session.payment_intent, "amount": 1000})
        second = client.v1.refunds.create({"payment_intent": session.payment_intent})
        shop.wait_for(6)

        listed = client.v1.refunds.list({"payment_intent": session.payment_intent})

        assert (first.status, second.amount) == ("succeeded", 3000)
        assert client.v1.refunds.retrieve(first.id).amount == 1000
        assert [refund.id for refund in listed.data] == [second.id, first.id]
        assert {event.type for event in told(shop)[2:]} == {"refund.created", "charge.refunded"}
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.refunds.create({"payment_intent": session.payment_intent, "amount": 1})

    def test_may_fail_later(self, sandbox: Driver, shop: Shop, client: stripe.StripeClient) -> None:
        """Pending at first, and failed when the bank says so."""
        session = opened(client, shop)
        pay(sandbox, session, "4000 0000 0000 5126")
        intent = client.v1.checkout.sessions.retrieve(session.id).payment_intent
        refund = client.v1.refunds.create({"payment_intent": intent})

        sandbox.advance(2)

        assert (refund.status, client.v1.refunds.retrieve(refund.id).status) == ("pending", "failed")
        assert told(shop)[-1].type == "refund.failed"


class TestStrictness:
    @pytest.mark.parametrize(
        ("changes", "param"),
        [
            ({"colour": "red"}, "colour"),
            ({"mode": "subscription"}, "mode"),
            ({"success_url": ""}, "success_url"),
            ({"success_url": "shop.test/x"}, "success_url"),
            ({"line_items": []}, "line_items[0][quantity]"),
            ({"expires_at": 5}, "expires_at"),
            ({"payment_intent_data": {"capture_method": "later"}}, "payment_intent_data[capture_method]"),
            ({"metadata": {"a": {"b": "c"}}}, "metadata[a][b]"),
        ],
    )
    def test_refuses_what_the_vendor_would(
        self, shop: Shop, client: stripe.StripeClient, changes: dict[str, Any], param: str
    ) -> None:
        """400, naming the parameter."""
        with pytest.raises(stripe.InvalidRequestError) as refused:
            opened(client, shop, **changes)

        assert (refused.value.http_status, refused.value.param) == (400, param)

    @pytest.mark.parametrize("amount", ["40.00", "0", "-1", "1e3", ""])
    def test_takes_whole_amounts_alone(self, sandbox: Driver, shop: Shop, amount: str) -> None:
        """Minor units, as digits."""
        form = {
            "mode": "payment",
            "success_url": f"{shop.url}/paid",
            "line_items[0][quantity]": "1",
            "line_items[0][price_data][currency]": "azn",
            "line_items[0][price_data][product_data][name]": "Kettle",
            "line_items[0][price_data][unit_amount]": amount,
        }

        answer = sandbox.call("POST", "/stripe/v1/checkout/sessions", STRIPE_KEY, data=form)

        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == "line_items[0][price_data][unit_amount]"

    def test_refuses_json_and_strangers(self, sandbox: Driver) -> None:
        """Bodies are forms; another's key, or none, is 401."""
        path = "/stripe/v1/checkout/sessions"

        assert sandbox.call("POST", path, STRIPE_KEY, json={"mode": "payment"}).status_code == 400
        assert sandbox.call("POST", path, STRIPE_KEY + "x").status_code == 401
        assert sandbox.call("POST", path).json()["error"]["type"] == "invalid_request_error"
        assert sandbox.call("GET", "/stripe/v1/nowhere", STRIPE_KEY).json()["error"]["code"] == "not_found"

    def test_does_not_know_what_is_not_there(
        self, sandbox: Driver, shop: Shop, client: stripe.StripeClient
    ) -> None:
        """Unknown sessions, other dialects' payments, intents nobody has begun."""
        session, native = opened(client, shop), sandbox.create()

        for ask in (
            lambda: client.v1.checkout.sessions.retrieve("cs_test_x"),
            lambda: client.v1.checkout.sessions.retrieve(native["id"]),
            lambda: client.v1.payment_intents.retrieve(session.id.replace("cs_test", "pi")),
            lambda: client.v1.refunds.retrieve("re_x"),
        ):
            with pytest.raises(stripe.InvalidRequestError) as refused:
                ask()
            assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


class TestIdempotencyKeys:
    def test_repeat_the_answer(self, shop: Shop, client: stripe.StripeClient) -> None:
        """The same key and parameters give the same session; other parameters are refused."""
        options: Any = {"idempotency_key": "k"}
        create = client.v1.checkout.sessions.create
        first, second = (create(wish(shop), options) for _ in range(2))  # type: ignore[arg-type]

        assert first.id == second.id
        with pytest.raises(stripe.IdempotencyError):
            create(wish(shop, client_reference_id="other"), options)  # type: ignore[arg-type]

    def test_may_keep_a_500(self, sandbox: Driver, shop: Shop, client: stripe.StripeClient) -> None:
        """Where a tester asks for it, the failed answer is what the key repeats, as the vendor's keys do."""
        sandbox.arm("create", "http_500_after", params={"kept": True})
        options: Any = {"idempotency_key": "k"}

        for _ in range(2):
            with pytest.raises(stripe.APIError):
                client.v1.checkout.sessions.create(wish(shop), options)  # type: ignore[arg-type]

        assert len(sandbox.items("payments")) == 1


class TestForgery:
    @pytest.mark.parametrize("action", ["bad_signature", "other_merchant_key", "no_signature", "stale_ts"])
    def test_is_refused_by_the_vendors_own_verifier(
        self, sandbox: Driver, shop: Shop, client: stripe.StripeClient, action: str
    ) -> None:
        """Each way of signing wrongly is seen."""
        sandbox.arm("callback", action)
        paid(client, sandbox, shop)

        header = shop.calls[0].headers.get("stripe-signature", "")
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(shop.calls[0].body, header, WEBHOOK_SECRET)
