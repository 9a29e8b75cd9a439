"""What a dialect brings along to be offered by the sandbox, and what it finds there."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs
import falcon

from adapters.sandbox.clock import Clock, Names
from adapters.sandbox.deliveries import Dialect
from adapters.sandbox.desk import Desk
from adapters.sandbox.faults import FaultBook
from adapters.sandbox.gateway import Gateway
from adapters.sandbox.idempotency import IdempotencyKeys
from adapters.sandbox.refusals import Stranger
from adapters.sandbox.replies import Wording

Gate = Callable[[falcon.Request], None]


@attrs.frozen
class Core:
    """The gateway behind all dialects."""

    clock: Clock
    names: Names
    gateway: Gateway
    faults: FaultBook
    keys: IdempotencyKeys

    def desk(self, name: str, wording: Wording) -> Desk:
        return Desk(name, wording, self.gateway, self.faults, self.keys)


@attrs.frozen
class Route:
    """A path and who answers there."""

    path: str
    resource: object
    suffix: str | None = None


def _forget_nothing() -> None:
    """Most dialects keep nothing of their own."""


@attrs.frozen
class Branch:
    """A dialect as the sandbox offers it.

    Attributes:
        home: the path under which everything is this dialect's, refusals included.
        gates: who may come in, by path; each raises Stranger.
        pages: where its hosted pages are.
        clear: forgets what the dialect keeps beside the gateway's own records.
    """

    name: str
    dialect: Dialect
    home: str
    routes: Sequence[Route]
    gates: Mapping[str, Gate] = attrs.field(factory=dict)
    pages: str = "/pay"
    clear: Callable[[], None] = _forget_nothing


@attrs.frozen
class Kind:
    """A kind of branch: what its account consists of, and how it is opened.

    Attributes:
        account: an attrs class; each of its fields is an option of the command line.
    """

    account: type[Any]
    open: Callable[[Any, Core], Branch]


def setting(explanation: str, default: str | None = None) -> Any:
    """Declares a field of an account, with what the command line says of it."""
    metadata = {"help": explanation}
    return (
        attrs.field(metadata=metadata) if default is None else attrs.field(default=default, metadata=metadata)
    )


def bearer(token: str) -> Gate:
    """Lets in who shows this token."""
    return shown_at("Authorization", f"Bearer {token}")


def shown_at(header: str, secret: str) -> Gate:
    """Lets in who shows this text in this header."""

    def gate(req: falcon.Request) -> None:
        if not is_same(req.get_header(header) or "", secret):
            raise Stranger("unauthorized", "The right key was not shown.")

    return gate


def is_same(shown: str, secret: str) -> bool:
    """Compares in constant time, whatever was shown."""
    return hmac.compare_digest(shown.encode("utf-8", "replace"), secret.encode("utf-8"))
