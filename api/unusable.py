"""A database that cannot be used, as a sentence: away, damaged or without room."""

from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_DAMAGED = ("malformed", "not a database")
_FULL = ("disk is full", "No space left")


def sentence(error: Exception) -> str | None:
    """What is wrong with the database, and how to mend it; None when the error is of another kind."""
    text = str(error)
    if isinstance(error, DatabaseError) and any(word in text for word in _DAMAGED):
        return "The database is damaged: stop everything, keep its files, and restore a backup (`zonewright restore`)."
    if isinstance(error, DatabaseError) and any(word in text for word in _FULL):
        return "The database's disk is full; nothing was changed. Make room there and try again."
    if isinstance(error, OperationalError | PoolTimeout):
        return "The database is not available at the moment; nothing was changed. Try again."
    return None
