"""Where a restored database goes: the one that is there makes room, and is kept aside.

Until the restored one is whole nothing has changed: on SQLite it grows beside the old one, on PostgreSQL it
is one transaction.
"""

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from flask import Flask
from sqlalchemy import Connection, make_url, text

from api.database import db, now
from api.errors import OperatorError
from api.settings import Settings
from nameserver.agent.files import sync_folder

_SUFFIXES = ("", "-wal", "-shm")
_HAS_ZONES = "{} has {} zones; with --replace it is kept aside as {}."


class SqlitePlace:
    """The file of the settings' URL. `aside` is where the old one goes; None when there is none."""

    def __init__(self, settings: Settings) -> None:
        self._path = Path(make_url(settings.url).database or "")
        self._partial = self._path.with_name(f"{self._path.name}.restoring")
        self.aside = f"{self._path}.{_stamp()}" if self._path.exists() else None
        self.settings = replace(settings, database_url=f"sqlite:///{self._partial}")

    def check(self, replacing: bool) -> None:
        """Raises OperatorError when the old database has zones and is not to be replaced, or is in use."""
        if not self.aside:
            return
        try:
            with closing(sqlite3.connect(self._path, timeout=0)) as database:
                zones = _zones(database)
                if zones and not replacing:
                    raise OperatorError(_HAS_ZONES.format(self._path, zones, self.aside))
                # Only who is alone can leave the WAL mode: then the file is the whole database.
                database.execute("PRAGMA journal_mode = DELETE").fetchone()
        except sqlite3.OperationalError as error:
            raise OperatorError(f"{self._path} is in use ({error}): stop zonewright first.") from error
        except sqlite3.DatabaseError as error:
            if not replacing:
                words = f"{self._path} cannot be read ({error}); with --replace it is kept aside as {self.aside}."
                raise OperatorError(words) from error

    @contextmanager
    def open(self, app: Flask) -> Iterator[Connection]:
        """An empty database; in its place when the block ends well."""
        self._clear()
        os.close(os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            with app.app_context():
                with db.engine.connect().execution_options(zonewright_write=True) as connection, connection.begin():
                    yield connection
                db.engine.dispose()
            with closing(sqlite3.connect(self._partial)) as database:
                database.execute("PRAGMA journal_mode = DELETE")
            self._swap()
        finally:
            self._clear()

    def _swap(self) -> None:
        if self.aside:
            for suffix in _SUFFIXES:
                old = Path(f"{self._path}{suffix}")
                if old.exists():
                    old.rename(f"{self.aside}{suffix}")
        self._partial.rename(self._path)
        sync_folder(self._path.parent)

    def _clear(self) -> None:
        for suffix in (*_SUFFIXES, "-journal"):
            Path(f"{self._partial}{suffix}").unlink(missing_ok=True)


class PostgresPlace:
    """The database of the settings' URL; old tables go to a schema of their own."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._schema = f"zonewright_{re.sub('[^0-9]', '', _stamp())}"
        self.aside: str | None = None

    def check(self, replacing: bool) -> None:
        """What is there is looked at in the transaction, by `open`."""
        self._replacing = replacing

    @contextmanager
    def open(self, app: Flask) -> Iterator[Connection]:
        """Room for the restored tables; committed when the block ends well."""
        with app.app_context():
            try:
                with db.engine.connect() as connection, connection.begin():
                    self._make_room(connection)
                    yield connection
            finally:
                db.engine.dispose()

    def _make_room(self, connection: Connection) -> None:
        found = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")).all()
        if not found:
            return
        zones = connection.scalar(text("SELECT count(*) FROM zones")) if "zones" in found else 0
        if zones and not self._replacing:
            raise OperatorError(_HAS_ZONES.format("The database", zones, f"the schema {self._schema}"))
        users = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        if others := connection.scalar(text(users)):
            raise OperatorError(f"The database is in use ({others} other connections): stop zonewright first.")
        connection.execute(text(f"CREATE SCHEMA {self._schema}"))
        for table in found:
            name = connection.dialect.identifier_preparer.quote(table)
            connection.execute(text(f"ALTER TABLE {name} SET SCHEMA {self._schema}"))
        self.aside = f"the schema {self._schema}"


def place_of(settings: Settings) -> SqlitePlace | PostgresPlace:
    """Where this installation's database goes."""
    return SqlitePlace(settings) if settings.sqlite else PostgresPlace(settings)


def _stamp() -> str:
    return now().strftime("%Y%m%dT%H%M%SZ")


def _zones(database: sqlite3.Connection) -> int:
    """The number of zones; 0 in a database without our tables."""
    if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'zones'").fetchone():
        return 0
    return int(database.execute("SELECT count(*) FROM zones").fetchone()[0])
