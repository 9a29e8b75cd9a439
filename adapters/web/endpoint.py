"""One call from the outside in: who, then path, query and body, then the handler, then the answer."""

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import falcon

from adapters.web.addresses import Addresses
from adapters.web.auth import Tokens, admitted
from adapters.web.codecs import rendered
from adapters.web.idempotency import Once, fingerprint_of, mark_of, scope_of
from adapters.web.operations import Answer, Call, Operation
from adapters.web.reading import body_of, ensure_framed, idempotency_key_of, page_of, path_of


@attrs.frozen(kw_only=True)
class Endpoint:
    """Serves one operation."""

    operation: Operation
    handler: Callable[[Call[Any]], Answer]
    tokens: Tokens
    once: Once
    addresses: Addresses | None = None

    def __call__(self, request: falcon.Request, response: falcon.Response, **parts: str) -> None:
        """Answer a request. Raises: every Refusal, which becomes a problem document."""
        if self.addresses is None or not self.operation.is_guessable:
            answer = self.answer(request, parts)
        else:
            with self.addresses.watching(request.remote_addr):
                answer = self.answer(request, parts)
        write(response, answer)

    def answer(self, request: falcon.Request, parts: Mapping[str, str]) -> Answer:
        """Check everything in the contract's order, then act."""
        ensure_framed(request)
        principal = admitted(self.tokens, self.operation.who, request)
        path = path_of(self.operation, parts)
        page = page_of(self.operation, request)
        key = idempotency_key_of(request) if self.operation.is_idempotent else None
        body, document = body_of(self.operation, request)
        call: Call[Any] = Call(principal=principal, path=path, page=page, body=body, request=request)
        if key is None:
            return self.handler(call)
        scope, fingerprint = scope_of(self.operation, call, key), fingerprint_of(document)
        marked = attrs.evolve(call, mark=mark_of(scope, fingerprint))
        return self.once(scope, fingerprint, lambda: self.handler(marked))


def write(response: falcon.Response, answer: Answer) -> None:
    """Put an answer on the wire."""
    response.status = answer.status
    for name, value in answer.headers.items():
        response.set_header(name, value)
    if answer.status == 204:
        return
    response.content_type = answer.media_type
    response.data = rendered(answer.document) if answer.document is not None else answer.content


class Route:
    """A path with the endpoints of its methods, as the framework's router wants them."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []

    def add(self, endpoint: Endpoint) -> None:
        """Serve one more method here."""
        self.operations.append(endpoint.operation)
        setattr(self, f"on_{endpoint.operation.method.lower()}", endpoint)
