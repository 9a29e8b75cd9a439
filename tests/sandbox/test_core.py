"""The sandbox's core by itself: payments, cards, time, faults and keys, without a socket in sight."""

import functools
import threading
from functools import partial

import pytest

from adapters.sandbox import idempotency
from adapters.sandbox.agenda import Agenda
from adapters.sandbox.app import Access, build
from adapters.sandbox.cards import Card, Outcome, outcome_of
from adapters.sandbox.clock import Clock, Names, iso
from adapters.sandbox.faults import FaultBook, Strike
from adapters.sandbox.gateway import Gateway
from adapters.sandbox.idempotency import IdempotencyKeys
from adapters.sandbox.journal import hide
from adapters.sandbox.payments import Payment, Status, Terms
from adapters.sandbox.refusals import Conflict, Invalid
from adapters.sandbox.replies import Reply
from adapters.sandbox.signing import signature_header

ALLOWED = {
    "present": {"created", "requires_action"},
    "authorize": {"created", "pending", "requires_action"},
    "capture": {"authorized"},
    "decline": {"created", "pending", "requires_action"},
    "cancel": {"created", "pending", "requires_action", "authorized"},
    "expire": {"created", "pending", "requires_action"},
    "promise_refund": {"captured", "partially_refunded"},
    "charge_back": {"captured", "partially_refunded"},
}


def payment_that_is(status: Status) -> Payment:
    terms = Terms("ref", 4000, "AZN", "http://shop.test", "http://shop.test", None)
    payment = Payment("pay_a", terms, created_at=0, expires_at=1800, updated_at=0)
    payment.force(status, 1)
    return payment


class TestAPayment:
    @pytest.mark.parametrize("status", Status)
    @pytest.mark.parametrize("deed", ALLOWED)
    def test_allows_a_deed_only_from_where_it_makes_sense(self, deed: str, status: Status) -> None:
        """Over every deed and every status: allowed, or refused with nothing changed."""
        payment = payment_that_is(status)
        before = repr(payment)
        arguments: dict[str, tuple[object, ...]] = {
            "present": (Card.seen("4111111111111111"), Outcome()),
            "capture": (None, 2),
            "decline": ("100", 2),
            "promise_refund": (1, 2),
        }

        if status in ALLOWED[deed]:
            getattr(payment, deed)(*arguments.get(deed, (2,)))
            assert repr(payment) != before
        else:
            with pytest.raises(Conflict):
                getattr(payment, deed)(*arguments.get(deed, (2,)))
            assert repr(payment) == before

    def test_keeps_its_charge_back_when_a_refund_arrives_late(self) -> None:
        """Money promised back before a charge-back still counts, but the status stays what it is."""
        payment = payment_that_is(Status.CAPTURED)
        payment.promise_refund(1000, 2)
        payment.charge_back(3)

        payment.give_back(1000, 4)

        assert (payment.status, payment.amount_refunded) == (Status.CHARGED_BACK, 1000)


class TestTwoClicksAtOnce:
    """The page looks before it leaps; these are the clicks that leap together."""

    def gateway(self, number: str) -> tuple[Gateway, str]:
        gateway = build(Access("key", "secret", "token")).gateway
        payment = gateway.create(
            Terms("ref", 4000, "AZN", "http://shop.test", "http://shop.test", None)
        ).payment
        gateway.pay(payment.id, Card.seen(number), outcome_of(number))
        return gateway, payment.id

    def test_pay_once(self) -> None:
        """The second card finds a payment that has ended, and is not asked for anything."""
        gateway, payment_id = self.gateway("4111111111111111")

        again = gateway.pay(payment_id, Card.seen("4242424242424242"), outcome_of("4242424242424242"))

        assert (again.payment.status, again.notices) == (Status.CAPTURED, ())
        assert again.payment.card == Card.seen("4111111111111111")

    def test_answer_the_bank_once(self) -> None:
        """The first answer counts."""
        gateway, payment_id = self.gateway("4000000000003220")
        gateway.answer_challenge(payment_id, is_approved=False)

        again = gateway.answer_challenge(payment_id, is_approved=True)

        assert (again.payment.status, again.payment.amount_captured) == (Status.FAILED, 0)


class TestCards:
    @pytest.mark.parametrize(
        ("number", "brand", "mask"),
        [
            ("4111111111111111", "visa", "411111******1111"),
            ("5555555555554444", "mastercard", "555555******4444"),
            ("2221000000000009", "mastercard", "222100******0009"),
            ("378282246310005", "amex", "378282*****0005"),
            ("6011000990139424", "card", "601100******9424"),
            ("501800000009", "card", "501800**0009"),
        ],
    )
    def test_are_kept_by_brand_and_mask(self, number: str, brand: str, mask: str) -> None:
        """At most six digits in front and four behind, whatever the length."""
        assert Card.seen(number) == Card(brand, mask)

    def test_decode_a_code_in_the_number(self) -> None:
        """Known codes decline, the code of approval approves, unknown ones are no card."""
        assert outcome_of("4000000000000209") == Outcome(decline="209")
        assert outcome_of("4000000000000000") == Outcome()
        assert outcome_of("4000000000000998") == Outcome(decline="111")


