"""The kit itself: the adapter of the template passes, and with any of these mistakes in it fails by name."""

import types
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import pytest

from adapters.gateways.epoint import Epoint, EpointGateway
from adapters.gateways.transport import Transport
from application.gateways import Capabilities
from entrypoints.conformance.command import OURS, recordings_of
from entrypoints.conformance.recordings import read_file
from entrypoints.conformance.subject import Subject
from entrypoints.conformance.suite import Finding, Result, judged, suite

TEMPLATE = OURS.parent / "template" / "kassa_example"

Change = tuple[str, str]

# What was written, what a mistaken author writes instead, and the cases that show it.
MISTAKES: Mapping[str, tuple[Sequence[Change], Sequence[str]]] = {
    "the signature is not checked": (
        [("        ensure_timed_header(header, self.signing_key, received.body, now)\n", "")],
        ["callback/altered-is-forged", "callback/unsigned-is-forged", "callback/4-is-forged"],
    ),
    "an old signature holds for ever": (
        [("received.body, now)", "received.body, float((header or 't=0')[2:].partition(',')[0]))")],
        ["callback/of-another-time-is-forged"],
    ),
    "the amount is not told": (
        [
            ('        amount_minor=minor(reply, "amount"),\n', ""),
            ('minor(reply, "paid") if status is VerdictStatus.SUCCEEDED else None', "None"),
        ],
        ["ask/another-amount-shows", "ask/captured-in-part-shows"],
    ),
    "what is paid in part is told as paid": (
        [('minor(reply, "paid") if status is VerdictStatus.SUCCEEDED else None', 'minor(reply, "amount")')],
        ["ask/captured-in-part-shows"],
    ),
    "the currency is not told": (
        [('        currency=word(reply, "currency"),\n', "")],
        ["ask/another-currency-shows"],
    ),
    "amounts are read leniently": (
        [('amount_minor=minor(reply, "amount")', 'amount_minor=int(float(str(reply["amount"])))')],
        ['ask/no-amount-is-guessed-from:"4000"', "ask/no-amount-is-guessed-from:4000.5"],
    ),
    "another bill's payment is taken for ours": (
        [('        reference=word(reply, "reference"),\n        amount', "        amount")],
        ["ask/another-bill-shows"],
    ),
    "another payment's number is taken for ours": (
        [
            (
                '        transaction_id=word(reply, "id"),\n        reference',
                "        transaction_id=None,\n        reference",
            )
        ],
        ["ask/another-payment-shows"],
    ),
    "another bill's page is where customers are sent": (
        [('word(reply, "reference") != request["reference"]', "False")],
        ["open/takes-no-answer-about-another-bill"],
    ),
    "an unknown word is taken for failed": (
        [("STATUS_OF_WORD.get(code)\n", "STATUS_OF_WORD.get(code, VerdictStatus.FAILED)\n")],
        ['ask/unknown-word-tells-nothing:"sparkling"', "ask/unknown-word-tells-nothing:alike"],
    ),
    "a word is read in any case": (
        [("STATUS_OF_WORD.get(code)\n", "STATUS_OF_WORD.get(code.lower())\n")],
        ["ask/unknown-word-tells-nothing:alike"],
    ),
    "a callback's status is believed": (
        [
            (
                "        return _claim_of(received.body)\n",
                "        return _remembered(_claim_of(received.body))\n",
            ),
            (
                "        return sensible(lambda: _verdict_of(reply, order_id))\n",
                "        verdict = sensible(lambda: _verdict_of(reply, order_id))\n"
                "        return attrs.evolve(verdict, status=HEARD.get(transaction_id) or verdict.status)\n",
            ),
            (
                "def _path(",
                "HEARD = {}\n\ndef _remembered(claim):\n    HEARD[claim.transaction_id] = claim.claimed\n"
                "    return claim\n\n\ndef _path(",
            ),
        ],
        ["callback/is-no-command"],
    ),
    "a return's word is believed": (
        [
            (
                "claimed=None)",
                "claimed=VerdictStatus.SUCCEEDED if 'status=success' in received.query else None)",
            )
        ],
        ["callback/an-unsigned-return-claims-nothing"],
    ),
    "a timeout is told as a refusal": (
        [
            (
                '        answer = self._post("/payments", request, opening.idempotency_key)\n',
                "        from application.trouble import GatewayRefused\n        try:\n"
                '            answer = self._post("/payments", request, opening.idempotency_key)\n'
                '        except GatewayTrouble:\n            raise GatewayRefused("no answer") from None\n',
            )
        ],
        ["open/is-in-doubt-after:silence", "open/is-in-doubt-after:a-reset"],
    ),
    "a refund is sent again after silence": (
        [
            (
                "        answer = self._post(path, request, instruction.idempotency_key)\n",
                "        try:\n            answer = self._post(path, request, instruction.idempotency_key)\n"
                "        except GatewayTrouble:\n"
                "            answer = self._post(path, request, instruction.idempotency_key)\n",
            )
        ],
        ["refund/is-in-doubt-after:a-reset"],
    ),
    "a payment is opened again after silence, in other words": (
        [
            (
                '        answer = self._post("/payments", request, opening.idempotency_key)\n',
                "        try:\n"
                '            answer = self._post("/payments", request, opening.idempotency_key)\n'
                "        except GatewayTrouble:\n            request = dict(reversed(request.items()))\n"
                '            answer = self._post("/payments", request, opening.idempotency_key)\n',
            )
        ],
        ["open/is-in-doubt-after:half-an-answer", "open/is-in-doubt-after:a-reset"],
    ),
    "trouble there is told as a refusal": (
        [("frozenset({400, 422})", "frozenset(range(400, 600))")],
        [
            "open/is-in-doubt-after:500",
            "refund/is-in-doubt-after:503-with-a-time",
            "open/is-in-doubt-after:401",
        ],
    ),
    "an unanswered refund is told as declined": (
        [
            (
                "        answer = self._post(path, request, instruction.idempotency_key)\n",
                "        try:\n            answer = self._post(path, request, instruction.idempotency_key)\n"
                "        except GatewayTrouble:\n"
                "            return MoneyMove(status=MoveStatus.DECLINED, move_id=None)\n",
            )
        ],
        ["refund/is-in-doubt-after:silence", "refund/is-in-doubt-after:half-an-answer"],
    ),
    "any success is taken for done": (
        [
            (
                "        return sensible(lambda: _refund_of(reply))\n\n    def refund_status",
                "        return MoneyMove(status=MoveStatus.DONE, move_id=None)\n\n    def refund_status",
            )
        ],
        ["refund/is-in-doubt-after:nothing-with-200", "refund/pending:pending"],
    ),
    "a wrong address says that there is no such payment": (
        [("answer.status == 404 and", "answer.status == 404 or")],
        ["ask/a-bare-404-is-no-answer"],
    ),
    "a secret is told in an error": (
        [
            (
                "            raise refused(answer, request, WORDS, ours)\n",
                "            from application.trouble import GatewayRefused\n"
                '            raise GatewayRefused(f"{self.api_key} was refused")\n',
            )
        ],
        ["open/tells-no-secret"],
    ),
    "a secret is logged": (
        [
            (
                '        answer = self._post("/payments", request, opening.idempotency_key)\n',
                '        answer = self._post("/payments", request, opening.idempotency_key)\n'
                '        __import__("logging").getLogger("theirs").warning("sent %s", self._credentials)\n',
            )
        ],
        ["open/tells-no-secret"],
    ),
    "a secret is logged as a field": (
        [
            (
                "        if answer.status in _REFUSALS:\n            return declined",
                '        __import__("structlog").get_logger().warning("sent", told=self._credentials)\n'
                "        if answer.status in _REFUSALS:\n            return declined",
            )
        ],
        ["refund/tells-no-secret"],
    ),
    "a secret is printed": (
        [("    api_key: str = attrs.field(repr=False)\n", "    api_key: str\n")],
        ["settings/are-not-printed"],
    ),
    "whatever the gateway says is kept": (
        [("response=WORDS.kept(reply, {order_id})", "response=__import__('json').dumps(reply)")],
        ["ask/keeps-clean-json"],
    ),
    "what the gateway repeats of our secrets is kept": (
        [('text(settings, "base_url"), secrets_in(SCHEMA, settings))', 'text(settings, "base_url"))')],
        ["ask/keeps-clean-json", "open/keeps-clean-json"],
    ),
    "each try has a key of its own": (
        [('"Idempotency-Key": key', '"Idempotency-Key": __import__("secrets").token_hex(8)')],
        ["open/opened", "open/is-sent-again-word-for-word", "refund/is-sent-again-word-for-word"],
    ),
    "customers are sent wherever it says": (
        [('next_step=web_address(reply, "page")', 'next_step=reply["page"]')],
        ["open/strange-answers-do-no-harm"],
    ),
    "an unknown word is an error that nobody knows": (
        [('STATUS_OF_REFUND.get(word(reply, "state"))', 'STATUS_OF_REFUND[word(reply, "state")]')],
        ['refund/unknown-word-tells-nothing:"sparkling"', "refund_status/strange-answers-do-no-harm"],
    ),
    "questions go another way than the guarded one": (
        [
            (
                'return self.line.ask("GET", path, self.line.deadline(within_seconds), self._credentials)\n',
                "import requests\n"
                "        told = requests.get(self.base_url + path, headers=self._credentials, timeout=30)\n"
                "        return Answer(told.status_code, {}, told.content)\n",
            )
        ],
        ["ask/looks-at-no-proxy-of-the-machine", "ask/is-in-doubt-after:an-answer-for-ever"],
    ),
    "what one thread asked is told to another": (
        [
            (
                "        answer = self._get(_path(transaction_id), within_seconds)\n",
                "        BUSY.append(order_id)\n"
                "        answer = self._get(_path(transaction_id), within_seconds)\n"
                '        if BUSY.pop() and BUSY:\n            raise GatewayTrouble("another one asks")\n',
            ),
            ("def _path(", "BUSY = []\n\n\ndef _path("),
        ],
        ["ask/threads-share-it"],
    ),
    "a callback that cannot be read is an error that nobody knows": (
        [("        raise Malformed(str(error)) from None\n", "        raise\n")],
        ["callback/5-is-malformed"],
    ),
    "a part of the port takes something else": (
        [
            (
                "def refund_status(self, transaction_id: str, move_id: str)",
                "def refund_status(self, move_id: str)",
            )
        ],
        ["port/is-offered", "refund_status/done:done"],
    ),
    "a payment is asked for without its number": (
        [("        if transaction_id is None:\n", "        if transaction_id == 'never':\n")],
        ["find/nobody-is-asked-without-a-number"],
    ),
    "a refund of a part gives back all": (
        [('{"amount": instruction.amount.minor}', '{"amount": instruction.of.minor}')],
        ["refund/in-part"],
    ),
    "every currency has two decimals where it is asked for": (
        [
            (
                '"amount": opening.amount.minor,',
                '"amount": int(__import__("decimal").Decimal(opening.amount.decimal()) * 100),',
            )
        ],
        ["open/asks-for-the-amount:JPY", "open/asks-for-the-amount:KWD"],
    ),
    "every currency has two decimals where it is told": (
        [
            (
                'amount_minor=minor(reply, "amount")',
                'amount_minor=int(minor(reply, "amount") / 100 * (reply["currency"] != "JPY" and 100 or 1))',
            )
        ],
        ["ask/tells-what-was-paid:JPY"],
    ),
    "another gateway is connected than is told of": (
        [
            (
                "@attrs.frozen\nclass Example:",
                "class Another(ExampleGateway):\n    pass\n\n\n@attrs.frozen\nclass Example:",
            ),
            ("    gateway_type = ExampleGateway\n", "    gateway_type = Another\n"),
        ],
        ["port/connects-what-it-tells"],
    ),
    "no setting is secret": (
        [('"api_key": SECRET, "signing_key": SECRET', '"api_key": BASE_URL, "signing_key": BASE_URL')],
        ["settings/have-secrets", "settings/are-those-recorded"],
    ),
}


