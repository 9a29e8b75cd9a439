"""Reading a request, part by part: path, query, headers, body; each mistake is refused with its place."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import attrs
import falcon
from pydantic import BaseModel

from adapters.web.codecs import position_at
from adapters.web.operations import PAGE_LIMIT, Operation
from adapters.web.parsing import ensure_no_card_number, parsed
from adapters.web.problems import TooLarge, UnsupportedMedia
from adapters.web.texts import (
    CODE_LENGTH_MAX,
    CODE_PATTERN,
    ID_PATTERN,
    IDEMPOTENCY_KEY_PATTERN,
    KEY_LENGTH_MAX,
    KEY_PATTERN,
    REFERENCE_LENGTH_MAX,
    REFERENCE_PATTERN,
    SKU_LENGTH_MAX,
    SKU_PATTERN,
)
from application.storage import Page
from domain.errors import Invalid, NotFound

BODY_BYTES_MAX = 64 * 1024
CALLBACK_BYTES_MAX = 64 * 1024

_LIMIT = re.compile(r"[1-9][0-9]?|100", re.ASCII)
_CHARSET = re.compile(r';\s*charset="?utf-8"?\s*', re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


@attrs.frozen
class Segment:
    """What a named part of a path looks like."""

    pattern: str
    length_max: int

    def fits(self, text: str) -> bool:
        """Whether the text can be one."""
        return len(text) <= self.length_max and re.search(self.pattern, text) is not None


SEGMENTS: Mapping[str, Segment] = {
    "sku": Segment(SKU_PATTERN, SKU_LENGTH_MAX),
    "code": Segment(CODE_PATTERN, CODE_LENGTH_MAX),
    "key": Segment(KEY_PATTERN, KEY_LENGTH_MAX),
    "id": Segment(ID_PATTERN, 18),
    "order_id": Segment(REFERENCE_PATTERN, REFERENCE_LENGTH_MAX),
    "file": Segment(CODE_PATTERN, CODE_LENGTH_MAX),
}


def path_of(operation: Operation, parts: Mapping[str, str]) -> Mapping[str, str]:
    """The named parts of the path. Raises: CardNumberFound, NotFound, Invalid for a name to be given."""
    for name, text in parts.items():
        if operation.is_api:
            ensure_no_card_number(text, f"#/{name}")
        if not SEGMENTS[name].fits(text):
            if operation.names:
                raise Invalid(f"this cannot be a {name}", f"#/{name}")
            raise NotFound("there is no such thing")
    return parts


def page_of(operation: Operation, request: falcon.Request) -> Page:
    """Which part of a list is asked for. Raises: Invalid, for unknown parameters too."""
    if not operation.is_api:
        return Page(PAGE_LIMIT)
    given = _query(request.query_string)
    known = {"limit", "after"} if operation.lists else set()
    for name in given:
        if name not in known:
            raise Invalid("there is no such parameter", "#")
    limit, after = given.get("limit", str(PAGE_LIMIT)), given.get("after")
    if not _LIMIT.fullmatch(limit):
        raise Invalid("the limit is 1 to 100", "#/limit")
    return Page(int(limit), None if after is None else position_at(operation.lists or "", after))


def _query(text: str) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        raise Invalid("the query cannot be read") from None
    for name, value in pairs:
        ensure_no_card_number(name)
        ensure_no_card_number(value)
    if len(dict(pairs)) < len(pairs):
        raise Invalid("a parameter comes twice")
    return dict(pairs)


def idempotency_key_of(request: falcon.Request) -> str | None:
    """The client's key for this request. Raises: Invalid, CardNumberFound."""
    key = request.get_header("Idempotency-Key")
    if key is None:
        return None
    if not re.fullmatch(IDEMPOTENCY_KEY_PATTERN, key):
        raise Invalid("an Idempotency-Key is 1 to 255 visible ASCII characters")
    # One random UUID in some thousands holds digits that look like a card's; a UUID is none.
    if not _UUID.fullmatch(key):
        ensure_no_card_number(key)
    return key


def body_of(operation: Operation, request: falcon.Request) -> tuple[BaseModel, object]:
    """The body as its document, and as plain JSON. Raises: TooLarge, UnsupportedMedia, Invalid."""
    if operation.is_raw or not operation.takes_body:
        return operation.body.model_construct(), {}
    raw = raw_body(request, BODY_BYTES_MAX)
    if raw or request.content_type is not None:
        _ensure_json(request.content_type)
    if not raw and not operation.has_body:
        raw = b"{}"
    return parsed(raw, operation.body)


def raw_body(request: falcon.Request, bytes_max: int) -> bytes:
    """The body's bytes, however they come. Raises: TooLarge."""
    length = request.content_length
    if length is not None and length > bytes_max:
        raise TooLarge(f"at most {bytes_max} bytes are read here")
    # Only servers that end the stream themselves may be read without a length.
    is_open_ended = length is None and request.env.get("wsgi.input_terminated")
    stream: Any = request.stream if is_open_ended else request.bounded_stream
    chunks, left = [], bytes_max + 1
    while left > 0 and (chunk := stream.read(left)):
        chunks.append(chunk)
        left -= len(chunk)
    if left <= 0:
        raise TooLarge(f"at most {bytes_max} bytes are read here")
    return b"".join(chunks)


def _ensure_json(content_type: str | None) -> None:
    kind, semicolon, parameters = (content_type or "").partition(";")
    is_utf_8 = not semicolon or _CHARSET.fullmatch(semicolon + parameters)
    if kind.strip().lower() != "application/json" or not is_utf_8:
        raise UnsupportedMedia("send application/json in UTF-8")


def ensure_framed(request: falcon.Request) -> None:
    """Two ways to tell a body's length are one too many (request smuggling). Raises: Invalid."""
    if "HTTP_TRANSFER_ENCODING" in request.env and request.env.get("CONTENT_LENGTH"):
        raise Invalid("Content-Length and Transfer-Encoding exclude one another")
