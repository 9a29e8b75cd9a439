"""Access tokens: fetched when wanted, kept while they live, renewed once when they are not taken."""

import json

import pytest

from adapters.gateways.talking import Line
from adapters.gateways.tokens import TokenLine, Tokens
from adapters.gateways.transport import Answer
from application.trouble import GatewayTrouble, TroubleKind
from tests.gateways.strange import BASE, Canned, canned

ACCOUNT = ("here", "client", "secret")


class Ticks:
    """A clock that stands until it is moved."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def line_over(calls: Canned, tokens: Tokens) -> TokenLine:
    """A line whose token is asked for at /token."""
    return TokenLine(
        line=Line(calls, "bank", BASE),
        tokens=tokens,
        account=ACCOUNT,
        path="/token",
        form={"client": "secret"},
    )


def token(text: str, **more: object) -> dict[str, object]:
    """What is answered to whoever asks for a token."""
    return {"access_token": text, "expires_in": 3600, **more}


def sent_with(calls: Canned) -> list[str]:
    """The token of each call, or where it was asked for one."""
    return [headers.get("Authorization", url.removeprefix(BASE)) for _, url, headers, _ in calls.asked]


class TestTokens:
    def test_are_asked_for_once(self) -> None:
        """And serve every call until shortly before they end."""
        ticks = Ticks()
        calls, tokens = canned(token("one"), {}, {}, token("two"), {}), Tokens(ticks)
        line = line_over(calls, tokens)
        line.ask("GET", "/x", 1)
        line.ask("GET", "/x", 1)
        ticks.now += 3600 - 60
        line.ask("GET", "/x", 1)

        assert sent_with(calls) == ["token", "Bearer one", "Bearer one", "token", "Bearer two"]

    def test_are_renewed_once_when_they_are_not_taken(self) -> None:
        """The gateway may have forgotten them; a second no is its answer."""
        calls, tokens = canned(token("one"), (401, {}), token("two"), (401, {})), Tokens(Ticks())

        answer = line_over(calls, tokens).ask("POST", "/x", 1, {"a": 1})

        assert answer.status == 401
        assert sent_with(calls) == ["token", "Bearer one", "token", "Bearer two"]

    def test_that_are_newer_stay(self) -> None:
        """Somebody else has renewed it meanwhile."""
        tokens = Tokens(Ticks())
        tokens.keep(ACCOUNT, "new", 3600)
        tokens.forget(ACCOUNT, "old")

        assert tokens.of(ACCOUNT) == "new"

    @pytest.mark.parametrize("life", [None, "3600", 0, -5, 30, True])
    def test_without_a_life_are_used_once(self, life: object) -> None:
        """Rather than too long."""
        calls, tokens = canned(token("one", expires_in=life), {}), Tokens(Ticks())
        line_over(calls, tokens).ask("GET", "/x", 1)

        assert tokens.of(ACCOUNT) is None

    @pytest.mark.parametrize("text", [None, "", "two words", "ключ", 5, "x" * 8001, "a\n"])
    def test_that_are_none_are_trouble(self, text: object) -> None:
        """Nothing that could not travel in a header."""
        with pytest.raises(GatewayTrouble):
            line_over(canned({"access_token": text}), Tokens(Ticks())).ask("GET", "/x", 1)

    def test_may_be_refused(self) -> None:
        """Then the settings are wrong, and nothing was sent."""
        with pytest.raises(GatewayTrouble) as caught:
            line_over(canned({}, status=401), Tokens(Ticks())).ask("GET", "/x", 1)
        assert caught.value.kind is TroubleKind.CONFIG

    def test_stay_out_of_what_is_printed(self) -> None:
        """With everything that they are asked for with."""
        tokens = Tokens(Ticks())
        tokens.keep(ACCOUNT, "s3cret-token", 3600)
        calls = Canned([Answer(200, {}, json.dumps({}).encode())])

        assert "s3cret" not in repr(tokens) and "secret" not in repr(line_over(calls, tokens))
