"""The database: reached, of this version's schema, whole, and with connections to spare."""

import time

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from api import migrations
from api.database import db
from api.doctor.finding import Finding, Findings, fail, ok, warn
from api.settings import Settings

_NAME, _SCHEMA, _WHOLE = "database", "schema", "database integrity"
_SLOW = 0.1
_OLDEST_POSTGRESQL = 15
_MOST_CONNECTIONS = 0.8
_RESTORE = "Stop everything, keep the damaged file, and restore a backup."


def missing(settings: Settings) -> Finding | None:
    """A SQLite file that is not there must not be made by looking for it."""
    file = settings.data / "zonewright.db"
    if settings.database_url or file.is_file():
        return None
    return fail(_NAME, f"There is no {file}.", "Restore it; if there was none, `zonewright migrate` makes it.")


def check(app: Flask, settings: Settings) -> Findings:
    """Can it be asked, how quickly, and has it this version's tables?"""
    try:
        with app.app_context(), db.engine.connect() as connection:
            began = time.perf_counter()
            connection.execute(text("SELECT 1"))
            yield from _round_trip(time.perf_counter() - began, settings)
            yield from _sqlite(connection) if settings.sqlite else _postgresql(connection)
            yield _schema(connection)
    except SQLAlchemyError as error:
        yield fail(_NAME, _words(error), "Does it run, is database_url right, may this account use it?")


def check_integrity(app: Flask) -> Findings:
    """SQLite's own look at every page; takes a second for some 100 MiB."""
    try:
        with app.app_context(), db.engine.connect() as connection:
            answer = str(connection.execute(text("PRAGMA integrity_check(1)")).scalar())
            keys = len(connection.execute(text("PRAGMA foreign_key_check")).all())
    except SQLAlchemyError as error:
        yield fail(_WHOLE, _words(error), _RESTORE)
        return
    if answer != "ok":
        yield fail(_WHOLE, f"SQLite finds it damaged: {' '.join(answer.split())[:200]}", _RESTORE)
    elif keys:
        yield fail(_WHOLE, f"{keys} rows belong to something that is gone.", _RESTORE)
    else:
        yield ok(_WHOLE, "SQLite finds it whole.")


def _round_trip(seconds: float, settings: Settings) -> Findings:
    kind = "SQLite" if settings.sqlite else "PostgreSQL"
    sentence = f"{kind} answers after {1000 * seconds:.1f} ms."
    if seconds > _SLOW:
        yield warn(_NAME, sentence, "Each write takes several such rounds: bring it nearer, or look at its load.")
    else:
        yield ok(_NAME, sentence)


def _sqlite(connection: Connection) -> Findings:
    mode = connection.execute(text("PRAGMA journal_mode")).scalar()
    if mode != "wal":
        yield fail(
            _NAME, f"Its journal mode is {mode}, not wal.", "Is it on a network file system? Move the data folder."
        )


def _postgresql(connection: Connection) -> Findings:
    version = int(str(connection.execute(text("SHOW server_version_num")).scalar())) // 10000
    if version < _OLDEST_POSTGRESQL:
        yield warn(_NAME, f"This is PostgreSQL {version}; {_OLDEST_POSTGRESQL} is the oldest tried.", "Upgrade it.")
    encoding = connection.execute(text("SHOW server_encoding")).scalar()
    if encoding != "UTF8":
        yield fail(_NAME, f"Its encoding is {encoding}, not UTF8.", "Move it to a database made with --encoding=UTF8.")
    used = int(connection.execute(text("SELECT count(*) FROM pg_stat_activity")).scalar() or 0)
    most = int(str(connection.execute(text("SHOW max_connections")).scalar()))
    sentence = f"{used} of {most} connections are in use."
    if used > _MOST_CONNECTIONS * most:
        yield warn("connections", sentence, "Raise max_connections, or run fewer API processes (up to 40 each).")
    else:
        yield ok("connections", sentence)


def _schema(connection: Connection) -> Finding:
    script = ScriptDirectory(str(migrations.FOLDER))
    known = [each.revision for each in script.walk_revisions()]
    current = MigrationContext.configure(connection).get_current_revision()
    if current == script.get_current_head():
        return ok(_SCHEMA, f"The tables are those of this version ({current}).")
    if current is None or current in known:
        mend = "Make a backup, stop everything, run `zonewright migrate`, and start again."
        return fail(_SCHEMA, f"The tables are of an earlier version ({current or 'there are none'}).", mend)
    mend = "Install the version that wrote them, or restore a backup from before it."
    return fail(_SCHEMA, f"The tables are of a version that this one does not know ({current}).", mend)


def _words(error: SQLAlchemyError) -> str:
    """The driver's reason, without the statement."""
    reason = str(getattr(error, "orig", None) or error).strip().splitlines()
    return f"It cannot be asked: {(reason or [type(error).__name__])[0].rstrip('.')}."
