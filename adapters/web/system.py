"""The service itself: whether it lives, is ready, and what it counts; its own plain pages."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import attrs

from adapters.web.auth import Who
from adapters.web.bodies import Nothing
from adapters.web.codecs import Document
from adapters.web.metrics import MEDIA_TYPE as METRICS_MEDIA_TYPE
from adapters.web.metrics import Metrics
from adapters.web.operations import Answer, Call, api
from adapters.web.pages import DOCS_CSP, DOCS_PAGE, PAGE_CSP, landing_page
from adapters.web.problems import NotReady
from application.guarding import Guards
from domain.errors import NotFound

HTML = "text/html; charset=utf-8"

SUCCESS_PATH = "/checkout/success"
FAILURE_PATH = "/checkout/failure"

# The only files that are served, and as what.
STATIC: Mapping[str, str] = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "docs.js": "text/javascript; charset=utf-8",
}

Readiness = Callable[[], tuple[bool, Mapping[str, object]]]


class Alive(Document):
    """The process answers."""

    status: str


class Ready(Document):
    """Everything the service needs answers too."""

    status: str
    checks: dict[str, Any]


@attrs.frozen
class System:
    """Probes, numbers, the description of the API, and plain pages."""

    readiness: Readiness
    metrics: Metrics
    description: Callable[[], bytes]
    guards: Guards

    @api("GET", "/healthz", who=Who.ANYBODY, answers={200: (Alive,)})
    def get_health(self, call: Call[Nothing]) -> Answer:
        """Tell that the process answers; nothing else is asked."""
        return Answer(Alive(status="ok"))

    @api("GET", "/readyz", who=Who.ANYBODY, answers={200: (Ready,)}, problems=(503,))
    def get_readiness(self, call: Call[Nothing]) -> Answer:
        """Tell whether the service can do its work."""
        is_ready, checks = self.readiness()
        if not is_ready:
            raise NotReady(checks)
        return Answer(Ready(status="ok", checks=dict(checks)))

    @api("GET", "/metrics", who=Who.ANYBODY, answers={200: (METRICS_MEDIA_TYPE,)})
    def get_metrics(self, call: Call[Nothing]) -> Answer:
        """Tell the service's numbers, for Prometheus."""
        self.metrics.show_breakers(self.guards.states())
        return Answer(content=self.metrics.exposition(), media_type=METRICS_MEDIA_TYPE)

    @api("GET", "/openapi.json", who=Who.ANYBODY, answers={200: ("application/json",)})
    def get_openapi(self, call: Call[Nothing]) -> Answer:
        """Describe the API, as OpenAPI 3.1."""
        return Answer(content=self.description())

    @api("GET", "/docs", who=Who.ANYBODY, answers={200: (HTML,)})
    def get_docs(self, call: Call[Nothing]) -> Answer:
        """Show the description as a page to read and try."""
        return _page(DOCS_PAGE, DOCS_CSP)

    @api("GET", "/docs/{file}", who=Who.ANYBODY, answers={200: tuple(STATIC.values())})
    def get_docs_file(self, call: Call[Nothing]) -> Answer:
        """Hand out what the page is made of."""
        name = call.path["file"]
        if name not in STATIC:
            raise NotFound("there is no such file")
        cached = {"Cache-Control": "public, max-age=3600"}
        return Answer(content=_static(name), media_type=STATIC[name], headers=cached)

    @api("GET", SUCCESS_PATH, who=Who.ANYBODY, answers={200: (HTML,)})
    def show_success(self, call: Call[Nothing]) -> Answer:
        """Receive a customer who has paid, or whose payment is still undecided."""
        is_pending = call.request.params.get("status") == "pending"
        return _page(landing_page("pending" if is_pending else "success"), PAGE_CSP)

    @api("GET", FAILURE_PATH, who=Who.ANYBODY, answers={200: (HTML,)})
    def show_failure(self, call: Call[Nothing]) -> Answer:
        """Receive a customer whose payment failed."""
        return _page(landing_page("failed"), PAGE_CSP)


def _page(html: str, policy: str) -> Answer:
    return Answer(content=html.encode(), media_type=HTML, headers={"Content-Security-Policy": policy})


@cache
def _static(name: str) -> bytes:
    return (Path(__file__).parent / "static" / name).read_bytes()
