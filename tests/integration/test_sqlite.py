"""SQLite as it is opened: what was committed is on the disk, and there is one writer at a time."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from api.database import db, writing
from api.models import Account
from api.settings import Settings
from tests.installation import Installation, SqliteFiles


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[Installation]:
    """An installation on SQLite, within its application."""
    databases = SqliteFiles(tmp_path)
    made = Installation(Settings(data=tmp_path), databases.secrets)
    with made.app.app_context():
        yield made
    made.close()


def test_what_was_committed_is_on_the_disk(installed: Installation) -> None:
    """SQLite's own words: with WAL, only FULL makes each commit survive a loss of power (sqlite.org/pragma.html)."""
    found = {name: db.session.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous")}
    assert found == {"journal_mode": "wal", "synchronous": 2}


def test_rows_do_not_outlive_what_they_belong_to(installed: Installation) -> None:
    assert db.session.scalar(text("PRAGMA foreign_keys")) == 1


def test_nobody_writes_between_a_writers_look_and_its_write(installed: Installation) -> None:
    """Not even who does not know our lock: the writer would have to begin anew, or would overwrite."""
    path = installed.settings.data / "zonewright.db"
    with closing(sqlite3.connect(path, timeout=0)) as other, writing() as session:
        before = session.scalar(select(func.count()).select_from(Account))
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("UPDATE accounts SET email = email")
        session.execute(update(Account).values(email=Account.email))
        assert before


def test_one_process_writes_at_a_time(installed: Installation) -> None:
    """The lock is a file's: the kernel lets go of it with the process that holds it."""
    with (installed.settings.data / "write.lock").open("w") as other:
        with writing(), pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
