"""Every fault at every gateway that can have it, and the page that tells of it."""

from collections.abc import Iterator

import pytest

from tests.faults.matrix import FAULTS, GATEWAYS, excuse
from tests.faults.page import PAGE, read, written
from tests.faults.stands import Stands, stands
from tests.faults.trying import Cell, tried, troubles


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stands]:
    """The service, with every gateway behind it."""
    with stands(tmp_path_factory.mktemp("faults")) as everywhere:
        yield everywhere


class TestMatrix:
    @pytest.mark.timeout(600)
    def test_holds_in_every_cell(self, everywhere: Stands) -> None:
        """In time, once, and in order again afterwards."""
        rows = tried(everywhere)

        assert not troubles(rows), troubles(rows)
        everywhere.verify()


class TestPage:
    def test_is_about_the_faults_and_the_gateways_that_there_are(self) -> None:
        """What is new in either has to be tried and written down."""
        known = {(fault, name): excuse(fault, name) for fault in FAULTS for name in GATEWAYS}

        assert read(PAGE.read_text(encoding="utf-8")) == known

    def test_is_read_as_it_was_written(self) -> None:
        """Else nothing would follow from reading it."""
        rows = {fault: {name: Cell(f"seen {fault}") for name in GATEWAYS} for fault in FAULTS}
        text = written(rows)

        assert read(text) == {(fault, name): excuse(fault, name) for fault in FAULTS for name in GATEWAYS}
        assert text.count("seen create-forget") == len(GATEWAYS) - 1
