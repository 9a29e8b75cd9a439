"""Backend `sandbox` on the wire: what it sends, and what it makes of every strange answer."""

import json
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
import responses
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.gateways.sandbox import Sandbox, SandboxGateway
from adapters.gateways.signing import query_signature, timed_header
from adapters.gateways.talking import Line
from adapters.gateways.transport import Answer, Transport
from application.gateways import Claim, Opened, Opening, Received
from application.trouble import BadSignature, GatewayRefused, GatewayTrouble, Malformed
from domain.ids import GatewayOrderId
from domain.money import Currency, Money
from domain.verdict import Verdict, VerdictStatus
from tests.fakes import Bank, FakeBackend, FakeGateway
from tests.gateways.stub import API_KEY, serving

REF = GatewayOrderId("kassa-7Q9xT2mK")
BASE = "http://bank.test/base/"
SECRET = "whsec_x"
NOW = 1_800_000_000.0
PAN = "4111111111111111"
OPENING = Opening(
    order_id=REF,
    amount=Money(4000, Currency("AZN", 2)),
    callback_url=f"http://shop.test/v1/callbacks/card/{REF}",
    idempotency_key=f"{REF}:create:1",
    buyer=None,
)
CREATED: dict[str, Any] = {
    "id": "pay_1",
    "merchant_ref": REF,
    "status": "created",
    "amount": 4000,
    "currency": "AZN",
    "next_step": "http://bank.test/pay/pay_1",
    "expires_at": 1_800_001_800,
}
PAID: dict[str, Any] = {
    "id": "pay_1",
    "merchant_ref": REF,
    "status": "captured",
    "amount": 4000,
    "currency": "AZN",
    "amount_authorized": 4000,
    "amount_captured": 4000,
    "amount_refunded": 0,
    "decline_code": None,
    "card": {"brand": "visa", "mask": "411111******1111"},
    "created": 1,
    "updated": 2,
}


@attrs.define
class Canned:
    """A transport that gives one answer to everything."""

    answer: Answer

    def deadline(self, within_seconds: float | None = None) -> float:
        """Far away."""
        return 1e12

    def call(self, *asked: object) -> Answer:
        """The one answer."""
        return self.answer


def gateway_at(answer: Answer) -> SandboxGateway:
    """An adapter whose gateway gives that answer to everything."""
    return SandboxGateway(Line(Canned(answer), "sandbox", BASE), "k_1", SECRET)


def answering(reply: object, status: int = 200, **headers: str) -> SandboxGateway:
    """An adapter whose gateway answers that JSON, or those bytes, to everything."""
    body = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
    return gateway_at(Answer(status, headers, body))


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    """The network, scripted."""
    with responses.RequestsMock() as mock:
        yield mock


@pytest.fixture
def gateway() -> SandboxGateway:
    """The adapter over a real transport."""
    return Sandbox(Transport()).connect({"base_url": BASE, "api_key": "k_1", "signing_secret": SECRET})


class TestWhatIsSent:
    def test_to_open_a_payment(self) -> None:
        """Exactly the protocol's fields, with key and credentials, below the base's own path."""
        bank, transport = Bank(), Transport()
        with serving(bank) as server:
            settings = {"base_url": server.base_url + "/", "api_key": API_KEY, "signing_secret": "s"}
            Sandbox(transport).connect(settings).initiate(OPENING)
            transport.close()
            path, headers, body = server.seen[0]

        assert path == "/some/path/v1/payments"
        assert headers["Idempotency-Key"] == OPENING.idempotency_key
        assert headers["Authorization"] == f"Bearer {API_KEY}"
        assert headers["Content-Type"] == "application/json"
        assert json.loads(body) == {
            "merchant_ref": REF,
            "amount": 4000,
            "currency": "AZN",
            "capture": "auto",
            **dict.fromkeys(("return_url", "cancel_url", "notify_url"), OPENING.callback_url),
        }

    def test_to_ask_and_to_close(self, wire: responses.RequestsMock, gateway: SandboxGateway) -> None:
        """Ids and references are data in the address, never part of its path or query."""
        strange = "pay/../1?x=&é"
        quoted = "pay%2F..%2F1%3Fx%3D%26%C3%A9"
        wire.get(f"{BASE}v1/payments/{quoted}", json=PAID)
        wire.get(f"{BASE}v1/payments?merchant_ref=a%26b%2Fc", json={"items": []})
        wire.post(f"{BASE}v1/payments/{quoted}/void", json={})

        gateway.verify(REF, strange)
        gateway.verify(GatewayOrderId("a&b/c"), None)
        gateway.close(REF, strange)

        assert [call.request.url for call in wire.calls] == [
            f"{BASE}v1/payments/{quoted}",
            f"{BASE}v1/payments?merchant_ref=a%26b%2Fc",
            f"{BASE}v1/payments/{quoted}/void",
            f"{BASE}v1/payments/{quoted}",
        ]

    def test_does_not_say_who_buys(self) -> None:
        """The gateway needs no name and no address for what it does; none is kept either."""
        kept = answering(CREATED, 201).initiate(OPENING).request

        assert json.loads(kept)["merchant_ref"] == REF
        assert "k_1" not in kept and "email" not in kept


