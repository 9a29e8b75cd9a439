"""Problem documents (RFC 9457) for everything that is not a success, the framework's refusals included."""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import falcon

from adapters.web.codecs import Document
from domain.cards import masked
from domain.errors import (
    Conflict,
    Forbidden,
    GatewayUnavailable,
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    Invalid,
    NotFound,
    OrderAlreadyPaid,
    PaymentRefused,
    PaymentUnderWay,
    Refusal,
    TooManyFailures,
    Unauthenticated,
    Unavailable,
)

log = logging.getLogger("kassa.web")

MEDIA_TYPE = "application/problem+json"


class TooLarge(Refusal):
    """More was sent than is read."""

    code = "too_large"
    title = "The body is too large"


class UnsupportedMedia(Refusal):
    """A body of another kind than is read."""

    code = "unsupported_media_type"
    title = "The body is of another kind than is read here"


class NotReady(Unavailable):
    """The service cannot do its work just now; `checks` tells what is amiss."""

    code = "not_ready"
    title = "Not ready"

    def __init__(self, checks: Mapping[str, object]) -> None:
        super().__init__("something that the service needs does not answer")
        self.checks = checks


# Looked up along an error's bases, so that a new kind of refusal has a status from its first day.
STATUSES: Mapping[type[Refusal], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    UnsupportedMedia: 415,
    IdempotencyKeyReused: 422,
    TooManyFailures: 429,
    Unavailable: 503,
}

# What the framework refuses by itself: code, title and detail.
FRAMEWORKS: Mapping[int, tuple[str, str, str]] = {
    400: ("invalid", "The request is not valid", "the request cannot be read"),
    404: ("not_found", "Not found", "there is nothing at this address"),
    405: ("method_not_allowed", "Method not allowed", "this address does not know the method"),
}

IN_FLIGHT_RETRY_SECONDS = 1

_SECRET_SEGMENT = re.compile(r"^(/v1/orders/)[^/]+")


class MistakeDocument(Document):
    """One thing wrong, and where: a JSON Pointer fragment."""

    detail: str
    pointer: str


class ProblemDocument(Document):
    """What went wrong. Source: RFC 9457; `code` never changes once published."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: tuple[MistakeDocument, ...] | None = None
    order_key: str | None = None
    order_keys: tuple[str, ...] | None = None
    next_step: str | None = None
    checks: dict[str, Any] | None = None


def status_of(refusal: Refusal) -> int:
    """The HTTP status of a refusal."""
    return next((STATUSES[kind] for kind in type(refusal).__mro__ if kind in STATUSES), 400)


def instance_of(path: str) -> str:
    """The path as a problem may repeat it: order keys and card numbers masked, nothing undecoded."""
    return quote(masked(_SECRET_SEGMENT.sub(r"\1***", path)), safe="/*~:@!$&'()+,;=")


def members_of(refusal: Refusal) -> Mapping[str, object]:
    """What a refusal tells besides its title: the evidence that a client can go on with."""
    if isinstance(refusal, PaymentRefused):
        return {"errors": _listed(refusal), "order_keys": list(refusal.order_keys)}
    if isinstance(refusal, Invalid):
        return {"errors": _listed(refusal)}
    if isinstance(refusal, PaymentUnderWay):
        return {"order_key": refusal.order_key, "next_step": refusal.next_step}
    if isinstance(refusal, OrderAlreadyPaid):
        return {"order_key": refusal.order_key}
    if isinstance(refusal, GatewayUnavailable) and refusal.order_keys:
        return {"order_keys": list(refusal.order_keys)}
    if isinstance(refusal, NotReady):
        return {"checks": dict(refusal.checks)}
    return {}


def headers_of(refusal: Refusal) -> Mapping[str, str]:
    """The headers that go with a refusal."""
    if isinstance(refusal, Unauthenticated):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(refusal, Unavailable | TooManyFailures):
        return {"Retry-After": str(max(1, refusal.retry_after_seconds))}
    if isinstance(refusal, IdempotencyKeyInFlight):
        return {"Retry-After": str(IN_FLIGHT_RETRY_SECONDS)}
    return {}


def install(app: falcon.App[Any, Any]) -> None:
    """Make every error of the app a problem document."""
    app.add_error_handler(Exception, _on_fault)
    app.add_error_handler(falcon.HTTPError, _on_framework_refusal)
    app.add_error_handler(Refusal, _on_refusal)


def _on_refusal(
    request: falcon.Request, response: falcon.Response, refusal: Refusal, _: Mapping[str, Any]
) -> None:
    members = members_of(refusal)
    _tell(request, response, status_of(refusal), refusal.code, refusal.title, refusal.detail, members)
    for name, value in headers_of(refusal).items():
        response.set_header(name, value)


def _on_framework_refusal(
    request: falcon.Request, response: falcon.Response, error: falcon.HTTPError, _: Mapping[str, Any]
) -> None:
    status = error.status_code
    fallback = (f"http_{status}", error.title or "Refused", "the request was refused")
    code, title, detail = FRAMEWORKS.get(status, fallback)
    members = {"errors": [{"detail": detail, "pointer": "#"}]} if status == 400 else {}
    _tell(request, response, status, code, title, detail, members)
    headers = error.headers or {}
    for name, value in headers.items() if isinstance(headers, Mapping) else headers:
        response.set_header(name, value)


def _on_fault(
    request: falcon.Request, response: falcon.Response, fault: Exception, _: Mapping[str, Any]
) -> None:
    # The path may hold an order's key, so the log gets the route instead.
    log.error("%s %s failed", request.method, request.uri_template, exc_info=fault)
    detail = "the fault is ours and has been noted"
    _tell(request, response, 500, "internal", "Something went wrong here", detail, {})


def _tell(
    request: falcon.Request,
    response: falcon.Response,
    status: int,
    code: str,
    title: str,
    detail: str,
    members: Mapping[str, object],
) -> None:
    problem = {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance_of(request.path),
        "code": code,
        **members,
    }
    response.status = status
    response.content_type = MEDIA_TYPE
    response.text = None
    response.data = json.dumps(problem).encode()


def _listed(refusal: Invalid) -> Sequence[Mapping[str, str]]:
    return [{"detail": mistake.detail, "pointer": mistake.pointer} for mistake in refusal.mistakes]
