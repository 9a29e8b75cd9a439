"""Every test leaves the process's logs, warnings and signals as it found them."""

import logging
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from adapters.sql.migrate import upgrade
from entrypoints.ending import SIGNALS


@pytest.fixture(autouse=True)
def untouched_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Commands set up logs and signals for the whole process, and read its environment and folder."""
    monkeypatch.chdir(tmp_path)
    root, handlers = logging.getLogger(), {number: signal.getsignal(number) for number in SIGNALS}
    kept, level = root.handlers, root.level
    yield
    root.handlers, root.level = kept, level
    logging.captureWarnings(False)
    structlog.reset_defaults()
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A migrated database, which the environment names."""
    path = tmp_path / "shop.db"
    monkeypatch.setenv("KASSA_DATABASE_URL", f"sqlite:///{path}")
    upgrade(f"sqlite:///{path}")
    return path
