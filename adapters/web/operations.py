"""What a call of the API is: declared once, and both the routes and the OpenAPI document are made of it."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Generic, TypeVar

import attrs
import falcon
from pydantic import BaseModel

from adapters.web.auth import Who
from adapters.web.bodies import Nothing
from application.accounts import Principal, Role
from application.storage import Page
from domain.ids import KEY_HOLDER, Actor, CustomerId, customer, staff

B = TypeVar("B", bound=BaseModel)
F = TypeVar("F", bound=Callable[..., "Answer"])

# What a success answers: one of these documents or media types, or nothing.
Told = tuple[type[BaseModel] | str, ...]

PAGE_LIMIT = 50


@attrs.frozen
class Answer:
    """A successful answer: a document, or content of another media type."""

    document: BaseModel | None = None
    status: int = 200
    headers: Mapping[str, str] = attrs.Factory(dict)
    content: bytes = b""
    media_type: str = "application/json"


@attrs.frozen(kw_only=True)
class Call(Generic[B]):
    """A call that was let in and whose every part has been checked.

    `mark` is the same for the same request with the same idempotency key, and for no other.
    """

    principal: Principal | None
    path: Mapping[str, str]
    page: Page
    body: B
    request: falcon.Request
    mark: str | None = None

    @property
    def customer_id(self) -> CustomerId:
        """The customer who calls; only for routes that let in nobody else."""
        assert self.principal is not None  # noqa: S101 -- admission has seen to it
        return CustomerId(self.principal.id)

    @property
    def owner(self) -> CustomerId | None:
        """Whose things may be seen: a customer's own, everybody's for staff."""
        assert self.principal is not None  # noqa: S101 -- admission has seen to it
        return self.principal.customer_id

    @property
    def is_staff(self) -> bool:
        """Whether staff are calling."""
        return self.principal is not None and self.principal.role is Role.STAFF

    @property
    def actor(self) -> Actor:
        """Who will be said to have done it."""
        if self.principal is None:
            return KEY_HOLDER
        return staff(self.principal.staff_id) if self.is_staff else customer(self.customer_id)


@attrs.frozen(kw_only=True)
class Operation:
    """One call, declared.

    Attributes:
        answers: the successful statuses, and which documents or media types each may answer.
        problems: refusals beyond those that follow from the rest of the declaration.
        lists: the name of the list that is answered page by page.
        is_raw: the body is handed over as it came, and query parameters are nobody's business.
        is_idempotent: an Idempotency-Key is honoured.
        is_guessable: a wrong guess of a secret may be refused by address.
        names: the path's last part names what the call may create, so a bad one is a mistake, not unknown.
    """

    method: str
    path: str
    who: Who
    answers: Mapping[int, Told]
    body: type[BaseModel] = Nothing
    problems: Collection[int] = ()
    lists: str | None = None
    is_raw: bool = False
    is_idempotent: bool = False
    is_guessable: bool = False
    names: bool = False
    id: str = ""
    summary: str = ""
    topic: str = ""

    @property
    def has_body(self) -> bool:
        """Whether a body is needed."""
        return self.body is not Nothing

    @property
    def takes_body(self) -> bool:
        """Whether a body is read, if only an empty object."""
        return self.method in {"POST", "PUT"}

    @property
    def parameters(self) -> list[str]:
        """The names in the path."""
        return re.findall(r"\{(\w+)\}", self.path)

    @property
    def is_api(self) -> bool:
        """Whether the rules for query parameters and card numbers hold: all calls under /v1 but callbacks."""
        return self.path.startswith("/v1/") and not self.is_raw

    @property
    def refusals(self) -> list[int]:
        """Every status that may be answered instead of a success, in order."""
        found = set(self.problems)
        if self.is_api:
            found |= {400, 503}
        if self.who not in {Who.ANYBODY, Who.KEY_HOLDER}:
            found.add(401)
        if self.who in {Who.CUSTOMER, Who.STAFF}:
            found.add(403)
        if self.is_guessable:
            found.add(429)
        if self.parameters:
            found.add(404)
        if self.takes_body:
            found |= {413} if self.is_raw else {413, 415}
        if self.is_idempotent:
            found |= {409, 422}
        return sorted(found)


def api(method: str, path: str, *, who: Who, is_guessable: bool = False, **declared: Any) -> Callable[[F], F]:
    """Declare a resource's method to be a call of the API."""

    def declare(function: F) -> F:
        operation = Operation(
            method=method,
            path=path,
            who=who,
            id=function.__name__,
            summary=(function.__doc__ or "").partition("\n")[0].rstrip("."),
            is_guessable=is_guessable or who is Who.KEY_HOLDER,
            **declared,
        )
        function.__dict__["operation"] = operation
        return function

    return declare


def operations_of(resource: object) -> list[tuple[Operation, Callable[[Call[Any]], Answer]]]:
    """The calls that a resource declares, each with its bound handler."""
    found = []
    for name, member in vars(type(resource)).items():
        operation = getattr(member, "operation", None)
        if isinstance(operation, Operation):
            topic = getattr(resource, "TOPIC", type(resource).__name__)
            found.append((attrs.evolve(operation, topic=topic), getattr(resource, name)))
    return found
