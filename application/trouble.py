"""What may come of using a gateway but a sensible answer."""

from enum import StrEnum


class TroubleKind(StrEnum):
    """What trouble with a gateway means to whoever called it.

    NOT_SENT: nothing happened there, the same may be sent again. UNKNOWN: it may have happened, so
    ask first. RETRYABLE: not now, the same later. CONFIG: it does not take our key; a person has to act.
    """

    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    RETRYABLE = "retryable"
    CONFIG = "config"


class GatewayTrouble(Exception):
    """The gateway did not answer sensibly.

    Attributes:
        kind: what that means to the caller.
        sent: whether the request may have had an effect there; by its kind, unless told.
        retry_after_seconds: when it asked to be tried again, if it did.
        is_answer: whether it is well and said so, though not what we wanted to know; by its kind,
            unless told.
    """

    def __init__(
        self,
        detail: str,
        kind: TroubleKind = TroubleKind.UNKNOWN,
        *,
        sent: bool | None = None,
        retry_after_seconds: int | None = None,
        is_answer: bool | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.kind = kind
        self.sent = kind is TroubleKind.UNKNOWN if sent is None else sent
        self.is_answer = kind is TroubleKind.CONFIG if is_answer is None else is_answer
        self.retry_after_seconds = retry_after_seconds


class GatewayRefused(Exception):
    """The gateway understood and said no, for good; `request` and `response` are JSON, cleaned."""

    def __init__(self, detail: str, request: str = "{}", response: str = "{}") -> None:
        super().__init__(detail)
        self.detail = detail
        self.request = request
        self.response = response


class BadSignature(Exception):
    """A callback that its gateway did not sign, or not lately."""


class Malformed(Exception):
    """A callback that cannot be read."""
