"""A database that cannot be used is told in a sentence, over HTTP and on the command line."""

import sqlite3

import pytest
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from api.unusable import sentence


@pytest.mark.parametrize(
    ("kind", "text", "says"),
    [
        (DatabaseError, "database disk image is malformed", "restore a backup"),
        (DatabaseError, "file is not a database", "restore a backup"),
        (OperationalError, "database or disk is full", "Make room"),
        (OperationalError, "could not connect", "not available"),
    ],
)
def test_said(kind: type[DatabaseError], text: str, says: str) -> None:
    found = sentence(kind("SELECT 1", {}, sqlite3.Error(text)))
    assert found is not None
    assert says in found


def test_pool_that_is_empty() -> None:
    assert sentence(PoolTimeout()) is not None


def test_what_is_no_trouble_of_the_databases() -> None:
    assert sentence(IntegrityError("INSERT", {}, sqlite3.Error("UNIQUE constraint failed"))) is None
    assert sentence(ValueError("database disk image is malformed")) is None
