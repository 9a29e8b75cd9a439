"""Bringing a database to the newest shape, and telling whether it has it."""

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine

from adapters.sql.engine import open_for_migrations, readonly
from adapters.sql.trouble import translated


def upgrade(url: str, revision: str = "head") -> None:
    """Migrate up; of two at once one waits.

    Raises: StoreUnavailable, RuntimeError for broken references, or a shape that we do not know.
    """
    with translated():
        engine = open_for_migrations(url)
        try:
            with engine.begin() as connection:
                command.upgrade(_config(connection), revision)
                _ensure_whole(connection)
        except CommandError as error:
            raise RuntimeError(str(error)) from error
        finally:
            engine.dispose()


def downgrade(url: str, revision: str) -> None:
    """Migrate down. Raises: StoreUnavailable, RuntimeError for broken references."""
    with translated():
        engine = open_for_migrations(url)
        try:
            with engine.begin() as connection:
                command.downgrade(_config(connection), revision)
                _ensure_whole(connection)
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
