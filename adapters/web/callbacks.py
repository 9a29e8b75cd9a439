"""What gateways post and where returning customers go on; bodies are handed over as the bytes they are."""

from urllib.parse import urlencode, urlsplit, urlunsplit

import attrs

from adapters.web.auth import Who
from adapters.web.bodies import Nothing
from adapters.web.codecs import Document
from adapters.web.operations import Answer, Call, api
from adapters.web.reading import CALLBACK_BYTES_MAX, raw_body
from application.gateways import Received
from application.landing import Landing, Outcome
from application.service import Application
from domain.ids import GatewayOrderId, MethodCode


class Acknowledgement(Document):
    """The callback is stored."""

    received: bool


@attrs.frozen
class Callbacks:
    """News from gateways, and customers who come back from them."""

    application: Application
    success_url: str
    failure_url: str

    @api(
        "POST",
        "/v1/callbacks/{code}",
        who=Who.ANYBODY,
        answers={200: (Acknowledgement,)},
        problems=(400, 403, 503),
        is_raw=True,
    )
    def hear_callback(self, call: Call[Nothing]) -> Answer:
        """Hear from a gateway."""
        self.application.hear_callback(
            code=MethodCode(call.path["code"]),
            order_id=_reference_in(call),
            received=received_in(call, raw_body(call.request, CALLBACK_BYTES_MAX)),
        )
        return Answer(Acknowledgement(received=True))

    @api(
        "POST",
        "/v1/callbacks/{code}/{order_id}",
        who=Who.ANYBODY,
        answers={200: (Acknowledgement,)},
        problems=(400, 403, 503),
        is_raw=True,
    )
    def hear_callback_about(self, call: Call[Nothing]) -> Answer:
        """Hear from a gateway about one payment."""
        return self.hear_callback(call)

    @api(
        "GET",
        "/v1/callbacks/{code}",
        who=Who.ANYBODY,
        answers={303: ("text/plain; charset=utf-8",)},
        problems=(400, 503),
        is_raw=True,
    )
    def land(self, call: Call[Nothing]) -> Answer:
        """Send a returning customer on."""
        landing = self.application.hear_callback.land(
            code=MethodCode(call.path["code"]),
            order_id=_reference_in(call),
            received=received_in(call, b""),
        )
        return Answer(
            status=303,
            headers={"Location": self._location(landing)},
            content=b"Go on at the address in Location.",
            media_type="text/plain; charset=utf-8",
        )

    @api(
        "GET",
        "/v1/callbacks/{code}/{order_id}",
        who=Who.ANYBODY,
        answers={303: ("text/plain; charset=utf-8",)},
        problems=(400, 503),
        is_raw=True,
    )
    def land_from(self, call: Call[Nothing]) -> Answer:
        """Send a customer who returns from one payment on."""
        return self.land(call)

    def _location(self, landing: Landing) -> str:
        ours = self.failure_url if landing.outcome is Outcome.FAILED else self.success_url
        told = {"order_key": landing.order_key} if landing.order_key else {}
        return with_query(landing.return_url or ours, {**told, "status": str(landing.outcome)})


def with_query(url: str, told: dict[str, str]) -> str:
    """The address with more in its query, whatever it had kept as it was."""
    parts = urlsplit(url)
    query = "&".join(filter(None, [parts.query, urlencode(told)]))
    return urlunsplit(parts._replace(query=query))


def received_in(call: Call[Nothing], body: bytes) -> Received:
    """The request as it came in."""
    request = call.request
    return Received(
        method=request.method,
        path=request.path,
        query=request.query_string,
        headers=request.headers_lower,
        body=body,
    )


def _reference_in(call: Call[Nothing]) -> GatewayOrderId | None:
    reference = call.path.get("order_id")
    return GatewayOrderId(reference) if reference else None
