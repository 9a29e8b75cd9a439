"""Clients of several instances of one service: whoever is refused by one goes to the next.

Nothing else is forgiven, but that a connection kept open may have been closed while it was idle.
"""

import http.client
import json
import select
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import attrs

ANSWER_SECONDS_MAX = 60


class Failed(Exception):
    """A request that nobody answered as it should be."""


@attrs.define
class Roamer:
    """One client with one connection, to whichever instance it came to last."""

    addresses: Sequence[str]
    token: str
    at: int = 0
    told: Counter[str] = attrs.field(factory=Counter)
    answered: Counter[str] = attrs.field(factory=Counter)
    seconds: list[float] = attrs.field(factory=list)
    _connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None, key: str = "") -> Any:
        """One request that must succeed; answers the document. Raises: Failed."""
        began = time.monotonic()
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if key:
            sent["Idempotency-Key"] = key
        said = None if body is None else json.dumps(body)
        status, told = self._asked(method, path, said, sent)
        self.seconds.append(time.monotonic() - began)
        self.answered[self.addresses[self.at]] += 1
        if status >= 300:
            raise Failed(f"{method} {path}: {status} {told[:300]!r}")
        return json.loads(told)

    def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _asked(
        self, method: str, path: str, body: str | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        connection, is_kept = self._connected()
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            told = answer.read()
        except (http.client.HTTPException, OSError) as trouble:
            self.close()
            if not is_kept or not isinstance(trouble, ConnectionError):
                raise Failed(f"{method} {path}: {type(trouble).__name__} {trouble}") from trouble
            # It was closed just as we asked; every request here is one that may be made twice.
            self.told["closed as it was used again"] += 1
            return self._asked(method, path, body, headers)
        if answer.will_close:
            self.close()
        return answer.status, told

    def _connected(self) -> tuple[http.client.HTTPConnection, bool]:
        if self._connection is not None and _is_closed(self._connection):
            self.told["closed while idle"] += 1
            self.close()
        if self._connection is not None:
            return self._connection, True
        for _ in self.addresses:
            where = urlsplit(self.addresses[self.at]).netloc
            connection = http.client.HTTPConnection(where, timeout=ANSWER_SECONDS_MAX)
            try:
                connection.connect()
            except ConnectionRefusedError:
                self.told["refused, went to the other"] += 1
                self.at = (self.at + 1) % len(self.addresses)
                continue
            self._connection = connection
            return connection, False
        raise Failed("no instance lets anybody in")


def _is_closed(connection: http.client.HTTPConnection) -> bool:
    # Between two requests a server has nothing to say but good-bye.
    return bool(select.select([connection.sock], [], [], 0)[0])


@contextmanager
def roaming(roamers: Sequence[Roamer], visit: Callable[[Roamer], None]) -> Iterator[None]:
    """Have all of them visit again and again while the block lasts. Raises: Failed, the first of all."""
    ending, failures = threading.Event(), list[Exception]()

    def roam(roamer: Roamer) -> None:
        try:
            while not ending.is_set() and not failures:
                visit(roamer)
        except Exception as failure:
            failures.append(failure)
        finally:
            roamer.close()

    threads = [threading.Thread(target=roam, args=(roamer,)) for roamer in roamers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ending.set()
        for thread in threads:
            thread.join()
    for failure in failures:
        raise failure