class TestOpening:
    def test_keeps_what_was_said(self) -> None:
        """As JSON, without what nobody knows."""
        opened = answering({**CREATED, "secret": "x", "status": "created"}, 201).initiate(OPENING)

        assert (opened.transaction_id, opened.next_step) == ("pay_1", CREATED["next_step"])
        assert json.loads(opened.response) == CREATED

    @pytest.mark.parametrize("status", [400, 404, 422])
    @pytest.mark.parametrize("body", [b'{"error": "no", "api_key": "k_1"}', b"<html>", b""])
    def test_is_refused_for_good(self, status: int, body: bytes) -> None:
        """Nothing was opened; what was said is kept, cleaned."""
        with pytest.raises(GatewayRefused) as caught:
            answering(body, status).initiate(OPENING)

        assert json.loads(caught.value.request)["amount"] == 4000
        assert json.loads(caught.value.response) in ({"error": "no"}, {})

    @pytest.mark.parametrize("status", [202, 204, 301, 302, 402, 405, 408, 409, 418, 500, 502, 503, 504])
    def test_is_in_doubt_after_all_else(self, status: int) -> None:
        """It may have been opened, so it is asked for before anything else happens."""
        with pytest.raises(GatewayTrouble) as caught:
            answering(CREATED, status).initiate(OPENING)
        assert caught.value.sent

    @pytest.mark.parametrize("status", [401, 403])
    def test_is_not_sent_when_our_key_is_refused(
        self, status: int, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Somebody has to look at the settings, so it is logged, without the key."""
        with pytest.raises(GatewayTrouble) as caught:
            answering({}, status).initiate(OPENING)

        assert not caught.value.sent
        logged = capsys.readouterr().out
        assert "gateway_key_refused" in logged and "k_1" not in logged

    def test_waits_as_long_as_it_is_told(self) -> None:
        """Too many requests, or a pause for maintenance."""
        for status, sent in ((429, False), (503, True)):
            with pytest.raises(GatewayTrouble) as caught:
                answering({}, status, **{"retry-after": "9"}).initiate(OPENING)
            assert (caught.value.sent, caught.value.retry_after_seconds) == (sent, 9)

    @pytest.mark.parametrize(
        "changes",
        [
            *(
                {"merchant_ref": "other"},
                {"amount": 4001},
                {"amount": "4000"},
                {"amount": 4000.0},
                {"amount": True},
            ),
            *({"currency": "USD"}, {"currency": "azn"}, {"id": None}, {"id": 5}, {"id": ""}, {"id": "a b"}),
            *({"next_step": None}, {"next_step": ""}, {"next_step": "/pay/1"}, {"next_step": "javascript:1"}),
            *({"next_step": "http://a:b@bank.test/"}, {"next_step": ["http://bank.test/"]}),
        ],
    )
    def test_is_in_doubt_when_the_answer_is_about_something_else(self, changes: dict[str, object]) -> None:
        """Another reference, amount, currency, or no place to go: no customer is sent there."""
        with pytest.raises(GatewayTrouble) as caught:
            answering({**CREATED, **changes}, 201).initiate(OPENING)
        assert caught.value.sent

    def test_needs_no_echo(self) -> None:
        """What is not told cannot differ."""
        reply = {"id": "pay_1", "next_step": CREATED["next_step"]}

        assert answering(reply, 201).initiate(OPENING).transaction_id == "pay_1"

    @pytest.mark.parametrize("body", [b"<html>ok</html>", b"", b'{"id": "pay_1", ', b"[]", b"null", b"\xff"])
    def test_is_in_doubt_without_json(self, body: bytes) -> None:
        """A 200 of some machine in between is no answer."""
        with pytest.raises(GatewayTrouble) as caught:
            answering(body).initiate(OPENING)
        assert caught.value.sent


class TestAsking:
    @pytest.mark.parametrize(
        ("word", "status"),
        [
            *(("created", "pending"), ("pending", "pending"), ("requires_action", "pending")),
            *(("authorized", "authorised"), ("captured", "succeeded"), ("charged_back", "disputed")),
            *(("partially_refunded", "refunded"), ("refunded", "refunded")),
        ],
    )
    def test_knows_every_word(self, word: str, status: str) -> None:
        """The status map, with money captured or not as the word says."""
        captured = 0 if status in {"pending", "authorised"} else 4000
        verdict = answering({**PAID, "status": word, "amount_captured": captured}).verify(REF, "pay_1")

        assert verdict.status == status
        assert verdict.captured_minor == (captured or None)

    @pytest.mark.parametrize(
        ("word", "code", "decline"),
        [
            *(("failed", "116", "116"), ("failed", None, None), ("canceled", None, None)),
            *(("expired", None, None), ("expired", "911", "911")),
        ],
    )
    def test_knows_why_it_failed(self, word: str, code: str | None, decline: str | None) -> None:
        """The bank's code where it refused the card, and its word in any case."""
        payment = {**PAID, "status": word, "decline_code": code, "amount_captured": 0}

        verdict = answering(payment).verify(REF, "pay_1")

        assert (verdict.status, verdict.decline, verdict.word) == (VerdictStatus.FAILED, decline, word)

    @pytest.mark.parametrize(
        "name", ["id", "merchant_ref", "status", "amount", "amount_captured", "currency"]
    )
    @pytest.mark.parametrize("value", [None, "", [], 1.5, "4 000"])
    def test_is_trouble_without_a_promised_field(self, name: str, value: object) -> None:
        """Missing, null or of another kind."""
        with pytest.raises(GatewayTrouble):
            answering({**PAID, name: value}).verify(REF, "pay_1")

    @pytest.mark.parametrize("amount", [b'"4000"', b"4000.0", b"4e3", b"4E+3", b"-0.0", b"40.00", b"NaN"])
    def test_is_trouble_with_an_amount_in_disguise(self, amount: bytes) -> None:
        """However equal it is to what is due."""
        body = json.dumps(PAID).encode().replace(b'"amount": 4000', b'"amount": ' + amount)

        with pytest.raises(GatewayTrouble):
            answering(body).verify(REF, "pay_1")

    @pytest.mark.parametrize("items", [None, {}, [1], [PAID, PAID], [None], "x"])
    def test_is_trouble_with_a_list_that_is_none(self, items: object) -> None:
        """Only an empty list says that there is no such payment."""
        with pytest.raises(GatewayTrouble):
            answering({"items": items}).verify(REF, None)

    @pytest.mark.parametrize("status", [404, 400, 500, 302, 401])
    def test_is_trouble_when_the_list_fails(self, status: int) -> None:
        """Not found at the list's own address is a wrong base, not an absent payment."""
        with pytest.raises(GatewayTrouble):
            answering({"items": []}, status).verify(REF, None)

    @pytest.mark.parametrize("card", [None, "x", {}, {"mask": None}, {"mask": 5}, {"mask": "<script>"}])
    def test_does_without_a_card(self, card: object) -> None:
        """The mask is for people; its absence hinders nothing."""
        assert answering({**PAID, "card": card}).verify(REF, "pay_1").card_mask is None

    def test_keeps_no_card_number(self) -> None:
        """Should the gateway ever tell one, wherever."""
        payment = {
            **PAID,
            "card": {"mask": PAN, "brand": PAN, "number": PAN},
            "message": f"card {PAN}",
            "pan": PAN,
        }

        verdict = answering(payment).verify(REF, "pay_1")

        assert PAN not in repr(verdict)
        assert verdict.card_mask == "4111******1111"

    def test_closing_is_trouble_when_the_void_is(self) -> None:
        """Whether it was closed is not known then."""
        with pytest.raises(GatewayTrouble):
            answering(PAID, 500).close(REF, "pay_1")


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([[], {}, [PAID], PAN])
)
NAMES = st.sampled_from([*PAID, *CREATED, "items", "extra"])
REPLIES = st.one_of(
    st.binary(),
    st.dictionaries(NAMES, VALUES).map(lambda changes: json.dumps({**PAID, **CREATED, **changes}).encode()),
    st.dictionaries(NAMES, VALUES).map(lambda changes: json.dumps({"items": [{**PAID, **changes}]}).encode()),
    st.tuples(st.integers(0, 400), st.binary(max_size=3)).map(
        lambda cut: json.dumps({**PAID, **CREATED}).encode()[: cut[0]] + cut[1]
    ),
)
STATUSES = st.sampled_from([200, 200, 200, 201, 204, 302, 400, 401, 404, 409, 422, 429, 500, 503])


