"""Whether the database has the schema this version needs, and bringing it there."""

from contextlib import nullcontext

import flask_migrate
from alembic import command
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import Flask, current_app
from sqlalchemy import Connection

from api import migrations
from api.database import db
from api.errors import OperatorError


def upgrade(app: Flask) -> None:
    """Bring the database to this version's schema; on an up-to-date one nothing is done."""
    flask_migrate.Migrate(app, db, directory=str(migrations.FOLDER))
    lock = app.extensions["zonewright_lock"]
    with app.app_context(), lock.held() if lock else nullcontext():
        flask_migrate.upgrade()


def upgrade_to(connection: Connection, revision: str) -> None:
    """Bring an empty or older database to this revision, or `head`, in the connection's own transaction.

    Raises OperatorError when this version does not know the revision.
    """
    config = flask_migrate.Migrate(current_app, db, directory=str(migrations.FOLDER)).get_config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise OperatorError(f"The database's schema {revision} is of a newer version than this one.") from error


def revision_of(connection: Connection) -> str | None:
    """The revision of the database's schema; None when it has none."""
    return MigrationContext.configure(connection).get_current_revision()


def require_current(app: Flask) -> None:
    """Raises OperatorError when the database's schema is not the one this version needs."""
    newest = ScriptDirectory(str(migrations.FOLDER)).get_current_head()
    with app.app_context(), db.engine.connect() as connection:
        if revision_of(connection) != newest:
            raise OperatorError(
                "The database has another schema than this version needs: `zonewright migrate` brings it there."
            )
