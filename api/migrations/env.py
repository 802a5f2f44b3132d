"""Runs the migrations on the application's own database, in one transaction: its own, or one that is given."""

from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from api.database import db


def run() -> None:
    """Bring the schema to the wanted revision."""
    migrate = current_app.extensions["migrate"]
    if given := context.config.attributes.get("connection"):
        _configure(given, migrate.configure_args)
        context.run_migrations()
        return
    with db.engine.connect().execution_options(zonewright_write=True) as connection:
        _configure(connection, migrate.configure_args)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


def _configure(connection: Connection, options: dict[str, Any]) -> None:
    context.configure(connection=connection, target_metadata=db.metadata, **options)


run()
