"""Documents that were true and are changed: somewhere inside, cut off, or altogether."""

import json
from collections.abc import Iterator
from typing import Any

import attrs
from hypothesis import strategies as st

from tests.gateways.strange import VALUES

GONE = "gone"
STATUSES = (200, 201, 204, 302, 400, 401, 403, 404, 409, 422, 429, 500, 503)


@attrs.frozen
class Twist:
    """What is done to one document, whatever it is; usually little, so that the rest is still believed.

    Attributes:
        changes: leaves by their number, counted round and round, and what stands there instead.
        cut: after how many bytes it ends, None for the end; `tail` comes after that.
        status: the answer's, None for the true one.
    """

    changes: tuple[tuple[int, Any], ...] = ()
    cut: int | None = None
    tail: bytes = b""
    status: int | None = None

    def document(self, body: bytes) -> bytes:
        """The same, changed; what is no JSON can only be cut."""
        if not self.changes:
            return self._cut(body)
        try:
            told = json.loads(body)
        except ValueError:
            return self._cut(body)
        for number, value in self.changes:
            places = list(_places(told))
            if places:
                inner, name = places[number % len(places)]
                if value == GONE:
                    del inner[name]
                else:
                    inner[name] = value
        return self._cut(json.dumps(told).encode())

    def _cut(self, body: bytes) -> bytes:
        return body[: self.cut] + self.tail


def _places(told: Any) -> Iterator[tuple[Any, Any]]:
    """Where something stands: the object or list, and its name or number there."""
    if not isinstance(told, dict | list):
        return
    for name in list(told) if isinstance(told, dict) else range(len(told)):
        yield told, name
        yield from _places(told[name])


CHANGES = st.lists(st.tuples(st.integers(0, 60), VALUES | st.just(GONE)), min_size=1, max_size=3).map(tuple)
TWISTS = (
    st.just(Twist())
    | st.builds(Twist, changes=CHANGES)
    | st.builds(Twist, changes=CHANGES)
    | st.builds(Twist, cut=st.integers(0, 400), tail=st.binary(max_size=3))
    | st.builds(Twist, cut=st.just(0), tail=st.binary(max_size=200))
    | st.builds(Twist, status=st.sampled_from(STATUSES))
)
