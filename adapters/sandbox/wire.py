"""How a reply travels: the word between the application, which decides it, and the server, which does it."""

from typing import cast

import attrs
import falcon

App = falcon.App[falcon.Request, falcon.Response]

_KEY = "sandbox.wire"


@attrs.define
class Wire:
    """What the server does to the reply of one request.

    Attributes:
        delay_seconds: waits before the first byte.
        drip_seconds: waits after every byte, None for one piece.
        is_cut: promises the whole body, sends half of it and hangs up.
        is_reset: answers nothing and resets the connection.
        faults: the names of the faults at work, for the log.
    """

    delay_seconds: float = 0.0
    drip_seconds: float | None = None
    is_cut: bool = False
    is_reset: bool = False
    faults: tuple[str, ...] = ()


def wire_of(req: falcon.Request) -> Wire:
    """Finds the wire of a request; under a server that knows none of this, one that changes nothing."""
    return cast("Wire", req.env.setdefault(_KEY, Wire()))


def lay(environ: dict[str, object]) -> Wire:
    """Puts a fresh wire into a request's environment and hands it to the server."""
    wire = Wire()
    environ[_KEY] = wire
    return wire
