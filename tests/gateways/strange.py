"""Strange answers and callbacks: random bytes, and sensible documents that were changed somewhere."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from hypothesis import strategies as st

from adapters.gateways.transport import Answer
from application.gateways import Claim, Gateway, Instruction, MoneyMove, Opened, Opening, Received
from application.trouble import BadSignature, GatewayRefused, GatewayTrouble, Malformed
from domain.ids import GatewayOrderId
from domain.money import Currency, Money
from domain.people import Contact
from domain.verdict import Verdict

REF = GatewayOrderId("kassa-7Q9xT2mK")
PAN = "4111111111111111"
NOW = 1_800_000_000.0
BASE = "http://bank.test/base/"
OPENING = Opening(
    order_id=REF,
    amount=Money(4000, Currency("AZN", 2)),
    callback_url=f"http://shop.test/v1/callbacks/card/{REF}",
    idempotency_key=f"{REF}:create:1",
    buyer=Contact("aysel@example.com", "Aysel", "Quliyeva"),
)


def instruction(minor: int = 4000) -> Instruction:
    """An instruction about a payment of 40.00 AZN."""
    azn = Currency("AZN", 2)
    return Instruction(
        order_id=REF,
        transaction_id="te1",
        amount=Money(minor, azn),
        of=Money(4000, azn),
        idempotency_key=f"{REF}:refund:1",
    )


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([[], {}, [{}], [[]], PAN, "40.00", "4e1", "-1", 40, "http://bank.test/x", "success"])
)
STATUSES = st.sampled_from([200, 200, 200, 201, 201, 204, 302, 400, 401, 404, 409, 422, 429, 500, 503])


def spoilt(*sensible: Mapping[str, Any]) -> st.SearchStrategy[bytes]:
    """Bodies near to sensible ones: fields changed at any depth, cut off, or nothing of the kind."""
    documents = st.sampled_from(list(sensible))
    names = st.sampled_from(sorted({name for each in sensible for name in _names(each)} | {"extra"}))
    changes = st.dictionaries(names, VALUES, max_size=3)
    changed = st.tuples(documents, changes).map(lambda pair: json.dumps(_changed(*pair)).encode())
    cut = st.tuples(documents, st.integers(0, 400), st.binary(max_size=3)).map(
        lambda parts: json.dumps(parts[0]).encode()[: parts[1]] + parts[2]
    )
    return st.binary() | changed | changed | cut


def _names(value: object) -> set[str]:
    if isinstance(value, Mapping):
        return set(value).union(*map(_names, value.values()))
    return set().union(*map(_names, value)) if isinstance(value, list) else set()


def _changed(value: Any, changes: Mapping[str, Any]) -> Any:
    if isinstance(value, Mapping):
        return {name: changes.get(name, _changed(inner, changes)) for name, inner in value.items()}
    return [_changed(inner, changes) for inner in value] if isinstance(value, list) else value


@attrs.define
class Canned:
    """A transport that gives its answers in turn, the last one for ever; `asked` is what it was asked."""

    answers: list[Answer]
    asked: list[tuple[str, str, Mapping[str, str], bytes | None]] = attrs.Factory(list)

    def deadline(self, within_seconds: float | None = None) -> float:
        """Far away."""
        return 1e12

    def call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, deadline: float
    ) -> Answer:
        """The next answer."""
        self.asked.append((method, url, headers, body))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def canned(*replies: object, status: int = 200) -> Canned:
    """A transport that answers with these JSON documents, or (status, document) pairs."""
    pairs = [reply if isinstance(reply, tuple) else (status, reply) for reply in replies]
    return Canned([Answer(code, {}, json.dumps(reply).encode()) for code, reply in pairs])


def outcome(use: Callable[[], object]) -> object:
    """What a use of a gateway came to, when it was a declared outcome; everything else is raised."""
    try:
        result = use()
    except (GatewayTrouble, GatewayRefused) as error:
        return error
    assert isinstance(result, Verdict | Opened | MoneyMove)
    _ensure_sane(result)
    return result


def heard(gateway: Gateway, received: Received) -> object:
    """What a callback was taken for, when it was a declared outcome."""
    try:
        claim = gateway.parse_callback(received, NOW)
    except (BadSignature, Malformed) as error:
        return error
    assert isinstance(claim, Claim)
    return claim


def _ensure_sane(result: Verdict | Opened | MoneyMove) -> None:
    kept = result.response or "{}"
    json.loads(kept)
    assert PAN not in kept
    if isinstance(result, Verdict):
        for amount in (result.amount_minor, result.captured_minor):
            assert amount is None or (type(amount) is int and amount >= 0)
    if isinstance(result, Opened):
        assert result.next_step.startswith("http")
