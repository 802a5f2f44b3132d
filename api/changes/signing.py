"""The key that signs cookies and forms: made at its first use."""

import secrets

from sqlalchemy.exc import IntegrityError

from api.database import db, writing
from api.models import SigningKey

_ONLY = 1


def key() -> str:
    """The installation's key; made when there is none yet."""
    found = db.session.get(SigningKey, _ONLY)
    return found.key if found else _made()


def _made() -> str:
    try:
        with writing() as session:
            session.add(SigningKey(id=_ONLY, key=secrets.token_urlsafe(32)))
    except IntegrityError:  # another process was quicker
        db.session.rollback()
    return db.session.get_one(SigningKey, _ONLY).key
