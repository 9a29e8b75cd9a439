"""Backends of other distributions: a sound one is offered like our own, an unsound one stops the start."""

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import falcon.testing
import pytest

from adapters.gateways.transport import Transport
from adapters.sql.migrate import upgrade
from adapters.web.auth import Tokens
from application.accounts import Principal, Role
from domain.ids import MethodCode
from entrypoints.bootstrap import opened
from entrypoints.cli import main
from entrypoints.plugins import BackendRefused, all_backends
from entrypoints.settings import Settings, SettingsError
from entrypoints.wsgi import web_app
from tests.entrypoints.distributions import SOUND, offer

Offers = Callable[..., None]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of the path, and nothing of it stays loaded."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.endswith("_of_theirs"):
            del sys.modules[name]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Over a database of its own."""
    url = f"sqlite:///{tmp_path / 'kassa.db'}"
    upgrade(url)
    return Settings(database_url=url)


def changed(old: str, new: str) -> str:
    """The sound backend with one thing different."""
    assert old in SOUND
    return SOUND.replace(old, new)


class TestASoundOne:
    def test_is_offered_like_our_own(self, folder: Path, settings: Settings) -> None:
        """With its schema and what it can do; and methods can be set up with it."""
        offer(folder)
        with opened(settings, "http://x.test") as kassa:
            client = falcon.testing.TestClient(web_app(kassa, settings, "http://x.test", threading.Event()))
            token = Tokens(settings.secret, kassa.application.clock).issue(Principal(Role.STAFF, 1))
            bearer = {"Authorization": f"Bearer {token}"}
            listed = client.simulate_get("/v1/backends", headers=bearer).json["items"]
            body = {
                "name": "E",
                "backend": "elsewhere",
                "settings": {"base_url": "https://e.test", "key": "k"},
            }
            put = client.simulate_put("/v1/payment-methods/e", headers=bearer, json=body)
            body["settings"] = {"base_url": "https://e.test"}
            missed = client.simulate_put("/v1/payment-methods/f", headers=bearer, json=body)

        (it,) = (each for each in listed if each["name"] == "elsewhere")
        assert it["settings_schema"]["properties"]["key"]["writeOnly"] is True
        assert it["capabilities"]["refunds"] and not it["capabilities"]["closes_bills"]
        assert (put.status_code, put.json["settings"]) == (201, {"base_url": "https://e.test"})
        assert missed.status_code == 400

    def test_found_twice_is_one(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The same distribution may stand in two folders of the path."""
        offer(folder)
        (folder / "again").mkdir()
        offer(folder / "again")
        monkeypatch.syspath_prepend(folder / "again")

        assert "elsewhere" in all_backends(Transport())

    def test_may_ask_nobody(self, folder: Path) -> None:
        """Then it tells its terms."""
        source = """
class Elsewhere:
    name = "elsewhere"
    settings_schema = {"type": "object", "properties": {}, "additionalProperties": False}
    def __init__(self, calls): ...
    def terms(self, settings): ...
"""
        offer(folder, source)

        assert "elsewhere" in all_backends(Transport())


