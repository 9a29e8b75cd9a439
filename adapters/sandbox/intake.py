"""What stands between a request and its responder: who may come in, and what is noted of it."""

from collections.abc import Callable, Mapping, Sequence

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
    """Lets nobody in under a guarded path but through that path's gate, which raises for strangers."""

    def __init__(self, gates: Mapping[str, Callable[[falcon.Request], None]]) -> None:
        self._gates = gates

    def process_request(self, req: falcon.Request, resp: falcon.Response) -> None:
        for path, gate in self._gates.items():
            if req.path.startswith(path):
                gate(req)


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
