"""Bringing a database to the newest shape, and telling whether it has it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine

from adapters.sql.engine import open_for_migrations, readonly
from adapters.sql.postgresql import wait_for_turn
from adapters.sql.trouble import translated


def upgrade(url: str, revision: str = "head", *, behind_pgbouncer: bool = False) -> None:
    """Migrate up; of two at once one waits.

    Raises: StoreUnavailable, RuntimeError for broken references, or a shape that we do not know.
    """
    with _migrating(url, behind_pgbouncer) as config:
        command.upgrade(config, revision)


def downgrade(url: str, revision: str) -> None:
    """Migrate down. Raises: StoreUnavailable, RuntimeError for broken references."""
    with _migrating(url, behind_pgbouncer=False) as config:
        command.downgrade(config, revision)


@contextmanager
def _migrating(url: str, behind_pgbouncer: bool) -> Iterator[Config]:
    with translated():
        engine = open_for_migrations(url, behind_pgbouncer=behind_pgbouncer)
        try:
            with engine.begin() as connection:
                if engine.dialect.name == "postgresql":
                    wait_for_turn(connection)
                yield _config(connection)
                _ensure_whole(connection)
        except CommandError as error:
            raise RuntimeError(str(error)) from error
        finally:
            engine.dispose()


def is_current(engine: Engine) -> bool:
    """Whether the database has the newest shape. Raises: StoreUnavailable."""
    with translated(), readonly(engine).connect() as connection:
        found = MigrationContext.configure(connection).get_current_heads()
    return set(found) == _newest()


@cache
def _newest() -> set[str]:
    return set(ScriptDirectory.from_config(_config(None)).get_heads())


def _config(connection: Connection | None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "adapters:sql/migrations")
    config.set_main_option("path_separator", "os")
    return config


def _ensure_whole(connection: Connection) -> None:
    # Foreign keys are off while tables are rebuilt, so they are looked at afterwards.
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise RuntimeError(f"{len(broken)} rows refer to rows that are not there")
