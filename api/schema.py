"""Whether the database has the schema this version needs, and bringing it there."""

from contextlib import nullcontext

import flask_migrate
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask

from api import migrations
from api.database import db
from api.errors import OperatorError


def upgrade(app: Flask) -> None:
    """Bring the database to this version's schema; on an up-to-date one nothing is done."""
    flask_migrate.Migrate(app, db, directory=str(migrations.FOLDER))
    lock = app.extensions["zonewright_lock"]
    with app.app_context(), lock.held() if lock else nullcontext():
        flask_migrate.upgrade()


def require_current(app: Flask) -> None:
    """Raises OperatorError when the database's schema is not the one this version needs."""
    newest = ScriptDirectory(str(migrations.FOLDER)).get_current_head()
    with app.app_context(), db.engine.connect() as connection:
        if MigrationContext.configure(connection).get_current_revision() != newest:
            raise OperatorError(
                "The database has another schema than this version needs: `zonewright migrate` brings it there."
            )