class TestTime:
    def test_is_real_time_and_what_was_added(self) -> None:
        """Advancing moves the sandbox's clock, never real time; a reset takes it back."""
        clock = Clock(real=lambda: 1_700_000_000.0)

        clock.advance(90)
        ahead = (clock.now(), clock.real())
        clock.reset()

        assert ahead == (1_700_000_090.0, 1_700_000_000.0)
        assert iso(clock.now()) == "2023-11-14T22:13:20.000Z"

    def test_brings_deeds_in_the_order_they_fall_due(self) -> None:
        """Earlier first, equal ones as they came, later ones not at all."""
        clock = Clock(real=lambda: 100.0)
        agenda = Agenda(clock, threading.Condition())
        done: list[str] = []
        for due, name in [(103.0, "late"), (101.0, "first"), (102.0, "second"), (102.0, "third")]:
            agenda.at(due, partial(done.append, name))

        clock.advance(2)
        agenda.run_due()

        assert done == ["first", "second", "third"]
        assert not agenda.has_due()

    def test_names_things_without_digits(self) -> None:
        """No name can be mistaken for a card number, and chance can be held fast."""
        assert Names(entropy=bytes).fresh("pay") == "pay_" + "a" * 20
        assert not any(letter.isdigit() for letter in Names().fresh("evt"))


class TestSignatures:
    @pytest.mark.parametrize(
        ("body", "digest"),
        [
            (
                '{"id":"evt_1","object":"event","type":"checkout.session.completed","data":{"object":'
                '{"id":"cs_1","object":"checkout.session","payment_status":"paid","amount_total":3075,'
                '"currency":"azn"}}}',
                "b7d81a71867af0bb37d72c4a899f41d29f6a9f656554777f66222fb000969605",
            ),
            (
                '{"id":"evt_ü","object":"event"}',
                "094ceb7c57633a45ad71c5e1adcdaffa12687f23adf8df4ec70ad9bfb161d674",
            ),
        ],
    )
    def test_agree_with_vectors_computed_elsewhere(self, body: str, digest: str) -> None:
        """The construction is the well-known one, byte for byte."""
        header = signature_header("whsec_test_secret", 1_700_000_000, body.encode())

        assert header == f"t=1700000000,v1={digest}"


class TestHiding:
    @pytest.mark.parametrize(
        "text",
        [
            "card_number=4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "card_number=4111+1111+1111+1111&x=1",
            "4111%201111%201111%201111",
            '{"note": "4111111111111111"}',
        ],
    )
    def test_leaves_only_a_mask_of_a_card_number(self, text: str) -> None:
        """However the digits are grouped or encoded."""
        hidden = hide(text)

        assert "411111******1111" in hidden
        assert "11111111" not in hidden

    def test_leaves_ordinary_text_alone(self) -> None:
        """Amounts, moments and names are not card numbers."""
        text = '{"amount": 123456789, "created": 1700000000, "at": "2026-01-02T03:04:05.678Z"}'

        assert hide(text) == text

    def test_takes_out_codes_and_keys(self) -> None:
        """What only the buyer or the merchant may know is gone whole."""
        hidden = hide('cvc=987&expiry=12/49&action= {"api_key": "abc", "signing_secret":"def"}')

        assert not any(secret in hidden for secret in ("987", "12/49", "abc", "def"))


class TestTheFaultBook:
    def test_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A tester who arms without end is stopped."""
        monkeypatch.setattr("adapters.sandbox.faults._RULES_MAX", 2)
        book = FaultBook(threading.Condition())
        for _ in range(2):
            book.arm({"op": "create", "action": "forget"})

        with pytest.raises(Invalid):
            book.arm({"op": "create", "action": "forget"})

    def test_falls_back_where_a_parameter_is_missing(self) -> None:
        """Every parameter has a usual value."""
        strike = Strike("delay_ms", {"ms": 5, "status": "paid"}, 1)

        assert (strike.number("ms", 1), strike.number("n", 1)) == (5.0, 1)
        assert (strike.word("status", "x"), strike.word("currency", "EUR")) == ("paid", "EUR")


@functools.cache
def reply(status: int, text: str) -> Reply:
    return Reply(status, lambda lens: text)


class TestIdempotencyKeys:
    def test_make_room_by_forgetting_the_oldest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Memory is bounded: beyond the limit the first key is as new again."""
        monkeypatch.setattr(idempotency, "_KEYS_MAX", 2)
        keys = IdempotencyKeys(threading.Condition())

        def once(key: str, body: str) -> tuple[Reply, bool]:
            return keys.once(key, b"digest", lambda: reply(201, body), keeps=True)

        for key in ("a", "b", "c"):
            once(key, "first")

        assert once("c", "second") == (reply(201, "first"), True)
        assert once("a", "second") == (reply(201, "second"), False)

    def test_are_free_again_when_the_work_breaks(self) -> None:
        """An accident leaves no key claimed for ever."""
        keys = IdempotencyKeys(threading.Condition())

        def accident() -> Reply:
            raise RuntimeError("broken")

        with pytest.raises(RuntimeError):
            keys.once("k", b"digest", accident, keeps=True)

        assert keys.once("k", b"digest", lambda: reply(201, ""), keeps=True) == (reply(201, ""), False)

    def test_are_forgotten_with_everything_else(self) -> None:
        """A reset in the middle of a request leaves nothing behind."""
        keys = IdempotencyKeys(threading.Condition())

        def work() -> Reply:
            keys.clear()
            return reply(201, "")

        keys.once("k", b"digest", work, keeps=True)

        assert keys.once("k", b"other", lambda: reply(200, ""), keeps=True) == (reply(200, ""), False)
