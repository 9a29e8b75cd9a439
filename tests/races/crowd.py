"""A crowd: hundreds of clients, each connected and ready before all are released together.

Its requests are bytes made beforehand and one thread carries it whole, so that what is raced is the
service and not the crowd.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import attrs
from requests.structures import CaseInsensitiveDict

SECONDS_MAX = 120
TRIES_MAX = 40
# So many knock at once; the kernel's queue of those not yet let in is longer than that.
KNOCKING_MAX = 256


@attrs.frozen
class Said:
    """One request as it goes over the wire, and what its answer is held to."""

    method: str
    path: str
    wire: bytes = attrs.field(repr=False)

    @classmethod
    def of(
        cls,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        token: str | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> "Said":
        """A request, its head and body in one piece."""
        lines = {"Host": "kassa.test", "Content-Length": str(len(body)), **(headers or {})}
        if body and not headers:
            lines["Content-Type"] = "application/json"
        if token:
            lines["Authorization"] = f"Bearer {token}"
        if key:
            lines["Idempotency-Key"] = key
        head = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in lines.items())]
        return cls(method, path, "\r\n".join([*head, "", ""]).encode("latin-1") + body)


@attrs.frozen
class Told:
    """One answer; `turned_away` counts how often the service asked to come back later before it."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    turned_away: int = 0

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode()

    def json(self) -> Any:
        """The body's document."""
        return json.loads(self.content)


def rush(address: str, crowd: Sequence[Said]) -> list[Told]:
    """Releases everybody at once; answers in the same order.

    Who is told 503 comes back after as long as Retry-After says, as any client would. A connection
    that fails is nobody's right to drop here, and raises.
    """
    return asyncio.run(_rushed(address, crowd))


async def _rushed(address: str, crowd: Sequence[Said]) -> list[Told]:
    door, released = asyncio.Semaphore(KNOCKING_MAX), asyncio.Event()
    clients = [_Client(address, door) for _ in crowd]
    await asyncio.gather(*(client.connect() for client in clients))
    answers = asyncio.gather(
        *(client.insist(said, released) for client, said in zip(clients, crowd, strict=True))
    )
    released.set()
    async with asyncio.timeout(SECONDS_MAX):
        return await answers


class _Client:
    """One member of the crowd, with a connection of its own."""

    def __init__(self, address: str, door: asyncio.Semaphore) -> None:
        parts = urlsplit(address)
        self._host, self._port, self._door = parts.hostname, parts.port, door

    async def connect(self) -> None:
        """Stands ready."""
        async with self._door:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)

    async def insist(self, said: Said, released: asyncio.Event) -> Told:
        """Asks once it is released, and again for as long as it is told to come back later."""
        await released.wait()
        try:
            for turned_away in range(TRIES_MAX):
                told = await self._ask(said, turned_away)
                if told.status_code != 503:
                    return told
                await asyncio.sleep(int(told.headers["Retry-After"]))
                if told.headers.get("Connection", "").lower() == "close":
                    self._writer.close()
                    await self.connect()
        finally:
            self._writer.close()
        raise AssertionError(f"still turned away after {TRIES_MAX} tries: {told.text}")

    async def _ask(self, said: Said, turned_away: int) -> Told:
        self._writer.write(said.wire)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = (line.partition(":") for line in head[1:] if line)
        headers = CaseInsensitiveDict({name: value.strip() for name, _, value in fields})
        content = await self._reader.readexactly(int(headers.get("Content-Length", 0)))
        return Told(int(head[0].split()[1]), headers, content, turned_away)
