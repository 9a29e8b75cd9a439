"""Calling gateways over HTTP: one deadline, one size limit, and honesty about what was sent."""

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Protocol

import attrs
import requests
import urllib3

from adapters.gateways.deadline import CALL, Call, PunctualAdapter
from adapters.gateways.reading import Json, Unreadable, read_object
from application.trouble import GatewayTrouble, TroubleKind

RETRY_AFTER_SECONDS_MAX = 3600


@attrs.frozen
class Answer:
    """What a gateway answered, whatever the status. Shape: header names in lower case."""

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether it is a 200 or 201: what gateways answer when they did what was asked."""
        return self.status in {200, 201}

    def json(self) -> Json:
        """The JSON object in the body. Raises: GatewayTrouble."""
        try:
            return read_object(self.body)
        except Unreadable as error:
            raise GatewayTrouble(f"the gateway's answer ({self.status}) is {error}") from None

    def json_or_empty(self) -> Json:
        """The same where the status says it all, if need be without a body."""
        try:
            return read_object(self.body)
        except Unreadable:
            return {}

    @property
    def retry_after_seconds(self) -> int | None:
        """When the gateway wants to be asked again, at most an hour. Source: RFC 9110 section 10.2.3."""
        text = self.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit() and len(text) <= 9:
            return min(int(text), RETRY_AFTER_SECONDS_MAX)
        try:
            # Both times are the gateway's own, so that our clock has no say.
            pause = parsedate_to_datetime(text) - parsedate_to_datetime(self.headers.get("date", ""))
        except (ValueError, TypeError, OverflowError):
            return None
        return int(min(max(pause.total_seconds(), 0), RETRY_AFTER_SECONDS_MAX))

    def trouble(self) -> GatewayTrouble:
        """What an answer means that is neither a success nor an understood refusal.

        Nothing was done there only where it says so before any work: our key is not accepted,
        or we came too often. Every other answer leaves open what happened.
        """
        if self.status in {401, 403}:
            return GatewayTrouble(f"the gateway does not accept our key ({self.status})", TroubleKind.CONFIG)
        pause = self.retry_after_seconds
        asks_to_wait = self.status == 429 or (self.status == 503 and pause is not None)
        return GatewayTrouble(
            f"the gateway answered {self.status}",
            TroubleKind.RETRYABLE if asks_to_wait else TroubleKind.UNKNOWN,
            sent=self.status != 429,
            retry_after_seconds=pause,
        )


class Calls(Protocol):
    """How adapters reach their gateways; what guards the calls stands in front of the transport."""

    def deadline(self, within_seconds: float | None = None) -> float:
        """When something that begins now has to be over."""
        ...

    def call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, deadline: float
    ) -> Answer:
        """Ask, and read the whole answer. Raises: GatewayTrouble."""
        ...


@attrs.frozen
class Transport:
    """The way out to every gateway, shared by all threads and methods.

    It follows no redirect, keeps no cookie and looks at no proxy or password file of the machine:
    a `requests.Session` would do all that, so its pool is used directly.
    Units: `timeout_seconds` is the total of one use of a gateway, however many calls that takes;
    `connections_max` are kept alive per host.
    """

    timeout_seconds: float = 10.0
    connections_max: int = 32
    body_bytes_max: int = 256 * 1024
    monotonic: Callable[[], float] = time.monotonic
    _pool: PunctualAdapter = attrs.field(
        init=False,
        repr=False,
        eq=False,
        default=attrs.Factory(lambda self: PunctualAdapter(self.connections_max), takes_self=True),
    )

    def deadline(self, within_seconds: float | None = None) -> float:
        """When something that begins now has to be over, by `monotonic`; never later than the timeout."""
        seconds = self.timeout_seconds
        return self.monotonic() + (seconds if within_seconds is None else min(seconds, within_seconds))

    def call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, deadline: float
    ) -> Answer:
        """Ask, and read the whole answer before the deadline. Raises: GatewayTrouble.

        Only a GET is ever sent twice, and only when a connection kept from before broke before a
        byte of the answer: it was closed while idle. All else is repeated by whoever knows why.
        """
        prepared = _prepare(method, url, headers, body)
        first = Call(deadline, self.monotonic)
        try:
            return self._attempt(prepared, first)
        except GatewayTrouble:
            in_time = self.monotonic() < deadline
            if method != "GET" or first.fresh or first.heard or not first.sent or not in_time:
                raise
        return self._attempt(prepared, Call(deadline, self.monotonic))

    def close(self) -> None:
        """Let go of the kept connections."""
        self._pool.close()

    def _attempt(self, prepared: requests.PreparedRequest, call: Call) -> Answer:
        token = CALL.set(call)
        try:
            with closing(self._pool.send(prepared, stream=True, timeout=call.left())) as response:
                body = self._read(response)
                headers = {name.lower(): value for name, value in response.headers.items()}
                answer = Answer(response.status_code, headers, body)
        except (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError) as error:
            raise self._trouble(call, error) from None
        finally:
            CALL.reset(token)
        if len(body) > self.body_bytes_max:
            raise GatewayTrouble("the gateway's answer is too long")
        return answer

    def _read(self, response: requests.Response) -> bytes:
        # Read until nothing comes: only then a body shorter than its Content-Length is noticed.
        body = b""
        while len(body) <= self.body_bytes_max:
            more = response.raw.read(self.body_bytes_max + 1 - len(body), decode_content=False)
            if not more:
                break
            body += more
        return body

    def _trouble(self, call: Call, error: Exception) -> GatewayTrouble:
        # Told by what was seen on the socket: the errors' classes do not tell sent from not sent.
        if self.monotonic() >= call.deadline:
            kind = TroubleKind.UNKNOWN if call.sent else TroubleKind.NOT_SENT
            return GatewayTrouble("the gateway did not answer in time", kind)
        if not call.sent:
            reason = type(error).__name__
            return GatewayTrouble(f"the gateway cannot be reached ({reason})", TroubleKind.NOT_SENT)
        return GatewayTrouble(f"the gateway broke off ({type(error).__name__})")


def _prepare(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None
) -> requests.PreparedRequest:
    # No compression is asked for, so that the limit on what is read limits what it becomes.
    plain = {"Accept-Encoding": "identity", "User-Agent": "kassa"}
    try:
        for value in headers.values():
            value.encode("ascii")
        prepared = requests.PreparedRequest()
        prepared.prepare_method(method)
        prepared.prepare_url(url, None)
        prepared.prepare_headers({**plain, **headers})
        prepared.prepare_body(body, None)
        return prepared
    except (requests.RequestException, ValueError):
        raise GatewayTrouble("the gateway's address or key cannot be used", TroubleKind.CONFIG) from None
