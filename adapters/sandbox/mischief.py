"""What faults do to the content of callbacks, whatever dialect they are written in."""

from collections.abc import Callable, Mapping, Sequence

import attrs

from adapters.sandbox.distortion import Lens, Spelling, encode
from adapters.sandbox.faults import Strike, has
from adapters.sandbox.payments import Payment

NOBODY = ("pay_of_nobody", "ref-of-nobody")

_SKEW_SECONDS = 3600
_HUGE_BYTES_USUALLY = 2 * 1024 * 1024

Path = Sequence[str]


@attrs.define
class Draft:
    """A callback while it is being written.

    Attributes:
        key: what it is signed with.
        padding: fields added at the end, raw as they go out, for what no document could hold.

    Units: `sent_at` in seconds of real time.
    """

    document: dict[str, object]
    key: str
    sent_at: int
    is_signed: bool = True
    is_garbled: bool = False
    padding: list[tuple[str, bytes]] = attrs.field(factory=list)

    def json(self, lens: Lens, spelling: Spelling) -> bytes:
        """Writes the body, if it is JSON that this dialect sends."""
        body = encode(self.document, lens, spelling)
        tail = b"".join(b', "%s": "%s"' % (name.encode("ascii"), value) for name, value in self.padding)
        return body[:-1] + tail + b"}"

    def signature(self, true: str) -> str:
        """Exchanges the first character where the faults ask for a bad signature."""
        if not self.is_garbled:
            return true
        return f"{'0' if true[0] != '0' else '1'}{true[1:]}"


def about(payment: Payment, other: Payment | None, strikes: Sequence[Strike]) -> Payment:
    """Says whose payment a callback is about: this one, or another's in its place."""
    if not has(strikes, "wrong_ref"):
        return payment
    name, merchant_ref = NOBODY if other is None else (other.id, other.terms.merchant_ref)
    return attrs.evolve(payment, id=name, terms=attrs.evolve(payment.terms, merchant_ref=merchant_ref))


def spoil(draft: Draft, strikes: Sequence[Strike], relied_on: Sequence[Path]) -> None:
    """Works the mischief into a draft; `relied_on` are the fields that may go missing, by their paths."""
    for strike in strikes:
        if strike.action == "missing_field":
            _leave_out(draft.document, relied_on[(strike.count - 1) % len(relied_on)])
        elif strike.action in _MISCHIEF:
            _MISCHIEF[strike.action](draft, strike)


def _leave_out(document: dict[str, object], path: Path) -> None:
    inner = document.get(path[0])
    if len(path) > 1 and isinstance(inner, dict):
        _leave_out(inner, path[1:])
    elif len(path) == 1:
        document.pop(path[0], None)


def _with_other_key(draft: Draft, strike: Strike) -> None:
    draft.key = f"not-{draft.key}"


def _stale(draft: Draft, strike: Strike) -> None:
    draft.sent_at -= _SKEW_SECONDS


def _from_future(draft: Draft, strike: Strike) -> None:
    draft.sent_at += _SKEW_SECONDS


def _unsigned(draft: Draft, strike: Strike) -> None:
    draft.is_signed = False


def _garbled(draft: Draft, strike: Strike) -> None:
    draft.is_garbled = True


def _extra_field(draft: Draft, strike: Strike) -> None:
    for part in draft.document.values():
        if isinstance(part, dict):
            part["also_new"] = True
    draft.document["unheard_of"] = {"nested": [1, None, "two"]}


def _not_utf8(draft: Draft, strike: Strike) -> None:
    draft.padding.append(("note", b"\xff\xfe\xe9"))


def _huge(draft: Draft, strike: Strike) -> None:
    draft.padding.append(("padding", b"x" * strike.whole("n", _HUGE_BYTES_USUALLY)))


_MISCHIEF: Mapping[str, Callable[[Draft, Strike], None]] = {
    "other_merchant_key": _with_other_key,
    "stale_ts": _stale,
    "future_ts": _from_future,
    "no_signature": _unsigned,
    "bad_signature": _garbled,
    "extra_field": _extra_field,
    "non_utf8": _not_utf8,
    "huge_body": _huge,
}
