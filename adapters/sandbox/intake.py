"""What stands between a request and its responder: who may come in, and what is noted of it."""

import hmac
from collections.abc import Mapping, Sequence

import falcon

from adapters.sandbox.journal import TrafficLog
from adapters.sandbox.wire import wire_of


def body_of(req: falcon.Request) -> bytes:
    """Reads the request's body once, for the responder and the log alike."""
    if not hasattr(req.context, "body"):
        req.context.body = req.bounded_stream.read()
    body: bytes = req.context.body
    return body


class Guard:
    """Lets nobody in under a guarded path without that path's bearer token."""

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self._tokens = {path: f"Bearer {token}".encode() for path, token in tokens.items()}

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        shown = (req.get_header("Authorization") or "").encode("latin-1", "replace")
        for path, expected in self._tokens.items():
            if req.path.startswith(path) and not hmac.compare_digest(shown, expected):
                raise falcon.HTTPUnauthorized(challenges=["Bearer"])


class Scribe:
    """Notes every request in the traffic log, refused ones too."""

    def __init__(self, log: TrafficLog, unlogged: Sequence[str]) -> None:
        self._log = log
        self._unlogged = frozenset(unlogged)

    def process_response(
        self, req: falcon.Request, resp: falcon.Response, resource: object, req_succeeded: bool
    ) -> None:
        if req.path in self._unlogged:
            return
        url = req.relative_uri
        reply = resp.data or (resp.text or "").encode()
        is_page = (resp.content_type or "").startswith(falcon.MEDIA_HTML)
        shown = b"" if is_page else reply
        faults = wire_of(req).faults
        self._log.note("in", req.method, url, int(resp.status_code), body_of(req), shown, faults)
