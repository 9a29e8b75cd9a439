"""Runs the migrations on the connection that is handed in, within its transaction."""

from alembic import context

import adapters.sql.ledgers  # noqa: F401 -- only with its tables is the metadata complete
from adapters.sql.tables import belongs, metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    include_object=belongs(connection.dialect.name),
)
with context.begin_transaction():
    context.run_migrations()
