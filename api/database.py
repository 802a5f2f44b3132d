"""The database: one engine, short reads, and writes that are all or nothing.

On SQLite, writers queue on a lock of our own (a thread lock and `flock` on DATA/write.lock) held from
BEGIN IMMEDIATE to COMMIT: SQLite's own busy handler sleeps, which costs ten times the latency. Reads take
no lock (WAL).
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Engine, MetaData, event, text
from sqlalchemy.engine import Connection
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from api import doorbell
from api.settings import Settings

#: PostgreSQL ends a transaction whose process has said nothing for so long: it may be frozen, holding locks.
IDLE_SECONDS = 30.0
_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of all models; constraints are named, so that migrations can find them."""

    metadata = MetaData(naming_convention=_NAMING)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC: aware in Python, without a zone in the database (SQLite has none)."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        return value and value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        return value and value.replace(tzinfo=UTC)


db = SQLAlchemy(model_class=Base, disable_autonaming=True, session_options={"expire_on_commit": False})


def now() -> datetime:
    """This moment in UTC."""
    return datetime.now(UTC)


def connect(app: Flask, settings: Settings) -> None:
    """Bind the database to the app."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": 20, "max_overflow": 20, "pool_timeout": 10}
    app.extensions["zonewright_lock"] = WriteLock(settings.data / "write.lock") if settings.sqlite else None
    db.init_app(app)
    with app.app_context():
        if settings.sqlite:
            _prepare_sqlite(db.engine)
        else:
            _prepare_postgresql(db.engine)


class WriteLock:
    """One writer at a time, over all threads and processes of one SQLite database.

    The kernel lets go of a `flock` when its holder dies, so a kill leaves nothing locked.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = threading.Lock()
        self._file: int | None = None
        self._pid = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock; waits as long as it takes."""
        with self._thread:
            file = self._descriptor()
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)

    def _descriptor(self) -> int:
        # A descriptor inherited over fork() would share its lock with the parent.
        if self._file is None or self._pid != os.getpid():
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._pid = os.getpid()
        return self._file


@contextmanager
def writing(dry_run: bool = False) -> Iterator[Session]:
    """One write transaction: committed whole at the end, or nothing of it; a dry run ends in nothing too.

    Within another one it is a part of that.
    """
    lock: WriteLock | None = current_app.extensions["zonewright_lock"]
    session = db.session()
    if session.info.get("writing"):
        yield session
        return
    session.rollback()  # an earlier read's snapshot must not be what this write decides on
    with lock.held() if lock else nullcontext():
        try:
            session.connection(execution_options={"zonewright_write": True})
            session.info["writing"] = True
            yield session
            session.flush()
            if dry_run:
                session.expunge_all()  # what was made stays readable for the answer
                session.rollback()
            session.commit()
        except BaseException:
            session.rollback()
            raise
        finally:
            session.info["writing"] = False


@contextmanager
def changing(dry_run: bool = False) -> Iterator[Session]:
    """A write transaction that changes what the nameservers should serve: the control plane is woken after it."""
    with writing(dry_run) as session:
        yield session
    if not dry_run:
        doorbell.ring(current_app.config["SETTINGS"], db.engine)


@contextmanager
def snapshot() -> Iterator[Session]:
    """Reads that all see the same moment."""
    session = db.session()
    session.rollback()
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"} if not _is_sqlite(session) else {})
    try:
        yield session
    finally:
        session.rollback()


def answers() -> bool:
    """Can the database be asked?"""
    return bool(db.session.execute(text("SELECT 1")).scalar())


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _prepare_postgresql(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.execute(f"SET idle_in_transaction_session_timeout = {1000 * IDLE_SECONDS:.0f}")
        connection.commit()


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves; the driver's own would come too late
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=20000"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        write = connection.get_execution_options().get("zonewright_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