def subject_with(changes: Sequence[Change]) -> Subject:
    """The template's adapter with that changed, and its recordings."""
    path = TEMPLATE / "gateway.py"
    source = path.read_text("utf-8")
    for old, new in changes:
        assert source.count(old) == 1, f"{old!r} does not stand there once"
        source = source.replace(old, new)
    module: Any = types.ModuleType("mistaken" if changes else "unbroken")
    name = f"<{changes[0][1]}>" if changes else str(path)
    exec(compile(source, name, "exec"), vars(module))
    return Subject(module.Example, read_file(TEMPLATE / "recordings.json"))


def found(subject: Subject, *names: str) -> list[Finding]:
    """What those cases come to, or all of them."""
    cases = suite(subject, subject.make(Transport()))
    return [judged(subject, cases[name]) for name in names or cases]


def test_the_unbroken_adapter_passes() -> None:
    """Every case, and none left out."""
    findings = found(subject_with([]))

    assert [finding for finding in findings if finding.result is not Result.PASSED] == []
    assert len(findings) > 100


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistaken_adapter_fails_by_name(mistake: str) -> None:
    """Each of these cases, which the unbroken one passes, is there to show it."""
    changes, names = MISTAKES[mistake]

    findings = found(subject_with(changes), *names)

    assert [finding.result for finding in findings] == [Result.FAILED] * len(names), findings
    assert all(finding.why for finding in findings)


