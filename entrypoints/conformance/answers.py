"""Cases about recorded answers: each means what it was recorded to mean, and what is changed in it shows."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import attrs

from application.backends import Backend, capabilities_of
from application.trouble import GatewayTrouble, TroubleKind
from domain.money import Currency, Money
from domain.verdict import Verdict
from entrypoints.conformance.case import Case, ensure, needed, operations_of, showing, shown
from entrypoints.conformance.filling import ANOTHER_ORDER, ANOTHER_TRANSACTION, NEXT_STEP, Values, amounts
from entrypoints.conformance.recordings import Situation
from entrypoints.conformance.stand_in import Answer
from entrypoints.conformance.subject import Fails, Outcome, Subject

# What no gateway says; and what is near to what it says is none of its words either.
UNKNOWN_WORDS: Sequence[object] = ("sparkling", "", None, 7)

# No amount, however it is written.
NO_AMOUNTS: Sequence[object] = (None, True, [], {}, "", "many", -1, "-1", "1e3", "NaN", 10**20, str(10**20))
NO_AMOUNTS_BY_STYLE: dict[str, Sequence[object]] = {
    "minor": ("4000", 4000.0, 4000.5),
    "minor_text": (4000, "40.00", " 4000"),
    "major": ("40.0001", 40.12345, "40,00", " 40.00"),
    "major_text": ("40.0001", 40.12345, "40,00", " 40.00"),
}

THREADS = 8

Change = Callable[[Subject], Values]


def cases(subject: Subject, backend: Backend) -> Iterator[Case]:
    """Every answer of every operation, and the changes that have to show."""
    for operation in operations_of(backend):
        yield from _recorded(subject, backend, operation)
        yield from _unknown_words(subject, operation)
    yield Case("open/tells-where-to-pay", partial(_tells_where_to_pay, subject))
    yield Case("open/takes-no-answer-about-another-bill", partial(_takes_no_other_opening, subject))
    yield Case("ask/tells-what-was-paid", partial(tells_what_was_paid, subject))
    yield Case("ask/another-amount-shows", partial(_mismatch_shows, subject, "amount", _another_amount))
    yield Case("ask/another-currency-shows", partial(_mismatch_shows, subject, "currency", _another_currency))
    yield Case("ask/captured-in-part-shows", partial(_mismatch_shows, subject, "captured", _in_part))
    yield Case("ask/another-bill-shows", partial(_stranger_shows, subject, "order_id", ANOTHER_ORDER))
    yield Case(
        "ask/another-payment-shows", partial(_stranger_shows, subject, "transaction_id", ANOTHER_TRANSACTION)
    )
    for amount in (*NO_AMOUNTS, *NO_AMOUNTS_BY_STYLE[subject.recordings.amounts]):
        named = json.dumps(amount)[:24]
        yield Case(f"ask/no-amount-is-guessed-from:{named}", partial(_guesses_no_amount, subject, amount))
    yield Case("ask/a-bare-404-is-no-answer", partial(_bare_404_is_no_answer, subject))
    yield Case("ask/threads-share-it", partial(_is_shared, subject))
    yield Case("ask/without-time-nobody-is-asked", partial(_asks_nobody_late, subject))
    if capabilities_of(backend)["tells_holds"]:
        yield Case("ask/taken-does-not-read-held", partial(_tells_taken_from_held, subject))
    if "find" not in operations_of(backend):
        yield Case("find/nobody-is-asked-without-a-number", partial(_asks_nobody_unnamed, subject))


def _recorded(subject: Subject, backend: Backend, operation: str) -> Iterator[Case]:
    seen: set[str] = set()
    for situation in subject.recordings.of(operation):
        for word, meaning in situation.meanings.items():
            name = f"{operation}/{meaning}" + (f":{word}" if word else "")
            while name in seen:
                name += "'"
            seen.add(name)
            yield Case(name, partial(_means, subject, situation, word, meaning))
    for meaning in needed(backend, operation):
        if subject.recordings.showing(operation, meaning) is None:
            yield Case(f"{operation}/{meaning}", partial(_missed, subject, operation, meaning))


def _missed(subject: Subject, operation: str, meaning: str) -> None:
    shown(subject, operation, meaning)


def _means(subject: Subject, situation: Situation, word: str, meaning: str) -> None:
    outcome = _told(subject, situation, word)
    ensure(outcome.meaning == meaning, f"it was taken for {outcome.meaning}, and means {meaning}")


def _told(subject: Subject, situation: Situation, word: str, told: Values | None = None) -> Outcome:
    with subject.facing(situation, word, told=told) as here:
        return here.told(situation.operation)


def _unknown_words(subject: Subject, operation: str) -> Iterator[Case]:
    telling = [each for each in subject.recordings.of(operation) if each.tells("word")]
    if telling:
        for word in UNKNOWN_WORDS:
            run = partial(_takes_no_unknown_word, subject, telling, word)
            yield Case(f"{operation}/unknown-word-tells-nothing:{json.dumps(word)}", run)
        run = partial(_takes_no_word_alike, subject, telling)
        yield Case(f"{operation}/unknown-word-tells-nothing:alike", run)


def _takes_no_unknown_word(subject: Subject, situations: Sequence[Situation], word: object) -> None:
    for situation in situations:
        outcome = _told(subject, situation, next(iter(situation.meanings)), {"word": word})
        ensure(outcome.meaning == "trouble", f"{word!r} was taken for {outcome.meaning}")


def _takes_no_word_alike(subject: Subject, situations: Sequence[Situation]) -> None:
    known = {word for situation in situations for word in situation.meanings}
    for situation in situations:
        for word in situation.meanings:
            for alike in {f"{word} ", word.swapcase(), f"{word}x"} - known:
                _takes_no_unknown_word(subject, [situation], alike)


def _tells_where_to_pay(subject: Subject) -> None:
    situation, word = shown(subject, "open", "opened")
    opened = _told(subject, situation, word).result
    ensure(opened.next_step == NEXT_STEP, f"the next step is {opened.next_step!r}")
    wanted = subject.recordings.transaction_id
    ensure(
        opened.transaction_id == wanted, f"the payment is called {opened.transaction_id!r}, not {wanted!r}"
    )


def _takes_no_other_opening(subject: Subject) -> None:
    for situation, word in showing(subject, "open", "order_id", "opened"):
        outcome = _told(subject, situation, word, {"order_id": ANOTHER_ORDER})
        ensure(outcome.meaning == "trouble", f"an answer about another bill was taken for {outcome.meaning}")


def tells_what_was_paid(subject: Subject) -> None:
    """A payment in full is told as one, of this bill. Raises: Fails."""
    known = (subject.recordings.order_id, subject.recordings.transaction_id)
    verdict = _verdict(_told(subject, *shown(subject, "ask", "succeeded")))
    ensure(verdict.is_about(*known), "it is told as another payment")
    ensure(verdict.word, "the gateway's own word is not told")
    complaint = verdict.mismatch(subject.recordings.amount)
    ensure(complaint is None, f"what was paid in full is told otherwise: {complaint}")


def _verdict(outcome: Outcome) -> Verdict:
    if not isinstance(outcome.result, Verdict):
        raise Fails(f"it was {outcome.meaning}: {outcome.result}")
    return outcome.result


def _another_amount(subject: Subject) -> Values:
    more = subject.recordings.amount.minor + 1
    money = Money(more, subject.recordings.amount.currency)
    return amounts(subject.recordings, money, money)


def _another_currency(subject: Subject) -> Values:
    due = subject.recordings.amount
    code = "USD" if due.currency.code != "USD" else "EUR"
    money = Money(due.minor, Currency(code, due.currency.exponent))
    return amounts(subject.recordings, money, money)


def _in_part(subject: Subject) -> Values:
    due = subject.recordings.amount
    return amounts(subject.recordings, due, Money(due.minor - 1, due.currency))


def _mismatch_shows(subject: Subject, placeholder: str, change: Change) -> None:
    due, told = subject.recordings.amount, change(subject)
    if placeholder == "currency" and not _tells_currency(subject, "currency"):
        placeholder = "currency_in_small"
    for situation, word in showing(subject, "ask", placeholder, "succeeded", "authorised"):
        outcome = _told(subject, situation, word, told)
        is_noticed = outcome.meaning == "trouble" or _verdict(outcome).mismatch(due) is not None
        ensure(is_noticed, f"{told[placeholder]!r} was told as if it were the bill's")


def _tells_currency(subject: Subject, placeholder: str) -> bool:
    return any(situation.tells(placeholder) for situation in subject.recordings.of("ask"))


def _stranger_shows(subject: Subject, placeholder: str, stranger: str) -> None:
    known = (subject.recordings.order_id, subject.recordings.transaction_id)
    for situation, word in showing(subject, "ask", placeholder, "succeeded", "authorised"):
        outcome = _told(subject, situation, word, {placeholder: stranger})
        is_noticed = outcome.meaning == "trouble" or not _verdict(outcome).is_about(*known)
        ensure(is_noticed, f"an answer about {stranger} was told as being about our bill")


def _guesses_no_amount(subject: Subject, amount: object) -> None:
    for situation, word in showing(subject, "ask", "amount", "succeeded", "authorised"):
        for name in ("amount", "captured"):
            outcome = _told(subject, situation, word, {name: amount}) if situation.tells(name) else None
            is_trouble = outcome is None or outcome.meaning == "trouble"
            ensure(is_trouble, f"{amount!r} was taken for an amount ({name})")


def _bare_404_is_no_answer(subject: Subject) -> None:
    """A wrong address says the same: that it knows no such payment a gateway tells in its own words."""
    situation, word = shown(subject, "ask", "succeeded")
    with subject.facing(situation, word, strikes={0: Answer(404, b"{}")}) as here:
        outcome = here.use("ask")
    ensure(outcome.meaning == "trouble", f"a bare 404 was taken for {outcome.meaning}")


def _tells_taken_from_held(subject: Subject) -> None:
    """What means taken means so with the settings for holds too, else both have the same word there."""
    letting_go, _ = shown(subject, "void", "failed")
    for situation in subject.recordings.of("ask"):
        word = situation.word_for("succeeded")
        if word is not None:
            of_a_hold = attrs.evolve(situation, more={**situation.more, **letting_go.more})
            meaning = _told(subject, of_a_hold, word).meaning
            ensure(meaning == "succeeded", f"of a hold that was taken it told {meaning}")


def _is_shared(subject: Subject) -> None:
    situation, word = shown(subject, "ask", "succeeded")
    with subject.facing(situation, word) as here, ThreadPoolExecutor(THREADS) as threads:
        outcomes = list(threads.map(here.told, ["ask"] * THREADS * 4))
    for outcome in outcomes:
        ensure(outcome.meaning == "succeeded", f"beside others it was {outcome.meaning}: {outcome.result}")


def _asks_nobody_late(subject: Subject) -> None:
    with subject.facing(*shown(subject, "ask", "succeeded")) as here:
        try:
            verdict = here.gateway.verify(*here.known_as, 0)
        except GatewayTrouble as trouble:
            ensure(trouble.kind is TroubleKind.NOT_SENT, f"nothing was sent, and it said {trouble.kind}")
        else:
            raise Fails(f"without any time left it said {verdict.status}")
        ensure(not here.script.heard, "the gateway was asked all the same")


def _asks_nobody_unnamed(subject: Subject) -> None:
    with subject.facing(*shown(subject, "ask", "succeeded")) as here:
        outcome = here.use("find")
        kind = getattr(outcome.result, "kind", outcome.meaning)
        ensure(kind is TroubleKind.NOT_SENT, f"it cannot be asked so, and said {kind}")
        ensure(not here.script.heard, "the gateway was asked all the same")
