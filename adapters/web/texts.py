"""Texts that clients may send: what is taken is kept losslessly, everything else is refused.

The patterns go into the OpenAPI document as they are, so they keep to what every dialect of regular
expressions understands.
"""

from typing import Annotated

from pydantic import Field, StringConstraints

# C0 controls, DEL and C1 controls: no name needs one, and logs and terminals obey them.
CONTROLS = r"\u0000-\u001f\u007f-\u009f"

_LINE = rf"^[^{CONTROLS}]*$"
NAME_PATTERN = rf"^[^{CONTROLS}]*[^\s{CONTROLS}][^{CONTROLS}]*$"
_PROSE = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$"

# A sku is one segment of a path, so it has no slash; U+FFFD is what undecodable bytes turn into.
SKU_PATTERN = rf"^[^\s/\ufffd{CONTROLS}]([^/\ufffd{CONTROLS}]*[^\s/\ufffd{CONTROLS}])?$"
CODE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._\-]*$"
KEY_PATTERN = r"^[A-Za-z0-9_\-]+$"
REFERENCE_PATTERN = r"^[!-.0-~]+$"
ID_PATTERN = r"^[1-9][0-9]{0,17}$"
CURSOR_PATTERN = r"^[A-Za-z0-9_\-]+$"
IDEMPOTENCY_KEY_PATTERN = r"^[!-~]{1,255}$"

SKU_LENGTH_MAX = 64
CODE_LENGTH_MAX = 64
KEY_LENGTH_MAX = 128
REFERENCE_LENGTH_MAX = 128
CURSOR_LENGTH_MAX = 128

INTEGER_MAX = 10**18 - 1

Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NAME_PATTERN)]
Line = Annotated[str, StringConstraints(max_length=200, pattern=_LINE)]
Prose = Annotated[str, StringConstraints(max_length=2000, pattern=_PROSE)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=_PROSE)]
Password = Annotated[str, StringConstraints(min_length=8, max_length=256)]
AnyPassword = Annotated[str, StringConstraints(min_length=1, max_length=256)]

# One "@" with something on both sides: whether mail arrives there, only mail can tell.
Email = Annotated[
    str,
    StringConstraints(min_length=3, max_length=254, pattern=rf"^[^@\s{CONTROLS}]+@[^@\s{CONTROLS}]+$"),
]

SkuText = Annotated[str, StringConstraints(min_length=1, max_length=SKU_LENGTH_MAX, pattern=SKU_PATTERN)]
CodeText = Annotated[str, StringConstraints(min_length=1, max_length=CODE_LENGTH_MAX, pattern=CODE_PATTERN)]
KeyText = Annotated[str, StringConstraints(min_length=1, max_length=KEY_LENGTH_MAX, pattern=r"^[!-~]+$")]
BackendName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=64, pattern=CODE_PATTERN),
    Field(examples=["sandbox", "manual"]),
]
CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(examples=["AZ"])]
CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), Field(examples=["AZN"])]

# Absolute, and of visible ASCII alone, so that it goes into a Location header as it is.
ReturnUrl = Annotated[str, StringConstraints(max_length=2000, pattern=r"^https?://[!-\[\]-~]+$")]

AddressPart = Annotated[str, StringConstraints(min_length=1, max_length=50, pattern=NAME_PATTERN)]
Address = Annotated[
    dict[AddressPart, Line], Field(max_length=20, json_schema_extra={"additionalProperties": False})
]
