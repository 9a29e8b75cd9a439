"""Answers of the merchant API, and what faults make of them."""

import json
from collections.abc import Callable, Mapping, Sequence

import attrs
import falcon

from adapters.sandbox.distortion import distort, encode
from adapters.sandbox.faults import Strike, has
from adapters.sandbox.idempotency import KeyReused, Reply
from adapters.sandbox.payments import Conflict, Invalid, Refusal, Unknown
from adapters.sandbox.wire import Wire

_DELAY_MS_USUALLY = 1000
_DRIP_MS_USUALLY = 50
_DRIP_SECONDS_MAX = 60.0
_RETRY_AFTER_MS_USUALLY = 1000

_STATUSES: Mapping[type[Refusal], int] = {Invalid: 400, Unknown: 404, Conflict: 409, KeyReused: 422}

_HTML = b"<!doctype html><html><head><title>Maintenance</title></head><body><h1>Back soon</h1></body></html>"


@attrs.frozen
class Sent:
    """An answer as it will be sent."""

    status: int
    body: bytes
    content_type: str = falcon.MEDIA_JSON
    headers: Mapping[str, str] = attrs.field(factory=dict)


def refused(refusal: Refusal) -> Reply:
    """Words a refusal as the native dialect does."""
    error = {"code": refusal.code, "message": refusal.message}
    if refusal.param is not None:
        error["param"] = refusal.param
    return Reply(_STATUSES[type(refusal)], json.dumps({"error": error}).encode("utf-8"))


def unavailable(strikes: Sequence[Strike], wire: Wire) -> Sent | None:
    """Answers in the gateway's place when it fails before it has done anything; None when it does not."""
    strike = has(strikes, "http_500_before", "drop_before", "http_429")
    if strike is None:
        return None
    wire.is_reset = strike.action == "drop_before"
    if strike.action == "http_429":
        seconds = max(1, round(strike.number("ms", _RETRY_AFTER_MS_USUALLY) / 1000))
        body = _error("rate_limited", "Too many requests.")
        return Sent(429, body, headers={"Retry-After": str(seconds)})
    return Sent(500, _error("internal_error", "The gateway has failed."))


def dress(reply: Reply, strikes: Sequence[Strike], wire: Wire, headers: Mapping[str, str]) -> Sent:
    """Turns the true answer into the one that is sent. Without strikes they are the same."""
    if not strikes:
        return Sent(reply.status, reply.body, headers=headers)
    sent = Sent(reply.status, _distorted(reply, strikes), headers=headers)
    for strike in strikes:
        sent = _REPLACEMENTS.get(strike.action, _unreplaced)(sent)
        _load(wire, strike, len(sent.body))
    return sent


def _distorted(reply: Reply, strikes: Sequence[Strike]) -> bytes:
    if reply.status >= 400:
        return reply.body
    document = json.loads(reply.body)
    for item in document.get("items", [document]):
        distort(item, strikes)
    return encode(document, strikes)


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


def _unreplaced(sent: Sent) -> Sent:
    return sent


def _as_500(sent: Sent) -> Sent:
    return Sent(500, _error("internal_error", "The gateway has failed."))


def _as_html(sent: Sent) -> Sent:
    return Sent(200, _HTML, falcon.MEDIA_HTML)


def _as_error_in_200(sent: Sent) -> Sent:
    return Sent(200, _error("processing_error", "The request could not be processed."))


_REPLACEMENTS: Mapping[str, Callable[[Sent], Sent]] = {
    "http_500_after": _as_500,
    "html_200": _as_html,
    "error_in_200": _as_error_in_200,
}


def _error(code: str, message: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": message}}).encode("utf-8")