class TestAnyAnswer:
    @settings(max_examples=1000, deadline=None)
    @given(STATUSES, REPLIES)
    def test_leads_to_a_declared_outcome(self, status: int, body: bytes) -> None:
        """Whatever a gateway says, the port answers with its own types and errors."""
        gateway = gateway_at(Answer(status, {}, body))
        outcomes = [
            _outcome(lambda: gateway.initiate(OPENING)),
            _outcome(lambda: gateway.verify(REF, None)),
            _outcome(lambda: gateway.verify(REF, "pay_1")),
            _outcome(lambda: gateway.close(REF, None)),
            _outcome(lambda: gateway.close(REF, "pay_1")),
        ]

        assert isinstance(outcomes[0], Opened | GatewayRefused | GatewayTrouble)
        for outcome in outcomes[1:]:
            assert isinstance(outcome, Verdict | GatewayTrouble)
        for outcome in outcomes:
            _ensure_sane(outcome)


def _outcome(use: Any) -> object:
    try:
        return use()
    except (GatewayTrouble, GatewayRefused) as error:
        return error


def _ensure_sane(outcome: object) -> None:
    if isinstance(outcome, Verdict):
        json.loads(outcome.response or "{}")
        for amount in (outcome.amount_minor, outcome.captured_minor):
            assert amount is None or (type(amount) is int and amount >= 0)
    if isinstance(outcome, Opened):
        assert outcome.next_step.lower().startswith(("http://", "https://"))


