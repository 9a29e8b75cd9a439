"""Each of our own adapters keeps to what every adapter has to: the kit's cases, one by one."""

from collections.abc import Mapping

import pytest

from adapters.gateways.registry import backends
from adapters.gateways.transport import Transport
from entrypoints.conformance.case import Case
from entrypoints.conformance.command import OURS, recordings_of
from entrypoints.conformance.subject import Subject
from entrypoints.conformance.suite import Result, judged, suite

KNOWN = backends(Transport())

UNSIGNED = {"callback/altered-is-forged"}
TIMELESS = {"callback/of-another-time-is-forged"}
UNNAMED = {"open/takes-no-answer-about-another-bill"}
ONE_AMOUNT = {"ask/captured-in-part-shows"}

# What a gateway cannot show, so that nobody leaves out more than that.
LEFT_OUT: Mapping[str, set[str]] = {
    "manual": set(),
    "wallet": set(),
    "sandbox": set(),
    "stripe": set(),
    "epoint": {*UNNAMED, *ONE_AMOUNT, *TIMELESS, "ask/another-currency-shows", "ask/another-bill-shows"},
    "payu": {*UNNAMED, *ONE_AMOUNT, *TIMELESS},
    "paynow": {
        *(*UNNAMED, *ONE_AMOUNT, *TIMELESS, "ask/another-amount-shows", "ask/another-currency-shows"),
        *("ask/another-bill-shows", "ask/no-amount-is-guessed-from"),
    },
    "paypal": {*UNNAMED, *UNSIGNED},
    "mollie": {*UNSIGNED, *TIMELESS, "callback/unsigned-is-forged", "callback/of-another-key-is-forged"},
}


def subject_of(name: str) -> Subject:
    """One of our backends, and what is recorded of its gateway."""
    return Subject(lambda calls: backends(calls)[name], recordings_of(name))


SUITES: Mapping[str, tuple[Subject, Mapping[str, Case]]] = {
    name: (subject, suite(subject, KNOWN[name])) for name, subject in ((n, subject_of(n)) for n in KNOWN)
}


@pytest.mark.parametrize(
    ("backend", "name"), [(backend, name) for backend, (_, cases) in SUITES.items() for name in cases]
)
def test_our_adapter(backend: str, name: str) -> None:
    """Passes the case, or has said why its gateway cannot show it."""
    subject, cases = SUITES[backend]

    finding = judged(subject, cases[name])

    assert finding.result is not Result.FAILED, finding.why


@pytest.mark.parametrize("backend", KNOWN)
def test_no_more_is_left_out_than_cannot_be_shown(backend: str) -> None:
    """Each with its reason."""
    left_out = SUITES[backend][0].recordings.left_out

    assert set(left_out) == LEFT_OUT[backend]
    assert all(len(because) > 10 for because in left_out.values())


def test_there_are_recordings_of_each_and_of_nobody_else() -> None:
    """In the wheel, with the kit."""
    assert {path.stem for path in OURS.glob("*.json")} == set(KNOWN)
