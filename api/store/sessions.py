"""Reading sessions of browsers; those that are over are none."""

from sqlalchemy import ColumnElement, select

from api.database import db, now
from api.models import BrowserSession
from api.models.sessions import IDLE, LIFETIME
from api.models.tokens import hashed


def session_with(secret: str) -> BrowserSession | None:
    """The session with this secret, while it lasts."""
    return db.session.scalar(select(BrowserSession).where(BrowserSession.hash == hashed(secret), _lasting()))


def sessions_of(account_id: int) -> list[BrowserSession]:
    """The account's sessions, the one used last first."""
    mine = select(BrowserSession).where(BrowserSession.account_id == account_id, _lasting())
    return list(db.session.scalars(mine.order_by(BrowserSession.seen_at.desc())))


def _lasting() -> ColumnElement[bool]:
    moment = now()
    return (BrowserSession.created_at > moment - LIFETIME) & (BrowserSession.seen_at > moment - IDLE)