def test_forged_callbacks_cannot_be_left_out() -> None:
    """A gateway whose callbacks pass for signed has to show that they are."""
    changes, names = MISTAKES["the signature is not checked"]
    subject = subject_with(changes)
    reasons = dict.fromkeys(names, "nobody ever forged one of them")
    recordings = attrs.evolve(subject.recordings, left_out=reasons)

    (finding,) = found(attrs.evolve(subject, recordings=recordings), "left-out/tells-forged-callbacks")

    assert finding.result is Result.FAILED and "pass for signed" in finding.why


def test_what_watches_over_leaving_out_cannot_be_left_out() -> None:
    """Else two lines more in the recordings would excuse whatever is left out."""
    names = ("left-out/are-cases", "left-out/tells-forged-callbacks")
    changes, forged = MISTAKES["the signature is not checked"]
    subject = subject_with(changes)
    reasons = dict.fromkeys((*names, *forged), "nobody ever forged one of them")
    recordings = attrs.evolve(subject.recordings, left_out=reasons)

    findings = found(attrs.evolve(subject, recordings=recordings), *names)

    assert [finding.result for finding in findings] == [Result.FAILED] * 2


def test_one_word_for_held_and_taken_money_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever claims to tell them apart has to: held money would be given back that was taken meanwhile."""
    claimed = Capabilities(asks_by_reference=False, tells_holds=True)
    monkeypatch.setattr(EpointGateway, "capabilities", claimed)

    (finding,) = found(Subject(Epoint, recordings_of("epoint")), "ask/taken-does-not-read-held")

    assert finding.result is Result.FAILED and "told authorised" in finding.why


def test_every_kind_of_mistake_is_planted() -> None:
    """At least ten, and each told by a case of its own."""
    shown = [names[0] for _, names in MISTAKES.values()]

    assert len(MISTAKES) >= 10
    assert len(set(shown)) >= len(shown) - 2
