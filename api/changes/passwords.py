"""Passwords: set, made up, and compared. The hash is argon2id with the library's parameters (RFC 9106)."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from api.changes import sessions
from api.database import db, now, writing
from api.errors import Unavailable
from api.models import Account, Password
from nameserver.errors import InvalidInput

#: A password alone lets one in, so it has to be long (NIST SP 800-63B, 3.1.1.2); no rule on its characters.
SHORTEST, LONGEST = 12, 1000
_HASHER = PasswordHasher()
# Each takes 64 MiB and a core: as many as come would take all the memory there is.
_AT_ONCE = threading.BoundedSemaphore(2)
_LONGEST_WAIT = 10.0


def put(account: Account, text: str, but: str | None = None) -> None:
    """Set the account's password and sign out all its browsers `but` the session with this uuid.

    Raises InvalidInput.
    """
    require_good(account.email, text)
    with _turn():
        kept = _HASHER.hash(text)
    with writing() as session:
        session.merge(Password(account_id=account.id, hash=kept, changed_at=now()))
        sessions.revoke_all(account.id, but)


def make_up() -> str:
    """A new random password with 144 bits."""
    return secrets.token_urlsafe(18)


def matches(account_id: int | None, text: str) -> bool:
    """Is this the account's password? For nobody (None) it is not, and takes as long. Raises Unavailable."""
    kept = db.session.get(Password, account_id) if account_id is not None else None
    known = kept.hash if kept else _nobodys()
    db.session.rollback()  # nothing is held while it is computed
    with _turn():
        try:
            _HASHER.verify(known, text[: LONGEST + 1])
        except VerifyMismatchError:
            return False
    return kept is not None


def require_good(email: str, text: str) -> None:
    """Raises InvalidInput when a password is too short, too long or the e-mail address."""
    if not SHORTEST <= len(text) <= LONGEST:
        raise InvalidInput("password", f"A password must have {SHORTEST} to {LONGEST} characters.")
    if text.strip().lower() == email:
        raise InvalidInput("password", "The e-mail address is no password.")


@cache
def _nobodys() -> str:
    return _HASHER.hash(make_up())


@contextmanager
def _turn() -> Iterator[None]:
    if not _AT_ONCE.acquire(timeout=_LONGEST_WAIT):
        raise Unavailable("Too many people are signing in at the moment; try again.")
    try:
        yield
    finally:
        _AT_ONCE.release()
