"""Answers to merchants, and what faults make of them."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import attrs
import falcon

from adapters.sandbox.distortion import Lens, Spelling, encode
from adapters.sandbox.faults import Strike, has
from adapters.sandbox.refusals import Broken, Refusal, TooMany
from adapters.sandbox.wire import Wire

_DELAY_MS_USUALLY = 1000
_DRIP_MS_USUALLY = 50
_DRIP_SECONDS_MAX = 60.0
_RETRY_AFTER_MS_USUALLY = 1000

_HTML = b"<!doctype html><html><head><title>Maintenance</title></head><body><h1>Back soon</h1></body></html>"
BROKEN = Broken("internal_error", "The gateway has failed.")
_NONSENSE = {"error": {"code": "processing_error", "message": "The request could not be processed."}}


@attrs.frozen
class Reply:
    """The true answer to a call, before any fault has touched it.

    Attributes:
        say: writes the document, looking at its payments and refunds through a lens; None for no body.
    """

    status: int
    say: Callable[[Lens], object] | None
    headers: Mapping[str, str] = attrs.field(factory=dict)


class Wording(Protocol):
    """How a dialect words what every gateway has to say."""

    @property
    def spelling(self) -> Spelling: ...

    def refused(self, refusal: Refusal) -> Reply: ...


@attrs.frozen
class Sent:
    """An answer as it will be sent."""

    status: int
    body: bytes
    content_type: str = falcon.MEDIA_JSON
    headers: Mapping[str, str] = attrs.field(factory=dict)

    def put_into(self, resp: falcon.Response) -> None:
        resp.status = self.status
        resp.content_type = self.content_type
        resp.data = self.body
        resp.set_headers(dict(self.headers))


def refused(wording: Wording, refusal: Refusal) -> Sent:
    """Words a refusal that no fault has anything to do with."""
    return dress(wording, wording.refused(refusal), (), Wire())


def unavailable(wording: Wording, strikes: Sequence[Strike], wire: Wire) -> Sent | None:
    """Answers in the gateway's place when it fails before it has done anything; None when it does not."""
    strike = has(strikes, "http_500_before", "drop_before", "http_429")
    if strike is None:
        return None
    wire.is_reset = strike.action == "drop_before"
    if strike.action == "http_429":
        seconds = max(1, round(strike.number("ms", _RETRY_AFTER_MS_USUALLY) / 1000))
        sent = refused(wording, TooMany("rate_limited", "Too many requests."))
        return attrs.evolve(sent, headers={**sent.headers, "Retry-After": str(seconds)})
    return _failed(wording)


def dress(
    wording: Wording,
    reply: Reply,
    strikes: Sequence[Strike],
    wire: Wire,
    headers: Mapping[str, str] | None = None,
) -> Sent:
    """Turns the true answer into the one that is sent. Without strikes they are the same."""
    lens = Lens(strikes if reply.status < 400 else ())
    body = b"" if reply.say is None else encode(reply.say(lens), lens, wording.spelling)
    sent = Sent(reply.status, body, headers={**reply.headers, **(headers or {})})
    for strike in strikes:
        sent = _replaced(wording, strike, sent)
        _load(wire, strike, len(sent.body))
    return sent


def _replaced(wording: Wording, strike: Strike, sent: Sent) -> Sent:
    if strike.action == "http_500_after":
        return _failed(wording)
    if strike.action == "html_200":
        return Sent(200, _HTML, falcon.MEDIA_HTML)
    if strike.action == "error_in_200":
        # The same in every dialect, because in some of them an error in a 200 is a sound and final no.
        return Sent(200, json.dumps(_NONSENSE).encode("utf-8"))
    return sent


def _failed(wording: Wording) -> Sent:
    return refused(wording, BROKEN)


def _load(wire: Wire, strike: Strike, length: int) -> None:
    if strike.action == "delay_ms":
        wire.delay_seconds += strike.number("ms", _DELAY_MS_USUALLY) / 1000
    elif strike.action == "slow_drip":
        drip_seconds = strike.number("ms", _DRIP_MS_USUALLY) / 1000
        wire.drip_seconds = min(drip_seconds, _DRIP_SECONDS_MAX / (length + 1))
    elif strike.action == "drop_after":
        wire.is_reset = True
    elif strike.action == "truncate_json":
        wire.is_cut = True