def _notified(body: bytes) -> Received:
    headers = {"x-sandbox-signature": timed_header(SECRET, body, int(NOW))}
    return Received(method="POST", path="/", query="", headers=headers, body=body)


class TestCallbacks:
    @pytest.mark.parametrize(
        "body",
        [
            *(b"", b"<html>", b"[]", b'{"payment":' * 50_000, b'{"payment": {"merchant_ref": "\xff"}}'),
            b'{"payment": {"merchant_ref": "a", "merchant_ref": "b"}}',
        ],
    )
    def test_that_cannot_be_read(self, body: bytes) -> None:
        """Signed as it should be, but no JSON object."""
        with pytest.raises(Malformed):
            answering({}).parse_callback(_notified(body), NOW)

    @pytest.mark.parametrize(
        "body",
        [
            *(b"{}", b'{"payment": null}', b'{"payment": []}', b'{"payment": {}}'),
            *(b'{"payment": {"merchant_ref": 5}}', b'{"payment": {"id": {}}, "event_id": 7}'),
        ],
    )
    def test_about_nothing(self, body: bytes) -> None:
        """A hint without content is one nevertheless: the address it came to may tell more."""
        claim = answering({}).parse_callback(_notified(body), NOW)

        assert claim == Claim(reference=None, transaction_id=None, claimed=None)

    @pytest.mark.parametrize(
        ("event", "claimed"),
        [
            ({"type": "payment.captured"}, VerdictStatus.SUCCEEDED),
            ({"type": "payment.failed", "payment": {"status": "captured"}}, VerdictStatus.FAILED),
            ({"payment": {"status": "expired"}}, VerdictStatus.FAILED),
            ({"type": 5, "payment": {"status": 6}}, None),
            ({"type": "refund.created"}, None),
            ({}, None),
        ],
    )
    def test_claim_what_they_name(self, event: dict[str, Any], claimed: VerdictStatus | None) -> None:
        """The type's word, else the payment's; reference and id alone are relied on."""
        payment = {"merchant_ref": REF, **event.get("payment", {})}

        claim = answering({}).parse_callback(
            _notified(json.dumps({**event, "payment": payment}).encode()), NOW
        )

        assert claim == Claim(reference=REF, transaction_id=None, claimed=claimed)

    @settings(max_examples=1000, deadline=None)
    @given(st.binary() | REPLIES | REPLIES.map(lambda body: b'{"payment": ' + body + b"}"))
    def test_lead_to_a_declared_outcome(self, body: bytes) -> None:
        """Signed or not, as a notification or as a return."""
        gateway = answering({})
        signed = _notified(body)
        query = body.decode("latin-1")
        returned = f"merchant_ref={query}&sig={query_signature(SECRET, [('merchant_ref', query)])}"
        outcomes = [
            _read(gateway, signed),
            _read(gateway, attrs.evolve(signed, headers={"x-sandbox-signature": query})),
            _read(gateway, attrs.evolve(signed, method="GET", query=query)),
            _read(gateway, attrs.evolve(signed, method="GET", query=returned)),
        ]

        assert not isinstance(outcomes[0], BadSignature)
        assert isinstance(outcomes[1], BadSignature)
        assert isinstance(outcomes[2], BadSignature)

    def test_are_refused_when_a_byte_changes(self) -> None:
        """Any byte of a signed notification, and of its header."""
        gateway = answering({})
        whole = _notified(json.dumps({"type": "payment.captured", "payment": {"merchant_ref": REF}}).encode())
        header = whole.headers["x-sandbox-signature"]
        for at in range(len(whole.body)):
            body = bytearray(whole.body)
            body[at] ^= 1
            with pytest.raises(BadSignature):
                gateway.parse_callback(attrs.evolve(whole, body=bytes(body)), NOW)
        for at in range(len(header)):
            changed = header[:at] + chr(ord(header[at]) ^ 1) + header[at + 1 :]
            with pytest.raises(BadSignature):
                gateway.parse_callback(attrs.evolve(whole, headers={"x-sandbox-signature": changed}), NOW)

        assert gateway.parse_callback(whole, NOW).reference == REF


