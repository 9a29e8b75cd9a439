"""The web application: every resource, routed; what is true of all answers is done here."""

import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import attrs
import falcon

from adapters.web import problems
from adapters.web.accounts import Accounts
from adapters.web.addresses import Addresses
from adapters.web.auth import Tokens
from adapters.web.callbacks import Callbacks
from adapters.web.endpoint import Endpoint, Route
from adapters.web.idempotency import Once
from adapters.web.metrics import Metrics
from adapters.web.openapi import description
from adapters.web.operations import operations_of
from adapters.web.orders import Checkouts, OrderBook
from adapters.web.payments import PaymentBook
from adapters.web.shop import Carts, Catalog, PaymentMethods
from adapters.web.system import Readiness, System
from adapters.web.wallets import Wallets
from application.service import Application

API_CSP = "default-src 'none'; frame-ancestors 'none'"

# What is true of every answer, unless the answer itself says otherwise.
HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": API_CSP,
}

KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})


@attrs.frozen(kw_only=True)
class Edge:
    """What only the web needs to know.

    Attributes:
        success_url: where customers land who have paid, or whose payment is undecided.
        failure_url: where customers land whose payment failed.
        address_limits: whether addresses with too many wrong guesses are turned away, too.
        readiness: whether the service can do its work, and what each check found.
    """

    tokens: Tokens
    success_url: str
    failure_url: str
    readiness: Readiness
    metrics: Metrics = attrs.Factory(Metrics)
    address_limits: bool = False
    version: str = "0.1.0"


class Request(falcon.Request):
    """A request whose method, if nobody knows it, is one that no address has: 405, never 501 or 400."""

    def __init__(self, env: dict[str, Any], options: Any = None) -> None:
        if env["REQUEST_METHOD"] not in KNOWN_METHODS:
            env = {**env, "REQUEST_METHOD": "TRACE"}
        super().__init__(env, options)


@attrs.frozen
class Everywhere:
    """Sets the headers of every answer, and counts it."""

    metrics: Metrics

    def process_request(self, request: falcon.Request, _: falcon.Response) -> None:
        """Start the clock."""
        self.metrics.begin()
        request.context.started = time.perf_counter()

    def process_response(
        self, request: falcon.Request, response: falcon.Response, _: object, __: bool
    ) -> None:
        """Complete the headers and count."""
        for name, value in HEADERS.items():
            if response.get_header(name) is None:
                response.set_header(name, value)
        seconds = time.perf_counter() - request.context.started
        route = request.uri_template or "unknown"
        self.metrics.observe(request.method, route, response.status_code, seconds)


def create_app(application: Application, edge: Edge) -> falcon.App[Any, Any]:
    """The WSGI application over the use cases."""
    app = falcon.App(middleware=[Everywhere(edge.metrics)], request_type=Request)
    problems.install(app)
    routes = routes_of(application, edge)
    for path, route in routes.items():
        app.add_route(path, route)
    return app


def routes_of(application: Application, edge: Edge) -> Mapping[str, Route]:
    """Every path there is, with its endpoints."""
    once = Once(keys=application.idempotency, clock=application.clock)
    addresses = Addresses(application.clock) if edge.address_limits else None
    routes: dict[str, Route] = {}

    @cache
    def described() -> bytes:
        return description([each for route in routes.values() for each in route.operations], edge.version)

    for resource in _resources(application, edge, described):
        for operation, handler in operations_of(resource):
            route = routes.setdefault(operation.path, Route())
            route.add(
                Endpoint(
                    operation=operation,
                    handler=handler,
                    tokens=edge.tokens,
                    once=once,
                    addresses=addresses,
                )
            )
    return routes


def _resources(application: Application, edge: Edge, described: Callable[[], bytes]) -> list[object]:
    return [
        Accounts(application, edge.tokens),
        Catalog(application),
        Carts(application),
        Checkouts(application),
        OrderBook(application),
        PaymentBook(application),
        PaymentMethods(application),
        Wallets(application),
        Callbacks(application, edge.success_url, edge.failure_url),
        System(edge.readiness, edge.metrics, described, application.guards),
    ]
