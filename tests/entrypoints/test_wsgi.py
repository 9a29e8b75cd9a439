"""The application for another WSGI server, and whether it is ready."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import falcon.testing
import pytest
from sqlalchemy import Engine

from adapters.sql.migrate import downgrade
from application.guarding import Lane
from application.trouble import GatewayTrouble
from domain.ids import MethodCode
from entrypoints import wsgi
from entrypoints.bootstrap import Kassa, build
from entrypoints.settings import Settings
from tests.fakes import FakeGateway


def _silence() -> None:
    raise GatewayTrouble("silence")


@pytest.fixture
def kassa(database: Path) -> Iterator[Kassa]:
    """Everything wired over a database of its own."""
    with closing(build(Settings(database_url=f"sqlite:///{database}"), "http://x.test")) as kassa:
        yield kassa


class TestReadiness:
    @pytest.fixture
    def draining(self) -> threading.Event:
        """Set once the end has begun."""
        return threading.Event()

    @pytest.fixture
    def client(self, kassa: Kassa, draining: threading.Event) -> falcon.testing.TestClient:
        """Asks the application without a socket."""
        return falcon.testing.TestClient(wsgi.web_app(kassa, Settings(), "http://x.test", draining))

    def test_says_ready(self, client: falcon.testing.TestClient) -> None:
        """With a database of the right shape."""
        answer = client.simulate_get("/readyz")

        assert answer.status_code == 200
        assert answer.json["checks"] == {"draining": False, "database": True, "gateways": {}}

    def test_stays_ready_while_a_gateway_is_down(
        self, client: falcon.testing.TestClient, kassa: Kassa
    ) -> None:
        """Its breaker is told of, here and in the numbers; everything else still works."""
        for _ in range(20):
            turn = kassa.application.guards.turn(FakeGateway(), MethodCode("card"), Lane.SERVING)
            with pytest.raises(GatewayTrouble), turn as mine:
                mine.use(_silence)

        answer, numbers = client.simulate_get("/readyz"), client.simulate_get("/metrics")

        assert (answer.status_code, answer.json["checks"]["gateways"]) == (200, {"card": "open"})
        assert 'kassa_gateway_breaker_state{method="card"} 1.0' in numbers.text

    def test_says_when_the_end_has_begun(
        self, client: falcon.testing.TestClient, draining: threading.Event
    ) -> None:
        """So that balancers look elsewhere."""
        draining.set()

        answer = client.simulate_get("/readyz")

        assert answer.status_code == 503
        assert answer.json["checks"]["draining"] is True

    def test_says_when_the_database_is_behind(
        self, client: falcon.testing.TestClient, database: Path
    ) -> None:
        """Somebody migrated it down while we served."""
        downgrade(f"sqlite:///{database}", "base")

        assert client.simulate_get("/readyz").status_code == 503

    def test_says_when_the_database_is_away(
        self, client: falcon.testing.TestClient, database: Path, kassa: Kassa
    ) -> None:
        """Whatever it answers then."""
        assert isinstance(kassa.engine, Engine)
        kassa.engine.dispose()
        for file in database.parent.glob("shop.db*"):
            file.unlink()
        database.mkdir()

        assert client.simulate_get("/readyz").status_code == 503
        assert client.simulate_get("/healthz").status_code == 200


class TestApp:
    @pytest.fixture(autouse=True)
    def made_anew(self) -> Iterator[None]:
        """The application is made once for a process."""
        wsgi.load.cache_clear()
        yield
        wsgi.load.cache_clear()

    def test_is_made_once_when_asked_for(self, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Servers look it up more than once."""
        made: list[Kassa] = []

        def building(settings: Settings, public_url: str) -> Kassa:
            made.append(build(settings, public_url))
            return made[-1]

        monkeypatch.setattr(wsgi, "build", building)

        app = wsgi.app

        assert wsgi.app is app
        assert falcon.testing.TestClient(app).simulate_get("/healthz").status_code == 200
        (kassa,) = made
        kassa.close()

    def test_is_all_that_is_made_so(self) -> None:
        """Another name is a mistake, as in any module."""
        with pytest.raises(AttributeError):
            wsgi.application  # type: ignore[attr-defined]
