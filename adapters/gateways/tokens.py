"""Access tokens by OAuth 2.0 client credentials (RFC 6749 section 4.4): fetched, kept, renewed once."""

import re
import threading
import time
from collections.abc import Callable, Mapping

import attrs

from adapters.gateways.reading import Json, Unreadable
from adapters.gateways.talking import Line, sensible
from adapters.gateways.transport import Answer

# A token is renewed so long before its end, and kept no longer than this whatever it says.
MARGIN_SECONDS, LIFE_SECONDS_MAX = 60, 3600

Account = tuple[str, ...]


@attrs.frozen(eq=False)
class Tokens:
    """The tokens of all accounts at one kind of gateway, shared by all threads."""

    monotonic: Callable[[], float] = time.monotonic
    _kept: dict[Account, tuple[str, float]] = attrs.field(factory=dict, init=False, repr=False)
    _lock: threading.Lock = attrs.field(factory=threading.Lock, init=False, repr=False)

    def of(self, account: Account) -> str | None:
        """The account's token, if there is one that still lives."""
        with self._lock:
            token, until = self._kept.get(account, (None, 0.0))
            return token if self.monotonic() < until else None

    def keep(self, account: Account, token: str, life_seconds: int) -> None:
        """Keep a new token."""
        life = min(life_seconds, LIFE_SECONDS_MAX) - MARGIN_SECONDS
        with self._lock:
            self._kept[account] = (token, self.monotonic() + life)

    def forget(self, account: Account, token: str) -> None:
        """The gateway does not take this token any more; a newer one stays."""
        with self._lock:
            if self._kept.get(account, ("", 0.0))[0] == token:
                del self._kept[account]


@attrs.frozen(kw_only=True)
class TokenLine:
    """A line on which every call carries a token; `path`, `headers` and `form` are how one is asked for."""

    line: Line
    tokens: Tokens = attrs.field(repr=False)
    account: Account = attrs.field(repr=False)
    path: str
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    form: Mapping[str, str] = attrs.field(repr=False)

    def ask(
        self,
        method: str,
        path: str,
        deadline: float,
        request: Json | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask with a token, and once more with a new one when it is not taken. Raises: GatewayTrouble."""
        token = self.tokens.of(self.account) or self._fetched(deadline)
        answer = self._ask_with(token, method, path, deadline, request, headers)
        if answer.status != 401:
            return answer
        self.tokens.forget(self.account, token)
        return self._ask_with(self._fetched(deadline), method, path, deadline, request, headers)

    def _ask_with(
        self,
        token: str,
        method: str,
        path: str,
        deadline: float,
        request: Json | bytes | None,
        headers: Mapping[str, str] | None,
    ) -> Answer:
        bearer = {"Authorization": f"Bearer {token}"}
        return self.line.ask_json(method, path, deadline, {**bearer, **(headers or {})}, request)

    def _fetched(self, deadline: float) -> str:
        reply = self.line.told(self.line.ask_form(self.path, deadline, self.headers, self.form))
        token, life_seconds = sensible(lambda: _read(reply))
        self.tokens.keep(self.account, token, life_seconds)
        return token


def _read(reply: Json) -> tuple[str, int]:
    """The token, and how long it lives: no time that can be read, it is used once. Raises: Unreadable."""
    token, life_seconds = reply.get("access_token"), reply.get("expires_in")
    # Longer than any identifier, but it goes into a header as it is.
    if not isinstance(token, str) or not re.fullmatch(r"[!-~]{1,8000}", token, re.ASCII):
        raise Unreadable("access_token is missing or no token")
    return token, life_seconds if type(life_seconds) is int else 0