class TestAnUnsoundOne:
    @pytest.mark.parametrize(
        ("source", "why"),
        [
            ("import nowhere_to_be_found", "it cannot be loaded: ModuleNotFoundError"),
            ("raise SystemExit(0)", "it cannot be loaded: SystemExit"),
            ("def broken(:", "it cannot be loaded: SyntaxError"),
            ("", "it cannot be loaded: AttributeError"),
            (changed("def __init__(self, calls): ...", ""), "it cannot be made: TypeError"),
            ("Elsewhere = lambda calls: None", "it has no name"),
            (changed('name = "elsewhere"', 'name = "else"'), "it calls itself else"),
            (changed('name = "elsewhere"', 'name = "Else where"'), "its name is not of small letters"),
            (changed("gateway_type = ElsewhereGateway", "gateway_type = 7"), "gateway_type is no class"),
            (changed("    capabilities = ", "    able = "), "does not tell its capabilities"),
            (changed('    base_url = "', '    place = "'), "has no base_url"),
            (changed("asks_by_reference=False", 'asks_by_reference="no"'), "no truth values"),
            (changed("    def verify", "    async def verify"), "verify would have to be awaited"),
            (
                changed("    def connect", "    def terms(self, settings): ...\n\n    def connect"),
                "both a gateway_type and terms",
            ),
            (changed("def initiate(", "def open("), "has no initiate"),
            (
                changed("self, received, now", "self, received"),
                "parse_callback does not take (received, now)",
            ),
            (changed(", within_seconds=None", ""), "verify does not take"),
            (changed("within_seconds=None", "within_seconds"), "verify does not take"),
            (changed("def refund(self, instruction)", "def refund(self)"), "refund does not take"),
            (changed("def connect(self, settings)", "def connect(self)"), "connect does not take"),
            (changed("schema(required", "str(required"), "cannot be loaded"),
            (
                changed("    gateway_type = E", "    settings_schema = 7\n    gateway_type = E"),
                "none of an object",
            ),
        ],
    )
    def test_is_refused_by_name_and_reason(self, folder: Path, source: str, why: str) -> None:
        """Whatever it lacks is found out before anybody pays by it."""
        offer(folder, source)

        with pytest.raises(BackendRefused) as caught:
            all_backends(Transport())
        assert "backend elsewhere of kassa-elsewhere 1.2 (kassa.backends: elsewhere_of_theirs" in str(
            caught.value
        )
        assert why in str(caught.value)

    @pytest.mark.parametrize(
        ("schema", "why"),
        [
            ({"type": "object"}, "takes settings that it does not name"),
            ({"properties": {}, "additionalProperties": True}, "takes settings that it does not name"),
            ({"properties": {"a": {"type": "strin"}}}, "no JSON Schema"),
            ({"properties": {"a": {"type": "object"}}}, "setting a is no text, number or truth value"),
            ({"properties": {"a": {}}}, "setting a is no text"),
            ({"properties": {"base_url": {"type": "string"}}}, "base_url has not the format uri"),
            ({"properties": {"api_key": {"type": "string"}}}, "api_key is called like a secret"),
            ({"properties": {"Password": {"type": "string"}}}, "Password is called like a secret"),
            ({"properties": {"a": {"type": ["string", "null"]}}}, "setting a is no text"),
            ({"properties": {"a": {"type": "string", "$ref": "https://x.test/y"}}}, "cannot be used"),
            ({"properties": {}, "allOf": [{"additionalProperties": False}]}, "cannot be used"),
        ],
    )
    def test_is_refused_for_its_schema(self, folder: Path, schema: dict[str, object], why: str) -> None:
        """Each setting is checked, shown and hidden by itself; a secret deeper down would be shown."""
        whole = {"type": "object", "additionalProperties": False, **schema}
        source = changed("    gateway_type = E", f"    settings_schema = {whole!r}\n    gateway_type = E")
        offer(folder, source)

        with pytest.raises(BackendRefused, match=why):
            all_backends(Transport())

    @pytest.mark.parametrize("name", ["sandbox", "wallet"])
    def test_may_not_take_a_name_of_ours(self, folder: Path, name: str) -> None:
        """Nobody's payments may be taken to another gateway by installing something."""
        offer(folder, changed('"elsewhere"', f'"{name}"'), name=name)

        with pytest.raises(BackendRefused, match="there is a backend of this name already"):
            all_backends(Transport())

    def test_may_not_take_the_name_of_another(self, folder: Path) -> None:
        """Which of the two would it be?"""
        offer(folder)
        offer(folder, what="Elsewhere", name="other")
        points = folder / "other_of_theirs-1.2.dist-info" / "entry_points.txt"
        points.write_text("[kassa.backends]\nelsewhere = other_of_theirs:Elsewhere\n", "utf-8")

        with pytest.raises(
            BackendRefused, match=r"kassa-other 1\.2 .*there is a backend of this name already"
        ):
            all_backends(Transport())

    @pytest.mark.parametrize("command", [["serve", "--port", "0"], ["worker"], ["conformance", "sandbox"]])
    def test_stops_every_command_that_needs_backends(
        self,
        folder: Path,
        settings: Settings,
        command: list[str],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """At once, with 2 and one line that says which and why."""
        monkeypatch.setenv("KASSA_DATABASE_URL", settings.database_url)
        offer(folder, "import nowhere_to_be_found")

        assert main(command) == 2
        assert "kassa: backend elsewhere of kassa-elsewhere 1.2" in capsys.readouterr().err


class TestOneThatIsGone:
    def test_is_missed_while_a_method_is_on_it(
        self, folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nobody could ask about its payments; that must not look like a method that asks nobody."""
        offer(folder)
        with opened(settings, "http://x.test") as kassa:
            kassa.application.manage_methods.put(
                code=MethodCode("e"),
                name="E",
                backend="elsewhere",
                settings={"base_url": "https://e.test", "key": "k"},
            )
        (folder / "elsewhere_of_theirs-1.2.dist-info" / "entry_points.txt").unlink()

        with (
            pytest.raises(SettingsError, match="payment method e: backend elsewhere is not installed"),
            opened(settings, "http://x.test"),
        ):
            pass
