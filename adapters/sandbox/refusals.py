"""What the sandbox will not do, and why; each dialect words these in its own way."""


class Refusal(Exception):
    """Why a request gets no for an answer.

    Attributes:
        code: a stable word for programs.
        message: a sentence for people.
        param: the field at fault, where there is one.
    """

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param


class Invalid(Refusal):
    """What was sent cannot be understood."""


class Stranger(Refusal):
    """Who sent it did not show the right key."""


class Unknown(Refusal):
    """There is no such thing here."""


class Conflict(Refusal):
    """What was asked does not fit the state things are in."""


class KeyReused(Refusal):
    """The idempotency key came before with another request."""


class TooMany(Refusal):
    """More came than is taken at a time."""


class Broken(Refusal):
    """The gateway itself has failed."""