def _read(gateway: SandboxGateway, received: Received) -> object:
    try:
        claim = gateway.parse_callback(received, NOW)
    except (BadSignature, Malformed) as error:
        return error
    assert isinstance(claim, Claim)
    return claim


class TestTheFake:
    def test_records_what_was_asked(self) -> None:
        """Tests of the core look at this."""
        fake = FakeGateway()
        fake.initiate(OPENING)
        fake.verify(REF, None)
        fake.close(REF, "pay_000001")

        assert [call.operation for call in fake.calls] == ["initiate", "verify", "close"]
        assert fake.called("initiate")[0].opening == OPENING
        assert fake.called("close")[0].transaction_id == "pay_000001"

    def test_stays_silent_until_it_recovers(self) -> None:
        """For as many uses as it takes, of one operation or of all."""
        fake = FakeGateway()
        fake.trouble(None, operation="verify")
        fake.initiate(OPENING)
        for _ in range(3):
            with pytest.raises(GatewayTrouble):
                fake.verify(REF, None)
        fake.recover()

        assert fake.verify(REF, None).status is VerdictStatus.PENDING

    def test_is_a_backend_too(self) -> None:
        """Every method connects to the one scripted gateway."""
        backend = FakeBackend(name="bank")

        assert backend.connect({"a": 1}) is backend.connect({}) is backend.gateway
        assert (backend.name, backend.connected) == ("bank", [{"a": 1}, {}])
