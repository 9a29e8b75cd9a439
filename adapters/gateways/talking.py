"""What every adapter does alike when it talks to its gateway: asking, and making sense of the answer."""

import json
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar
from urllib.parse import urlencode

import attrs
import structlog

from adapters.gateways.cleaning import Vocabulary
from adapters.gateways.reading import Json, Unreadable
from adapters.gateways.transport import Answer, Calls
from application.gateways import MoneyMove, MoveStatus
from application.trouble import GatewayRefused, GatewayTrouble, TroubleKind
from domain.verdict import Verdict, VerdictStatus

Read = TypeVar("Read")

log = structlog.get_logger(__name__)

SECRET_LENGTH_MIN, HIDDEN = 8, b"***"

# A bare 404 says nothing, for it may be anybody's: the gateway has to say so in its own words.
ABSENT = Verdict(status=VerdictStatus.ABSENT)


@attrs.frozen
class Line:
    """The line to one gateway: who it is, where, and how calls get there.

    Should it repeat one of our `secrets`, the answer does not say it: part of it is kept and shown.
    """

    calls: Calls = attrs.field(repr=False)
    backend: str
    base_url: str
    secrets: tuple[str, ...] = attrs.field(default=(), repr=False)

    def deadline(self, within_seconds: float | None = None) -> float:
        """When something that begins now has to be over."""
        return self.calls.deadline(within_seconds)

    def ask(
        self, method: str, path: str, deadline: float, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        """Ask, and get the whole answer, whatever its status. Raises: GatewayTrouble."""
        # Appended, not resolved: the base may hold a path of its own.
        url = self.base_url.rstrip("/") + path
        answer = self.calls.call(method, url, {"Accept": "application/json", **headers}, body, deadline)
        return attrs.evolve(answer, body=self._without_secrets(answer.body))

    def _without_secrets(self, body: bytes) -> bytes:
        for secret in self.secrets:
            # A shorter one stands in many a word, and keeps nobody out.
            if len(secret) >= SECRET_LENGTH_MIN:
                written = json.dumps(secret)[1:-1]
                for form in {secret, written, written.replace("/", "\\/")}:
                    body = body.replace(form.encode(), HIDDEN)
        return body

    def ask_json(
        self,
        method: str,
        path: str,
        deadline: float,
        headers: Mapping[str, str],
        request: Json | bytes | None = None,
    ) -> Answer:
        """Ask with a JSON body, which may be written out already, or none. Raises: GatewayTrouble."""
        if request is None:
            return self.ask(method, path, deadline, headers)
        kind = {"Content-Type": "application/json"}
        body = request if isinstance(request, bytes) else json.dumps(request).encode()
        return self.ask(method, path, deadline, {**kind, **headers}, body)

    def ask_form(
        self, path: str, deadline: float, headers: Mapping[str, str], fields: Mapping[str, str]
    ) -> Answer:
        """Ask with a form. Raises: GatewayTrouble."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.ask("POST", path, deadline, {**kind, **headers}, urlencode(fields).encode())

    def told(self, answer: Answer, successes: Collection[int] = (200, 201)) -> Json:
        """The JSON of a success. Raises: GatewayTrouble."""
        if answer.status not in successes:
            raise self.trouble(answer)
        return answer.json()

    def trouble(self, answer: Answer) -> GatewayTrouble:
        """What an answer means that is neither a success nor an understood refusal."""
        trouble = answer.trouble()
        if trouble.kind is TroubleKind.CONFIG:
            log.error("gateway_key_refused", backend=self.backend, status=answer.status)
        return trouble


def refused(answer: Answer, asked: Json, words: Vocabulary, ours: Collection[str] = ()) -> GatewayRefused:
    """The gateway's refusal, with what was said. The status says it all, if need be without a body."""
    detail = f"the gateway answered {answer.status}"
    return GatewayRefused(detail, words.kept(asked, ours), words.kept(answer.json_or_empty(), ours))


def declined(answer: Answer, words: Vocabulary, reason: str | None = None) -> MoneyMove:
    """The gateway's plain no to moving money, by its own reason where it tells one."""
    return MoneyMove(
        status=MoveStatus.DECLINED,
        move_id=None,
        reason=reason or f"the gateway answered {answer.status}",
        response=words.kept(answer.json_or_empty()),
    )


def sensible(read: Callable[[], Read]) -> Read:
    """What is read of an answer. Raises: GatewayTrouble where it does not say what it promised."""
    try:
        return read()
    except Unreadable as error:
        # It leaves open what happened.
        raise GatewayTrouble(f"the gateway's answer makes no sense: {error}") from None
