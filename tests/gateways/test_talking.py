"""What every adapter does alike: here, that nothing of ours comes back with an answer."""

import pytest

from adapters.gateways.schemas import NAME, SECRET, schema, secrets_in
from adapters.gateways.talking import Line
from adapters.gateways.transport import Answer
from tests.gateways.strange import Canned

KEY = 'sk/test"of\\the-shop'


def told(body: bytes, *secrets: str) -> bytes:
    """What an answer says once it has come through a line that knows these secrets."""
    line = Line(Canned([Answer(200, {}, body)]), "sandbox", "http://bank.test", secrets)
    return line.ask("GET", "/", line.deadline(), {}).body


class TestSecretsInAnAnswer:
    @pytest.mark.parametrize(
        "written", [KEY.encode(), rb"sk/test\"of\\the-shop", rb"sk\/test\"of\\the-shop"], ids=str
    )
    def test_are_hidden_however_they_are_written(self, written: bytes) -> None:
        """As they are, as JSON has them, and as PHP's JSON has them."""
        assert told(b'{"message": "no: ' + written + b'"}', "another-key", KEY) == b'{"message": "no: ***"}'

    def test_that_are_hardly_any_leave_it_alone(self) -> None:
        """Else the answer to a shop whose key is `a` would be unreadable."""
        assert told(b'{"state": "paid"}', "a", "paid") == b'{"state": "paid"}'

    def test_are_no_part_of_what_is_printed(self) -> None:
        """The line is part of many things."""
        assert "another-key" not in repr(Line(Canned([]), "sandbox", "http://bank.test", ("another-key",)))


class TestTheSecretSettings:
    def test_are_those_marked_and_given(self) -> None:
        """Whatever else there is."""
        wanted = schema(required={"key": SECRET, "account": NAME}, optional={"other": SECRET})

        assert secrets_in(wanted, {"key": "k-1", "account": "a-1"}) == ("k-1",)
