"""Backend `sandbox`: the project's own stand-in for a bank, in its native dialect."""

import json
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import quote, urlencode

import attrs
import structlog

from adapters.gateways import sandbox_dialect as dialect
from adapters.gateways.cleaning import cleaned
from adapters.gateways.reading import Json, Unreadable
from adapters.gateways.signing import ensure_timed_header, signed_query
from adapters.gateways.transport import Answer, Calls
from application.gateways import (
    Capabilities,
    Claim,
    GatewayRefused,
    GatewayTrouble,
    Opened,
    Opening,
    Received,
    Settings,
)
from domain.ids import GatewayOrderId
from domain.verdict import Verdict, VerdictStatus

_SECRET = {
    "type": "string",
    "writeOnly": True,
    "minLength": 1,
    "maxLength": 512,
    # The other way round, `$` would let a line break through at the end.
    "not": {"pattern": "[^!-~]"},
    "description": "a text of 1 to 512 visible ASCII characters",
}

SCHEMA: Mapping[str, object] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "additionalProperties": False,
    "required": ["base_url", "api_key", "signing_secret"],
    "properties": {
        "base_url": {
            "type": "string",
            "format": "uri",
            "maxLength": 500,
            "description": "the address that the gateway's paths follow, of at most 500 characters",
        },
        "api_key": _SECRET,
        "signing_secret": _SECRET,
    },
}

_REFUSALS = frozenset({400, 404, 422})

Read = TypeVar("Read")

log = structlog.get_logger(__name__)


@attrs.frozen
class SandboxGateway:
    """One method's connection to a sandbox gateway; cheap to make, safe to share between threads."""

    calls: Calls = attrs.field(repr=False)
    base_url: str
    api_key: str = attrs.field(repr=False)
    signing_secret: str = attrs.field(repr=False)

    capabilities = Capabilities(asks_by_reference=True, opens_idempotently=True)

    def initiate(self, opening: Opening) -> Opened:
        """Open a payment there. Raises: GatewayRefused, GatewayTrouble."""
        request = dialect.create_request(opening)
        ours = {opening.order_id, opening.callback_url}
        key = {"Idempotency-Key": opening.idempotency_key}
        answer = self._ask("POST", "/v1/payments", self.calls.deadline(), request, key)
        if answer.status in _REFUSALS:
            raise _refused(answer, request, ours)
        reply = _success(answer)
        return _sensible(lambda: dialect.opened(reply, request, ours))

    def parse_callback(self, received: Received, now: float) -> Claim:
        """Read a notification (POST) or a return (GET). Raises: BadSignature, Malformed."""
        if received.method == "POST":
            header = received.headers.get("x-sandbox-signature")
            ensure_timed_header(header, self.signing_secret, received.body, now)
            return dialect.claim_of_notification(received.body)
        return dialect.claim_of_return(signed_query(received.query, self.signing_secret))

    def verify(
        self, order_id: GatewayOrderId, transaction_id: str | None, within_seconds: float | None = None
    ) -> Verdict:
        """Ask how the payment stands, by its id there or by our reference. Raises: GatewayTrouble."""
        return self._verdict(order_id, transaction_id, self.calls.deadline(within_seconds))

    def close(self, order_id: GatewayOrderId, transaction_id: str | None) -> Verdict:
        """Void it, so that it takes no money any more, and ask how it stands. Raises: GatewayTrouble."""
        deadline = self.calls.deadline()
        if transaction_id is None:
            found = self._verdict(order_id, None, deadline)
            if found.transaction_id is None:
                return found
            transaction_id = found.transaction_id
        answer = self._ask("POST", f"{_path(transaction_id)}/void", deadline)
        # Too late to void it (409) or never heard of it (404): asking tells, as after a success.
        if not answer.is_success and answer.status not in {404, 409}:
            raise _trouble(answer)
        return self._verdict(order_id, transaction_id, deadline)

    def _verdict(self, order_id: GatewayOrderId, transaction_id: str | None, deadline: float) -> Verdict:
        if transaction_id is not None:
            answer = self._ask("GET", _path(transaction_id), deadline)
            # An id that is not known is no proof yet that there is no such payment.
            if answer.status != 404:
                payment = _success(answer)
                return _sensible(lambda: dialect.verdict_of(payment, order_id))
        query = urlencode({"merchant_ref": order_id})
        found = _success(self._ask("GET", f"/v1/payments?{query}", deadline))
        only = _sensible(lambda: dialect.only_item(found))
        if only is None:
            return Verdict(status=VerdictStatus.ABSENT)
        return _sensible(lambda: dialect.verdict_of(only, order_id))

    def _ask(
        self,
        method: str,
        path: str,
        deadline: float,
        request: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        # Appended, not resolved: the base may hold a path of its own.
        url = self.base_url.rstrip("/") + path
        body = None if request is None else json.dumps(request).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        credentials = {"Authorization": f"Bearer {self.api_key}", "Accept": "application/json"}
        return self.calls.call(method, url, {**credentials, **kind, **(headers or {})}, body, deadline)


@attrs.frozen
class Sandbox:
    """The backend: settings `base_url`, `api_key`, `signing_secret`, all required."""

    calls: Calls = attrs.field(repr=False)
    name = "sandbox"
    settings_schema = SCHEMA

    def connect(self, settings: Settings) -> SandboxGateway:
        """The gateway as configured by settings that were checked against the schema before."""
        return SandboxGateway(
            self.calls,
            base_url=str(settings["base_url"]),
            api_key=str(settings["api_key"]),
            signing_secret=str(settings["signing_secret"]),
        )


def _path(transaction_id: str) -> str:
    return f"/v1/payments/{quote(transaction_id, safe='')}"


def _success(answer: Answer) -> Json:
    if not answer.is_success:
        raise _trouble(answer)
    return answer.json()


def _trouble(answer: Answer) -> GatewayTrouble:
    if answer.status in {401, 403}:
        log.error("gateway_key_refused", backend="sandbox", status=answer.status)
    return answer.trouble()


def _refused(answer: Answer, request: Json, ours: set[str]) -> GatewayRefused:
    try:
        reply = answer.json()
    except GatewayTrouble:
        # The status says it all the same: nothing was opened.
        reply = {}
    asked, told = (cleaned(said, dialect.FIELDS, dialect.IDENTIFIERS, ours) for said in (request, reply))
    return GatewayRefused(f"the gateway answered {answer.status}", asked, told)


def _sensible(read: Callable[[], Read]) -> Read:
    try:
        return read()
    except Unreadable as error:
        # An answer that does not say what it promised leaves open what happened.
        raise GatewayTrouble(f"the gateway's answer makes no sense: {error}") from None
