"""Everything that the description of the API promises, held against generated requests.

The real wiring runs in-process over a database file, with a live sandbox gateway. Half of the cases are
well-formed, half are spoilt somewhere; most of the well-formed ones are about things that there are.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import positive_data_acceptance

from adapters.web.app import routes_of
from tests.live import Live
from tests.web.furnished import Furnished
from tests.web.house import open_house

EXAMPLES = 100

_house = open_house()
OPERATIONS = {
    (operation.method, operation.path): operation
    for route in routes_of(_house.application, _house.edge).values()
    for operation in route.operations
}


class Door:
    """Where the generated requests go in: the service is built only when a test needs it."""

    app: Callable[..., Any] = _house.client.app

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Serve one request."""
        return self.app(environ, start_response)


door = Door()
api = schemathesis.openapi.from_dict(json.loads(_house.call("GET", "/openapi.json").content))
api.app = door


@pytest.fixture(scope="module")
def furnished(live: Live, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    """One service for all operations: what one has made, the next may find."""
    furnished = Furnished.open(tmp_path_factory.mktemp("generated"), live.sandbox, OPERATIONS)
    door.app = furnished.app
    yield furnished
    furnished.close()


@pytest.fixture
def answered(request: pytest.FixtureRequest) -> Iterator[Counter[int]]:
    """The statuses that one operation answered: successes among them, and a hundred or more in all."""
    answered: Counter[int] = Counter()
    yield answered
    method, _, path = request.node.name.partition("[")[2].rstrip("]").partition(" ")
    operation = OPERATIONS[method, path]
    assert any(status < 400 for status in answered), f"never succeeded: {answered}"
    # Where nothing can be varied there are not as many different requests.
    if operation.parameters or operation.has_body or operation.lists:
        assert answered.total() >= EXAMPLES, answered


@api.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_answers_only_what_it_declares(case: Case, furnished: Furnished, answered: Counter[int]) -> None:
    """No 5xx, no undocumented answer, nothing invalid accepted, nothing let in without a token."""
    furnished.fill_in(case)
    headers = furnished.headers(case)
    response = case.call(headers=headers)
    # A probe with a method that is none of the operation's tells nothing about it.
    if case.method == furnished.operation(case).method:
        answered[response.status_code] += 1
    case.validate_response(
        response,
        headers=headers,
        excluded_checks=[positive_data_acceptance],
        transport_kwargs={"headers": headers},
    )
